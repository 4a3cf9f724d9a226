"""What no cell tells alone: whether the values of a patient fit together."""

import datetime as dt
import math
from collections.abc import Callable, Iterator
from typing import Final

from sarcoma_core.prognosis.clinical.column_names import FIRST_EVENT
from sarcoma_core.prognosis.clinical.endpoints import DAYS_OF_MONTH, DAYS_OF_YEAR
from sarcoma_core.prognosis.clinical.findings import Remark
from sarcoma_core.prognosis.clinical.patient_values import EVENTS, TIMES, PatientValues
from sarcoma_core.prognosis.clinical.table import DATE

_OS: Final = "overall_survival_days"
_ROUNDED: Final = 1.01
"""Times that were kept in months or years, with a digit or two, differ by so much from those in days."""
_EARLY: Final = DAYS_OF_MONTH
"""Days within which a metastasis may be one that was there at presentation."""
_RATIO: Final = 0.02
"""By so much, in parts, a ratio of two times may differ from that of two units."""
_SHORTEST: Final = 14.0
"""Days below which such a ratio is chance."""
_VOLUMES: Final = (0.01, 3.0)
"""Of the ball whose diameter is the size: the diameter may have been taken in another plane."""

Told = Iterator[tuple[str, Remark]]


def check_patient(patient: PatientValues) -> None:
    """Tell what does not fit together in the line of a patient."""
    for rule in _OF_A_PATIENT:
        for column, remark in list(rule(patient)):
            patient.tell(column, remark)


def _events_and_times(patient: PatientValues) -> Told:
    for event, time in zip(EVENTS, TIMES, strict=True):
        happened, days = patient.event(event), patient.number(time)
        if {event, time} & patient.faulty or happened is days is None:
            continue
        if happened and days is None:
            yield time, Remark("error", "event without time", f"must tell when {event} was; it is blank")
        elif happened is None and event not in patient.line.cells:
            continue
        elif happened is None:
            yield event, Remark("warning", "time without event", f"{time} is told, but not {event}")
        elif days is None and time == _OS:
            yield time, Remark("warning", "no follow-up", "no last follow-up: no endpoint is known")
        elif days == 0 and time == _OS:
            yield time, Remark("warning", "no follow-up", "followed for no time: no endpoint counts")


def _metastasis_at_zero(patient: PatientValues) -> Told:
    at_zero = patient.event("distant_metastasis") and patient.number("distant_metastasis_days") == 0
    if at_zero and patient.values.get("metastasis_at_presentation") != "yes":
        rule = "must be above 0; a metastasis at time zero is one at presentation: say so in its column"
        yield "distant_metastasis_days", Remark("error", "metastasis at zero", rule)
    days = patient.number("distant_metastasis_days")
    is_told = "metastasis_at_presentation" in patient.values
    if not at_zero and patient.event("distant_metastasis") and not is_told and days and days <= _EARLY:
        told = "within a month of time zero, and nothing says that it was none at presentation"
        yield "distant_metastasis_days", Remark("warning", "early metastasis", told)


def _presented(patient: PatientValues) -> Told:
    """Who presents with a metastasis has no first one later: whatever the table says of it does not count."""
    event, days = patient.event("distant_metastasis"), patient.number("distant_metastasis_days")
    if (
        patient.values.get("metastasis_at_presentation") == "yes"
        and event is not None
        and not (event and days == 0)
    ):
        told = "with a metastasis at presentation; the patient does not count for a first metastasis"
        yield "distant_metastasis", Remark("warning", "metastatic at presentation", told)


def _ends_later_than_today(patient: PatientValues) -> Told:
    date, last = patient.values.get(DATE), patient.number(_OS)
    if isinstance(date, dt.date) and last is not None and date + dt.timedelta(days=last) > patient.today:
        told = "ends after today, counted from the date of time zero: were dates shifted forward?"
        yield _OS, Remark("warning", "after today", told)


def _after_the_end(patient: PatientValues) -> Told:
    last = patient.number(_OS)
    for event, time in zip(EVENTS[1:], TIMES[1:], strict=True):
        days = patient.number(time)
        if last is None or days is None:
            continue
        are_whole = days.is_integer() and last.is_integer()
        if are_whole and last < days <= last * _ROUNDED + 1:
            told = "lies after the last follow-up, by little"
            yield time, Remark("warning", "after last follow-up", told)
        elif days > last * _ROUNDED + 1:
            rule = "must not lie after the last follow-up: days against months, or two dates exchanged?"
            yield time, Remark("error", "after last follow-up", rule)
        elif patient.event(event) is False and days >= 0 and FIRST_EVENT not in patient.line.cells:
            yield from _of_another_unit(time, days, last)


def _of_another_unit(time: str, days: float, last: float) -> Told:
    """Without an event the time is that of the last follow-up: is it so, in another unit?"""
    for unit, length in (("months", DAYS_OF_MONTH), ("years", DAYS_OF_YEAR)):
        if days and last > _SHORTEST and abs(last / days / length - 1) <= _RATIO:
            rule = f"must be in days; it is the last follow-up in {unit}"
            yield time, Remark("error", "days against months", rule)


def _size_and_volume(patient: PatientValues) -> Told:
    size, volume = patient.number("size_cm"), patient.number("volume_cm3")
    if size is None or volume is None:
        return
    part = volume / (math.pi / 6 * size**3)
    if not _VOLUMES[0] <= part <= _VOLUMES[1]:
        told = "large" if part > 1 else "small"
        rule = f"the volume is too {told} for a tumour of that size: mm for cm, or a slip?"
        yield "volume_cm3", Remark("warning", "size against volume", rule)


_OF_A_PATIENT: Final[tuple[Callable[[PatientValues], Told], ...]] = (
    _events_and_times,
    _metastasis_at_zero,
    _presented,
    _ends_later_than_today,
    _after_the_end,
    _size_and_volume,
)
