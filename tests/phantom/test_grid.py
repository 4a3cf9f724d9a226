import numpy as np
import pytest

from sarcoma_core.errors import UsageError
from sarcoma_core.phantom.grid import BENCHMARK, DEMO, Grid, lps_to_ras


def test_the_centre_of_the_voxels_is_the_centre_of_the_grid() -> None:
    grid = Grid((80, 84, 32), (2.75, 2.6, 5.0), 4.0, tilt=(7, -4), centre=(90, -20, 300))
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in grid.shape])).reshape(3, -1)
    positions = grid.affine_lps() @ np.vstack([corners, np.ones(8)])
    np.testing.assert_allclose(positions[:3].mean(axis=1), grid.centre)


def test_a_tilt_is_a_rotation_and_keeps_the_volume() -> None:
    grid = Grid((80, 80, 32), (2.75, 2.75, 5.0), 4.0, tilt=(12, 5))
    turn = grid.directions()
    np.testing.assert_allclose(turn.T @ turn, np.eye(3), atol=1e-12)
    assert np.linalg.det(grid.affine_lps()[:3, :3]) == pytest.approx(grid.voxel_volume)


def test_a_tilt_about_one_axis_has_that_angle() -> None:
    _, _, along = Grid((80, 80, 32), (2.75, 2.75, 5.0), 4.0, tilt=(12, 0)).directions().T
    assert np.degrees(np.arccos(along @ (0, 0, 1))) == pytest.approx(12)


def test_ras_is_lps_with_two_signs_changed() -> None:
    lps = DEMO.affine_lps()
    np.testing.assert_array_equal(lps_to_ras(lps)[:3], lps[:3] * [[-1], [-1], [1]])
    np.testing.assert_array_equal(lps_to_ras(lps_to_ras(lps)), lps)


def test_demo_and_benchmark_cover_the_same_220_by_220_by_160_mm() -> None:
    for grid in (DEMO, BENCHMARK):
        np.testing.assert_allclose(np.multiply(grid.shape, grid.spacing), (220, 220, 160))


def test_a_field_of_view_that_cannot_hold_the_limb_is_refused() -> None:
    with pytest.raises(UsageError, match="field of view"):
        Grid((64, 64, 32), (2.0, 2.0, 5.0), 4.0)
