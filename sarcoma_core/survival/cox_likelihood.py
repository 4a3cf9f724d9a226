"""The Cox partial likelihood, with its slope and its curvature.

Ties by Efron or by Breslow; strata have risk sets of their own. A set without an event adds nothing. Sums run
over distinct times, so the order of rows and of ties is of no matter.

Source: Cox 1972; Breslow 1974; Efron 1977.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.survival.arguments import numbered_groups
from sarcoma_core.survival.follow_up import Counts, Floats1, FollowUp

Ties = Literal["efron", "breslow"]
TIES: Final[tuple[Ties, ...]] = get_args(Ties)

Matrix = NDArray[np.float64]

_LEAST: Final = 1e-300
"""Of a sum of weights, the largest of a stratum being 1: one over less of it, added up over events, would be
endless. A likelihood with such a sum is told lower still than it is, so that no fit ends there."""


class PartialLikelihood(NamedTuple):
    """The logarithm of the partial likelihood at some coefficients.

    Attributes:
        value: the logarithm itself.
        gradient: by the coefficients, shape (p,).
        information: minus the second derivative, shape (p, p).
    """

    value: float
    gradient: Floats1
    information: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class RiskSets:
    """Who is at risk of each event, sorted once, so that coefficients can be tried.

    Args:
        covariates: rows by stratum, then from the longest time to the shortest, shape (n, p).
        edges: the first row of each stratum, then the number of rows.
        events: rows of them that are events, shape (d,).
        ends: of each event the number of rows of its stratum that are at risk, counted from `starts`.
        starts: of each event the first row of its stratum.
        deaths: of each event how many share its time.
        rank: of each event how many of those come before it: 0, 1, ...
    """

    covariates: Matrix
    edges: Counts
    events: Counts
    ends: Counts
    starts: Counts
    deaths: Counts
    rank: Counts


def risk_sets(covariates: Matrix, follow_up: FollowUp, strata: Counts | None = None) -> RiskSets:
    """Sort patients into risk sets.

    Args:
        covariates: shape (n, p).
        follow_up: of each patient.
        strata: number of each patient's stratum; None for one.

    Raises:
        InputError: there is not a row, or not a stratum, for each patient.
    """
    patients = len(follow_up)
    if covariates.ndim != 2 or covariates.shape[0] != patients:  # noqa: PLR2004  patients by covariates
        raise InputError(
            f"covariates: must be a row for each of {patients} patients; found {covariates.shape}."
        )
    groups = np.zeros(patients, np.int64)
    if strata is not None:
        _, groups = numbered_groups("strata", strata, patients)
    order = np.lexsort((~follow_up.event, -follow_up.time, groups))
    time, event, group = follow_up.time[order], follow_up.event[order], groups[order]
    edges = np.concatenate([[0], np.flatnonzero(np.diff(group)) + 1, [patients]])
    pieces = [_of_stratum(time, event, first, last) for first, last in pairwise(edges.tolist())]
    columns = (np.concatenate(column) for column in zip(*pieces, strict=True))
    return RiskSets(covariates[order], edges, *columns)


def partial_likelihood(sets: RiskSets, coefficients: Floats1, ties: Ties = "efron") -> PartialLikelihood:
    """The partial likelihood at some coefficients.

    Args:
        sets: the risk sets.
        coefficients: shape (p,).
        ties: how events of one time share their risk set.
    """
    x = sets.covariates
    if not sets.events.size:
        return PartialLikelihood(0.0, np.zeros(x.shape[1]), np.zeros((x.shape[1], x.shape[1])))
    risk = _lowered(sets, x @ coefficients)
    weight = np.exp(risk)
    total = _total(sets, weight, ties)
    mean = _left(sets, x * weight[:, None], ties) / total[:, None]
    value = _value(sets, risk, total)
    gradient = (x[sets.events] - mean).sum(axis=0)
    expected = weight * _hazards(sets, total, ties)
    information = (x * expected[:, None]).T @ x - mean.T @ mean
    return PartialLikelihood(value, gradient, np.asarray(information))


def log_likelihood(sets: RiskSets, risk: Floats1, ties: Ties = "efron") -> float:
    """The value of the partial likelihood alone.

    Args:
        sets: the risk sets.
        risk: log hazard ratio of each row of `sets`, shape (n,).
        ties: how events of one time share their risk set.
    """
    if not sets.events.size:
        return 0.0
    risk = _lowered(sets, risk)
    return _value(sets, risk, _total(sets, np.exp(risk), ties))


def residuals(sets: RiskSets, risk: Floats1, ties: Ties = "efron") -> Floats1:
    """Of each row the events less those expected: the slope of the partial likelihood by the row's risk.

    Args:
        sets: the risk sets.
        risk: log hazard ratio of each row of `sets`, shape (n,).
        ties: how events of one time share their risk set.
    """
    found = np.zeros(risk.size)
    found[sets.events] = 1.0
    if sets.events.size:
        weight = np.exp(_lowered(sets, risk))
        found -= weight * _hazards(sets, _total(sets, weight, ties), ties)
    return found


def event_means(sets: RiskSets, coefficients: Floats1, ties: Ties) -> Matrix:
    """The mean covariates of the risk set of each event, each patient weighed by the risk, shape (d, p)."""
    weight = np.exp(_lowered(sets, sets.covariates @ coefficients))
    slope = _left(sets, sets.covariates * weight[:, None], ties)
    return np.asarray(slope / _total(sets, weight, ties)[:, None])


def _lowered(sets: RiskSets, risk: Floats1) -> Floats1:
    """Risk less the largest of the stratum: that is of no matter, and its weights do not all vanish."""
    largest = np.maximum.reduceat(risk, sets.edges[:-1])
    return np.asarray(risk - np.repeat(largest, np.diff(sets.edges)))


def _total(sets: RiskSets, weight: Floats1, ties: Ties) -> Floats1:
    """Of each event the sum of the weights of those at risk."""
    return np.maximum(_left(sets, weight, ties), _LEAST)


def _left(sets: RiskSets, values: NDArray[np.float64], ties: Ties) -> NDArray[np.float64]:
    """Sums over those that are at risk when each event happens."""
    return _at_risk(sets, values) - _scaled(_taken_out(sets, ties), _of_ties(sets, values[sets.events]))


def _value(sets: RiskSets, risk: Floats1, total: Floats1) -> float:
    return float(risk[sets.events].sum() - np.log(total).sum())


def _hazards(sets: RiskSets, total: Floats1, ties: Ties) -> Floats1:
    """Of each row the sum of 1 / total over the risk sets that hold it: the cumulative hazard of weight 1."""
    each = 1 / total
    rows = sets.covariates.shape[0]
    hazards = np.bincount(sets.starts + sets.ends - 1, each, minlength=rows).astype(np.float64)
    for first, last in pairwise(sets.edges.tolist()):  # a row is in the sets that end at it or behind it
        hazards[first:last] = hazards[first:last][::-1].cumsum()[::-1]
    hazards[sets.events] -= _of_ties(sets, _taken_out(sets, ties) * each)
    return np.asarray(hazards)


def _taken_out(sets: RiskSets, ties: Ties) -> Floats1:
    """The part of the events of one time that has left the risk set when each of them happens."""
    return sets.rank / sets.deaths if ties == "efron" else np.zeros(sets.events.size)


def _scaled(parts: Floats1, values: NDArray[np.float64]) -> NDArray[np.float64]:
    return parts.reshape(-1, *(1,) * (values.ndim - 1)) * values


def _at_risk(sets: RiskSets, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums over those at risk of each event."""
    sums = np.empty_like(values)
    for first, last in pairwise(sets.edges.tolist()):  # of one stratum: the sums of others would round it off
        np.cumsum(values[first:last], axis=0, out=sums[first:last])
    return np.asarray(sums[sets.starts + sets.ends - 1])


def _of_ties(sets: RiskSets, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of values of each event the sums over those that share its time."""
    first = np.flatnonzero(sets.rank == 0)
    sums = np.add.reduceat(values, first, axis=0)
    return np.asarray(np.repeat(sums, sets.deaths[first], axis=0))


def _of_stratum(
    time: Floats1, event: NDArray[np.bool_], first: int, last: int
) -> tuple[Counts, Counts, Counts, Counts, Counts]:
    """The events of one stratum, whose rows run from the longest time to the shortest, events first."""
    rows = np.flatnonzero(event[first:last])
    longest_first = -time[first:last]
    ends = np.searchsorted(longest_first, longest_first[rows], side="right")
    _, place, deaths = np.unique(longest_first[rows], return_inverse=True, return_counts=True)
    begins = np.concatenate([[0], np.cumsum(deaths)])[:-1]
    rank = np.arange(rows.size) - begins[place] if rows.size else rows
    counts = deaths[place] if rows.size else rows
    return rows + first, ends, np.full(rows.size, first), counts, rank
