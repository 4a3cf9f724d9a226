"""Mutual information: what is known of it in theory, and its slope."""

import numpy as np
import pytest

from sarcoma_core.imaging.registration.information import Information


def smooth(seed: int, shape: tuple[int, int, int] = (20, 18, 16)) -> np.ndarray:
    rng = np.random.default_rng(seed)
    field = np.zeros(shape)
    grid = np.indices(shape).reshape(3, -1).T
    for _ in range(12):
        field += (rng.normal() * np.cos(grid @ rng.normal(0, 0.25, 3) + rng.uniform(0, 6))).reshape(shape)
    return ((field - field.min()) / np.ptp(field)).astype(np.float32)


def places(shape: tuple[int, ...]) -> np.ndarray:
    return np.indices(shape).reshape(3, -1).T.astype(float)


def test_a_volume_tells_all_about_itself_and_nothing_about_noise() -> None:
    values = smooth(1)
    noise = np.random.default_rng(2).random(values.shape, np.float32)
    itself = Information(values.ravel(), values, 16).at(places(values.shape)).information
    apart = Information(values.ravel(), noise, 16).at(places(values.shape)).information
    share = np.bincount((values.ravel() * 16).astype(int).clip(0, 15)) / values.size
    entropy = -(share[share > 0] * np.log(share[share > 0])).sum()
    assert 0.6 * entropy < itself < entropy
    assert 0 <= apart < 15**2 / values.size  # what chance makes of so many samples: (bins - 1)^2 / 2n


def test_no_order_of_grey_values_changes_it_much() -> None:
    values = smooth(1)
    one, turned = (Information(values.ravel(), v, 16).at(places(values.shape)) for v in (values, 1 - values))
    assert turned.information == pytest.approx(one.information, rel=0.05)


def test_the_slope_is_that_of_the_information() -> None:
    fixed, moving = smooth(3), smooth(4)
    told = Information(fixed.ravel(), moving, 24)
    at = places(moving.shape)[::7] * 0.8 + 1.3
    told = Information(fixed.ravel()[::7], moving, 24)
    slope = told.at(at, slope=True).slope
    rng = np.random.default_rng(5)
    step = rng.normal(size=at.shape) * 1e-3
    risen = told.at(at + step).information - told.at(at - step).information
    assert risen == pytest.approx(2 * float((slope * step).sum()), rel=0.03)


def test_samples_outside_do_not_count_and_have_no_slope() -> None:
    values = smooth(1)
    at = places(values.shape)
    at[: len(at) // 2] += 100
    there = Information(values.ravel(), values, 16).at(at, slope=True)
    assert there.part == pytest.approx(0.5)
    assert not there.slope[: len(at) // 2].any()
    assert there.slope.any()


@pytest.mark.parametrize(("count", "told"), [(180, False), (220, True)])
def test_too_few_samples_tell_nothing(count: int, *, told: bool) -> None:
    values = smooth(1)
    at = places(values.shape)[:count]
    there = Information(values.ravel()[:count], values, 8).at(at, slope=True)
    assert (there.information > 0) is told
    assert there.slope.shape == at.shape
