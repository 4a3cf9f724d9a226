"""What a training says while it runs: a line on standard error whenever the fold that judges was asked."""

import sys
from collections.abc import Callable
from time import monotonic

from sarcoma_core.training.checkpoint import EpochRow
from sarcoma_core.training.running import Told


class ToldOnScreen(Told):
    """Tells where a training stands.

    Args:
        name: of the member and the network.
    """

    def __init__(self, name: str) -> None:
        self._name, self._started, self._epochs = name, monotonic(), 0

    def epoch(self, row: EpochRow, of: int) -> None:
        """An epoch is done."""
        self._epochs += 1
        if row.judged is None:
            return
        seconds = (monotonic() - self._started) / self._epochs
        stands = f"epoch {row.epoch} of {of}, loss {row.loss:.4f}, Dice {row.judged:.3f} on the native grid"
        sys.stderr.write(f"{self._name}: {stands}, {seconds:.2g} s an epoch\n")


def told_on_screen(member: str) -> Callable[[int], Told]:
    """Whom to tell of each network of a member.

    Args:
        member: its name.
    """
    return lambda number: ToldOnScreen(f"{member}, network {number + 1}")
