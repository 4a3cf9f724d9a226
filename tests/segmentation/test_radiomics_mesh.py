"""The mesh of a region: what it holds and its area by hand, its vertices, and their largest distance."""

from itertools import permutations, product

import numpy as np
import pytest

from sarcoma_core.imaging.volume import Mask, Spacing
from sarcoma_core.segmentation.elements import CORNERS, WHOLE, shares
from sarcoma_core.segmentation.radiomics.diameter import diameter
from sarcoma_core.segmentation.radiomics.mesh import SurfaceMesh, surface_mesh
from tests.segmentation.shapes import ball, blobs

SPACING = (0.7, 1.3, 2.9)


def mesh(mask: Mask, spacing: Spacing = (1.0, 1.0, 1.0)) -> SurfaceMesh:
    return surface_mesh(np.argwhere(mask), spacing)


def code_of(*corners: tuple[int, int, int]) -> int:
    return sum(1 << CORNERS.index(corner) for corner in corners)


def every_distance(points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points[:, None] - points, axis=2)


@pytest.mark.parametrize(
    ("corners", "held"),
    [
        ([], 0),
        ([(0, 0, 0)], 1 / 48),  # a corner: half of an edge three times, / 6
        ([(0, 0, 0), (0, 0, 1)], 1 / 8),  # a prism on a triangle of 1/8
        ([(0, 0, 0), (0, 1, 1)], 2 / 48),
        ([(0, 0, 0), (1, 1, 1)], 2 / 48),
        ([(0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1)], 1 / 2),
        ([(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)], 4 / 48),
        ([corner for corner in CORNERS if corner != (1, 0, 1)], 47 / 48),
        (CORNERS, 1),
    ],
)
def test_what_lies_inside_a_cube_by_hand(corners: list[tuple[int, int, int]], held: float) -> None:
    assert shares()[code_of(*corners)] == pytest.approx(held)


def test_what_lies_inside_a_cube_is_the_same_whichever_way_it_is_turned_or_mirrored() -> None:
    """It is worked out by the flux along one axis: a surface with a hole would give another along another."""
    found = shares()
    for axes, flips in product(permutations(range(3)), product((0, 1), repeat=3)):
        for code in range(WHOLE + 1):
            inside = [corner for bit, corner in enumerate(CORNERS) if code >> bit & 1]
            turned = [
                tuple(corner[axis] ^ flip for axis, flip in zip(axes, flips, strict=True))
                for corner in inside
            ]
            assert found[code_of(*turned)] == pytest.approx(found[code], abs=1e-12)  # type: ignore[arg-type]


def test_what_lies_inside_and_outside_is_the_whole_cube_but_for_four_corners_apart() -> None:
    found = shares()
    for code in range(WHOLE + 1):
        both = found[code] + found[WHOLE - code]
        if code.bit_count() != 4:
            assert both == pytest.approx(1)
        assert 0 < both <= 1 + 1e-12
    assert min(found) == 0
    assert max(found) == 1


@pytest.mark.parametrize("size", [(1, 1, 1), (2, 1, 1), (3, 4, 5)])
def test_a_block_is_a_box_whose_edges_and_corners_are_cut_off(size: tuple[int, int, int]) -> None:
    a, b, c = (n - 1 for n in size)
    found = mesh(np.ones(size, bool))
    sides, edges = a * b + b * c + a * c, a + b + c
    assert found.volume_mm3 == pytest.approx(a * b * c + sides + edges / 2 + 8 / 48)
    assert found.area_mm2 == pytest.approx(2 * sides + 4 * edges * np.sqrt(1 / 2) + np.sqrt(3))
    np.testing.assert_array_equal(np.ptp(found.vertices, axis=0), size)


def test_one_voxel_is_an_octahedron_half_a_voxel_from_its_centre() -> None:
    found = mesh(np.ones((1, 1, 1), bool), (2.0, 3.0, 5.0))
    assert found.volume_mm3 == pytest.approx(2 * 3 * 5 / 6)
    assert found.area_mm2 == pytest.approx(8 * np.linalg.norm(np.cross([-1, 1.5, 0], [-1, 0, 2.5])) / 2)
    middle = found.vertices.mean(axis=0)
    tips = {tuple(map(float, vertex)) for vertex in np.round(found.vertices - middle, 9)}
    assert tips == {(1, 0, 0), (-1, 0, 0), (0, 1.5, 0), (0, -1.5, 0), (0, 0, 2.5), (0, 0, -2.5)}


def test_a_hole_takes_its_volume_and_adds_its_surface() -> None:
    whole = np.ones((5, 5, 5), bool)
    holed = whole.copy()
    holed[2, 2, 2] = False
    full, empty = mesh(whole, SPACING), mesh(holed, SPACING)
    one = mesh(np.ones((1, 1, 1), bool), SPACING)
    assert full.volume_mm3 - empty.volume_mm3 == pytest.approx(one.volume_mm3)
    assert empty.area_mm2 - full.area_mm2 == pytest.approx(one.area_mm2)


@pytest.mark.parametrize("seed", range(4))
def test_the_volume_of_noise_with_gaps_in_its_surface_does_not_depend_on_where_it_lies(seed: int) -> None:
    """Noise holds every code; a sum of tetrahedra to an origin would move by half a side for each gap."""
    mask = blobs(seed)
    found = mesh(mask, SPACING)
    for axis in range(3):
        mirrored = mesh(np.flip(mask, axis), SPACING)
        assert mirrored.volume_mm3 == pytest.approx(found.volume_mm3)
        assert mirrored.area_mm2 == pytest.approx(found.area_mm2)
    shifted = surface_mesh(np.argwhere(mask) + np.array([300, 5, 70]), SPACING)
    assert (shifted.volume_mm3, shifted.area_mm2) == (found.volume_mm3, found.area_mm2)


def test_each_vertex_lies_once_between_a_voxel_inside_and_one_outside() -> None:
    mask = blobs(2)
    padded = np.pad(mask, 1)
    inside = {tuple(map(int, place)) for place in np.argwhere(padded)}
    steps = np.vstack([np.eye(3, dtype=int), -np.eye(3, dtype=int)])
    expected = {
        tuple(np.add(place, np.divide(step, 2)).tolist())
        for place in inside
        for step in steps
        if tuple(np.add(place, step).tolist()) not in inside
    }
    vertices = mesh(mask).vertices
    shift = np.array(sorted(expected)).min(axis=0) - vertices.min(axis=0)
    assert {tuple(vertex) for vertex in (vertices + shift).tolist()} == expected
    assert len(vertices) == len(expected)


@pytest.mark.parametrize("seed", range(20))
def test_the_diameter_of_a_mesh_is_the_largest_of_all_distances(seed: int) -> None:
    random = np.random.default_rng(seed)
    mask = random.random(random.integers(1, 8, 3)) >= random.uniform(0, 0.95)
    mask.flat[0] = True
    vertices = mesh(mask, tuple(random.uniform(0.3, 3, 3) * 10.0 ** random.integers(-3, 2))).vertices
    assert diameter(vertices) == pytest.approx(every_distance(vertices).max(), rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_the_diameter_of_loose_points_is_the_largest_of_all_distances(seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(300, 3)) + 1000
    assert diameter(points) == pytest.approx(every_distance(points).max(), rel=1e-9)


def test_the_diameter_of_a_large_ball_is_that_between_its_poles() -> None:
    vertices = mesh(ball(25), (1.0, 1.0, 1.0)).vertices
    assert diameter(vertices) == pytest.approx(51)  # 51 voxels along each axis


def test_the_diameter_of_points_in_one_place_or_on_one_line() -> None:
    assert diameter(np.full((1, 3), 7.0)) == 0
    assert diameter(np.full((5, 3), 7.0)) == 0
    line = np.arange(9.0)[:, None] * [1.0, 2.0, 2.0]
    assert diameter(line[[3, 0, 8, 5]]) == pytest.approx(24)
