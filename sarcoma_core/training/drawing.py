"""What is drawn by chance in a training: a function of seed, epoch and name, so no generator has a state."""

import hashlib
from collections.abc import Sequence


def number_of(seed: int, epoch: int, name: str) -> int:
    """A number for all that is drawn of a case in an epoch."""
    digest = hashlib.sha256(f"{seed}\t{epoch}\t{name}".encode()).digest()
    return int.from_bytes(digest[:8])


def order_of(names: Sequence[str], seed: int, epoch: int) -> list[int]:
    """The order in which an epoch shows the cases: that of their numbers, whatever order they are told in."""
    return sorted(range(len(names)), key=lambda place: (number_of(seed, epoch, names[place]), names[place]))
