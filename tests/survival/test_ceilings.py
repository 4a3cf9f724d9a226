"""The concordance of the best of all risks, how censoring moves it, and that a risk of nothing has a half."""

import numpy as np
import pytest

from sarcoma_core.survival.antolini import antolini
from sarcoma_core.survival.censoring import observation
from sarcoma_core.survival.concordance import harrell, uno
from sarcoma_core.survival.dynamic_auc import dynamic_auc
from sarcoma_core.survival.follow_up import FollowUp

LEAST_SEEN = 0.1
"""Up to where Uno's C is taken: as long as a tenth of all would still be under observation."""


def ceiling(spread: float) -> float:
    """The chance that of two patients the one of the higher risk has the event first.

    Where their log hazard ratios differ by d it is 1 / (1 + exp(-d)), and d has sqrt(2) times the spread.
    """
    z = np.linspace(0, 12, 100_001)
    density = 2 * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    return float(np.trapezoid(density / (1 + np.exp(-z * spread * np.sqrt(2))), z))


def drawn(rng: np.random.Generator, patients: int, spread: float, lost: float) -> tuple[FollowUp, np.ndarray]:
    """Exponential times under proportional hazards, lost at a rate."""
    risk = spread * rng.normal(size=patients)
    time = rng.exponential(np.exp(-risk))
    last = rng.exponential(1 / lost, patients) if lost else np.full(patients, np.inf)
    return FollowUp.of(np.minimum(time, last), time <= last), risk


@pytest.mark.parametrize(
    ("spread", "index"),
    [(0.25, 0.5691), (0.5, 0.6311), (0.75, 0.6830), (1, 0.7250), (1.25, 0.7591), (1.5, 0.7870), (2, 0.8278)],
)
def test_the_true_risk_has_the_concordance_of_the_ceiling(spread: float, index: float) -> None:
    """The figures were drawn at random: they are right to three digits. Ours lie within 3 standard errors."""
    assert ceiling(spread) == pytest.approx(index, abs=2.5e-4)
    rng = np.random.default_rng(int(spread * 100))
    found = [harrell(*drawn(rng, 1000, spread, 0)).index for _ in range(30)]
    error = np.std(found, ddof=1) / np.sqrt(len(found))
    assert error < 0.003
    assert np.mean(found) == pytest.approx(ceiling(spread), abs=3 * error)


def test_censoring_moves_harrells_up_and_unos_less() -> None:
    """3000 patients of spread 1, of whom 30, 60 and 80 % are censored; the means over 24 such cohorts."""
    rng, moved = np.random.default_rng(3), [ceiling(1)]
    for lost, censored, by_harrell, by_uno in (
        (0.35, 0.3, 0.728, 0.726),
        (1.6, 0.6, 0.744, 0.734),
        (5.5, 0.8, 0.750, 0.737),
    ):
        parts, plain, weighed = [], [], []
        for _ in range(24):
            follow_up, risk = drawn(rng, 3000, 1.0, lost)
            g = observation(follow_up)
            tau = float(g.table.times[g.probability >= LEAST_SEEN].max())
            parts.append(1 - follow_up.event.mean())
            plain.append(harrell(follow_up, risk).index)
            weighed.append(uno(follow_up, risk, g, tau=tau).index)
        assert np.mean(parts) == pytest.approx(censored, abs=0.03)
        assert np.mean(plain) == pytest.approx(by_harrell, abs=0.01)
        assert np.mean(weighed) == pytest.approx(by_uno, abs=0.01)
        assert ceiling(1) - 0.003 < np.mean(weighed) < np.mean(plain)
        moved.append(float(np.mean(plain)))
    assert (np.diff(moved) > 0).all()
    assert moved[-1] > ceiling(1) + 0.02


def test_of_300_patients_the_spread_is_that_of_small_cohorts() -> None:
    rng = np.random.default_rng(4)
    found = [np.std([harrell(*drawn(rng, 300, 1.0, lost)).index for _ in range(60)]) for lost in (0.35, 5.5)]
    assert 0.012 < found[0] < 0.025
    assert 0.025 < found[1] < 0.048


@pytest.mark.parametrize("lost", [0.0, 1.0])
def test_a_risk_of_nothing_has_a_half_by_every_measure(lost: float) -> None:
    rng = np.random.default_rng(5)
    times = np.array([0.1, 0.3, 0.6])
    found = []
    for _ in range(30):
        follow_up, _ = drawn(rng, 300, 1.0, lost)
        noise, g = rng.normal(size=300), observation(follow_up)
        curves = np.exp(-np.exp(noise)[:, None] * times)
        found.append(
            [
                harrell(follow_up, noise).index,
                uno(follow_up, noise, g, tau=0.6).index,
                dynamic_auc(follow_up, noise, times, g).mean,
                antolini(follow_up, curves, times),
            ]
        )
    means, errors = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / np.sqrt(30)
    assert (np.abs(means - 0.5) < 3 * errors).all()
    assert (errors < 0.01).all()
    same, g = np.zeros(300), observation(follow_up)
    assert harrell(follow_up, same).index == uno(follow_up, same, g, tau=0.6).index == 0.5
    assert dynamic_auc(follow_up, same, times, g).mean == pytest.approx(0.5)
