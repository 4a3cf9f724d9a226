"""z-score normalisation of MR intensities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import SeriesRefused


@dataclass(frozen=True)
class Facts:
    region: str
    mean: float
    sd: float
    mask_voxels: int
    clip_low: float
    clip_high: float


@dataclass(frozen=True)
class Normalised:
    values: NDArray[np.float32]
    facts: Facts


def z_score(volume, mask, *, percentiles=(0.5, 99.5), region="body") -> Normalised:
    inside = mask if region == "body" else np.ones_like(mask)
    low, high = np.percentile(volume[inside], percentiles)
    clipped = np.clip(volume, low, high).astype(np.float64)
    mean, sd = clipped[inside].mean(), clipped[inside].std()
    if sd == 0:
        raise SeriesRefused("constant")
    return Normalised(((clipped - mean) / sd).astype(np.float32), Facts(region, float(mean), float(sd), int(inside.sum()), float(low), float(high)))
