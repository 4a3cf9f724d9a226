"""A cell for a date."""

import datetime as dt
import re
from typing import Final

from sarcoma_core.prognosis.clinical.cell_readings import CellReading, nothing_in, wrong
from sarcoma_core.prognosis.clinical.findings import Remark
from sarcoma_core.prognosis.clinical.sheets import Cell

_YEAR_FIRST = re.compile(r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})(?:[T ]00:00(?::00(?:\.0+)?)?)?")
_DAY_FIRST = re.compile(r"(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.\s?(?P<y>\d{4})")
_COMPACT = re.compile(r"(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})")
_EITHER_FIRST = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})")
_SERIAL = re.compile(r"\d{5}")
_MONTHS: Final = 12
_SERIAL_ZERO: Final = dt.date(1899, 12, 30)
"""Day 0 of a spreadsheet's calendar, in which 1900 is a leap year by mistake."""
_EARLIEST: Final = dt.date(1950, 1, 1)


def read_date(cell: Cell, today: dt.date) -> CellReading:
    """A date.

    Args:
        cell: what stands there.
        today: no date lies after it.
    """
    if (nothing := nothing_in(cell)) is not None:
        return nothing
    if isinstance(cell.value, dt.date):
        return _plausible(cell.value, today)
    text = cell.text
    for pattern in (_YEAR_FIRST, _DAY_FIRST, _COMPACT):
        if found := pattern.fullmatch(text):
            return _of_parts(int(found["y"]), int(found["m"]), int(found["d"]), today)
    if found := _EITHER_FIRST.fullmatch(text):
        return _either_first(*(int(part) for part in found.groups()), today=today)
    if _SERIAL.fullmatch(text):
        remark = Remark("warning", "date as number", "a date that became a number; it is counted from 1900")
        return _plausible(_SERIAL_ZERO + dt.timedelta(days=int(text)), today, (remark,))
    return wrong("no date", "must be a date, YYYY-MM-DD; it is something else")


def _either_first(one: int, other: int, year: int, *, today: dt.date) -> CellReading:
    if one <= _MONTHS and other <= _MONTHS and one != other:
        return wrong("ambiguous date", "must be YYYY-MM-DD; day and month of this one can be exchanged")
    day, month = (one, other) if one > _MONTHS else (other, one)
    remark = Remark("note", "order of a date", "which part is the day is told by its size alone")
    return _of_parts(year, month, day, today, (remark,))


def _of_parts(
    year: int, month: int, day: int, today: dt.date, remarks: tuple[Remark, ...] = ()
) -> CellReading:
    try:
        return _plausible(dt.date(year, month, day), today, remarks)
    except ValueError:
        return wrong("no such date", "must be a date of the calendar, YYYY-MM-DD; there is no such day")


def _plausible(date: dt.date, today: dt.date, remarks: tuple[Remark, ...] = ()) -> CellReading:
    if not _EARLIEST <= date <= today:
        return wrong("date out of range", f"must lie between {_EARLIEST.year} and today; it does not")
    return CellReading(date, remarks)
