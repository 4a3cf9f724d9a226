"""Noise for a table: never another error than one of our own, and never a patient's value in what is said."""

import io
import string
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sarcoma_core.archive.folder import natural
from sarcoma_core.errors import SarcomaError
from sarcoma_core.prognosis.clinical.checking import check_file
from sarcoma_core.prognosis.clinical.how_to_read import HowToRead
from sarcoma_core.prognosis.clinical.table import head_text, read_clinical, table_text
from tests.prognosis.planted import HEADER, PATIENTS, REMARKS, TODAY, Grid, clean_grid

HOW = HowToRead(today=TODAY)
FEW = 8
SHORT = 3
PATIENT_LINES = st.integers(2, FEW + 1)
PLACES = st.sampled_from([column for column in HEADER if column != REMARKS])

TEXTS = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="0123456789.,+-eE'/:xX <>~%", max_size=20),
    st.floats().map(repr),
    st.integers(-(10**30), 10**30).map(str),
    st.dates().map(str),
    st.dates().map(lambda day: day.strftime("%d/%m/%Y")),
    st.datetimes().map(str),
    st.text(alphabet='\0\x01\x07\x1b\x7f\u200b\u202e\ufeff\u2028;"\r\n\t', max_size=10),
    st.sampled_from(
        ["9" * 5000, "1e" + "9" * 400, "=" * 33000, "\U0001f9b4" * 3000, "[" * 2000, "a" * 200_000]
    ),
)
MARKED = st.text(alphabet=string.ascii_letters + string.digits + " .-,", min_size=1, max_size=20).map(
    lambda text: f"Zq{text.strip()}7Wx"
)
"""Texts that no sentence holds by chance."""


def said_of(data: bytes, name: str = "table.csv") -> str:
    """Everything that is said of a file; another error than ours is the test's."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        try:
            found = check_file(path, HOW)
        except SarcomaError as error:
            return str(error)
    if found.table is not None:
        text, head = table_text(found.table), head_text(found.table, found.source_sha256)
        again = read_clinical(text.encode(), head.encode())
        assert [replace(row, line=0) for row in again.rows] == [
            replace(row, line=0) for row in sorted(found.table.rows, key=lambda row: natural(row.subject))
        ]
    return "\n".join(f"{one.kind} {one.message} {one.column}" for one in found.findings)


def few_patients() -> Grid:
    grid = clean_grid()
    return Grid(grid.header, grid.rows[PATIENTS - FEW :])


@settings(max_examples=100)
@given(line=PATIENT_LINES, column=PLACES, text=TEXTS)
def test_any_text_in_a_cell_is_read_or_told(line: int, column: str, text: str) -> None:
    grid = few_patients()
    grid.put(line, column, text)
    said_of(grid.text().encode("utf-8", "surrogatepass"))


@settings(max_examples=80)
@given(line=PATIENT_LINES, column=PLACES, text=MARKED)
def test_nothing_that_stands_in_a_cell_stands_in_what_is_said(line: int, column: str, text: str) -> None:
    grid = few_patients()
    grid.put(line, column, text)
    assert text not in said_of(grid.text().encode())


@settings(max_examples=40)
@given(
    line=PATIENT_LINES,
    column=PLACES,
    text=st.one_of(st.dates().map(str), st.integers(10_000, 10**9).map(str), st.floats(1e3, 1e9).map(repr)),
)
def test_no_number_and_no_date_of_a_cell_stands_in_what_is_said(line: int, column: str, text: str) -> None:
    grid = few_patients()
    clean = said_of(grid.text().encode())
    grid.put(line, column, text)
    said = said_of(grid.text().encode())
    assert len(text) > SHORT
    assert text not in said or text in clean


@settings(max_examples=40)
@given(line=PATIENT_LINES, texts=st.lists(TEXTS, max_size=30))
def test_any_line_is_read_or_told(line: int, texts: list[str]) -> None:
    grid = few_patients()
    grid.rows.insert(line - 2, texts)
    said_of(grid.text().encode("utf-8", "surrogatepass"))


@settings(max_examples=40)
@given(heading=TEXTS, column=PLACES)
def test_any_heading_is_read_or_told(heading: str, column: str) -> None:
    grid = few_patients()
    grid.rename(column, heading)
    said_of(grid.text().encode("utf-8", "surrogatepass"))


@settings(max_examples=100)
@given(
    data=st.binary(max_size=400), name=st.sampled_from(["a.csv", "a.tsv", "a.xlsx", "a.txt", "a", "a.xls"])
)
def test_any_bytes_are_read_or_refused(data: bytes, name: str) -> None:
    said_of(data, name)


@settings(max_examples=40)
@given(where=st.integers(0, 10**6), new=st.binary(min_size=1, max_size=4))
def test_any_damage_to_a_text_file_is_read_or_told(where: int, new: bytes) -> None:
    data = bytearray(few_patients().text().encode("utf-8-sig"))
    place = where % len(data)
    data[place : place + len(new)] = new
    said_of(bytes(data))


@pytest.fixture(name="workbook", scope="module")
def _workbook() -> bytes:
    openpyxl = pytest.importorskip("openpyxl", reason="workbooks: pip install 'sarcoma[site]' to run it")
    book, grid, stream = openpyxl.Workbook(), few_patients(), io.BytesIO()
    for row in (grid.header, *grid.rows):
        book.active.append(row)
    book.save(stream)
    return stream.getvalue()


@settings(max_examples=40)
@given(end=st.floats(0, 0.99))
def test_a_workbook_that_is_cut_short_is_refused(workbook: bytes, end: float) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "table.xlsx"
        path.write_bytes(workbook[: int(len(workbook) * end)])
        with pytest.raises(SarcomaError):
            check_file(path, HOW)


@settings(max_examples=60)
@given(where=st.integers(0, 10**6), new=st.binary(min_size=1, max_size=4))
def test_any_damage_to_a_workbook_is_read_or_refused(workbook: bytes, where: int, new: bytes) -> None:
    data = bytearray(workbook)
    place = where % len(data)
    data[place : place + len(new)] = new
    said_of(bytes(data), "table.xlsx")


@settings(max_examples=20)
@given(
    line=PATIENT_LINES,
    column=PLACES,
    value=st.one_of(MARKED, st.dates(), st.times(), st.timedeltas(), st.booleans()),
)
def test_any_value_in_a_cell_of_a_workbook_is_read_or_told(line: int, column: str, value: object) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="workbooks: pip install 'sarcoma[site]' to run it")
    book, grid, stream = openpyxl.Workbook(), few_patients(), io.BytesIO()
    for row in (grid.header, *grid.rows):
        book.active.append(row)
    book.active.cell(line, HEADER.index(column) + 1, value)
    book.save(stream)
    said = said_of(stream.getvalue(), "table.xlsx")
    if isinstance(value, str):
        assert value not in said
