"""The grid on which a network sees an image, and the way there and back.

The axes of the image are put in order and turned, never rotated: an oblique series keeps its own directions.
Along each axis the spacing becomes the stated one. A coarser voxel is the mean over what it covers, a finer
one is interpolated linearly; the first keeps volumes, the second puts a boundary between voxel centres.
So a soft mask has the volume of the hard one, and what is thresholded on the native grid lies where it did.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.volume import Floats, Mask, Spacing, Volume

DEFAULT_SHAPE: Final = (128, 128, 128)
"""Voxels of a patch, where nothing else is planned."""

Shape = tuple[int, int, int]
Box = tuple[slice, slice, slice]
_ROUNDING: Final = 1e-6
"""Of a voxel: an extent that is a whole number of voxels but for rounding gets no further one."""


@dataclass(frozen=True, slots=True, eq=False)
class ModelGrid:
    """How the voxels of a network lie in those of an image.

    Args:
        native_shape: voxels of the image.
        native_affine: of the image, voxel to RAS mm.
        order: the axis of the image that each axis of the network runs along.
        flipped: whether it runs the other way.
        start: the place of its first voxel, in voxels of the image along the (flipped) axis.
        step: voxels of the image for one of the network.
        shape: voxels of the network.
    """

    native_shape: Shape
    native_affine: NDArray[np.float64]
    order: tuple[int, int, int]
    flipped: tuple[bool, bool, bool]
    start: tuple[float, float, float]
    step: tuple[float, float, float]
    shape: Shape

    @property
    def affine(self) -> NDArray[np.float64]:
        """Voxel of the network to RAS mm."""
        to_native = np.zeros((4, 4))
        to_native[3, 3] = 1
        for axis, native in enumerate(self.order):
            sign = -1 if self.flipped[axis] else 1
            last = self.native_shape[native] - 1
            to_native[native, axis] = sign * self.step[axis]
            to_native[native, 3] = last - self.start[axis] if self.flipped[axis] else self.start[axis]
        return np.asarray(self.native_affine @ to_native, np.float64)

    @property
    def spacing(self) -> Spacing:
        """Distance of the network's voxel centres, mm."""
        x, y, z = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(x), float(y), float(z)


def model_grid(
    image: Volume, spacing: Spacing, *, slices_last: bool, box: Box | None = None, margin_mm: float = 0.0
) -> ModelGrid:
    """The grid of a network over an image, or over a box of it.

    Args:
        image: of which only shape and affine matter.
        spacing: of the network's voxels, mm.
        slices_last: whether the third axis runs across the slices, which are the axis of the largest spacing;
            else the axes are those of the patient: right, anterior, superior, as near as they are.
        box: the voxels of the image that are to be covered; None for all.
        margin_mm: around the box, as far as the image reaches.

    Raises:
        InputError: the image has no three axes, or a spacing is not above 0.
    """
    if not all(np.isfinite(step) and step > 0 for step in (*spacing, *image.spacing)):
        raise InputError(f"spacing: must be above 0 mm; found {spacing} for {image.spacing}.")
    order, flipped = _turned(image, slices_last=slices_last)
    starts, steps, shape = [], [], []
    for axis, native in enumerate(order):
        step = spacing[axis] / image.spacing[native]
        low, high = _reach(image, box, native, margin_mm, flipped=flipped[axis])
        count = max(1, ceil((high - low) / step - _ROUNDING))
        steps.append(step)
        shape.append(count)
        starts.append((low + high) / 2 - 0.5 - step * (count - 1) / 2)
    return ModelGrid(
        (image.array.shape[0], image.array.shape[1], image.array.shape[2]),
        image.affine,
        order,
        flipped,
        (starts[0], starts[1], starts[2]),
        (steps[0], steps[1], steps[2]),
        (shape[0], shape[1], shape[2]),
    )


def to_model(array: NDArray[np.generic], grid: ModelGrid, *, fill: float = 0.0) -> Floats:
    """An image on the network's grid; of a mask the part of each voxel that it covers.

    Args:
        array: of the image's shape; booleans count as 0 and 1.
        grid: of the network.
        fill: the value outside of the image.
    """
    values = np.transpose(array, grid.order)
    values = np.flip(values, _flips(grid)).astype(np.float32)
    for axis in range(3):
        weights = _weights(values.shape[axis], grid.shape[axis], grid.start[axis], grid.step[axis])
        values = _along(values, weights, axis, fill)
    return values


def to_native(array: Floats, grid: ModelGrid, *, fill: float = 0.0) -> Floats:
    """What a network has found, on the grid of the image.

    Args:
        array: of the network's shape.
        grid: of the network.
        fill: the value where the network has not looked.
    """
    values = array.astype(np.float32, copy=False)
    for axis in range(3):
        count = grid.native_shape[grid.order[axis]]
        step = 1 / grid.step[axis]
        weights = _weights(values.shape[axis], count, -grid.start[axis] * step, step)
        values = _along(values, weights, axis, fill)
    values = np.flip(values, _flips(grid))
    return np.ascontiguousarray(np.transpose(values, np.argsort(grid.order)))


def padded(array: Floats, shape: Sequence[int], *, fill: float) -> tuple[Floats, Box]:
    """An image in the middle of one that is as large as asked for, or larger; nothing is stretched or cut.

    Args:
        array: the last three axes are those of the image.
        shape: least voxels along each of them.
        fill: the value around.

    Returns:
        The larger image, and where the smaller lies in it.
    """
    whole = [max(wanted, have) for wanted, have in zip(shape, array.shape[-3:], strict=True)]
    inside = middle(whole, array.shape[-3:])
    larger = np.full((*array.shape[:-3], *whole), fill, array.dtype)
    larger[(..., *inside)] = array
    return larger, inside


def middle(whole: Sequence[int], part: Sequence[int]) -> Box:
    """Where an image lies in one that it was padded to.

    Args:
        whole: voxels of the larger.
        part: voxels of the smaller.
    """
    starts = [(have - want) // 2 for have, want in zip(whole, part, strict=True)]
    x, y, z = (slice(start, start + want) for start, want in zip(starts, part, strict=True))
    return x, y, z


def box_of(mask: Mask) -> Box:
    """The box around a mask.

    Raises:
        InputError: the mask is empty.
    """
    if not mask.any():
        raise InputError("mask: must hold at least one voxel; it is empty.")
    sides = []
    for axis in range(3):
        inside = np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis)))
        sides.append(slice(int(inside[0]), int(inside[-1]) + 1))
    return sides[0], sides[1], sides[2]


def _flips(grid: ModelGrid) -> tuple[int, ...]:
    return tuple(axis for axis in range(3) if grid.flipped[axis])


def _turned(image: Volume, *, slices_last: bool) -> tuple[Shape, tuple[bool, bool, bool]]:
    """The image's axis for each axis of the network, and which of them run the other way."""
    towards = nib.io_orientation(image.affine)  # of each axis of the image: nearest of R, A, S, and its sign
    if np.isnan(towards).any():
        raise InputError("volume: must have three axes that differ; its affine has not.")
    order = [int(axis) for axis in np.argsort(towards[:, 0])]
    if slices_last:
        across = _across(image.spacing)
        order = [*(axis for axis in order if axis != across), across]
    turned = [bool(towards[axis, 1] < 0) for axis in order]
    return (order[0], order[1], order[2]), (turned[0], turned[1], turned[2])


def _across(spacing: Spacing) -> int:
    """The axis across the slices: that of the largest spacing; the last where several are as large."""
    widest = max(spacing)
    return max(axis for axis in range(3) if spacing[axis] >= widest * (1 - _ALIKE))


_ALIKE: Final = 1e-3
"""Of a spacing: isotropic images have three that differ in the last digits."""


def _reach(
    image: Volume, box: Box | None, native: int, margin_mm: float, *, flipped: bool
) -> tuple[float, float]:
    """Where the faces of the box lie along a (flipped) axis, in voxels from the image's own face."""
    count = image.array.shape[native]
    if box is None:
        return 0.0, float(count)
    margin = margin_mm / image.spacing[native]
    low, high = max(0.0, box[native].start - margin), min(float(count), box[native].stop + margin)
    return (count - high, count - low) if flipped else (low, high)


def _weights(have: int, want: int, start: float, step: float) -> Floats:
    """What each of `have` voxels counts in each of `want`, shape (want, have).

    Args:
        have: voxels that there are.
        want: voxels that there are to be.
        start: the place of the first of these, in voxels of those.
        step: from one to the next.
    """
    places = start + step * np.arange(want)[:, None]
    voxels = np.arange(have)[None, :]
    if step >= 1:
        low = np.maximum(places - step / 2, voxels - 0.5)
        high = np.minimum(places + step / 2, voxels + 0.5)
        return np.asarray(np.maximum(high - low, 0) / step, np.float32)
    inside = (places >= -0.5 - _ROUNDING) & (places <= have - 0.5 + _ROUNDING)
    hat = np.maximum(1 - np.abs(np.clip(places, 0, have - 1) - voxels), 0)
    return np.asarray(np.where(inside, hat, 0), np.float32)


def _along(values: Floats, weights: Floats, axis: int, fill: float) -> Floats:
    moved = np.moveaxis(np.tensordot(weights, values, axes=(1, axis)), 0, axis)
    lacking = 1 - weights.sum(axis=1, dtype=np.float64)
    if fill and np.abs(lacking).max() > _ROUNDING:
        shape = [1, 1, 1]
        shape[axis] = -1
        moved = moved + np.asarray(fill * lacking, np.float32).reshape(shape)
    return np.asarray(moved, np.float32)
