"""No footnote, no sum and no name becomes a patient; every other line does."""

import io
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900

from sarcoma_core.prognosis.clinical.checking import CheckedTable
from tests.prognosis.clinical.written import check, kinds

HEAD = "ID,Age,Sex\n"


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Notes,,", "summary line"),
        ("Mean,59,", "summary line"),
        ("n = 26,,", "summary line"),
        ("P2,,", "footnote"),
        ("Days elapsed between biopsy and scan,3,F", "footnote"),
        ('"Abbreviations: R0, margins free of tumour",,', "footnote"),
        (",59,F", "no id"),
        ("--,59,F", "no id"),
        ("#REF!,59,F", "no id"),
        ("12.0,59,F", "no label"),
        ('"Doe, John",59,F', "name for label"),
        ("John Doe,59,M", "name for label"),
        ("DOE^JOHN,59,M", "name for label"),
        ("1.2E+05,59,F", "no label"),
        ("P2*,59,F", "mark at label"),
        ("P2 (a),59,F", "mark at label"),
        ("P2\N{SUPERSCRIPT ONE},59,F", "mark at label"),
        ("P1,59,F", "repeated patient"),
        ("p1,59,F", "nearly the same label"),
        ("P01,59,F", "nearly the same label"),
        ("P-1,59,F", "nearly the same label"),
        ("ID,Age,Sex", "headings again"),
        ("P2,59,F,x", "too many cells"),
    ],
)
def test_in_csv_what_is_no_patient_is_an_error(tmp_path: Path, line: str, kind: str) -> None:
    found = check(tmp_path, f"{HEAD}P1,60,M\n{line}\n")
    assert (3, kind) in [(number, name) for number, _, name in kinds(found, "error")]
    assert found.table is None


@pytest.mark.parametrize(
    "label",
    ["P2", "STS_002", "2", "A-17.b", "M\u00fcnchen-01", "TCGA-DX-A3U7", "0012E3", "E12", "Smith01", "P 2"],
)
def test_a_label_is_one(tmp_path: Path, label: str) -> None:
    found = check(tmp_path, f"{HEAD}P1,60,M\n{label},59,F\n")
    assert [row.subject for row in found.patients.rows] == ["P1", label]
    assert kinds(found, "error") == []
    assert bool(kinds(found, "warning")) is (" " in label)


def test_the_longest_label_and_the_shortest_sentence(tmp_path: Path) -> None:
    for words, is_one in ((4, True), (5, False)):
        found = check(tmp_path, f"{HEAD}{' '.join('a1' * 1 for _ in range(words))},59,F\n")
        assert (kinds(found, "error") == []) is is_one
    for letters, is_one in ((64, True), (65, False)):
        found = check(tmp_path, f"{HEAD}{'a1' * (letters // 2)}{'b' * (letters % 2)},59,F\n")
        assert (kinds(found, "error") == []) is is_one


def sheet(tmp_path: Path, *rows: tuple[object, ...]) -> CheckedTable:
    book = Workbook()
    for row in (("ID", "Age", "Sex"), ("P1", 60, "M"), *rows):
        book.worksheets[0].append(row)
    stream = io.BytesIO()
    book.save(stream)
    return check(tmp_path, stream.getvalue())


def test_in_a_workbook_notes_below_a_blank_line_are_left_out_and_told(tmp_path: Path) -> None:
    found = sheet(tmp_path, (None,), ("NOTES",), ("Age: at diagnosis",), (None,), ("Mean", 60))
    assert [row.subject for row in found.patients.rows] == ["P1"]
    assert kinds(found) == []
    assert [one[0] for one in kinds(found, "note") if one[2] in ("footnote", "summary line")] == [4, 5, 7]


def test_in_a_workbook_without_a_blank_line_they_are_errors(tmp_path: Path) -> None:
    found = sheet(tmp_path, ("Age: at diagnosis",), ("P2", 61, "F"))
    assert kinds(found) == [(3, "ID", "footnote")]


def test_a_patient_after_a_blank_line_ends_the_notes(tmp_path: Path) -> None:
    found = sheet(tmp_path, (None,), ("P2", 61, "F"), ("a note",))
    assert [row.subject for row in found.patients.rows] == ["P1", "P2"]
    assert kinds(found) == [(5, "ID", "footnote")]


def test_labels_in_another_script_are_no_doubles(tmp_path: Path) -> None:
    assert kinds(check(tmp_path, f"{HEAD}\u04111,60,M\n\u04121,59,F\n"), "error") == []


@pytest.mark.parametrize(
    ("column", "cell", "kind"),
    [
        ("session", "MR Mueller Anna 1957-03-02", "no label"),
        ("session", "P1_MR", ""),
        ("centre", "St. Mary's, oncology", ""),
        ("centre", "Mueller *1957", "no centre"),
        ("centre", "a" * 40, ""),
        ("centre", "a" * 41, "no centre"),
    ],
)
def test_neither_a_session_nor_a_centre_tells_who_it_is(
    tmp_path: Path, column: str, cell: str, kind: str
) -> None:
    found = check(tmp_path, f'ID,Age,Sex,{column}\nP1,60,M,"{cell}"\n')
    assert [one[2] for one in kinds(found, "error")] == ([kind] if kind else [])


def sheets(tmp_path: Path, *states: str) -> CheckedTable:
    """A workbook with a sheet of one patient for each state."""
    book = Workbook()
    for number, state in enumerate(states):
        one = book.worksheets[0] if not number else book.create_sheet()
        one.append(["ID", "Age", "Sex"])
        one.append([f"P{number}", 60, "M"])
        one.sheet_state = state
    stream = io.BytesIO()
    book.save(stream)
    return check(tmp_path, stream.getvalue())


def test_a_sheet_that_is_shown_counts_before_one_that_is_not(tmp_path: Path) -> None:
    found = sheets(tmp_path, "veryHidden", "visible")
    assert [row.subject for row in found.patients.rows] == ["P1"]
    assert kinds(found) == [(0, "", "hidden sheet")]


def test_two_sheets_with_patients_are_an_error(tmp_path: Path) -> None:
    assert kinds(sheets(tmp_path, "visible", "visible")) == [(0, "", "several sheets")]


def test_a_number_for_a_date_is_an_error_where_days_are_counted_from_1904(tmp_path: Path) -> None:
    for epoch, severity in ((CALENDAR_WINDOWS_1900, "warning"), (CALENDAR_MAC_1904, "error")):
        book = Workbook()
        book.epoch = epoch
        book.worksheets[0].append(["ID", "Age", "Sex", "surgery_date"])
        book.worksheets[0].append(["P1", 60, "M", 40179])
        stream = io.BytesIO()
        book.save(stream)
        found = check(tmp_path, stream.getvalue())
        assert [one.severity for one in found.findings if one.kind == "date as number"] == [severity]


def test_a_number_as_label_has_no_point(tmp_path: Path) -> None:
    assert [row.subject for row in sheet(tmp_path, (17, 61, "F")).patients.rows] == ["P1", "17"]


def test_a_table_of_errors_alone_has_no_patient(tmp_path: Path) -> None:
    assert "no patient" in [kind for _, _, kind in kinds(check(tmp_path, HEAD), "error")]
