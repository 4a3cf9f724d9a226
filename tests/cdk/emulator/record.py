"""What the emulator was asked for: types that it made; functions and boots, of which it only took note."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.cdk.emulator.kinds import Order

_NOTES: dict[str, Any] = {"made": {}, "functions": [], "boots": []}


def note(stack: str, verb: str, orders: Sequence[Order]) -> None:
    """A stack is done."""
    _NOTES["made"][stack] = {"verb": verb, "types": dict(Counter(order.kind for order in orders))}


def note_function(order: Order) -> None:
    """A Lambda function, which nothing runs."""
    _NOTES["functions"].append({"name": order.logical_id, "properties": dict(order.properties)})


def note_boot(handle: str, outcome: str) -> None:
    """A boot that was waited for."""
    _NOTES["boots"].append({"handle": handle, "outcome": outcome})


def notes() -> dict[str, Any]:
    """All of it."""
    return _NOTES
