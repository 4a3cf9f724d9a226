import itertools

import numpy as np
import pytest

from sarcoma_core.errors import UsageError
from sarcoma_core.phantom.grid import Grid
from sarcoma_core.phantom.slices import Plane, Slices

PLANES: list[Plane] = ["axial", "coronal", "sagittal"]


def slices(plane: Plane, tilt: tuple[float, float] = (0, 0)) -> Slices:
    return Slices((20, 30, 10), (2.0, 2.0, 5.0), 4.0, plane, tilt, (90.0, 10.0, -400.0))


@pytest.mark.parametrize(("plane", "tilt"), list(itertools.product(PLANES, [(0, 0), (7, -4)])))
def test_directions_are_a_right_handed_rotation(plane: Plane, tilt: tuple[float, float]) -> None:
    turn = slices(plane, tilt).directions()
    np.testing.assert_allclose(turn.T @ turn, np.eye(3), atol=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1)


@pytest.mark.parametrize(
    ("plane", "across", "down"),
    [("axial", "L", "P"), ("coronal", "L", "F"), ("sagittal", "P", "F")],
)
def test_pictures_hang_as_radiologists_look_at_them(plane: Plane, across: str, down: str) -> None:
    """Patient Orientation (PS3.3 C.7.6.1.1.1): L to the right of the picture, P or the feet at its bottom."""
    ways = {"L": (1, 0, 0), "P": (0, 1, 0), "F": (0, 0, -1)}
    i, j, _ = slices(plane).directions().T
    np.testing.assert_array_equal(i, ways[across])
    np.testing.assert_array_equal(j, ways[down])


@pytest.mark.parametrize("plane", PLANES)
def test_the_centre_of_the_voxels_is_the_centre(plane: Plane) -> None:
    there = slices(plane, (7, -4))
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in there.shape])).reshape(3, -1)
    positions = there.affine_lps() @ np.vstack([corners, np.ones(8)])
    np.testing.assert_allclose(positions[:3].mean(axis=1), there.centre)
    np.testing.assert_allclose(there.affine_ras()[:3], there.affine_lps()[:3] * [[-1], [-1], [1]])


def test_axial_slices_are_a_grid() -> None:
    grid = Grid((80, 84, 32), (2.75, 2.6, 5.0), 4.0, tilt=(7, -4), centre=(90, -20, 300))
    same = Slices(grid.shape, grid.spacing, 4.0, "axial", grid.tilt, grid.centre)
    np.testing.assert_array_equal(same.affine_lps(), grid.affine_lps())
    assert same.voxel_volume == grid.voxel_volume
    for one, other in zip(same.axes(), grid.axes(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_slices_that_cannot_be_are_refused() -> None:
    with pytest.raises(UsageError, match="shape: must be 1 or more"):
        Slices((20, 0, 10), (2.0, 2.0, 5.0), 4.0)
    with pytest.raises(UsageError, match="spacing, slice_thickness: must be above 0 mm"):
        Slices((20, 30, 10), (2.0, 2.0, 0.0), 4.0)
    with pytest.raises(UsageError, match="spacing, slice_thickness: must be above 0 mm"):
        Slices((20, 30, 10), (2.0, 2.0, 5.0), -4.0)
