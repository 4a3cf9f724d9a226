"""Kaplan-Meier, log-rank, Aalen-Johansen and the restricted mean: laws, and cases worked out by hand."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.errors import InputError
from sarcoma_core.survival.aalen_johansen import aalen_johansen
from sarcoma_core.survival.chi_square import chi_square_tail
from sarcoma_core.survival.follow_up import FollowUp
from sarcoma_core.survival.kaplan_meier import kaplan_meier
from sarcoma_core.survival.log_rank import log_rank
from sarcoma_core.survival.restricted_mean import restricted_mean
from tests.survival.cohorts import Cohort, cohorts, shuffled

BY_HAND = FollowUp.of([2, 3, 3, 5, 8, 8], [1, 1, 0, 1, 0, 1])
"""6, 5 (one censored with the event), 3, 2 at risk: 5/6, then 4/5 of it, 2/3, 1/2."""


def test_survival_falls_as_worked_out_by_hand() -> None:
    found = kaplan_meier(BY_HAND)
    np.testing.assert_allclose(found.survival, [5 / 6, 2 / 3, 4 / 9, 2 / 9])
    np.testing.assert_allclose(found.at([0, 2, 4.9, 5, 100]), [1, 5 / 6, 2 / 3, 4 / 9, 2 / 9])
    np.testing.assert_array_equal(found.at_risk([0, 2, 2.5, 3, 8, 9]), [6, 6, 5, 5, 2, 0])
    assert found.quantile() == 5
    assert found.quantile(2 / 9) == 8
    assert found.quantile(0.2) == math.inf


def test_limits_are_those_of_greenwood_on_the_log_of_minus_log() -> None:
    found = kaplan_meier(BY_HAND)
    greenwood = 1 / (6 * 5) + 1 / (5 * 4)
    width = 1.959963984540054 * math.sqrt(greenwood) / abs(math.log(2 / 3))
    assert found.lower[1] == pytest.approx((2 / 3) ** math.exp(width))
    assert found.upper[1] == pytest.approx((2 / 3) ** math.exp(-width))
    assert kaplan_meier(BY_HAND, level=0.8).lower[1] > found.lower[1]


@given(cohorts())
def test_without_censoring_it_is_the_part_that_is_left(made: Cohort) -> None:
    everybody = FollowUp.of(made[0].time, np.ones(len(made[0])))
    found = kaplan_meier(everybody)
    for moment in (0, 1, 2.5, 7, 20):
        assert found.at([moment])[0] == pytest.approx(np.mean(everybody.time > moment))


@given(cohorts(), st.integers(0, 99))
def test_the_order_of_patients_changes_nothing(made: Cohort, seed: int) -> None:
    follow_up, x = made
    order = shuffled(seed, len(follow_up))
    again = follow_up.chosen(order)
    np.testing.assert_array_equal(kaplan_meier(follow_up).survival, kaplan_meier(again).survival)
    kinds = np.where(follow_up.event, 1 + (x[:, 0] > 0), 0)
    if follow_up.events:
        one, other = aalen_johansen(follow_up.time, kinds), aalen_johansen(again.time, kinds[order])
        np.testing.assert_allclose(one.incidence, other.incidence, atol=1e-15)
    groups = x[:, 0] > 0
    if 0 < groups.sum() < groups.size:
        assert log_rank(follow_up, groups).statistic == pytest.approx(
            log_rank(again, groups[order]).statistic, abs=1e-9
        )


@given(cohorts())
def test_incidences_and_what_is_left_add_up_to_1(made: Cohort) -> None:
    follow_up, x = made
    kinds = np.where(follow_up.event, 1 + (x[:, 0] > 0), 0)
    if not follow_up.events:
        return
    found = aalen_johansen(follow_up.time, kinds)
    np.testing.assert_allclose(found.incidence.sum(axis=0) + found.free, 1, atol=1e-12)
    np.testing.assert_allclose(found.free, kaplan_meier(follow_up).survival)
    assert all((np.diff(one) >= 0).all() for one in found.incidence)


def test_of_one_kind_incidence_is_what_survival_lacks() -> None:
    found = aalen_johansen(BY_HAND.time, BY_HAND.event.astype(int))
    np.testing.assert_allclose(found.at(1, [2, 5, 9]), 1 - kaplan_meier(BY_HAND).at([2, 5, 9]))


def test_two_kinds_at_one_time_share_what_was_left_before_it() -> None:
    found = aalen_johansen([1, 2, 2, 2, 3], [1, 1, 2, 0, 2])
    np.testing.assert_allclose(found.at(1, [1, 2, 3]), [0.2, 0.2 + 0.8 / 4, 0.4])
    np.testing.assert_allclose(found.at(2, [1, 2, 3]), [0, 0.2, 0.6])


@pytest.mark.parametrize("kinds", [[0, -1], [0, 0.5], [0, np.nan], [0, 0]])
def test_what_is_no_kind_is_refused(kinds: list[float]) -> None:
    with pytest.raises(InputError, match="kind: must"):
        aalen_johansen([1, 2], kinds)
    with pytest.raises(InputError, match="must be one of 1; found 2"):
        aalen_johansen([1, 2], [1, 0]).at(2, [1])


def test_a_log_rank_is_worked_out_by_hand() -> None:
    """At 1 one of 2 and 2 at risk in A: 1/2 expected, variance 1/4; at 2 B's of 1 and 2: 1/3 and 2/9."""
    found = log_rank(FollowUp.of([1, 3, 2, 4], [1, 0, 1, 0]), ["A", "A", "B", "B"])
    assert found.groups == ("A", "B")
    np.testing.assert_allclose(found.expected, [1 / 2 + 1 / 3, 1 / 2 + 2 / 3])
    np.testing.assert_array_equal(found.observed, [1, 1])
    assert found.statistic == pytest.approx((1 - 5 / 6) ** 2 / (1 / 4 + 2 / 9))
    assert found.degrees == 1


@given(cohorts())
def test_events_and_expectations_of_all_groups_are_as_many(made: Cohort) -> None:
    follow_up, x = made
    groups = np.digitize(x[:, 0], [-0.5, 0.5])
    if np.unique(groups).size > 1:
        found = log_rank(follow_up, groups)
        assert found.observed.sum() == pytest.approx(found.expected.sum()) == follow_up.events
        assert 0 <= found.p <= 1


@pytest.mark.parametrize("groups", [[1, 1, 1, 1, 1, 1], [1, 2]])
def test_a_comparison_takes_two_groups(groups: list[int]) -> None:
    with pytest.raises(InputError, match="groups: must be two or more"):
        log_rank(BY_HAND, groups)


@pytest.mark.parametrize(
    ("value", "degrees", "tail"),
    [  # Abramowitz and Stegun, table 26.8
        (3.84146, 1, 0.05),
        (5.99146, 2, 0.05),
        (7.81473, 3, 0.05),
        (9.48773, 4, 0.05),
        (18.3070, 10, 0.05),
        (6.63490, 1, 0.01),
        (24.7250, 11, 0.01),
        (0.0, 5, 1.0),
    ],
)
def test_the_tail_of_chi_square_is_that_of_the_tables(value: float, degrees: int, tail: float) -> None:
    assert chi_square_tail(value, degrees) == pytest.approx(tail, rel=2e-5)


def test_the_restricted_mean_is_the_area_below_the_curve() -> None:
    estimate = kaplan_meier(BY_HAND)
    area, error = restricted_mean(estimate, 6)
    assert area == pytest.approx(2 + 5 / 6 + 2 * 2 / 3 + 4 / 9)
    beyond = (5 / 6 + 2 * 2 / 3 + 4 / 9, 2 * 2 / 3 + 4 / 9, 4 / 9)
    steps = (1 / 30, 1 / 20, 1 / 6)
    assert error == pytest.approx(math.sqrt(sum(b**2 * s for b, s in zip(beyond, steps, strict=True))))
    for tau in (0, -1, 8.01):
        with pytest.raises(InputError, match="tau: must be above 0"):
            restricted_mean(estimate, tau)
    areas = [restricted_mean(estimate, tau)[0] for tau in (0.1, 2, 2.1, 7.9, 8)]
    assert all(one < other for one, other in pairwise(areas))
