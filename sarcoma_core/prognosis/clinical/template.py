"""An empty clinical table to fill in, and what each of its columns means."""

import csv
import io
from collections.abc import Iterator
from typing import NamedTuple

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from sarcoma_core.prognosis.clinical.endpoints import ENDPOINTS
from sarcoma_core.prognosis.clinical.table import CENTRE, COLUMNS, DATE, SESSION, SUBJECT
from sarcoma_core.prognosis.clinical.variables import BY_NAME, Levels, Variable

_LINES = 5000
"""Of the sheet in which words are offered."""
_MOST_OFFERED = 255
"""Letters of a list that a spreadsheet takes."""


class ColumnHelp(NamedTuple):
    """What a column means.

    Attributes:
        column: its heading.
        values: what may stand in it.
        known: when; empty for what is no variable.
        meaning: one line.
    """

    column: str
    values: str
    known: str
    meaning: str


def column_helps() -> tuple[ColumnHelp, ...]:
    """Each column of the table, in order."""
    return tuple(_helps())


def template_csv() -> str:
    """The headings as CSV."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerow(COLUMNS)
    return stream.getvalue()


def template_workbook() -> bytes:
    """A workbook: a sheet to fill in, in which words are offered, and one that explains the columns."""
    book = Workbook()
    table = book.worksheets[0]
    table.title = "Patients"
    explained = book.create_sheet("Columns")
    for sheet, rows in ((table, [COLUMNS]), (explained, [ColumnHelp._fields, *column_helps()])):
        for row in rows:
            sheet.append(list(row))
        sheet.freeze_panes = "B2" if sheet is table else "A2"
        for cell in sheet[1]:
            cell.font = Font(bold=True)
    for place, name in enumerate(COLUMNS, 1):
        letter = get_column_letter(place)
        table.column_dimensions[letter].width = max(12, len(name) + 2)
        offered = ",".join(_words(name))
        if 0 < len(offered) <= _MOST_OFFERED and not any("," in word for word in _words(name)):
            choice = DataValidation(type="list", formula1=f'"{offered}"', allow_blank=True)
            choice.add(f"{letter}2:{letter}{_LINES}")
            table.add_data_validation(choice)
    for letter, width in zip("ABCD", (28, 60, 18, 70), strict=True):
        explained.column_dimensions[letter].width = width
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _words(column: str) -> tuple[str, ...]:
    """The words of a column; none where it has others."""
    variable = BY_NAME.get(column)
    if variable is not None:
        return variable.kind.words if isinstance(variable.kind, Levels) else ()
    return ("0", "1") if column in {one.event for one in ENDPOINTS} else ()


def _helps() -> Iterator[ColumnHelp]:
    yield ColumnHelp(
        SUBJECT, "a label", "", "label of the subject in XNAT, a pseudonym; one line for each patient"
    )
    yield ColumnHelp(
        SESSION, "a label or blank", "", "label of the session to take; blank: the last one before surgery"
    )
    yield ColumnHelp(CENTRE, "a word or blank", "", "where the patient was treated")
    yield ColumnHelp(
        DATE, "YYYY-MM-DD or blank", "", "date of time zero, shifted with all other dates of the patient"
    )
    for variable in BY_NAME.values():
        yield ColumnHelp(variable.name, _values(variable), variable.known, variable.help)
    for one in ENDPOINTS:
        if one.event:
            title = one.title.lower()
            yield ColumnHelp(one.event, "0, 1", "", f"{title}: 1 where the event happened, else 0")
            yield ColumnHelp(
                one.time,
                "days, 0 or more",
                "",
                f"{title}: days from time zero to the event, or to the last look",
            )


def _values(variable: Variable) -> str:
    kind = variable.kind
    return ", ".join(kind.words) if isinstance(kind, Levels) else kind.rule
