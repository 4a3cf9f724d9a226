"""The committed command JSON, judged by what did not generate it."""

import json
from pathlib import Path

import pytest

from sarcoma_core import generate
from sarcoma_core.archive.store import Archive, Scan, Session
from sarcoma_core.cli.main import parser
from sarcoma_core.errors import UsageError
from sarcoma_core.interface import Level, ParamKind, Step
from sarcoma_core.steps import STEPS
from sarcoma_core.steps.target import read_target
from sarcoma_core.xnat.command.choosing import choice_values, correcting_name
from sarcoma_core.xnat.command.declaring import OBJECT, wrapper_name
from sarcoma_core.xnat.command.model import Command
from sarcoma_core.xnat.lint.linting import lint
from sarcoma_core.xnat.resolution.objects import project_object, scan_object, session_object
from sarcoma_core.xnat.resolution.resolving import ResolvedCommand, resolve
from sarcoma_core.xnat.validation.rules import validate

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"

each_step = pytest.mark.parametrize("step", STEPS, ids=[s.name for s in STEPS])
LAUNCHES = [(step, level) for step in STEPS for level in step.levels]
each_wrapper = pytest.mark.parametrize(
    ("step", "level"), LAUNCHES, ids=[f"{s.name}-{v}" for s, v in LAUNCHES]
)
URIS = {
    "project": "/archive/projects/P",
    "session": "/archive/experiments/SARCOMA_E1",
    "scan": "/archive/experiments/SARCOMA_E1/scans/1",
}


def committed(step: Step) -> str:
    return (ROOT / "xnat_commands" / f"{step.name}.json").read_text()


@pytest.fixture
def session(tmp_path: Path) -> Session:
    archive = Archive(tmp_path)
    scans = (Scan("1", "1.2", 1, "MR", "AX T1", 3),)
    path = archive.session_path("P", "S_MR")
    session = Session("P", "S_MR", "SARCOMA_E1", "S", "1.1", "", "20200101", scans, path)
    for resource in ("NIFTI", "N4", "NORMALISED"):
        session.resource(resource).mkdir(parents=True)
    (path / "SCANS" / "1" / "DICOM").mkdir(parents=True)
    archive.write(session)
    for asset in ("MODEL_SEG_A", "CLINICAL", "COHORT", "PROG_TRAINING"):
        (archive.resources_path("P") / asset).mkdir(parents=True)
    return session


def resolved(step: Step, level: Level, session: Session) -> ResolvedCommand:
    """The committed command, launched on the session, on its scan, or on its project."""
    if any(asset.spec.label == "MODEL_PROG_*" for asset in step.assets):  # a second model for no other step
        (session.path.parents[1] / "resources" / "MODEL_PROG_A").mkdir(exist_ok=True)
    command = Command.from_json(json.loads(committed(step)))
    items = {
        "project": lambda: project_object(Archive(session.path.parents[2]), "P"),
        "session": lambda: session_object(session),
        "scan": lambda: scan_object(session, "1"),
    }
    return resolve(command, wrapper_name(step, level), items[level](), {})


def test_nothing_has_drifted_from_the_steps() -> None:
    assert generate.drift(ROOT) == ()


def test_drift_finds_a_changed_a_missing_and_a_stale_file(tmp_path: Path) -> None:
    generate.write(tmp_path)
    (tmp_path / "xnat_commands" / "convert.json").write_text("{}")
    (tmp_path / "docs" / "steps" / "report.md").unlink()
    (tmp_path / "xnat_commands" / "old-step.json").write_text("{}")
    assert generate.drift(tmp_path) == (
        "docs/steps/report.md",
        "xnat_commands/convert.json",
        "xnat_commands/old-step.json",
    )
    generate.write(tmp_path)
    assert generate.drift(tmp_path) == ()


@each_step
def test_the_container_service_accepts_it_and_the_linter_finds_nothing(step: Step) -> None:
    verdict = validate(committed(step))
    assert (verdict.kind, verdict.messages) == ("ACCEPT", ())
    assert lint(committed(step)) == ()


@pytest.mark.parametrize("name", [p.stem for p in GOLDEN.glob("*.json")])
def test_it_equals_the_one_written_by_hand(name: str) -> None:
    assert json.loads((ROOT / "xnat_commands" / f"{name}.json").read_text()) == json.loads(
        (GOLDEN / f"{name}.json").read_text()
    )


@each_wrapper
def test_what_the_service_would_run_is_a_command_line_of_ours_with_the_declared_defaults(
    step: Step, level: Level, session: Session
) -> None:
    arguments = parser().parse_args(["step", step.name, *resolved(step, level, session).arguments])
    assert (str(arguments.source), str(arguments.out)) == ("/input", "/output")
    assert {str(vars(arguments)[f"asset {a.name}"]) for a in step.assets} == {
        f"/assets/{asset.name}" for asset in step.assets
    }
    if step.levels != ("session",):
        assert arguments.object == URIS[level]
        assert read_target(step, arguments.object).level == level
    given = {p: getattr(arguments, p.name) for p in step.params}
    assert {p.name: p.parse(v) if isinstance(v, str) else v for p, v in given.items()} == dict(step.defaults)


@each_wrapper
def test_every_output_lands_in_a_resource_of_what_was_launched_on(
    step: Step, level: Level, session: Session
) -> None:
    outputs = resolved(step, level, session).outputs
    assert [(o.label, o.parent_uri) for o in outputs] == [(label, URIS[level]) for label in step.labels]


@each_wrapper
def test_the_whole_session_or_project_is_mounted_and_each_asset_beside_it(
    step: Step, level: Level, session: Session
) -> None:
    mounts = {m.path: (m.writable, m.source) for m in resolved(step, level, session).mounts}
    own = session.path.parent if level == "project" else session.path
    assert (mounts.pop("/input"), mounts.pop("/output")) == ((False, own), (True, None))
    resources = session.path.parents[1] / "resources"
    there = dict.fromkeys(("MODEL_*", "MODEL_SEG_*"), resources / "MODEL_SEG_A")
    there |= {one: resources / one for one in ("CLINICAL", "COHORT", "PROG_TRAINING")}
    there |= {"MODEL_PROG_*": resources / "MODEL_PROG_A"}
    expected = {a.name: there.get(a.spec.label) for a in step.assets}
    # An optional asset that is not there: an empty build folder is mounted in its place.
    assert mounts == {f"/assets/{n}": (source is None, source) for n, source in expected.items()}


@each_step
def test_the_launch_dialog_shows_selects_booleans_and_numbers_with_their_range(step: Step) -> None:
    types = {
        ParamKind.CHOICE: "select-one",
        ParamKind.CHOICES: "select-many",
        ParamKind.BOOLEAN: "boolean",
        ParamKind.NUMBER: "number",
    }
    command = Command.from_json(json.loads(committed(step)))
    not_asked = {OBJECT, *(one.name for one in (*step.choices, *step.object_labels))}
    asked = [shown for shown in command.inputs if shown.name not in not_asked]
    for shown, param in zip(asked, step.params, strict=True):
        assert shown.type == types.get(param.kind, shown.type)
        assert param.range in (shown.label or "")
        assert shown.description
    assert command.reserve_memory
    assert command.limit_memory
    assert command.limit_cpu


@pytest.mark.parametrize("step", [s for s in STEPS if s.choices], ids=lambda step: step.name)
def test_a_step_with_choices_has_one_more_wrapper_by_which_a_scan_reaches_its_command_line(
    step: Step, session: Session
) -> None:
    command = Command.from_json(json.loads(committed(step)))
    assert [wrapper.name for wrapper in command.xnat] == [
        *(wrapper_name(step, level) for level in step.levels),
        correcting_name(step),
    ]
    for choice in step.choices:
        values = choice_values(step, {choice.name: "1"})
        words = resolve(command, correcting_name(step), session_object(session), values).arguments
        arguments = vars(parser().parse_args(["step", step.name, *words]))
        chosen = {other.name: arguments[f"choice {other.name}"] for other in step.choices}
        assert chosen == {other.name: "1" if other is choice else "" for other in step.choices}


def test_a_select_offers_every_whole_number_of_a_short_range_and_none_that_the_step_refuses() -> None:
    step = next(s for s in STEPS if s.name == "bias-field")
    shrink = Command.from_json(json.loads(committed(step))).inputs[0]
    assert shrink.type == "select-one"
    for value in shrink.select_values:
        step.params[0].check(step.params[0].parse(value))
    for refused in (int(shrink.select_values[0]) - 1, int(shrink.select_values[-1]) + 1):
        with pytest.raises(UsageError):
            step.params[0].check(refused)
    assert len(shrink.select_values) == 8
