"""Two grids: the same to a part of a voxel, or told by what differs."""

import numpy as np
import pytest

from sarcoma_core.imaging.grids import grid_difference
from sarcoma_core.imaging.volume import Volume

AFFINE = np.diag([-0.7, -0.7, 4.0, 1.0])
AFFINE[:3, 3] = 80, 90, -400


def volume(affine: np.ndarray = AFFINE, shape: tuple[int, int, int] = (12, 14, 10)) -> Volume:
    return Volume(np.zeros(shape, np.float32), affine)


def moved(by: float) -> np.ndarray:
    affine = AFFINE.copy()
    affine[0, 3] += by
    return affine


def scaled(by: float) -> np.ndarray:
    return AFFINE @ np.diag([by, 1, 1, 1])


def turned(degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.eye(4)
    turn[:2, :2] = [[c, -s], [s, c]]
    return np.asarray(turn @ AFFINE)


def test_voxels_may_be_apart_by_a_hundredth_of_the_smallest_spacing() -> None:
    assert grid_difference(volume(), volume(moved(0.9 * 0.007))) == ""
    assert grid_difference(volume(), volume(moved(1.1 * 0.007))).startswith(
        "voxels that are up to 0.0077 mm apart"
    )


@pytest.mark.parametrize(
    ("affine", "shape", "told"),
    [
        (AFFINE, (12, 14, 11), "the shapes 12 x 14 x 10 and 12 x 14 x 11"),
        (scaled(1.1), (12, 14, 10), "the spacings 0.7 x 0.7 x 4 mm and 0.77 x 0.7 x 4 mm"),
        (turned(2.0), (12, 14, 10), "axes that are turned by up to 2 degrees"),
        (AFFINE @ np.diag([-1, 1, 1, 1]), (12, 14, 10), "axes that are turned by up to 180 degrees"),
        (moved(3.5), (12, 14, 10), "voxels that are up to 3.5 mm apart"),
    ],
)
def test_two_grids_that_differ_are_told_by_what_differs(
    affine: np.ndarray, shape: tuple[int, int, int], told: str
) -> None:
    assert grid_difference(volume(), volume(affine, shape)) == told


@pytest.mark.parametrize(
    ("affine", "told"),
    [
        (scaled(1 + 0.9e-3), "voxels that are"),
        (scaled(1 + 1.1e-3), "the spacings"),
        (turned(0.009), "voxels that are"),
        (turned(0.011), "axes that are turned"),
    ],
)
def test_what_differs_by_little_is_told_as_a_distance(affine: np.ndarray, told: str) -> None:
    shape = (200, 200, 10)
    assert grid_difference(volume(shape=shape), volume(affine, shape)).startswith(told)


@pytest.mark.parametrize(("part", "same"), [(0.9, True), (1.1, False)])
def test_how_far_voxels_may_be_apart_can_be_told(part: float, *, same: bool) -> None:
    assert (grid_difference(volume(), volume(moved(part * 0.1 * 0.7)), within=0.1) == "") == same
