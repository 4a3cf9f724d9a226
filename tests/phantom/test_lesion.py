import numpy as np
import pytest

from sarcoma_core.phantom.lesion import Lesion, draw_lesion, extent
from sarcoma_core.phantom.patient import draw_patient
from sarcoma_core.phantom.randomness import Axes
from sarcoma_core.phantom.thigh import draw_thigh

BALL = Lesion(seed=1, centre=(0.0, 0.0, 0.0), direction=(1.0, 0.0), semi_axes=(20.0, 20.0, 20.0))


def lattice(half: float, samples: int) -> Axes:
    x = np.linspace(-half, half, samples, dtype=np.float32)
    return x[:, None, None], x[None, :, None], x[None, None, :]


def test_growth_displaces_tissue_without_compressing_it() -> None:
    axes = lattice(40, 81)
    radius = (np.sqrt(axes[0] ** 2 + axes[1] ** 2 + axes[2] ** 2) / 20).astype(np.float32)
    x, y, z = BALL.before_growth(axes, radius)
    jacobian = np.array([np.gradient(c) for c in (x, y, z)]).transpose(2, 3, 4, 0, 1)
    outside = (radius > 1.5)[1:-1, 1:-1, 1:-1]
    np.testing.assert_allclose(np.linalg.det(jacobian)[1:-1, 1:-1, 1:-1][outside], 1, atol=0.02)


def test_growth_moves_nothing_far_away() -> None:
    x, _, _ = BALL.before_growth(lattice(2000, 3), np.full((3, 3, 3), 100, np.float32))
    np.testing.assert_allclose(x[:, 1, 1], (-2000, 0, 2000), atol=0.01)


def test_a_pushed_point_came_from_where_it_was() -> None:
    point = (5.0, 12.0)
    x, y = BALL.pushed(point)
    at = (
        np.full((1, 1, 1), x, np.float32),
        np.full((1, 1, 1), y, np.float32),
        np.zeros((1, 1, 1), np.float32),
    )
    before = BALL.before_growth(at, np.full((1, 1, 1), np.hypot(x, y) / 20, np.float32))
    assert [float(c.item()) for c in before[:2]] == pytest.approx(point, abs=0.01)
    assert np.hypot(x, y) > 20 * 0.85 ** (1 / 3)


def test_the_ellipsoid_has_the_patient_s_volume_and_lies_along_the_limb() -> None:
    for seed in range(200):
        patient = draw_patient(seed)
        lesion = draw_lesion(patient, draw_thigh(patient))
        volume = 4 / 3 * np.pi * np.prod(lesion.semi_axes) / 1000
        assert volume == pytest.approx(patient.target_volume, rel=1e-6)
        assert np.hypot(*lesion.direction) == pytest.approx(1)
        if patient.target_volume < 400:
            assert lesion.semi_axes[2] > max(lesion.semi_axes[:2])


def test_limb_and_tumour_fit_into_the_field_of_view() -> None:
    for seed in range(200):
        patient = draw_patient(seed)
        thigh = draw_thigh(patient)
        assert sum(extent(thigh, draw_lesion(patient, thigh))) < 208
