import numpy as np
import pytest

from sarcoma_core.phantom.anatomy import Anatomy
from sarcoma_core.phantom.motion import Motion
from sarcoma_core.phantom.reception import Image
from sarcoma_core.phantom.resting import Samples, labels_on, sampled, voxel_means
from sarcoma_core.phantom.slices import Slices
from tests.phantom.conftest import COARSE

HERE = Slices(COARSE.shape, COARSE.spacing, COARSE.slice_thickness)
FEW = Slices((12, 14, 6), (7.0, 6.0, 9.0), 4.5, "coronal", (12, -8), (5.0, -9.0, 3.0))
MOTION = Motion(rotation=(4.0, -2.0, 6.0), shift=(11.0, -4.0, 8.0))


def ramp() -> Image:
    """A linear function of position at rest: linear interpolation is exact for it."""
    x, y, z = COARSE.axes()
    return np.asarray(3 * x - 2 * y + z + 40, np.float32)


def rest_positions(slices: Slices, motion: Motion) -> Image:
    index = np.stack(np.meshgrid(*map(np.arange, slices.shape), indexing="ij"), axis=-1).reshape(-1, 3)
    affine = slices.affine_lps()
    return motion.inverse(index @ affine[:3, :3].T + affine[:3, 3])


def test_slices_on_the_lattice_of_a_limb_that_did_not_move_have_its_tissue(anatomies: list[Anatomy]) -> None:
    np.testing.assert_array_equal(labels_on(anatomies[0], HERE, Motion()), anatomies[0].labels)
    same = sampled(anatomies[0].texture, anatomies[0], HERE, Motion(), Samples())
    np.testing.assert_allclose(same, anatomies[0].texture, atol=1e-4)


def test_a_linear_field_is_sampled_where_the_tissue_of_each_voxel_lies_at_rest(
    anatomies: list[Anatomy],
) -> None:
    x, y, z = rest_positions(FEW, MOTION).T
    found = sampled(ramp(), anatomies[0], FEW, MOTION, Samples())
    np.testing.assert_allclose(found.ravel(), 3 * x - 2 * y + z + 40, atol=1e-3)


def test_the_mean_of_the_samples_of_a_linear_field_is_its_value_in_the_middle(
    anatomies: list[Anatomy],
) -> None:
    once = sampled(ramp(), anatomies[0], FEW, MOTION, Samples())
    often = Samples(2, 3, 4)
    fine = sampled(ramp(), anatomies[0], FEW, MOTION, often)
    assert fine.shape == (24, 42, 24)
    np.testing.assert_allclose(voxel_means(fine, often), once, atol=1e-3)


def test_samples_of_a_slice_fill_its_thickness_and_not_the_gap(anatomies: list[Anatomy]) -> None:
    plain = Slices((1, 1, 2), (5.0, 5.0, 10.0), 6.0)
    z = np.broadcast_to(COARSE.axes()[2], COARSE.shape).astype(np.float32)
    found = sampled(z, anatomies[0], plain, Motion(), Samples(k=3))
    np.testing.assert_allclose(found.ravel(), [-7, -5, -3, 3, 5, 7], atol=1e-5)


def test_beyond_its_ends_the_limb_goes_on_as_it_ends(anatomies: list[Anatomy]) -> None:
    far = Slices((80, 80, 1), (2.75, 2.75, 5.0), 5.0, centre=(0, 0, 500))
    found = labels_on(anatomies[0], far, Motion())
    np.testing.assert_array_equal(found[..., 0], anatomies[0].labels[..., -1])


@pytest.mark.parametrize("shift", [(2.75, 0, 0), (0, -5.5, 0), (0, 0, 5.0)])
def test_a_limb_that_is_shifted_by_whole_voxels_is_the_same_voxels_elsewhere(
    anatomies: list[Anatomy], shift: tuple[float, float, float]
) -> None:
    labels = anatomies[0].labels
    steps = [round(s / step) for s, step in zip(shift, COARSE.spacing, strict=True)]
    found = labels_on(anatomies[0], HERE, Motion(shift=shift))
    inner = (slice(5, -5),) * 3
    np.testing.assert_array_equal(found[inner], np.roll(labels, steps, (0, 1, 2))[inner])
