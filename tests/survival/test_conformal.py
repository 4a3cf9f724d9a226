"""A lower bound covers as often as it says: by hand, as textbooks have it, and where the truth is known."""

import json
from dataclasses import asdict, replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.errors import InputError
from sarcoma_core.phantom.ceilings import SEEN_BY
from sarcoma_core.phantom.outcomes import (
    DEATH,
    FOLLOW_UP,
    EndOfFollowUp,
    draw_event_days,
    draw_follow_up_days,
    draw_latents,
)
from sarcoma_core.provenance import typed
from sarcoma_core.survival.censoring import Observation, observation
from sarcoma_core.survival.conformal import (
    HORIZON_STEP,
    MOST_QUANTILE,
    QUANTILE_STEPS,
    BoundStep,
    ConformalBound,
    calibrate_bound,
    least_patients,
)
from sarcoma_core.survival.discrete_time import survival_between
from sarcoma_core.survival.follow_up import FollowUp
from sarcoma_core.survival.kaplan_meier import kaplan_meier
from tests.survival.cohorts import shuffled

CUTS = np.array([0.0, 600, 2000, 4000])
MONTHS = np.concatenate([np.linspace(0, 4000, 81), [8000.0, 40_000]])
"""Cuts of the phantom's curves, close where bounds lie."""
OTHERS = 20_000
"""So many others make their censoring all but known."""


def curves(rng: np.random.Generator, patients: int) -> np.ndarray:
    """Survival at `CUTS`: down to 0, of each patient another."""
    left = np.sort(rng.uniform(size=(patients, 2)), axis=1)[:, ::-1]
    return np.column_stack([np.ones(patients), left, np.zeros(patients)])


def drawn_from(rng: np.random.Generator, survival: np.ndarray) -> np.ndarray:
    """A time of each patient whose true survival is that at `CUTS`, straight between them."""
    uniforms = rng.uniform(size=len(survival))
    return np.array([np.interp(-u, -row, CUTS) for u, row in zip(uniforms, survival, strict=True)])


def told(cuts: np.ndarray, survival: np.ndarray, days: np.ndarray) -> np.ndarray:
    """The curve of each patient at a time of its own."""
    return np.array([np.interp(day, cuts, row) for day, row in zip(days, survival, strict=True)])


@cache
def never_censored() -> Observation:
    return observation(FollowUp.of(np.full(10, 1e6), np.ones(10)))


def everybody_is_seen(days: np.ndarray) -> FollowUp:
    return FollowUp.of(days, np.ones(days.size))


def a_thousandth_later(bound: ConformalBound) -> ConformalBound:
    """What rounding has taken is less than that."""
    by_quantile = {
        min(step.quantile + 1 / QUANTILE_STEPS, MOST_QUANTILE): step.horizon_days for step in bound.steps
    }
    return replace(bound, steps=tuple(BoundStep(day, quantile) for quantile, day in by_quantile.items()))


@given(st.integers(4, 120), st.sampled_from([0.5, 0.8, 0.9, 0.95]), st.floats(0.2, 5), st.integers(0, 10_000))
def test_without_censoring_it_is_split_conformal_as_textbooks_have_it(
    patients: int, coverage: float, bad: float, seed: int
) -> None:
    """The score is the fall of the curve by the event; the k-th smallest is taken, k = (n + 1) alpha."""
    if patients < least_patients(coverage):
        return
    rng = np.random.default_rng(seed)
    survival = curves(rng, patients)
    days = drawn_from(rng, survival)
    model = survival**bad
    found = calibrate_bound(CUTS, model, everybody_is_seen(days), never_censored(), coverage=coverage)
    score = np.sort(1 - told(CUTS, model, days))[int(round((patients + 1) * (1 - coverage), 9)) - 1]
    expected = min(np.floor(score * QUANTILE_STEPS) / QUANTILE_STEPS, MOST_QUANTILE)
    (step,) = found.steps
    assert step.quantile == pytest.approx(expected, abs=1e-12)
    assert (found.patients, found.events, found.horizon_days) == (patients, patients, 3960)


@pytest.mark.parametrize(("patients", "coverage"), [(19, 0.95), (25, 0.8), (14, 0.8)])
@pytest.mark.parametrize("bad", [1.0, 0.3])
def test_without_censoring_a_small_fold_misses_as_often_as_it_must(
    patients: int, coverage: float, bad: float
) -> None:
    """Of n + 1 exactly k = floor((n + 1) alpha) are missed, by any model, and by rounding a few less."""
    rng = np.random.default_rng(5)
    missed, rounding = [], []
    for _ in range(600):
        survival = curves(rng, patients + 1)
        days = drawn_from(rng, survival)
        fold = everybody_is_seen(days[:-1])
        found = calibrate_bound(CUTS, survival[:-1] ** bad, fold, never_censored(), coverage=coverage)
        later = a_thousandth_later(found)
        at, not_rounded = (
            1 - told(CUTS, survival[-1:], one.days(CUTS, survival[-1:] ** bad))[0] for one in (found, later)
        )
        missed.append(at)
        rounding.append(not_rounded - at)
    must = int(round((patients + 1) * (1 - coverage), 9)) / (patients + 1)
    error = np.std(missed) / np.sqrt(len(missed))
    assert must - np.mean(rounding) - 3 * error < np.mean(missed) < must + 3 * error


SHORT = EndOfFollowUp(mean=30, earliest=3, latest=80)
"""Three of four patients are censored before their event."""


@pytest.mark.parametrize("coverage", [0.8, 0.95])
@pytest.mark.parametrize("bad", [0.3, 1.0, 3.0])
@pytest.mark.parametrize("patients", [40, 250])
def test_under_censoring_folds_cover_on_average_and_not_much_more(
    coverage: float, bad: float, patients: int
) -> None:
    """No more than 2 B / (n + 1) above the claim, and rounding: theorem 2 of conformal risk control.

    B is the mean weight of an event at the bound of each patient. The true chance to be missed is known of
    each patient, so the mean over folds is nearly without noise.
    """
    rng, others = np.random.default_rng(7), observation(FollowUp.of(*_ended(SHORT)))
    missed, more = [], []
    for _ in range(100 if patients > 100 else 300):
        eta = rng.normal(scale=1.25, size=2 * patients)
        survival = np.exp(-DEATH.cumulative(MONTHS, eta[:, None]) * bad)
        died = DEATH.days(rng.exponential(size=patients), eta[:patients])
        ended = SHORT.days(rng.exponential(size=patients), rng.random(patients))
        fold = FollowUp.of(np.minimum(died, ended), died <= ended)
        found = calibrate_bound(MONTHS, survival[:patients], fold, others, coverage=coverage)
        at, later = (one.days(MONTHS, survival[patients:]) for one in (found, a_thousandth_later(found)))
        missed.append(_missed(at, eta[patients:]))
        rounding = _missed(later, eta[patients:]) - missed[-1]
        more.append(2 * np.mean(1 / SHORT.followed(at)) / (patients + 1) + rounding)
    error = np.std(missed) / np.sqrt(len(missed))
    assert np.mean(missed) < 1 - coverage + 2 * error
    if bad <= 1:  # by a model that is three times too grim the median comes before what could be claimed
        assert np.mean(missed) > 1 - coverage - np.mean(more) - 2 * error


def _ended(follow_up: EndOfFollowUp) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    days = follow_up.days(rng.exponential(size=OTHERS), rng.random(OTHERS))
    return days, np.zeros(OTHERS)


def _missed(days: np.ndarray, eta: np.ndarray) -> float:
    """The true chance of the phantom to die before the bound, over these patients."""
    return float(np.mean(1 - np.exp(-DEATH.cumulative(days, eta))))


class Phantoms:
    """Patients of the phantom, their true days of death, and curves that know what MRI shows."""

    def __init__(self, seeds: range) -> None:
        latents = draw_latents(seeds)
        self.eta = DEATH.score(latents)
        self.seen = DEATH.score(latents, SEEN_BY["MRI"])
        self.died = draw_event_days(seeds, "death", DEATH, latents)
        ended = draw_follow_up_days(seeds)
        self.follow_up = FollowUp.of(np.minimum(self.died, ended), self.died <= ended)

    def survival(self, baseline: float) -> np.ndarray:
        return np.asarray(np.exp(-baseline * DEATH.cumulative(MONTHS, self.seen[:, None])))


@pytest.fixture(scope="module")
def fold() -> Phantoms:
    return Phantoms(range(1000))


@pytest.fixture(scope="module")
def test_patients() -> Phantoms:
    return Phantoms(range(5000, 7000))


@pytest.mark.parametrize("coverage", [0.8, 0.95])
@pytest.mark.parametrize("baseline", [0.3, 1.0, 3.0])
@pytest.mark.parametrize("watch", ["of the phantom", "without end"])
def test_the_bound_covers_as_often_as_it_says_on_the_phantom(
    fold: Phantoms, test_patients: Phantoms, coverage: float, baseline: float, watch: str
) -> None:
    """With a baseline three times too high or low too: that alone moves the quantile, and not the claim."""
    follow_up = fold.follow_up if watch == "of the phantom" else everybody_is_seen(fold.died)
    found = calibrate_bound(
        MONTHS, fold.survival(baseline), follow_up, observation(follow_up), coverage=coverage
    )
    days = found.days(MONTHS, test_patients.survival(baseline))
    covered = test_patients.died >= days
    weight = float(np.mean(1 / FOLLOW_UP.followed(days)))
    variance = coverage * (1 - coverage)
    error = np.sqrt(variance / covered.size + variance * weight / found.patients)
    assert covered.mean() > coverage - 2 * error
    # 2 B / (n + 1) is what risk control may give away; a thousandth is much of a small quantile
    later = a_thousandth_later(found).days(MONTHS, test_patients.survival(baseline))
    rounding = covered.mean() - np.mean(test_patients.died >= later)
    assert covered.mean() < coverage + 2 * error + 2 * weight / found.patients + rounding


def test_the_bound_tells_patients_apart(fold: Phantoms, test_patients: Phantoms) -> None:
    """It is no constant: who does worse by the model has an earlier one, the median is of months."""
    found = calibrate_bound(
        MONTHS, fold.survival(1), fold.follow_up, observation(fold.follow_up), coverage=0.8
    )
    days = found.days(MONTHS, test_patients.survival(1))
    assert (np.diff(days[np.argsort(test_patients.seen)]) <= 0).all()
    assert 120 < np.median(days) < 1200
    assert np.quantile(days, 0.9) > 5 * np.quantile(days, 0.1)


def test_it_must_not_be_trusted_where_patients_are_unlike_those_of_the_fold(
    fold: Phantoms, test_patients: Phantoms
) -> None:
    """With three times the hazard 20 % become 1 - 0.8^3 = 49 %, and nothing in the bound tells it."""
    found = calibrate_bound(
        MONTHS, fold.survival(1), fold.follow_up, observation(fold.follow_up), coverage=0.8
    )
    sooner = DEATH.days(DEATH.cumulative(test_patients.died, 0.0), np.full(2000, np.log(3)))
    covered = np.mean(sooner >= found.days(MONTHS, test_patients.survival(1)))
    assert 0.4 < covered < 0.65


@given(st.integers(0, 999))
def test_who_claims_more_has_an_earlier_bound_and_order_does_not_count(seed: int) -> None:
    rng = np.random.default_rng(seed)
    survival = curves(rng, 60)
    died, ended = drawn_from(rng, survival), rng.uniform(0, 4000, 60)
    follow_up = FollowUp.of(np.minimum(died, ended), died <= ended)
    order = shuffled(seed, 60)
    days = []
    for coverage in (0.5, 0.8, 0.9, 0.95):
        found = calibrate_bound(CUTS, survival, follow_up, observation(follow_up), coverage=coverage)
        others = follow_up.chosen(order)
        assert found == calibrate_bound(CUTS, survival[order], others, observation(others), coverage=coverage)
        days.append(found.days(CUTS, survival))
    assert (np.diff(days, axis=0) <= 0).all()


@given(st.integers(0, 999))
def test_with_one_curve_for_all_the_rate_is_that_of_kaplan_meier(seed: int) -> None:
    """Weights of the fold's own censoring add up to what Kaplan-Meier says has happened before the bound.

    Bounds are multiples of 5 days, and no time is: what is before what hangs on no rounding.
    """
    rng = np.random.default_rng(seed)
    died, ended = (3 + days.round(-1) for days in (rng.exponential(900, 80), rng.uniform(0, 3000, 80)))
    follow_up = FollowUp.of(np.minimum(died, ended), died <= ended)
    cuts, line = np.array([0.0, 5000.0]), np.column_stack([np.ones(80), np.zeros(80)])
    watched, estimate = observation(follow_up), kaplan_meier(follow_up)
    found = calibrate_bound(cuts, line, follow_up, watched, coverage=0.8)
    assert found.steps
    for step in found.steps:
        room = 0.2 * 81 - np.ceil(100 / watched.at(np.nextafter(step.horizon_days, 0)) - 1e-9) / 100
        for more in (0, 1):
            day = min(round(5000 * step.quantile) + 5 * more, found.horizon_days)
            happened = 80 * (1 - estimate.at(np.nextafter(day, 0)))
            assert bool(happened <= room + 1e-9) is (not more) or step.quantile == MOST_QUANTILE


def test_a_bound_is_worked_out_by_hand() -> None:
    """Of 24 patients and 80 %, 25 / 5 = 5 may be missed, the patient to come among them.

    One line for all, 1 to 0 over 4000 days. At day 150 half are censored, so later events count twice. Two
    events at day 100 count once each, one at day 1000 twice. A bound beyond day 150 leaves 5 - 2 = 3: it must
    not lie after day 1000, where the line has fallen by a quarter. One by day 90 leaves 4: be it anywhere.
    """
    cuts, line = np.array([0.0, 4000]), np.column_stack([np.ones(24), np.zeros(24)])
    watched = observation(FollowUp.of([150] * 10 + [5000] * 10, np.zeros(20)))
    follow_up = FollowUp.of([100, 100, 1000] + [3000] * 21, [1] * 3 + [0] * 21)
    found = calibrate_bound(cuts, line, follow_up, watched, coverage=0.8)
    assert found == ConformalBound(0.8, (BoundStep(90, 0.5), BoundStep(3960, 0.25)), 24, 3)
    np.testing.assert_array_equal(found.days(cuts, line[:1]), [1000])
    # who is censored at day 150 was watched for an event of that day: it counts once, one of day 151 twice
    for day, later in ((150, 0.25), (151, 0.037)):
        one_more = FollowUp.of([100, 100, day, 1000] + [3000] * 20, [1] * 4 + [0] * 20)
        found = calibrate_bound(cuts, line, one_more, watched, coverage=0.8)
        assert found.steps[-1] == BoundStep(3960, later)


def test_curves_are_crossed_where_they_have_fallen_by_the_quantile() -> None:
    bound = ConformalBound(0.8, (BoundStep(3000, 0.25),), 20, 5)
    survival = np.array(
        [
            [1.0, 0.5, 0.25, 0.0],  # half of the way to the first cut
            [1.0, 0.75, 0.75, 0.7],  # at the first cut, and not after the flat part
            [1.0, 0.85, 0.65, 0.6],  # half of the way between two
            [1.0, 0.99, 0.9, 0.8],  # never
            [1.0, 1.0, 0.9, 0.6],  # at day 3000, the horizon
            [1.0, 0.0, 0.0, 0.0],
            [0.7, 0.7, 0.7, 0.7],  # from the start
        ]
    )
    np.testing.assert_allclose(bound.days(CUTS, survival), [300, 600, 1300, 3000, 3000, 150, 0])
    np.testing.assert_array_equal(replace(bound, steps=(BoundStep(3000, 0.0),)).days(CUTS, survival), 0)
    short = replace(bound, steps=(BoundStep(9000, 0.25),)).days(CUTS, survival[3:4])
    np.testing.assert_array_equal(short, CUTS[-1])  # never beyond the last cut
    crossed = bound.days(CUTS, survival[:3])
    np.testing.assert_allclose(survival_between(CUTS, survival[:3], crossed).diagonal(), 0.75)


def test_each_patient_has_the_latest_bound_that_its_horizon_allows() -> None:
    """Lines that fall by 0.1 in 20, 100, 200, 500 or 2000 days; by 0.4, 0.2 and 0.1 the steps."""
    steps = (BoundStep(90, 0.4), BoundStep(360, 0.2), BoundStep(900, 0.1))
    bound = ConformalBound(0.8, steps, 20, 5)
    cuts = np.array([0.0, 100, 200, 500, 1000])
    survival = 1 - np.outer([1 / 200, 1 / 1000, 1 / 2000, 1 / 5000, 1 / 20_000], cuts).clip(0, 1)
    np.testing.assert_allclose(bound.days(cuts, survival), [80, 200, 360, 500, 900])
    assert bound.horizon_days == 900


def followed(days: int, censored: int, later: int) -> Observation:
    """Some are censored at a time, and the others followed for ever."""
    return observation(FollowUp.of([days] * censored + [9000] * later, np.zeros(censored + later)))


def nobody_died(patients: int) -> tuple[np.ndarray, np.ndarray, FollowUp]:
    return CUTS, np.ones((patients, 4)), FollowUp.of(np.full(patients, 4000), np.zeros(patients))


@pytest.mark.parametrize(
    ("patients", "coverage", "inside", "outside"),
    [
        (999, 0.8, (900, 100), (901, 99)),  # ten times as heavy as one patient, and no more
        (39, 0.95, (50, 50), (51, 49)),  # 2 may be missed
        (29, 0.95, (10, 20), (11, 19)),  # 1.5
    ],
)
def test_a_bound_reaches_no_further_than_weights_may_go(
    patients: int, coverage: float, inside: tuple[int, int], outside: tuple[int, int]
) -> None:
    """All that are censored go at day 95: beyond day 90 events would be too heavy."""
    for watched, horizon in ((inside, 3960), (outside, 90)):
        found = calibrate_bound(*nobody_died(patients), followed(95, *watched), coverage=coverage)
        assert found.steps == (BoundStep(horizon, MOST_QUANTILE),)


def test_a_bound_reaches_as_far_as_five_are_followed_and_no_further() -> None:
    """After the last follow-up its estimate stays as it was, which says nothing of who comes later."""
    for left, last, horizon in ((5, 1980.0, 1980), (5, 1979.0, 1890), (4, 1980.0, 990)):
        times = [1000.0] * 10 + [last] * left
        watched = observation(FollowUp.of(times, np.ones(len(times))))
        found = calibrate_bound(*nobody_died(30), watched, coverage=0.8)
        assert found.horizon_days == horizon
        assert (found.days(CUTS, np.ones((2, 4))) == horizon).all()


def test_where_nothing_is_known_the_bound_is_day_0() -> None:
    for times in ([89.0] * 20, [3000.0] * 4):
        watched = observation(FollowUp.of(times, np.zeros(len(times))))
        found = calibrate_bound(*nobody_died(30), watched, coverage=0.8)
        assert (found.steps, found.horizon_days) == ((), 0)
        assert found.days(CUTS, np.array([[1.0, 0.2, 0.1, 0.0]])) == 0
    # all die on the first day: no quantile but 0 keeps so many from being missed
    at_once = FollowUp.of(np.full(30, 0.5), np.ones(30))
    survival = np.tile([1.0, 0.5, 0.2, 0.1], (30, 1))
    found = calibrate_bound(CUTS, survival, at_once, never_censored(), coverage=0.8)
    assert found.steps == (BoundStep(3960, 0),)
    assert found.days(CUTS, survival[:1]) == 0


def test_a_bound_is_never_beyond_the_predicted_median() -> None:
    """Nobody dies before the horizon, so any quantile would cover."""
    found = calibrate_bound(*nobody_died(30), never_censored(), coverage=0.8)
    assert found.steps == (BoundStep(3960, 0.5),)
    assert found.days(CUTS, np.array([[1.0, 0.5, 0.2, 0.1]])) == 600


@pytest.mark.parametrize(("coverage", "least"), [(0.5, 1), (0.8, 4), (0.9, 9), (0.95, 19), (0.99, 99)])
def test_a_fold_must_have_as_many_patients_as_the_claim_needs(coverage: float, least: int) -> None:
    assert least_patients(coverage) == least
    assert calibrate_bound(*nobody_died(least), never_censored(), coverage=coverage).patients == least
    if least > 1:
        with pytest.raises(InputError, match=rf"must be {least} or more in the fold.*found {least - 1}"):
            calibrate_bound(*nobody_died(least - 1), never_censored(), coverage=coverage)


def test_nothing_that_is_kept_is_somebodys_own_and_it_is_read_as_it_was(fold: Phantoms) -> None:
    found = calibrate_bound(
        MONTHS, fold.survival(1), fold.follow_up, observation(fold.follow_up), coverage=0.8
    )
    assert typed(ConformalBound, json.loads(json.dumps(asdict(found)))) == found
    assert len(found.steps) > 1
    for step in found.steps:
        assert step.horizon_days % HORIZON_STEP == 0
        assert round(step.quantile, 3) == step.quantile


def test_what_cannot_be_calibrated_is_refused() -> None:
    cuts, survival, follow_up = nobody_died(30)
    for coverage in (0.49, 1.0, float("nan")):
        with pytest.raises(InputError, match=r"coverage: must be 0\.5 or more and below 1"):
            calibrate_bound(cuts, survival, follow_up, never_censored(), coverage=coverage)
    with pytest.raises(InputError, match="survival: must be a row for each of 30 patients; found 29"):
        calibrate_bound(cuts, survival[1:], follow_up, never_censored(), coverage=0.8)
    with pytest.raises(InputError, match="survival: must be of each patient at 4 cuts"):
        calibrate_bound(cuts, survival[:, 1:], follow_up, never_censored(), coverage=0.8)
    with pytest.raises(InputError, match="cuts: must be two or more, from 0"):
        calibrate_bound(cuts + 1, survival, follow_up, never_censored(), coverage=0.8)
    for wrong in ([1.1, 1.0, 0.9, 0.8], [1.0, 0.5, 0.6, 0.4], [1.0, np.nan, 0.4, 0.3], [1.0, 0.5, 0.4, -0.1]):
        with pytest.raises(InputError, match="survival: must be 0 to 1, and never rise"):
            ConformalBound(0.8, (BoundStep(300, 0.2),), 20, 5).days(CUTS, np.array([wrong]))


def test_a_bound_that_no_calibration_gives_is_none() -> None:
    right = ConformalBound(0.8, (BoundStep(90, 0.5), BoundStep(180, 0.0)), 4, 4)
    for count in ({"patients": 3}, {"events": 5}, {"events": -1}):
        with pytest.raises(InputError, match="patients: must be 4 or more"):
            replace(right, **count)
    for steps in (
        [(90, 0.501)],
        [(90, -0.001)],
        [(0, 0.4)],
        [(-90, 0.4)],
        [(90, 0.4), (90, 0.3)],
        [(90, 0.4), (180, 0.4)],
        [(180, 0.4), (90, 0.3)],
        [(90, 0.4), (180, 0.41)],
        [(90, float("nan"))],
    ):
        with pytest.raises(InputError, match="steps: must go up in horizon and down in quantile"):
            replace(right, steps=tuple(BoundStep(*one) for one in steps))
