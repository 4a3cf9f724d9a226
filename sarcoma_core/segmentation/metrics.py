"""How well two masks agree: overlap, surface distances and volume, by definitions that have a name.

Which definition of the 95th percentile counts is told by its name (`definitions`). Empty masks have rules of
their own, so that no case drops out of a mean: see `MaskScores`.

Source: Maier-Hein et al., Nature Methods 2024 (Metrics Reloaded); MONAI issue 9095 (empty masks).
"""

import math
from dataclasses import dataclass

import numpy as np

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.volume import Mask, Spacing
from sarcoma_core.segmentation.definitions import DEFINITIONS, TOLERANCE_MM, Definition
from sarcoma_core.segmentation.surfaces import (
    Lengths,
    SurfaceDistances,
    crop,
    element_distances,
    voxel_distances,
)

_AXES = 3
_PERCENT = 95
_ROUNDING = 1e-6
"""Distances come in single precision: one that equals the tolerance counts as within it."""
_MM3_PER_ML = 1000.0


@dataclass(frozen=True, slots=True)
class MaskScores:
    """How well a mask agrees with the reference.

    Both empty: overlaps are 1, distances 0. One empty: overlaps are 0, distances the diagonal of the image,
    and `failed` is set.

    Args:
        dice: 2 TP / (2 TP + FP + FN).
        f2: 5 TP / (5 TP + 4 FN + FP); what the reference has and the other lacks weighs more.
        assd_mm: average symmetric surface distance.
        hd95_mm: 95th percentile of surface distances, by the definition.
        hd_mm: the largest surface distance (Hausdorff).
        surface_dice: the part of both surfaces that lies within the tolerance of the other.
        reference_ml: volume of the reference.
        other_ml: volume of the other.
        volume_error_ml: by how much the other is larger.
        volume_error: the same as a part of the reference; None where that alone is empty.
        failed: whether one of both, and not the other, is empty.
        definition: of surfaces, percentile and average.
        tolerance_mm: of the surface Dice.
    """

    dice: float
    f2: float
    assd_mm: float
    hd95_mm: float
    hd_mm: float
    surface_dice: float
    reference_ml: float
    other_ml: float
    volume_error_ml: float
    volume_error: float | None
    failed: bool
    definition: Definition
    tolerance_mm: float


@dataclass(frozen=True, slots=True)
class _Overlap:
    """Voxels of both, of the reference alone and of the other alone."""

    both: int
    missed: int
    extra: int

    def ratio(self, both: int, missed: int, extra: int) -> float:
        """Of weighted counts; 1 where both masks are empty."""
        whole = both * self.both + missed * self.missed + extra * self.extra
        return both * self.both / whole if whole else 1.0


def compare(
    reference: Mask,
    other: Mask,
    spacing: Spacing,
    *,
    definition: Definition = "directed",
    tolerance_mm: float = TOLERANCE_MM,
) -> MaskScores:
    """All scores of a mask against the reference, on one grid whose axes are at right angles.

    Args:
        reference: what is true, or the version before; booleans, shape (x, y, z).
        other: what is judged; booleans, of the same shape.
        spacing: of the voxels, mm.
        definition: of surfaces, percentile and average; see `definitions`.
        tolerance_mm: of the surface Dice.

    Raises:
        InputError: the masks are no booleans or not of one shape in 3D, or a spacing, the definition or the
            tolerance breaks its rule.
    """
    _check_masks(reference, other)
    _check_settings(spacing, definition, tolerance_mm)
    first, second = crop(reference, other)
    overlap = _overlap(first, second)
    voxel_ml = math.prod(spacing) / _MM3_PER_ML
    volumes = [voxel_ml * (overlap.both + alone) for alone in (overlap.missed, overlap.extra)]
    empty = [not mask.any() for mask in (first, second)]
    if any(empty):
        far = 0.0 if all(empty) else math.hypot(*np.multiply(reference.shape, spacing))
        assd_mm, hd95_mm, hd_mm, near = far, far, far, float(all(empty))
    else:
        measure = element_distances if definition == "area-weighted" else voxel_distances
        found = measure(first, second, spacing)
        assd_mm, hd95_mm = _average(found, definition), _percentile(found, definition)
        hd_mm, near = _largest(found), _within(found, tolerance_mm)
    change = volumes[1] - volumes[0]
    return MaskScores(
        dice=overlap.ratio(2, 1, 1),
        f2=overlap.ratio(5, 4, 1),
        assd_mm=assd_mm,
        hd95_mm=hd95_mm,
        hd_mm=hd_mm,
        surface_dice=near,
        reference_ml=volumes[0],
        other_ml=volumes[1],
        volume_error_ml=change,
        volume_error=change / volumes[0] if volumes[0] else (None if change else 0.0),
        failed=empty[0] != empty[1],
        definition=definition,
        tolerance_mm=float(tolerance_mm),
    )


def dice(reference: Mask, other: Mask) -> float:
    """Dice coefficient, 0 to 1; 1 where both masks are empty.

    Args:
        reference: booleans, shape (x, y, z).
        other: booleans, of the same shape.

    Raises:
        InputError: the masks are no booleans, or not of one shape in 3D.
    """
    _check_masks(reference, other)
    return _overlap(reference, other).ratio(2, 1, 1)


def f2(reference: Mask, other: Mask) -> float:
    """F-score with recall twice as important as precision, 0 to 1; 1 where both masks are empty.

    Args:
        reference: what is true; booleans, shape (x, y, z).
        other: what is judged; booleans, of the same shape.

    Raises:
        InputError: the masks are no booleans, or not of one shape in 3D.
    """
    _check_masks(reference, other)
    return _overlap(reference, other).ratio(5, 4, 1)


def assd(reference: Mask, other: Mask, spacing: Spacing, *, definition: Definition = "directed") -> float:
    """Average symmetric surface distance, mm; see `compare`.

    Raises:
        InputError: as `compare`.
    """
    return compare(reference, other, spacing, definition=definition).assd_mm


def hd95(reference: Mask, other: Mask, spacing: Spacing, *, definition: Definition = "directed") -> float:
    """95th percentile of the surface distances, mm; see `compare`.

    Raises:
        InputError: as `compare`.
    """
    return compare(reference, other, spacing, definition=definition).hd95_mm


def hd(reference: Mask, other: Mask, spacing: Spacing, *, definition: Definition = "directed") -> float:
    """The largest surface distance (Hausdorff), mm; see `compare`.

    Raises:
        InputError: as `compare`.
    """
    return compare(reference, other, spacing, definition=definition).hd_mm


def surface_dice(
    reference: Mask,
    other: Mask,
    spacing: Spacing,
    *,
    tolerance_mm: float = TOLERANCE_MM,
    definition: Definition = "directed",
) -> float:
    """The part of both surfaces within a tolerance of the other, 0 to 1; see `compare`.

    Also known as normalised surface distance (NSD).

    Raises:
        InputError: as `compare`.
    """
    return compare(reference, other, spacing, definition=definition, tolerance_mm=tolerance_mm).surface_dice


def volume_ml(mask: Mask, spacing: Spacing) -> float:
    """Volume of a mask, ml: its voxels times the volume of one.

    Args:
        mask: booleans.
        spacing: of the voxels, mm.
    """
    return int(np.count_nonzero(mask)) * math.prod(spacing) / _MM3_PER_ML


def _overlap(reference: Mask, other: Mask) -> _Overlap:
    both, one, two = (int(np.count_nonzero(mask)) for mask in (reference & other, reference, other))
    return _Overlap(both, one - both, two - both)


def _largest(found: SurfaceDistances) -> float:
    return float(max(found.from_reference.max(), found.from_other.max()))


def _average(found: SurfaceDistances, definition: Definition) -> float:
    """Of all surface voxels; or of the two averages over surface elements, as surface-distance gives them."""
    sums = found.from_reference @ found.reference_weights, found.from_other @ found.other_weights
    weights = found.reference_weights.sum(), found.other_weights.sum()
    if definition == "area-weighted":
        return float((sums[0] / weights[0] + sums[1] / weights[1]) / 2)
    return float(sum(sums) / sum(weights))


def _within(found: SurfaceDistances, tolerance_mm: float) -> float:
    limit = tolerance_mm * (1 + _ROUNDING)
    near = (
        found.reference_weights[found.from_reference <= limit].sum()
        + found.other_weights[found.from_other <= limit].sum()
    )
    return float(near / (found.reference_weights.sum() + found.other_weights.sum()))


def _percentile(found: SurfaceDistances, definition: Definition) -> float:
    if definition == "pooled":
        return float(np.percentile(np.concatenate([found.from_reference, found.from_other]), _PERCENT))
    if definition == "directed":
        return float(max(np.percentile(side, _PERCENT) for side in (found.from_reference, found.from_other)))
    return max(
        _weighted_percentile(found.from_reference, found.reference_weights),
        _weighted_percentile(found.from_other, found.other_weights),
    )


def _weighted_percentile(distances: Lengths, weights: Lengths) -> float:
    """The least distance up to which 95 % of the weight lie."""
    order = np.argsort(distances, kind="stable")
    share = np.cumsum(weights[order])
    place = np.searchsorted(share, share[-1] * _PERCENT / 100 * (1 - _ROUNDING))
    return float(distances[order[place]])


def _check_masks(reference: Mask, other: Mask) -> None:
    for name, mask in (("reference", reference), ("other", other)):
        if mask.dtype != np.bool_:
            raise InputError(
                f"{name}: must be booleans; found {mask.dtype}.",
                hint="Pass `array > 0`, or `array == label`.",
            )
        if mask.ndim != _AXES or not mask.size:
            raise InputError(f"{name}: must hold voxels along 3 axes; found the shape {mask.shape}.")
    if reference.shape != other.shape:
        raise InputError(
            f"other: must have the shape of the reference, {reference.shape}; found {other.shape}.",
            hint="Bring both onto one grid first.",
        )


def _check_settings(spacing: Spacing, definition: str, tolerance_mm: float) -> None:
    if len(spacing) != _AXES or not all(math.isfinite(step) and step > 0 for step in spacing):
        raise InputError(f"spacing: must be 3 lengths over 0 mm; found {tuple(spacing)}.")
    if definition not in DEFINITIONS:
        raise InputError(f"definition: must be one of {', '.join(DEFINITIONS)}; found {definition!r}.")
    if not (math.isfinite(tolerance_mm) and tolerance_mm >= 0):
        raise InputError(f"tolerance_mm: must be 0 mm or more; found {tolerance_mm}.")
