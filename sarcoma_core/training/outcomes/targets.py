"""All that happened to patients, for a network of several endpoints: labels of each, cut into intervals."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.models.prognosis_task import PrognosisTask
from sarcoma_core.training.outcomes.hazard_loss import IntervalLabels, interval_labels
from sarcoma_core.training.outcomes.labels import GradeLabels, TimedLabels

Cuts = Mapping[str, NDArray[np.float64]]
"""Cut points of each timed endpoint, days from 0, of the training alone."""


@dataclass(frozen=True, eq=False)
class PatientOutcomes:
    """What happened to each patient.

    Args:
        timed: by endpoint.
        graded: None where grades are not foretold.

    Raises:
        InputError: there is no endpoint, or they are not of the same number of patients.
    """

    timed: Mapping[str, TimedLabels]
    graded: GradeLabels | None = None

    def __post_init__(self) -> None:
        sizes = {labels.known.numel() for labels in (*self.timed.values(), self.graded) if labels}
        if len(sizes) != 1:
            raise InputError(f"outcomes: must be of the same patients, one endpoint or more; found {sizes}.")

    def __len__(self) -> int:
        first = next((*self.timed.values(), self.graded).__iter__())
        return 0 if first is None else first.known.numel()

    def of(self, index: torch.Tensor) -> "PatientOutcomes":
        """Some of the patients.

        Args:
            index: which, bool of shape (B,) or numbers of rows.
        """
        timed = {name: labels.of(index) for name, labels in self.timed.items()}
        return PatientOutcomes(timed, self.graded.of(index) if self.graded else None)


@dataclass(frozen=True, eq=False)
class Targets:
    """The same, cut into the intervals of a network.

    Args:
        outcomes: of each patient.
        intervals: labels of each timed endpoint.
        cuts: that they were cut by.
    """

    outcomes: PatientOutcomes
    intervals: Mapping[str, IntervalLabels]
    cuts: Cuts

    def of(self, index: torch.Tensor) -> "Targets":
        """Some of the patients.

        Args:
            index: which, bool of shape (B,) or numbers of rows.
        """
        intervals = {name: labels.of(index) for name, labels in self.intervals.items()}
        return Targets(self.outcomes.of(index), intervals, self.cuts)


def targets(outcomes: PatientOutcomes, cuts: Cuts, task: PrognosisTask) -> Targets:
    """Cut what happened into intervals.

    Args:
        outcomes: of each patient.
        cuts: of the training.
        task: of the network.

    Raises:
        InputError: outcomes or cuts are not of the endpoints of the task.
    """
    names = {one.endpoint for one in task.timed}
    if set(outcomes.timed) != names or set(cuts) != names or (outcomes.graded is None) != (not task.graded):
        raise InputError(f"outcomes and cuts: must be of {', '.join(task.endpoints)}; they are not.")
    intervals = {name: interval_labels(labels, cuts[name]) for name, labels in outcomes.timed.items()}
    return Targets(outcomes, intervals, cuts)
