"""Files as sheets: CSV with any separator, workbooks, and what is neither."""

import datetime as dt
import io
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.styles import Font

from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.prognosis.clinical.files import read_content, read_sheets
from sarcoma_core.prognosis.clinical.sheets import Cell


def texts(content: bytes) -> list[tuple[str, ...]]:
    (sheet,) = read_sheets(content)
    return [tuple(cell.text for cell in line.cells) for line in sheet.lines]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_told_by_the_lines(separator: str) -> None:
    rows = [("subject", "age", "note"), ("P1", "60", "a"), ("P2", "61", "b")]
    assert texts("\n".join(separator.join(row) for row in rows).encode()) == rows


def test_a_semicolon_parts_also_where_commas_are_decimal() -> None:
    assert texts(b"subject;size;volume\nP1;7,5;20,1\nP2;8,5;30,2\n")[1] == ("P1", "7,5", "20,1")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_accents_are_read_in_each_encoding_of_spreadsheets(encoding: str) -> None:
    assert texts("subject,centre\nP1,Malm\u00f6\n".encode(encoding))[1] == ("P1", "Malm\u00f6")


def test_line_numbers_are_those_of_the_file() -> None:
    (sheet,) = read_sheets(b'subject,a\n\nP1,"two\nlines"\nP2,x\n')
    assert [(line.number, line.at(1).text) for line in sheet.lines] == [
        (1, "a"),
        (2, ""),
        (3, "two lines"),
        (5, "x"),
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("subject,centre\nP1,Malm\u00f6\n".encode("cp1252"), "UTF-8"),
        (b'subject,a\nP1,"never closed\n', "quotes of the row that starts in line 2"),
        (b"subject\0,a\n", "another kind of file"),
        (b"PK\x03\x04nothing", "whole XLSX file"),
        (b"\xd0\xcf\x11\xe0 old", "old XLS file"),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_sheets(content)


def workbook() -> Workbook:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Patients"
    sheet.append(["subject", "age", "date", "sum", "failed"])
    sheet.append([17, 60.0, dt.date(2014, 4, 3), "=B2+1", "#REF!"])
    sheet.append(["P2", True, dt.time(3, 4), None, "#N/A"])
    sheet.row_dimensions[3].hidden = True
    book.create_sheet("Empty")
    return book


def packed(book: Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_cells_of_a_workbook_keep_their_kind() -> None:
    (sheet,) = read_sheets(packed(workbook()))
    first, second = sheet.lines[1].cells, sheet.lines[2].cells
    assert (first[0].text, first[1].value, first[2].value) == ("17", 60.0, dt.date(2014, 4, 3))
    assert "without its result" in first[3].fault
    assert "failed" in first[4].fault
    assert second[1] == Cell(value=True)
    assert "time of day" in second[2].fault
    assert second[4] == Cell("#N/A")
    assert [(one.kind, one.line) for one in sheet.findings] == [("hidden line", 3)]
    assert sheet.holds_notes


def test_one_sheet_can_be_named() -> None:
    book = workbook()
    book["Empty"].append(["x"])
    assert [sheet.name for sheet in read_sheets(packed(book))] == ["Patients", "Empty"]
    assert [sheet.name for sheet in read_sheets(packed(book), "Empty")] == ["Empty"]
    with pytest.raises(UsageError, match="must be one of the 2 sheets of the workbook; found 'Other'"):
        read_sheets(packed(book), "Other")
    with pytest.raises(UsageError, match="must be left out for a CSV file"):
        read_sheets(b"subject,a\n", "Patients")


def test_an_empty_workbook_and_a_cut_one_are_refused() -> None:
    with pytest.raises(InputError, match="all of its sheets are empty"):
        read_sheets(packed(Workbook()))
    whole = packed(workbook())
    with pytest.raises(InputError, match="whole XLSX file"):
        read_sheets(whole[: len(whole) // 2])


def test_what_a_format_writes_beside_a_number_is_a_fault() -> None:
    book = Workbook()
    for row, (value, shown) in enumerate(((55, '0" mm"'), (0.5, "0%"), (7, "0.00"), (12, "0000")), 1):
        book.worksheets[0].cell(row, 1, value).number_format = shown
    (sheet,) = read_sheets(packed(book))
    cells = [line.at(0) for line in sheet.lines]
    assert ["unit or a text" in cell.fault for cell in cells] == [True, True, False, False]
    assert [cell.text for cell in cells[2:]] == ["7", "0012"]


def test_a_colour_far_away_makes_a_sheet_no_larger() -> None:
    book = Workbook()
    book.worksheets[0].append(["subject", "age"])
    book.worksheets[0]["XFD1000"].font = Font(bold=True)
    (sheet,) = read_sheets(packed(book))
    assert [len(line.cells) for line in sheet.lines] == [2]


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="must be a file; it is something else"):
        read_content(tmp_path)


def test_a_file_that_is_not_there_is_told_without_its_name(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_content(tmp_path / "Doe^John.csv")
    assert "Doe" not in str(caught.value)
