"""Surfaces and their distances: exact on anisotropic grids, and cropped without a change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from sarcoma_core.imaging.volume import Mask, Spacing
from sarcoma_core.segmentation.surfaces import _surface_voxels, crop, voxel_distances
from tests.segmentation.shapes import blobs, voxels

MM = 1e-3


@given(
    seeds=st.tuples(st.integers(0, 999), st.integers(1000, 1999)), steps=st.tuples(*[st.floats(0.3, 6)] * 3)
)
def test_distances_are_those_of_scipy_on_any_spacing(seeds: tuple[int, int], steps: Spacing) -> None:
    one, two = (np.pad(blobs(seed), 1) for seed in seeds)
    found = voxel_distances(one, two, steps)
    surfaces = [mask & ~ndimage.binary_erosion(mask) for mask in (one, two)]
    expected = [ndimage.distance_transform_edt(~surface, sampling=steps) for surface in surfaces]
    np.testing.assert_allclose(found.from_reference, expected[1][surfaces[0]], rtol=0, atol=MM)
    np.testing.assert_allclose(found.from_other, expected[0][surfaces[1]], rtol=0, atol=MM)


def test_distances_over_half_a_metre_of_a_thick_slab_are_exact() -> None:
    one, two = np.zeros((2, 300, 200, 30), bool)
    one[1, 1, 1] = two[298, 198, 28] = True
    found = voxel_distances(one, two, (0.683, 0.977, 6.54))
    expected = np.linalg.norm(np.multiply((297, 197, 27), (0.683, 0.977, 6.54)))
    assert found.from_reference == pytest.approx([expected], abs=MM)


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_crop_holds_both_masks_and_a_rim_on_any_layout_of_memory(order: str) -> None:
    one, two = voxels((0, 3, 4)), voxels((5, 13, 4), (6, 2, 9))
    first, second = crop(*(np.asarray(mask, order=order) for mask in (one, two)))  # type: ignore[call-overload]
    assert first.shape == second.shape == (7 + 2, 12 + 2, 6 + 2)
    assert np.argwhere(first).tolist() == [[1, 2, 1]]
    assert np.argwhere(second).tolist() == [[6, 12, 1], [7, 1, 6]]


def test_a_crop_of_two_empty_masks_is_empty_and_of_one_is_the_other() -> None:
    nothing = voxels()
    assert not any(mask.any() for mask in crop(nothing, nothing))
    first, second = crop(nothing, voxels((4, 4, 4)))
    assert not first.any()
    assert second.shape == (3, 3, 3)


@pytest.mark.parametrize("seed", range(5))
def test_a_surface_voxel_has_a_neighbour_outside_across_a_face(seed: int) -> None:
    mask: Mask = np.pad(blobs(seed, share=0.8), 1)
    found = _surface_voxels(mask)
    np.testing.assert_array_equal(found, mask & ~ndimage.binary_erosion(mask))
