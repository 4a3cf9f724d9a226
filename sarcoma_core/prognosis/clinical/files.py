"""Files of people as sheets of cells: CSV with any separator, or a workbook; told by content, not by name."""

import csv
import io
from pathlib import Path
from typing import Final

from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.prognosis.clinical.sheets import MOST_LINES, Sheet, SheetLine, no_table, text_cell
from sarcoma_core.prognosis.clinical.workbooks import read_workbook

_MOST_BYTES: Final = 50_000_000
_SEPARATORS: Final = (",", ";", "\t", "|")
_HEAD: Final = 50
"""Lines that tell the separator."""
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


def read_sheets(content: bytes, sheet: str = "") -> tuple[Sheet, ...]:
    """Read the sheets of a file: one for CSV, those of a workbook that are not empty.

    Args:
        content: of the file.
        sheet: of a workbook the one to read; empty for all.

    Raises:
        InputError: it is neither, damaged, or protected by a password.
        UsageError: there is no such sheet.
    """
    if content.startswith(_OLE):
        raise no_table("be CSV or XLSX; it is an old XLS file, or is protected by a password")
    if content.startswith(_ZIP):
        return read_workbook(content, sheet)
    if sheet:
        raise UsageError("--sheet: must be left out for a CSV file, which has one table alone.")
    return (_csv(_decoded(content)),)


def read_content(path: Path) -> bytes:
    """The bytes of a table.

    Raises:
        InputError: it cannot be read, or is far too large for a clinical table.
    """
    if path.exists() and not path.is_file():
        raise no_table("be a file; it is something else")
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= _MOST_BYTES else b""
    except OSError as error:
        found = error.strerror or type(error).__name__
        raise InputError(
            f"TABLE: must be a file that can be read; found: {found}.",
            hint="Check the path, and whether the spreadsheet program still holds the file open.",
        ) from None
    if size > _MOST_BYTES:
        raise no_table(f"be at most {_MOST_BYTES // 1_000_000} MB; found {size // 1_000_000} MB")
    return content


def _decoded(content: bytes) -> str:
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise no_table("be in UTF-8; it is in another encoding, so that accents would be wrong") from None
    if "\0" in text:
        raise no_table("be text or a workbook; it is another kind of file")
    return text


def _csv(text: str) -> Sheet:
    lines: list[SheetLine] = []
    start = 1
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    try:
        for row in reader:
            lines.append(SheetLine(start, tuple(map(text_cell, row))))
            start = reader.line_num + 1
    except csv.Error:
        rule = (
            f"be CSV; the quotes of the row that starts in line {start} are not closed, or a cell is too long"
        )
        raise no_table(rule) from None
    if len(lines) > MOST_LINES:
        raise no_table(f"have at most {MOST_LINES} lines")
    return Sheet(tuple(lines), holds_notes=False)


def _separator(text: str) -> str:
    """The one that parts most of the first lines into the same number of columns, and into many."""
    head = [line for line in text.splitlines()[:_HEAD] if line.strip()]

    def fit(separator: str) -> tuple[int, int]:
        try:
            widths = [len(row) for row in csv.reader(head, delimiter=separator)]
        except csv.Error:
            return 0, 0
        return max(((widths.count(width), width) for width in {*widths} - {0, 1}), default=(0, 0))

    return max(_SEPARATORS, key=fit)
