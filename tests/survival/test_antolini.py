"""Concordance of curves: against its definition in plain loops, Harrell's where none cross, and pycox."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.errors import InputError
from sarcoma_core.survival import antolini as module
from sarcoma_core.survival.antolini import ANTOLINI_TIES, AntoliniTies, antolini
from sarcoma_core.survival.concordance import harrell
from sarcoma_core.survival.follow_up import FollowUp
from tests.survival.cohorts import Cohort, cohort, cohorts, shuffled

TIMES = np.array([2.0, 3.0, 5.0, 9.0])
PYCOX = {"strict": "antolini", "adjusted": "adj_antolini"}


def curves(seed: int, patients: int, digits: int = 1) -> np.ndarray:
    """Falling, few different values, so that many are tied."""
    rng = np.random.default_rng(seed)
    return np.round(np.sort(rng.random((patients, TIMES.size)), axis=1)[:, ::-1], digits)


def by_definition(follow_up: FollowUp, survival: np.ndarray, ties: AntoliniTies) -> tuple[float, float]:
    """Concordant and compared pairs, by a loop over ordered pairs."""
    concordant = compared = 0.0
    time, event = follow_up.time, follow_up.event
    for i, j in product(range(len(follow_up)), repeat=2):
        at = max(np.searchsorted(TIMES, time[i], side="right") - 1, 0)
        one, other = survival[i, at], survival[j, at]
        half = 0.5 * (one == other) if ties == "adjusted" else 0.0
        if i == j:
            continue
        if event[i] and (time[i] < time[j] or (time[i] == time[j] and not event[j])):
            compared, concordant = compared + 1, concordant + (one < other) + half
        elif ties == "adjusted" and time[i] == time[j] and event[j]:
            compared += 1
            concordant += (1 - 0.5 * (one != other)) if event[i] else (other < one) + half
    return concordant, compared


@pytest.mark.parametrize("ties", ANTOLINI_TIES)
@given(made=cohorts(), seed=st.integers(0, 999))
def test_pairs_are_those_of_the_definition(ties: AntoliniTies, made: Cohort, seed: int) -> None:
    follow_up, _ = made
    survival = curves(seed, len(follow_up))
    concordant, compared = by_definition(follow_up, survival, ties)
    if not compared:
        with pytest.raises(InputError, match="two patients that can be compared"):
            antolini(follow_up, survival, TIMES, ties=ties)
        return
    found = antolini(follow_up, survival, TIMES, ties=ties)
    assert found == pytest.approx(concordant / compared)
    order = shuffled(seed, len(follow_up))
    assert antolini(follow_up.chosen(order), survival[order], TIMES, ties=ties) == pytest.approx(found)


@given(st.integers(0, 999))
def test_where_no_curves_cross_it_is_harrells(seed: int) -> None:
    """Proportional hazards, with ties of an event and a censoring but of no two events."""
    made, x = cohort(seed, moments=400)
    first = np.unique(made.time, return_index=True)[1]
    event = made.event & np.isin(np.arange(60), first)
    follow_up = FollowUp.of(made.time, event)
    if not event.any():
        return
    times = np.arange(0, 401.0)
    survival = np.exp(-np.exp(x[:, [0]]) * (times + 1) / 1000)
    expected = harrell(follow_up, x[:, 0]).index
    assert antolini(follow_up, survival, times, ties="strict") == pytest.approx(expected)


def test_curves_that_cross_are_taken_at_the_time_of_the_event() -> None:
    """At 2 the first is lower and has the event; at 5 it is the second: both are right, where no risk is."""
    follow_up = FollowUp.of([2, 5, 9], [1, 1, 0])
    survival = np.array([[0.5, 0.5, 0.5, 0.5], [0.9, 0.8, 0.2, 0.1], [0.95, 0.9, 0.4, 0.3]])
    assert antolini(follow_up, survival, TIMES) == 1
    for risk in ([3, 2, 1], [2, 3, 1]):
        assert harrell(follow_up, risk).index <= 1
    crossed = survival[[1, 0, 2]]
    assert antolini(follow_up, crossed, TIMES) == pytest.approx(1 / 3)  # only the first against the last


def test_the_time_before_counts_and_before_the_first_the_first() -> None:
    survival = np.array([[0.9, 0.5, 0.2, 0.1], [0.8, 0.6, 0.3, 0.2]])
    for time, expected in ((1.0, 0), (2.0, 0), (2.99, 0), (3.0, 1), (8.0, 1)):
        assert antolini(FollowUp.of([time, 10], [1, 0]), survival, TIMES) == expected


def test_equal_curves_are_a_half_or_nothing() -> None:
    follow_up = FollowUp.of([1, 2, 3], [1, 1, 0])
    same = np.full((3, 4), 0.5)
    assert antolini(follow_up, same, TIMES, ties="adjusted") == 0.5
    assert antolini(follow_up, same, TIMES, ties="strict") == 0


def test_blocks_of_patients_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    follow_up, _ = cohort(3)
    survival = curves(3, 60)
    whole = {ties: antolini(follow_up, survival, TIMES, ties=ties) for ties in ANTOLINI_TIES}
    monkeypatch.setattr(module, "_CELLS", 150)
    for ties in ANTOLINI_TIES:
        assert antolini(follow_up, survival, TIMES, ties=ties) == pytest.approx(whole[ties], abs=1e-15)


def test_without_two_that_can_be_compared_there_is_none() -> None:
    for time, event in (([1, 2], [0, 1]), ([1, 2], [0, 0])):
        with pytest.raises(InputError, match="survival: must be of two patients that can be compared"):
            antolini(FollowUp.of(time, event), np.full((2, 4), 0.5), TIMES)


@pytest.mark.parametrize(
    ("survival", "times", "words"),
    [
        (np.full((3, 1), 0.5), [], "times: must be one or more"),
        (np.full((3, 2), 0.5), [1, 1], "each later than the one before"),
        (np.full((2, 2), 0.5), [1, 2], "survival: must be of 3 patients at 2 times"),
        (np.full((3, 2), 1.01), [1, 2], "survival: must be 0 to 1"),
        (np.full((3, 2), np.nan), [1, 2], "survival: must be 0 to 1"),
    ],
)
def test_what_is_no_curve_is_refused(survival: np.ndarray, times: list[float], words: str) -> None:
    with pytest.raises(InputError, match=words):
        antolini(FollowUp.of([1, 2, 3], [1, 1, 0]), survival, times)


@pytest.mark.torch
@pytest.mark.parametrize("ties", ANTOLINI_TIES)
def test_it_is_that_of_pycox(ties: AntoliniTies) -> None:
    evaluation = pytest.importorskip(
        "pycox.evaluation.concordance", reason="oracle test: make extras to run it"
    )
    follow_up, _ = cohort(4, patients=200, moments=30)
    for digits in (1, 6):
        survival = curves(4, 200, digits)
        place = (np.searchsorted(TIMES, follow_up.time, side="right") - 1).clip(0)
        expected = evaluation.concordance_td(
            follow_up.time, follow_up.event, np.ascontiguousarray(survival.T), place, PYCOX[ties]
        )
        assert antolini(follow_up, survival, TIMES, ties=ties) == pytest.approx(expected, abs=1e-12)
