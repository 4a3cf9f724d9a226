"""Models without training: what is brighter than a level of the z-score is tumour, and oedema as well."""

from pathlib import Path
from typing import Any

import numpy as np

from tests.models.made import make_member, make_task, safetensors_bytes

LEVEL = 1.5
"""Of the z-score: tumours of the phantom are brighter, muscle is not."""
_STEEP = 10.0


def bright_weights(level: float = LEVEL, channels: int = 1) -> bytes:
    """Weights of a `PlainConv` of `ARGUMENTS` that hold the first channel against a level."""
    first = np.zeros((8, channels, 3, 3, 3), np.float32)
    last = np.zeros((2, 8, 3, 3, 3), np.float32)
    first[0, 0, 1, 1, 1] = 1.0
    last[:, 0, 1, 1, 1] = _STEEP
    return safetensors_bytes(
        {
            "convolutions.0.weight": first,
            "convolutions.0.bias": np.zeros(8, np.float32),
            "convolutions.1.weight": last,
            "convolutions.1.bias": np.full(2, -_STEEP * level, np.float32),
        }
    )


def bright_set(folder: Path, *members: str, level: float = LEVEL, **changes: Any) -> Path:
    """A set of them, on a grid so coarse that one window is enough."""
    for name in members or ("T1CE", "T2FS"):
        sequences = name.split("_")
        task = make_task(*sequences, spacing=(8.0, 8.0, 8.0), slices_last=False, patch=(32, 32, 32))
        weights = bright_weights(level, len(sequences))
        make_member(folder / name, weights, segmentation=task, **changes)
    return folder
