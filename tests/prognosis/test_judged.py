"""Predictions of patients not seen: who knows nothing gets a half, and nobody beats what made the signal."""

from collections.abc import Callable

import numpy as np
import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.baselines import BASELINES, FittedBaseline, fit_baseline
from sarcoma_core.prognosis.judged import judge, limits
from sarcoma_core.prognosis.out_of_fold import FoldModel, JudgingPlan, plan_judging, predict_out_of_fold
from sarcoma_core.prognosis.pairs import JudgedFold, auc_pairs, harrell_pairs, uno_pairs
from sarcoma_core.survival.bootstrap import resamples
from sarcoma_core.survival.brier import baseline_scores, brier_scores, integrated_brier
from sarcoma_core.survival.censoring import observation
from sarcoma_core.survival.concordance import harrell, uno
from sarcoma_core.survival.dynamic_auc import dynamic_auc
from sarcoma_core.survival.follow_up import Counts, Floats1, FollowUp
from sarcoma_core.survival.kaplan_meier import kaplan_meier
from sarcoma_core.training.splits import repeated_folds
from tests.prognosis.made_patients import MadePatients, made

YEAR = 365.25
SARCULATOR = BASELINES[0]


class OnRows:
    """A fitted baseline that predicts rows of its cohort."""

    def __init__(self, cohort: MadePatients, fitted: FittedBaseline) -> None:
        self.cohort, self.fitted = cohort, fitted

    def risk(self, rows: Counts) -> Floats1:
        return self.fitted.risk([self.cohort.values[row] for row in rows])

    def survival(self, rows: Counts, days: Floats1) -> np.ndarray:
        return self.fitted.survival([self.cohort.values[row] for row in rows], days)


class Known:
    """Predicts a risk that is given, and a survival that follows from it."""

    def __init__(self, risk: np.ndarray) -> None:
        self.given = risk

    def risk(self, rows: Counts) -> Floats1:
        return self.given[rows]

    def survival(self, rows: Counts, days: Floats1) -> np.ndarray:
        return np.exp(-np.exp(self.given[rows])[:, None] * days / 1200)


def planned(cohort: MadePatients, *, folds: int = 5, repeats: int = 2) -> JudgingPlan:
    dealt = repeated_folds(cohort.subjects, cohort.follow_up, seed=3, folds=folds, repeats=repeats)
    years = [YEAR * n for n in (1, 2, 3, 5)]
    return plan_judging(cohort.follow_up, list(dealt.rows(cohort.subjects)), horizons=years, main=3 * YEAR)


def fitting(cohort: MadePatients) -> Callable[[Counts], FoldModel]:
    def fit(rows: Counts) -> FoldModel:
        values, subjects = [cohort.values[row] for row in rows], [cohort.subjects[row] for row in rows]
        return OnRows(
            cohort, fit_baseline(SARCULATOR, values, subjects, cohort.follow_up.chosen(rows), seed=0)
        )

    return fit


def spread(cohort: MadePatients, risk: np.ndarray, plan: JudgingPlan) -> float:
    """Standard error of Harrell's C, from samples of patients."""
    sums = harrell_pairs(cohort.follow_up, risk, plan.judged)
    return float(np.std([sums.of(rows) for rows in resamples(len(cohort.follow_up), samples=300, seed=1)]))


def test_of_one_fold_the_measures_are_those_of_the_whole() -> None:
    cohort = made(1, 80)
    follow_up = FollowUp(np.ceil(cohort.follow_up.time / 100), cohort.follow_up.event)  # ties
    risk = np.round(cohort.eta, 1)
    censoring = observation(follow_up)
    folds = [JudgedFold(0, np.arange(80), censoring)]
    for rows in (np.arange(80), *resamples(80, samples=20, seed=2)):
        some = follow_up.chosen(rows)
        assert harrell_pairs(follow_up, risk[None], folds).of(rows) == pytest.approx(
            harrell(some, risk[rows]).index
        )
        assert uno_pairs(follow_up, risk[None], folds, tau=20).of(rows) == pytest.approx(
            uno(some, risk[rows], censoring, tau=20).index
        )
        assert auc_pairs(follow_up, risk[None], folds, horizon=12).of(rows) == pytest.approx(
            dynamic_auc(some, risk[rows], [12], censoring).auc[0]
        )


def test_patients_of_two_folds_are_not_compared() -> None:
    """Within each fold the risks are right; across they are on other scales."""
    follow_up = FollowUp.of([1, 2, 3, 4], [1, 1, 1, 1])
    folds = [
        JudgedFold(0, np.array([0, 1]), observation(follow_up)),
        JudgedFold(0, np.array([2, 3]), observation(follow_up)),
    ]
    assert harrell_pairs(follow_up, np.array([[2.0, 1.0, 20.0, 10.0]]), folds).of(np.arange(4)) == 1
    with pytest.raises(InputError, match="found none"):
        harrell_pairs(follow_up, np.zeros((1, 4)), folds).of(np.array([0, 2]))


def test_the_brier_score_is_the_mean_over_folds_of_that_of_each() -> None:
    cohort = made(2, 60)
    plan = planned(cohort, folds=3, repeats=1)
    predicted = predict_out_of_fold(plan, lambda _: Known(cohort.eta))
    judged = judge(plan, {"known": predicted}, seed=0)
    times, found, null = plan.grid, [], []
    for fold, one in zip(plan.folds, plan.judged, strict=True):
        some = cohort.follow_up.chosen(fold.test)
        survival = predicted.survival[0, fold.test, : times.size]
        found.append(integrated_brier(times, brier_scores(some, survival, times, one.censoring)))
        curve = kaplan_meier(cohort.follow_up.chosen(fold.train))
        null.append(integrated_brier(times, baseline_scores(some, curve, times, one.censoring)))
    sizes = [fold.test.size for fold in plan.folds]
    assert judged.models["known"].brier is not None
    assert judged.models["known"].brier.value == pytest.approx(np.average(found, weights=sizes))
    assert judged.null_brier == pytest.approx(np.average(null, weights=sizes))


def test_in_a_null_cohort_the_fitted_model_gets_a_half() -> None:
    found, errors = [], []
    for seed in range(6):
        cohort = made(20 + seed, 150, strength=0)
        plan = planned(cohort)
        predicted = predict_out_of_fold(plan, fitting(cohort))
        found.append(harrell_pairs(cohort.follow_up, predicted.risk, plan.judged).of(np.arange(150)))
        errors.append(spread(cohort, predicted.risk, plan))
    assert all(abs(one - 0.5) <= 3 * error for one, error in zip(found, errors, strict=True))
    assert abs(np.mean(found) - 0.5) <= 2 * np.mean(errors) / np.sqrt(len(found))


def test_with_a_signal_it_beats_a_half_and_never_what_made_the_signal() -> None:
    for seed in range(3):
        cohort = made(30 + seed, 200)
        plan = planned(cohort)
        predicted = predict_out_of_fold(plan, fitting(cohort))
        ceiling = harrell_pairs(cohort.follow_up, np.tile(cohort.eta, (2, 1)), plan.judged)
        found = harrell_pairs(cohort.follow_up, predicted.risk, plan.judged).of(np.arange(200))
        error = spread(cohort, predicted.risk, plan)
        assert found > 0.5 + 3 * error
        assert found <= ceiling.of(np.arange(200)) + 2 * error


def test_a_model_that_peeks_is_found_above_the_ceiling() -> None:
    """So that the test above can fail: the risk is the time itself."""
    cohort = made(30, 200)
    plan = planned(cohort)
    predicted = predict_out_of_fold(plan, lambda _: Known(-cohort.follow_up.time / 1000))
    ceiling = harrell_pairs(cohort.follow_up, np.tile(cohort.eta, (2, 1)), plan.judged).of(np.arange(200))
    found = harrell_pairs(cohort.follow_up, predicted.risk, plan.judged).of(np.arange(200))
    assert found > ceiling + 2 * spread(cohort, predicted.risk, plan)


def test_a_model_is_given_the_rows_of_its_training_and_predicts_the_others() -> None:
    cohort = made(4, 60)
    plan = planned(cohort, repeats=1)
    given = []

    def fit(rows: Counts) -> FoldModel:
        given.append(set(rows.tolist()))
        return Known(cohort.eta)

    predicted = predict_out_of_fold(plan, fit)
    assert given == [set(range(60)) - set(fold.test.tolist()) for fold in plan.folds]
    np.testing.assert_array_equal(predicted.risk[0], cohort.eta)
    for fold in plan.folds:
        cut = np.median(cohort.eta[fold.train])
        np.testing.assert_array_equal(predicted.high[0, fold.test], cohort.eta[fold.test] > cut)


def test_the_measures_have_limits_around_them_and_a_difference_is_paired() -> None:
    cohort = made(5, 150)
    plan = planned(cohort, repeats=1)
    noise = np.random.default_rng(0).normal(size=150)
    models = {
        "good": predict_out_of_fold(plan, lambda _: Known(cohort.eta)),
        "same": predict_out_of_fold(plan, lambda _: Known(2 * cohort.eta)),
        "noise": predict_out_of_fold(plan, lambda _: Known(noise)),
    }
    judged = judge(plan, models, seed=7)
    good, same, other = (judged.models[name] for name in models)
    assert good.difference is None
    assert same.difference is not None
    assert (same.difference.value, same.difference.lower, same.difference.upper) == (0, 0, 0)
    assert other.difference is not None
    assert other.difference.upper is not None
    assert other.difference.upper < 0
    for one in (good.harrell, good.uno, good.brier, *good.auc.values()):
        assert one is not None
        assert one.lower is not None
        assert one.upper is not None
        assert one.lower < one.value < one.upper
    assert set(good.auc) == set(plan.horizons)
    assert judge(plan, models, seed=7).models["noise"].harrell == other.harrell


def test_what_made_the_follow_up_is_calibrated_and_twice_its_spread_is_too_extreme() -> None:
    """The slope of the log hazard ratio that made the times is 1, and a half where it is doubled."""
    cohort = made(9, 500)
    plan = planned(cohort, repeats=1)
    models = {
        str(times): predict_out_of_fold(plan, lambda _, times=times: Known(times * cohort.eta))
        for times in (1, 2)
    }
    right, doubled = (one.calibration for one in judge(plan, models, seed=0).models.values())
    for found, expected in ((right, 1), (doubled, 0.5)):
        assert found.slope is not None
        assert found.slope.lower is not None
        assert found.slope.upper is not None
        assert found.slope.lower < expected < found.slope.upper
    assert right.curve is not None
    assert doubled.curve is not None
    assert right.curve.ici < 0.05 < doubled.curve.ici
    assert right.risk is not None
    assert plan.main is not None
    np.testing.assert_allclose(right.risk, 1 - np.exp(-np.exp(cohort.eta) * plan.main / 1200))
    assert sum(group.patients for group in right.groups) == 500


def test_a_model_that_tells_everybody_the_same_has_no_slope_and_no_curve() -> None:
    cohort = made(10, 80)
    plan = planned(cohort, repeats=1)
    predicted = predict_out_of_fold(plan, lambda _: Known(np.zeros(80)))
    found = judge(plan, {"same": predicted}, seed=0).models["same"]
    assert found.calibration.slope is None
    assert found.calibration.curve is None
    assert found.harrell is not None
    assert found.harrell.value == 0.5


def test_horizons_lie_before_tau_with_five_patients_on_each_side() -> None:
    """Ten are followed for 1000 days and more; of the events four are by day 400, the fifth at day 500."""
    time = [*np.linspace(100, 400, 4), 500.0, *np.linspace(1000, 2000, 10)]
    follow_up = FollowUp.of(time, [1] * 5 + [0] * 10)
    dealt = repeated_folds([f"S{n}" for n in range(15)], follow_up, seed=0, folds=3)
    folds = list(dealt.rows([f"S{n}" for n in range(15)]))
    for horizon, there in ((499.0, False), (501.0, True)):
        plan = plan_judging(follow_up, folds, horizons=[horizon], main=horizon)
        assert (plan.horizons == (horizon,)) is there
        assert plan.main == (horizon if there else None)
    assert plan_judging(follow_up, folds, horizons=[], main=1500.0).horizons == (1500.0,)
    assert plan_judging(follow_up, folds, horizons=[], main=1600.0).horizons == ()


def test_tau_is_where_every_training_is_observed_with_a_tenth() -> None:
    cohort = made(6, 100)
    plan = planned(cohort)
    for fold in plan.judged:
        assert fold.censoring.at(plan.tau) >= 0.1
    after = [one.censoring.table.times[one.censoring.table.times > plan.tau] for one in plan.judged]
    assert any(
        later.size and one.censoring.at(later[0]) < 0.1 for one, later in zip(plan.judged, after, strict=True)
    )


def test_the_main_horizon_is_the_one_asked_for_or_the_latest_before_it() -> None:
    cohort = made(7, 150)
    folds = planned(cohort).folds
    for main, found in ((2 * YEAR, 2 * YEAR), (100 * YEAR, 5 * YEAR)):
        plan = plan_judging(cohort.follow_up, folds, horizons=[YEAR, 5 * YEAR], main=main)
        assert plan.main == found


def test_a_model_that_cannot_be_fitted_is_told_with_its_fold() -> None:
    cohort = made(8, 60)

    def fit(_: Counts) -> FoldModel:
        raise InputError("covariates: must not part events from the rest.")

    with pytest.raises(InputError, match="in fold 1 of repeat 1 it cannot be fitted: covariates"):
        predict_out_of_fold(planned(cohort), fit)


def test_where_samples_tell_nothing_there_are_no_limits() -> None:
    drawn = resamples(10, seed=0)

    def whole_alone(rows: Counts) -> float:
        if np.unique(rows).size < 10:
            raise InputError("nothing")
        return 0.5

    def nothing(_: Counts) -> float:
        raise InputError("nothing")

    found = limits(whole_alone, drawn)
    assert found is not None
    assert (found.value, found.lower) == (0.5, None)
    assert limits(nothing, drawn) is None
