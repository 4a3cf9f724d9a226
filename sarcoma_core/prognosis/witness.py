"""What images say of the patient of a row: two swapped rows contradict them, where that can be seen.

A swap of two patients of equal sex, of about the same age and volume and with dates that fit both cannot be
seen. What de-identification has removed bears no witness.
"""

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from sarcoma_core.prognosis.clinical.endpoints import DAYS_OF_YEAR
from sarcoma_core.prognosis.clinical.table import ClinicalRow

AGE_TOLERANCE_YEARS: Final = 2.0
"""Ages are written in whole years, at the study or at time zero, and some are rounded."""
OLDEST_TOLD_YEARS: Final = 90.0
"""Whoever is older may be written as 90. Source: 45 CFR 164.514 (b)(2)(i)(C), the Safe Harbor of HIPAA."""
VOLUME_FACTOR: Final = 3.0
"""A clinic's volume is often that of an ellipsoid about three diameters, another mask's or another day's."""

_YEARS_OF_UNIT: Final = {"Y": 1.0, "M": 1 / 12, "W": 7 / DAYS_OF_YEAR, "D": 1 / DAYS_OF_YEAR}
_AGE_DIGITS: Final = 3

Sex = Literal["F", "M", ""]


@dataclass(frozen=True)
class ImageFacts:
    """What images and masks of a session say of its patient.

    Args:
        sex: F or M; empty where they do not say.
        age_years: on the day of the study; None where they do not say.
        volumes_ml: a tumour's mask, or all of them together, on each series that has one.
        tumours: how many regions are drawn as tumours.
        notes: what could not be read.
    """

    sex: Sex = ""
    age_years: float | None = None
    volumes_ml: tuple[float, ...] = ()
    tumours: int = 0
    notes: tuple[str, ...] = ()


class WitnessReport(NamedTuple):
    """What the images say against a row, and for it.

    Attributes:
        against: names of what contradicts.
        agreeing: names of what agrees.
    """

    against: tuple[str, ...]
    agreeing: tuple[str, ...]

    @property
    def reason(self) -> str:
        """Why the row is refused; empty where nothing contradicts."""
        if not self.against:
            return ""
        told = _listed(self.against)
        if len(self.against) > 1:
            return f"{told} of the row are others than those of the images: rows swapped?"
        return f"{told} of the row is another than that of the images: rows swapped?"

    @property
    def note(self) -> str:
        """What vouches for the row."""
        if not self.agreeing:
            return "nothing in the images to check it by"
        return f"{_listed(self.agreeing)} {'agree' if len(self.agreeing) > 1 else 'agrees'} with the images"


def check_against_images(row: ClinicalRow, seen: ImageFacts, *, days_before: int = 0) -> WitnessReport:
    """Compare a row with what the images say.

    Args:
        row: of the clinical table.
        seen: in the session that it is joined to.
        days_before: of the study before time zero, for which the row tells the age.
    """
    told = {
        "sex": _sex_agrees(row, seen),
        "age": _age_agrees(row, seen, days_before),
        "tumour volume": _volume_agrees(row, seen),
    }
    against = tuple(name for name, agrees in told.items() if agrees is False)
    return WitnessReport(against, tuple(name for name, agrees in told.items() if agrees))


def _sex_agrees(row: ClinicalRow, seen: ImageFacts) -> bool | None:
    sex = row.values.get("sex")
    return sex == seen.sex if sex and seen.sex else None


def _age_agrees(row: ClinicalRow, seen: ImageFacts, days_before: int) -> bool | None:
    age = row.values.get("age_years")
    if seen.age_years is None or not isinstance(age, int | float):
        return None
    at_zero = seen.age_years + days_before / DAYS_OF_YEAR
    ages = [min(one, OLDEST_TOLD_YEARS) for one in (age, at_zero)]
    return abs(ages[0] - ages[1]) <= AGE_TOLERANCE_YEARS


def _volume_agrees(row: ClinicalRow, seen: ImageFacts) -> bool | None:
    volume = row.values.get("volume_cm3")
    measured = [one for one in seen.volumes_ml if one > 0]
    if not measured or not isinstance(volume, int | float):
        return None
    return any(max(volume / one, one / volume) <= VOLUME_FACTOR for one in measured)


def age_of_text(text: str) -> float | None:
    """PatientAge in years, of `061Y`, `018M`, `003W` or `010D` (PS3.5, 6.2, AS); None for other texts."""
    digits, unit = text[:-1], text[-1:].upper()
    if unit not in _YEARS_OF_UNIT or len(digits) > _AGE_DIGITS or not (digits.isascii() and digits.isdigit()):
        return None
    return int(digits) * _YEARS_OF_UNIT[unit]


def sex_of_text(text: str) -> Sex:
    """PatientSex, or a server's gender, as F or M; empty for any other."""
    match text.strip().upper():
        case "F" | "FEMALE":
            return "F"
        case "M" | "MALE":
            return "M"
    return ""


def _listed(names: tuple[str, ...]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
