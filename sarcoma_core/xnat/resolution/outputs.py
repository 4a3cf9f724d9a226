"""Outputs of a resolved command: which handler takes which, and below which XNAT object it goes.

Whether the user may write there is left to the server.

Source: Container Service 3.7, ``CommandResolutionServiceImpl`` (``resolveOutputs``,
``resolveCommandOutput``).
"""

from collections.abc import Iterator

from sarcoma_core.xnat.command.model import Command, CommandOutput, OutputHandler, Wrapper
from sarcoma_core.xnat.resolution.input_tree import ResolvedInputs
from sarcoma_core.xnat.resolution.objects import XnatObject
from sarcoma_core.xnat.resolution.refusals import ResolutionError
from sarcoma_core.xnat.resolution.resolved import ResolvedOutput
from sarcoma_core.xnat.resolution.templates import fill


def resolve_outputs(command: Command, wrapper: Wrapper, inputs: ResolvedInputs) -> Iterator[ResolvedOutput]:
    """The outputs, in the order of the wrapper's handlers.

    Raises:
        ResolutionError: an output has no handler, or a handler no parent; the service's text.
    """
    handlers = wrapper.output_handlers
    for output in command.outputs:
        if not any(handler.accepts_command_output == output.name for handler in handlers):
            raise ResolutionError(
                f'No wrapper output handler was configured to handle command output "{output.name}".'
            )
    resolved = {
        handler.name: _output(output, handler, wrapper, inputs)
        for output in command.outputs
        for handler in handlers
        if handler.accepts_command_output == output.name
    }
    for handler in handlers:
        resolved_output = resolved.get(handler.name)
        if resolved_output is None:
            raise ResolutionError(
                f'Command wrapper output handler "{handler.name}" has no resolved output to handle.'
            )
        yield resolved_output


def _output(
    output: CommandOutput, handler: OutputHandler, wrapper: Wrapper, inputs: ResolvedInputs
) -> ResolvedOutput | None:
    """One output; None where its parent is wrong and the output is not required."""
    value = inputs.only(handler.as_a_child_of)
    reason = (
        _misplaced(output, handler, wrapper) if value is None else _parentless(output, handler, value.item)
    )
    if reason and output.required:
        raise ResolutionError(reason)
    if reason:
        return None
    texts = inputs.texts
    return ResolvedOutput(
        output=output.name,
        handler=handler.name,
        required=bool(output.required),
        mount=output.mount,
        path=fill(output.path, texts) or "",
        type=handler.type,
        parent=handler.as_a_child_of,
        parent_uri=value.item.uri if value and value.item else None,
        label=fill(handler.label, texts) or output.name,
        format=fill(handler.format, texts),
        description=fill(handler.description, texts),
        content=fill(handler.content, texts),
        tags=tuple(fill(tag, texts) for tag in handler.tags),
        xsi_type=handler.xsi_type,
        wrapup=handler.via_wrapup_command,
    )


def _parentless(output: CommandOutput, handler: OutputHandler, item: XnatObject | None) -> str:
    """Why an input cannot be the parent; empty when it can."""
    if item is not None:
        return ""
    return (
        f'Cannot resolve output "{output.name}". Input "{handler.as_a_child_of}" is supposed to handle the '
        "output, but it does not have an XNAT object value."
    )


def _misplaced(output: CommandOutput, handler: OutputHandler, wrapper: Wrapper) -> str:
    """Why another handler cannot be the parent; empty when it can."""
    name, parent = handler.name, handler.as_a_child_of
    target = next((h for h in wrapper.output_handlers if h.name == parent), None)
    if target is None:
        return (
            f'Cannot resolve output "{output.name}". The handler says the output is supposed to be handled '
            f'by "{parent}", but either that isn\'t an input, or an output, or maybe the input does not have '
            "a uniquely resolved value."
        )
    if handler.type == "Resource" and target.type in ("Assessor", "Scan"):
        return ""
    return (
        f'Cannot resolve handler "{name}". Handler "{name}" has type "{handler.type}"; target handler '
        f'"{parent}" has type "{target.type}". Handler "{name}" must be type Resource, target handler '
        f'"{parent}" needs to be type Assessor OR Scan.'
    )
