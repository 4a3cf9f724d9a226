"""The Cox partial likelihood, with its slope and its curvature.

Ties by Efron or by Breslow; strata have risk sets of their own. A set without an event adds nothing. Sums run
over distinct times, so the order of rows and of ties is of no matter.

Source: Cox 1972; Breslow 1974; Efron 1977.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.survival.follow_up import Counts, Floats1, FollowUp

Ties = Literal["efron", "breslow"]
TIES: Final[tuple[Ties, ...]] = get_args(Ties)

Matrix = NDArray[np.float64]


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
        events: rows of them that are events, shape (d,).
        ends: of each event the number of rows of its stratum that are at risk, counted from `starts`.
        starts: of each event the first row of its stratum.
        deaths: of each event how many share its time.
        rank: of each event how many of those come before it: 0, 1, ...
    """

    covariates: Matrix
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
    """
    groups = np.zeros(len(follow_up), np.int64) if strata is None else strata
    order = np.lexsort((~follow_up.event, -follow_up.time, groups))
    time, event, group = follow_up.time[order], follow_up.event[order], groups[order]
    pieces = [_of_stratum(time, event, first, last) for first, last in _runs(group)]
    columns = (np.concatenate(column) for column in zip(*pieces, strict=True))
    return RiskSets(covariates[order], *columns)


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
    risk = x @ coefficients
    weight = np.exp(risk - risk.max())
    total, slope, curve = (
        _left(sets, each, ties)
        for each in (weight, x * weight[:, None], np.einsum("ni,nj,n->nij", x, x, weight))
    )
    mean = slope / total[:, None]
    value = float((risk[sets.events] - risk.max()).sum() - np.log(total).sum())
    gradient = (x[sets.events] - mean).sum(axis=0)
    information = (curve / total[:, None, None]).sum(axis=0) - mean.T @ mean
    return PartialLikelihood(value, gradient, information)


def event_means(sets: RiskSets, coefficients: Floats1, ties: Ties) -> Matrix:
    """The mean covariates of the risk set of each event, each patient weighed by the risk, shape (d, p)."""
    risk = sets.covariates @ coefficients
    weight = np.exp(risk - risk.max(initial=0.0))
    slope = _left(sets, sets.covariates * weight[:, None], ties)
    return np.asarray(slope / _left(sets, weight, ties)[:, None])


def _left(sets: RiskSets, values: NDArray[np.float64], ties: Ties) -> NDArray[np.float64]:
    """Sums over those that are at risk when each event happens."""
    return _at_risk(sets, values) - _scaled(_taken_out(sets, ties), _of_ties(sets, values))


def _taken_out(sets: RiskSets, ties: Ties) -> Floats1:
    """The part of the events of one time that has left the risk set when each of them happens."""
    return sets.rank / sets.deaths if ties == "efron" else np.zeros(sets.events.size)


def _scaled(parts: Floats1, values: NDArray[np.float64]) -> NDArray[np.float64]:
    return parts.reshape(-1, *(1,) * (values.ndim - 1)) * values


def _at_risk(sets: RiskSets, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums over those at risk of each event."""
    sums = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
    return np.asarray(sums[sets.starts + sets.ends] - sums[sets.starts])


def _of_ties(sets: RiskSets, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums over the events that share the time of each."""
    first = np.flatnonzero(sets.rank == 0)
    sums = np.add.reduceat(values[sets.events], first, axis=0)
    return np.asarray(np.repeat(sums, sets.deaths[first], axis=0))


def _runs(group: Counts) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(group)) + 1
    return zip([0, *edges.tolist()], [*edges.tolist(), group.size], strict=True)


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
