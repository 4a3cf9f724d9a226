"""Units of people, and what one of them is in the unit of the table."""

from collections.abc import Mapping
from typing import Final

from sarcoma_core.prognosis.clinical.endpoints import DAYS_OF_MONTH, DAYS_OF_YEAR
from sarcoma_core.prognosis.clinical.variables import Quantity

_MONTHS = ("months", "month", "mo", "m", "mon", "mos", "mths", "monate", "mois")
_YEARS = ("years", "year", "y", "yr", "yrs", "jahre", "ans")
_DAYS = ("days", "day", "d", "tage", "jours")

UNITS: Final[Mapping[str, Mapping[str, float]]] = {
    "days": dict.fromkeys(_DAYS, 1.0)
    | dict.fromkeys(("weeks", "week", "w", "wk"), 7.0)
    | dict.fromkeys(_MONTHS, DAYS_OF_MONTH)
    | dict.fromkeys(_YEARS, DAYS_OF_YEAR),
    "years": dict.fromkeys((*_YEARS, "a"), 1.0)
    | dict.fromkeys(_MONTHS, 1 / 12)
    | dict.fromkeys(_DAYS, 1 / DAYS_OF_YEAR),
    "cm": {"cm": 1.0, "mm": 0.1, "m": 100.0, "in": 2.54, "inch": 2.54},
    "cm3": dict.fromkeys(("cm3", "cc", "ccm", "ml", "cm^3", "cm³"), 1.0)
    | dict.fromkeys(("mm3", "mm^3", "mm³"), 0.001)
    | {"l": 1000.0, "dm3": 1000.0},
}
"""By the unit of the table."""

TIME: Final = Quantity("days", 0, 60 * DAYS_OF_YEAR, closed=True)
"""A time from time zero."""


def factor(unit: str, of: str) -> float | None:
    """What one of a unit is in that of the table; None where there is no such unit."""
    return UNITS[of].get(unit.casefold())
