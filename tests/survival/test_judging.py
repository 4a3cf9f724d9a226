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
TENFOLD = ALL_EVENTS.chosen(np.repeat(np.arange(4), 10))
"""The same ten times over: a decision curve wants ten patients above a threshold."""


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
    found = decision_curve(TENFOLD, np.repeat([0.9, 0.5, 0.3, 0.1], 10), 2.5, [0.25, 0.4, 0.95])
    np.testing.assert_array_equal(found.thresholds, [0.25, 0.4])  # nobody is above 0.95
    np.testing.assert_allclose(found.model, [2 / 4 - 1 / 4 * (0.25 / 0.75), 2 / 4], atol=1e-12)
    odds = np.array([0.25 / 0.75, 0.4 / 0.6])
    np.testing.assert_allclose(found.all, 0.5 - 0.5 * odds)


@pytest.mark.parametrize("treated", [10, 9])
def test_below_ten_patients_a_threshold_is_left_out(treated: int) -> None:
    told = np.where(np.arange(40) < treated, 0.6, 0.2)
    found = decision_curve(TENFOLD, told, 2.5, [0.1, 0.5])
    np.testing.assert_array_equal(found.thresholds, [0.1, 0.5] if treated == 10 else [0.1])
    assert found.model.shape == found.all.shape == found.thresholds.shape


@pytest.mark.parametrize(("last", "lost", "told"), [(5.0, 1, True), (4.99, 1, False), (4.99, 0, True)])
def test_a_threshold_whose_patients_were_not_followed_so_far_is_left_out(
    last: float, lost: int, told: object
) -> None:
    """Of the ten above it one is last seen at some time; with nobody lost all have had the event by then."""
    time = np.r_[np.arange(1, 10) / 2, last, np.full(10, 9.0)]
    event = np.r_[np.ones(9), 1 - lost, np.zeros(10)]
    found = decision_curve(FollowUp.of(time, event), np.repeat([0.9, 0.1], 10), 5.0, [0.5])
    assert (found.thresholds.size == 1) is told


def test_of_competing_death_the_net_benefit_is_worked_out_by_hand() -> None:
    """Above 0.5, of each four, one has the event at 1, one dies at 2, one has the event at 3, one goes on.

    By 4 a half has the event, as nobody is lost; Kaplan-Meier would say 1 - 3/4 * 1/2 = 5/8.
    """
    time = np.tile([1.0, 2, 3, 5], 6)
    event, died = np.tile([1, 0, 1, 0], 6), np.tile([0, 1, 0, 0], 6)
    told = np.repeat([0.8, 0.2], 12)
    found = decision_curve(FollowUp.of(time, event), told, 4.0, [0.5], died=died)
    np.testing.assert_allclose(found.model, [0.5 * (0.5 - 0.5 * 1)], atol=1e-12)
    np.testing.assert_allclose(found.all, [0.5 - 0.5 * 1], atol=1e-12)
    naive = decision_curve(FollowUp.of(time, event), told, 4.0, [0.5])
    np.testing.assert_allclose(naive.all, [5 / 8 - 3 / 8])


def test_without_deaths_competition_changes_nothing_and_deaths_alone_are_no_benefit() -> None:
    follow_up, x = cohort(17, patients=120)
    told, cuts = 1 / (1 + np.exp(-x[:, 0])), [0.1, 0.3, 0.5]
    plain = decision_curve(follow_up, told, 5.0, cuts)
    none = decision_curve(follow_up, told, 5.0, cuts, died=np.zeros(120))
    np.testing.assert_array_equal(none.model, plain.model)
    below = told < 0.5
    died = ~below & (follow_up.time < 9)
    kept = FollowUp(follow_up.time, follow_up.event & ~died)
    found = decision_curve(kept, told, 5.0, [0.5], died=died)
    np.testing.assert_allclose(found.model, -np.mean(~below))
    with pytest.raises(InputError, match="died: must be of patients without the event"):
        decision_curve(follow_up, told, 5.0, cuts, died=follow_up.event)


def test_who_stands_at_the_threshold_is_treated() -> None:
    for risk, treated in ((0.4, True), (0.3999, False)):
        found = decision_curve(TENFOLD, np.repeat([0.9, risk, 0, 0], 10), 2.5, [0.4])
        np.testing.assert_allclose(found.model, [0.5 if treated else 0.25])


def test_no_model_beats_one_that_knows() -> None:
    follow_up, x = cohort(14, patients=200)
    knows = (follow_up.time <= 3).astype(float)
    everybody = FollowUp.of(follow_up.time, np.ones(200))
    cuts = np.linspace(0.05, 0.8, 16)
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
        ([0.1, 0.2, 0.3, 0.4], 2, [[0.5, 0.6]], "thresholds: must be above 0"),
        ([0.1, 0.2, 0.3, 0.4], 2, [np.nan], "thresholds: must be above 0"),
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


@pytest.mark.parametrize(("patients", "samples", "seed"), [(0, 1, 1), (1, -1, 1), (1, 1, -1)])
def test_samples_are_of_patients(patients: int, samples: int, seed: int) -> None:
    with pytest.raises(InputError, match="patients, samples and seed: must be"):
        resamples(patients, samples=samples, seed=seed)


@pytest.mark.parametrize("level", [0, 1, 3, np.nan])
def test_limits_have_a_level(level: float) -> None:
    with pytest.raises(InputError, match="level: must be above 0 and below 1"):
        bootstrap(lambda rows: float(rows.mean()), resamples(5, seed=1), level=level)


def test_a_measure_that_is_nan_tells_nothing() -> None:
    drawn = resamples(200, seed=2)

    for part, enough in ((0.02, True), (0.1, False)):

        def measure(rows: np.ndarray, part: float = part) -> float:
            return float("nan") if rows[0] >= 200 * (1 - part) else float(rows.mean())

        if enough:
            found = bootstrap(measure, drawn)
            assert 950 < found.samples.size < 1000
            assert np.isfinite([found.lower, found.upper, *found.samples]).all()
        else:
            with pytest.raises(InputError, match="samples: must tell something"):
                bootstrap(measure, drawn)
    with pytest.raises(InputError, match="measure: must be a number for all patients"):
        bootstrap(lambda rows: float("nan") if (np.diff(rows) == 1).all() else 1.0, drawn)


def test_a_curve_cannot_change_with_a_time_that_is_the_same_for_all() -> None:
    x = np.random.default_rng(18).normal(size=(20, 1))
    at_once = FollowUp.of(np.full(20, 5.0), np.ones(20))
    model = fit_cox(x, at_once)
    for scale in SCALES:
        with pytest.raises(InputError, match="time: must differ between events"):
            proportionality(model, x, at_once, scale=scale)


def test_the_logarithm_of_time_0_is_no_scale() -> None:
    follow_up, x = cohort(19, patients=100)
    for first in (0.0, 1e-300):
        time = np.where(follow_up.time == 1, first, follow_up.time)
        early = FollowUp(time, follow_up.event)
        model = fit_cox(x, early)
        assert np.isfinite(proportionality(model, x, early).p).all()
        if first:
            assert np.isfinite(proportionality(model, x, early, scale="log").p).all()
        else:
            with pytest.raises(InputError, match="time: must be above 0 at each event for the scale log"):
                proportionality(model, x, early, scale="log")


@pytest.mark.parametrize("unit", [1e-300, 1e300])
def test_the_unit_of_time_changes_no_test(unit: float) -> None:
    follow_up, x = cohort(20, patients=100)
    model = fit_cox(x, follow_up)
    one = proportionality(model, x, follow_up, scale="identity").statistic
    other = proportionality(model, x, FollowUp(follow_up.time * unit, follow_up.event), scale="identity")
    np.testing.assert_allclose(other.statistic, one, rtol=1e-9)
    with pytest.raises(InputError, match="scale: must be one of rank, km, log, identity"):
        proportionality(model, x, follow_up, scale="days")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="must be 3 columns, as of the model"):
        proportionality(model, x[:, :2], follow_up)
