"""The loss of each head of a network, over all its endpoints; a patient who is not known to one adds nothing.

Each endpoint counts the same: its loss is a mean over those who were followed for it, or over their events,
so that losses of sets of different size can be compared, as gradient blending does.
"""

from collections.abc import Callable

import torch

from sarcoma_core.models.prognosis_task import GRADE, OutcomeHead, PrognosisTask, TimedOutcome
from sarcoma_core.training.outcomes.cox_loss import cox_loss
from sarcoma_core.training.outcomes.grade_loss import class_loss, ordinal_loss
from sarcoma_core.training.outcomes.hazard_loss import IntervalLabels, hazard_loss
from sarcoma_core.training.outcomes.labels import GradeLabels, TimedLabels
from sarcoma_core.training.outcomes.targets import Cuts, Targets
from sarcoma_core.training.pycox_heads import (
    cox_time_controls,
    cox_time_loss,
    deephit_loss,
    pc_hazard_loss,
)

CONTROLS = 4
"""Patients with whom Cox-Time compares each case."""


def head_losses(outputs: torch.Tensor, targets: Targets, task: PrognosisTask, *, seed: int) -> torch.Tensor:
    """The loss of each head, the sum over its endpoints.

    Args:
        outputs: of the network, patients x heads x outputs.
        targets: of the same patients.
        task: of the network.
        seed: of what is drawn, which is the controls of Cox-Time.

    Returns:
        Shape (heads,).
    """
    return torch.stack([_loss(outputs[:, head], targets, task, seed) for head in range(outputs.shape[1])])


def _loss(outputs: torch.Tensor, targets: Targets, task: PrognosisTask, seed: int) -> torch.Tensor:
    losses = []
    for one in task.timed:
        labels = targets.outcomes.timed[one.endpoint]
        of_endpoint = outputs_for(outputs, one.endpoint, task)[:, :, : len(targets.cuts[one.endpoint]) - 1]
        known = labels.known
        told = _Known(of_endpoint[known], labels.of(known), targets.intervals[one.endpoint].of(known))
        losses.append(_TIMED[task.head](told, one, targets.cuts, seed))
    if task.graded and targets.outcomes.graded:
        of_grade = outputs[:, task.places[GRADE]]
        losses.append(_graded(of_grade, targets.outcomes.graded, ordinal=task.graded.ordinal))
    return torch.stack(losses).sum()


def outputs_for(outputs: torch.Tensor, endpoint: str, task: PrognosisTask) -> torch.Tensor:
    """What is told of one timed endpoint, patients x causes x intervals.

    A training whose events do not fill all intervals uses the first of them.

    Args:
        outputs: of one head, patients x outputs.
        endpoint: which.
        task: of the network.
    """
    one = task.outcome(endpoint)
    return outputs[:, task.places[endpoint]].reshape(len(outputs), len(one.causes), one.intervals)


class _Known:
    """Those who were followed for an endpoint.

    Args:
        outputs: patients x causes x intervals.
        labels: of the same.
        intervals: likewise.
    """

    def __init__(self, outputs: torch.Tensor, labels: TimedLabels, intervals: IntervalLabels) -> None:
        self.outputs, self.labels, self.intervals = outputs, labels, intervals


def _logistic_hazard(told: _Known, _one: TimedOutcome, _cuts: Cuts, _seed: int) -> torch.Tensor:
    return hazard_loss(told.outputs, *told.intervals)


def _cox(told: _Known, one: TimedOutcome, _cuts: Cuts, _seed: int) -> torch.Tensor:
    """Of each cause the others are censorings; told against knowing nothing, as risk sets differ in size."""
    losses = []
    for place in range(len(one.causes)):
        time, event = told.labels.of_cause(place + 1)
        losses.append(cox_loss(told.outputs[:, place, 0], time=time, event=event, relative=True))
    return torch.stack(losses).sum()


def _deephit(told: _Known, _one: TimedOutcome, _cuts: Cuts, _seed: int) -> torch.Tensor:
    return deephit_loss(told.outputs, *told.intervals)


def _pc_hazard(told: _Known, one: TimedOutcome, cuts: Cuts, _seed: int) -> torch.Tensor:
    labels = told.labels
    return pc_hazard_loss(told.outputs, time=labels.time, cause=labels.cause, cuts=cuts[one.endpoint])


def _cox_time(told: _Known, one: TimedOutcome, _cuts: Cuts, seed: int) -> torch.Tensor:
    """Case and controls are compared at the interval of the case: g(x, t) is the output of that interval."""
    last, losses = told.outputs.shape[2] - 1, []
    for place in range(len(one.causes)):
        time, event = told.labels.of_cause(place + 1)
        happened = event & (told.intervals.cause == place + 1)  # beyond the last cut nothing is compared
        cases, controls = cox_time_controls(time=time, event=happened, count=CONTROLS, seed=seed + place)
        at = told.intervals.passed[cases].clamp(max=last)
        of_cause = told.outputs[:, place]
        losses.append(cox_time_loss(of_cause[cases, at], of_cause[controls, at.expand_as(controls)]))
    return torch.stack(losses).sum()


def _graded(outputs: torch.Tensor, labels: GradeLabels, *, ordinal: bool) -> torch.Tensor:
    known = labels.known
    return (ordinal_loss if ordinal else class_loss)(outputs[known], labels.level[known])


_TIMED: dict[OutcomeHead, Callable[[_Known, TimedOutcome, Cuts, int], torch.Tensor]] = {
    "logistic-hazard": _logistic_hazard,
    "cox": _cox,
    "deephit": _deephit,
    "pc-hazard": _pc_hazard,
    "cox-time": _cox_time,
}
