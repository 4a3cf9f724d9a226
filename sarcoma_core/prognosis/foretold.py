"""What the outputs of a network say of each endpoint: the incidence of each cause by each cut.

No network is built here, and none of the libraries that trained it is needed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.models.prognosis_task import GRADE, OutcomeHead, PrognosisTask
from sarcoma_core.prognosis.intervals import days_of
from sarcoma_core.survival.discrete_time import survival_between
from sarcoma_core.survival.follow_up import Floats1
from sarcoma_core.survival.incidence import (
    Cube,
    incidence_of_hazard_logits,
    incidence_of_increments,
    incidence_of_pmf_logits,
    pc_hazard_increments,
)


@dataclass(frozen=True)
class OutcomeTimes:
    """What a network's outputs for an endpoint are of.

    Args:
        months: cut points, whole months from 0.
        baseline: growth of the baseline's cumulative hazard in each interval, for each cause; empty where the
            head needs none.
    """

    months: tuple[int, ...]
    baseline: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, eq=False)
class ForetoldTimes:
    """What is foretold of an endpoint that comes with time.

    Args:
        days: the cuts, shape (cuts,).
        incidence: of each cause by each cut, shape (n, causes, cuts).
    """

    days: Floats1
    incidence: Cube

    @property
    def free(self) -> NDArray[np.float64]:
        """The chance to have had none of the causes by each cut, shape (n, cuts)."""
        return np.asarray(1 - self.incidence.sum(axis=1))

    def by(self, times: Floats1) -> Cube:
        """Incidence of each cause at any times, in straight lines between cuts, shape (n, causes, times)."""
        patients, causes, cuts = self.incidence.shape
        flat = self.incidence.reshape(patients * causes, cuts)
        return survival_between(self.days, flat, times).reshape(patients, causes, -1)

    @property
    def risk(self) -> Floats1:
        """Higher where the event is expected earlier, shape (n,): the mean incidence over the time told."""
        event = self.incidence[:, 0]
        width = np.diff(self.days)
        return np.asarray(((event[:, 1:] + event[:, :-1]) / 2) @ width / width.sum())


def foretold_times(
    outputs: NDArray[np.float64], endpoint: str, task: PrognosisTask, times: OutcomeTimes
) -> ForetoldTimes:
    """What one head of a network foretells of an endpoint.

    Args:
        outputs: of the head, shape (n, outputs).
        endpoint: which.
        task: of the network.
        times: that its outputs are of.
    """
    one = task.outcome(endpoint)
    told = np.asarray(outputs[:, task.places[endpoint]], np.float64)
    cube = told.reshape(len(told), len(one.causes), one.intervals)[:, :, : len(times.months) - 1]
    baseline = np.array(times.baseline, np.float64)
    return ForetoldTimes(days_of(times.months), _INCIDENCE[task.head](cube, baseline))


def foretold_grade(outputs: NDArray[np.float64], task: PrognosisTask) -> NDArray[np.float64]:
    """How likely each level is, shape (n, levels).

    Args:
        outputs: of one head, shape (n, outputs).
        task: of a network that foretells the grade.
    """
    logits = np.asarray(outputs[:, task.places[GRADE]], np.float64)
    if task.graded and not task.graded.ordinal:
        whole = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(whole / whole.sum(axis=1, keepdims=True))
    # A level is left as an interval of time is: with the chance of not going on
    left = incidence_of_hazard_logits(-logits[:, None])[:, 0]
    told = np.diff(np.concatenate([left, np.ones((len(left), 1))], axis=1), axis=1)
    return np.asarray(np.maximum(told, 0.0))  # of sums that are 1 but for rounding


def _proportional(cube: Cube, baseline: NDArray[np.float64]) -> Cube:
    """Of log hazard ratios, of one for all intervals or of one for each."""
    return incidence_of_increments(np.exp(cube) * baseline[None])


_INCIDENCE: Mapping[OutcomeHead, Callable[[Cube, NDArray[np.float64]], Cube]] = {
    "logistic-hazard": lambda cube, _: incidence_of_hazard_logits(cube),
    "deephit": lambda cube, _: incidence_of_pmf_logits(cube),
    "pc-hazard": lambda cube, _: incidence_of_increments(pc_hazard_increments(cube)),
    "cox": _proportional,
    "cox-time": _proportional,
}
