"""The largest distance between two of many points, exactly, without comparing each with each.

Only corners of the convex hull can be the two. A point on the line between two others of its plane across an
axis is none, nor is one behind that line: of the 39 390 vertices of a ball of 400 ml in voxels of 1 mm, 2416
are left.
"""

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.segmentation.radiomics.voxels import Floats

_AT_ONCE = 1 << 20
"""Pairs that are compared at a time: 8 MB."""


def diameter(points: Floats) -> float:
    """The largest distance between two points, in their unit.

    Args:
        points: shape (n, 3), one or more.
    """
    corners = points - points.mean(axis=0)
    for axis in range(points.shape[1]):
        corners = corners[_outlines(corners, axis)]
    squares = (corners**2).sum(axis=1)
    size = max(1, _AT_ONCE // len(corners))
    largest = 0.0
    for start in range(0, len(corners), size):
        some = slice(start, start + size)
        products = corners[some] @ corners[start:].T
        products *= -2
        products += squares[some, None]
        products += squares[start:]
        largest = max(largest, float(products.max()))
    return float(np.sqrt(largest))


def _outlines(points: Floats, axis: int) -> NDArray[np.bool_]:
    """Which points are corners of the convex hull of their plane across an axis."""
    plane, along, across = (np.roll(points, -axis, axis=1)).T
    found = np.zeros(len(points), bool)
    for height in (across, -across):
        found[_upper(plane, along, height)] = True
    return found


def _upper(plane: Floats, along: Floats, height: Floats) -> NDArray[np.intp]:
    """The corners of the upper half of the hull in each plane, all planes at a time."""
    order = np.lexsort((height, along, plane))
    lines = np.stack([plane[order], along[order]])
    chain: NDArray[np.intp] = order[
        np.append((np.diff(lines) != 0).any(axis=0), True)
    ]  # the highest of each line
    while True:
        p, x, y = plane[chain], along[chain], height[chain]
        turn = (x[2:] - x[:-2]) * (y[1:-1] - y[:-2]) - (y[2:] - y[:-2]) * (x[1:-1] - x[:-2])
        corner = (turn > 0) | (p[2:] != p[:-2])
        if corner.all():
            return chain
        chain = chain[np.concatenate([[True], corner, [True]])]
