"""Climbing: the top of a hill is found, within bounds, and the same way each time."""

import numpy as np
import pytest

from sarcoma_core.imaging.registration.climbing import climb

CURVES = np.array([1.0, 4.0, 30.0, 0.2])
TOP = np.array([3.0, -2.0, 1.0, 5.0])


def hill(place: np.ndarray) -> tuple[float, np.ndarray]:
    return -float((CURVES * (place - TOP) ** 2).sum()), -2 * CURVES * (place - TOP)


def test_the_top_of_a_hill_is_found() -> None:
    summit = climb(hill, np.zeros(4), first=1.0, rounds=80, precision=1e-6)
    np.testing.assert_allclose(summit.place, TOP, atol=1e-3)
    assert summit.value == pytest.approx(0, abs=1e-5)


def test_a_curved_ridge_is_followed() -> None:
    def ridge(place: np.ndarray) -> tuple[float, np.ndarray]:
        x, y = place
        return -((1 - x) ** 2 + 100 * (y - x * x) ** 2), np.array(
            [2 * (1 - x) + 400 * x * (y - x * x), -200 * (y - x * x)]
        )

    summit = climb(ridge, np.array([-1.2, 1.0]), first=0.5, rounds=200, precision=1e-9)
    np.testing.assert_allclose(summit.place, (1, 1), atol=1e-3)


def test_no_coordinate_leaves_its_bound() -> None:
    summit = climb(hill, np.zeros(4), first=1.0, rounds=200, precision=1e-9, bound=2.5)
    assert np.abs(summit.place).max() == 2.5
    assert summit.place[1] == pytest.approx(-2, abs=0.01)


def test_a_plain_has_no_way_up() -> None:
    summit = climb(lambda place: (1.0, np.zeros_like(place)), np.ones(3), first=1.0, rounds=9, precision=0.1)
    np.testing.assert_array_equal(summit.place, np.ones(3))
    assert summit.rounds == 0


def test_rounds_end_a_climb() -> None:
    assert climb(hill, np.zeros(4), first=0.01, rounds=2, precision=0).rounds == 2
