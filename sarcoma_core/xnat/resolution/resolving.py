"""Resolve a launch without a server: command, wrapper, archive object and values, to what would be run.

The order of the checks and the texts of the errors are the service's. What it asks of its database only
(permissions, set-up commands, where the build folder is) is named in the result and left to the caller.

Source: Container Service 3.7, ``CommandResolutionServiceImpl``; ``DockerControlApi`` for the command line.
"""

from collections.abc import Mapping

from sarcoma_core.errors import CommandError
from sarcoma_core.xnat.command.model import Command, Wrapper
from sarcoma_core.xnat.resolution.input_tree import Launch, ResolvedInputs, resolve_inputs
from sarcoma_core.xnat.resolution.mounts import resolve_mount
from sarcoma_core.xnat.resolution.objects import XnatObject
from sarcoma_core.xnat.resolution.outputs import resolve_outputs
from sarcoma_core.xnat.resolution.refusals import ResolutionError
from sarcoma_core.xnat.resolution.resolved import (
    XNAT_VARIABLES,
    HostOptions,
    ResolvedCommand,
    ResolvedMount,
    ResolvedOutput,
    WrapupCommand,
)
from sarcoma_core.xnat.resolution.templates import fill, fill_both, words

__all__ = ["ResolvedCommand", "ResolvedMount", "ResolvedOutput", "resolve"]


def resolve(
    command: Command, wrapper_name: str | None, root_object: XnatObject | None, values: Mapping[str, str]
) -> ResolvedCommand:
    """Resolve a launch as the Container Service does.

    Args:
        command: what to launch.
        wrapper_name: which of its wrappers; None when it has one.
        root_object: the XNAT object to launch on; None for a wrapper that takes none.
        values: values by input name, as a launch sends them; names that no input has are ignored.

    Returns:
        What would be run. Folders of the archive are named, nothing is copied or created.

    Raises:
        ResolutionError: the service would refuse the launch; its own text.
        NotEvaluatedError: a matcher or value that only a server can evaluate.
        CommandError: there is no such wrapper.
    """
    wrapper = _wrapper(command, wrapper_name)
    inputs = resolve_inputs(Launch(command, wrapper, root_object, values))
    _refuse_missing(inputs)
    _refuse_secrets(command, inputs)
    outputs = tuple(resolve_outputs(command, wrapper, inputs))
    mounts = tuple(resolve_mount(mount, inputs) for mount in command.mounts)
    line = fill(command.command_line or "", inputs.line)
    shell = bool(command.override_entrypoint)
    return ResolvedCommand(
        name=command.name,
        wrapper=wrapper.name,
        image=command.image,
        command_line=line,
        entrypoint=("/bin/sh", "-c") if shell else None,
        arguments=(line,) if shell else words(line),
        working_directory=fill(command.working_directory, inputs.texts) or None,
        container_name=fill(command.container_name, inputs.texts) or None,
        mounts=tuple(mount for mount, _ in mounts),
        environment=fill_both(command.environment_variables, inputs.texts),
        from_server=(*XNAT_VARIABLES, *_secrets(command)),
        ports=fill_both(command.ports, inputs.texts),
        container_labels=fill_both(command.container_labels, inputs.texts),
        host=HostOptions.of(command),
        inputs=inputs.trees,
        outputs=outputs,
        setup=tuple(setup for _, setup in mounts if setup),
        wrapup=tuple(WrapupCommand(o.wrapup, o.mount, o.handler) for o in outputs if o.wrapup is not None),
    )


def _wrapper(command: Command, name: str | None) -> Wrapper:
    wrappers = [wrapper for wrapper in command.xnat if name in (None, wrapper.name)]
    if len(wrappers) != 1:
        known = ", ".join(wrapper.name for wrapper in command.xnat) or "none"
        asked = "found none named" if name is None else f"found {name!r}"
        raise CommandError(f"--wrapper: must name one of {command.name}'s wrappers ({known}); {asked}.")
    return wrappers[0]


def _refuse_missing(inputs: ResolvedInputs) -> None:
    missing = inputs.missing()
    if missing:
        plural = "" if len(missing) == 1 else "s"
        raise ResolutionError(f"Missing values for required input{plural}: {', '.join(missing)}.")


def _secrets(command: Command) -> tuple[str, ...]:
    """The variables that secrets are put into."""
    return tuple(secret.destination.identifier for secret in command.secrets)


def _refuse_secrets(command: Command, inputs: ResolvedInputs) -> None:
    """A value that names a secret's variable is refused; the value itself stays out of the message."""
    told = [
        f'Input "{resolved_input.name}" resolved value refers to secret destination "{name}"'
        for resolved_input in inputs.all()
        for value in resolved_input.values
        if (name := next((n for n in _secrets(command) if n in (value.text or "")), None)) is not None
    ]
    if told:
        raise ResolutionError(" | ".join(told))
