"""What registration sees of a volume: its body, its values from 0 to 1, its samples."""

import numpy as np
import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.registration.bodies import body_in, of_muscle
from sarcoma_core.imaging.registration.views import View
from sarcoma_core.imaging.volume import Volume

SPACING = (2.0, 2.0, 4.0)
SHAPE = (80, 80, 24)


def volume(array: np.ndarray) -> Volume:
    return Volume(array.astype(np.float32), np.diag([*SPACING, 1.0]))


def radius(x: float = 80, y: float = 80) -> np.ndarray:
    """Distance in mm from an axis along z."""
    i, j, _ = np.indices(SHAPE)
    return np.hypot(i * 2.0 - x, j * 2.0 - y)


@pytest.fixture
def ct() -> Volume:
    """A limb of 50 mm with a bone and a cyst of air, on a table of 6 mm that touches it."""
    noise = np.random.default_rng(1).normal(0, 15, SHAPE)
    hu = np.where(radius() < 50, 40.0, -1000.0)
    hu[radius() < 12] = 900
    hu[35:45, 35:45, 8:16] = -400
    hu[:, 65:68] = np.maximum(hu[:, 65:68], -100)
    return volume(hu + noise)


def test_the_table_is_no_part_of_a_body_in_ct_and_holes_are(ct: Volume) -> None:
    body = body_in(ct, "CT")
    assert body is not None
    assert body[40, 40].all()
    assert not body[:5].any()
    assert body.sum() == pytest.approx((radius() < 50).sum(), rel=0.04)


def test_the_body_of_a_pet_is_found_in_any_unit() -> None:
    rng = np.random.default_rng(2)
    uptake = np.where(radius() < 50, 0.3, 0.02) + 0.4 * (radius() < 40) + 5 * (radius(100, 80) < 10)
    uptake = uptake * rng.uniform(0.8, 1.2, SHAPE)
    in_suv, in_bqml = body_in(volume(uptake), "PT"), body_in(volume(uptake * 5000), "PT")
    assert in_suv is not None
    np.testing.assert_array_equal(in_suv, in_bqml)
    assert in_suv.sum() == pytest.approx((radius() < 50).sum(), rel=0.06)
    assert of_muscle(uptake.astype(np.float32)) == pytest.approx(0.7, rel=0.15)


def test_the_body_of_a_z_score_is_found() -> None:
    rng = np.random.default_rng(3)
    tissue = np.where(radius() < 50, 300.0, 0.0) + 300 * (radius() < 20)
    signal = np.hypot(tissue + rng.normal(0, 8, SHAPE), rng.normal(0, 8, SHAPE))
    body = body_in(volume((signal - 350) / 100), "MR")
    assert body is not None
    assert body.sum() == pytest.approx((radius() < 50).sum(), rel=0.05)


def test_where_no_body_can_be_told_all_counts() -> None:
    rng = np.random.default_rng(4)
    view = View.of(volume(-np.abs(rng.normal(500, 1, SHAPE))), "CT")
    assert not view.found
    assert view.body.all()


@pytest.mark.parametrize("array", [np.zeros(SHAPE), np.full(SHAPE, 7.0)])
def test_an_empty_volume_is_refused(array: np.ndarray) -> None:
    with pytest.raises(InputError, match="must not be constant"):
        View.of(volume(array), "MR")


@pytest.mark.parametrize(("slices", "fine"), [(3, False), (4, True)])
def test_a_volume_of_three_slices_is_refused(ct: Volume, slices: int, *, fine: bool) -> None:
    thin = Volume(ct.array[..., :slices].copy(), ct.affine)
    if fine:
        View.of(thin, "CT")
    else:
        with pytest.raises(InputError, match="4 voxels or more"):
            View.of(thin, "CT")


def test_values_lie_within_0_and_1_and_tissues_of_ct_lie_apart(ct: Volume) -> None:
    lattice = View.of(ct, "CT").lattice(4.0)
    assert lattice.values.min() >= -0.05
    assert lattice.values.max() <= 1.05
    assert np.median(lattice.values[lattice.body]) == pytest.approx((40 + 150) / 300, abs=0.05)
    assert np.median(lattice.values[~lattice.body]) == pytest.approx(0, abs=0.01)


def test_a_lattice_lies_where_the_volume_lies(ct: Volume) -> None:
    """The middle of all voxels, of which the coarse ones are no whole number of fine ones."""
    lattice = View.of(ct, "CT").lattice(5.0)
    middle = lattice.to_lps @ [*((np.array(lattice.values.shape) - 1) / 2), 1]
    wanted = ct.affine @ [*((np.array(SHAPE) - 1) / 2), 1] * [-1, -1, 1, 1]
    np.testing.assert_allclose(middle, wanted)
    np.testing.assert_allclose(np.linalg.norm(lattice.to_lps[:3, :3], axis=0), (5, 5, 5))
    assert View.of(ct, "CT").lattice(3.0).values.shape[2] == SHAPE[2]  # no finer than the volume


def test_samples_are_the_body_and_a_rim_of_8_mm(ct: Volume) -> None:
    sample = View.of(ct, "CT").sample(4.0)
    x, y = -sample.points[:, 0], -sample.points[:, 1]
    far = np.hypot(x - 80, y - 80)
    assert far[sample.in_body].max() < 55  # half a step beyond, across
    assert 55 < np.percentile(far, 99) < 50 + 8 * np.sqrt(2) + 4
    assert sample.values.shape == (len(sample.points),)


def test_samples_are_100_000_at_most_and_the_same_each_time(ct: Volume) -> None:
    fine = Volume(np.repeat(ct.array, 4, axis=2), np.diag([2.0, 2.0, 1.0, 1.0]))
    one, two = (View.of(fine, "CT").sample(1.0) for _ in range(2))
    assert len(one.points) == 100_000
    np.testing.assert_array_equal(one.points, two.points)
