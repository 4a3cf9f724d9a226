"""Concordance, AUC and Brier: against their definitions in plain loops, and as laws."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.errors import InputError
from sarcoma_core.survival.antolini import antolini
from sarcoma_core.survival.brier import baseline_scores, brier_scores, integrated_brier
from sarcoma_core.survival.censoring import observation
from sarcoma_core.survival.concordance import harrell, uno
from sarcoma_core.survival.dominance import later_smaller
from sarcoma_core.survival.dynamic_auc import dynamic_auc
from sarcoma_core.survival.follow_up import FollowUp
from sarcoma_core.survival.kaplan_meier import kaplan_meier
from tests.survival.cohorts import Cohort, cohort, cohorts, shuffled


@given(st.lists(st.integers(0, 9), min_size=1, max_size=70))
def test_later_smaller_entries_are_counted(ranks: list[int]) -> None:
    expected = [sum(other < one for other in ranks[place + 1 :]) for place, one in enumerate(ranks)]
    assert later_smaller(np.array(ranks)).tolist() == expected


def pairs(follow_up: FollowUp, risk: np.ndarray) -> tuple[int, int, int]:
    """Concordant, discordant and tied pairs, by the definition."""
    counts = [0, 0, 0]
    for i, j in product(range(len(follow_up)), repeat=2):
        later = follow_up.time[j] > follow_up.time[i]
        later |= follow_up.time[j] == follow_up.time[i] and not follow_up.event[j]
        if i != j and follow_up.event[i] and later:
            counts[0 if risk[i] > risk[j] else 1 if risk[i] < risk[j] else 2] += 1
    return counts[0], counts[1], counts[2]


@given(cohorts(), st.integers(1, 4))
def test_pairs_are_those_of_the_definition_with_ties_in_times_and_risks(made: Cohort, digits: int) -> None:
    follow_up, x = made
    risk = np.round(x[:, 0] * digits)
    expected = pairs(follow_up, risk)
    if not sum(expected):
        with pytest.raises(InputError, match="two patients that can be compared"):
            harrell(follow_up, risk)
        return
    found = harrell(follow_up, risk)
    assert (found.concordant, found.discordant, found.tied) == expected
    assert found.index == pytest.approx((expected[0] + expected[2] / 2) / sum(expected))


@given(cohorts(), st.integers(0, 99))
def test_order_and_scale_change_nothing_and_the_sign_turns_it(made: Cohort, seed: int) -> None:
    follow_up, x = made
    risk, order = x[:, 0], shuffled(seed, len(follow_up))
    if not sum(pairs(follow_up, risk)):
        return
    index = harrell(follow_up, risk).index
    assert harrell(follow_up.chosen(order), risk[order]).index == index
    assert harrell(follow_up, np.exp(risk) * 7 - 3).index == index
    assert harrell(follow_up, -risk).index == pytest.approx(1 - index)


def test_a_constant_risk_is_a_half_and_a_perfect_one_is_1() -> None:
    follow_up, _ = cohort(1)
    assert harrell(follow_up, np.zeros(60)).index == 0.5
    assert harrell(follow_up, -follow_up.time - 0.5 * follow_up.event).index <= 1
    distinct = FollowUp.of(np.arange(1, 9), [1, 0, 1, 1, 0, 1, 0, 1])
    assert harrell(distinct, -distinct.time).index == 1


def test_without_censoring_uno_is_harrell_up_to_tau() -> None:
    follow_up, x = cohort(2)
    everybody = FollowUp.of(follow_up.time, np.ones(60))
    g = observation(everybody)
    assert uno(everybody, x[:, 0], g, tau=99).index == pytest.approx(harrell(everybody, x[:, 0]).index)
    early = FollowUp.of(everybody.time, everybody.time < 4)
    assert uno(everybody, x[:, 0], g, tau=4).concordant == pairs_before(everybody, early, x[:, 0])


def pairs_before(follow_up: FollowUp, early: FollowUp, risk: np.ndarray) -> int:
    """Concordant pairs whose earlier time is an early event."""
    later = follow_up.time[None, :] > follow_up.time[:, None]
    return int((early.event[:, None] & later & (risk[:, None] > risk[None, :])).sum())


def test_uno_weighs_each_event_by_the_square_of_how_rarely_it_is_seen() -> None:
    """At 1 one of 4 is lost: 3/4 from then on; the events at 2 and 3 weigh 16/9 each."""
    follow_up = FollowUp.of([1, 2, 3, 4], [0, 1, 1, 0])
    g = observation(follow_up)
    np.testing.assert_allclose(g.at([0.5, 1, 2, 3]), [1, 0.75, 0.75, 0.75])
    found = uno(follow_up, [0, 2, 3, 1], g, tau=10)
    assert found.index == pytest.approx(2 / 3)  # 2 before 3 is discordant, both before 4 concordant
    assert uno(follow_up, [0, 2, 3, 1], g, tau=3).index == pytest.approx(1 / 2)
    assert uno(follow_up, [0, 2, 3, 1], g, tau=3.001).index == pytest.approx(2 / 3)


def test_at_one_time_events_come_before_what_is_lost() -> None:
    g = observation(FollowUp.of([1, 1, 2], [1, 0, 1]))
    np.testing.assert_allclose(g.at([1, 2]), [1 / 2, 1 / 2])  # of the two that had no event at 1, one is lost


def test_beyond_the_training_nobody_can_be_weighed() -> None:
    g = observation(FollowUp.of([1, 2, 3], [1, 1, 0]))
    test = FollowUp.of([1.5, 2.5, 3.5, 5], [1, 1, 1, 0])
    assert uno(test, [4, 3, 2, 1], g, tau=2.9).index == 1
    for call in (
        lambda: uno(test, [4, 3, 2, 1], g, tau=4),
        lambda: dynamic_auc(test, [4, 3, 2, 1], [2, 4], g),
        lambda: brier_scores(test, np.full((4, 2), 0.5), [2, 4], g),
    ):
        with pytest.raises(InputError, match="must lie before the last follow-up of the training"):
            call()


@given(cohorts())
def test_without_censoring_the_area_is_that_of_ranks(made: Cohort) -> None:
    follow_up, x = made
    everybody, risk = FollowUp.of(follow_up.time, np.ones(len(follow_up))), np.round(x[:, 0])
    moment = float(np.median(everybody.time))
    case, control = risk[everybody.time <= moment], risk[everybody.time > moment]
    found = dynamic_auc(everybody, risk, [moment], observation(everybody))
    assert (found.cases[0], found.controls[0]) == (case.size, control.size)
    if control.size:
        above = (case[:, None] > control).mean() + (case[:, None] == control).mean() / 2
        assert found.auc[0] == pytest.approx(above) == found.mean
    else:
        assert np.isnan(found.auc[0])


def test_a_risk_that_changes_with_time_is_taken_at_its_time() -> None:
    follow_up, x = cohort(3)
    g = observation(follow_up)
    both = dynamic_auc(follow_up, np.stack([x[:, 0], -x[:, 0]], axis=1), [3, 6], g)
    one, other = (dynamic_auc(follow_up, sign * x[:, 0], [3, 6], g) for sign in (1, -1))
    assert both.auc[0] == one.auc[0]
    assert both.auc[1] == other.auc[1]


@pytest.mark.parametrize("times", [[], [3, 3], [4, 3]])
def test_times_are_in_order(times: list[float]) -> None:
    follow_up, x = cohort(3)
    with pytest.raises(InputError, match="times: must be one or more"):
        dynamic_auc(follow_up, x[:, 0], times, observation(follow_up))


def test_a_guess_of_a_half_costs_a_quarter_and_a_perfect_one_nothing() -> None:
    everybody = FollowUp.of([1, 2, 3, 4], [1, 1, 1, 1])
    g, times = observation(everybody), [1.5, 2.5, 3.5]
    np.testing.assert_allclose(brier_scores(everybody, np.full((4, 3), 0.5), times, g), 0.25)
    perfect = (everybody.time[:, None] > np.array(times)).astype(float)
    np.testing.assert_allclose(brier_scores(everybody, perfect, times, g), 0)
    np.testing.assert_allclose(brier_scores(everybody, 1 - perfect, times, g), 1)


def test_kaplan_meier_for_everybody_costs_what_is_left_to_chance() -> None:
    everybody = FollowUp.of([1, 2, 3, 4], [1, 1, 1, 1])
    found = baseline_scores(everybody, kaplan_meier(everybody), [1.5, 2.5], observation(everybody))
    np.testing.assert_allclose(found, [0.75 * 0.25, 0.5 * 0.5])


def test_the_integral_is_the_mean_over_its_span() -> None:
    assert integrated_brier(np.array([1.0, 3.0]), np.array([0.2, 0.2])) == pytest.approx(0.2)
    assert integrated_brier(np.array([0.0, 1.0, 4.0]), np.array([0.0, 1.0, 0.0])) == pytest.approx(0.5)
    for times in ([1.0], [2.0, 1.0], [1.0, 1.0], [1.0, np.nan], [1.0, np.inf]):
        with pytest.raises(InputError, match="two or more"):
            integrated_brier(np.array(times), np.zeros(len(times)))
    for scores in ([0.1, np.nan], [0.1], [0.1, 0.2, 0.3]):
        with pytest.raises(InputError, match="scores: must be a finite number for each of 2 times"):
            integrated_brier(np.array([1.0, 2.0]), np.array(scores))


@pytest.mark.parametrize("times", [[], [np.nan], [-0.01], [np.inf]])
def test_a_time_is_finite_and_not_before_0(times: list[float]) -> None:
    follow_up, x = cohort(3)
    g, curves = observation(follow_up), np.full((60, len(times)), 0.5)
    for measure in (
        lambda: brier_scores(follow_up, curves, times, g),
        lambda: dynamic_auc(follow_up, x[:, 0], times, g),
        lambda: antolini(follow_up, curves, times),
    ):
        with pytest.raises(InputError, match="times: must be one or more, finite, 0 or later"):
            measure()
    assert brier_scores(follow_up, np.full((60, 1), 0.5), [0.0], g) == pytest.approx(0.25)


@pytest.mark.parametrize("shape", [(59,), (60, 1), (60, 3), (2, 60)])
def test_risks_are_of_each_patient_and_of_each_time(shape: tuple[int, ...]) -> None:
    follow_up, _ = cohort(3)
    with pytest.raises(InputError, match="risk: must be of shape"):
        dynamic_auc(follow_up, np.zeros(shape), [3.0, 6.0], observation(follow_up))


@pytest.mark.parametrize(
    ("survival", "words"),
    [
        (np.full((4, 1), 1.01), "must be 0 to 1"),
        (np.full((4, 1), -0.01), "must be 0 to 1"),
        (np.full((4, 1), np.nan), "must be 0 to 1"),
        (np.full((3, 1), 0.5), "of 4 patients at 1 times"),
        (np.full((4, 2), 0.5), "of 4 patients at 1 times"),
    ],
)
def test_what_is_no_prediction_is_refused(survival: np.ndarray, words: str) -> None:
    follow_up = FollowUp.of([1, 2, 3, 4], [1, 1, 0, 1])
    with pytest.raises(InputError, match=words):
        brier_scores(follow_up, survival, [2.0], observation(follow_up))


@pytest.mark.parametrize("risk", [[1, 2, 3], [1, 2, 3, np.nan], [1, 2, 3, np.inf]])
def test_what_is_no_risk_is_refused(risk: list[float]) -> None:
    follow_up = FollowUp.of([1, 2, 3, 4], [1, 1, 0, 1])
    with pytest.raises(InputError, match="risk: must be a finite number for each of 4 patients"):
        harrell(follow_up, risk)
