"""Outlines of masks: along voxel edges, and back to the same mask by any rule of filling."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.outlines import keyholed, outlines
from sarcoma_core.imaging.polygons import rasterise

Mask = npt.NDArray[np.bool_]
masks = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=12))


def drawn(*rows: str) -> Mask:
    return np.array([[mark == "#" for mark in row] for row in rows])


def area(polygon: npt.NDArray[np.float64]) -> float:
    row, column = polygon.T
    return float(np.sum(column * np.roll(row, -1) - np.roll(column, -1) * row)) / 2


RING = drawn("#####", "#...#", "#.#.#", "#...#", "#####")
CORNERS = drawn("##..", "##..", "..##", "..##")
PIERCED = drawn("#######", "#.#.#.#", "###.###", "#.#...#", "#######")


@given(mask=masks)
def test_filling_gives_the_mask_back(mask: Mask) -> None:
    polygons = [outline.polygon for outline in outlines(mask)]
    np.testing.assert_array_equal(rasterise(polygons, mask.shape).mask, mask)
    np.testing.assert_array_equal(rasterise(keyholed(mask), mask.shape).mask, mask)


@given(mask=masks)
def test_with_keyholes_each_polygon_stands_for_itself(mask: Mask) -> None:
    """Readers that unite contours, that subtract them, or that count turns see the same."""
    pieces = [rasterise([polygon], mask.shape).mask.astype(int) for polygon in keyholed(mask)]
    np.testing.assert_array_equal(sum(pieces, np.zeros(mask.shape, int)), mask)


@given(mask=masks)
def test_signed_areas_add_up_to_the_voxels(mask: Mask) -> None:
    found = outlines(mask)
    assert sum(area(outline.polygon) for outline in found) == mask.sum()
    assert all((area(outline.polygon) < 0) == outline.is_hole for outline in found)
    assert sum(area(polygon) for polygon in keyholed(mask)) == mask.sum()


@given(mask=masks)
def test_corners_are_corners_of_voxels_and_lines_turn_there(mask: Mask) -> None:
    for outline in outlines(mask):
        assert (outline.polygon % 1 == 0.5).all()
        steps = np.roll(outline.polygon, -1, axis=0) - outline.polygon
        assert ((steps != 0).sum(axis=1) == 1).all()
        assert ((steps[:, 0] == 0) != (np.roll(steps[:, 0], 1) == 0)).all()


@given(mask=masks, moves=st.integers(0, 2**32 - 1))
def test_rounding_of_coordinates_moves_no_voxel(mask: Mask, moves: int) -> None:
    rng = np.random.default_rng(moves)
    polygons = [polygon + rng.uniform(-0.02, 0.02, polygon.shape) for polygon in keyholed(mask)]
    np.testing.assert_array_equal(rasterise(polygons, mask.shape).mask, mask)


def test_one_voxel_is_a_square() -> None:
    (only,) = outlines(drawn("...", "..#"))
    assert sorted(map(tuple, only.polygon)) == [(0.5, 1.5), (0.5, 2.5), (1.5, 1.5), (1.5, 2.5)]


def test_voxels_that_touch_at_a_corner_are_islands_of_their_own() -> None:
    assert sorted(area(outline.polygon) for outline in outlines(CORNERS)) == [4, 4]
    assert len(keyholed(CORNERS)) == 2


@pytest.mark.parametrize(("mask", "islands", "holes"), [(RING, 2, 1), (PIERCED, 1, 4), (CORNERS, 2, 0)])
def test_islands_and_holes_are_told_apart(mask: Mask, islands: int, holes: int) -> None:
    assert [outline.is_hole for outline in outlines(mask)].count(True) == holes
    assert len(keyholed(mask)) == islands


def test_of_an_empty_slice_there_is_none() -> None:
    assert outlines(np.zeros((3, 4), np.bool_)) == ()
    assert keyholed(np.zeros((3, 4), np.bool_)) == ()


def test_a_volume_is_refused() -> None:
    with pytest.raises(InputError, match="one slice of 2 dimensions; found 3"):
        outlines(np.ones((2, 2, 2), np.bool_))
