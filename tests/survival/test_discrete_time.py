"""Cuts, labels, the likelihood of hazards, curves between cuts: by hand, as laws, and as pycox has them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.errors import InputError
from sarcoma_core.survival.discrete_time import (
    BETWEEN,
    Between,
    DiscreteLabels,
    cut_points,
    discrete_labels,
    logistic_hazard_likelihood,
    survival_at_cuts,
    survival_between,
)
from sarcoma_core.survival.follow_up import FollowUp
from sarcoma_core.survival.kaplan_meier import kaplan_meier
from tests.survival.cohorts import Cohort, cohort, cohorts, shuffled

CUTS = np.array([0.0, 2.0, 4.0, 8.0])


def labels_of(passed: list[int], event: list[bool]) -> DiscreteLabels:
    return DiscreteLabels(np.array(passed), np.array(event))


def test_each_interval_between_quantiles_holds_as_many_events() -> None:
    """Without censoring survival falls by 1/20 a patient: by a quarter after 5, 10, 15 and 20 of them."""
    everybody = FollowUp.of(np.arange(1, 21) ** 2, np.ones(20))
    np.testing.assert_allclose(cut_points(everybody, 5), np.array([0, 5, 10, 15, 20]) ** 2)
    np.testing.assert_allclose(cut_points(everybody, 5, scheme="equidistant"), [0, 100, 200, 300, 400])


@given(cohorts(), st.integers(2, 12), st.integers(0, 99))
def test_cuts_begin_at_0_end_with_the_follow_up_and_know_no_order(
    made: Cohort, count: int, seed: int
) -> None:
    follow_up, _ = made
    if not follow_up.events:
        with pytest.raises(InputError, match="event: must hold one after time 0"):
            cut_points(follow_up, count)
        return
    found = cut_points(follow_up, count)
    assert found[0] == 0
    assert found[-1] == follow_up.time.max()
    assert 2 <= found.size <= count
    order = shuffled(seed, len(follow_up))
    np.testing.assert_array_equal(cut_points(follow_up.chosen(order), count), found)


def test_a_time_with_many_events_leaves_fewer_cuts() -> None:
    follow_up = FollowUp.of([1, 1, 1, 1, 1, 2], [1, 1, 1, 1, 1, 1])
    np.testing.assert_array_equal(cut_points(follow_up, 7), [0, 1, 2])


def test_an_event_counts_in_its_interval_and_a_censored_one_up_to_the_last_cut() -> None:
    """The cuts are 0, 2, 4 and 8; each time stands there once with an event and once without."""
    time = [0, 1.9, 2, 2.1, 4, 8, 8.1]
    found = discrete_labels(FollowUp.of(time + time, [1] * 7 + [0] * 7), CUTS)
    np.testing.assert_array_equal(found.passed, [0, 0, 0, 1, 1, 2, 3, 0, 0, 1, 1, 2, 3, 3])
    np.testing.assert_array_equal(found.event, [True] * 6 + [False] * 8)


def test_a_likelihood_is_worked_out_by_hand() -> None:
    """Hazards 1/4, 1/2 and 3/4: who passed two adds log 3/4 + log 1/2, an event in the third log 3/4 too."""
    logits = np.log(np.array([[1 / 3, 1.0, 3.0]] * 3))
    found = logistic_hazard_likelihood(logits, labels_of([2, 2, 0], [False, True, False]))
    assert found.value == pytest.approx(-(2 * np.log(3 / 4 * 1 / 2) + np.log(3 / 4)) / 3)
    np.testing.assert_allclose(found.gradient * 3, [[1 / 4, 1 / 2, 0], [1 / 4, 1 / 2, -1 / 4], [0, 0, 0]])


@given(cohorts(), st.integers(0, 99))
def test_the_gradient_is_the_derivative(made: Cohort, seed: int) -> None:
    follow_up, _ = made
    cuts = np.array([0.0, 2, 3, 7, 11])
    labels, step = discrete_labels(follow_up, cuts), 1e-5
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(len(follow_up), 4))
    move = rng.normal(size=logits.shape)
    found = logistic_hazard_likelihood(logits, labels)
    up, down = (logistic_hazard_likelihood(logits + sign * step * move, labels).value for sign in (1, -1))
    assert (up - down) / (2 * step) == pytest.approx(float((found.gradient * move).sum()), abs=1e-8)


@given(cohorts())
def test_the_best_hazards_for_all_are_those_of_the_life_table(made: Cohort) -> None:
    """Where every follow-up ends at a cut, survival at the cuts is Kaplan-Meier's."""
    follow_up, _ = made
    if not follow_up.events:
        return
    cuts = np.concatenate([[0.0], np.unique(follow_up.time)])
    labels = discrete_labels(follow_up, cuts)
    survival = kaplan_meier(follow_up).survival
    hazard = np.clip(1 - survival / np.concatenate([[1.0], survival[:-1]]).clip(1e-9), 1e-6, 1 - 1e-6)
    logits = np.broadcast_to(np.log(hazard / (1 - hazard)), (len(follow_up), hazard.size))
    found = logistic_hazard_likelihood(logits, labels)
    np.testing.assert_allclose(found.gradient.sum(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(survival_at_cuts(logits)[0, 1:], survival, atol=1e-4)


def test_logits_of_a_thousand_are_no_trouble() -> None:
    logits = np.array([[1000.0, -1000.0], [-1000.0, 1000.0]])
    found = logistic_hazard_likelihood(logits, labels_of([0, 1], [True, True]))
    assert found.value == 0
    np.testing.assert_array_equal(found.gradient, 0)
    worst = logistic_hazard_likelihood(logits, labels_of([2, 0], [False, True]))
    assert worst.value == 1000
    np.testing.assert_array_equal(worst.gradient * 2, [[1, 0], [-1, 0]])
    np.testing.assert_array_equal(survival_at_cuts(logits), [[1, 0, 0], [1, 1, 0]])


def test_a_batch_without_an_event_says_that_hazards_are_low() -> None:
    found = logistic_hazard_likelihood(np.zeros((2, 2)), labels_of([1, 2], [False, False]))
    assert found.value == pytest.approx(3 * np.log(2) / 2)
    assert (found.gradient >= 0).all()


@pytest.mark.parametrize("scheme", BETWEEN)
@given(seed=st.integers(0, 999))
def test_between_cuts_survival_falls_and_at_them_it_is_as_it_was(scheme: Between, seed: int) -> None:
    rng = np.random.default_rng(seed)
    survival = survival_at_cuts(rng.normal(scale=3, size=(5, 3)))
    np.testing.assert_array_equal(survival_between(CUTS, survival, CUTS, scheme=scheme), survival)
    times = np.linspace(0, 8, 101)
    found = survival_between(CUTS, survival, times, scheme=scheme)
    assert (found[:, 0] == 1).all()
    assert (np.diff(found, axis=1) <= 1e-15).all()
    beyond = survival_between(CUTS, survival, [8.0, 99.0], scheme=scheme)
    np.testing.assert_array_equal(beyond, survival[:, [3, 3]])


def test_density_or_hazard_is_the_same_between_two_cuts() -> None:
    survival = np.array([[1.0, 0.64, 0.16, 0.0]])
    line, curve = (survival_between(CUTS, survival, [1, 3, 6], scheme=scheme)[0] for scheme in BETWEEN)
    np.testing.assert_allclose(line, [0.82, 0.4, 0.08])
    np.testing.assert_allclose(curve, [0.8, 0.32, 0])


@pytest.mark.parametrize("cuts", [[0.0], [1.0, 2], [0.0, 2, 2], [0.0, 3, 2], [[0.0, 1]]])
def test_what_are_no_cuts_are_refused(cuts: list[float]) -> None:
    follow_up, _ = cohort(1)
    for call in (
        lambda: discrete_labels(follow_up, np.array(cuts)),
        lambda: survival_between(np.array(cuts), np.ones((1, len(cuts))), [1.0]),
    ):
        with pytest.raises(InputError, match="cuts: must be two or more, from 0"):
            call()


def test_what_cannot_be_cut_or_reckoned_is_refused() -> None:
    follow_up, _ = cohort(1)
    with pytest.raises(InputError, match="count: must be 2 or more; found 1"):
        cut_points(follow_up, 1)
    with pytest.raises(InputError, match="event: must hold one after time 0"):
        cut_points(FollowUp.of([0, 1], [1, 0]), 3)
    with pytest.raises(InputError, match="logits: must be a row for each of 2 patients"):
        logistic_hazard_likelihood(np.zeros((3, 2)), labels_of([0, 1], [True, True]))
    logistic_hazard_likelihood(np.zeros((1, 2)), labels_of([2], [False]))
    with pytest.raises(InputError, match="a column for each interval"):
        logistic_hazard_likelihood(np.zeros((1, 2)), labels_of([2], [True]))
    with pytest.raises(InputError, match="survival: must be of each patient at 4 cuts"):
        survival_between(CUTS, np.ones((2, 3)), [1.0])
    with pytest.raises(InputError, match="times: must be 0 or later"):
        survival_between(CUTS, np.ones((2, 4)), [-0.1])


@pytest.fixture
def of_pycox() -> Cohort:
    pytest.importorskip("pycox", reason="oracle test: make extras to run it")
    rng = np.random.default_rng(5)
    time = rng.weibull(1.3, 300) * 40 + 0.5
    return FollowUp.of(time, rng.random(300) < 0.6), rng.normal(size=(300, 7))


@pytest.mark.torch
@pytest.mark.parametrize("scheme", ["quantiles", "equidistant"])
def test_cuts_and_labels_are_those_of_pycox(of_pycox: Cohort, scheme: str) -> None:
    """It numbers cuts, from that of time 0: an event has the end of its interval, a censoring its start."""
    from pycox.preprocessing.label_transforms import LabTransDiscreteTime  # noqa: PLC0415

    follow_up, _ = of_pycox
    events = follow_up.event.astype(np.float32)
    oracle = LabTransDiscreteTime(8, scheme=scheme)
    number, event = oracle.fit_transform(follow_up.time, events)
    cuts = cut_points(follow_up, 8, scheme=scheme)
    np.testing.assert_allclose(cuts, oracle.cuts)
    found = discrete_labels(follow_up, cuts)
    np.testing.assert_array_equal(found.passed + found.event, number)
    np.testing.assert_array_equal(found.event, event)


@pytest.mark.torch
def test_the_likelihood_and_its_slope_are_those_of_pycox(of_pycox: Cohort) -> None:
    """With a hazard of 0 at time 0, which it has an output for."""
    import torch  # noqa: PLC0415
    from pycox.models.loss import nll_logistic_hazard  # noqa: PLC0415

    follow_up, logits = of_pycox
    labels = discrete_labels(follow_up, cut_points(follow_up, 8))
    theirs = torch.tensor(np.c_[np.full(300, -1000.0), logits], requires_grad=True)
    number = torch.tensor(labels.passed + labels.event)
    value = nll_logistic_hazard(theirs, number, torch.tensor(labels.event).double())
    value.backward()
    found = logistic_hazard_likelihood(logits, labels)
    assert found.value == pytest.approx(value.item(), abs=1e-12)
    np.testing.assert_allclose(found.gradient, theirs.grad.numpy()[:, 1:], atol=1e-14)


@pytest.mark.torch
@pytest.mark.parametrize("scheme", BETWEEN)
def test_curves_between_cuts_are_those_of_pycox(of_pycox: Cohort, scheme: Between) -> None:
    """It adds 1e-7 to each part that is left, so six digits."""
    import torch  # noqa: PLC0415
    from pycox.models import LogisticHazard  # noqa: PLC0415

    _, logits = of_pycox
    cuts = np.array([0.0, 1, 2, 4, 7, 9, 15, 20])
    theirs = torch.tensor(np.c_[np.full(300, -1000.0), logits])
    as_it_is = torch.nn.Linear(8, 8, bias=False)  # no net without a parameter is taken
    torch.nn.init.eye_(as_it_is.weight)
    model = LogisticHazard(as_it_is, duration_index=cuts)
    name = {"density": "const_pdf", "hazard": "const_hazard"}[scheme]
    curves = model.interpolate(10, name).predict_surv_df(theirs.float())
    found = survival_between(cuts, survival_at_cuts(logits), curves.index.to_numpy(), scheme=scheme)
    np.testing.assert_allclose(found, curves.to_numpy().T, atol=2e-5)
