"""The border of a mask in one slice as SVG path data: the very edges of its voxels, nothing smoothed."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Corner = tuple[int, int]

_STEPS = ((0, 1), (1, 0), (0, -1), (-1, 0))
"""Down the page rows grow, so this is a turn to the right each: to the right, down, to the left, up."""


@dataclass(frozen=True)
class Border:
    """Closed lines around a mask.

    Args:
        path: SVG path data; one unit is one voxel, (0, 0) the top left corner of the slice. Empty when the
            slice holds nothing of the mask.
        columns: voxels of the slice from left to right.
        rows: voxels of the slice from top to bottom.
    """

    path: str
    columns: int
    rows: int


def border(mask: Mask) -> Border:
    """Walk around a mask, holes included.

    Args:
        mask: one slice as it is drawn, shape (rows, columns).
    """
    rows, columns = mask.shape
    return Border("".join(_path(corners) for corners in _walks(_edges(mask))), columns, rows)


def _edges(mask: Mask) -> dict[Corner, list[int]]:
    """Every edge between inside and outside, by the corner that it starts from: its directions.

    The mask lies to the right of each, so edges join to closed lines.
    """
    padded = np.pad(mask, 1)
    inside = padded[1:-1, 1:-1]
    outward = (padded[:-2, 1:-1], padded[1:-1, 2:], padded[2:, 1:-1], padded[1:-1, :-2])
    starts = ((0, 0), (0, 1), (1, 1), (1, 0))  # of a voxel's top, right, bottom and left edge, clockwise
    edges: dict[Corner, list[int]] = {}
    for direction, (beyond, start) in enumerate(zip(outward, starts, strict=True)):
        for row, column in (np.argwhere(inside & ~beyond) + start).tolist():
            edges.setdefault((row, column), []).append(direction)
    return edges


def _walks(edges: dict[Corner, list[int]]) -> Iterator[list[Corner]]:
    """Closed lines, told by their corners: every edge is walked once; `edges` is used up."""
    for start in sorted(edges):
        while edges[start]:
            place, direction, corners = start, edges[start].pop(), [start]
            while True:
                place = (place[0] + _STEPS[direction][0], place[1] + _STEPS[direction][1])
                if place == start:
                    break
                ways = edges[place]
                # Where two voxels meet at a corner, to the right: each is walked around by itself.
                turn = (direction + 1) % 4 if (direction + 1) % 4 in ways else ways[0]
                ways.remove(turn)
                if turn != direction:
                    corners.append(place)
                direction = turn
            yield corners


def _path(corners: list[Corner]) -> str:
    """A closed line: where it begins, then by turns so far to the side and so far up or down."""
    (row, column), *others = corners
    parts = [f"M{column} {row}"]
    for next_row, next_column in others:
        parts.append(f"h{next_column - column}" if next_row == row else f"v{next_row - row}")
        row, column = next_row, next_column
    return "".join([*parts, "z"])
