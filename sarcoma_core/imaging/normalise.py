"""z-score of MR intensities: mean 0 and standard deviation 1 over the body, or over the whole volume."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.imaging.volume import Floats, Mask, check_mask, check_values

Region = Literal["body", "whole"]


@dataclass(frozen=True, slots=True)
class ScoreFacts:
    """What a z-score was made with, for the receipt; with it the scores can be turned back.

    Args:
        region: `body`, the mask, or `whole`, every voxel.
        mean: of the clipped values in the region.
        sd: standard deviation of the clipped values in the region (population).
        mask_voxels: voxels in the region.
        clip_low: the value at the lower percentile of the region; lower ones were raised to it.
        clip_high: the value at the upper percentile of the region; higher ones were lowered to it.
    """

    region: Region
    mean: float
    sd: float
    mask_voxels: int
    clip_low: float
    clip_high: float


@dataclass(frozen=True, slots=True, eq=False)
class Normalised:
    """A volume of z-scores.

    Args:
        values: scores, shape of the volume. Voxels outside the region follow the same formula, so the map is
            one line everywhere and air stays the lowest.
        facts: how they were made.
    """

    values: Floats
    facts: ScoreFacts


def z_score(
    volume: Floats,
    mask: Mask | None,
    *,
    percentiles: tuple[float, float] = (0.5, 99.5),
    region: Region = "body",
) -> Normalised:
    """Z = (X - mean) / sd, after clipping X at two percentiles; all four are taken in the region.

    Args:
        volume: intensities, shape (x, y, z).
        mask: the body, of the same shape; not looked at for the region `whole`, which needs none.
        percentiles: lower and upper, 0 to 100.
        region: where they are taken.

    Raises:
        UsageError: the percentiles are not in order within 0 to 100; a region `body` without its mask.
        InputError: the volume is not 3D, not finite or constant; the mask is empty or of another shape; the
            region holds one value only after clipping.
    """
    low, high = percentiles
    if not 0 <= low < high <= 100:  # noqa: PLR2004  per cent
        raise UsageError(f"percentiles: must be in order, within 0 to 100; found {low:g} and {high:g}.")
    check_values(volume)
    # Sums of float32 lose digits on large volumes, so statistics are taken in float64.
    inside = _inside(volume, mask, region).astype(np.float64)
    clip_low, clip_high = (float(value) for value in np.percentile(inside, percentiles))
    np.clip(inside, clip_low, clip_high, out=inside)
    mean, sd = float(inside.mean()), float(inside.std())
    if sd == 0:
        raise InputError(f"volume: must not be constant over its {region}; every voxel there has one value.")
    values = np.empty_like(volume, np.float32)
    for k in range(volume.shape[2]):  # a slice in float64 stays in the processor's cache, a volume does not
        values[..., k] = (np.clip(volume[..., k].astype(np.float64), clip_low, clip_high) - mean) / sd
    facts = ScoreFacts(region, mean, sd, inside.size, clip_low, clip_high)
    return Normalised(values, facts)


def _inside(volume: Floats, mask: Mask | None, region: Region) -> Floats:
    """The values of the region, shape (voxels,)."""
    if region == "whole":
        return volume.ravel()
    if mask is None:
        raise UsageError("mask: must be given for the region body; found none.")
    check_mask(mask, volume.shape)
    return volume[mask]
