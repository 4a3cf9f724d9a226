"""How a network is to be trained, decided from the cohort before anything is: grid, patch and levels.

Where slices are thick the grid is anisotropic, as an isotropic one would invent most of its voxels; where the
slices of a cohort run in several planes, or are nearly as thin as the plane, it is isotropic.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import ceil, prod
from typing import Any, Final

import numpy as np

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.grid import Shape
from sarcoma_core.imaging.volume import Spacing
from sarcoma_core.models.segmentation_task import SPACINGS, SeenInTraining
from sarcoma_core.training.segmentation.cases import CaseFacts

ANISOTROPIC: Final = 2.0
"""Slices that are further apart than so many times the plane's spacing keep an axis of their own."""
_SMALLEST = 3
"""Voxels along an axis at the deepest level."""
_MOST_LEVELS = 6
_WIDEST = 320
_PLANES = ("sagittal", "coronal", "axial")
_WIDEST_BATCH_VOXELS = 2**22
"""Voxels of a batch at 32 channels that a card of 24 GB holds with the gradients."""


@dataclass(frozen=True)
class PlanSettings:
    """What a user asks for.

    Args:
        patch: most voxels along each axis.
        spacing_mm: of the model grid in the plane; 0 for the cohort's own.
        width: channels of the finest level.
        epochs: each shows every patient once.
        learning_rate: of the first epoch.
        batch: patients at once.
    """

    patch: int = 128
    spacing_mm: float = 0.0
    width: int = 32
    epochs: int = 300
    learning_rate: float = 1e-3
    batch: int = 2


@dataclass(frozen=True)
class SegmentationPlan:
    """How a network is trained.

    Args:
        sequences: role of each channel.
        regions: key of the region of each output.
        spacing: of the model grid, mm.
        slices_last: whether its third axis goes across the slices.
        patch: voxels along each axis.
        widths: channels of each level, the finest first.
        strides: of each level but the finest.
        epochs: each shows every patient once.
        batch: patients at once.
        learning_rate: of the first epoch; it falls to 0 as a cosine does.
        why: how each of these was decided, in sentences.
    """

    sequences: tuple[str, ...]
    regions: tuple[str, ...]
    spacing: Spacing
    slices_last: bool
    patch: Shape
    widths: tuple[int, ...]
    strides: tuple[tuple[int, int, int], ...]
    epochs: int
    batch: int
    learning_rate: float
    why: tuple[str, ...]

    @property
    def tree(self) -> dict[str, Any]:
        """The same as JSON."""
        return asdict(self)

    @property
    def arguments(self) -> dict[str, Any]:
        """Of the network."""
        return {
            "channels": len(self.sequences),
            "classes": len(self.regions),
            "widths": self.widths,
            "strides": self.strides,
            "groups": 8,
        }


def plan_training(
    facts: Sequence[CaseFacts], sequences: Sequence[str], regions: Sequence[str], settings: PlanSettings
) -> SegmentationPlan:
    """Plan a training.

    Args:
        facts: of every case.
        sequences: role of each channel.
        regions: key of the region of each output.
        settings: what a user asks for.

    Raises:
        InputError: there is no case, or the spacing that comes out is beyond what a model may have.
    """
    if not facts:
        raise InputError("cohort: must have a case to plan with; found none.")
    spacing, slices_last, why = _grid(facts, settings)
    if not all(SPACINGS[0] <= step <= SPACINGS[1] for step in spacing):
        raise InputError(
            f"spacing: must be {SPACINGS[0]:g} to {SPACINGS[1]:g} mm along each axis; planned {spacing}."
        )
    extent = np.median([_extent(one, slices_last=slices_last) for one in facts], axis=0)
    voxels = [min(settings.patch, ceil(size / step)) for size, step in zip(extent, spacing, strict=True)]
    strides = _strides(voxels, spacing)
    patch = tuple(
        _multiple(count, prod(axis), settings.patch)
        for count, axis in zip(voxels, zip(*strides, strict=True), strict=True)
    )
    batch, of_batch = _batch(patch, settings)
    return SegmentationPlan(
        sequences=tuple(sequences),
        regions=tuple(regions),
        spacing=spacing,
        slices_last=slices_last,
        patch=(patch[0], patch[1], patch[2]),
        widths=tuple(min(settings.width * 2**level, _WIDEST) for level in range(len(strides) + 1)),
        strides=strides,
        epochs=settings.epochs,
        batch=batch,
        learning_rate=settings.learning_rate,
        why=(
            *why,
            _told_patch(patch, extent.tolist(), settings.patch),
            *of_batch,
        ),
    )


def seen_in(facts: Sequence[CaseFacts], plan: SegmentationPlan) -> SeenInTraining:
    """What a training sees, by which a step tells what lies outside.

    Args:
        facts: of every case.
        plan: of the training.
    """
    along = np.array([_along(one, slices_last=plan.slices_last) for one in facts])
    drawn = {
        region: [one.volume_ml[region] for one in facts if one.volume_ml.get(region, 0) > 0]
        for region in plan.regions
    }
    intensity = {}
    for channel, sequence in enumerate(plan.sequences):
        values = np.array([one.intensity[channel] for one in facts])
        pairs = zip(values.mean(axis=0).tolist(), values.std(axis=0).tolist(), strict=True)
        intensity[sequence] = tuple(pairs)
    return SeenInTraining(
        spacing_mm=tuple((float(axis.min()), float(axis.max())) for axis in along.T),
        intensity=intensity,
        volume_ml={
            region: (min(found), max(found)) if found else (0.0, 0.0) for region, found in drawn.items()
        },
    )


def _grid(facts: Sequence[CaseFacts], settings: PlanSettings) -> tuple[Spacing, bool, tuple[str, ...]]:
    """The spacing, whether the third axis goes across the slices, and why."""
    own = float(np.median([one.in_plane for one in facts]))
    across = float(np.median([one.across for one in facts]))
    plane = max(own, settings.spacing_mm) if settings.spacing_mm else own
    planes = sorted({one.slice_axis for one in facts if one.across > ANISOTROPIC * one.in_plane})
    asked = f", {settings.spacing_mm:g} mm was asked for" if settings.spacing_mm else ""
    told = f"slices are {across:.3g} mm apart and voxels {own:.3g} mm wide in the plane (median){asked}"
    if across > ANISOTROPIC * plane and len(planes) == 1:
        grid = (round(plane, 3), round(plane, 3), round(across, 3))
        return grid, True, (f"{told}: the grid is anisotropic, as the slices are",)
    if len(planes) > 1:
        told += f", and run {' and '.join(_PLANES[axis] for axis in planes)}"
    as_many = float(np.cbrt(plane * plane * across))  # voxels as were acquired
    step = round(plane if settings.spacing_mm else max(plane, as_many), 3)
    return (step, step, step), False, (f"{told}: the grid is isotropic, {step:g} mm",)


def _extent(one: CaseFacts, *, slices_last: bool) -> tuple[float, ...]:
    return _ordered(one.extent, one.slice_axis, slices_last=slices_last)


def _along(one: CaseFacts, *, slices_last: bool) -> tuple[float, ...]:
    return _ordered(one.along, one.slice_axis, slices_last=slices_last)


def _ordered(values: tuple[float, ...], slice_axis: int, *, slices_last: bool) -> tuple[float, ...]:
    """Values along the patient's axes, along those of the model grid."""
    if not slices_last:
        return values
    return (*(value for axis, value in enumerate(values) if axis != slice_axis), values[slice_axis])


def _strides(voxels: Sequence[int], spacing: Spacing) -> tuple[tuple[int, int, int], ...]:
    """Halve each axis while it is long enough and its voxels are no longer than twice the shortest."""
    sizes, steps = list(map(float, voxels)), list(spacing)
    strides: list[tuple[int, int, int]] = []
    while len(strides) < _MOST_LEVELS - 1:
        halved = [
            2 if size / 2 >= _SMALLEST and step < 2 * min(steps) else 1
            for size, step in zip(sizes, steps, strict=True)
        ]
        if max(halved) == 1:
            break
        sizes = [size / by for size, by in zip(sizes, halved, strict=True)]
        steps = [step * by for step, by in zip(steps, halved, strict=True)]
        strides.append((halved[0], halved[1], halved[2]))
    return tuple(strides) or ((1, 1, 1),)


def _multiple(count: int, of: int, most: int) -> int:
    """The least multiple that holds so many voxels, or the largest that is allowed."""
    return max(of, min(ceil(count / of) * of, most // of * of), 8)


def _told_patch(patch: Sequence[int], extent: Sequence[float], most: int) -> str:
    voxels, lengths = " x ".join(map(str, patch)), " x ".join(f"{size:.0f}" for size in extent)
    return f"patches of {voxels} voxels, as the images are {lengths} mm (median) and {most} is the most"


def _batch(patch: Sequence[int], settings: PlanSettings) -> tuple[int, tuple[str, ...]]:
    most = max(1, int(_WIDEST_BATCH_VOXELS * 32 / settings.width / prod(patch)))
    if settings.batch <= most:
        return settings.batch, ()
    return most, (f"batches of {most} where {settings.batch} were asked for, for the memory of a card",)
