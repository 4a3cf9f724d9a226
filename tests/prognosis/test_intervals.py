"""Intervals of time: whole quarters of a year, five events in each, and nobody's own time in any of them."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.clinical.endpoints import DAYS_OF_MONTH
from sarcoma_core.prognosis.intervals import days_of, interval_months
from sarcoma_core.survival.follow_up import FollowUp


def follow_up_of(months: list[float] | np.ndarray, event: list[bool] | np.ndarray) -> FollowUp:
    return FollowUp.of(np.asarray(months, np.float64) * DAYS_OF_MONTH, event)


def weibull(seed: int, patients: int = 200) -> FollowUp:
    """Half are dead after 33 months; the last look is after 8 to 110 months."""
    rng = np.random.default_rng(seed)
    died, ended = 44 * rng.weibull(1.3, patients), rng.uniform(8, 110, patients)
    return follow_up_of(np.minimum(died, ended), died <= ended)


@given(st.integers(0, 10_000), st.integers(30, 300), st.integers(1, 12))
def test_they_end_with_quarters_hold_five_events_and_leave_five_patients(
    seed: int, patients: int, most: int
) -> None:
    follow_up = weibull(seed, patients)
    cuts = interval_months(follow_up, most=most)
    assert cuts[0] == 0
    assert 1 <= len(cuts) - 1 <= most
    assert all(type(cut) is int and cut % 3 == 0 for cut in cuts)
    months = follow_up.time / DAYS_OF_MONTH
    # (a, b], as everywhere in survival in discrete time
    in_each = [
        np.count_nonzero(follow_up.event & (months > low) & (months <= high)) for low, high in pairwise(cuts)
    ]
    assert min(in_each) >= 5
    assert np.count_nonzero(months > cuts[-1]) >= 5


@given(st.integers(0, 10_000), st.integers(0, 99))
def test_they_know_no_order_of_patients(seed: int, other: int) -> None:
    follow_up = weibull(seed)
    order = np.random.default_rng(other).permutation(len(follow_up))
    assert interval_months(follow_up.chosen(order), most=6) == interval_months(follow_up, most=6)


@pytest.mark.parametrize(("events", "enough"), [(5, True), (4, False)])
def test_five_events_make_an_interval_and_four_are_too_few(events: int, *, enough: bool) -> None:
    follow_up = follow_up_of([2.0] * events + [50.0] * 20, [True] * events + [False] * 20)
    if enough:
        assert len(interval_months(follow_up, most=10)) == 2
        return
    with pytest.raises(InputError, match="event: must be 5 or more while 5 patients are still followed"):
        interval_months(follow_up, most=10)


@pytest.mark.parametrize(("later", "enough"), [(5, True), (4, False)])
def test_five_who_are_still_followed_let_it_end_and_four_do_not(later: int, *, enough: bool) -> None:
    """Twenty die in the third month, and all others are last seen in the sixth: it can only end at 3."""
    follow_up = follow_up_of([2.5] * 20 + [5.9] * later, [True] * 20 + [False] * later)
    if enough:
        assert interval_months(follow_up, most=10) == (0, 3)
        return
    with pytest.raises(InputError, match="there are fewer"):
        interval_months(follow_up, most=10)


def test_who_leaves_at_the_end_is_no_longer_followed_beyond_it() -> None:
    for last, cuts in ((6.001, (0, 6)), (6.0, (0, 3))):
        follow_up = follow_up_of([2.5] * 20 + [last] * 5, [True] * 20 + [False] * 5)
        assert interval_months(follow_up, most=1) == cuts


def test_an_event_at_the_end_is_of_the_interval_that_ends_there() -> None:
    assert interval_months(follow_up_of([3.0] * 5 + [3.5] * 9, [True] * 5 + [False] * 9), most=1) == (0, 3)
    with pytest.raises(InputError, match="event: must be 5 or more"):
        interval_months(follow_up_of([3.001] * 5 + [3.5] * 9, [True] * 5 + [False] * 9), most=1)


def test_without_an_event_there_is_no_interval() -> None:
    with pytest.raises(InputError, match="event: must be 5 or more"):
        interval_months(follow_up_of([20.0] * 30, [False] * 30), most=5)


@pytest.mark.parametrize("patients", [1, 4])
def test_so_few_patients_are_too_few(patients: int) -> None:
    with pytest.raises(InputError, match="event: must be 5 or more"):
        interval_months(follow_up_of([20.0] * patients, [True] * patients), most=5)


@pytest.mark.parametrize("seed", range(3))
def test_a_patient_who_was_seen_some_days_earlier_or_later_moves_no_cut(seed: int) -> None:
    """In the same quarter; so a cut tells nobody's time."""
    follow_up = weibull(seed)
    cuts = interval_months(follow_up, most=6)
    quarter = 3 * DAYS_OF_MONTH
    for row in range(0, 200, 4):
        low = np.floor(follow_up.time[row] / quarter) * quarter
        for days in (-4.0, 4.0):
            time = follow_up.time.copy()
            time[row] = np.clip(time[row] + days, low + 1e-3, low + quarter - 1e-3)
            assert interval_months(FollowUp(time, follow_up.event), most=6) == cuts


@pytest.mark.parametrize("most", [3, 6])
def test_where_survival_is_known_it_falls_by_about_the_same_in_each(most: int) -> None:
    """Of 6000 whose last look is after five years; a quarter is no more than .06 of this survival."""
    rng = np.random.default_rng(1)
    died = 44 * rng.weibull(1.3, 6000)
    cuts = interval_months(follow_up_of(np.minimum(died, 60.1), died <= 60.1), most=most)
    survival = np.exp(-((np.array(cuts) / 44) ** 1.3))
    assert len(cuts) == most + 1
    assert cuts[-1] == 60
    np.testing.assert_allclose(-np.diff(survival), (1 - survival[-1]) / most, atol=0.06)


def test_days_are_those_of_whole_months() -> None:
    np.testing.assert_allclose(days_of((0, 12, 120)), [0, 365.25, 3652.5])
