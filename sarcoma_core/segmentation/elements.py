"""The surface that runs through a cube of eight neighbouring voxel centres: its area, and what it holds.

Marching cubes: of the eight corners some are inside, and the surface cuts the edges between inside and
outside in their middle. Three rules make it one surface for each of the 256 cases:

1. of more than four corners inside, the outside is looked at, which has the same surface;
2. on each side of the cube, what is inside and not side by side is cut off apart;
3. of the triangulations of a closed line that is not flat, the largest on a cubic grid counts.

The third was found, not read: with it the areas are those of `surface-distance` for all 256 codes and any
spacing (`tests/segmentation/test_elements.py`), whose table says "created using the marching_cube algorithm"
alone.

By the first rule the surface has gaps: where two corners across a side are inside, one of the two cubes there
may look at the inside and the other at the outside. A gap is flat, half of that side, and counts as no area;
what is held is counted cube by cube, so that no gap lets anything out.

Source: Lorensen and Cline, SIGGRAPH 1987; Nikolov et al., arXiv:1809.04430 (surface elements as weights).
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.imaging.volume import Mask, Spacing

Point = tuple[int, int, int]
"""A corner of the cube (0 or 1 along each axis), or the sum of two: the middle of an edge, doubled."""
Triangle = tuple[Point, Point, Point]
Normal = tuple[float, float, float]
"""As long as its triangle is large."""

CORNERS: Final[tuple[Point, ...]] = tuple((x, y, z) for x, y, z in product((0, 1), repeat=3))
"""Bit `n` of a code says whether corner `n` is inside."""
WHOLE: Final = 255
"""The code of a cube that lies inside."""

_HALF = len(CORNERS) // 2
_PAIR = 2
_AXES = 3
_DOUBLED_TWICE = 8.0
"""A cross product of doubled points is 4 times, and a triangle is half of it."""
_DOUBLED_THRICE = 6.0
"""The three corners of a triangle, doubled, add up to 6 times its middle."""
_SIDE_SHARES = (0.0, 1 / 8, 1 / 2, 7 / 8, 1.0)
"""How much of a side of the cube lies inside, by how many of its corners do; less where two are across."""
_ACROSS_SHARE = 1 / 4


def codes(mask: Mask) -> NDArray[np.uint8]:
    """Which corners of each cube of voxel centres are inside.

    Args:
        mask: with a rim of background, shape (x, y, z).

    Returns:
        Shape (x - 1, y - 1, z - 1): 0 outside, 255 inside, anything else on the surface.
    """
    found = np.zeros([size - 1 for size in mask.shape], np.uint8)
    voxels = mask.view(np.uint8)
    for bit, corner in enumerate(CORNERS):
        found |= voxels[tuple(slice(at, at - 1 or None) for at in corner)] << bit
    return found


def areas(spacing: Spacing) -> NDArray[np.float64]:
    """The area of the surface in a cube of each code, mm².

    Args:
        spacing: of the voxels, mm.

    Returns:
        Shape (256,); 0 for the codes 0 and 255.
    """
    x, y, z = spacing
    sides = (y * z, x * z, x * y)
    return np.array(
        [
            math.fsum(
                math.hypot(*(part * side for part, side in zip(normal, sides, strict=True)))
                for normal in each
            )
            for each in _normals()
        ]
    )


@cache
def shares() -> tuple[float, ...]:
    """How much of a cube of each code lies inside the surface; the same for any spacing.

    Returns:
        256 parts of 1: 0 for the code 0, 1 for 255. A code and its opposite add up to 1; not so where four
        corners are inside that are not all side by side, as both codes cut theirs off apart.
    """
    found = []
    for code, triangles in enumerate(_triangles()):
        fewer = _fewer(code)
        held = _held(fewer, triangles)
        found.append(held if fewer == _inside(code) else 1 - held)
    return tuple(found)


def _held(inside: frozenset[Point], triangles: Iterable[Triangle]) -> float:
    """The volume inside: the flux of (x, 0, 0) through the triangles and the side at x = 1, after Gauss."""
    flux = math.fsum(_normal(each)[0] * sum(x for x, _, _ in each) / _DOUBLED_THRICE for each in triangles)
    side = [corner for corner in inside if corner[0]]
    across = len(side) == _PAIR and all(one != other for one, other in list(zip(*side, strict=True))[1:])
    return flux + (_ACROSS_SHARE if across else _SIDE_SHARES[len(side)])


@cache
def _normals() -> tuple[tuple[Normal, ...], ...]:
    return tuple(tuple(_normal(triangle) for triangle in triangles) for triangles in _triangles())


@cache
def _triangles() -> tuple[tuple[Triangle, ...], ...]:
    """The surface of each code, as seen from the corners of which there are more."""
    return tuple(
        tuple(triangle for loop in _loops(_fewer(code)) for triangle in _largest(loop))
        for code in range(WHOLE + 1)
    )


def _inside(code: int) -> frozenset[Point]:
    return frozenset(corner for bit, corner in enumerate(CORNERS) if code >> bit & 1)


def _fewer(code: int) -> frozenset[Point]:
    """The corners inside, or those outside where these are fewer."""
    inside = _inside(code)
    return inside if len(inside) <= _HALF else frozenset(CORNERS) - inside


def _loops(inside: frozenset[Point]) -> Iterator[tuple[Point, ...]]:
    """The closed lines in which the surface meets the sides of the cube: middles of edges, in order."""
    onward = dict(step for face in _faces() for step in _across(face, inside))
    while onward:
        loop = [next(iter(onward))]
        while (after := onward.pop(loop[-1])) != loop[0]:
            loop.append(after)
        yield tuple(loop)


def _across(face: Sequence[Point], inside: frozenset[Point]) -> Iterator[tuple[Point, Point]]:
    """From where a walk round a side enters the inside to where it leaves it; for each time that it does."""
    for place, corner in enumerate(face):
        if corner in inside and face[place - 1] not in inside:
            last = next(n for n in range(place, place + len(face)) if face[(n + 1) % len(face)] not in inside)
            yield (
                _middle(face[place - 1], corner),
                _middle(face[last % len(face)], face[(last + 1) % len(face)]),
            )


def _faces() -> Iterator[tuple[Point, ...]]:
    """The six sides, each walked round in the same sense as seen from outside."""
    for axis in range(_AXES):
        for side in (0, 1):
            round_it = ((0, 0), (1, 0), (1, 1), (0, 1))
            corners = []
            for first, second in round_it if side else reversed(round_it):
                at = {axis: side, (axis + 1) % _AXES: first, (axis + 2) % _AXES: second}
                corners.append((at[0], at[1], at[2]))
            yield tuple(corners)


def _middle(one: Point, other: Point) -> Point:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def _largest(loop: Sequence[Point]) -> tuple[Triangle, ...]:
    """The triangulation of the greatest area on a cubic grid."""
    return max(_triangulations(loop), key=_total)


def _total(triangles: Iterable[Triangle]) -> float:
    return math.fsum(math.hypot(*_normal(triangle)) for triangle in triangles)


def _triangulations(line: Sequence[Point]) -> Iterator[tuple[Triangle, ...]]:
    first, *between, last = line
    if not between:
        yield ()
    for place, apex in enumerate(between, 1):
        for left, right in product(_triangulations(line[: place + 1]), _triangulations(line[place:])):
            yield ((first, apex, last), *left, *right)


def _normal(triangle: Triangle) -> Normal:
    start, one, other = triangle
    (a, b, c), (d, e, f) = (
        [end - begin for end, begin in zip(to, start, strict=True)] for to in (one, other)
    )
    x, y, z = b * f - c * e, c * d - a * f, a * e - b * d
    return x / _DOUBLED_TWICE, y / _DOUBLED_TWICE, z / _DOUBLED_TWICE
