"""What is foretold of a patient in sentences: chances of events by a horizon, and bounds of survival."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from sarcoma_core.archive.predicted import (
    BaselineEndpoint,
    ForetoldEndpoint,
    PatientPrediction,
    SurvivalBound,
)
from sarcoma_core.report.foretold_terms import SURVIVAL, endpoint_words
from sarcoma_core.report.masks import shown
from sarcoma_core.report.measures import listed, percent_span, unbroken, whole_percent
from sarcoma_core.report.step_lines import DAYS, TimeUnit, duration
from sarcoma_core.text import counted

HEADLINE_YEARS: Final = 2
"""The horizon of the first sentences; the last before it where it is not told."""
MOST_PARTS: Final = 20
"""A coverage is told as so many of so many patients where it is one of up to twentieths."""
_TINY: Final = 1e-6


@dataclass(frozen=True)
class ChanceBy:
    """The chance of an event by a time.

    Args:
        by: the time in words.
        incidence: mean over networks.
        least: of any network.
        most: likewise.
        competing: the chance that death came before; None where it is not told.
    """

    by: str
    incidence: float
    least: float
    most: float
    competing: float | None


@dataclass(frozen=True)
class ForetoldFinding:
    """The first sentence of an endpoint.

    Args:
        chance: of the event, with its spread.
        group: the risk group, in words; empty where there is none.
    """

    chance: str
    group: str = ""


def in_order(timed: Sequence[ForetoldEndpoint]) -> tuple[ForetoldEndpoint, ...]:
    """Endpoints in the order of the page: survival first, the others as the model has them."""
    return tuple(sorted(timed, key=lambda one: one.endpoint != SURVIVAL))


def unit_of(one: ForetoldEndpoint) -> TimeUnit:
    """In what its times are told."""
    return "years" if one.days[-1] >= DAYS["years"] else "months"


def chances(one: ForetoldEndpoint) -> tuple[ChanceBy, ...]:
    """The chance by each horizon; by the end of the curve where no horizon is told."""
    if not one.years:
        last = [curve[-1] for curve in one.each]
        by = duration(one.days[-1], unit_of(one))
        return (ChanceBy(unbroken(by), one.curve[-1], min(last), max(last), None),)
    return tuple(
        ChanceBy(_horizon(year.years), year.incidence, year.least, year.most, year.competing)
        for year in sorted(one.years, key=lambda year: year.years)
    )


def headline(one: ForetoldEndpoint) -> ChanceBy:
    """The chance that the first sentence tells."""
    told = chances(one)
    before = sum(year.years <= HEADLINE_YEARS for year in one.years)
    return told[max(before - 1, 0)]


def finding(one: ForetoldEndpoint, baseline: BaselineEndpoint | None, time_zero: str) -> ForetoldFinding:
    """The first sentence of an endpoint, e.g. `Death within 2 years of surgery: 31 % (spread ...)`.

    Args:
        one: the endpoint.
        baseline: what the clinical baseline says; None where there is none.
        time_zero: from when times count.
    """
    told = headline(one)
    part = baseline_by(baseline, told.by)
    beside = "" if part is None else f"; clinical baseline {whole_percent(part)}"
    event = endpoint_words(one.endpoint).event
    before = "" if told.competing is None else f"; death before it {whole_percent(told.competing)}"
    return ForetoldFinding(
        f"{event} within {told.by} of {time_zero}: {whole_percent(told.incidence)} "
        f"({spread(told, len(one.each))}{beside}{before})",
        f"{one.group}-risk group",
    )


def baseline_by(baseline: BaselineEndpoint | None, by: str) -> float | None:
    """What the clinical baseline says of a horizon; None where it says nothing.

    Args:
        baseline: of an endpoint; None where there is none.
        by: the horizon in words, as `ChanceBy.by` has it.
    """
    told = {} if baseline is None or baseline.absent else baseline.years
    return next((part for years, part in told.items() if _horizon(int(years)) == by), None)


def _horizon(years: int) -> str:
    return unbroken(counted(years, "year"))


def grade_finding(prediction: PatientPrediction) -> tuple[ForetoldFinding, ...]:
    """The level of the grade that is likeliest, a sentence; none where the grade is not foretold.

    Args:
        prediction: of the patient.
    """
    if not prediction.graded:
        return ()
    level, part = max(prediction.graded.items(), key=lambda item: item[1])
    return (ForetoldFinding(f"Likeliest grade of the tumour: {shown(level)} ({whole_percent(part)})"),)


def spread(told: ChanceBy, networks: int) -> str:
    """Between what the networks lie, in words."""
    if networks == 1:
        return "one model, so no spread"
    return f"spread between {networks} models {percent_span(told.least, told.most)}"


def bounds_told(prediction: PatientPrediction, time_zero: str) -> str:
    """The lower bounds of survival time, a sentence; empty where there is none.

    Args:
        prediction: of the patient.
        time_zero: from when times count.
    """
    told = list(_bounds(sorted(prediction.bounds, key=lambda one: one.coverage)))
    if not told:
        return ""
    return f"Lower bound of survival time from {time_zero}: {listed(told)}."


def _bounds(bounds: Sequence[SurvivalBound]) -> Iterator[str]:
    for one in bounds:
        yield f"{_months(one.days)} ({of_patients(one.coverage)} outlive theirs)"


def of_patients(coverage: float) -> str:
    """A coverage in words, e.g. `4 of 5 patients`."""
    part = Fraction(coverage).limit_denominator(MOST_PARTS)
    if abs(float(part) - coverage) > _TINY:
        return f"{whole_percent(coverage)} of patients"
    return unbroken(f"{part.numerator} of {part.denominator}") + " patients"


def _months(days: float) -> str:
    """Whole months, rounded down: more would be claimed than was found."""
    whole = math.floor(days / DAYS["months"] + _TINY)
    if not whole:
        return unbroken("less than a month")
    return unbroken(counted(whole, "month"))
