"""Compare what the converter wrote with what the independent reader sees, voxel by voxel, on one grid."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sarcoma_core.dicom.geometry import Floats, place_tolerance
from sarcoma_core.dicom.nifti import NiftiImage, StoredVolume
from sarcoma_core.errors import SeriesRefused

Voxels = npt.NDArray[Any]

SLICE = 2
"""The slice axis of a promised grid."""

PLACEMENT_TOLERANCE_MM = 0.005
"""How far a corner of the delivered grid may lie from its place by the headers: float32's rounding of an
affine at a metre from the origin is 0.0001 mm, and 500 voxels away ten times that."""

FLOAT32_ROUNDINGS = 4
"""Roundings to float32 behind a rescaled value in NIfTI: slope, intercept, product and sum."""


@dataclass(frozen=True)
class Promise:
    """The grid that the headers promise, axes (column, row, slice).

    Args:
        shape: columns, rows, slices.
        affine: voxel to RAS, mm, shape (4, 4).
    """

    shape: tuple[int, int, int]
    affine: Floats


@dataclass(frozen=True)
class Turn:
    """How the axes of a written grid lie in the promised one.

    Args:
        axes: the promised axis (0 column, 1 row, 2 slice) that each written axis runs along.
        backwards: which written axes run against it.
        affine: of the written voxels by the headers, voxel to RAS, mm, shape (4, 4).
        shift: greatest distance of a corner of the written grid, as its file has it, from that, mm.
    """

    axes: npt.NDArray[np.intp]
    backwards: npt.NDArray[np.bool_]
    affine: Floats
    shift: float


def find_turn(image: NiftiImage, promise: Promise) -> Turn:
    """Find how a written grid was turned; converters flip and swap axes as they like.

    dcm2niix takes the spacing from the first two slices. Where positions were printed with one decimal that
    is up to 0.1 mm off, 15 mm over 300 slices; so a slice of one end has to be in its place, and the step
    from slice to slice has to be right, both within what rounding does.

    Raises:
        SeriesRefused: the image is of another size, orientation or spacing, or lies elsewhere.
    """
    axes, backwards = _axes(np.linalg.inv(promise.affine) @ image.affine)
    here = image.shape
    if here != tuple(promise.shape[axis] for axis in axes):
        raise SeriesRefused(f"the written image has {here} voxels; the headers tell of {promise.shape}")
    step = np.eye(4)
    step[:3, :3] = np.eye(3)[:, axes] * np.where(backwards, -1, 1)
    step[axes[backwards], 3] = np.array(here)[backwards] - 1
    affine = promise.affine @ step
    shifts = _corner_shifts(image.affine, affine, here)
    across = int(np.flatnonzero(axes == SLICE)[0])
    ends = np.moveaxis(shifts, across, 0).reshape(2, -1).max(axis=1)
    stretch = float(np.linalg.norm((image.affine - affine)[:3, across]))
    tolerance = 2 * place_tolerance(float(np.linalg.norm(promise.affine[:3, SLICE])))
    if ends.min() > tolerance or stretch > tolerance:
        raise SeriesRefused(f"the written grid lies up to {ends.max():.2f} mm from its place by the headers")
    return Turn(axes, backwards, affine, float(ends.max()))


def turn_back(image: NiftiImage, turn: Turn) -> list[StoredVolume]:
    """The volumes of a written image as the headers have them."""
    stacked = image.stored.reshape(*image.shape, -1)
    order = np.argsort(turn.axes)[::-1]
    flipped = np.flip(stacked, axis=tuple(np.flatnonzero(turn.backwards).tolist()))
    volumes = (flipped[..., i].transpose(order) for i in range(flipped.shape[3]))
    return [StoredVolume(stored, image.slope, image.intercept) for stored in volumes]


def require_place(delivered: Floats, turn: Turn, shape: Sequence[int]) -> float:
    """Require that a delivered grid is where the headers have it.

    Args:
        delivered: the affine read back from the file.
        turn: how its axes lie.
        shape: its voxels along its axes.

    Returns:
        The greatest distance of a corner from its place, mm.

    Raises:
        SeriesRefused: it lies elsewhere.
    """
    shift = float(_corner_shifts(delivered, turn.affine, shape).max())
    if shift > PLACEMENT_TOLERANCE_MM:
        raise SeriesRefused(f"the delivered grid lies up to {shift:.3f} mm from its place by the headers")
    return shift


def _axes(step: Floats) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """Which promised axis each written axis runs along, and whether it runs backwards."""
    turn = np.rint(step[:3, :3])
    used = np.abs(turn)
    if not (np.all(used.sum(axis=0) == 1) and np.all(used.sum(axis=1) == 1)):
        raise SeriesRefused("the written grid has another orientation or spacing than the headers")
    axes = used.argmax(axis=0)
    return axes, turn.sum(axis=0) < 0


def _corner_shifts(one: Floats, other: Floats, shape: Sequence[int]) -> Floats:
    """Distance between the corners of two grids, mm, shape (2, 2, 2)."""
    corners = np.stack(np.meshgrid(*[(0, n - 1) for n in shape], [1], indexing="ij"))[..., 0]
    moved = np.tensordot((one - other)[:3], corners, axes=1)
    shifts: Floats = np.linalg.norm(moved, axis=0)
    return shifts


def match_volumes(written: Sequence[StoredVolume], expected: Iterable[Voxels], *, intercept: float) -> float:
    """Require that written and expected volumes are the same, one for one, in whichever order.

    Args:
        written: volumes of the converter.
        expected: volumes of the independent reader, as many, shape (slices, rows, columns) each; consumed one
            at a time.
        intercept: the largest RescaleIntercept, for the rounding of what was added to it.

    Returns:
        The largest difference between the two: 0 for whole numbers, else within float32's rounding.

    Raises:
        SeriesRefused: a volume differs in a voxel.
    """
    left = list(written)
    largest = 0.0
    for number, volume in enumerate(expected, start=1):
        for i, candidate in enumerate(left):  # mostly the first one left
            difference = _difference(candidate, volume, intercept)
            if difference is not None:
                largest = max(largest, difference)
                del left[i]
                break
        else:
            raise SeriesRefused(
                "voxels differ between dcm2niix and the independent reader, "
                f"in volume {number} of {len(written)}"
            )
    return largest


def _difference(written: StoredVolume, expected: Voxels, intercept: float) -> float | None:
    """The largest difference, or None when the two are not equal.

    Whole numbers have to be the same. What was rescaled to fractions may differ by float32's rounding,
    relative to the value and to the intercept that was added to it.
    """
    whole = expected.dtype.kind in "iu"
    middle = len(expected) // 2  # tells most different volumes apart
    largest = 0.0
    for index in (middle, *range(len(expected))):
        theirs = expected[index].astype(np.float64)
        difference = np.abs(written.plane(index) - theirs)
        if not np.all(difference <= _tolerance(theirs, intercept, whole=whole)):
            return None
        largest = max(largest, float(difference.max()))
    return largest


def _tolerance(values: Floats, intercept: float, *, whole: bool) -> Floats:
    half_step = 0.0 if whole else np.finfo(np.float32).eps / 2
    return FLOAT32_ROUNDINGS * half_step * (np.abs(values) + abs(intercept))
