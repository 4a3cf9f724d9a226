"""The plane of slices, of every way in which axes can lie and of tilted ones."""

from itertools import permutations, product

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from sarcoma_core.segmentation.evaluation.planes import Plane, grid_plane

PLANES: dict[int, Plane] = {0: "sagittal", 1: "coronal", 2: "axial"}


@pytest.mark.parametrize("axes", list(permutations(range(3))))
def test_the_axis_across_the_slices_names_the_plane_whichever_way_it_points(axes: tuple[int, ...]) -> None:
    for signs in product((1, -1), repeat=3):
        affine = np.eye(4)
        affine[:3, :3] = (np.eye(3) * signs)[:, list(axes)] * (0.5, 0.5, 6.0)
        assert grid_plane(affine) == PLANES[axes[2]]


@pytest.mark.parametrize(("degrees", "plane"), [(40.0, "axial"), (50.0, "coronal")])
def test_an_oblique_grid_counts_as_the_nearest_plane(degrees: float, plane: Plane) -> None:
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("x", degrees, degrees=True).as_matrix() * (0.7, 0.7, 5.0)
    assert grid_plane(affine) == plane
