"""The surface in a cube of voxel centres: its area for all 256 codes, against surface-distance's table."""

import math

import numpy as np
import pytest
from surface_distance import lookup_tables

from sarcoma_core.imaging.volume import Spacing
from sarcoma_core.segmentation.elements import CORNERS, WHOLE, areas, codes
from tests.segmentation.shapes import blobs

SPACINGS = [(1.0, 1.0, 1.0), (0.7, 0.7, 5.0), (0.5, 0.7, 5.0), (1.3, 2.9, 0.4), (3.0, 0.8, 1.7)]


def theirs(code: int) -> int:
    """Of the same corners, in the order of surface-distance's kernel."""
    kernel = lookup_tables.ENCODE_NEIGHBOURHOOD_3D_KERNEL
    return sum(int(kernel[corner]) for bit, corner in enumerate(CORNERS) if code >> bit & 1)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_the_area_of_all_256_codes_is_that_of_surface_distance(spacing: Spacing) -> None:
    table = lookup_tables.create_table_neighbour_code_to_surface_area(spacing)
    expected = [table[theirs(code)] for code in range(256)]
    np.testing.assert_allclose(areas(spacing), expected, rtol=1e-12, atol=1e-12)


def test_a_flat_cut_has_the_area_of_the_side_and_a_corner_that_of_its_triangle() -> None:
    area = areas((2.0, 3.0, 5.0))
    halves = {axis: sum(1 << n for n, corner in enumerate(CORNERS) if corner[axis]) for axis in range(3)}
    assert [area[halves[axis]] for axis in range(3)] == pytest.approx([15, 10, 6])
    assert area[1] == pytest.approx(math.hypot(15, 10, 6) / 8)


def test_inside_and_outside_have_the_same_surface() -> None:
    area = areas((0.7, 0.9, 4.0))
    np.testing.assert_array_equal(area, area[::-1])
    assert area[0] == area[WHOLE] == 0
    assert (area[1:WHOLE] > 0).all()


def test_a_code_tells_which_corners_are_inside() -> None:
    mask = np.pad(blobs(1), 1)
    found = codes(mask)
    for place in np.ndindex(*found.shape):
        inside = {n for n, corner in enumerate(CORNERS) if mask[tuple(np.add(place, corner))]}
        assert found[place] == sum(1 << n for n in inside)
