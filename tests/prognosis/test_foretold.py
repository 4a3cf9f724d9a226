"""What outputs say: incidences that rise and add up to 1, of each head those of `survival.incidence`."""

from typing import Any

import numpy as np
import pytest
from scipy.special import expit, softmax

from sarcoma_core.models.prognosis_task import (
    OUTCOME_HEADS,
    GradedOutcome,
    OutcomeHead,
    PrognosisTask,
    TimedOutcome,
)
from sarcoma_core.prognosis.foretold import (
    ForetoldTimes,
    OutcomeTimes,
    foretold_grade,
    foretold_times,
)
from sarcoma_core.prognosis.intervals import days_of
from sarcoma_core.survival.incidence import (
    incidence_of_hazard_logits,
    incidence_of_increments,
    incidence_of_pmf_logits,
    pc_hazard_increments,
)

DM, OS = "distant_metastasis", "overall_survival"
MONTHS = (0, 6, 12, 24, 60)
BASELINE = ((0.1, 0.05, 0.2, 0.3), (0.02, 0.04, 0.1, 0.5))
TIMES = {DM: OutcomeTimes(MONTHS, BASELINE), OS: OutcomeTimes(MONTHS, BASELINE[:1])}
RELATIVE = ("cox", "cox-time")
each_head = pytest.mark.parametrize("head", OUTCOME_HEADS)
each_endpoint = pytest.mark.parametrize("endpoint", [DM, OS])


def task_of(head: OutcomeHead, *, ordinal: bool = True) -> PrognosisTask:
    intervals = 1 if head == "cox" else 4
    timed = (TimedOutcome(DM, (DM, "death"), intervals), TimedOutcome(OS, (OS,), intervals))
    return PrognosisTask(head, timed, GradedOutcome(("1", "2", "3"), ordinal), (), 8, 6.0, 0.0)


def outputs(task: PrognosisTask, patients: int = 50, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(scale=2, size=(patients, task.outputs))


def cube(told: np.ndarray, head: OutcomeHead) -> np.ndarray:
    """The outputs of both causes of the first endpoint, one cause behind the other."""
    width = 1 if head == "cox" else 4
    return np.stack([told[:, :width], told[:, width : 2 * width]], axis=1)


@each_head
@each_endpoint
def test_incidences_begin_at_0_rise_and_with_the_free_add_up_to_1(head: OutcomeHead, endpoint: str) -> None:
    task = task_of(head)
    found = foretold_times(outputs(task), endpoint, task, TIMES[endpoint])
    assert found.incidence.shape == (50, 2 if endpoint == DM else 1, 5)
    assert (found.incidence[:, :, 0] == 0).all()
    assert (np.diff(found.incidence, axis=2) >= 0).all()
    assert (found.free >= -1e-12).all()
    np.testing.assert_allclose(found.incidence.sum(axis=1) + found.free, 1, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(found.days, days_of(MONTHS))


@each_head
def test_each_head_is_read_as_its_incidence_is_defined(head: OutcomeHead) -> None:
    task = task_of(head)
    told = outputs(task)
    first = cube(told, head)
    relative = np.exp(first) * np.array(BASELINE)
    wanted = {
        "logistic-hazard": lambda: incidence_of_hazard_logits(first),
        "deephit": lambda: incidence_of_pmf_logits(first),
        "pc-hazard": lambda: incidence_of_increments(pc_hazard_increments(first)),
        "cox": lambda: incidence_of_increments(relative),
        "cox-time": lambda: incidence_of_increments(relative),
    }[head]()
    np.testing.assert_allclose(foretold_times(told, DM, task, TIMES[DM]).incidence, wanted, atol=1e-15)


@each_head
def test_of_one_cause_survival_is_worked_out_by_hand(head: OutcomeHead) -> None:
    task = task_of(head)
    told = outputs(task)
    own = told[:, task.places[OS]]
    baseline = np.array(BASELINE[0])
    survival = {
        "logistic-hazard": lambda: np.cumprod(1 - expit(own), axis=1),
        "deephit": lambda: 1 - np.cumsum(softmax(np.pad(own, ((0, 0), (0, 1))), axis=1)[:, :-1], axis=1),
        "pc-hazard": lambda: np.exp(-np.cumsum(np.log1p(np.exp(own)), axis=1)),
        "cox": lambda: np.exp(-np.exp(own) * baseline.cumsum()),
        "cox-time": lambda: np.exp(-np.cumsum(np.exp(own) * baseline, axis=1)),
    }[head]()
    np.testing.assert_allclose(foretold_times(told, OS, task, TIMES[OS]).free[:, 1:], survival, atol=1e-12)


@pytest.mark.parametrize("head", RELATIVE)
def test_who_has_the_risk_0_has_the_baselines_incidence(head: OutcomeHead) -> None:
    """All of the first endpoint's two hazards; the second's survival is exp of minus the sum."""
    task = task_of(head)
    nothing = np.zeros((1, task.outputs))
    found = foretold_times(nothing, DM, task, TIMES[DM]).incidence[0]
    np.testing.assert_allclose(found, incidence_of_increments(np.array(BASELINE)[None])[0])
    survival = foretold_times(nothing, OS, task, TIMES[OS]).free[0]
    np.testing.assert_allclose(survival[1:], np.exp(-np.cumsum(BASELINE[0])))


@pytest.mark.parametrize("head", [one for one in OUTCOME_HEADS if one != "cox"])
def test_a_fold_with_fewer_intervals_leaves_the_last_outputs_unread(head: OutcomeHead) -> None:
    task = task_of(head)
    told = outputs(task)
    fewer = OutcomeTimes(MONTHS[:4], tuple(row[:3] for row in BASELINE))
    found = foretold_times(told, DM, task, fewer)
    assert found.incidence.shape == (50, 2, 4)
    other = told.copy()
    other[:, [3, 7]] += 5
    np.testing.assert_array_equal(foretold_times(other, DM, task, fewer).incidence, found.incidence)
    if head != "deephit":  # there the outputs share one sum
        whole = foretold_times(told, DM, task, TIMES[DM])
        np.testing.assert_allclose(found.incidence, whole.incidence[:, :, :4], atol=1e-15)


@each_head
def test_an_endpoint_reads_its_own_outputs_alone(head: OutcomeHead) -> None:
    task = task_of(head)
    told = outputs(task)
    other = told.copy()
    other[:, task.places[OS]] += 3
    other[:, task.places["grade"]] -= 3
    one, same = (foretold_times(each, DM, task, TIMES[DM]).incidence for each in (told, other))
    np.testing.assert_array_equal(one, same)
    before, after = (foretold_times(each, OS, task, TIMES[OS]).risk for each in (told, other))
    assert (after > before).all()


@each_head
def test_who_has_higher_outputs_has_the_higher_risk(head: OutcomeHead) -> None:
    task = task_of(head)
    told = np.zeros((3, task.outputs))
    told[:, task.places[OS]] = np.array([0.1, -1.0, 1.3])[:, None]
    assert np.argsort(foretold_times(told, OS, task, TIMES[OS]).risk).tolist() == [1, 0, 2]


def test_who_has_the_event_earlier_has_the_higher_risk_though_in_the_end_all_have_it() -> None:
    incidence = np.array([[[0, 0.9, 0.9]], [[0, 0.1, 0.9]], [[0, 0.0, 0.0]]])
    found = ForetoldTimes(np.array([0.0, 100.0, 300.0]), incidence)
    # by hand: triangles and rectangles under the straight lines, over 300 days
    np.testing.assert_allclose(found.risk, [(45 + 180) / 300, (5 + 100) / 300, 0])


def test_death_before_it_lowers_no_risk_of_another_and_raises_none() -> None:
    """The risk is of the event; what competes is told beside it."""
    days, event = np.array([0.0, 10.0]), np.array([0.0, 0.4])
    none, much = (ForetoldTimes(days, np.stack([event, np.array([0, died])])[None]) for died in (0.0, 0.5))
    assert none.risk == much.risk
    np.testing.assert_allclose(much.free[0], [1, 0.1])


@each_head
def test_at_the_cuts_it_is_what_was_foretold_for_them_and_between_them_a_straight_line(
    head: OutcomeHead,
) -> None:
    task = task_of(head)
    found = foretold_times(outputs(task), DM, task, TIMES[DM])
    np.testing.assert_allclose(found.by(found.days), found.incidence, atol=1e-15)
    between = found.by((found.days[1:] + found.days[:-1]) / 2)
    np.testing.assert_allclose(between, (found.incidence[..., 1:] + found.incidence[..., :-1]) / 2)
    np.testing.assert_array_equal(found.by(found.days[-1:] * 3), found.incidence[..., -1:])


@pytest.mark.parametrize("ordinal", [True, False], ids=["ordinal", "classes"])
def test_chances_of_grades_add_up_to_1(ordinal: bool) -> None:  # noqa: FBT001
    task = task_of("deephit", ordinal=ordinal)
    found = foretold_grade(outputs(task) * 20, task)
    assert found.shape == (50, 3)
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-12)


def test_a_grade_in_order_is_worked_out_by_hand() -> None:
    """Above the first with 3/4, and from there above the second with 1/3."""
    task = task_of("cox")
    told = np.zeros((1, task.outputs))
    told[0, -2:] = np.log([3, 1 / 2])
    np.testing.assert_allclose(foretold_grade(told, task), [[1 / 4, 1 / 2, 1 / 4]])


def test_classes_are_a_softmax() -> None:
    task = task_of("cox", ordinal=False)
    told = outputs(task)
    np.testing.assert_allclose(foretold_grade(told, task), softmax(told[:, -3:], axis=1))


@pytest.mark.torch
@pytest.mark.parametrize("ordinal", [True, False], ids=["ordinal", "classes"])
def test_grades_are_read_as_their_loss_takes_them(ordinal: bool) -> None:  # noqa: FBT001
    torch: Any = pytest.importorskip("torch", reason="torch test: make extras to run it")
    from sarcoma_core.training.outcomes.grade_loss import level_probabilities  # noqa: PLC0415

    task = task_of("pc-hazard", ordinal=ordinal)
    told = outputs(task)
    wanted = level_probabilities(torch.tensor(told[:, task.places["grade"]]), ordinal=ordinal)
    np.testing.assert_allclose(foretold_grade(told, task), wanted.numpy(), atol=1e-14)
