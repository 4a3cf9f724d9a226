"""Proportional hazards, decision curves and the bootstrap: what is planted is found, and nothing else."""

import numpy as np
import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.survival.bootstrap import LEAST_SAMPLES, bootstrap, resamples
from sarcoma_core.survival.concordance import harrell
from sarcoma_core.survival.cox import fit_cox
from sarcoma_core.survival.cox_likelihood import TIES, Ties
from sarcoma_core.survival.decision_curve import decision_curve
from sarcoma_core.survival.follow_up import FollowUp
from sarcoma_core.survival.proportionality import SCALES, TimeScale, proportionality, schoenfeld_residuals
from tests.survival.cohorts import cohort, shuffled

ALL_EVENTS = FollowUp.of([1, 2, 3, 4], [1, 1, 1, 1])


@pytest.mark.parametrize("ties", TIES)
def test_residuals_add_up_to_nothing_at_the_fit(ties: Ties) -> None:
    follow_up, x = cohort(11, patients=150)
    times, residuals = schoenfeld_residuals(fit_cox(x, follow_up, ties=ties), x, follow_up)
    np.testing.assert_allclose(residuals.sum(axis=0), 0, atol=1e-6)
    np.testing.assert_array_equal(np.sort(times), np.sort(follow_up.time[follow_up.event]))


@pytest.mark.parametrize("scale", SCALES)
def test_a_hazard_ratio_that_turns_is_found_and_a_steady_one_is_not(scale: TimeScale) -> None:
    """Of the first covariate the effect holds up to time 1 and turns round after it."""
    rng = np.random.default_rng(12)
    x = rng.normal(size=(1500, 2))
    early, late = (np.exp(sign * x[:, 0] + 0.5 * x[:, 1]) for sign in (1, -1))
    drawn = rng.exponential(size=1500)
    time = np.where(drawn < early, drawn / early, 1 + (drawn - early) / late)
    follow_up = FollowUp.of(time.clip(1e-6), np.ones(1500))
    found = proportionality(fit_cox(x, follow_up), x, follow_up, scale=scale)
    assert found.p[0] < 1e-6
    assert found.p[1] > 1e-3


@pytest.mark.parametrize("scale", SCALES)
def test_the_order_of_rows_changes_no_test(scale: TimeScale) -> None:
    follow_up, x = cohort(13, patients=120)
    order = shuffled(1, 120)
    one, other = (
        proportionality(fit_cox(y, each), y, each, scale=scale).statistic
        for each, y in ((follow_up, x), (follow_up.chosen(order), x[order]))
    )
    np.testing.assert_allclose(one, other, rtol=1e-6)


def test_net_benefit_is_worked_out_by_hand() -> None:
    """By 2.5 two of four have the event; above 0.25 stand three, of whom two have it."""
    found = decision_curve(ALL_EVENTS, [0.9, 0.5, 0.3, 0.1], 2.5, [0.25, 0.4, 0.95])
    np.testing.assert_allclose(found.model, [2 / 4 - 1 / 4 * (0.25 / 0.75), 2 / 4, 0], atol=1e-12)
    odds = np.array([0.25 / 0.75, 0.4 / 0.6, 0.95 / 0.05])
    np.testing.assert_allclose(found.all, 0.5 - 0.5 * odds)


def test_who_stands_at_the_threshold_is_treated() -> None:
    for risk, treated in ((0.4, True), (0.3999, False)):
        found = decision_curve(ALL_EVENTS, [risk, 0, 0, 0], 2.5, [0.4])
        assert bool(found.model[0] > 0) is treated


def test_no_model_beats_one_that_knows() -> None:
    follow_up, x = cohort(14, patients=200)
    knows = (follow_up.time <= 3).astype(float)
    everybody = FollowUp.of(follow_up.time, np.ones(200))
    cuts = np.linspace(0.05, 0.9, 18)
    guess = 1 / (1 + np.exp(-x[:, 0]))
    best, other = (decision_curve(everybody, each, 3, cuts).model for each in (knows, guess))
    assert (best >= other - 1e-12).all()
    np.testing.assert_allclose(best, knows.mean())


@pytest.mark.parametrize(
    ("probability", "horizon", "thresholds", "words"),
    [
        ([0.1, 0.2, 0.3], 2, [0.5], "probability: must be 0 to 1 for each of 4"),
        ([0.1, 0.2, 0.3, 1.01], 2, [0.5], "probability: must be 0 to 1"),
        ([0.1, 0.2, 0.3, np.nan], 2, [0.5], "probability: must be 0 to 1"),
        ([0.1, 0.2, 0.3, 0.4], 4.01, [0.5], "horizon: must be above 0 and not beyond the last follow-up, 4"),
        ([0.1, 0.2, 0.3, 0.4], 0, [0.5], "horizon: must be"),
        ([0.1, 0.2, 0.3, 0.4], 2, [0.0], "thresholds: must be above 0"),
        ([0.1, 0.2, 0.3, 0.4], 2, [0.5, 1.0], "thresholds: must be above 0"),
    ],
)
def test_what_no_curve_can_be_drawn_of_is_refused(
    probability: list[float], horizon: float, thresholds: list[float], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        decision_curve(ALL_EVENTS, probability, horizon, thresholds)


def test_samples_depend_on_the_seed_alone() -> None:
    one, again, other = (resamples(20, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert one.shape == (LEAST_SAMPLES, 20)
    assert not np.array_equal(one, other)


def test_limits_of_a_mean_are_those_of_its_standard_error() -> None:
    values = np.random.default_rng(3).normal(size=400)
    found = bootstrap(lambda rows: float(values[rows].mean()), resamples(400, samples=4000, seed=5))
    error = values.std(ddof=1) / 20
    assert found.value == values.mean()
    assert found.standard_deviation == pytest.approx(error, rel=0.05)
    np.testing.assert_allclose(
        [found.lower, found.upper], values.mean() + np.array([-1, 1]) * 1.96 * error, atol=0.01
    )


def test_a_difference_on_the_same_rows_is_surer_than_two_measures() -> None:
    follow_up, x = cohort(15, patients=150)
    drawn = resamples(150, seed=9)
    better, worse = x[:, 0], x[:, 0] + 0.05 * x[:, 1]

    def of(rows: np.ndarray, risk: np.ndarray) -> float:
        return harrell(follow_up.chosen(rows), risk[rows]).index

    each = bootstrap(lambda rows: of(rows, better), drawn)
    apart = bootstrap(lambda rows: of(rows, better) - of(rows, worse), drawn)
    assert apart.standard_deviation < each.standard_deviation / 5
    assert bootstrap(lambda rows: of(rows, better) - of(rows, better), drawn).upper == 0


@pytest.mark.parametrize(("events", "enough"), [(3, True), (2, False)])
def test_too_many_samples_that_tell_nothing_are_no_limits(events: int, enough: object) -> None:
    """Of 40 patients with 3 events, 4.6 % of samples hold none, with 2 events 13 %."""
    follow_up = FollowUp.of(np.arange(1, 41), np.arange(40) < events)
    risk = np.arange(40.0)
    drawn = resamples(40, samples=4000, seed=1)

    def measure(rows: np.ndarray) -> float:
        return harrell(follow_up.chosen(rows), risk[rows]).index

    if enough:
        assert bootstrap(measure, drawn).samples.size < 4000
    else:
        with pytest.raises(InputError, match="samples: must tell something in 95% of cases"):
            bootstrap(measure, drawn)


def test_a_thousand_samples_are_enough_and_one_less_is_not() -> None:
    def nothing(rows: np.ndarray) -> float:
        return float(rows.mean())

    assert bootstrap(nothing, resamples(5, samples=1000, seed=1)).samples.size == 1000
    with pytest.raises(InputError, match="must be 1000 or more; found 999"):
        bootstrap(nothing, resamples(5, samples=999, seed=1))
