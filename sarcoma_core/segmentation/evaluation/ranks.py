"""Tests on ranks, and what many of them at once are worth.

Source: Wilcoxon 1945 (signed ranks; pairs without a difference are left out); Kruskal and Wallis 1952; Holm,
Scandinavian Journal of Statistics 6(2), 1979.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.survival.chi_square import chi_square_tail

Floats = NDArray[np.float64]

_SAME: Final = 1e-9
"""Scores are ratios of voxel counts: what differs by less differs by the order of a sum alone."""
_EXACT: Final = 200
"""Up to so many pairs every choice of signs is counted; beyond, the normal distribution serves."""


@dataclass(frozen=True, slots=True)
class RankTest:
    """A test on ranks.

    Args:
        n: pairs or values that were looked at, those without a difference included.
        statistic: W, the sum of the ranks of what is above 0; or H.
        p: two-sided; 1 where nothing differs.
    """

    n: int
    statistic: float
    p: float


def signed_rank(differences: Sequence[float]) -> RankTest:
    """Wilcoxon's signed-rank test, exact also where ranks are tied.

    Args:
        differences: one for each pair, one at least.

    Raises:
        InputError: there are none, or one is not finite.
    """
    values = _finite("differences", differences)
    kept = values[np.abs(values) > _SAME]
    if not kept.size:
        return RankTest(values.size, 0.0, 1.0)
    ranks = midranks(np.abs(kept))
    above = float(ranks[kept > 0].sum())
    tail = _exact_tail if kept.size <= _EXACT else _normal_tail
    return RankTest(values.size, above, min(1.0, 2 * tail(ranks, above)))


def kruskal_wallis(groups: Sequence[Sequence[float]]) -> RankTest:
    """Whether groups have one distribution; the statistic is corrected for ties.

    Args:
        groups: two at least, each with one value at least.

    Raises:
        InputError: there are fewer, one is empty, or a value is not finite.
    """
    if len(groups) < 2 or not all(len(group) for group in groups):  # noqa: PLR2004  two
        raise InputError(f"groups: must be two or more with values in each; found {len(groups)}.")
    held = [_finite("groups", group) for group in groups]
    values = np.concatenate(held)
    n, ranks = values.size, midranks(values)
    ties = _tied(values)
    if ties[0] == n:
        return RankTest(n, 0.0, 1.0)
    parts = np.split(ranks, np.cumsum([group.size for group in held])[:-1])
    spread = sum(part.size * (float(part.mean()) - (n + 1) / 2) ** 2 for part in parts)
    corrected = 1 - float((ties**3 - ties).sum()) / (n**3 - n)
    statistic = 12 * spread / (n * (n + 1)) / corrected
    return RankTest(n, statistic, chi_square_tail(statistic, len(held) - 1))


def holm(values: Sequence[float]) -> tuple[float, ...]:
    """P values of one family, so that the chance of any false finding stays below each.

    Args:
        values: of all tests of the family.
    """
    order = sorted(range(len(values)), key=lambda place: values[place])
    adjusted, least = [1.0] * len(values), 0.0
    for step, place in enumerate(order):
        least = max(least, min(1.0, (len(values) - step) * values[place]))
        adjusted[place] = least
    return tuple(adjusted)


def midranks(values: Floats) -> Floats:
    """Ranks from 1; equal values share the mean of theirs."""
    _, places, counts = np.unique(_rounded(values), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[places], np.float64)


def _exact_tail(ranks: Floats, above: float) -> float:
    """The smaller tail of W, where each sign is as likely as the other."""
    doubled = np.rint(2 * ranks).astype(int)
    chances = np.zeros(int(doubled.sum()) + 1)
    chances[0], reached = 1.0, 0
    for step in doubled.tolist():
        chances[step : reached + step + 1] = (
            chances[step : reached + step + 1] / 2 + chances[: reached + 1] / 2
        )
        chances[: min(step, reached + 1)] /= 2
        reached += step
    place = round(2 * above)
    return float(min(chances[: place + 1].sum(), chances[place:].sum()))


def _normal_tail(ranks: Floats, above: float) -> float:
    """The same of many pairs."""
    mean, deviation = float(ranks.sum()) / 2, math.sqrt(float((ranks**2).sum())) / 2
    return math.erfc(abs(above - mean) / deviation / math.sqrt(2)) / 2


def _tied(values: Floats) -> Floats:
    """How many values are equal, for each that there is; the most first."""
    counts = np.unique(_rounded(values), return_counts=True)[1]
    return np.sort(counts)[::-1].astype(np.float64)


def _rounded(values: Floats) -> Floats:
    return np.asarray(np.rint(values / _SAME), np.float64)


def _finite(name: str, values: Sequence[float]) -> Floats:
    found = np.asarray(values, np.float64)
    if not found.size or not np.isfinite(found).all():
        raise InputError(f"{name}: must be finite numbers, one at least; found none, or others.")
    return found
