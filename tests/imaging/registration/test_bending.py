"""The bend: as ITK has it, with the slope it says, without folds, and with a way back."""

import numpy as np
import pytest

from sarcoma_core.imaging.registration.bending import BentTransform, Mesh, bending, jacobian
from sarcoma_core.imaging.registration.inverting import invert
from sarcoma_core.imaging.registration.rigid import RigidTransform, turned
from sarcoma_core.imaging.registration.views import Lattice
from sarcoma_core.imaging.resampling import lps
from sarcoma_core.imaging.volume import Volume

AFFINE = np.eye(4)
AFFINE[:3, :3] = turned(np.array([0.2, -0.1, 0.3])) * (4.0, 4.0, 5.0)
AFFINE[:3, 3] = (30, -60, 400)
SHAPE = (40, 36, 30)
VOLUME = Volume(np.zeros(SHAPE, np.float32), AFFINE)
LATTICE = Lattice(VOLUME.array, lps(AFFINE), np.ones(SHAPE, np.bool_))
POINTS = LATTICE.points(LATTICE.body)
RIGID = RigidTransform(turned(np.array([0.1, 0.05, -0.1])), POINTS.mean(axis=0), np.array([5.0, -9.0, 12.0]))


def bent(size: float, width: float = 50.0) -> BentTransform:
    mesh = Mesh.over(VOLUME, width)
    draws = np.random.default_rng(7).uniform(-size, size, (3, *mesh.nodes))
    return BentTransform(RIGID, mesh, draws)


def test_the_spline_on_a_lattice_is_the_one_that_itk_has() -> None:
    one = bent(9.0)
    here = RIGID.moved(POINTS + one.displacement(LATTICE).reshape(-1, 3))
    np.testing.assert_allclose(here[::97], one.moved(POINTS[::97]), atol=1e-9)


def test_the_mesh_goes_on_40_mm_beyond_the_volume() -> None:
    mesh = Mesh.over(VOLUME, 50.0)
    np.testing.assert_allclose(mesh.extent, np.array(SHAPE) * (4, 4, 5) + 80)
    corner = LATTICE.to_lps @ [-0.5 - 10, -0.5 - 10, -0.5 - 8, 1]
    np.testing.assert_allclose(mesh.origin, corner[:3])


def test_what_is_straight_costs_nothing_and_what_bends_costs_the_square() -> None:
    i, j, k = np.indices((6, 7, 8))
    width = np.array([40.0, 50.0, 45.0])
    straight = np.stack([1 + 2.0 * i - j, 3.0 * k, 0.5 * i + j])
    assert bending(straight, width)[0] == pytest.approx(0, abs=1e-20)
    curved = np.stack([0.5 * 3.0 * i**2, 0 * j, 0 * k]).astype(float)  # a second difference of 3 mm along i
    assert bending(curved, width)[0] == pytest.approx((3 / 40**2) ** 2)
    twisted = np.stack([2.0 * i * j, 0 * j, 0 * k]).astype(float)
    assert bending(twisted, width)[0] == pytest.approx(2 * (2 / (40 * 50)) ** 2)


def test_the_slope_of_the_cost_is_that_of_the_cost() -> None:
    rng = np.random.default_rng(3)
    here, step = rng.normal(size=(2, 3, 6, 7, 5))
    width = np.array([40.0, 50.0, 45.0])
    risen = bending(here + 1e-4 * step, width)[0] - bending(here - 1e-4 * step, width)[0]
    assert risen == pytest.approx(2e-4 * float((bending(here, width)[1] * step).sum()), rel=1e-4)


def test_the_jacobian_of_a_known_stretch_and_of_a_fold() -> None:
    stretch = np.diag([0.1, -0.2, 0.05])
    volumes = jacobian((POINTS @ stretch.T).reshape(*SHAPE, 3), LATTICE)
    np.testing.assert_allclose(volumes, 1.1 * 0.8 * 1.05, rtol=1e-9)
    fold = jacobian((POINTS @ np.diag([-1.1, 0, 0])).reshape(*SHAPE, 3), LATTICE)
    assert fold.max() < 0


def test_no_bend_within_the_bound_folds() -> None:
    """0.4 of a cell's width, at every node, at its worst of 20 draws of signs."""
    mesh = Mesh.over(VOLUME, 50.0)
    most = 0.4 * float(mesh.width.min())
    for seed in range(20):
        signs = np.random.default_rng(seed).choice([-most, most], (3, *mesh.nodes))
        volumes = jacobian(BentTransform(RIGID, mesh, signs).displacement(LATTICE), LATTICE)
        assert volumes.min() > 0


def test_the_way_back_misses_by_less_than_half_a_millimetre_and_says_by_how_much() -> None:
    one = bent(12.0, width=70.0)
    back = invert(one, VOLUME, POINTS[::101])
    returned = np.array([back.transform.TransformPoint(p) for p in one.moved(POINTS[::101]).tolist()])
    missed = np.linalg.norm(returned - POINTS[::101], axis=1).max()
    assert back.error == pytest.approx(missed)
    assert missed < 0.5
