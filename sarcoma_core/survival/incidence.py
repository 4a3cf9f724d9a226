"""The cumulative incidence that each kind of head tells, from what its network gives.

All give the part that has had each cause by each of the cuts, from 0 at time 0, shape (n, causes, J + 1).
Incidences rise, and with the part that has had none they add up to 1. Of one cause they are one less
survival.

Source: Tutz and Schmid, Modeling Discrete Time-to-Event Data, 2016, chapter 8; Lee et al., DeepHit, AAAI
2018; Kvamme and Borgan, Lifetime Data Analysis 2021 (arXiv 1910.06724).
"""

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import InputError

Cube = NDArray[np.float64]


def incidence_of_hazard_logits(logits: Cube) -> Cube:
    """Of hazards of intervals, a multinomial logit in each: none of the causes has the logit 0.

    Args:
        logits: shape (n, causes, J).

    Raises:
        InputError: they have another shape.
    """
    values = _cube("logits", logits)
    every = _log_of_all(values, axis=1)
    passed = -every.cumsum(axis=1) + every  # of all intervals before, its logarithm
    return _summed(np.exp(values - every[:, None] + passed[:, None]))


def incidence_of_pmf_logits(logits: Cube) -> Cube:
    """Of a distribution over causes and intervals, as DeepHit's: never, or after the last, has the logit 0.

    Args:
        logits: shape (n, causes, J).

    Raises:
        InputError: they have another shape.
    """
    values = _cube("logits", logits)
    flat = values.reshape(values.shape[0], -1)
    return _summed(np.exp(values - _log_of_all(flat, axis=1)[:, None, None]))


def incidence_of_increments(increments: Cube) -> Cube:
    """Of cause-specific cumulative hazards, each of which grows evenly in each interval.

    In an interval whoever has had none has one of them with 1 - exp(-sum of increments), and each cause has
    its share of these: its increment's of the sum. That is exact, for intervals of any width.

    Args:
        increments: how much the cumulative hazard of each cause grows in each interval, 0 or more, shape
            (n, causes, J).

    Raises:
        InputError: they have another shape, or one is below 0 or not finite.
    """
    values = _cube("increments", increments)
    if not (np.isfinite(values) & (values >= 0)).all():
        raise InputError("increments: must be 0 or more and finite; some are not.")
    every = values.sum(axis=1)
    passed = np.exp(every - every.cumsum(axis=1))
    # Of those who passed, the part that is free in the interval, on average: 1 where nothing can happen
    still = np.divide(-np.expm1(-every), every, out=np.ones_like(every), where=every > 0)
    return _summed(values * (passed * still)[:, None])


def pc_hazard_increments(raw: Cube) -> Cube:
    """How much cumulative hazards grow in each interval, of PC-Hazard's outputs, shape as given.

    As in pycox, softplus of an output is the growth over the whole interval, whatever its width: divide by
    the width for the hazard of a day.

    Args:
        raw: of the network, of any shape.
    """
    return np.asarray(np.logaddexp(0.0, np.asarray(raw, np.float64)))


def _cube(name: str, values: Cube) -> Cube:
    found = np.asarray(values, np.float64)
    if found.ndim != 3:  # noqa: PLR2004  patients by causes by intervals
        raise InputError(f"{name}: must be patients by causes by intervals; found {found.shape}.")
    return found


def _log_of_all(values: Cube, *, axis: int) -> Cube:
    """The logarithm of 1 and the sum of all exp(values) along an axis."""
    largest = np.maximum(values.max(axis=axis, initial=0.0), 0.0)
    parts = np.exp(values - np.expand_dims(largest, axis)).sum(axis=axis)
    return np.asarray(largest + np.log(np.exp(-largest) + parts))


def _summed(parts: Cube) -> Cube:
    begin = np.zeros((*parts.shape[:2], 1))
    return np.concatenate([begin, parts.cumsum(axis=2)], axis=2)
