"""The cells of a patient, each read for its column.

A column that tells the first event alone becomes those of the table.
"""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Final

from sarcoma_core.prognosis.clinical.cell_readings import CellReading, nothing_in, wrong
from sarcoma_core.prognosis.clinical.column_names import EVENT_DATES, FIRST_EVENT, FIRST_EVENT_DAYS
from sarcoma_core.prognosis.clinical.dates import read_date
from sarcoma_core.prognosis.clinical.event_dates import read_event_dates
from sarcoma_core.prognosis.clinical.findings import Remark
from sarcoma_core.prognosis.clinical.how_to_read import Words
from sarcoma_core.prognosis.clinical.levels import read_event, read_level
from sarcoma_core.prognosis.clinical.patient_labels import why_no_label
from sarcoma_core.prognosis.clinical.patient_values import EVENTS, TIMES, PatientValues
from sarcoma_core.prognosis.clinical.patients import PatientLine
from sarcoma_core.prognosis.clinical.quantities import read_quantity
from sarcoma_core.prognosis.clinical.sheets import Cell
from sarcoma_core.prognosis.clinical.table import CENTRE, DATE, SESSION
from sarcoma_core.prognosis.clinical.units import TIME
from sarcoma_core.prognosis.clinical.variables import VARIABLES, Quantity
from sarcoma_core.prognosis.clinical.words import is_missing, plain

_METASTASIS: Final = {"mets", "met", "metastasis", "metastases", "metastatic", "distant"}
_RECURRENCE: Final = {"recurrence", "recurrent", "relapse", "local"}
_REGIONAL: Final = {"regional", "nodal", "node", "nodes", "lymph", "locoregional"}
_NEITHER: Final = {"no", "none", "ned", "0", "no event", "no recurrence", "free"}

_MOST_OF_A_CENTRE: Final = 40
_YEAR = re.compile(r"(19|20)\d\d")


def read_patient(line: PatientLine, words: Words, today: dt.date) -> PatientValues:
    """Read all cells of a patient.

    Args:
        line: of the patient.
        words: the user's own, in plain letters.
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
    read_event_dates(found, {c: read_date(line.cells[c], today) for c in EVENT_DATES if c in line.cells})
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
    return _word(cell, is_label=column == SESSION) if column in (SESSION, CENTRE) else None


_KINDS: Final = {variable.name: variable.kind for variable in VARIABLES}


def _word(cell: Cell, *, is_label: bool) -> CellReading | None:
    """The label of a session, or a word for a centre: nothing that a person is told by."""
    if cell.blank:
        return None
    if (nothing := nothing_in(cell)) is not None:
        return nothing
    if is_label and (" " in cell.text or why_no_label(cell)):
        return wrong("no label", "must be the label of a session: letters, digits, '.', '_' and '-' alone")
    if not is_label and (len(cell.text) > _MOST_OF_A_CENTRE or _YEAR.search(cell.text)):
        return wrong("no centre", "must be a short word for the hospital; it is longer, or has a year in it")
    return CellReading(cell.text)


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
