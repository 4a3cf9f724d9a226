"""A gate that doubts: what a person has to look at before a mask of a network is used, in sentences.

Nothing is refused by it. Each doubt has a rule with a number, and says what was found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import SimpleITK as sitk

from sarcoma_core.imaging.grid import box_of
from sarcoma_core.imaging.volume import Floats, Mask, Spacing
from sarcoma_core.models.segmentation_task import PERCENTILES, SegmentationTask
from sarcoma_core.segmentation.inference.components import KeptMask

MOST_PIECES: Final = 3
LEAST_LARGEST: Final = 0.9
"""Of the volume must be in the largest piece."""
LARGER, SMALLER = 1.5, 2.0
"""So many times the largest reference of the training, or smaller than the smallest by so much."""
LEAST_DICE: Final = 0.7
"""Of the masks of two members."""
SPACING_FACTOR: Final = 1.25
"""So far a spacing may lie outside of those of the training."""
MOST_DEVIATIONS: Final = 4.0
"""So far an intensity may lie from the mean of the training's patients."""
LEAST_DEVIATION: Final = 0.1
"""Of a z-score: patients of one scanner are more alike than is fair to ask."""
MOST_VARIANCE: Final = 0.03
"""Mean over the neighbourhood of the surface; 0.25 is a coin."""
NEAR_MM: Final = 10.0
"""How far that neighbourhood reaches."""


@dataclass(frozen=True, slots=True, eq=False)
class FoundRegion:
    """What a member has found of its first region.

    Args:
        kept: the mask and its pieces.
        volume_ml: of the mask.
        uncertainty: mean variance at its surface, 0 to 0.25.
        along: native spacing along the axes of the model grid, mm.
        percentiles: of each sequence, of what is not air.
    """

    kept: KeptMask
    volume_ml: float
    uncertainty: float
    along: tuple[float, float, float]
    percentiles: Mapping[str, Sequence[float]]


def doubts(
    task: SegmentationTask, found: FoundRegion, others: Mapping[str, float], *, synthetic: bool
) -> tuple[str, ...]:
    """What a person has to look at; none where nothing is odd.

    Args:
        task: of the member.
        found: by it.
        others: Dice of its mask with those of other members, by their names.
        synthetic: whether the model has seen synthetic patients only.
    """
    told = ["the model has seen synthetic patients only: its masks are not for patients"] if synthetic else []
    region = task.regions[0]
    if not found.kept.pieces:
        told.append(f"no {region} was found")
    else:
        told += _of_mask(task, found)
    told += [
        f"{member} disagrees: Dice {dice:.2f}, less than {LEAST_DICE:g}"
        for member, dice in others.items()
        if dice < LEAST_DICE
    ]
    return (*told, *_of_image(task, found))


def mean_variance(mask: Mask, variance: Floats, spacing: Spacing) -> float:
    """How uncertain the neighbourhood of a mask's surface is: mean variance, 0 to 0.25; 0 without a mask.

    Args:
        mask: shape (x, y, z).
        variance: of the probability, of the same shape.
        spacing: mm.
    """
    if not mask.any():
        return 0.0
    reach = [int(np.ceil(NEAR_MM / step)) + 1 for step in spacing]
    box = tuple(
        slice(max(0, side.start - more), side.stop + more)
        for side, more in zip(box_of(mask), reach, strict=True)
    )
    image = sitk.GetImageFromArray(np.ascontiguousarray(mask[box].T).astype(np.uint8))
    image.SetSpacing([float(step) for step in spacing])
    far = sitk.SignedMaurerDistanceMap(image, squaredDistance=False, useImageSpacing=True)
    near = np.abs(sitk.GetArrayFromImage(far).T) <= NEAR_MM
    return float(variance[box][near].mean())


def _of_mask(task: SegmentationTask, found: FoundRegion) -> list[str]:
    told, region = [], task.regions[0]
    pieces = found.kept.pieces
    if len(pieces) > MOST_PIECES or pieces[0] < LEAST_LARGEST * sum(pieces):
        part = f"{pieces[0] / sum(pieces):.0%} of the volume"
        told.append(f"{region} is in {len(pieces)} pieces, the largest with {part}")
    least, most = task.seen.volume_ml[region]
    if found.volume_ml > LARGER * most or found.volume_ml < least / SMALLER:
        told.append(
            f"{found.volume_ml:.4g} ml of {region}; the training has seen {least:.4g} to {most:.4g} ml"
        )
    if touches_border(found.kept.mask):
        told.append(f"{region} touches the border of the image: it may be cut off")
    if found.uncertainty > MOST_VARIANCE:
        told.append(
            f"the views of the image disagree at the surface: variance {found.uncertainty:.3f}, more than "
            f"{MOST_VARIANCE:g}"
        )
    return told


def touches_border(mask: Mask) -> bool:
    """Whether a mask reaches a face of the image."""
    sides = (np.moveaxis(mask, axis, 0) for axis in range(3))
    return any(bool(side[0].any() or side[-1].any()) for side in sides)


def _of_image(task: SegmentationTask, found: FoundRegion) -> list[str]:
    told = []
    ranges = list(zip(found.along, task.seen.spacing_mm, strict=True))
    if any(not low / SPACING_FACTOR <= step <= high * SPACING_FACTOR for step, (low, high) in ranges):
        have = " x ".join(f"{step:.3g}" for step, _ in ranges)
        seen = " x ".join(f"{low:.3g}-{high:.3g}" for _, (low, high) in ranges)
        told.append(f"voxels of {have} mm; the training has seen {seen} mm")
    for sequence, values in found.percentiles.items():
        far = [
            (percent, value, mean)
            for percent, value, (mean, sd) in zip(
                PERCENTILES, values, task.seen.intensity[sequence], strict=True
            )
            if abs(value - mean) > MOST_DEVIATIONS * max(sd, LEAST_DEVIATION)
        ]
        if far:
            percent, value, mean = max(far, key=lambda one: abs(one[1] - one[2]))
            told.append(
                f"{sequence} has other intensities than the training has seen: percentile {percent} is "
                f"{value:.2f}, there {mean:.2f} on average"
            )
    return told
