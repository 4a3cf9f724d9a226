"""Neither the order of patients nor that of ties changes any number, whatever is measured."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sarcoma_core.survival.aalen_johansen import aalen_johansen
from sarcoma_core.survival.antolini import antolini
from sarcoma_core.survival.brier import baseline_scores, brier_scores, integrated_brier
from sarcoma_core.survival.calibration import (
    calibration_curve,
    calibration_groups,
    calibration_in_the_large,
    calibration_slope,
)
from sarcoma_core.survival.censoring import observation
from sarcoma_core.survival.concordance import harrell, uno
from sarcoma_core.survival.cox import fit_cox
from sarcoma_core.survival.decision_curve import decision_curve
from sarcoma_core.survival.discrete_time import cut_points, discrete_labels, logistic_hazard_likelihood
from sarcoma_core.survival.dynamic_auc import dynamic_auc
from sarcoma_core.survival.elastic_net import fit_elastic_net
from sarcoma_core.survival.follow_up import FollowUp
from sarcoma_core.survival.kaplan_meier import kaplan_meier
from sarcoma_core.survival.log_rank import log_rank
from sarcoma_core.survival.penalty_choice import choose_penalty
from sarcoma_core.survival.proportionality import proportionality
from sarcoma_core.survival.restricted_mean import restricted_mean
from tests.survival.cohorts import cohort, shuffled

TIMES = np.array([3.0, 6.0, 9.0])
Measured = Callable[[FollowUp, np.ndarray], object]


def probability(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.round(x[:, 0], 1)))  # some are equal


def curves(x: np.ndarray) -> np.ndarray:
    return np.exp(-np.exp(np.round(x[:, [0]], 1)) * TIMES / 10)


def folds(x: np.ndarray) -> np.ndarray:
    return (x[:, 1] > 0).astype(int)


def scores(follow_up: FollowUp, x: np.ndarray) -> list[float]:
    found = brier_scores(follow_up, curves(x), TIMES, observation(follow_up))
    return [*found, integrated_brier(TIMES, found)]


def hazards(follow_up: FollowUp, x: np.ndarray) -> list[float]:
    labels = discrete_labels(follow_up, cut_points(follow_up, 4))
    found = logistic_hazard_likelihood(x[:, [0, 1, 2]], labels)
    return [found.value, *found.gradient.sum(axis=0)]


def curve(follow_up: FollowUp, x: np.ndarray) -> list[float]:
    found = calibration_curve(follow_up, probability(x), 6.0)
    return [*found.observed, found.ici, found.e50, found.e90]


MEASURES: Mapping[str, Measured] = {
    "kaplan_meier": lambda f, _: kaplan_meier(f).at(TIMES),
    "restricted_mean": lambda f, _: restricted_mean(kaplan_meier(f), 6.0),
    "aalen_johansen": lambda f, x: aalen_johansen(f.time, np.where(f.event, 1 + (x[:, 0] > 0), 0)).incidence,
    "log_rank": lambda f, x: log_rank(f, x[:, 0] > 0).statistic,
    "observation": lambda f, _: observation(f).probability,
    "harrell": lambda f, x: harrell(f, np.round(x[:, 0])).index,
    "uno": lambda f, x: uno(f, np.round(x[:, 0]), observation(f), tau=9).index,
    "antolini": lambda f, x: antolini(f, curves(x), TIMES),
    "antolini strict": lambda f, x: antolini(f, curves(x), TIMES, ties="strict"),
    "dynamic_auc": lambda f, x: dynamic_auc(f, np.round(x[:, 0]), TIMES, observation(f)).auc,
    "brier": scores,
    "baseline": lambda f, _: baseline_scores(f, kaplan_meier(f), TIMES, observation(f)),
    "decision_curve": lambda f, x: decision_curve(f, probability(x), 6.0, [0.3, 0.5]).model,
    "calibration_curve": curve,
    "calibration_in_the_large": lambda f, x: calibration_in_the_large(f, probability(x), 6.0),
    "calibration_groups": lambda f, x: calibration_groups(f, probability(x), 6.0, groups=3),
    "calibration_slope": lambda f, x: calibration_slope(f, np.round(x[:, 0], 1)),
    "fit_cox": lambda f, x: fit_cox(x, f).coefficients,
    "proportionality": lambda f, x: proportionality(fit_cox(x, f), x, f).statistic,
    "fit_elastic_net": lambda f, x: fit_elastic_net(x, f, l1_ratio=0.5, count=4).coefficients,
    "choose_penalty": lambda f, x: choose_penalty(x, f, l1_ratio=1, folds=folds(x), count=4).deviances,
    "discrete_time": hazards,
}


@pytest.mark.parametrize("name", MEASURES)
@given(seed=st.integers(0, 500), order=st.integers(0, 500))
@settings(max_examples=15)
def test_the_order_of_patients_changes_no_measure(name: str, seed: int, order: int) -> None:
    """Of 60 patients at 12 times, so that most are tied, and events stand before and behind censorings."""
    follow_up, x = cohort(seed)
    rows = shuffled(order, 60)
    one, other = MEASURES[name](follow_up, x), MEASURES[name](follow_up.chosen(rows), x[rows])
    np.testing.assert_allclose(np.asarray(other, float), np.asarray(one, float), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("events_first", [True, False])
def test_the_place_of_ties_changes_no_measure(name: str, events_first: object) -> None:
    """Sorted by time, with all events of one time before its censorings, and with all behind them."""
    follow_up, x = cohort(77)
    expected = MEASURES[name](follow_up, x)
    rows = np.lexsort((follow_up.event != events_first, follow_up.time))
    found = MEASURES[name](follow_up.chosen(rows), x[rows])
    np.testing.assert_allclose(np.asarray(found, float), np.asarray(expected, float), rtol=1e-6, atol=1e-8)
