"""The grid that the frames of a segment lie on of themselves, where it is not that of the image."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.dicom.geometry import (
    ANGLE_TOLERANCE,
    PLACE_TOLERANCE_MM,
    affine,
    orientation_groups,
    slice_normal,
)
from sarcoma_core.dicom.seg.frames import SegFrame
from sarcoma_core.dicom.seg.placing import SegPiece
from sarcoma_core.errors import SeriesRefused
from sarcoma_core.imaging.resampling import lps
from sarcoma_core.imaging.slice_views import OFF_VOXELS, ImagePlane
from sarcoma_core.imaging.volume import Mask, Volume

LARGEST_GRID = 2**28
"""Voxels of a grid that is made to resample from: 512 x 512 x 1024; as numbers 1 GB."""
_SAME_SPACING = 1e-3
"""Of PixelSpacing: what a header rounds stays well below it."""


class StackedMask(NamedTuple):
    """A segment on its own grid.

    Args:
        mask: shape (x, y, z), with an empty voxel on each side, so that its boundary can be interpolated.
        affine: voxel to RAS, mm, shape (4, 4).
    """

    mask: Mask
    affine: NDArray[np.float64]


def frame_gap(planes: Iterable[ImagePlane]) -> float | None:
    """The distance from slice to slice among frames of one orientation, mm; None where all lie at one place.

    Assumes that the true distance is among the gaps; others are whole multiples of it, where frames without
    the segment are not stored.
    """
    kept = list(planes)
    normal = slice_normal(np.array(kept[0].orientation))
    along = np.sort([float(np.dot(plane.position, normal)) for plane in kept])
    gaps = np.diff(along)
    gaps = gaps[gaps > PLACE_TOLERANCE_MM]
    if not gaps.size:
        return None
    single = float(np.median(gaps[np.rint(gaps / gaps.min()) == 1]))
    return float(gaps.sum() / np.rint(gaps / single).sum())


def stack_pieces(pieces: Sequence[SegPiece], frames: Sequence[SegFrame]) -> StackedMask:
    """Put the pieces of a segment on one grid.

    Args:
        pieces: at least one.
        frames: of the whole object, which tell how far apart its slices are.

    Raises:
        SeriesRefused: the pieces have several orientations or pixel sizes, or do not lie on one grid; or the
            grid would be too large.
    """
    first = pieces[0].plane
    _require_one_orientation([piece.plane for piece in pieces])
    matrix = _own_affine(first, _gap(first, frames))
    starts = _starts(pieces, matrix)
    sizes = np.array([(piece.mask.shape[1], piece.mask.shape[0], 1) for piece in pieces])
    low = starts.min(axis=0) - 1
    shape = (starts + sizes).max(axis=0) + 1 - low
    if float(np.prod(shape.astype(float))) > LARGEST_GRID:
        raise SeriesRefused("its frames span more voxels than can be resampled")
    mask = np.zeros(tuple(shape.tolist()), bool)
    for piece, (x, y, z) in zip(pieces, (starts - low).tolist(), strict=True):
        rows, columns = piece.mask.shape
        mask[x : x + columns, y : y + rows, z] |= piece.mask.T
    matrix[:3, 3] += matrix[:3, :3] @ low
    return StackedMask(mask, matrix)


def count_outside(stacked: StackedMask, grid: Volume) -> tuple[int, int]:
    """How many voxels have their centre outside of a volume, and how many there are."""
    onto = np.linalg.inv(grid.affine) @ stacked.affine
    shape = np.array(grid.array.shape)
    outside = total = 0
    for z in np.flatnonzero(stacked.mask.any(axis=(0, 1))).tolist():
        x, y = np.nonzero(stacked.mask[:, :, z])
        at = np.stack([x, y, np.full(len(x), z)], axis=1) @ onto[:3, :3].T + onto[:3, 3]
        outside += int(np.count_nonzero(((at < -_EDGE) | (at > shape - 1 + _EDGE)).any(axis=1)))
        total += len(x)
    return outside, total


_EDGE = 0.5
"""Of a voxel: how far its side is from its centre."""


def _require_one_orientation(planes: Sequence[ImagePlane]) -> None:
    groups = orientation_groups(np.array([plane.orientation for plane in planes]))
    if groups.max() > 0:
        raise SeriesRefused(
            f"its frames have {groups.max() + 1} orientations, and do not lie on the slices of the image"
        )
    spacings = np.array([plane.spacing for plane in planes])
    if np.abs(spacings / spacings[0] - 1).max() > _SAME_SPACING:
        raise SeriesRefused(
            "its frames have pixels of several sizes, and do not lie on the slices of the image"
        )


def _gap(first: ImagePlane, frames: Sequence[SegFrame]) -> float:
    """From slice to slice: of the frames, or where they lie at one place what they state."""
    alike = [
        frame.plane
        for frame in frames
        if frame.plane
        and np.abs(np.subtract(frame.plane.orientation, first.orientation)).max() <= ANGLE_TOLERANCE
    ]
    gap = frame_gap(alike)
    if gap is None:
        gap = next(
            (frame.spacing or frame.thickness for frame in frames if frame.spacing or frame.thickness), 0
        )
    if not gap:
        raise SeriesRefused(
            "it is one slice without SliceThickness, and does not lie on a slice of the image"
        )
    return gap


def _own_affine(first: ImagePlane, gap: float) -> NDArray[np.float64]:
    """Of (column, row, slice) to RAS, mm, from the first pixel of a plane."""
    spacing = (first.spacing[1], first.spacing[0], gap)
    return affine(np.array(first.position), np.array(first.orientation), spacing)


def _starts(pieces: Sequence[SegPiece], matrix: NDArray[np.float64]) -> NDArray[np.int_]:
    """Column, row and slice where each piece begins, shape (pieces, 3)."""
    back = np.linalg.inv(lps(matrix))
    at = np.array([piece.plane.position for piece in pieces]) @ back[:3, :3].T + back[:3, 3]
    nearest = np.rint(at)
    if np.abs(at - nearest).max() > OFF_VOXELS:
        raise SeriesRefused("its frames do not lie on one even grid, nor on the slices of the image")
    if np.abs(nearest).max() > LARGEST_GRID:
        raise SeriesRefused("its frames span more voxels than can be resampled")
    starts: NDArray[np.int_] = nearest.astype(int) + [(piece.left, piece.top, 0) for piece in pieces]
    return starts
