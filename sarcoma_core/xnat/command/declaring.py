"""What XNAT is told of a step: its command, its image reference, its image label.

Read off the step's declaration, so a step and its command cannot differ.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sarcoma_core import __version__
from sarcoma_core.errors import UsageError
from sarcoma_core.interface import Input, Level, OutputSpec, ParamKind, ParamSpec, Step
from sarcoma_core.xnat.command import model as commands

_PREFIX = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*")

INPUT_MOUNT, OUTPUT_MOUNT = "/input", "/output"


@dataclass(frozen=True)
class LevelRow:
    """How a level is told to XNAT.

    Args:
        input_type: type of the wrapper's external input.
        context: the data type whose *Run container* menu shows the step; it matches subtypes.
    """

    input_type: commands.WrapperInputType
    context: str


LEVELS: Mapping[Level, LevelRow] = {"session": LevelRow("Session", "xnat:imageSessionData")}


def image_reference(name: str, registry: str = "") -> str:
    """The reference of a step's or a base's image, e.g. `sarcoma/bias-field:0.1.0`.

    Args:
        name: the step or the base.
        registry: prefix of a registry; none for the engine of this machine.

    Raises:
        UsageError: the registry is not a prefix that an image can have.
    """
    if registry and not _PREFIX.fullmatch(registry):
        raise UsageError(
            f"--registry: must be a host with a path, in lower case, without https://; found {registry!r}.",
            hint="For example: --registry registry.example.org/imaging",
        )
    return f"{registry}/sarcoma/{name}:{__version__}".lstrip("/")


def command_for(step: Step, registry: str = "") -> commands.Command:
    """The Container Service command of a step.

    Args:
        step: the step.
        registry: prefix of the image, for a site that has its own registry.
    """
    parameters = " ".join(f"#{param.name}#" for param in step.params)
    line = f"--{step.input.name} {INPUT_MOUNT} --out {OUTPUT_MOUNT} {parameters}".rstrip()
    return commands.Command(
        name=f"sarcoma-{step.name}",
        label=step.title,
        description=step.summary,
        version=__version__,
        schema_version="1.0",
        image=image_reference(step.name, registry),
        command_line=line,
        mounts=(
            commands.Mount(name="in", path=INPUT_MOUNT),
            commands.Mount(name="out", path=OUTPUT_MOUNT, writable=True),
        ),
        inputs=tuple(_command_input(param) for param in step.params),
        outputs=tuple(_command_output(output) for output in step.outputs),
        xnat=(_wrapper(step),),
        reserve_memory=step.resources.reserve_memory,
        limit_memory=step.resources.limit_memory,
        limit_cpu=step.resources.limit_cpu,
    )


_INPUT_TYPES: Mapping[ParamKind, commands.InputType] = {
    ParamKind.INTEGER: "number",
    ParamKind.NUMBER: "number",
    ParamKind.BOOLEAN: "boolean",
    ParamKind.CHOICE: "select-one",
}


_MOST_OFFERED = 12
"""Whole numbers that a select offers at most: more of them are a list to scroll, not a choice."""


def _offered(param: ParamSpec) -> tuple[str, ...]:
    """The values to choose from: a select lets nobody launch what the step would refuse."""
    if param.kind is ParamKind.INTEGER and param.spec.ge is not None and param.spec.le is not None:
        values = range(int(param.spec.ge), int(param.spec.le) + 1)
        return tuple(map(str, values)) if len(values) <= _MOST_OFFERED else ()
    return param.choices


def _command_input(param: ParamSpec) -> commands.CommandInput:
    """A parameter as the launch dialog shows it: a select, a boolean or a number with its range."""
    words = param.name.replace("_", " ")
    is_switch = param.kind is ParamKind.BOOLEAN
    offered = _offered(param)
    return commands.CommandInput(
        name=param.name,
        label=f"{words[:1].upper()}{words[1:]} ({param.range})",
        description=param.help,
        type="select-one" if offered else _INPUT_TYPES[param.kind],
        required=True,
        default_value=param.text(param.default),
        replacement_key=f"#{param.name}#",
        command_line_flag=None if is_switch else param.flag,
        command_line_separator=None if is_switch else "=",
        true_value=param.flag if is_switch else None,
        false_value="--no-" + param.flag.removeprefix("--") if is_switch else None,
        select_values=offered,
    )


def _command_output(output: OutputSpec) -> commands.CommandOutput:
    return commands.CommandOutput(
        name=output.name, description=output.spec.help, required=True, mount="out", path=output.spec.resource
    )


def _wrapper(step: Step) -> commands.Wrapper:
    declared: Input = step.input.spec
    level = LEVELS[declared.level]
    reads = " or ".join(declared.resource) or "DICOM"
    return commands.Wrapper(
        name=f"sarcoma-{step.name}-{declared.level}",
        label=step.title,
        description=f"{step.summary} Reads {reads}.",
        contexts=(level.context,),
        external_inputs=(
            commands.ExternalInput(
                name=step.input.name,
                description=f"the session whose {reads} is read",
                type=level.input_type,
                provides_files_for_command_mount="in",
            ),
        ),
        output_handlers=tuple(
            commands.OutputHandler(
                name=f"{output.name}-resource",
                accepts_command_output=output.name,
                as_a_child_of=step.input.name,
                type="Resource",
                label=output.spec.resource,
                format=output.spec.format,
                description=output.spec.help,
            )
            for output in step.outputs
        ),
    )
