"""A step is one typed function; everything else about it is read off that function.

    class Outputs(NamedTuple):
        corrected: Annotated[Outcomes, Output(resource="N4", format="NIFTI", help="bias-corrected volumes")]

    def bias_field(
        session: Annotated[SessionFolder, Input(level="session", resource=("NIFTI",))],
        out: OutputDir,
        *,
        shrink: Annotated[int, Param(ge=1, le=8, help="grid shrink factor while fitting")] = 4,
    ) -> Outputs:
        "Remove the slowly varying MR intensity bias."

    STEP = describe(bias_field, image="core", methods="...", cites=("tustison2010",), ...)

From `STEP` come the `sarcoma step` command line, the XNAT command JSON, the image label, the docs page and
the checks at the door. This module is standard library only: declaring a step imports no science.
"""

import inspect
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_args, get_origin, get_type_hints

from sarcoma_core.errors import DeclarationError, UsageError

Value = bool | int | float | str
Level = Literal["session"]
"""The XNAT object that a step is launched on. Each level is one row of `generate.LEVELS`."""


_FOLDERS: Mapping[str, str] = {"session": "SessionFolder"}
"""The class of `archive.folder` that a step of a level receives, by name: nothing is imported here."""


@dataclass(frozen=True)
class Input:
    """An XNAT object, given to the step as a folder.

    Args:
        level: which object the user launches on.
        resource: the resource labels that the step reads, in order of preference (the first one that holds a
            series wins); empty means the DICOM of the scans.
        help: one line for the command line and the docs.
    """

    level: Level
    resource: tuple[str, ...] = ()
    help: str = ""


@dataclass(frozen=True)
class Output:
    """A resource that the step fills: `<out>/<resource>/...` with one `run.json`.

    Args:
        resource: the label; labels are the interface between steps (docs/outputs.md).
        format: XNAT's format attribute, e.g. NIFTI or HTML.
        help: one line for the docs and the launch dialog.
        title: what a reader calls it, e.g. `Bias field`; the label where empty.
        caption: what its volumes are, e.g. `Bias-corrected`; empty where it holds none.
    """

    resource: str
    format: str
    help: str
    title: str = ""
    caption: str = ""


@dataclass(frozen=True)
class Param:
    """A parameter: a bounded number, a boolean, or a choice (`Literal`). There is no free text.

    Args:
        help: one line; the range is added to it everywhere, so do not repeat it.
        ge: smallest allowed value of a number.
        le: largest allowed value of a number.
        unit: unit of a number, shown with its range.
    """

    help: str
    ge: float | None = None
    le: float | None = None
    unit: str = ""


class _Marker(Enum):
    OUTPUT_DIR = "output folder"


OutputDir = Annotated[Path, _Marker.OUTPUT_DIR]
"""The folder that a step writes to: empty when it starts, one folder per output label when it ends."""


class ParamKind(Enum):
    """What a parameter is: decides the XNAT input type and the command-line form."""

    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"


_KINDS: Mapping[type, ParamKind] = {bool: ParamKind.BOOLEAN, int: ParamKind.INTEGER, float: ParamKind.NUMBER}


@dataclass(frozen=True)
class InputSpec:
    """An `Input` and the name that the function gives it."""

    name: str
    spec: Input


@dataclass(frozen=True)
class OutputSpec:
    """An `Output` and the name of its field in the step's `Outputs`."""

    name: str
    spec: Output


@dataclass(frozen=True)
class ParamSpec:
    """A `Param` with what its annotation and default say."""

    name: str
    spec: Param
    kind: ParamKind
    default: Value
    choices: tuple[str, ...] = ()

    @property
    def flag(self) -> str:
        """The command-line flag, e.g. `--mask-closing`."""
        return "--" + self.name.replace("_", "-")

    @property
    def range(self) -> str:
        """The rule in words, e.g. `1 to 8`, `low, high`, `true or false`."""
        if self.kind is ParamKind.CHOICE:
            return ", ".join(self.choices)
        if self.kind is ParamKind.BOOLEAN:
            return "true or false"
        return f"{self.spec.ge:g} to {self.spec.le:g} {self.spec.unit}".rstrip()

    @property
    def help(self) -> str:
        """The help line with the range and the default."""
        return f"{self.spec.help} ({self.range}; default {self.text(self.default)})"

    @staticmethod
    def text(value: Value) -> str:
        """A value as the command line and XNAT write it."""
        return str(value).lower() if isinstance(value, bool) else str(value)

    def parse(self, text: str) -> Value:
        """Read a value from the command line or a launch dialog, and check it.

        Raises:
            UsageError: the text is not of the declared kind, or outside its bounds or choices.
        """
        try:
            value = self._read(text.strip())
        except ValueError:
            raise UsageError(f"{self.flag}: must be {self.range}; found {text!r}.") from None
        return self.check(value)

    def _read(self, text: str) -> Value:
        if self.kind is ParamKind.BOOLEAN:
            return (
                {"true": True, "false": False}[text.lower()] if text.lower() in ("true", "false") else _no()
            )
        if self.kind is ParamKind.INTEGER:
            number = float(text)  # an XNAT number input may send 4.0
            return int(number) if number.is_integer() else _no()
        return float(text) if self.kind is ParamKind.NUMBER else text

    def check(self, value: Value) -> Value:
        """Return `value` if it obeys the declared bounds or choices.

        Raises:
            UsageError: it does not.
        """
        if self.kind is ParamKind.CHOICE:
            good = value in self.choices
        elif self.kind is ParamKind.BOOLEAN:
            good = isinstance(value, bool)
        else:
            good = (
                isinstance(value, int | float)
                and not isinstance(value, bool)
                and math.isfinite(value)
                and cast("float", self.spec.ge) <= value <= cast("float", self.spec.le)
            )
        if not good:
            raise UsageError(f"{self.flag}: must be {self.range}; found {value!r}.")
        return value


def _no() -> Value:
    raise ValueError


@dataclass(frozen=True)
class Resources:
    """What a step asks of the machine that runs it.

    Args:
        reserve_memory: MiB that the scheduler sets aside.
        limit_memory: MiB above which the container is killed.
        limit_cpu: cores.
    """

    reserve_memory: int
    limit_memory: int
    limit_cpu: float


@dataclass(frozen=True)
class Step:
    """Everything that is known of a step, read off its function by `describe`."""

    name: str
    title: str
    summary: str
    description: str
    function: Callable[..., Any]
    image: Literal["core", "torch", "flare"]
    input: InputSpec
    outputs: tuple[OutputSpec, ...]
    params: tuple[ParamSpec, ...]
    methods: str
    cites: tuple[str, ...]
    resources: Resources
    gpu: bool = False
    revision: int = 1
    defaults: Mapping[str, Value] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "defaults", {param.name: param.default for param in self.params})

    @property
    def reads(self) -> tuple[str, ...]:
        """Labels of the resources that it reads, in order of preference; none for the DICOM of the scans."""
        return self.input.spec.resource

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the resources that it fills."""
        return tuple(output.spec.resource for output in self.outputs)

    def check(self, params: Mapping[str, Value]) -> dict[str, Value]:
        """Fill in defaults and check every value.

        Raises:
            UsageError: an unknown parameter, or a value that breaks its rule.
        """
        unknown = sorted(set(params) - set(self.defaults))
        if unknown:
            known = ", ".join(sorted(self.defaults)) or "none"
            raise UsageError(f"step {self.name}: no parameter {unknown[0]!r}; it has: {known}.")
        return {p.name: p.check(params.get(p.name, p.default)) for p in self.params}


def describe(
    function: Callable[..., Any],
    *,
    image: Literal["core", "torch", "flare"],
    title: str,
    methods: str,
    resources: Resources,
    cites: tuple[str, ...] = (),
    gpu: bool = False,
    revision: int = 1,
) -> Step:
    """Read a step off its function.

    Args:
        function: the step; its name with hyphens is the step's name, its docstring the help.
        image: the base image that holds what it imports.
        title: the name of the step in XNAT's *Run container* menu.
        methods: one sentence for the methods section of a paper.
        resources: memory and cores.
        cites: keys of `report.references`.
        gpu: whether it is faster on one; how it is asked for is decided when the step is installed.
        revision: goes up when the step's output changes for equal inputs, so that what an earlier one wrote
            is done again.

    Raises:
        DeclarationError: something is undeclared, or declared in a way that no command can carry.
    """
    name = function.__name__.replace("_", "-")
    summary, _, rest = (inspect.getdoc(function) or "").partition("\n")
    if revision < 1:
        raise DeclarationError(f"step {name}: its revision must be 1 or more; found {revision}.")
    if not summary:
        raise DeclarationError(f"step {name}: its function needs a docstring, which is the help.")
    hints = get_type_hints(function, include_extras=True)
    inputs, params = _read_signature(name, function, hints)
    return Step(
        name=name,
        title=title,
        summary=summary,
        description=rest.strip(),
        function=function,
        image=image,
        input=inputs,
        outputs=_read_outputs(name, hints.get("return")),
        params=params,
        methods=methods,
        cites=cites,
        resources=resources,
        gpu=gpu,
        revision=revision,
    )


def _read_signature(
    name: str, function: Callable[..., Any], hints: Mapping[str, Any]
) -> tuple[InputSpec, tuple[ParamSpec, ...]]:
    """The one input, the output folder, and the parameters, each declared or refused."""
    inputs, folders, params = [], [], []
    for argument in inspect.signature(function).parameters.values():
        hint = hints.get(argument.name)
        base, marks = (get_args(hint)[0], get_args(hint)[1:]) if get_origin(hint) is Annotated else (hint, ())
        mark = next((m for m in marks if isinstance(m, Input | Param | _Marker)), None)
        if mark is None:
            raise DeclarationError(
                f"step {name}: argument {argument.name!r} is undeclared: annotate it with Input, Param or "
                "OutputDir."
            )
        if isinstance(mark, Param):
            params.append(_read_param(name, argument, base, mark))
        elif isinstance(mark, Input):
            _check_folder(name, argument.name, base, mark.level)
            inputs.append(InputSpec(argument.name, mark))
        else:
            folders.append(argument.name)
    if len(inputs) != 1 or folders != ["out"]:
        raise DeclarationError(f"step {name}: must have exactly one Input and one OutputDir called 'out'.")
    return inputs[0], tuple(params)


def _check_folder(name: str, argument: str, base: Any, level: Level) -> None:  # noqa: ANN401
    """An input is given as the folder class of its level."""
    wanted, annotation = _FOLDERS.get(level), getattr(base, "__name__", str(base))
    if wanted is None:
        raise DeclarationError(f"step {name}: level must be one of {', '.join(_FOLDERS)}; found {level!r}.")
    if annotation != wanted:
        raise DeclarationError(
            f"step {name}: argument {argument!r} of level {level} must be a {wanted}; found {annotation}."
        )


def _read_param(name: str, argument: inspect.Parameter, base: Any, spec: Param) -> ParamSpec:  # noqa: ANN401
    where = f"step {name}: parameter {argument.name!r}"
    if argument.kind is not inspect.Parameter.KEYWORD_ONLY or argument.default is inspect.Parameter.empty:
        raise DeclarationError(f"{where} must be keyword-only and have a default.")
    if get_origin(base) is Literal:
        choices = get_args(base)
        if not all(isinstance(c, str) and re.fullmatch(r"[A-Za-z0-9_.-]+", c) for c in choices):
            raise DeclarationError(f"{where}: choices must be plain words, as they reach a command line.")
        result = ParamSpec(argument.name, spec, ParamKind.CHOICE, argument.default, choices)
    elif base in _KINDS:
        if base is not bool and (spec.ge is None or spec.le is None):
            raise DeclarationError(f"{where}: a number needs both bounds, ge and le.")
        result = ParamSpec(argument.name, spec, _KINDS[base], argument.default)
    else:
        raise DeclarationError(f"{where}: must be bool, int, float or Literal; free text is not allowed.")
    try:
        result.check(result.default)
    except UsageError as error:
        raise DeclarationError(f"{where}: its default breaks its own rule. {error.message}") from None
    return result


def _read_outputs(name: str, returned: Any) -> tuple[OutputSpec, ...]:  # noqa: ANN401
    if not (isinstance(returned, type) and issubclass(returned, tuple) and hasattr(returned, "_fields")):
        raise DeclarationError(f"step {name}: must return a NamedTuple whose fields are its outputs.")
    outputs = []
    for key, hint in get_type_hints(returned, include_extras=True).items():
        marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
        spec = next((m for m in marks if isinstance(m, Output)), None)
        if spec is None:
            raise DeclarationError(f"step {name}: output {key!r} is undeclared; annotate it with Output.")
        if not re.fullmatch(r"[A-Z][A-Z0-9_]*", spec.resource):
            raise DeclarationError(f"step {name}: output label {spec.resource!r} must be upper case.")
        outputs.append(OutputSpec(key, spec))
    labels = [o.spec.resource for o in outputs]
    if not labels or len(set(labels)) != len(labels):
        raise DeclarationError(f"step {name}: needs one or more outputs with different labels.")
    return tuple(outputs)
