"""Heads whose losses change by what a test wants."""

from collections.abc import Mapping
from typing import Final

from sarcoma_core.training.gradient_blending import BlendRules, HeadLosses

HEADS: Final = ("image", "clinical", "joint")
DEFAULT: Final = BlendRules()
PLAIN: Final = BlendRules.plain()
CHANGE: Final = {"image": (0.15, 0.15), "clinical": (0.4, 0.1), "joint": (0.05, 0.15)}
"""Of each head dO and dG."""


def started(change: Mapping[str, tuple[float, float]], train: float = 1, validation: float = 2) -> HeadLosses:
    """All heads have the same losses at first."""
    return HeadLosses(dict.fromkeys(change, float(train)), dict.fromkeys(change, float(validation)))


def changed(change: Mapping[str, tuple[float, float]], train: float = 1, validation: float = 2) -> HeadLosses:
    """Losses afterwards: O = V - T grew by dO, and V fell by dG."""
    return HeadLosses(
        {head: train - gained - overfitted for head, (overfitted, gained) in change.items()},
        {head: validation - gained for head, (_, gained) in change.items()},
    )
