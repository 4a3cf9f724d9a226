"""The loss of each head: endpoints add up, who is not known adds nothing, and nothing is ever endless."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")
pytest.importorskip("pycox", reason="torch test: make extras to run it")

from sarcoma_core.models.prognosis_task import GRADE, OUTCOME_HEADS, OutcomeHead  # noqa: E402
from sarcoma_core.training.outcomes.cox_loss import cox_loss  # noqa: E402
from sarcoma_core.training.outcomes.grade_loss import class_loss, ordinal_loss  # noqa: E402
from sarcoma_core.training.outcomes.hazard_loss import hazard_loss  # noqa: E402
from sarcoma_core.training.outcomes.labels import GradeLabels, TimedLabels  # noqa: E402
from sarcoma_core.training.outcomes.objective import CONTROLS, head_losses, outputs_for  # noqa: E402
from sarcoma_core.training.outcomes.targets import PatientOutcomes, Targets, targets  # noqa: E402
from sarcoma_core.training.pycox_heads import deephit_loss, pc_hazard_loss  # noqa: E402
from tests.training.outcomes.made_patients import cuts_of, outcomes_of, targets_of, task_of  # noqa: E402

COUNT = 30
each_head = pytest.mark.parametrize("head", OUTCOME_HEADS)
each_kind = pytest.mark.parametrize("ordinal", [True, False], ids=["ordinal", "classes"])


def outputs(task: Any, count: int = COUNT, heads: int = 1, seed: int = 3) -> Any:
    """In single precision, as a network has them."""
    drawn = torch.Generator().manual_seed(seed)
    return torch.randn(count, heads, task.outputs, generator=drawn).requires_grad_()


def loss(said: Any, told: Targets, task: Any, seed: int = 5) -> Any:
    return head_losses(said, told, task, seed=seed)


def slope(said: Any, told: Targets, task: Any) -> Any:
    return torch.autograd.grad(loss(said, told, task).sum(), said)[0]


@each_head
def test_who_is_not_known_to_an_endpoint_adds_nothing_to_it(head: OutcomeHead) -> None:
    """The loss is that of the others alone; what is said of who is not known is of no matter."""
    task = task_of(head, endpoints=("metastasis",), ordinal=None)
    told, said = targets_of(task, COUNT), outputs(task)
    known = told.outcomes.timed["metastasis"].known
    assert 0 < int(known.sum()) < COUNT
    alone = loss(said[known], told.of(known), task)
    assert torch.equal(loss(said, told, task), alone)
    moved = torch.where(known[:, None, None], said, 1000.0)
    assert torch.equal(loss(moved, told, task), alone)
    found = slope(said, told, task)
    assert not found[~known].any()
    assert found[known].any()


@each_head
@each_kind
def test_who_is_known_to_one_endpoint_alone_teaches_that_alone(head: OutcomeHead, *, ordinal: bool) -> None:
    task = task_of(head, ordinal=ordinal)
    told = targets_of(task, COUNT)
    found = slope(outputs(task), told, task)[:, 0]
    flags = {name: labels.known for name, labels in told.outcomes.timed.items()}
    assert told.outcomes.graded is not None
    flags[GRADE] = told.outcomes.graded.known
    assert any(bool((one & ~other).any()) for one in flags.values() for other in flags.values())
    for name, known in flags.items():
        assert not found[~known][:, task.places[name]].any()
        assert found[known][:, task.places[name]].any()


@each_head
@each_kind
def test_the_loss_of_several_endpoints_is_the_sum_of_the_loss_of_each(
    head: OutcomeHead, *, ordinal: bool
) -> None:
    task = task_of(head, ordinal=ordinal)
    whole, said = targets_of(task, COUNT), outputs(task).detach().double()
    parts = []
    for name in ("death", "metastasis"):
        one = task_of(head, endpoints=(name,), ordinal=None)
        told = targets(PatientOutcomes({name: whole.outcomes.timed[name]}), cuts_of(one), one)
        parts.append(loss(said[:, :, task.places[name]], told, one))
    one = task_of(head, endpoints=(), ordinal=ordinal)
    told = targets(PatientOutcomes({}, whole.outcomes.graded), {}, one)
    parts.append(loss(said[:, :, task.places[GRADE]], told, one))
    torch.testing.assert_close(torch.stack(parts).sum(0), loss(said, whole, task), rtol=1e-12, atol=0)
    assert all(part.abs() > 1e-3 for part in parts)


@each_head
def test_heads_are_told_apart(head: OutcomeHead) -> None:
    task = task_of(head)
    told, said = targets_of(task, COUNT), outputs(task, heads=3)
    found = loss(said, told, task)
    assert found.shape == (3,)
    for number in range(3):
        assert torch.equal(found[number], loss(said[:, number : number + 1], told, task)[0])
        (moved,) = torch.autograd.grad(found[number], said, retain_graph=True)
        assert moved[:, number].any()
        assert not moved[:, [other for other in range(3) if other != number]].any()


@each_head
@pytest.mark.parametrize("who", ["no event", "nobody known", "one patient", "nobody"])
def test_a_batch_that_tells_little_is_finite_and_so_is_its_slope(head: OutcomeHead, who: str) -> None:
    task = task_of(head)
    known = 0.0 if who == "nobody known" else 1.0
    told = targets_of(task, COUNT, events=who == "one patient", known=known)
    said = outputs(task)
    if who in ("one patient", "nobody"):
        rows = torch.arange(int(who == "one patient"))
        told, said = told.of(rows), outputs(task, count=len(rows))
    found = loss(said, told, task)
    moved = slope(said, told, task)
    assert found.isfinite().all()
    assert moved.isfinite().all()
    if who in ("nobody known", "nobody"):
        assert found.item() == 0
        assert not moved.any()
    if who == "no event" and head in ("cox", "cox-time"):
        assert not moved[:, 0, : task.places[GRADE].start].any()


def test_to_say_the_same_of_all_is_a_cox_loss_of_0_in_a_set_of_any_size() -> None:
    """And so sets of different size can be compared."""
    task = task_of("cox", ordinal=None)
    for count in (5, COUNT, 200):
        same = torch.full((count, 1, task.outputs), 2.5)
        assert loss(same, targets_of(task, count), task).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("endpoint", ["death", "metastasis"])
def test_to_say_the_same_of_all_is_for_cox_time_to_name_one_of_five(endpoint: str) -> None:
    """A case and four controls, as likely each; of every cause."""
    task = task_of("cox-time", endpoints=(endpoint,), ordinal=None)
    same = torch.full((200, 1, task.outputs), 2.5)
    found = loss(same, targets_of(task, 200), task).item()
    assert found == pytest.approx(len(task.timed[0].causes) * np.log(1 + CONTROLS), rel=1e-5)


def test_controls_of_cox_time_are_a_function_of_the_seed() -> None:
    task = task_of("cox-time")
    told, said = targets_of(task, COUNT), outputs(task)
    found = [loss(said, told, task, seed).item() for seed in (1, 2, 3, 1)]
    torch.manual_seed(2)
    np.random.seed(2)  # noqa: NPY002
    assert loss(said, told, task, 1).item() == found[0] == found[3]
    assert len(set(found)) == 3


def test_cox_time_compares_at_the_interval_of_the_case_and_not_beyond_the_last_cut() -> None:
    """Two intervals up to day 10 and 20; the cases are at days 5, 15 and 25, and who is last is censored."""
    task = task_of("cox-time", endpoints=("death",), ordinal=None, intervals=2)
    every = torch.ones(4, dtype=torch.bool)
    labels = TimedLabels(
        torch.tensor([5.0, 15, 25, 30], dtype=torch.float64), torch.tensor([1, 1, 1, 0]), every
    )
    told = targets(PatientOutcomes({"death": labels}), {"death": np.array([0.0, 10, 20])}, task)
    said = torch.zeros(4, 1, 2)
    wanted = np.log(1 + CONTROLS)
    assert loss(said, told, task).item() == pytest.approx(wanted, rel=1e-6)
    # The first is only ever asked in the first interval, and the others as controls there and in the second
    said[0, 0, 1] = 50
    assert loss(said, told, task).item() == pytest.approx(wanted, rel=1e-6)
    said = torch.zeros(4, 1, 2)
    said[2, 0, 1] = -20  # as a case it would cost so much; as a control it costs nothing
    assert loss(said, told, task).item() <= wanted + 1e-6
    said = torch.zeros(4, 1, 2)
    said[1, 0, 1] = -3
    assert loss(said, told, task).item() > wanted + 0.1
    said[:, 0, :] = torch.tensor([[4.0, -7]])  # what is added to all at a time is of no matter
    assert loss(said, told, task).item() == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("head", [head for head in OUTCOME_HEADS if head != "cox"])
def test_where_cuts_are_fewer_the_first_intervals_are_used_alone(head: OutcomeHead) -> None:
    """Of Cox there is one output for all times."""
    task, few = (task_of(head, ordinal=None, intervals=n) for n in (6, 3))
    outcomes, cuts = outcomes_of(task, COUNT), cuts_of(few)
    said = outputs(task)
    found = slope(said, targets(outcomes, cuts, task), task)[:, 0]
    chosen = [outputs_for(said[:, 0], name, task)[:, :, :3].flatten(1) for name in ("death", "metastasis")]
    wanted = loss(torch.cat(chosen, dim=1)[:, None], targets(outcomes, cuts, few), few)
    torch.testing.assert_close(loss(said, targets(outcomes, cuts, task), task), wanted, rtol=1e-6, atol=0)
    for name in ("death", "metastasis"):
        of_endpoint = outputs_for(found, name, task)
        assert not of_endpoint[:, :, 3:].any()
        assert of_endpoint[:, :, :3].flatten(0, 1).any(dim=0).all()


def test_outputs_of_an_endpoint_are_those_of_its_causes_one_behind_the_other() -> None:
    task = task_of(intervals=4)
    numbered = torch.arange(task.outputs)[None].expand(2, -1)
    assert outputs_for(numbered, "death", task)[0].tolist() == [[0, 1, 2, 3]]
    assert outputs_for(numbered, "metastasis", task)[0].tolist() == [[4, 5, 6, 7], [8, 9, 10, 11]]
    assert task.places[GRADE] == slice(12, 14)


def by_itself(head: OutcomeHead, raw: Any, told: Targets, name: str) -> Any:
    """The loss of one endpoint, of those who are known to it."""
    labels = told.outcomes.timed[name]
    known = labels.known
    intervals = told.intervals[name].of(known)
    match head:
        case "logistic-hazard":
            return hazard_loss(raw[known], *intervals)
        case "deephit":
            return deephit_loss(raw[known], *intervals)
        case "pc-hazard":
            some = labels.of(known)
            return pc_hazard_loss(raw[known], time=some.time, cause=some.cause, cuts=told.cuts[name])
        case _:
            return sum(
                cox_loss(
                    raw[known, place, 0],
                    time=labels.time[known],
                    event=labels.cause[known] == place + 1,
                    relative=True,
                )
                for place in range(raw.shape[1])
            )


@pytest.mark.parametrize("head", [head for head in OUTCOME_HEADS if head != "cox-time"])
def test_each_head_has_its_loss(head: OutcomeHead) -> None:
    task = task_of(head, ordinal=None)
    told, said = targets_of(task, COUNT), outputs(task)
    wanted = sum(
        by_itself(head, outputs_for(said[:, 0], name, task), told, name) for name in ("death", "metastasis")
    )
    torch.testing.assert_close(loss(said, told, task)[0], wanted, rtol=1e-6, atol=1e-6)


@each_kind
def test_a_grade_is_told_by_levels_in_order_or_by_classes(*, ordinal: bool) -> None:
    task = task_of(endpoints=(), ordinal=ordinal)
    told, said = targets_of(task, COUNT), outputs(task)
    graded = told.outcomes.graded
    assert graded is not None
    of_known = said[graded.known, 0], graded.level[graded.known]
    assert task.outputs == (2 if ordinal else 3)
    assert torch.equal(
        loss(said, told, task)[0], ordinal_loss(*of_known) if ordinal else class_loss(*of_known)
    )
    level = torch.tensor([0, 1, 2])
    three = Targets(PatientOutcomes({}, GradeLabels(level, level >= 0)), {}, {})
    even = (
        torch.logit(torch.tensor([2 / 3, 1 / 2])) if ordinal else torch.zeros(3)
    )  # above the first, then on
    assert loss(even.expand(3, 1, -1), three, task).item() == pytest.approx(np.log(3), rel=1e-6)


@each_head
@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_a_loss_is_as_precise_as_the_outputs_and_the_order_of_patients_is_of_no_matter(
    head: OutcomeHead, kind: Any
) -> None:
    """But for Cox-Time, whose controls are drawn by rows."""
    task = task_of(head)
    told, said = targets_of(task, COUNT), outputs(task).detach().to(kind)
    found = loss(said, told, task)
    assert found.dtype == kind
    if head != "cox-time":
        rows = torch.randperm(COUNT, generator=torch.Generator().manual_seed(1))
        torch.testing.assert_close(loss(said[rows], told.of(rows), task), found, rtol=1e-5, atol=1e-6)


def test_outcomes_without_a_grade_are_of_a_task_without() -> None:
    task = task_of()
    told = targets_of(task, COUNT)
    ungraded = task_of(ordinal=None)
    outcomes = replace(told.outcomes, graded=None)
    said = outputs(task)
    one = loss(said[:, :, :12], Targets(outcomes, told.intervals, told.cuts), ungraded)
    assert one < loss(said, told, task)
