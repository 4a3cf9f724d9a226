"""A step is read off its function, and what a command could not carry is refused at import."""

import subprocess
import sys
from contextlib import suppress
from typing import Annotated, Literal, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.errors import DeclarationError, UsageError
from sarcoma_core.interface import Input, Output, OutputDir, Param, ParamKind, Resources, Step, describe
from sarcoma_core.provenance import Outcomes
from sarcoma_core.steps import STEPS

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
) -> Outputs:
    """Smooth volumes.

    More is said here.
    """
    raise NotImplementedError


def read(function: object) -> Step:
    return describe(function, image="core", title="T", methods="M.", resources=Resources(1, 2, 1))  # type: ignore[arg-type]


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
    ]
    assert step.defaults == {"width": 2.0, "rounds": 1, "edges": True, "kernel": "gauss"}


def test_help_tells_range_unit_and_default() -> None:
    width, _, edges, kernel = read(smooth).params
    assert width.help == "width (0.5 to 8 mm; default 2.0)"
    assert edges.help == "keep edges (true or false; default true)"
    assert kernel.help == "kernel (gauss, box; default gauss)"


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
    with pytest.raises(UsageError, match=r"no parameter 'with'; it has: edges, kernel, rounds, width"):
        read(smooth).check({"with": 1})


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
