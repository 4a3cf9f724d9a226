"""A command as we ship it against the command as a server holds it, field by field.

Both are read as the service reads a command, so that a default that it fills in is no difference; ids and the
order of what has a name are none either.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import JsonValue

from sarcoma_core.xnat.command.model import Command

_DEFAULTS: Mapping[str, tuple[object, ...]] = {
    "user-settable": (True,),  # null is true
    "multiple-delimiter": ("space",),
    "schema-version": ("1.0",),
}
"""Values that mean the same as none, beyond false and empty ones."""


class Difference(NamedTuple):
    """A field that differs, e.g. `inputs/shrink/default-value`."""

    field: str
    shipped: str
    live: str


def differences(shipped: Command, live: Mapping[str, Any]) -> tuple[Difference, ...]:
    """The fields in which a live command differs from the shipped one.

    Args:
        shipped: the command as it is generated.
        live: the JSON object that the service answers for a command.

    Raises:
        CommandError: the live one cannot be read as a command.
    """
    ours = _leaves("", shipped.to_json())
    theirs = _leaves("", Command.from_json(live).to_json())
    return tuple(
        Difference(name, ours.get(name, ""), theirs.get(name, ""))
        for name in sorted(ours.keys() | theirs.keys())
        if ours.get(name) != theirs.get(name)
    )


def _leaves(where: str, value: JsonValue) -> dict[str, str]:
    """Every value that is no default, under its path; a part is found by its name, not by its place."""
    if isinstance(value, dict):
        leaves: dict[str, str] = {}
        for key, below in value.items():
            if not _is_default(where, key, below, value):
                leaves |= _leaves(f"{where}/{key}".strip("/"), below)
        return leaves
    if isinstance(value, list) and all(isinstance(item, dict) and "name" in item for item in value):
        leaves = {}
        for item in value:
            assert isinstance(item, dict)  # noqa: S101  all of them are
            leaves |= {f"{where}/{item['name']}": "present"} | _leaves(f"{where}/{item['name']}", item)
        return leaves
    if isinstance(value, list):
        return {where: ", ".join(sorted(map(str, value)))}
    return {where: str(value)}


def _is_default(where: str, key: str, value: JsonValue, part: Mapping[str, JsonValue]) -> bool:
    if key == "replacement-key":
        return value == f"#{part.get('name')}#"
    if value is False:
        # The model writes these two only where false is no default: of wrapper inputs.
        return where.startswith("outputs/") or key not in ("required", "load-children")
    return value in ("", [], {}) or value in _DEFAULTS.get(key, ())
