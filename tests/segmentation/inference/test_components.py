"""Which pieces of a mask are kept: just inside and just outside, faces alone join, and nothing is fine."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from sarcoma_core.imaging.volume import Floats
from sarcoma_core.segmentation.inference.components import LEAST_PART, KeptMask, keep_pieces


def bars(*lengths: int) -> Floats:
    """Rows of voxels that do not touch, each so long."""
    image = np.zeros((max(lengths, default=1) + 1, 2 * len(lengths) + 1, 3), np.float32)
    for number, length in enumerate(lengths):
        image[:length, 2 * number, 1] = 1
    return image


def kept(image: Floats, *, least_ml: float = 0.0, voxel_ml: float = 0.5, threshold: float = 0.5) -> KeptMask:
    return keep_pieces(image, voxel_ml, threshold=threshold, least_ml=least_ml)


@pytest.mark.parametrize(("least_ml", "pieces"), [(4.5, 2), (5.0, 2), (5.001, 1), (5.5, 1)])
def test_a_piece_of_the_least_volume_is_kept_and_one_just_below_is_not(least_ml: float, pieces: int) -> None:
    """10 voxels of half a ml, beside 40."""
    found = kept(bars(10, 40), least_ml=least_ml)
    assert len(found.pieces) == pieces
    assert found.mask.sum() == (50 if pieces == 2 else 40)
    assert found.dropped_ml == (0 if pieces == 2 else 5)


@pytest.mark.parametrize(("length", "pieces"), [(9, 1), (10, 2), (11, 2)])
def test_a_twentieth_of_the_largest_piece_is_kept_and_less_is_not(length: int, pieces: int) -> None:
    assert LEAST_PART == 1 / 20
    found = kept(bars(length, 200))
    assert found.pieces == ((100.0, length / 2) if pieces == 2 else (100.0,))
    assert found.dropped == 2 - pieces


@pytest.mark.parametrize(
    ("step", "pieces"), [((1, 0, 0), 1), ((0, 1, 0), 1), ((0, 0, 1), 1), ((1, 1, 0), 2), ((1, 1, 1), 2)]
)
def test_voxels_are_of_one_piece_where_they_share_a_face(step: tuple[int, int, int], pieces: int) -> None:
    for signs in itertools.product((-1, 1), repeat=3):
        image = np.zeros((5, 5, 5), np.float32)
        image[2, 2, 2] = 1
        image[tuple(2 + sign * by for sign, by in zip(signs, step, strict=True))] = 1
        assert len(kept(image).pieces) == pieces


@pytest.mark.parametrize(("value", "inside"), [(0.449, False), (0.45, True), (0.451, True)])
def test_a_voxel_at_the_threshold_is_in(value: float, *, inside: bool) -> None:
    image = np.zeros((3, 3, 3), np.float32)
    image[1, 1, 1] = value
    assert kept(image, threshold=float(np.float32(0.45))).mask.any() == inside


@pytest.mark.parametrize("image", [np.zeros((4, 5, 6), np.float32), bars(3, 4)])
def test_where_nothing_is_left_the_mask_is_empty(image: Floats) -> None:
    found = kept(image, least_ml=1000.0)
    assert not found.mask.any()
    assert found.mask.shape == image.shape
    assert found.mask.dtype == np.bool_
    assert found.pieces == ()
    assert found.dropped == (2 if image.any() else 0)
    assert found.dropped_ml == image.sum() * 0.5


def test_all_of_an_image_is_one_piece() -> None:
    assert kept(np.ones((3, 4, 5), np.float32)).pieces == (30.0,)


@given(st.integers(0, 10_000), st.floats(0, 4), st.sampled_from([0.3, 0.5, 0.7]))
def test_pieces_are_those_of_scipy_and_no_voxel_is_lost_or_won(
    seed: int, least_ml: float, threshold: float
) -> None:
    image = np.random.default_rng(seed).random((7, 6, 5), np.float32)
    found = kept(image, least_ml=least_ml, threshold=threshold)
    labels, count = ndimage.label(image >= threshold)
    volumes = [(labels == n + 1).sum() * 0.5 for n in range(count)]
    wanted = [n for n in range(count) if volumes[n] >= least_ml and volumes[n] >= 0.05 * max(volumes)]
    np.testing.assert_array_equal(found.mask, np.isin(labels, [n + 1 for n in wanted]))
    assert found.pieces == tuple(sorted((volumes[n] for n in wanted), reverse=True))
    assert found.dropped == count - len(wanted)
    assert sum(found.pieces) + found.dropped_ml == pytest.approx((image >= threshold).sum() * 0.5)
