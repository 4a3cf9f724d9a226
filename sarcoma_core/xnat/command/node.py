"""A bound part of a command: the wire's keys with typed values, before the service validates them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Bound: TypeAlias = "bool | int | float | str | tuple[Bound, ...] | dict[str, Any] | Node | None"


@dataclass(frozen=True, slots=True)
class Node:
    """One bound object: every key that its model declares, with its value, its default or None."""

    values: Mapping[str, Bound]

    def text(self, key: str) -> str | None:
        """A text value."""
        value = self.values.get(key)
        return value if isinstance(value, str) else None

    def flag(self, key: str) -> bool | None:
        """A boolean value."""
        value = self.values.get(key)
        return value if isinstance(value, bool) else None

    def number(self, key: str) -> float | None:
        """A number."""
        value = self.values.get(key)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    def nodes(self, key: str) -> "tuple[Node, ...]":
        """A list of parts."""
        value = self.values.get(key)
        return tuple(item for item in value if isinstance(item, Node)) if isinstance(value, tuple) else ()

    def nodes_or_nulls(self, key: str) -> "tuple[Node | None, ...]":
        """A list of parts in which null may stand."""
        value = self.values.get(key)
        return (
            tuple(item if isinstance(item, Node) else None for item in value)
            if isinstance(value, tuple)
            else ()
        )

    def node(self, key: str) -> "Node | None":
        """A part."""
        value = self.values.get(key)
        return value if isinstance(value, Node) else None

    def text_map(self, key: str) -> dict[str, str]:
        """A map of texts."""
        value = self.values.get(key)
        return dict(value) if isinstance(value, dict) else {}

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self.values.get(key)
        return tuple(item for item in value if isinstance(item, str)) if isinstance(value, tuple) else ()

    def as_tree(self) -> dict[str, object]:
        """Plain containers, without what is None, for a strict model to validate."""
        return {key: _plain(value) for key, value in self.values.items() if value is not None}


def _plain(value: Bound) -> object:
    if isinstance(value, Node):
        return value.as_tree()
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
