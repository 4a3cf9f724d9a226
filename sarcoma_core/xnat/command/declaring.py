"""What XNAT is told of a step: its command, its image reference, its image label.

Read off the step's declaration, so a step and its command cannot differ.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sarcoma_core import __version__
from sarcoma_core.errors import UsageError
from sarcoma_core.interface import Asset, AssetSpec, Level, OutputSpec, ParamKind, ParamSpec, Step, Value
from sarcoma_core.xnat.command import model as commands
from sarcoma_core.xnat.command.choosing import (
    choice_input,
    correcting_name,
    inputs_that_choose,
    inputs_that_choose_nothing,
)
from sarcoma_core.xnat.command.naming import inputs_that_name, label_input

_PREFIX = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*")

_BY_DIGEST = re.compile(rf"({_PREFIX.pattern}/)?sarcoma/(?P<name>[a-z0-9-]+)@sha256:[0-9a-f]{{64}}")

INPUT_MOUNT, OUTPUT_MOUNT, ASSETS_MOUNT = "/input", "/output", "/assets"


@dataclass(frozen=True)
class LevelRow:
    """How a level is told to XNAT.

    Args:
        input_type: type of the wrapper's external input.
        context: the data type whose *Run container* menu shows the step; it matches subtypes.
        mounts: type of the object whose folder is mounted: the object itself, or one derived from it.
    """

    input_type: commands.WrapperInputType
    context: str
    mounts: commands.WrapperInputType


LEVELS: Mapping[Level, LevelRow] = {
    "project": LevelRow("Project", "xnat:projectData", mounts="Project"),
    "session": LevelRow("Session", "xnat:imageSessionData", mounts="Session"),
    # The whole session is mounted, so that a step sees what lies beside the scan (decision 19).
    "scan": LevelRow("Scan", "xnat:imageScanData", mounts="Session"),
}
OBJECT = "object"
"""The command input that tells a step the URI of what it is launched on; `--object` on its command line."""


def wrapper_name(step: Step, level: Level) -> str:
    """Name of a step's wrapper for a level; its workflows have the same."""
    return f"sarcoma-{step.name}-{level}"


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


def named_by_digest(image: str) -> str:
    """The step or service whose image this names by its digest; empty for any other reference.

    Args:
        image: a reference, e.g. `registry.example.org/imaging/sarcoma/convert@sha256:...`.
    """
    match = _BY_DIGEST.fullmatch(image)
    return match["name"] if match else ""


def command_for(step: Step, registry: str = "", *, image: str = "") -> commands.Command:
    """The Container Service command of a step.

    Args:
        step: the step.
        registry: prefix of the image, for a site that has its own registry.
        image: the whole reference instead, for a site that names its images by digest.
    """
    told = step.is_told_its_object
    words = (
        f"--{step.input.name} {INPUT_MOUNT} --out {OUTPUT_MOUNT}",
        *(f"{asset.flag} {asset_mount(asset)}" for asset in step.assets),
        *((f"#{OBJECT}#",) if told else ()),
        *map(_words, step.params),
        *(f"#{choice.name}#" for choice in step.choices),
        *(f"#{label.name}#" for label in step.object_labels),
    )
    return commands.Command(
        name=f"sarcoma-{step.name}",
        label=step.title,
        description=step.summary,
        version=__version__,
        schema_version="1.0",
        image=image or image_reference(step.name, registry),
        command_line=" ".join(words),
        mounts=(
            commands.Mount(name="in", path=INPUT_MOUNT),
            commands.Mount(name="out", path=OUTPUT_MOUNT, writable=True),
            *(commands.Mount(name=asset.name, path=asset_mount(asset)) for asset in step.assets),
        ),
        inputs=(
            *((_object_input(),) if told else ()),
            *(_command_input(param) for param in step.params),
            *map(choice_input, step.choices),
            *map(label_input, step.object_labels),
        ),
        outputs=tuple(_command_output(output) for output in step.outputs),
        xnat=tuple(_wrappers(step)),
        reserve_memory=step.resources.reserve_memory,
        limit_memory=step.resources.limit_memory,
        limit_cpu=step.resources.limit_cpu,
    )


def asset_mount(asset: AssetSpec) -> str:
    """Where an asset is mounted, e.g. `/assets/model`."""
    return f"{ASSETS_MOUNT}/{asset.name}"


def _object_input() -> commands.CommandInput:
    """The URI of the object, which every wrapper gives, so that no dialog asks for it."""
    return commands.CommandInput(
        name=OBJECT,
        description="URI of what it is launched on, given by the wrapper",
        type="string",
        required=True,
        replacement_key=f"#{OBJECT}#",
        command_line_flag=f"--{OBJECT}",
        command_line_separator="=",
    )


_INPUT_TYPES: Mapping[ParamKind, commands.InputType] = {
    ParamKind.INTEGER: "number",
    ParamKind.NUMBER: "number",
    ParamKind.BOOLEAN: "boolean",
    ParamKind.CHOICE: "select-one",
    ParamKind.CHOICES: "select-many",
}


_MOST_OFFERED = 12
"""Whole numbers that a select offers at most: more of them are a list to scroll, not a choice."""


def _offered(param: ParamSpec) -> tuple[str, ...]:
    """The values to choose from: a select lets nobody launch what the step would refuse."""
    if param.kind is ParamKind.INTEGER and param.spec.ge is not None and param.spec.le is not None:
        values = range(int(param.spec.ge), int(param.spec.le) + 1)
        return tuple(map(str, values)) if len(values) <= _MOST_OFFERED else ()
    return param.choices


def _words(param: ParamSpec) -> str:
    """A parameter in the command line: its key, for which the service puts its flag and its value.

    The flag of several choices stands in the line itself. Where a person chooses none, XNAT's dialog sends an
    empty list, required or not, for which the service puts nothing: the step would run with its default.
    """
    key = f"#{param.name}#"
    return f"{param.flag}={key}" if param.kind is ParamKind.CHOICES else key


def launch_text(param: ParamSpec, value: Value) -> str:
    """A value as a launch sends it, and as a command declares it: several choices as a JSON list in a text.

    Source: Container Service 3.7, ``CommandResolutionServiceImpl.getValueForCommandLine`` and
    ``commandUiLauncher.js``.
    """
    if param.kind is ParamKind.CHOICES:
        return json.dumps(param.argument(value))
    return param.text(value)


def _command_input(param: ParamSpec) -> commands.CommandInput:
    """A parameter as the launch dialog shows it: a select, a boolean or a number with its range."""
    words = param.name.replace("_", " ")
    is_switch, several = param.kind is ParamKind.BOOLEAN, param.kind is ParamKind.CHOICES
    has_flag = not (is_switch or several)
    offered = _offered(param)
    return commands.CommandInput(
        name=param.name,
        label=f"{words[:1].upper()}{words[1:]} ({param.range})",
        description=param.help,
        type="select-one" if offered and not several else _INPUT_TYPES[param.kind],
        required=True,
        default_value=launch_text(param, param.default),
        replacement_key=f"#{param.name}#",
        command_line_flag=param.flag if has_flag else None,
        command_line_separator="=" if has_flag else None,
        true_value=param.flag if is_switch else None,
        false_value="--no-" + param.flag.removeprefix("--") if is_switch else None,
        select_values=offered,
        multiple_delimiter="comma" if several else None,
    )


def _command_output(output: OutputSpec) -> commands.CommandOutput:
    return commands.CommandOutput(
        name=output.name, description=output.spec.help, required=True, mount="out", path=output.spec.resource
    )


def _wrappers(step: Step) -> Iterator[commands.Wrapper]:
    """One for each level; for a step with choices, one more by which a person makes them."""
    for level in step.levels:
        wrapper = _wrapper(step, level)
        derived = (*wrapper.derived_inputs, *inputs_that_choose_nothing(step), *inputs_that_name(step))
        yield wrapper.model_copy(update={"derived_inputs": derived})
    if step.choices:
        wrapper = _wrapper(step, "session")
        yield wrapper.model_copy(
            update={
                "name": correcting_name(step),
                "label": step.correcting,
                "description": f"{step.summary} A scan that you choose here wins, and is remembered; where "
                "you leave one open, the step tells it.",
                "derived_inputs": (
                    *inputs_that_choose(step),
                    *wrapper.derived_inputs,
                    *inputs_that_name(step),
                ),
            }
        )


def _wrapper(step: Step, level: Level) -> commands.Wrapper:
    row = LEVELS[level]
    reads = " or ".join(step.reads) or ("assets" if level == "project" else "DICOM")
    whole = "" if level == step.levels[0] else f" Works on one {level} only."
    return commands.Wrapper(
        name=wrapper_name(step, level),
        label=step.title if not whole else f"{step.title}, this {level}",
        description=f"{step.summary} Reads {reads}.{whole}",
        contexts=(row.context,),
        external_inputs=(
            commands.ExternalInput(
                name=level,
                description=f"the {level} whose {reads} is read",
                type=row.input_type,
                provides_files_for_command_mount="in" if row.mounts == row.input_type else None,
                provides_value_for_command_input=OBJECT if step.is_told_its_object else None,
            ),
        ),
        derived_inputs=tuple(_derived_inputs(step, level)),
        output_handlers=tuple(
            commands.OutputHandler(
                name=f"{output.name}-resource",
                accepts_command_output=output.name,
                as_a_child_of=level,
                type="Resource",
                label=output.spec.resource,
                format=output.spec.format,
                description=output.spec.help,
            )
            for output in step.outputs
        ),
    )


def _derived_inputs(step: Step, level: Level) -> Iterator[commands.DerivedInput]:
    """What follows from the object: the folder to mount, the project and its assets."""
    row = LEVELS[level]
    if row.mounts != row.input_type:
        yield commands.DerivedInput(
            name=row.mounts.lower(),
            description=f"the {row.mounts.lower()} of the {level}",
            type=row.mounts,
            derived_from_wrapper_input=level,
            provides_files_for_command_mount="in",
        )
    if step.assets and level != "project":
        yield commands.DerivedInput(
            name="project",
            description=f"the project of the {level}",
            type="Project",
            derived_from_wrapper_input=level,
        )
    for asset in step.assets:
        yield commands.DerivedInput(
            name=asset.name,
            label=f"{asset.name[:1].upper()}{asset.name[1:]}".replace("_", " "),
            description=asset.spec.help,
            type="Resource",
            derived_from_wrapper_input="project",
            matcher=asset_matcher(asset.spec),
            required=not asset.spec.optional,
            provides_files_for_command_mount=asset.name,
        )


def asset_matcher(asset: Asset) -> str:
    """The matcher on a project's resources, e.g. `@.label =~ /MODEL_.*/`."""
    if asset.label.endswith("*"):
        return f"@.label =~ /{asset.label[:-1]}.*/"
    return f"@.label == '{asset.label}'"
