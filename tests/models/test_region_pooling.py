"""Means of maps in the tumour, around it and everywhere: laws, and numpy's own means."""

from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.models.region_pooling import REGIONS, RegionPooling, log_volume  # noqa: E402

SHAPE = (16, 16, 12)
TUMOUR = (slice(4, 9), slice(5, 10), slice(3, 8))


def maps(count: int = 3, shape: tuple[int, ...] = SHAPE, patients: int = 2) -> Any:
    return torch.randn(patients, count, *shape, generator=torch.Generator().manual_seed(1)).double()


def binary(shape: tuple[int, ...] = SHAPE, patients: int = 2) -> Any:
    mask = torch.zeros(patients, 1, *shape, dtype=torch.float64)
    mask[(slice(None), 0, *TUMOUR)] = 1
    return mask


def pooled(given: Any, mask: Any) -> Any:
    """Batch x regions x maps."""
    found = RegionPooling()(given, mask)
    assert found.shape == (len(given), REGIONS * given.shape[1])
    return found.reshape(len(given), REGIONS, given.shape[1])


def test_maps_that_are_the_same_everywhere_are_that_in_each_region() -> None:
    """But for a thousandth of a voxel, which keeps the mean of few voxels finite."""
    given = torch.tensor([2.0, -3.0]).double()[None, :, None, None, None].expand(1, 2, *SHAPE)
    found = pooled(given, binary(patients=1))[0]
    torch.testing.assert_close(found, given[0, :, 0, 0, 0].expand(3, 2), rtol=2e-5, atol=0)
    one = torch.zeros(1, 1, *SHAPE, dtype=torch.float64)
    one[0, 0, 8, 8, 6] = 1
    torch.testing.assert_close(pooled(given, one)[0], given[0, :, 0, 0, 0].expand(3, 2), rtol=1e-3, atol=0)


def test_the_first_is_the_mean_inside_the_mask_and_the_last_that_of_the_whole_image() -> None:
    given, mask = maps(), binary()
    found = pooled(given, mask).numpy()
    inside = mask[0, 0].numpy() > 0
    for patient, one in enumerate(given.numpy()):
        for number, each in enumerate(one):
            assert found[patient, 0, number] == pytest.approx(each[inside].mean(), rel=1e-4)
            assert found[patient, 2, number] == pytest.approx(each.mean(), rel=1e-4)


def test_the_second_is_the_mean_of_the_voxels_within_reach_that_are_not_tumour() -> None:
    """An eighth of 16 is 2 voxels, of the smallest axis, 12, it is 1: whole steps in each direction."""
    given = maps()
    near = np.zeros(SHAPE, bool)
    near[3:10, 4:11, 2:9] = True
    near[TUMOUR] = False
    found = pooled(given, binary()).numpy()[:, 1]
    np.testing.assert_allclose(found, given.numpy()[:, :, near].mean(axis=2), rtol=1e-4)
    wider = np.zeros((16, 16, 16), bool)
    wider[2:11, 3:12, 1:10] = True
    wider[TUMOUR] = False
    given = maps(shape=(16, 16, 16))
    found = pooled(given, binary((16, 16, 16))).numpy()[:, 1]
    np.testing.assert_allclose(found, given.numpy()[:, :, wider].mean(axis=2), rtol=1e-4)


def test_a_finer_mask_counts_for_the_part_of_a_voxel_that_it_covers() -> None:
    given, fine = maps(shape=(4, 4, 4)), torch.zeros(2, 1, 16, 16, 16, dtype=torch.float64)
    fine[:, :, 4:10, 4:8, 4:8] = 1  # one voxel whole, and half of the next
    found = pooled(given, fine)[:, 0]
    wanted = (given[:, :, 1, 1, 1] + 0.5 * given[:, :, 2, 1, 1]) / 1.5
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=0)


@pytest.mark.parametrize("value", [0.0, 1.0], ids=["no tumour", "tumour everywhere"])
def test_a_region_without_a_voxel_gives_0_and_never_nan(value: float) -> None:
    given = maps()
    found = pooled(given, torch.full((2, 1, *SHAPE), value, dtype=torch.float64))
    assert found.isfinite().all()
    empty = [1] if value else [0, 1]
    assert (found[:, empty] == 0).all()
    torch.testing.assert_close(found[:, 2], given.mean(dim=(2, 3, 4)), rtol=1e-4, atol=1e-9)


def test_patients_and_maps_do_not_mix() -> None:
    given, mask = maps(), binary()
    found = pooled(given, mask)
    other = given.clone()
    other[1, 2] += 1
    moved = (pooled(other, mask) - found).abs()
    assert (moved[0] == 0).all()
    assert (moved[1, :, :2] == 0).all()
    assert (moved[1, :, 2] > 0.99).all()


def test_a_gradient_flows_to_maps_and_mask_also_without_a_tumour() -> None:
    for mask in (binary(), torch.zeros_like(binary())):
        given, soft = maps().requires_grad_(), mask.clone().requires_grad_()
        RegionPooling()(given, soft).square().sum().backward()
        assert given.grad.isfinite().all()
        assert soft.grad.isfinite().all()
        assert (given.grad != 0).all()  # the mean of the whole sees all


def test_its_slope_is_the_derivative() -> None:
    random = torch.Generator().manual_seed(2)
    soft = torch.rand(1, 1, 4, 4, 4, generator=random, dtype=torch.float64).requires_grad_()
    given = maps(2, (4, 4, 4), 1).requires_grad_()
    assert torch.autograd.gradcheck(RegionPooling(), (given, soft))


def test_it_has_no_weights() -> None:
    assert not list(RegionPooling().parameters())
    assert not RegionPooling().state_dict()


def test_a_tumour_of_an_eighth_of_the_image_has_about_the_log_volume_0() -> None:
    mask = torch.zeros(1, 1, 16, 16, 16)
    mask[..., :8, :8, :8] = 1
    assert float(log_volume(mask)) == pytest.approx(0, abs=0.01)
    assert log_volume(mask).shape == (1, 1)


def test_twice_the_tumour_moves_it_by_the_logarithm_of_2() -> None:
    masks = torch.zeros(2, 1, 20, 20, 20)
    masks[0, ..., :10, :10, :10] = 1
    masks[1, ..., :20, :10, :10] = 1
    found = log_volume(masks)
    assert float(found[1, 0] - found[0, 0]) == pytest.approx(np.log(2), abs=1e-3)


def test_a_soft_mask_has_the_volume_that_it_covers_and_an_empty_one_has_a_finite_one() -> None:
    half = torch.full((1, 1, 8, 8, 8), 0.5)
    whole = torch.zeros(1, 1, 8, 8, 8)
    whole[..., :4, :, :] = 1
    torch.testing.assert_close(log_volume(half), log_volume(whole))
    empty = torch.zeros(1, 1, 8, 8, 8, requires_grad=True)
    found = log_volume(empty)
    assert found.isfinite().all()
    found.sum().backward()
    assert empty.grad.isfinite().all()
