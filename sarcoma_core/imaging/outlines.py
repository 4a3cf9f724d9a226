"""The outline of a mask along the edges of its voxels: what was measured is what is drawn.

`imaging.polygons.rasterise` gives the mask back, voxel for voxel.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.polygons import Polygon
from sarcoma_core.imaging.volume import Mask

_STEPS: Final = np.array([(0, 1), (1, 0), (0, -1), (-1, 0)])
"""Along the upper, right, lower and left edge of a voxel, in rows and columns: the mask lies to the right."""
_LEFT_EDGE: Final = 3

Corners = NDArray[np.intp]


class Outline(NamedTuple):
    """One closed line around an island or a hole of a mask.

    Args:
        polygon: its corners, on the corners of voxels: whole numbers and a half.
        is_hole: whether it is the outline of a hole, and runs the other way round.
    """

    polygon: Polygon
    is_hole: bool


class _Loop(NamedTuple):
    corners: Corners
    is_hole: bool


def outlines(mask: Mask) -> tuple[Outline, ...]:
    """The outlines of one slice.

    Voxels that touch at a corner only are islands of their own, so no outline crosses itself.

    Args:
        mask: of one slice, shape (rows, columns).

    Raises:
        InputError: not two-dimensional.
    """
    loops, _ = _loops(mask)
    return tuple(Outline(_polygon(loop.corners), loop.is_hole) for loop in loops)


def keyholed(mask: Mask) -> tuple[Polygon, ...]:
    """The outlines of one slice with each hole joined to what is around it by a channel of no width.

    So each polygon stands for itself: readers that unite the contours of a slice and readers that subtract
    them see the same mask (PS3.3, C.8.8.6.3, the keyhole technique).

    Args:
        mask: of one slice, shape (rows, columns).

    Raises:
        InputError: not two-dimensional.
    """
    loops, left_edges = _loops(mask)
    joined = {number: list(map(tuple, loop.corners.tolist())) for number, loop in enumerate(loops)}
    # from the right: what a hole joins is not yet joined itself
    holes = sorted(
        (n for n, loop in enumerate(loops) if loop.is_hole), key=lambda n: _leftmost(joined[n])[::-1]
    )
    for number in reversed(holes):
        hole = joined.pop(number)
        row, column = _leftmost(hole)
        edge = int(np.flatnonzero(left_edges[row, :column] >= 0)[-1])
        _join(joined[int(left_edges[row, edge])], (row, edge), hole, hole.index((row, column)))
    return tuple(_polygon(np.array(corners)) for corners in joined.values())


def _polygon(corners: Corners) -> Polygon:
    """Corners of voxels as places: the upper left corner of the first voxel is at -0.5."""
    return np.asarray(corners - 0.5, np.float64)


def _leftmost(corners: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The upper one of the leftmost corners: the voxel to the left and below of it belongs to the mask."""
    return min(corners, key=lambda corner: (corner[1], corner[0]))


def _join(outer: list[tuple[int, int]], at: tuple[int, int], hole: list[tuple[int, int]], first: int) -> None:
    """Run from a place on a vertical edge of `outer` to a corner of the hole, around it, and back."""
    row, column = at
    for index, (start, end) in enumerate(zip(outer, [*outer[1:], outer[0]], strict=True)):
        if start[1] == end[1] == column and min(start[0], end[0]) <= row <= max(start[0], end[0]):
            outer[index + 1 : index + 1] = [at, *hole[first:], *hole[: first + 1], at]
            return


def _loops(mask: Mask) -> tuple[list[_Loop], NDArray[np.intp]]:
    """Closed lines along voxel edges, and which of them runs along the left side of each voxel (or -1)."""
    if mask.ndim != 2:  # noqa: PLR2004  rows and columns
        raise InputError(f"mask: must be one slice of 2 dimensions; found {mask.ndim}.")
    start, way = _edges(np.pad(mask, 1))
    follower = _followers(start, way, (mask.shape[0] + 1, mask.shape[1] + 1))
    vertical = np.full((mask.shape[0], mask.shape[1] + 1), -1, np.intp)
    loops = []
    for number, members in enumerate(_cycles(follower)):
        ways, corners = way[members], start[members]
        _note_vertical(vertical, corners, ways, number)
        bends = corners[ways != np.roll(ways, 1)]
        loops.append(_Loop(bends, _signed_area(bends) < 0))
    return loops, vertical


def _edges(padded: Mask) -> tuple[Corners, NDArray[np.intp]]:
    """Edges between the mask and what is around it: their first corner, and which of `_STEPS` they go."""
    inner = padded[1:-1, 1:-1]
    around = (padded[:-2, 1:-1], padded[1:-1, 2:], padded[2:, 1:-1], padded[1:-1, :-2])
    firsts = ((0, 0), (0, 1), (1, 1), (1, 0))
    found = [np.argwhere(inner & ~other) + first for other, first in zip(around, firsts, strict=True)]
    return np.concatenate(found), np.repeat(np.arange(4), [len(edges) for edges in found])


def _followers(start: Corners, way: NDArray[np.intp], shape: tuple[int, int]) -> NDArray[np.intp]:
    """Which edge follows each: where two could, the one to the right, which stays with the same voxel."""
    edge_at = np.full((4, *shape), -1, np.intp)
    edge_at[way, start[:, 0], start[:, 1]] = np.arange(len(start))
    row, column = (start + _STEPS[way]).T
    right, ahead, left = (edge_at[(way + turn) % 4, row, column] for turn in (1, 0, 3))
    return np.asarray(np.where(right >= 0, right, np.where(ahead >= 0, ahead, left)), np.intp)


def _cycles(follower: NDArray[np.intp]) -> list[list[int]]:
    """The closed lines, each as its edges in order; the one that begins furthest up first."""
    following, seen, cycles = follower.tolist(), [False] * len(follower), []
    for first in range(len(following)):
        edge, members = first, []
        while not seen[edge]:
            seen[edge] = True
            members.append(edge)
            edge = following[edge]
        if members:
            cycles.append(members)
    return cycles


def _note_vertical(vertical: NDArray[np.intp], corners: Corners, ways: NDArray[np.intp], number: int) -> None:
    for way, up in ((1, 0), (_LEFT_EDGE, 1)):
        row, column = corners[ways == way].T
        vertical[row - up, column] = number


def _signed_area(corners: Corners) -> float:
    """Of a polygon, pixels: positive where it runs as islands do."""
    row, column = corners.T
    return float(np.sum(column * np.roll(row, -1) - np.roll(column, -1) * row)) / 2
