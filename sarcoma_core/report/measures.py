"""How a page writes what was measured: one number, its limits, a p value."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sarcoma_core.errors import InputError

NOT_ESTIMATED = "not estimated"
"""What stands where there is no number."""

_THIN_SPACE = "\u202f"
_MINUS = "\u2212"
_NO_BREAK = "\u00a0"
"""A blank at which no line breaks."""
_LEAST_P = 0.001


@dataclass(frozen=True, slots=True)
class WithLimits:
    """A measure and its confidence limits.

    Args:
        value: of all patients.
        lower: confidence limit; None where there is none.
        upper: likewise.

    Raises:
        InputError: there is one limit alone, or they are in the wrong order.
    """

    value: float
    lower: float | None = None
    upper: float | None = None

    def __post_init__(self) -> None:
        if (self.lower is None) != (self.upper is None):
            raise InputError("lower and upper: must both be there, or neither; one is missing.")
        if self.lower is not None and self.upper is not None and self.lower > self.upper:
            raise InputError(
                f"lower: must not be above the upper limit; found {self.lower:g} and {self.upper:g}."
            )


def fixed(value: float | None, decimals: int, *, sign: bool = False, endless: str = NOT_ESTIMATED) -> str:
    """A number with so many decimals: every number of the page of a prognosis study goes through here.

    Args:
        value: None and NaN are told as not estimated.
        decimals: 0 or more.
        sign: whether one above 0 gets a plus.
        endless: what is told of an infinite one, e.g. `not reached`.
    """
    if value is None or math.isnan(value):
        return NOT_ESTIMATED
    if math.isinf(value):
        return endless
    text = f"{value:,.{decimals}f}".replace(",", _THIN_SPACE)
    if not float(f"{value:.{decimals}f}"):
        return text.lstrip("-")
    return f"+{text}" if sign and value > 0 else text.replace("-", _MINUS)


def limits_text(
    found: WithLimits | None, decimals: int, *, sign: bool = False, endless: str = NOT_ESTIMATED
) -> str:
    """Limits in words, e.g. `0.612 to 0.790`; empty where there are none."""
    if found is None or found.lower is None or found.upper is None:
        return ""
    lower, upper = (fixed(one, decimals, sign=sign, endless=endless) for one in (found.lower, found.upper))
    return f"{lower} to {upper}"


def measure_text(
    found: WithLimits | None, decimals: int, *, sign: bool = False, endless: str = NOT_ESTIMATED
) -> str:
    """A measure in words, with its limits, e.g. `0.707 (0.612 to 0.790)`."""
    if found is None:
        return NOT_ESTIMATED
    value = fixed(found.value, decimals, sign=sign, endless=endless)
    limits = limits_text(found, decimals, sign=sign, endless=endless)
    return f"{value} ({limits})" if limits else value


def percent(part: float) -> str:
    """A part of 0 to 1 in percent, e.g. `71.0 %`; it stays on one line."""
    return unbroken(f"{fixed(100 * part, 1)} %")


def whole_percent(part: float) -> str:
    """A chance of 0 to 1 in whole percent, e.g. `71 %`: one that is not 0 or 1 is never told as such."""
    return unbroken(f"{_whole(part)} %")


def percent_span(least: float, most: float) -> str:
    """Two chances of 0 to 1 and what is between them, e.g. `22 to 44 %`."""
    return unbroken(f"{_whole(least)} to {_whole(most)} %")


def _whole(part: float) -> str:
    told = fixed(100 * part, 0)
    if told == "0" and part > 0:
        return "< 1"
    return "> 99" if told == "100" and part < 1 else told


def unbroken(text: str) -> str:
    """A text at whose blanks no line breaks."""
    return text.replace(" ", _NO_BREAK)


def percent_text(found: WithLimits | None) -> str:
    """A part of 0 to 1 in percent, with its limits, e.g. `71.0 % (61.2 to 79.0)`."""
    if found is None or math.isnan(found.value):
        return NOT_ESTIMATED
    limits = [None if one is None or math.isnan(one) else 100 * one for one in (found.lower, found.upper)]
    value = percent(found.value)
    return value if None in limits else f"{value} ({fixed(limits[0], 1)} to {fixed(limits[1], 1)})"


def p_text(p: float | None) -> str:
    """A p value with three decimals, e.g. `0.012` or `< 0.001`."""
    if p is None or math.isnan(p):
        return NOT_ESTIMATED
    return f"< {_LEAST_P}" if p < _LEAST_P else fixed(p, 3)


def p_equation(p: float | None) -> str:
    """A p value as it stands in a sentence, e.g. `p = 0.012` or `p < 0.001`."""
    text = p_text(p)
    return f"p {text}" if text.startswith("<") or text == NOT_ESTIMATED else f"p = {text}"


def listed(words: Sequence[str]) -> str:
    """Words in a row, e.g. `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
