"""Resampling: the world stays where it is for any order of axes, and RAS is LPS in one place only."""

import itertools

import numpy as np
import pytest
import SimpleITK as sitk

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.resampling import as_image, lps, outside, resample, resample_mask
from sarcoma_core.imaging.volume import Volume

AXES = [
    (order, flips)
    for order in itertools.permutations(range(3))
    for flips in itertools.product((False, True), repeat=3)
]


def turn(x: float, y: float, z: float) -> np.ndarray:
    euler = sitk.Euler3DTransform()
    euler.SetRotation(x, y, z)
    return np.array(euler.GetMatrix()).reshape(3, 3)


def grid(shape: tuple[int, int, int], spacing: tuple[float, float, float], rotation: np.ndarray) -> Volume:
    """A grid around (20, -35, 400) RAS mm."""
    affine = np.eye(4)
    affine[:3, :3] = rotation * spacing
    affine[:3, 3] = (20, -35, 400) - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return Volume(np.zeros(shape, np.float32), affine)


def points(volume: Volume) -> np.ndarray:
    indices = np.moveaxis(np.indices(volume.array.shape), 0, -1)
    return indices @ volume.affine[:3, :3].T + volume.affine[:3, 3]


def lumps(volume: Volume) -> Volume:
    """Values that are a function of the place in the patient: no two corners alike."""
    x, y, z = np.moveaxis(points(volume) - (20, -35, 400), -1, 0)
    values = np.exp(-((x - 9) ** 2 + (y + 4) ** 2 + (z - 6) ** 2) / 300) + 0.02 * x - 0.01 * y + 0.03 * z
    return volume.with_array(values.astype(np.float32))


def reordered(volume: Volume, order: tuple[int, ...], flips: tuple[bool, ...]) -> Volume:
    """The same voxels in another order, in the same place."""
    flipped = tuple(axis for axis in range(3) if flips[axis])
    affine = volume.affine.copy()
    for axis in flipped:
        affine[:3, 3] += affine[:3, axis] * (volume.array.shape[axis] - 1)
        affine[:3, axis] *= -1
    columns = affine[:3, list(order)]
    affine[:3, :3] = columns
    return Volume(np.transpose(np.flip(volume.array, flipped), order).copy(), affine)


def back(array: np.ndarray, order: tuple[int, ...], flips: tuple[bool, ...]) -> np.ndarray:
    flipped = tuple(axis for axis in range(3) if flips[axis])
    return np.flip(np.transpose(array, np.argsort(order)), flipped)


OBLIQUE = turn(0.2, -0.3, 0.1)
MOVING = lumps(grid((24, 20, 16), (2.0, 2.5, 3.0), OBLIQUE))
FIXED = grid((14, 18, 11), (2.2, 1.8, 4.0), turn(-0.1, 0.15, 0.4))
MOTION = sitk.Euler3DTransform((-20.0, 35.0, 400.0), 0.05, -0.08, 0.1, (2.0, -1.5, 3.0))


@pytest.mark.parametrize(("order", "flips"), AXES)
def test_48_orders_of_axes_of_either_volume_give_the_same_picture(
    order: tuple[int, ...], flips: tuple[bool, ...]
) -> None:
    wanted = resample(MOVING, FIXED, MOTION, fill=-9).array
    of_moving = resample(reordered(MOVING, order, flips), FIXED, MOTION, fill=-9).array
    of_fixed = resample(MOVING, reordered(FIXED, order, flips), MOTION, fill=-9).array
    np.testing.assert_allclose(of_moving, wanted, atol=1e-4)
    np.testing.assert_allclose(back(of_fixed, order, flips), wanted, atol=1e-4)


def test_an_oblique_frame_and_back_is_the_same_within_what_interpolation_takes() -> None:
    there = resample(MOVING, lumps(grid((60, 60, 60), (1, 1, 1), np.eye(3))), MOTION, fill=0)
    again = resample(there, MOVING, MOTION.GetInverse(), fill=0)
    inner = (slice(3, -3),) * 3
    np.testing.assert_allclose(again.array[inner], MOVING.array[inner], atol=0.02)


def test_a_shift_in_lps_moves_what_is_seen_to_the_other_side_in_ras() -> None:
    """ITK takes the point of the new grid to the volume: 6 mm to the left there is 6 mm to the left here."""
    volume = grid((41, 41, 41), (1, 1, 1), np.eye(3))
    ball = volume.with_array(
        np.exp(-((points(volume) - (20, -35, 400)) ** 2).sum(-1) / 20).astype(np.float32)
    )
    moved = resample(ball, volume, sitk.TranslationTransform(3, (6.0, 4.0, 5.0)), fill=0).array
    centre = (points(volume) * moved[..., None]).sum((0, 1, 2)) / moved.sum()
    np.testing.assert_allclose(centre, (20 + 6, -35 + 4, 400 - 5), atol=0.05)


def test_lps_is_its_own_way_back_and_keeps_the_head_up() -> None:
    np.testing.assert_allclose(lps(lps(MOVING.affine)), MOVING.affine)
    np.testing.assert_allclose(lps(np.eye(4)) @ (1, 2, 3, 1), (-1, -2, 3, 1))


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (1.3, 1.3, 5.0), (4.0, 4.0, 4.0)])
@pytest.mark.parametrize("radius", [16.0, 28.0])
def test_the_volume_of_a_mask_drifts_by_less_than_two_percent(
    spacing: tuple[float, float, float], radius: float
) -> None:
    fine = grid((70, 70, 70), (1, 1, 1), np.eye(3))
    ball = ((points(fine) - (20, -35, 400)) ** 2).sum(-1) <= radius**2
    onto = grid(tuple(int(90 / step) for step in spacing), spacing, OBLIQUE)
    got = resample_mask(ball, fine.affine, onto, MOTION)
    assert got.sum() * np.prod(spacing) == pytest.approx(ball.sum(), rel=0.02)


def test_a_voxel_that_is_half_in_a_mask_is_in_it() -> None:
    volume = grid((3, 3, 3), (1, 1, 1), np.eye(3))
    mask = np.zeros((3, 3, 3), np.bool_)
    mask[1] = True
    for shift, count in ((0.45, 9), (0.55, 0)):
        got = resample_mask(mask, volume.affine, volume, sitk.TranslationTransform(3, (shift, 0.0, 0.0)))
        assert np.count_nonzero(got[1]) == count


def test_outside_of_a_volume_is_air() -> None:
    values = np.array([[[-1.5, 2.0]]], np.float32)
    assert outside(values, "CT") == -1024
    assert outside(values, "PT") == 0
    assert outside(values, "MR") == -1.5
    far = resample(MOVING, FIXED, sitk.TranslationTransform(3, (500.0, 0.0, 0.0)), fill=-7)
    assert (far.array == -7).all()


@pytest.mark.parametrize(("cosine", "fine"), [(0.9e-3, True), (1.1e-3, False)])
def test_axes_that_are_not_at_right_angles_are_refused(cosine: float, *, fine: bool) -> None:
    affine = np.eye(4)
    affine[:3, 1] = (cosine, np.sqrt(1 - cosine**2), 0)
    if fine:
        as_image(np.zeros((4, 4, 4), np.float32), affine)
    else:
        with pytest.raises(InputError, match="right angles"):
            as_image(np.zeros((4, 4, 4), np.float32), affine)


def test_what_is_not_3d_or_empty_is_refused() -> None:
    with pytest.raises(InputError, match="3 dimensions"):
        as_image(np.zeros((4, 4), np.float32), np.eye(4))
    with pytest.raises(InputError, match="empty"):
        resample_mask(np.zeros((4, 4, 4), np.bool_), np.eye(4), FIXED, MOTION)
