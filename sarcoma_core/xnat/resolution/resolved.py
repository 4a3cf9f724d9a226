"""What the Container Service would run: a resolved command, ready for a runner or for reading."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, Self

from sarcoma_core.xnat.command.model import Command, CommandInput, DerivedInput, ExternalInput, HandlerType
from sarcoma_core.xnat.resolution.objects import XnatObject

Role = Literal["external", "derived", "command"]
Origin = Literal["launch", "default", "archive", "wrapper input", "nowhere"]
"""Where a value comes from: given at launch, declared, found in the archive, handed on by a wrapper input."""

XNAT_VARIABLES = ("XNAT_HOST", "XNAT_USER", "XNAT_PASS", "XNAT_WORKFLOW_ID", "XNAT_EVENT_ID")
"""What the service adds to every container's environment; their values are known at launch only."""


@dataclass(frozen=True)
class ResolvedValue:
    """One value of an input, and what the inputs below it make of it.

    Args:
        text: the value; an XNAT object is its URI. None when there is none.
        origin: where it comes from.
        item: the XNAT object behind it.
        children: the inputs that take their value from this one.
    """

    text: str | None
    origin: Origin
    item: XnatObject | None = None
    children: tuple["ResolvedInput", ...] = ()


@dataclass(frozen=True)
class ResolvedInput:
    """An input with every value that it can take; exactly one, unless it is `multiple` or was not found."""

    spec: CommandInput | ExternalInput
    values: tuple[ResolvedValue, ...]

    @property
    def name(self) -> str:
        """The input's name."""
        return self.spec.name

    @property
    def role(self) -> Role:
        """Which part of the command declares it."""
        if isinstance(self.spec, CommandInput):
            return "command"
        return "derived" if isinstance(self.spec, DerivedInput) else "external"

    @property
    def multiple(self) -> bool:
        """Whether it may take several values."""
        return isinstance(self.spec, DerivedInput) and self.spec.multiple

    @property
    def only(self) -> ResolvedValue | None:
        """Its value, when it has exactly one."""
        return self.values[0] if len(self.values) == 1 else None


class InputRow(NamedTuple):
    """An input in a flat listing, as the service keeps it with the container."""

    role: Role
    name: str
    type: str
    value: str | None
    origin: Origin


@dataclass(frozen=True)
class ResolvedMount:
    """A folder of the container.

    Args:
        name: the mount's name.
        path: where it is in the container.
        writable: whether the container may write there.
        source: the folder or file of the archive behind it; None for a build folder that starts out empty.
        copied: whether `source` is copied to a build folder first, as a writable mount is.
        setup: the setup command that fills the build folder, if one does.
    """

    name: str
    path: str
    writable: bool
    source: Path | None = None
    copied: bool = False
    setup: str | None = None


@dataclass(frozen=True)
class ResolvedOutput:
    """Where in XNAT an output goes.

    Args:
        output: the command's output.
        handler: the wrapper's output handler.
        required: whether the launch fails when there is nothing to upload.
        mount: the name of the mount that it lies in.
        path: the place below that mount; empty for all of it.
        type: what becomes of it in XNAT.
        parent: the input, or the earlier handler, below whose object it goes.
        parent_uri: that object; None when an earlier handler creates it.
        label: label of the resource; the output's name when the handler has none.
        format: its format.
        description: its description.
        content: its content.
        tags: its tags.
        xsi_type: the data type that permission is asked for.
        wrapup: the wrapup command that makes the upload out of it, if one does.
    """

    output: str
    handler: str
    required: bool
    mount: str
    path: str
    type: HandlerType
    parent: str
    parent_uri: str | None
    label: str
    format: str | None = None
    description: str | None = None
    content: str | None = None
    tags: tuple[str, ...] = ()
    xsi_type: str | None = None
    wrapup: str | None = None


@dataclass(frozen=True)
class SetupCommand:
    """A setup command to run before: it reads `/input` and fills `/output`, which becomes the mount.

    Args:
        reference: `image[:tag[:command-name]]`.
        mount: the mount that it fills.
        source: the folder of the archive that it reads.
    """

    reference: str
    mount: str
    source: Path


@dataclass(frozen=True)
class WrapupCommand:
    """A wrapup command to run after: it reads an output's mount, and only what it writes is uploaded.

    Args:
        reference: `image[:tag[:command-name]]`.
        mount: the mount that it reads.
        handler: the output handler that uploads what it writes.
    """

    reference: str
    mount: str
    handler: str


@dataclass(frozen=True)
class HostOptions:
    """What a command asks of the machine that runs it, as declared.

    Args:
        reserve_memory: MiB kept for it.
        limit_memory: MiB above which it is stopped.
        limit_cpu: cores.
        gpus: kept by the service and applied nowhere.
        generic_resources: what Swarm and Kubernetes reserve, e.g. `gpu`.
        runtime: the engine's runtime.
        ipc_mode: the engine's IPC mode.
        network: the engine's network.
        shm_size: bytes of /dev/shm.
        auto_remove: whether the engine removes the container at once.
        ulimits: name to soft[:hard] limit.
    """

    reserve_memory: int | None
    limit_memory: int | None
    limit_cpu: float | None
    gpus: str | None
    generic_resources: Mapping[str, str]
    runtime: str | None
    ipc_mode: str | None
    network: str | None
    shm_size: int | None
    auto_remove: bool
    ulimits: Mapping[str, str]

    @classmethod
    def of(cls, command: Command) -> Self:
        """The options of a command."""
        return cls(
            reserve_memory=command.reserve_memory,
            limit_memory=command.limit_memory,
            limit_cpu=command.limit_cpu,
            gpus=command.gpus,
            generic_resources=command.generic_resources,
            runtime=command.runtime,
            ipc_mode=command.ipc_mode,
            network=command.network,
            shm_size=command.shm_size,
            auto_remove=bool(command.auto_remove),
            ulimits=command.ulimits,
        )


@dataclass(frozen=True)
class ResolvedCommand:
    """What the service would run.

    Args:
        name: the command's name.
        wrapper: the wrapper's name.
        image: the image to run.
        command_line: the line after templating.
        entrypoint: what to run in place of the image's entrypoint; None keeps the image's own.
        arguments: what the entrypoint is given, word for word. With `override-entrypoint` this is the whole
            line and the entrypoint is `/bin/sh -c`, the process that the service's empty entrypoint comes to.
        working_directory: where it runs; None keeps the image's.
        container_name: the container's name; None leaves it to the engine.
        mounts: the folders of the container.
        environment: the command's own variables.
        from_server: names of the variables whose values only a server has: XNAT's own, and secrets.
        ports: container port to host port.
        container_labels: the command's own labels; the service adds five of its own.
        host: what it asks of the machine.
        inputs: the inputs as trees.
        outputs: in the order of the wrapper's handlers.
        setup: what runs before.
        wrapup: what runs after.
    """

    name: str
    wrapper: str
    image: str
    command_line: str
    entrypoint: tuple[str, ...] | None
    arguments: tuple[str, ...]
    working_directory: str | None
    container_name: str | None
    mounts: tuple[ResolvedMount, ...]
    environment: Mapping[str, str]
    from_server: tuple[str, ...]
    ports: Mapping[str, str]
    container_labels: Mapping[str, str]
    host: HostOptions
    inputs: tuple[ResolvedInput, ...]
    outputs: tuple[ResolvedOutput, ...]
    setup: tuple[SetupCommand, ...]
    wrapup: tuple[WrapupCommand, ...]

    def rows(self) -> tuple[InputRow, ...]:
        """Every input in one list, several values of one input joined."""
        return tuple(row for root in self.inputs for row in _rows(root))


def _rows(resolved_input: ResolvedInput) -> Iterator[InputRow]:
    if resolved_input.multiple and resolved_input.values:
        texts = [value.text or "null" for value in resolved_input.values]
        yield InputRow(
            resolved_input.role,
            resolved_input.name,
            resolved_input.spec.type,
            ", ".join(texts),
            resolved_input.values[0].origin,
        )
    else:
        first = resolved_input.values[0] if resolved_input.values else ResolvedValue(None, "nowhere")
        yield InputRow(
            resolved_input.role, resolved_input.name, resolved_input.spec.type, first.text, first.origin
        )
    if resolved_input.only:
        for child in resolved_input.only.children:
            yield from _rows(child)
    elif resolved_input.multiple:
        yield from _handed_on(resolved_input)


def _handed_on(resolved_input: ResolvedInput) -> Iterator[InputRow]:
    """The command input that a `multiple` input hands its values on to."""
    fed = [
        child
        for value in resolved_input.values
        for child in value.children
        if isinstance(child.spec, CommandInput)
    ]
    if fed:
        texts = [value.text for child in fed for value in child.values if value.text]
        yield InputRow("command", fed[0].name, fed[0].spec.type, " ".join(texts), "wrapper input")
