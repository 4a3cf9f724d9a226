"""What every training has: when it stops, whom it tells, and equal numbers for equal work."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

import torch

from sarcoma_core.training.checkpoint import EpochRow


class Told:
    """What a training tells of itself while it runs; the base tells nobody."""

    def epoch(self, row: EpochRow, of: int) -> None:
        """An epoch is done."""


@dataclass(frozen=True)
class Deadline:
    """When a training has to stop, done or not.

    Args:
        at: seconds of the monotonic clock; None for never.
    """

    at: float | None = None

    def is_near(self, epoch_seconds: float) -> bool:
        """Whether a further epoch would not end before it."""
        return self.at is not None and monotonic() + epoch_seconds > self.at


class EpochPace:
    """How long epochs take.

    Attributes:
        slowest: seconds of the slowest so far; 0 before the first.
    """

    def __init__(self) -> None:
        self.slowest = 0.0

    @contextmanager
    def epoch(self) -> Iterator[None]:
        """Take the time of an epoch."""
        started = monotonic()
        yield
        self.slowest = max(self.slowest, monotonic() - started)


@contextmanager
def deterministic(device: torch.device) -> Iterator[None]:
    """On the CPU only what gives the same numbers again; afterwards as the process had it.

    Args:
        device: where is computed.
    """
    before = torch.are_deterministic_algorithms_enabled()
    fills = torch.utils.deterministic.fill_uninitialized_memory
    warns = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(mode=device.type == "cpu")
    torch.utils.deterministic.fill_uninitialized_memory = False  # nobody reads it; a tenth of a step
    try:
        yield
    finally:
        torch.utils.deterministic.fill_uninitialized_memory = fills
        torch.use_deterministic_algorithms(before, warn_only=warns)
