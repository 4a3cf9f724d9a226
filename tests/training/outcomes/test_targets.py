"""All that happened to patients: rows are chosen of every endpoint alike, and cut as each alone would be."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.training.outcomes.hazard_loss import interval_labels  # noqa: E402
from sarcoma_core.training.outcomes.labels import GradeLabels  # noqa: E402
from sarcoma_core.training.outcomes.targets import PatientOutcomes, targets  # noqa: E402
from tests.training.outcomes.made_patients import cuts_of, outcomes_of, targets_of, task_of  # noqa: E402

COUNT = 12
TASK = task_of()


@pytest.mark.parametrize(
    "index", [torch.tensor([3, 0, 0]), torch.arange(COUNT) % 3 == 0, torch.zeros(COUNT) > 1], ids=str
)
def test_the_same_rows_are_chosen_of_all_endpoints_and_intervals(index: Any) -> None:
    whole = targets_of(TASK, COUNT)
    found = whole.of(index)
    rows = torch.arange(COUNT)[index]
    assert len(found.outcomes) == len(rows)
    for name, labels in whole.outcomes.timed.items():
        some = found.outcomes.timed[name]
        torch.testing.assert_close(some.time, labels.time[rows], equal_nan=True)
        assert torch.equal(some.cause, labels.cause[rows])
        assert torch.equal(some.known, labels.known[rows])
        for one, all_of_it in zip(found.intervals[name], whole.intervals[name], strict=True):
            assert torch.equal(one, all_of_it[rows])
    assert found.outcomes.graded is not None
    assert whole.outcomes.graded is not None
    assert torch.equal(found.outcomes.graded.level, whole.outcomes.graded.level[rows])
    assert found.cuts is whole.cuts


def test_each_endpoint_is_cut_by_its_own_cuts() -> None:
    outcomes = outcomes_of(TASK, COUNT)
    cuts = {"death": np.array([0.0, 300, 900]), "metastasis": np.array([0.0, 100, 200, 1000])}
    found = targets(outcomes, cuts, TASK)
    for name, labels in outcomes.timed.items():
        for one, wanted in zip(found.intervals[name], interval_labels(labels, cuts[name]), strict=True):
            assert torch.equal(one, wanted)


def test_one_endpoint_is_enough_and_a_grade_is_one() -> None:
    for task in (task_of(ordinal=None, endpoints=("death",)), task_of(endpoints=())):
        assert len(targets_of(task, 5).outcomes) == 5


def test_without_an_endpoint_or_of_other_patients_they_are_refused() -> None:
    outcomes = outcomes_of(TASK, COUNT)
    with pytest.raises(InputError, match="outcomes: must be of the same patients, one endpoint or more"):
        PatientOutcomes({})
    assert outcomes.graded is not None
    fewer = outcomes.graded.of(torch.arange(COUNT - 1))
    with pytest.raises(InputError, match="outcomes: must be of the same patients"):
        PatientOutcomes(outcomes.timed, fewer)
    one, other = outcomes.timed.values()
    with pytest.raises(InputError, match="outcomes: must be of the same patients"):
        PatientOutcomes({"death": one, "metastasis": other.of(torch.arange(COUNT - 1))})


def test_outcomes_and_cuts_must_be_those_of_the_task() -> None:
    outcomes, cuts = outcomes_of(TASK, COUNT), dict(cuts_of(TASK))
    targets(outcomes, cuts, TASK)
    graded = GradeLabels(torch.zeros(COUNT, dtype=torch.int64), torch.ones(COUNT, dtype=torch.bool))
    ungraded = task_of(ordinal=None)
    for wrong in (
        (replace(outcomes, graded=None), cuts, TASK),
        (PatientOutcomes(outcomes.timed, graded), cuts, ungraded),
        (outcomes, {"death": cuts["death"]}, TASK),
        (outcomes, {**cuts, "relapse": cuts["death"]}, TASK),
        (PatientOutcomes({"death": outcomes.timed["death"]}, graded), cuts, TASK),
    ):
        with pytest.raises(InputError, match=r"outcomes and cuts: must be of .*; they are not"):
            targets(*wrong)
