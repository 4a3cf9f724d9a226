"""Workbooks of spreadsheet programs (XLSX) as sheets of cells.

openpyxl gives a formula or the result that was stored with it, not both: so a workbook is read twice.
"""

import datetime as dt
import io
import re
import warnings
import zipfile
from typing import Final

import openpyxl
from openpyxl.cell.cell import Cell as SheetCell
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from sarcoma_core.errors import UsageError
from sarcoma_core.prognosis.clinical.findings import TableFinding
from sarcoma_core.prognosis.clinical.sheets import (
    BLANK,
    MOST_LINES,
    Cell,
    Sheet,
    SheetLine,
    no_table,
    text_cell,
)

_TEXT_IN_FORMAT = re.compile(r'"[^"]*[A-Za-z%][^"]*"|%')
"""A format that writes something beside a number, such as `0" mm"`, which the number does not have."""
_MOST_UNPACKED: Final = 500_000_000


def read_workbook(content: bytes, wanted: str = "") -> tuple[Sheet, ...]:
    """Read the sheets of a workbook that are not empty.

    Args:
        content: of the file.
        wanted: the sheet to read; empty for all.

    Raises:
        InputError: it is damaged, or far too large for a clinical table.
        UsageError: there is no such sheet.
    """
    try:
        unpacked = sum(entry.file_size for entry in zipfile.ZipFile(io.BytesIO(content)).infolist())
        shown, typed = (
            (_load(content, results=results) for results in (True, False))
            if (unpacked <= _MOST_UNPACKED)
            else (None, None)
        )
    except Exception as error:  # noqa: BLE001  a parser of damaged XML may raise anything
        raise no_table(f"be a whole XLSX file; {type(error).__name__} on reading it") from None
    if shown is None or typed is None:
        raise no_table(f"unpack to at most {_MOST_UNPACKED // 1_000_000} MB; it is larger")
    if wanted and wanted not in shown.sheetnames:
        raise UsageError(
            f"--sheet: must be one of the {len(shown.sheetnames)} sheets of the workbook; found {wanted!r}."
        )
    names = [one.title for one in shown.worksheets if wanted in ("", one.title)]
    sheets = tuple(_sheet(shown[name], typed[name]) for name in names)
    filled = tuple(one for one in sheets if any(line.filled for line in one.lines))
    if not filled:
        raise no_table("hold a table; all of its sheets are empty")
    return filled


def _load(content: bytes, *, results: bool) -> Workbook:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of parts of a workbook that hold no cells
        return openpyxl.load_workbook(io.BytesIO(content), data_only=results)


def _sheet(shown: Worksheet, typed: Worksheet) -> Sheet:
    height, width = _extent(typed)
    if height > MOST_LINES:
        raise no_table(f"have at most {MOST_LINES} lines")
    if not height:
        return Sheet((), holds_notes=True, name=shown.title)
    part = {"max_row": height, "max_col": width}
    rows = zip(shown.iter_rows(**part), typed.iter_rows(**part, values_only=True), strict=True)
    lines = tuple(
        SheetLine(number, tuple(map(_cell, cells, formulas)))
        for number, (cells, formulas) in enumerate(rows, 1)
    )
    told = "a line that the program does not show; it is read all the same"
    unseen = sorted(row for row, look in shown.row_dimensions.items() if look.hidden)
    findings = tuple(
        TableFinding("warning", "hidden line", told, row)
        for row in unseen
        if row <= len(lines) and lines[row - 1].filled
    )
    hidden = frozenset(
        place - 1
        for look in shown.column_dimensions.values()
        if look.hidden
        for place in range(look.min or 1, (look.max or 0) + 1)
    )
    return Sheet(
        lines,
        holds_notes=True,
        findings=findings,
        name=shown.title,
        hidden=hidden,
        visible=shown.sheet_state == "visible",
        counts_from_1904=shown.parent.epoch == CALENDAR_MAC_1904,
    )


def _extent(sheet: Worksheet) -> tuple[int, int]:
    """The last row and column in which something stands: a colour far away makes a sheet no larger."""
    held = sheet._cells.items()  # noqa: SLF001  all others would be made by asking for them
    places = [place for place, cell in held if cell.value is not None]
    return max((row for row, _ in places), default=0), max((column for _, column in places), default=0)


def _cell(cell: SheetCell, formula: object) -> Cell:
    value = cell.value
    if value is None:
        never = isinstance(formula, str) and formula.startswith("=")
        return Cell(None, "a formula without its result: open the file once, and save it") if never else BLANK
    if isinstance(value, dt.datetime):
        return Cell(value.date())
    if isinstance(value, bool | dt.date):
        return Cell(value)
    if isinstance(value, int | float):
        return _number_cell(value, str(cell.number_format))
    if isinstance(value, str):
        return text_cell(value)
    return Cell(None, "a time of day, or another value that no table needs")


def _number_cell(value: float, shown_as: str) -> Cell:
    """A number; where the format writes a text beside it, a fault."""
    if _TEXT_IN_FORMAT.search(shown_as):
        return Cell(None, "a number that is shown with a unit or a text: put the unit into the heading")
    zeros = re.fullmatch("0+", shown_as)  # 12 that is shown as 0012
    return (
        text_cell(str(value).zfill(len(zeros[0]))) if zeros and isinstance(value, int) else Cell(float(value))
    )
