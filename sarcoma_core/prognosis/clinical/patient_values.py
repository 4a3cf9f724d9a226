"""The line of a patient as values: each cell read for its column, and times counted from dates.

A column that tells the first event alone, and one with dates, become the columns of the table.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from sarcoma_core.prognosis.clinical.cell_readings import CellReading, nothing_in, wrong
from sarcoma_core.prognosis.clinical.column_names import EVENT_DATES, FIRST_EVENT, FIRST_EVENT_DAYS
from sarcoma_core.prognosis.clinical.dates import read_date
from sarcoma_core.prognosis.clinical.findings import Remark, TableFinding
from sarcoma_core.prognosis.clinical.levels import read_event, read_level
from sarcoma_core.prognosis.clinical.patients import PatientLine
from sarcoma_core.prognosis.clinical.quantities import read_quantity
from sarcoma_core.prognosis.clinical.sheets import Cell
from sarcoma_core.prognosis.clinical.table import (
    CENTRE,
    DATE,
    OUTCOME_COLUMNS,
    SESSION,
    ClinicalRow,
    Value,
)
from sarcoma_core.prognosis.clinical.units import TIME
from sarcoma_core.prognosis.clinical.variables import VARIABLES, Quantity
from sarcoma_core.prognosis.clinical.words import is_missing, plain

EVENTS: Final = OUTCOME_COLUMNS[::2]
TIMES: Final = OUTCOME_COLUMNS[1::2]
_METASTASIS: Final = {"mets", "met", "metastasis", "metastases", "metastatic", "distant"}
_RECURRENCE: Final = {"recurrence", "recurrent", "relapse", "local"}
_REGIONAL: Final = {"regional", "nodal", "node", "nodes", "lymph", "locoregional"}
_NEITHER: Final = {"no", "none", "ned", "0", "no event", "no recurrence", "free"}

Words = Mapping[str, Mapping[str, str]]
"""By column the user's own words, in plain letters, and what they mean."""


@dataclass
class PatientValues:
    """What was read of a patient, while the columns are gone through.

    Args:
        line: where it stands.
        today: no date lies after it.
        values: of every column that could be read, by name.
        faulty: columns that hold something that could not be read.
        findings: what was odd.
    """

    line: PatientLine
    today: dt.date
    values: dict[str, Value | dt.date] = field(default_factory=dict)
    faulty: set[str] = field(default_factory=set)
    findings: list[TableFinding] = field(default_factory=list)

    def take(self, column: str, reading: CellReading) -> None:
        """Keep what was read of a column."""
        if reading.value is not None:
            self.values[column] = reading.value
        elif any(remark.severity == "error" for remark in reading.remarks):
            self.faulty.add(column)
        for remark in reading.remarks:
            self.tell(column, remark)

    def tell(self, column: str, remark: Remark) -> None:
        """Keep a finding of a column."""
        self.findings.append(remark.at(self.line.number, self.line.heading(column)))

    def number(self, column: str) -> float | None:
        """A number; None where there is none."""
        value = self.values.get(column)
        return value if isinstance(value, float) else None

    def event(self, column: str) -> bool | None:
        """Whether an event happened; None where it is not told."""
        value = self.values.get(column)
        return None if value is None else value == "1"

    def row(self) -> ClinicalRow:
        """The row of the table."""
        date = self.values.get(DATE)
        return ClinicalRow(
            self.line.subject,
            str(self.values.get(SESSION, "")),
            str(self.values.get(CENTRE, "")),
            date if isinstance(date, dt.date) else None,
            {v.name: cast("Value", self.values[v.name]) for v in VARIABLES if v.name in self.values},
            {name: told for name in EVENTS if (told := self.event(name)) is not None},
            {name: days for name in TIMES if (days := self.number(name)) is not None},
            self.line.number,
        )


def read_patient(line: PatientLine, words: Words, today: dt.date) -> PatientValues:
    """Read all cells of a patient.

    Args:
        line: of the patient.
        words: the user's own.
        today: no date lies after it.
    """
    found = PatientValues(line, today)
    for column, cell in line.cells.items():
        if (reading := _read(line, column, cell, words.get(column, {}), today)) is not None:
            found.take(column, reading)
        if cell.padded:
            found.tell(column, Remark("note", "blanks", "blanks around or in it that are of no meaning"))
    if FIRST_EVENT in line.cells:
        _from_first_event(found)
    _from_dates(found, {c: read_date(line.cells[c], today) for c in EVENT_DATES if c in line.cells})
    return found


def _read(
    line: PatientLine, column: str, cell: Cell, own: Mapping[str, str], today: dt.date
) -> CellReading | None:
    """The reading of a cell; None for a column that is read with others."""
    unit = line.headings[column].unit
    kind = _KINDS.get(column)
    if kind is not None:
        return read_quantity(cell, kind, unit) if isinstance(kind, Quantity) else read_level(cell, kind, own)
    if column in EVENTS:
        return read_event(cell, own)
    if column in TIMES:  # blank where there was no event: whether one is needed is for all of the line to say
        return None if cell.blank else read_quantity(cell, TIME, unit)
    if column == DATE:
        return read_date(cell, today)
    return _label(cell) if column in (SESSION, CENTRE) else None


_KINDS: Final = {variable.name: variable.kind for variable in VARIABLES}


def _label(cell: Cell) -> CellReading | None:
    if cell.blank:
        return None
    return nothing_in(cell) or CellReading(cell.text)


def _from_first_event(found: PatientValues) -> None:
    """A metastasis or a recurrence, whichever came first: the other one is censored there."""
    cell, days_cell = (found.line.cells.get(c, Cell(None)) for c in (FIRST_EVENT, FIRST_EVENT_DAYS))
    kind = _first_kind(cell)
    if kind is None:
        found.take(FIRST_EVENT, wrong("unknown word", "must name a recurrence or a metastasis, or be blank"))
        return
    if kind == "" and cell.text and is_missing(cell.text):
        told = "a mark for nothing; it is read as neither recurrence nor metastasis"
        found.tell(FIRST_EVENT, Remark("warning", "placeholder", told))
    if kind == "local_recurrence" and set(plain(cell.text).split()) & _REGIONAL:
        found.tell(
            FIRST_EVENT, Remark("warning", "regional", "a regional recurrence; it is read as a local one")
        )
    days = None
    if FIRST_EVENT_DAYS in found.line.cells and not days_cell.blank:
        reading = read_quantity(days_cell, TIME, found.line.headings[FIRST_EVENT_DAYS].unit)
        found.take(FIRST_EVENT_DAYS, reading)
        days = reading.value
    for column in ("distant_metastasis", "local_recurrence"):
        if column in found.line.cells:
            continue
        found.values[column] = "1" if column == kind else "0"
        if kind and isinstance(days, float):
            found.values[f"{column}_days"] = days


def _first_kind(cell: Cell) -> str | None:
    """`distant_metastasis`, `local_recurrence`, empty for neither; None where it cannot be told."""
    words = set(plain(cell.text).split())
    is_either = (bool(words & _METASTASIS), bool(words & _RECURRENCE))
    if is_either == (False, False):
        return "" if cell.blank or is_missing(cell.text) or plain(cell.text) in _NEITHER else None
    return {(True, False): "distant_metastasis", (False, True): "local_recurrence"}.get(is_either)


def _from_dates(found: PatientValues, dates: Mapping[str, CellReading]) -> None:
    """Count times from dates, where the table has no column of them."""
    for column, reading in dates.items():
        found.take(column, CellReading(None, tuple(r for r in reading.remarks if r.severity != "note")))
    zero = found.values.get(DATE)
    for column, days in _days_of(dates, zero):
        time = EVENT_DATES[column]
        if days is None:
            told = "needs the date of time zero (surgery_date) to count from; there is none"
            found.tell(column, Remark("warning", "no time zero", told))
        elif days < 0:
            found.take(column, wrong("before time zero", "must not lie before the date of time zero"))
        elif time in found.line.cells and not found.line.cells[time].blank:
            _compare(found, column, time, days)
        else:
            found.values[time] = days
    for column, event in (("death_date", "death"), *((f"{e}_date", e) for e in EVENTS[1:])):
        if column in dates and event not in found.line.cells:
            found.values[event] = "0" if dates[column].value is None else "1"


def _days_of(dates: Mapping[str, CellReading], zero: object) -> Iterator[tuple[str, float | None]]:
    """Days from time zero to each date; death, which comes later in `EVENT_DATES`, is the last follow-up."""
    for column, reading in dates.items():
        if isinstance(reading.value, dt.date):
            yield column, float((reading.value - zero).days) if isinstance(zero, dt.date) else None


_SLACK: Final = 3.0
"""Days by which a time and its dates may differ: months and years are not all of one length."""
_SLACK_PART: Final = 0.02


def _compare(found: PatientValues, column: str, time: str, days: float) -> None:
    told = found.number(time)
    if told is not None and abs(told - days) > _SLACK + _SLACK_PART * days:
        rule = f"must be the days from time zero to {found.line.heading(column)}; it is not: days or months?"
        found.tell(time, Remark("error", "days against dates", rule))
