"""Turning and shifting: the arithmetic, the starts, and the climb on a volume that was moved."""

import numpy as np
import pytest

from sarcoma_core.imaging.registration.rigid import RigidLevel, RigidTransform, starts_around, turned
from sarcoma_core.imaging.registration.views import Lattice, Sample


def test_a_turn_is_a_turn() -> None:
    quarter = turned(np.array([0, 0, np.pi / 2]))
    np.testing.assert_allclose(quarter @ (1, 0, 0), (0, 1, 0), atol=1e-12)
    np.testing.assert_array_equal(turned(np.zeros(3)), np.eye(3))


def test_degrees_and_millimetres_are_those_of_the_body() -> None:
    one = RigidTransform(
        turned(np.array([0.1, 0.2, -0.2])), np.array([50.0, 60, 900]), np.array([3.0, 4, 12])
    )
    assert one.degrees == pytest.approx(np.degrees(0.3))
    assert one.millimetres == pytest.approx(13)
    itk = one.as_itk()
    point = (12.0, -30.0, 850.0)
    np.testing.assert_allclose(itk.TransformPoint(point), one.moved(np.array([point]))[0])
    assert one.from_there(one) == (pytest.approx(0, abs=1e-5), pytest.approx(0, abs=1e-9))
    away = one.from_there(RigidTransform(np.eye(3), one.centre, np.zeros(3)))
    assert away == (pytest.approx(np.degrees(0.3)), pytest.approx(13))


def test_starts_reach_48_mm_along_the_limb_16_across_and_what_is_spare() -> None:
    middle = np.array([5.0, 6, 7])
    starts = np.array(starts_around(middle, np.array([0, 20.0, -30]), 2)) - middle
    np.testing.assert_allclose(np.abs(starts).max(axis=0), (16, 32, 48))
    assert len(np.unique(starts, axis=0)) == len(starts) == 3 * 5 * 7
    far = np.array(starts_around(middle, np.array([0, 0, 5000.0]), 2))
    assert np.abs(far - middle)[:, 2].max() == 40 * 16


def blobs(points: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(9)
    value = np.zeros(len(points))
    for _ in range(14):
        value += rng.uniform(0.4, 1) * np.exp(-((points - rng.uniform(-45, 45, 3)) ** 2).sum(1) / (2 * 13**2))
    return (value / 1.6).clip(0, 1).astype(np.float32)


def lattice(step: float, size: int, motion: RigidTransform | None = None) -> Lattice:
    """Blobs as they lie after a motion, on a grid around the origin."""
    to_lps = np.diag([step, step, step, 1.0])
    to_lps[:3, 3] = -step * (size - 1) / 2
    empty = Lattice(np.zeros((size,) * 3, np.float32), to_lps, np.ones((size,) * 3, np.bool_))
    points = empty.points(empty.body)
    if motion:
        points = (points - motion.centre - motion.shift) @ motion.rotation + motion.centre
    return empty._replace(values=blobs(points).reshape((size,) * 3))


@pytest.fixture
def motion() -> RigidTransform:
    return RigidTransform(turned(np.array([0.08, -0.1, 0.06])), np.zeros(3), np.array([7.0, -9, 11]))


@pytest.fixture
def level(motion: RigidTransform) -> RigidLevel:
    fixed = lattice(5.0, 25)
    voxels = np.argwhere(fixed.body)
    sample = Sample(fixed, voxels, fixed.points(fixed.body), fixed.values.ravel(), fixed.body.ravel())
    return RigidLevel(sample, lattice(3.0, 55, motion), bins=32, centre=np.zeros(3))


def test_a_volume_that_was_turned_and_shifted_is_found(level: RigidLevel, motion: RigidTransform) -> None:
    starts = starts_around(np.zeros(3), np.zeros(3), 2)
    found = level.climb(level.search(starts, 2, np.eye(3)).transform)
    degrees, millimetres = found.transform.from_there(motion)
    assert degrees < 0.3
    assert millimetres < 0.2
    assert found.information > level.at(RigidTransform(np.eye(3), np.zeros(3), np.zeros(3))).information


def test_a_mirrored_copy_fits_worse(level: RigidLevel) -> None:
    starts = starts_around(np.zeros(3), np.zeros(3), 2)
    as_it_is = level.search(starts, 2, np.eye(3))
    for axis in range(3):
        signs = np.ones(3)
        signs[axis] = -1
        assert level.search(starts, 2, np.diag(signs)).score < 0.8 * as_it_is.score
