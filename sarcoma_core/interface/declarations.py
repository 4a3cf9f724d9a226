"""What a step declares: its input, assets, outputs and parameters, and all of it together as a `Step`."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from sarcoma_core.errors import UsageError
from sarcoma_core.interface.choices import ChoiceSpec
from sarcoma_core.interface.naming import LabelSpec
from sarcoma_core.interface.sending import SendsSpec

Value = bool | int | float | str
Level = Literal["project", "session", "scan"]
"""The XNAT object that a step is launched on. Each level is one row of `xnat.command.declaring.LEVELS`."""

Base = Literal["core", "edge", "torch", "train", "site"]
"""The base image of a step or a service. Each is a key of `images.catalogue.PARENTS`."""


@dataclass(frozen=True)
class Input:
    """An XNAT object, given to the step as a folder.

    Args:
        level: which object the user launches on.
        resource: the resource labels that the step reads, in order of preference (the first one that holds a
            series wins); empty means the DICOM of the scans, and at level `project` that no session is read.
        help: one line for the command line and the docs.
        also: a further level that it can be launched on: `scan`, for a step on sessions that can do one scan
            again.
    """

    level: Level
    resource: tuple[str, ...] = ()
    help: str = ""
    also: Literal["scan"] | None = None


@dataclass(frozen=True)
class Asset:
    """A resource of the project that the step reads beside its input: a model, a cohort, a table.

    The argument is an `AssetFolder`, of an optional one `AssetFolder | None`.

    Args:
        label: the resource's label; `*` at its end stands for any text, e.g. `MODEL_*`.
        help: one line for the command line, the launch dialog and the docs.
        optional: whether the step can do without.
    """

    label: str
    help: str
    optional: bool = False

    def matches(self, label: str) -> bool:
        """Whether a resource of that label is meant."""
        if self.label.endswith("*"):
            return label.startswith(self.label[:-1])
        return label == self.label


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

    One or more of several choices are a `tuple[Literal["a", "b"], ...]`, with a tuple as the default.

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


class Marker(Enum):
    """What an argument is that is neither an input nor a parameter."""

    OUTPUT_DIR = "output folder"


OutputDir = Annotated[Path, Marker.OUTPUT_DIR]
"""The folder that a step writes to: empty when it starts, one folder per output label when it ends."""


class ParamKind(Enum):
    """What a parameter is: decides the XNAT input type and the command-line form."""

    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    CHOICES = "choices"


@dataclass(frozen=True)
class InputSpec:
    """An `Input` and the name that the function gives it."""

    name: str
    spec: Input


@dataclass(frozen=True)
class AssetSpec:
    """An `Asset` and the name that the function gives it."""

    name: str
    spec: Asset

    @property
    def flag(self) -> str:
        """The command-line flag, e.g. `--model`."""
        return "--" + self.name.replace("_", "-")


@dataclass(frozen=True)
class OutputSpec:
    """An `Output` and the name of its field in the step's `Outputs`."""

    name: str
    spec: Output


@dataclass(frozen=True)
class ParamSpec:
    """A `Param` with what its annotation and default say.

    Several choices are one text everywhere but in the step's function: the chosen ones in the order of their
    declaration, each once, with commas between. So equal choices are equal values, in a manifest too.
    """

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
        """The rule in words, e.g. `1 to 8`, `low, high`, `one or more of low, high`, `true or false`."""
        if self.kind is ParamKind.CHOICE:
            return ", ".join(self.choices)
        if self.kind is ParamKind.CHOICES:
            return f"one or more of {', '.join(self.choices)}"
        if self.kind is ParamKind.BOOLEAN:
            return "true or false"
        return f"{self.spec.ge:g} to {self.spec.le:g} {self.spec.unit}".rstrip()

    @property
    def help(self) -> str:
        """The help line with the range and the default."""
        return f"{self.spec.help} ({self.range}; default {self.text(self.default)})"

    @staticmethod
    def text(value: Value) -> str:
        """A value as the command line writes it."""
        return str(value).lower() if isinstance(value, bool) else str(value)

    def parse(self, text: str) -> Value:
        """Read a value from the command line or a launch dialog, and check it.

        Raises:
            UsageError: the text is not of the declared kind, or outside its bounds or choices.
        """
        try:
            value = self._read(text.strip())
        except ValueError:
            raise self._refusal(text) from None
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
        """Return `value` if it obeys the declared bounds or choices; several choices in their own order.

        Raises:
            UsageError: it does not.
        """
        if self.kind is ParamKind.CHOICES:
            return self._in_order(value)
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
            raise self._refusal(value)
        return value

    def _in_order(self, value: Value) -> str:
        chosen = {word.strip() for word in value.split(",")} if isinstance(value, str) else set()
        if not chosen or not chosen <= set(self.choices):
            raise self._refusal(value)
        return ",".join(word for word in self.choices if word in chosen)

    def _refusal(self, found: Value) -> UsageError:
        several = self.kind is ParamKind.CHOICES
        return UsageError(
            f"{self.flag}: must be {self.range}; found {found!r}.",
            hint=f"Write several with commas between: {','.join(self.choices)}" if several else "",
        )

    def argument(self, value: Value) -> Value | tuple[str, ...]:
        """A checked value as the step's function is given it: several choices as a tuple."""
        return tuple(str(value).split(",")) if self.kind is ParamKind.CHOICES else value


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
    """Everything that is known of a step, read off its function by `describe`.

    `correcting` is the title under which a person makes its `choices`; empty where it has none.
    """

    name: str
    title: str
    summary: str
    description: str
    function: Callable[..., Any]
    image: Base
    input: InputSpec
    assets: tuple[AssetSpec, ...]
    outputs: tuple[OutputSpec, ...]
    params: tuple[ParamSpec, ...]
    methods: str
    cites: tuple[str, ...]
    resources: Resources
    gpu: bool = False
    goes_on: bool = False
    revision: int = 1
    choices: tuple[ChoiceSpec, ...] = ()
    object_labels: tuple[LabelSpec, ...] = ()
    correcting: str = ""
    sends: SendsSpec | None = None
    defaults: Mapping[str, Value] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "defaults", {param.name: param.default for param in self.params})

    @property
    def levels(self) -> tuple[Level, ...]:
        """The levels that it can be launched on, the usual one first."""
        declared = self.input.spec
        return (declared.level, declared.also) if declared.also else (declared.level,)

    @property
    def is_told_its_object(self) -> bool:
        """Whether it needs the URI of what it is launched on: a folder names no project, scan or session."""
        return self.levels != ("session",) or self.sends is not None

    @property
    def reads(self) -> tuple[str, ...]:
        """Labels of the resources that it reads, in order of preference; none for DICOM, or no session."""
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

    def arguments(self, params: Mapping[str, Value]) -> dict[str, Value | tuple[str, ...]]:
        """The parameters, all of them checked, as its function is given them."""
        return {p.name: p.argument(params[p.name]) for p in self.params}
