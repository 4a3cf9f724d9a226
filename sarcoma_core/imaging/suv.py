"""Standardized uptake values (SUV): activity in tissue by the dose that was given and a measure of the body.

    SUV = activity concentration [Bq/ml] * measure of the body [g or cm2] / dose [Bq], at one time

The measures have the names of DICOM's SUVType (PS3.3, C.8.9.1). Whatever is missing or cannot be true is
refused under its DICOM keyword; the value itself is a patient's, and is told nowhere.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.volume import Floats

SuvType = Literal["BW", "LBM", "LBMJAMES128", "LBMJANMA", "BSA", "IBW"]

WEIGHTS = (1.0, 400.0)
"""PatientWeight, kg: from a preterm child to above the load of a scanner's table (about 250 kg)."""
SIZES = (0.3, 2.6)
"""PatientSize, m; a height in cm is above it."""
DOSES = (1e6, 1e11)
"""RadionuclideTotalDose, Bq: a dose in MBq is below it, and so is one in kBq of up to 1 GBq."""

FORMULAS: Mapping[SuvType, str] = {
    "BW": "body weight",
    "LBM": "lean body mass of Morgan 1994",
    "LBMJAMES128": "lean body mass of James 1976",
    "LBMJANMA": "lean body mass of Janmahasatian 2005",
    "BSA": "body surface area of DuBois 1916",
    "IBW": "ideal body weight of Sugawara 1999",
}
NEEDED: Mapping[SuvType, tuple[str, ...]] = {
    "BW": ("PatientWeight",),
    "LBM": ("PatientWeight", "PatientSize", "PatientSex"),
    "LBMJAMES128": ("PatientWeight", "PatientSize", "PatientSex"),
    "LBMJANMA": ("PatientWeight", "PatientSize", "PatientSex"),
    "BSA": ("PatientWeight", "PatientSize"),
    "IBW": ("PatientSize", "PatientSex"),
}
"""DICOM keywords of what each measure is made of."""

COMPLETE = (
    "Correct it where the images come from, or ask for a de-identification that keeps it, then import again."
)
_SEXES = ("M", "F")


@dataclass(frozen=True, slots=True)
class PatientBody:
    """What the measures of a body are made of.

    Args:
        weight: PatientWeight, kg; None where it is absent.
        size: PatientSize, m; None where it is absent.
        sex: PatientSex; empty where it is absent.
    """

    weight: float | None = None
    size: float | None = None
    sex: str = ""


def body_measure(suv_type: SuvType, patient: PatientBody) -> float:
    """The measure of a body that a dose is shared out over: g, and cm2 for the body surface area.

    Raises:
        InputError: weight, height or sex is missing, or is none of a person; only what the measure needs is
            looked at.

    Source:
        DuBois 1916 (doi 10.1001/archinte.1916.00080130010002); James, Research on Obesity, HMSO 1976; Morgan,
        Clin Pharmacokinet 26:292, 1994; Sugawara, Radiology 213:521, 1999; Janmahasatian 2005 (doi
        10.2165/00003088-200544100-00004). Their names in DICOM: PS3.3, C.8.9.1, SUVType.
    """
    needed = NEEDED[suv_type]
    weight = _within(patient.weight, "PatientWeight", WEIGHTS, "kg") if "PatientWeight" in needed else 0.0
    size = _within(patient.size, "PatientSize", SIZES, "m") if "PatientSize" in needed else 0.0
    male = _is_male(patient.sex) if "PatientSex" in needed else False
    measure = _MEASURES[suv_type](weight, size, male)
    if measure <= 0:  # James and Morgan turn down again where the body mass index is above 40 or so
        raise InputError(
            f"PatientWeight and PatientSize: must give a {FORMULAS[suv_type]} above 0; they do not.",
            hint=COMPLETE,
        )
    return measure


def activity_factor(suv_type: SuvType, patient: PatientBody, dose: float | None) -> float:
    """What a concentration in Bq/ml is multiplied by, had nothing decayed: measure by dose, g/Bq or cm2/Bq.

    Args:
        suv_type: which SUV.
        patient: whose.
        dose: RadionuclideTotalDose, Bq; None where it is absent.

    Raises:
        InputError: the dose, or what the measure needs, is missing or cannot be true.
    """
    return body_measure(suv_type, patient) / _within(dose, "RadionuclideTotalDose", DOSES, "Bq")


def factor_between(source: SuvType, target: SuvType, patient: PatientBody) -> float:
    """What values of one kind of SUV are multiplied by to be of another; 1, and nothing needed, for the same.

    Raises:
        InputError: what one of the measures needs is missing or cannot be true.
    """
    if source == target:
        return 1.0
    return body_measure(target, patient) / body_measure(source, patient)


def to_suv(values: Floats, factors: tuple[float, ...]) -> Floats:
    """Values times their factor; those of the factor 1 stay as they are, to the last bit.

    Args:
        values: shape (x, y, z).
        factors: one for all slices, or one for each, along z.

    Raises:
        InputError: a product is too large for a float32.
    """
    if factors == (1.0,):
        return values
    made = values.copy()
    for k in range(values.shape[2]):  # a slice in float64 at a time, not the volume
        with np.errstate(over="ignore"):
            made[..., k] = values[..., k].astype(np.float64) * factors[k if len(factors) > 1 else 0]
    if not np.isfinite(made).all():
        raise InputError("volume: SUV must be finite; found values that are not.")
    return made


def _within(value: float | None, keyword: str, bounds: tuple[float, float], unit: str) -> float:
    low, high = bounds
    if value is not None and low <= value <= high:
        return value
    found = "none" if value is None else "less" if value < low else "more"
    raise InputError(f"{keyword}: must be {low:g} to {high:g} {unit}; found {found}.", hint=COMPLETE)


def _is_male(sex: str) -> bool:
    if sex not in _SEXES:
        found = "another value" if sex else "none"
        raise InputError(
            f"PatientSex: must be M or F for a lean or ideal body mass; found {found}.",
            hint="Run it with kind=bw, which needs PatientWeight alone.",
        )
    return sex == "M"


def _body_weight(weight: float, _size: float, _male: bool) -> float:  # noqa: FBT001  a column of one table
    return weight * 1000


def _morgan(weight: float, size: float, male: bool) -> float:  # noqa: FBT001
    linear, square = (1.10, 120) if male else (1.07, 148)
    return (linear * weight - square * (weight / (size * 100)) ** 2) * 1000


def _james(weight: float, size: float, male: bool) -> float:  # noqa: FBT001
    linear, square = (1.10, 128) if male else (1.07, 148)
    return (linear * weight - square * (weight / (size * 100)) ** 2) * 1000


def _janmahasatian(weight: float, size: float, male: bool) -> float:  # noqa: FBT001
    constant, slope = (6680, 216) if male else (8780, 244)
    return 9270 * weight / (constant + slope * weight / size**2) * 1000


def _dubois(weight: float, size: float, _male: bool) -> float:  # noqa: FBT001
    return 0.007184 * float(weight**0.425 * (size * 100) ** 0.725) * 1e4


def _sugawara(_weight: float, size: float, male: bool) -> float:  # noqa: FBT001
    base, slope = (48.0, 1.06) if male else (45.5, 0.91)
    return (base + slope * (size * 100 - 152)) * 1000


_MEASURES: Mapping[SuvType, Callable[[float, float, bool], float]] = {
    "BW": _body_weight,
    "LBM": _morgan,
    "LBMJAMES128": _james,
    "LBMJANMA": _janmahasatian,
    "BSA": _dubois,
    "IBW": _sugawara,
}
