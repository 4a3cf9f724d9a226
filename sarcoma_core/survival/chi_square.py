"""The tail of the chi-square distribution with whole degrees of freedom, in its closed form."""

import math

from sarcoma_core.errors import InputError


def chi_square_tail(value: float, degrees: int) -> float:
    """The probability of a value as large or larger.

    Args:
        value: of the statistic, 0 or more.
        degrees: of freedom, 1 or more.

    Raises:
        InputError: the value is negative or NaN, or there is no degree of freedom.

    Source: Abramowitz and Stegun, 26.4.4 and 26.4.5.
    """
    if not value >= 0:
        raise InputError(f"value: must be 0 or more; found {value:g}.")
    if degrees < 1:
        raise InputError(f"degrees: must be 1 or more; found {degrees}.")
    if value in (0, math.inf):
        return float(value == 0)
    half, odd = value / 2, degrees % 2 / 2
    terms = (step + odd for step in range(degrees // 2))  # by their logarithms, so that none overflows
    total = sum(math.exp(power * math.log(half) - half - math.lgamma(power + 1)) for power in terms)
    return min(total + (math.erfc(math.sqrt(half)) if odd else 0.0), 1.0)
