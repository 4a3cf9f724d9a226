"""Concordance and AUC of predictions that were made out of fold: only patients of one fold are compared.

Models of different folds have different baselines, so that their risks are on no common scale; compared
across folds, a model that knows nothing falls below a half. Each measure is a ratio of two sums over pairs,
so that a bootstrap sample is a weight of each patient, and costs two products.

Source: the measures are those of `survival.concordance` and `survival.dynamic_auc`; of one fold they are
equal.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sarcoma_core.errors import InputError
from sarcoma_core.survival.censoring import Observation
from sarcoma_core.survival.cox_likelihood import Matrix
from sarcoma_core.survival.follow_up import Counts, Flags, Floats1, FollowUp


class JudgedFold(NamedTuple):
    """The patients that a model judges which has not seen them.

    Attributes:
        repeat: number of the repeat, from 0.
        test: rows of the patients.
        censoring: of the patients that the model has seen.
    """

    repeat: int
    test: Counts
    censoring: Observation


@dataclass(frozen=True, slots=True, eq=False)
class PairSums:
    """A measure as sums over ordered pairs of patients; both shape (n, n), 32 MB each of 2000 patients.

    Args:
        right: weight of the pairs in which the higher risk is the earlier; equal risks count a half.
        all: weight of all that can be compared.
    """

    right: Matrix
    all: Matrix

    def of(self, rows: Counts) -> float:
        """The measure of some rows, repeated ones included.

        Raises:
            InputError: no two can be compared.
        """
        weight = np.bincount(rows, minlength=self.all.shape[0]).astype(np.float64)
        compared = float(weight @ self.all @ weight)
        if not compared:
            raise InputError("risk: must be of two patients of a fold that can be compared; found none.")
        return float(weight @ self.right @ weight) / compared


_Weighed = Callable[[FollowUp, Observation], tuple[Floats1, Flags]]
"""Of a fold the weight of each earlier patient, and which pairs can be compared, shape (n, n)."""


def harrell_pairs(follow_up: FollowUp, risk: Matrix, folds: Iterable[JudgedFold]) -> PairSums:
    """Harrell's C.

    Args:
        follow_up: of each patient.
        risk: of each repeat and patient, shape (repeats, n).
        folds: of all repeats.
    """
    return _sums(follow_up, risk, folds, lambda some, _: (np.ones(len(some)), _comparable(some)))


def uno_pairs(follow_up: FollowUp, risk: Matrix, folds: Iterable[JudgedFold], *, tau: float) -> PairSums:
    """Uno's C, with events before tau.

    Args:
        follow_up: of each patient.
        risk: of each repeat and patient, shape (repeats, n).
        folds: of all repeats.
        tau: events from this time on are not counted.

    Raises:
        InputError: an event before tau lies beyond the follow-up of a training.
    """

    def weighed(some: FollowUp, censoring: Observation) -> tuple[Floats1, Flags]:
        counted = some.event & (some.time < tau)
        weights = np.zeros(len(some))
        weights[counted] = censoring.weights(some.time[counted]) ** 2
        return weights, _comparable(some)

    return _sums(follow_up, risk, folds, weighed)


def auc_pairs(follow_up: FollowUp, risk: Matrix, folds: Iterable[JudgedFold], *, horizon: float) -> PairSums:
    """The area under the ROC curve at a time: cumulative cases, dynamic controls.

    Args:
        follow_up: of each patient.
        risk: of each repeat and patient, shape (repeats, n).
        folds: of all repeats.
        horizon: the time.

    Raises:
        InputError: an event before it lies beyond the follow-up of a training.
    """

    def weighed(some: FollowUp, censoring: Observation) -> tuple[Floats1, Flags]:
        is_case, is_control = some.event & (some.time <= horizon), some.time > horizon
        weights = np.zeros(len(some))
        weights[is_case] = censoring.weights(some.time[is_case])
        return weights, np.asarray(is_case[:, None] & is_control)

    return _sums(follow_up, risk, folds, weighed)


def _comparable(some: FollowUp) -> Flags:
    """Pairs whose first has the event while the second is followed; of equal times events are first."""
    later = some.time[None, :] > some.time[:, None]
    same = some.time[None, :] == some.time[:, None]
    return np.asarray(some.event[:, None] & (later | (same & ~some.event[None, :])))


def _sums(follow_up: FollowUp, risk: Matrix, folds: Iterable[JudgedFold], weighed: _Weighed) -> PairSums:
    right, everything = np.zeros((2, len(follow_up), len(follow_up)))
    for fold in folds:
        some, scores = follow_up.chosen(fold.test), risk[fold.repeat, fold.test]
        weights, compared = weighed(some, fold.censoring)
        pairs = weights[:, None] * compared
        higher = (scores[:, None] > scores) + (scores[:, None] == scores) / 2
        place = np.ix_(fold.test, fold.test)
        everything[place] += pairs
        right[place] += pairs * higher
    return PairSums(right, everything)
