"""By how much a baseline hazard grows in intervals: Nelson-Aalen's and Breslow's, as lifelines has them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.errors import InputError
from sarcoma_core.survival.baseline_increments import baseline_increments
from sarcoma_core.survival.follow_up import FollowUp, steps_at
from sarcoma_core.survival.proportional_hazards import breslow_baseline
from tests.survival.cohorts import Cohort, cohorts, shuffled

CUTS = np.array([0.0, 2.0, 5.0, 9.0])


def same(risk: Any, cuts: np.ndarray = CUTS) -> np.ndarray:
    """The same risk of each patient in all intervals."""
    return np.repeat(np.asarray(risk, np.float64)[:, None], cuts.size - 1, axis=1)


def test_by_hand() -> None:
    """Five, then three are at risk; who leaves at 5 is at risk then; two die at 5; the one at 9.1 is late."""
    follow_up = FollowUp.of([1, 2, 5, 5, 9.1], [True, False, True, True, True])
    found = baseline_increments(same(np.zeros(5)), follow_up, CUTS)
    np.testing.assert_allclose(found, [1 / 5, 2 / 3, 0])


def test_a_risk_that_changes_with_time_counts_at_the_time_of_the_event() -> None:
    """In the second interval the first patient's hazard is three times that of the others."""
    follow_up = FollowUp.of([3, 4, 8], [True, True, True])
    risk = np.zeros((3, 3))
    risk[0, 1] = np.log(3)
    risk[:, 2] = np.log(4)
    found = baseline_increments(risk, follow_up, CUTS)
    np.testing.assert_allclose(found, [0, 1 / 5 + 1 / 2, 1 / 4])


@pytest.mark.parametrize("seed", range(4))
def test_of_equal_patients_the_sums_are_those_of_nelson_and_aalen(seed: int) -> None:
    """By lifelines, whose tied deaths count one after the other: none are tied here."""
    lifelines = pytest.importorskip("lifelines", reason="an oracle: pip install 'sarcoma[dev]' to run it")
    rng = np.random.default_rng(seed)
    time, event = rng.exponential(5, 80), rng.random(80) < 0.7
    found = baseline_increments(same(np.zeros(80)), FollowUp(time, event), CUTS).cumsum()
    peer = lifelines.NelsonAalenFitter(nelson_aalen_smoothing=False).fit(time, event)
    np.testing.assert_allclose(found, peer.cumulative_hazard_at_times(CUTS[1:]), rtol=1e-12)


@given(cohorts(), st.integers(0, 99))
def test_of_a_risk_for_all_times_they_are_breslows_at_the_cuts(made: Cohort, seed: int) -> None:
    follow_up, x = made
    if not follow_up.events:
        return
    risk = np.random.default_rng(seed).normal(size=len(follow_up)) + x[:, 0]
    found = baseline_increments(same(risk), follow_up, CUTS).cumsum()
    times, cumulative = breslow_baseline(risk, follow_up)
    np.testing.assert_allclose(found, steps_at(times, cumulative, CUTS[1:], 0.0), rtol=1e-10)


@given(cohorts(), st.floats(-50, 50))
def test_a_risk_that_is_higher_for_all_makes_the_baseline_as_much_lower(made: Cohort, shift: float) -> None:
    follow_up, x = made
    risk = same(x[:, 0])
    moved = baseline_increments(risk + shift, follow_up, CUTS)
    np.testing.assert_allclose(moved * np.exp(shift), baseline_increments(risk, follow_up, CUTS), rtol=1e-9)


@given(cohorts(), st.integers(0, 99))
def test_they_know_no_order_of_patients(made: Cohort, seed: int) -> None:
    follow_up, _ = made
    risk = np.random.default_rng(seed).normal(size=(len(follow_up), 3))
    order = shuffled(seed, len(follow_up))
    found = baseline_increments(risk[order], follow_up.chosen(order), CUTS)
    np.testing.assert_allclose(found, baseline_increments(risk, follow_up, CUTS), rtol=1e-12)


@given(cohorts(), st.integers(0, 99))
def test_what_happens_beyond_the_last_cut_counts_nowhere(made: Cohort, seed: int) -> None:
    follow_up, _ = made
    risk = np.random.default_rng(seed).normal(size=(len(follow_up), 3))
    late = follow_up.time > CUTS[-1]
    for event in (follow_up.event & ~late, follow_up.event | late):
        found = baseline_increments(risk, FollowUp(follow_up.time, event), CUTS)
        np.testing.assert_array_equal(found, baseline_increments(risk, follow_up, CUTS))


def test_an_event_at_the_last_cut_counts_and_one_just_beyond_it_does_not() -> None:
    for time, counts in ((9.0, 1.0), (9.001, 0.0)):
        found = baseline_increments(same([0.0]), FollowUp.of([time], [True]), CUTS)
        np.testing.assert_array_equal(found, [0, 0, counts])


def test_who_dies_beyond_the_last_cut_was_at_risk_before() -> None:
    found = baseline_increments(same([0.0, 0.0]), FollowUp.of([1, 90], [True, True]), CUTS)
    np.testing.assert_array_equal(found, [0.5, 0, 0])


def test_an_event_at_time_0_is_of_the_first_interval() -> None:
    found = baseline_increments(same([0.0, 0.0]), FollowUp.of([0, 3], [True, False]), CUTS)
    np.testing.assert_array_equal(found, [0.5, 0, 0])


def test_the_sum_of_hazards_is_that_of_events() -> None:
    """Martingale residuals of Breslow's estimate add up to 0, whatever the risks and however they change."""
    rng = np.random.default_rng(3)
    time, event, risk = rng.uniform(0, 9, 200), rng.random(200) < 0.6, rng.normal(size=(200, 3))
    fine = np.concatenate([[0.0], np.sort(np.concatenate([time, CUTS[1:]]))])
    place = np.searchsorted(CUTS, fine[1:], side="left") - 1
    grown = baseline_increments(risk[:, place], FollowUp(time, event), fine)
    exposed = time[:, None] >= fine[None, 1:]
    assert (exposed * np.exp(risk[:, place]) * grown).sum() == pytest.approx(event.sum())


@pytest.mark.parametrize("shape", [(4, 3), (5, 2), (5, 4)])
def test_a_risk_of_other_patients_or_intervals_is_refused(shape: tuple[int, int]) -> None:
    follow_up = FollowUp.of([1, 2, 3, 4, 5], [True] * 5)
    with pytest.raises(InputError, match="risk: must be of 5 patients and 3 intervals"):
        baseline_increments(np.zeros(shape), follow_up, CUTS)
