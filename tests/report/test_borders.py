"""The border of a mask is the edges of its voxels: filled, it is the mask; walked, each edge is met once."""

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from sarcoma_core.report.borders import Border, border

masks = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.booleans())
TOKEN = re.compile(r"M(\d+) (\d+)|([hv])(-?[1-9]\d*)|(z)")


def lines(path: str) -> list[list[tuple[int, int]]]:
    """The corners (x, y) of each closed line; anything but whole steps to the side, up and down fails."""
    assert TOKEN.sub("", path) == ""
    found: list[list[tuple[int, int]]] = []
    for x, y, way, steps, closed in TOKEN.findall(path):
        if x:
            found.append([(int(x), int(y))])
        elif closed:
            found[-1].append(found[-1][0])
        else:
            column, row = found[-1][-1]
            found[-1].append((column + int(steps), row) if way == "h" else (column, row + int(steps)))
    return found


def edges(path: str) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Unit edges that a path draws, by their left or upper end (x, y): the level ones, the upright ones."""
    level, upright = [], []
    for corners in lines(path):
        for (x1, y1), (x2, y2) in pairwise(corners):
            assert (x1 == x2) != (y1 == y2)
            level += [(x, y1) for x in range(min(x1, x2), max(x1, x2))]
            upright += [(x1, y) for y in range(min(y1, y2), max(y1, y2))]
    return level, upright


def filled(line: Border) -> np.ndarray:
    """What a border encloses, holes left out: each upright edge turns what is right of it over."""
    inside = np.zeros((line.rows, line.columns), dtype=bool)
    for x, y in edges(line.path)[1]:
        inside[y, x:] ^= True
    return inside


@given(masks)
def test_filled_it_is_the_mask(mask: np.ndarray) -> None:
    assert (filled(border(mask)) == mask).all()


@given(masks)
def test_every_edge_between_inside_and_outside_is_drawn_once_and_no_other(mask: np.ndarray) -> None:
    level, upright = edges(border(mask).path)
    padded = np.pad(mask, 1).astype(int)
    assert sorted(level) == sorted((x, y) for y, x in np.argwhere(np.diff(padded, axis=0)[:, 1:-1]).tolist())
    assert sorted(upright) == sorted((x, y) for y, x in np.argwhere(np.diff(padded, axis=1)[1:-1]).tolist())


@given(masks)
def test_a_line_turns_at_each_of_its_corners(mask: np.ndarray) -> None:
    for corners in lines(border(mask).path):
        for (before, corner), (_, after) in pairwise(pairwise([*corners, corners[1]])):
            assert not before[0] == corner[0] == after[0]
            assert not before[1] == corner[1] == after[1]


@given(masks)
def test_equal_masks_have_equal_paths_whatever_their_memory(mask: np.ndarray) -> None:
    assert border(np.asfortranarray(mask)) == border(np.ascontiguousarray(mask))


def test_a_slice_without_the_mask_has_no_line_and_a_full_one_its_frame() -> None:
    assert border(np.zeros((3, 5), dtype=bool)) == Border("", 5, 3)
    assert border(np.ones((3, 5), dtype=bool)) == Border("M0 0h5v3h-5z", 5, 3)


def test_voxels_that_meet_at_a_corner_are_walked_around_one_by_one() -> None:
    assert border(np.eye(2, dtype=bool)).path == "M0 0h1v1h-1zM1 1h1v1h-1z"


@pytest.mark.parametrize("side", [64, 128])
def test_a_round_body_takes_a_few_bytes_for_each_voxel_of_its_border(side: int) -> None:
    y, x = np.ogrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    disc = x**2 + y**2 < 0.8
    assert len(border(disc).path) < 10 * side
