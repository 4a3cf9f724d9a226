"""How two readers' volumes differ: bias and limits of agreement."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

LIMIT_SD: Final = 1.96
"""Standard deviations within which 95 % of normal differences lie."""

LEAST_FOR_LIMITS: Final = 3
"""Of two differences the standard deviation is their distance alone: limits of it are as good as none."""


@dataclass(frozen=True, slots=True)
class BlandAltman:
    """Differences of paired measurements; assumes that they are about normal and independent of the size.

    Args:
        n: number of pairs.
        bias: mean of the differences, the first minus the second.
        sd: standard deviation of the differences (n - 1); None for fewer than three pairs.
        low: lower limit of agreement, bias - 1.96 sd; None likewise.
        high: upper limit of agreement, bias + 1.96 sd; None likewise.
        points: of each pair the mean of both and the difference.

    Source:
        Bland JM, Altman DG. Lancet 327(8476):307-310, 1986, doi:10.1016/S0140-6736(86)90837-8.
    """

    n: int
    bias: float
    sd: float | None
    low: float | None
    high: float | None
    points: tuple[tuple[float, float], ...]


def bland_altman(first: Sequence[float], second: Sequence[float]) -> BlandAltman:
    """Compare two series of measurements of the same cases, in one unit.

    Args:
        first: of one reader, at least one.
        second: of the other, in the same order.
    """
    points = tuple(((one + two) / 2, one - two) for one, two in zip(first, second, strict=True))
    differences = [difference for _, difference in points]
    n, bias = len(points), math.fsum(differences) / len(points)
    if n < LEAST_FOR_LIMITS:
        return BlandAltman(n, bias, None, None, None, points)
    sd = math.sqrt(math.fsum((one - bias) ** 2 for one in differences) / (n - 1))
    return BlandAltman(n, bias, sd, bias - LIMIT_SD * sd, bias + LIMIT_SD * sd, points)
