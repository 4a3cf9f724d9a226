"""The tail of the chi-square distribution with whole degrees of freedom, in its closed form."""

import math


def chi_square_tail(value: float, degrees: int) -> float:
    """The probability of a value as large or larger.

    Args:
        value: of the statistic, 0 or more.
        degrees: of freedom, 1 or more.

    Source: Abramowitz and Stegun, 26.4.4 and 26.4.5.
    """
    half = value / 2
    if degrees % 2 == 0:
        term, total = 1.0, 1.0
        for step in range(1, degrees // 2):
            term *= half / step
            total += term
        return math.exp(-half) * total
    total = math.erfc(math.sqrt(half))
    term = math.sqrt(half) * math.exp(-half) / math.gamma(1.5)
    for step in range(degrees // 2):
        total += term
        term *= half / (step + 1.5)
    return total
