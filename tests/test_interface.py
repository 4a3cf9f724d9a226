"""A step is read off its function, and what a command could not carry is refused at import."""

import inspect
import subprocess
import sys
from contextlib import nullcontext, suppress
from typing import Annotated, Any, Literal, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.project import ProjectFolder
from sarcoma_core.cli.main import main
from sarcoma_core.errors import DeclarationError, UsageError
from sarcoma_core.interface import (
    Asset,
    Base,
    Input,
    ObjectLabel,
    Output,
    OutputDir,
    Param,
    ParamKind,
    ParamSpec,
    Resources,
    ScanChoice,
    Sends,
    Service,
    Step,
    describe,
)
from sarcoma_core.provenance import Outcomes
from sarcoma_core.services import SERVICES
from sarcoma_core.steps import STEPS
from sarcoma_core.xnat.fields.platform import SessionFields
from sarcoma_core.xnat.roi.platform import Platform

Session = Annotated[SessionFolder, Input(level="session", resource=("NIFTI",))]


class Outputs(NamedTuple):
    volumes: Annotated[Outcomes, Output(resource="VOLUMES", format="NIFTI", help="volumes")]


def smooth(
    session: Session,
    out: OutputDir,
    *,
    width: Annotated[float, Param(ge=0.5, le=8, unit="mm", help="width")] = 2.0,
    rounds: Annotated[int, Param(ge=1, le=5, help="rounds")] = 1,
    edges: Annotated[bool, Param(help="keep edges")] = True,
    kernel: Annotated[Literal["gauss", "box"], Param(help="kernel")] = "gauss",
    planes: Annotated[tuple[Literal["ax", "cor", "sag"], ...], Param(help="planes")] = ("ax", "cor"),
) -> Outputs:
    """Smooth volumes.

    More is said here.
    """
    raise NotImplementedError


def read(function: object, image: Base = "core") -> Step:
    return describe(function, image=image, title="T", methods="M.", resources=Resources(1, 2, 1))  # type: ignore[arg-type]


def test_a_step_is_read_off_its_function() -> None:
    step = read(smooth)
    assert step.name == "smooth"
    assert step.summary == "Smooth volumes."
    assert step.description == "More is said here."
    assert step.input.spec.resource == ("NIFTI",)
    assert [o.spec.resource for o in step.outputs] == ["VOLUMES"]
    assert [p.kind for p in step.params] == [
        ParamKind.NUMBER,
        ParamKind.INTEGER,
        ParamKind.BOOLEAN,
        ParamKind.CHOICE,
        ParamKind.CHOICES,
    ]
    assert step.defaults == {
        "width": 2.0,
        "rounds": 1,
        "edges": True,
        "kernel": "gauss",
        "planes": "ax,cor",
    }


def test_help_tells_range_unit_and_default() -> None:
    width, _, edges, kernel, planes = read(smooth).params
    assert width.help == "width (0.5 to 8 mm; default 2.0)"
    assert edges.help == "keep edges (true or false; default true)"
    assert kernel.help == "kernel (gauss, box; default gauss)"
    assert planes.help == "planes (one or more of ax, cor, sag; default ax,cor)"


def no_docstring(session: Session, out: OutputDir) -> Outputs: ...
def no_input(out: OutputDir) -> Outputs:
    """S."""
    raise NotImplementedError


def no_out(session: Session) -> Outputs:
    """S."""
    raise NotImplementedError


def undeclared(session: Session, out: OutputDir, *, width: float = 2.0) -> Outputs:
    """S."""
    raise NotImplementedError


def unbounded(session: Session, out: OutputDir, *, n: Annotated[int, Param(help="n", ge=1)] = 2) -> Outputs:
    """S."""
    raise NotImplementedError


def free_text(session: Session, out: OutputDir, *, name: Annotated[str, Param(help="n")] = "x") -> Outputs:
    """S."""
    raise NotImplementedError


def positional(
    session: Session, out: OutputDir, n: Annotated[int, Param(help="n", ge=1, le=2)] = 1
) -> Outputs:
    """S."""
    raise NotImplementedError


def no_default(
    session: Session, out: OutputDir, *, n: Annotated[int, Param(help="n", ge=1, le=2)]
) -> Outputs:
    """S."""
    raise NotImplementedError


def bad_default(
    session: Session, out: OutputDir, *, n: Annotated[int, Param(help="n", ge=1, le=2)] = 3
) -> Outputs:
    """S."""
    raise NotImplementedError


def shell_choice(
    session: Session, out: OutputDir, *, mode: Annotated[Literal["a", "b; rm"], Param(help="m")] = "a"
) -> Outputs:
    """S."""
    raise NotImplementedError


def shell_choices(
    session: Session,
    out: OutputDir,
    *,
    mode: Annotated[tuple[Literal["a", "b,c"], ...], Param(help="m")] = ("a",),
) -> Outputs:
    """S."""
    raise NotImplementedError


def no_outputs(session: Session, out: OutputDir) -> int:
    """S."""
    raise NotImplementedError


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (no_docstring, "docstring"),
        (no_input, "exactly one Input"),
        (no_out, "OutputDir"),
        (undeclared, "'width' is undeclared"),
        (unbounded, "both bounds"),
        (free_text, "free text"),
        (positional, "keyword-only"),
        (no_default, "have a default"),
        (bad_default, "breaks its own rule"),
        (shell_choice, "plain words"),
        (shell_choices, "plain words"),
        (no_outputs, "NamedTuple"),
    ],
)
def test_what_no_command_can_carry_is_refused_at_import(function: object, words: str) -> None:
    with pytest.raises(DeclarationError, match=words):
        read(function)


@given(st.text())
def test_any_text_is_either_a_value_within_the_rule_or_a_usage_error(text: str) -> None:
    for param in read(smooth).params:
        with suppress(UsageError):
            value = param.parse(text)
            assert param.check(value) == value


# Several choices.

SEVERAL = tuple[Literal["ax", "cor", "sag"], ...]


def of_several(hint: Any = SEVERAL, default: Any = ("ax",)) -> ParamSpec:
    """The parameter of a step with one of several choices."""

    def work() -> Outputs:
        """S."""
        raise NotImplementedError

    hints = {"session": Session, "out": OutputDir, "planes": Annotated[hint, Param(help="planes")]}
    work.__annotations__ = {**hints, "return": Outputs}
    arguments = [inspect.Parameter(argument, FREE) for argument in ("session", "out")]
    arguments.append(inspect.Parameter("planes", NAMED, default=default))
    work.__signature__ = inspect.Signature(arguments)  # type: ignore[attr-defined]
    return read(work).params[0]


@pytest.mark.parametrize(
    ("default", "words"),
    [
        ((), "breaks its own rule. --planes: must be one or more of ax, cor, sag; found ''"),
        (("ax", "trans"), "breaks its own rule"),
        (None, "breaks its own rule"),
        (["ax"], "breaks its own rule"),
        ("ax", r"must be a tuple in the order of its choices, each once: \('ax',\); found 'ax'"),
        (("cor", "ax"), "must be a tuple in the order of its choices"),
        (("ax", "ax"), "must be a tuple in the order of its choices"),
        (("ax,cor",), "must be a tuple in the order of its choices"),
    ],
)
def test_the_default_of_several_choices_is_one_or_more_of_them_in_their_order(
    default: Any, words: str
) -> None:
    with pytest.raises(DeclarationError, match=words):
        of_several(default=default)


@pytest.mark.parametrize(
    "hint",
    [
        tuple[str, ...],
        tuple[Literal["ax"]],
        tuple[Literal["ax"], Literal["cor"]],
        tuple[Literal["ax"], str],
        list[Literal["ax"]],
        tuple[()],
        tuple,
    ],
    ids=str,
)
def test_what_is_no_tuple_of_any_length_of_choices_is_refused(hint: Any) -> None:
    with pytest.raises(DeclarationError, match=r"Literal or a tuple\[Literal\[\.\.\.\], \.\.\.\]; free text"):
        of_several(hint)


@given(st.lists(st.sampled_from(("ax", "cor", "sag")), min_size=1), st.sampled_from(("", " ", "\t")))
def test_several_choices_are_the_same_in_whatever_order_and_however_often_they_are_typed(
    typed: list[str], blank: str
) -> None:
    planes = of_several()
    value = planes.parse(f"{blank},{blank}".join(typed))
    assert planes.argument(value) == tuple(word for word in planes.choices if word in typed)
    assert planes.parse(planes.text(value)) == planes.check(",".join(typed)) == value


@pytest.mark.parametrize(
    "text", ["", " ", ",", "ax,", ",ax", "ax,,cor", "ax cor", "ax;cor", "AX", "trans", "ax,trans", '["ax"]']
)
def test_no_choice_or_an_unknown_one_is_refused_with_the_way_to_write_several(text: str) -> None:
    with pytest.raises(UsageError, match="--planes: must be one or more of ax, cor, sag; found") as caught:
        of_several().parse(text)
    assert caught.value.hint == "Write several with commas between: ax,cor,sag"


@pytest.mark.parametrize("value", [True, 1, 1.0])
def test_several_choices_are_no_number(value: Any) -> None:
    with pytest.raises(UsageError, match="one or more of"):
        of_several().check(value)


def test_the_function_is_given_a_tuple_of_several_choices_and_every_other_value_as_it_is() -> None:
    step = read(smooth)
    checked = step.check({"planes": "sag,ax"})
    assert checked["planes"] == "ax,sag"
    assert step.arguments(checked) == {**step.defaults, "planes": ("ax", "sag")}


@given(st.floats(0.5, 8))
def test_what_is_written_to_a_command_line_is_read_back(width: float) -> None:
    param = read(smooth).params[0]
    assert param.parse(param.text(width)) == width


@pytest.mark.parametrize("text", ["0.49", "8.01", "nan", "inf", "", "two", "1e9"])
def test_a_number_outside_its_bounds_is_refused_with_rule_and_found_value(text: str) -> None:
    with pytest.raises(UsageError, match=r"--width: must be 0\.5 to 8 mm; found"):
        read(smooth).params[0].parse(text)


def test_an_integer_may_come_as_4_point_0_but_not_as_4_point_5() -> None:
    rounds = read(smooth).params[1]
    assert rounds.parse("4.0") == 4
    with pytest.raises(UsageError):
        rounds.parse("4.5")


def test_an_unknown_parameter_is_named_with_the_known_ones() -> None:
    with pytest.raises(
        UsageError, match=r"no parameter 'with'; it has: edges, kernel, planes, rounds, width"
    ):
        read(smooth).check({"with": 1})


# Levels and assets.


def declared(image: Base = "core", **arguments: object) -> Step:
    """A step with these arguments, by name, and what every step has."""

    def work() -> Outputs:
        """S."""
        raise NotImplementedError

    hints = {**arguments, "out": OutputDir}
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    work.__annotations__ = {**hints, "return": Outputs}
    work.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in hints])  # type: ignore[attr-defined]
    return read(work, image)


def on(level: Any, folder: object, also: Any = None) -> Any:
    return Annotated[folder, Input(level=level, also=also)]  # type: ignore[valid-type]


def asset(label: str, folder: object = AssetFolder, *, optional: bool = False) -> Any:
    return Annotated[folder, Asset(label=label, help="h", optional=optional)]  # type: ignore[valid-type]


@pytest.mark.parametrize(
    ("arguments", "levels"),
    [
        ({"project": on("project", ProjectFolder)}, ("project",)),
        ({"session": on("session", SessionFolder)}, ("session",)),
        ({"session": on("scan", SessionFolder)}, ("scan",)),
        ({"session": on("session", SessionFolder, "scan")}, ("session", "scan")),
    ],
)
def test_a_step_is_launched_on_the_levels_that_it_declares_the_usual_one_first(
    arguments: dict[str, object], levels: tuple[str, ...]
) -> None:
    assert declared(**arguments).levels == levels


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            {"subject": on("subject", SessionFolder)},
            "level must be one of project, session, scan; found 'subj",
        ),
        ({"session": on("", SessionFolder)}, "level must be one of"),
        (
            {"project": on("project", SessionFolder)},
            "of level project must be a ProjectFolder; found SessionFol",
        ),
        (
            {"session": on("session", ProjectFolder)},
            "of level session must be a SessionFolder; found ProjectFol",
        ),
        ({"session": on("session", SessionFolder | None)}, "of level session must be a SessionFolder; found"),
        (
            {"session": on("project", ProjectFolder)},
            "of level project must be called 'project'; found 'session'",
        ),
        (
            {"folder": on("session", SessionFolder)},
            "of level session must be called 'session'; found 'folder'",
        ),
        ({"scan": on("scan", SessionFolder)}, "of level scan must be called 'session'; found 'scan'"),
        ({"project": on("project", ProjectFolder, "scan")}, "only a step of level session can have 'also'"),
        ({"session": on("scan", SessionFolder, "scan")}, "only a step of level session can have 'also'"),
        (
            {"session": on("session", SessionFolder, "project")},
            "it must be scan; found 'project' beside session",
        ),
        ({"session": on("session", SessionFolder, "session")}, "it must be scan; found 'session'"),
        ({"session": on("session", SessionFolder, "")}, "it must be scan; found ''"),
        (
            {"session": on("session", SessionFolder), "project": on("project", ProjectFolder)},
            "exactly one Input",
        ),
    ],
)
def test_a_level_that_no_command_can_carry_is_refused(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(DeclarationError, match=words):
        declared(**arguments)


# Choices of scans.

CHOICE = Annotated[str, ScanChoice(help="T1 after contrast agent")]
NAMED, FREE = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD


def choosing(
    name: str = "t1ce",
    hint: Any = CHOICE,
    kind: Any = NAMED,
    default: Any = "",
    *,
    session: Any = Session,
    correcting: str = "Correct",
) -> Step:
    """A step with one choice."""

    def work() -> Outputs:
        """S."""
        raise NotImplementedError

    hints = {"session": session, "out": OutputDir, name: hint}
    work.__annotations__ = {**hints, "return": Outputs}
    arguments = [inspect.Parameter(argument, FREE) for argument in ("session", "out")]
    arguments.append(inspect.Parameter(name, kind, default=default))
    work.__signature__ = inspect.Signature(arguments)  # type: ignore[attr-defined]
    return describe(
        work,
        image="core",
        title="T",
        methods="M.",
        resources=Resources(1, 2, 1),
        correcting=correcting,
    )


def test_a_choice_of_a_scan_is_read_off_the_function_and_is_no_parameter() -> None:
    step = choosing("t1_ce")
    [choice] = step.choices
    assert (choice.name, choice.flag, choice.scan_input) == ("t1_ce", "--t1-ce", "t1_ce-scan")
    assert choice.spec.help == "T1 after contrast agent"
    assert step.params == ()
    assert step.correcting == "Correct"
    assert (read(smooth).choices, read(smooth).correcting) == ((), "")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"hint": Annotated[str | None, ScanChoice(help="h")]}, "must be a str, keyword-only"),
        ({"hint": Annotated[int, ScanChoice(help="h")]}, "must be a str, keyword-only"),
        ({"kind": FREE}, "must be a str, keyword-only"),
        ({"default": "5"}, 'with the default ""'),
        ({"default": inspect.Parameter.empty}, 'with the default ""'),
        ({"name": "scan"}, "must not be called"),
        ({"hint": Annotated[str, ScanChoice(help="")]}, "needs a help"),
        ({"session": on("session", SessionFolder, "scan")}, "on a step of level session only"),
        ({"session": on("scan", SessionFolder)}, "on a step of level session only"),
        ({"correcting": ""}, "correcting must be the title"),
    ],
)
def test_a_choice_that_no_command_can_carry_is_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(DeclarationError, match=words):
        choosing(**wrong)


def test_a_step_without_a_choice_has_nothing_to_correct() -> None:
    with pytest.raises(DeclarationError, match="correcting must be the title"):
        describe(
            smooth,
            image="core",
            title="T",
            methods="M.",
            resources=Resources(1, 2, 1),
            correcting="Correct",
        )


# Assets.


def test_assets_are_read_off_the_function_in_its_order() -> None:
    arguments = {
        "session": Session,
        "lesion_model": asset("MODEL_*"),
        "table": asset("CLINICAL_2", AssetFolder | None, optional=True),
    }
    first, second = declared(**arguments).assets
    assert (first.name, first.flag, first.spec.label, first.spec.optional) == (
        "lesion_model",
        "--lesion-model",
        "MODEL_*",
        False,
    )
    assert (second.name, second.spec.label, second.spec.optional) == ("table", "CLINICAL_2", True)
    assert read(smooth).assets == ()


@pytest.mark.parametrize("label", ["A", "A*", "A_*", "MODEL_2"])
def test_a_label_of_an_asset_is_upper_case(label: str) -> None:
    assert declared(session=Session, model=asset(label)).assets[0].spec.label == label


@pytest.mark.parametrize(
    "label", ["", "*", "model", "MODEL*_A", "MODEL_**", "*MODEL", "_A", "2A", "A B", "A/B", "Ä"]
)
def test_a_label_that_no_resource_of_a_project_should_have_is_refused(label: str) -> None:
    with pytest.raises(
        DeclarationError, match=r"asset 'model': label must be upper case, with \* at its end only"
    ):
        declared(session=Session, model=asset(label))


@pytest.mark.parametrize("name", ["project", "session", "scan", "input", "probe", "help"])
def test_an_asset_has_no_name_that_means_something_else_on_a_command_line(name: str) -> None:
    other = {"project": on("project", ProjectFolder)} if name == "session" else {"session": Session}
    with pytest.raises(DeclarationError, match=f"asset '{name}': must not be called"):
        declared(**other, **{name: asset("MODEL_*")})


@pytest.mark.parametrize("optional", [False, True])
@pytest.mark.parametrize(
    "folder", [AssetFolder, AssetFolder | None, SessionFolder, str, AssetFolder | str, SessionFolder | None]
)
def test_an_asset_is_a_folder_and_may_be_none_just_where_it_is_optional(
    folder: Any, *, optional: bool
) -> None:
    good = folder == (AssetFolder | None) if optional else folder is AssetFolder
    if good:
        assert declared(session=Session, model=asset("A", folder, optional=optional)).assets
        return
    words = "must be an AssetFolder . None; found" if optional else "must be an AssetFolder; found"
    with pytest.raises(DeclarationError, match=words):
        declared(session=Session, model=asset("A", folder, optional=optional))


# What a step sends.


def sends(base: object = Platform) -> Any:
    return Annotated[base, Sends(kind="roi-collection", to=nullcontext, help="the masks")]  # type: ignore[valid-type]


@pytest.mark.parametrize("image", ["edge", "torch", "train", "site"])
def test_what_a_step_sends_is_read_off_the_function_and_xnat_has_to_say_on_what_it_is_launched(
    image: Base,
) -> None:
    step = declared(image, session=Session, keeper=sends())
    assert step.sends is not None
    assert (step.sends.name, step.sends.spec.kind, step.sends.spec.help) == (
        "keeper",
        "roi-collection",
        "the masks",
    )
    assert step.is_told_its_object
    assert (step.params, step.assets) == ((), ())
    assert (read(smooth).sends, read(smooth).is_told_its_object) == (None, False)


@pytest.mark.parametrize("image", ["core"])
def test_a_step_on_a_base_without_a_client_of_xnat_sends_nothing(image: Base) -> None:
    with pytest.raises(
        DeclarationError, match=f"that sends must be on the base edge or torch; found {image}"
    ):
        declared(image, session=Session, platform=sends())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"platform": sends(str)}, "'platform' that Sends must be a Platform; found str"),
        ({"platform": sends(SessionFolder)}, "must be a Platform; found SessionFolder"),
        ({"platform": sends(Platform | None)}, "must be a Platform; found"),
        ({"probe": sends()}, "'probe' must not be called"),
        ({"platform": Platform}, "'platform' is undeclared"),
        ({"platform": sends(), "other": sends()}, "one Sends at most"),
        ({"session": on("scan", SessionFolder), "platform": sends()}, "a Sends must be on a step of level"),
        (
            {"session": on("session", SessionFolder, "scan"), "platform": sends()},
            "a Sends must be on a step of level session only",
        ),
    ],
)
def test_what_cannot_be_sent_is_refused(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(DeclarationError, match=words):
        declared("edge", **{"session": Session, **arguments})


def test_a_step_on_a_project_sends_nothing() -> None:
    with pytest.raises(DeclarationError, match="a Sends must be on a step of level session only"):
        declared("edge", project=on("project", ProjectFolder), platform=sends())


def sends_fields(base: object = SessionFields) -> Any:
    return Annotated[base, Sends(kind="fields", to=nullcontext, help="numbers")]  # type: ignore[valid-type]


def test_a_step_sends_fields_of_a_project_or_of_a_session_and_of_no_scan() -> None:
    project = on("project", ProjectFolder)
    step = declared("edge", project=project, fields=sends_fields())
    assert step.sends is not None
    assert (step.sends.name, step.sends.spec.kind) == ("fields", "fields")
    with pytest.raises(DeclarationError, match="that Sends must be a SessionFields; found Platform"):
        declared("edge", project=project, fields=sends_fields(Platform))
    assert declared("torch", session=Session, fields=sends_fields()).sends is not None
    with pytest.raises(DeclarationError, match="a Sends must be on a step of level project or session only"):
        declared("edge", session=on("scan", SessionFolder), fields=sends_fields())


# What XNAT calls an object.


SUBJECT_LABEL = Annotated[str, ObjectLabel(of="subject", help="whose row it is")]


def labelled(name: str = "subject_label", hint: Any = SUBJECT_LABEL, **wrong: Any) -> Step:
    """A step with one label."""
    return choosing(name, hint, correcting="", **wrong)


def test_a_label_is_read_off_the_function_and_is_no_parameter() -> None:
    step = labelled()
    [label] = step.object_labels
    assert (label.name, label.flag, label.spec.of) == ("subject_label", "--subject-label", "subject")
    assert (step.params, step.choices, read(smooth).object_labels) == ((), (), ())


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"hint": Annotated[str | None, ObjectLabel("subject", "h")]}, "must be a str, keyword-only"),
        ({"default": "S1"}, 'with the default ""'),
        ({"kind": FREE}, "must be a str, keyword-only"),
        ({"name": "session_label"}, "must be called session_label or subject_label, as what it is of"),
        ({"name": "whose"}, "must be called session_label or subject_label"),
        ({"hint": Annotated[str, ObjectLabel("scan", "h")]}, "must be called"),  # type: ignore[arg-type]
        (
            {"session": on("session", SessionFolder, "scan")},
            "a ObjectLabel must be on a step of level session",
        ),
        ({"session": on("scan", SessionFolder)}, "a ObjectLabel must be on a step of level session only"),
    ],
)
def test_a_label_that_no_command_can_give_is_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(DeclarationError, match=words):
        labelled(**wrong)


HEAVY = {
    "numpy",
    "pydicom",
    "nibabel",
    "SimpleITK",
    "xnat",
    "docker",
    "torch",
    "pydantic",
    "rich",
    "jinja2",
    "PIL",
}


@pytest.mark.parametrize("name", [step.name for step in STEPS])
def test_step_help_imports_no_science_and_no_client(name: str) -> None:
    code = (
        "import sys\nfrom sarcoma_core.cli import main\n"
        f"try:\n    main(['step', {name!r}, '--help'])\nexcept SystemExit: pass\n"
        "print('LOADED', *sorted({m.partition('.')[0] for m in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    text, _, loaded = done.stdout.rpartition("LOADED")
    assert f"sarcoma step {name}" in text
    assert set(loaded.split()) & HEAVY == set()


@pytest.mark.parametrize("name", ["admin", "a", "site-admin", "admin2"])
def test_a_service_has_a_name_that_an_image_can_have(name: str) -> None:
    service = Service(name=name, title="T", base="site", entrypoint=("sarcoma", "xnat"), help="Helps.")
    assert service.entrypoint == ("sarcoma", "xnat")


@pytest.mark.parametrize("name", ["", "Admin", "site admin", "site-", "-site", "2admin", "a/b", "a_b"])
def test_a_service_with_another_name_is_refused(name: str) -> None:
    with pytest.raises(DeclarationError, match="name must be lower-case words"):
        Service(name=name, title="T", base="site", entrypoint=("sarcoma",), help="Helps.")


@pytest.mark.parametrize("entrypoint", [(), ("python", "-m", "sarcoma_core"), ("sarcoma xnat",)])
def test_a_service_starts_our_own_command(entrypoint: tuple[str, ...]) -> None:
    with pytest.raises(DeclarationError, match="entrypoint must begin with 'sarcoma'"):
        Service(name="admin", title="T", base="site", entrypoint=entrypoint, help="Helps.")


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_services_entry_point_is_a_command(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*service.entrypoint[1:], "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("usage: sarcoma")
