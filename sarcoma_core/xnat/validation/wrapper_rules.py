"""What the Container Service asks of a wrapper: its inputs and handlers among themselves and the command.

Source: Container Service 3.7.3, ``Command.validateDockerCommand``; the order and the texts are the service's.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sarcoma_core.xnat.command.java import copied_order, hash_order, shown
from sarcoma_core.xnat.command.node import Node
from sarcoma_core.xnat.validation.part_rules import (
    DERIVED_INPUT,
    EXTERNAL_INPUT,
    HANDLER,
    SELECT_NOTE,
    complaints,
    is_select,
)


class Declared(NamedTuple):
    """What a command declares and its wrappers refer to."""

    inputs: Mapping[str | None, Node]
    outputs: tuple[str | None, ...]


def joined(names: tuple[str | None, ...]) -> str:
    """Names as the service lists what it knows."""
    return ", ".join(name or "" for name in names)


def wrapper_complaints(wrapper: Node, declared: Declared) -> Iterator[str]:
    """Everything that is wrong inside one wrapper, without its own name."""
    scope = _Scope(wrapper, declared)
    for external in wrapper.nodes("external-inputs"):
        yield from scope.external(external)
    for derived in wrapper.nodes("derived-inputs"):
        yield from scope.derived(derived)
    for handler in wrapper.nodes("output-handlers"):
        yield from scope.handler(handler)
    handled = {handler.text("accepts-command-output") for handler in wrapper.nodes("output-handlers")}
    for name in copied_order(declared.outputs):
        if name not in handled:
            yield f'command output "{name}" is not handled by any output handler.'


class _Scope:
    """What is known at each point of the service's one pass over a wrapper."""

    def __init__(self, wrapper: Node, declared: Declared) -> None:
        self.declared = declared
        self.inputs: dict[str | None, Node] = {}
        self.multiple: set[str | None] = set()
        self.handlers: list[str | None] = []
        self.input_capacity = len(wrapper.nodes("external-inputs")) + len(wrapper.nodes("derived-inputs"))
        self.handler_capacity = len(wrapper.nodes("output-handlers"))

    def external(self, part: Node) -> Iterator[str]:
        yield from self._declare(part, "external")
        yield from self._select(part, "external")
        yield from complaints(part, EXTERNAL_INPUT)

    def derived(self, part: Node) -> Iterator[str]:
        yield from self._declare(part, "derived")
        name, parent = part.text("name"), part.text("derived-from-wrapper-input")
        if name == parent:
            yield f'derived input "{name}" is derived from itself.'
        if parent not in self.inputs:
            yield (
                f'derived input "{name}" is derived from an unknown XNAT input "{shown(parent)}". '
                f"Known inputs: {self._known_inputs()}"
            )
        yield from self._select(part, "derived")
        yield from complaints(part, DERIVED_INPUT)
        if part.flag("multiple"):
            self.multiple.add(name)

    def handler(self, part: Node) -> Iterator[str]:
        name, output = part.text("name"), part.text("accepts-command-output")
        if output not in self.declared.outputs:
            yield (
                f'output handler refers to unknown command output "{shown(output)}". '
                f"Known outputs: {joined(self.declared.outputs)}."
            )
        yield from self._parent(part)
        if name in self.handlers:
            yield f'output handler name "{shown(name)}" is not unique.'
        self.handlers.append(name)
        yield from complaints(part, HANDLER)

    def _declare(self, part: Node, kind: str) -> Iterator[str]:
        name = part.text("name")
        if name in self.inputs:
            yield f'{kind} input name "{name}" is not unique.'
        self.inputs.setdefault(name, part)

    def _select(self, part: Node, kind: str) -> Iterator[str]:
        target = self.declared.inputs.get(part.text("provides-value-for-command-input"))
        if target and (is_select(target) or target.texts("select-values")):
            yield (
                f'{kind} input "{part.text("name")}" provides values for command input '
                f'"{target.text("name")}", which is a select type. {SELECT_NOTE}'
            )

    def _parent(self, part: Node) -> Iterator[str]:
        """What is wrong with the object that a handler's output becomes a child of."""
        parent, handler = part.text("as-a-child-of"), shown(part.text("name"))
        if parent not in self.inputs and parent not in self.handlers:
            yield (
                "output handler does not refer to a known wrapper input or output. "
                f'"as-a-child-of": "{shown(parent)}".\nKnown inputs: {self._known_inputs()}.'
                f"\nKnown outputs (so far): {self._known_handlers()}."
            )
        claim = f'output handler "{handler}" has "as-a-child-of": "{parent}", but that input'
        if parent in self.multiple:
            yield f"{claim} is set to allow multiple values."
        source = self.inputs.get(parent)
        read = source.text("derived-from-xnat-object-property") if source else None
        if read is not None and read != "uri":
            yield (
                f'{claim}\'s value is set to "{read}", which will cause the upload to fail '
                '(a "uri" is required for upload).'
            )

    def _known_handlers(self) -> str:
        return joined(hash_order(self.handlers, capacity=self.handler_capacity))

    def _known_inputs(self) -> str:
        return joined(hash_order(self.inputs, capacity=self.input_capacity))
