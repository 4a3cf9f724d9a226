"""Times counted from dates, and whether dates and the columns of events say the same."""

import datetime as dt
from collections.abc import Mapping
from typing import Final

from sarcoma_core.prognosis.clinical.cell_readings import CellReading, wrong
from sarcoma_core.prognosis.clinical.column_names import EVENT_DATES
from sarcoma_core.prognosis.clinical.findings import Remark
from sarcoma_core.prognosis.clinical.patient_values import PatientValues
from sarcoma_core.prognosis.clinical.table import DATE

LAST, DEATH = "last_follow_up_date", "death_date"
_DATE_OF: Final[Mapping[str, str]] = {
    "death": DEATH,
    "distant_metastasis": "distant_metastasis_date",
    "local_recurrence": "local_recurrence_date",
}
"""By the column of an event that of its date."""
_SLACK: Final = 3.0
"""Days by which a time and its dates may differ: months and years are not all of one length."""
_SLACK_PART: Final = 0.02

DateReadings = Mapping[str, CellReading]
"""By column of a date what was read of it."""


def read_event_dates(found: PatientValues, dates: DateReadings) -> None:
    """Count times from dates where the table has no column of them, and compare where it has.

    Args:
        found: of the patient; is filled further.
        dates: of the columns that the table has, in the order of `EVENT_DATES`.
    """
    for column, reading in dates.items():
        found.take(column, CellReading(None, tuple(r for r in reading.remarks if r.severity != "note")))
    days = _days(found, dates)
    if LAST in days and DEATH in days:
        if days[LAST] > days[DEATH]:
            found.take(LAST, wrong("after death", "must not lie after the date of death"))
        del days[LAST]  # who has died was followed until then
    for column, number in days.items():
        time = EVENT_DATES[column]
        if time in found.line.cells and not found.line.cells[time].blank:
            _compare(found, column, time, number)
        else:
            found.values[time] = number
    for event, column in _DATE_OF.items():
        if column in dates:
            _event(found, event, column, dates[column])


def _days(found: PatientValues, dates: DateReadings) -> dict[str, float]:
    """Days from time zero to each date that can be used."""
    zero, days = found.values.get(DATE), {}
    for column, reading in dates.items():
        if not isinstance(reading.value, dt.date):
            continue
        if not isinstance(zero, dt.date):
            told = "needs the date of time zero (surgery_date) to count from; there is none"
            found.tell(column, Remark("warning", "no time zero", told))
        elif reading.value < zero:
            found.take(column, wrong("before time zero", "must not lie before the date of time zero"))
        else:
            days[column] = float((reading.value - zero).days)
    return days


def _event(found: PatientValues, event: str, column: str, reading: CellReading) -> None:
    """Whether an event happened, as its date says or does not say: an unknown date is no answer."""
    has_date, is_blank = isinstance(reading.value, dt.date), found.line.cells[column].blank
    if event not in found.line.cells:
        if has_date or is_blank:
            found.values[event] = "1" if has_date else "0"
        return
    happened = found.event(event)
    if happened is False and has_date:
        rule = f"must be blank where {found.line.heading(event)} says that it did not happen"
        found.take(column, wrong("event against date", rule))
    elif happened and event == "death" and not has_date and LAST in found.line.cells:
        told = "nobody says when the patient died: the last follow-up is taken for it"
        found.tell(column, Remark("warning", "no date of death", told))


def _compare(found: PatientValues, column: str, time: str, days: float) -> None:
    told = found.number(time)
    if told is not None and abs(told - days) > _SLACK + _SLACK_PART * days:
        rule = f"must be the days from time zero to {found.line.heading(column)}; it is not: days or months?"
        found.tell(time, Remark("error", "days against dates", rule))
