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


@pytest.mark.parametrize("kinds", [[0, -1], [0, 0.5], [0, np.nan], [0, 0], [None, 1], ["a", "b"]])
def test_what_is_no_kind_is_refused(kinds: object) -> None:
    with pytest.raises(InputError, match="kind: must"):
        aalen_johansen([1, 2], kinds)  # type: ignore[arg-type]
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


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ([1, 1, 1, 1, 1, 1], "must be two or more; found 1"),
        ([1, 2], "must be one for each of 6 patients"),
        ([1, 2, 1, np.nan, 1, np.nan], "must be known of each patient; 2 of 6 are"),
        (["a", "b", "a", None, "a", "b"], "must be known of each patient; 1 of 6 are"),
        (np.array([1, "b", 1, "b", 1, 1], object), "must be of one kind"),
    ],
)
def test_a_comparison_takes_two_groups_known_of_each_patient(groups: object, words: str) -> None:
    with pytest.raises(InputError, match=f"groups: {words}"):
        log_rank(BY_HAND, groups)  # type: ignore[arg-type]


@pytest.mark.parametrize("level", [0, 1, 2, -0.5, np.nan])
def test_a_level_is_between_0_and_1(level: float) -> None:
    with pytest.raises(InputError, match="level: must be above 0 and below 1"):
        kaplan_meier(BY_HAND, level=level)
    almost = kaplan_meier(BY_HAND, level=0.999999)
    assert almost.lower[1] < kaplan_meier(BY_HAND, level=0.000001).lower[1]


def test_nothing_is_told_of_a_time_or_a_part_that_is_no_number() -> None:
    estimate = kaplan_meier(BY_HAND)
    for ask in (estimate.at, estimate.at_risk):
        with pytest.raises(InputError, match="times: must be numbers; 1 of 2 are NaN"):
            ask([1, np.nan])
    assert estimate.at([-1, np.inf]).tolist() == [1, estimate.survival[-1]]
    for part in (-0.01, 1.01, np.nan):
        for quantile in (estimate.quantile, estimate.quantile_limits):
            with pytest.raises(InputError, match="part: must be 0 to 1"):
                quantile(part)


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


@pytest.mark.parametrize(("value", "degrees"), [(-1e-9, 1), (np.nan, 2), (1.0, 0)])
def test_a_tail_of_nothing_is_refused(value: float, degrees: int) -> None:
    with pytest.raises(InputError, match=r"must be [01] or more"):
        chi_square_tail(value, degrees)


def test_a_tail_far_out_neither_overflows_nor_vanishes_too_soon() -> None:
    """With many degrees it is near to normal (Wilson and Hilferty): at their number a bit below a half."""
    assert chi_square_tail(np.inf, 3) == chi_square_tail(1e6, 301) == 0
    assert chi_square_tail(2000.0, 2000) == pytest.approx(0.4958, abs=5e-4)
    assert chi_square_tail(2001.0, 2001) == pytest.approx(0.4958, abs=5e-4)


@pytest.mark.parametrize("unit", [1e-300, 1e300])
def test_the_unit_of_time_may_be_any_number(unit: float) -> None:
    area, error = restricted_mean(kaplan_meier(BY_HAND), 6)
    in_unit = restricted_mean(kaplan_meier(FollowUp(BY_HAND.time * unit, BY_HAND.event)), 6 * unit)
    np.testing.assert_allclose(in_unit, [area * unit, error * unit], rtol=1e-12)


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
