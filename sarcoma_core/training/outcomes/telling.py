"""What a training of outcomes says while it runs: a line on standard error now and then."""

import sys
from time import monotonic
from typing import Final

from sarcoma_core.training.checkpoint import EpochRow
from sarcoma_core.training.running import Told

EVERY: Final = 5
"""Epochs."""


class OutcomesOnScreen(Told):
    """Tells where a training stands.

    Args:
        name: of the network.
    """

    def __init__(self, name: str) -> None:
        self._name, self._started, self._epochs = name, monotonic(), 0

    def epoch(self, row: EpochRow, of: int) -> None:
        """An epoch is done."""
        self._epochs += 1
        if row.epoch % EVERY and row.epoch != of:
            return
        seconds = (monotonic() - self._started) / self._epochs
        judged = "" if row.judged is None else f", of those who judge {row.judged:.4f}"
        stands = f"epoch {row.epoch} of {of}, loss {row.loss:.4f}{judged}"
        sys.stderr.write(f"{self._name}: {stands}, {seconds:.2g} s an epoch\n")


def told_on_screen(number: int) -> Told:
    """Whom to tell of a network.

    Args:
        number: from 0.
    """
    return OutcomesOnScreen(f"network {number + 1}")
