"""The same for workbooks, and for real tables: what people keep, and what a careless export makes of it."""

import datetime as dt
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

pytest.importorskip("openpyxl", reason="workbooks: pip install 'sarcoma[site]' to run it")

from openpyxl import Workbook

from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.clinical.checking import CheckedTable, check_file
from sarcoma_core.prognosis.clinical.how_to_read import HowToRead
from tests.prognosis.planted import (
    ALIVE,
    DEAD,
    HEADER,
    PATIENTS,
    TODAY,
    clean_grid,
    row_at,
    value_of,
)

HOW = HowToRead(today=TODAY)
LAST_LINE = PATIENTS + 1
STS, GDC = "INFOclinical_STS_dev26.xlsx", "gdc_tcga_sarc_clinical_dev131.tsv"
NUMBERS = ("age_years", "size_cm", "volume_cm3", "grade", "death", "overall_survival_days")
TRIALS = (
    *NUMBERS,
    "distant_metastasis",
    "distant_metastasis_days",
    "local_recurrence",
    "local_recurrence_days",
)


def day(year: int, month: int, number: int) -> dt.datetime:
    """A date as a workbook gives it, which knows no time zones."""
    return dt.datetime.combine(dt.date(year, month, number), dt.time())


def letter(column: str) -> int:
    """Its number in the sheet."""
    return HEADER.index(column) + 1


def clean_book() -> Workbook:
    """The clean table as Excel keeps it: numbers are numbers, and dates are dates."""
    book = Workbook()
    book.active.append(HEADER)
    for row in clean_grid().rows:
        book.active.append([_typed(column, text) for column, text in zip(HEADER, row, strict=True)])
    return book


def _typed(column: str, text: str) -> object:
    if not text:
        return None
    if column == "surgery_date":
        return dt.datetime.fromisoformat(text)
    if column in TRIALS and text != "90+":
        return float(text) if "." in text else int(text)
    return text


def of_book(folder: Path, book: Workbook, how: HowToRead = HOW) -> CheckedTable:
    path = folder / "table.xlsx"
    book.save(path)
    return check_file(path, how)


def subjects(table: CheckedTable) -> list[str]:
    return [row.subject for row in table.patients.rows]


def clean_subjects() -> list[str]:
    grid = clean_grid()
    return [grid.at(line, "subject") for line in range(2, LAST_LINE + 1)]


def alarms(table: CheckedTable) -> list[object]:
    return [one for one in table.findings if one.severity != "note"]


def test_a_clean_workbook_raises_no_alarm_and_holds_what_the_text_file_holds(tmp_path: Path) -> None:
    found = of_book(tmp_path, clean_book())
    assert alarms(found) == []
    assert found.table is not None
    assert found.table == check_file(clean_grid().write(tmp_path / "table.csv"), HOW).table


def test_a_title_above_and_notes_below_are_told_and_are_no_patients(tmp_path: Path) -> None:
    book = clean_book()
    book.active.insert_rows(1, 2)
    book.active["A1"] = "Soft tissue sarcomas, state of May"
    for line in ("NOTES", "Grade: of the biopsy", "n/a: not available"):
        book.active.append([None, line] if line.startswith("Grade") else [line])
    book.active.insert_rows(LAST_LINE + 3)
    found = of_book(tmp_path, book)
    assert found.table is not None
    assert subjects(found) == clean_subjects()
    assert [row.line for row in found.patients.rows] == list(range(4, LAST_LINE + 3))
    told = {one.line for one in found.findings}
    assert {1, LAST_LINE + 4, LAST_LINE + 5, LAST_LINE + 6} <= told


def test_notes_right_below_the_patients_are_no_patients(tmp_path: Path) -> None:
    book = clean_book()
    book.active.cell(LAST_LINE + 1, letter("subject"), "* grade of the biopsy, not of the piece")
    found = of_book(tmp_path, book)
    assert LAST_LINE + 1 in {one.line for one in found.findings}
    assert subjects(found) == clean_subjects()


def test_patients_below_a_blank_row_are_not_lost(tmp_path: Path) -> None:
    book = clean_book()
    book.active.insert_rows(ALIVE)
    found = of_book(tmp_path, book)
    assert subjects(found) == clean_subjects()


def test_a_hidden_row_is_told(tmp_path: Path) -> None:
    book = clean_book()
    book.active.row_dimensions[ALIVE].hidden = True
    assert ALIVE in {one.line for one in alarms(of_book(tmp_path, book))}


def test_a_hidden_column_is_told(tmp_path: Path) -> None:
    book = clean_book()
    book.active.column_dimensions[book.active.cell(1, letter("grade")).column_letter].hidden = True
    told = {(one.line, one.column) for one in of_book(tmp_path, book).findings}
    assert {(0, "grade"), (1, "grade")} & told


@pytest.mark.parametrize("state", ["visible", "hidden"])
def test_another_sheet_is_told(tmp_path: Path, state: str) -> None:
    book = clean_book()
    other = book.create_sheet("Second centre")
    other.sheet_state = state
    other.append(HEADER)
    other.append(["SC_1" if column == "subject" else None for column in HEADER])
    alone, both = of_book(tmp_path, clean_book()), of_book(tmp_path, book)
    assert subjects(both) == clean_subjects()
    assert len(both.findings) == len(alone.findings) + 1


def test_a_first_sheet_without_patients_is_passed_over_and_told(tmp_path: Path) -> None:
    book = clean_book()
    book.create_sheet("Legend", 0)["A1"] = "grade: of the biopsy"
    found = of_book(tmp_path, book)
    assert subjects(found) == clean_subjects()
    assert len(found.findings) > len(of_book(tmp_path, clean_book()).findings)


CELLS: dict[str, tuple[str, Any, tuple[object, ...]]] = {
    "a formula that no program worked out": ("overall_survival_days", "=1000+500", ()),
    "a formula for an event": ("death", "=IF(TRUE,1,0)", ()),
    "a formula for an id": ("subject", '="STS_"&11', ()),
    "a date that was 8.3": ("size_cm", day(2024, 3, 8), ()),
    "a date for days": ("overall_survival_days", day(2014, 5, 3), ()),
    "a date for a grade": ("grade", day(2024, 3, 2), ()),
    "a date for an id": ("subject", day(2024, 3, 4), ()),
    "a time of day": ("size_cm", dt.time(8, 30), ()),
    "a span of time": ("overall_survival_days", dt.timedelta(days=3), ()),
    "truth for a number": ("size_cm", True, ()),
    "truth for an age": ("age_years", True, ()),
    "truth for a grade": ("grade", True, ()),
    "a broken reference": ("age_years", "#REF!", ()),
    "a division by zero for an event": ("death", "#DIV/0!", ()),
    "a serial number for a date": ("surgery_date", 40262, (dt.date(2010, 3, 25), None)),
    "a date as text, day or month first": ("surgery_date", "03/04/2014", ()),
    "a date of the year 1900": ("surgery_date", day(1900, 1, 1), (dt.date(1900, 1, 1), None)),
    "a date after today": ("surgery_date", day(2031, 1, 1), ()),
    "millimetres told": ("size_cm", "80 mm", (8.0, None)),
    "a half grade": ("grade", 2.5, ()),
    "a half event": ("death", 0.5, ()),
    "a negative event": ("death", -1, ()),
    "a negative time": ("overall_survival_days", -3, ()),
    "a broken decimal of an id": ("subject", 11.5, ()),
}


@pytest.mark.parametrize("kind", CELLS)
def test_a_cell_that_is_no_such_value_is_told(tmp_path: Path, kind: str) -> None:
    column, value, reads = CELLS[kind]
    book = clean_book()
    cell = book.active.cell(ALIVE, letter(column), value)
    if isinstance(value, int):
        cell.number_format = "General"  # else the program shows it as the date that stood there
    found = of_book(tmp_path, book)
    there = [one for one in found.findings if (one.line, one.column) == (ALIVE, column)]
    assert there if reads else [one for one in there if one.severity == "error"]
    row = row_at(found.patients, ALIVE)
    if found.table is not None:
        assert row is not None
        assert value_of(row, column) in reads


def test_truth_is_an_event(tmp_path: Path) -> None:
    book = clean_book()
    book.active.cell(DEAD, letter("death"), value=True)
    row = row_at(of_book(tmp_path, book).patients, DEAD)
    assert row is not None
    assert row.events["death"] is True


def test_numbers_as_text_are_numbers(tmp_path: Path) -> None:
    book = clean_book()
    for column, text in {"age_years": "61", "size_cm": "8", "grade": "3", "death": "0"}.items():
        book.active.cell(ALIVE, letter(column), text)
    assert of_book(tmp_path, book).table == of_book(tmp_path, clean_book()).table


@pytest.mark.parametrize("kind", [int, float])
def test_ids_that_are_numbers_are_those_numbers(tmp_path: Path, kind: type[float]) -> None:
    book = clean_book()
    for line in range(2, LAST_LINE + 1):
        book.active.cell(line, letter("subject"), kind(1000 + line))
    found = of_book(tmp_path, book)
    assert found.table is not None
    assert subjects(found) == [str(1000 + line) for line in range(2, LAST_LINE + 1)]


def test_ids_whose_zeros_are_those_of_a_format_are_told(tmp_path: Path) -> None:
    """Excel shows 0012 and keeps 12: XNAT has the one that people saw."""
    book = clean_book()
    for line in range(2, LAST_LINE + 1):
        book.active.cell(line, letter("subject"), line).number_format = "0000"
    found = of_book(tmp_path, book)
    shown = [f"{line:04}" for line in range(2, LAST_LINE + 1)]
    assert subjects(found) == shown or [one for one in found.findings if one.column == "subject"]


def test_cells_that_were_merged_are_told_where_the_value_is_lost(tmp_path: Path) -> None:
    book = clean_book()
    place = book.active.cell(1, letter("grade")).column_letter
    book.active.merge_cells(f"{place}{ALIVE}:{place}{ALIVE + 2}")
    found = of_book(tmp_path, book)
    assert {ALIVE + 1, ALIVE + 2} <= {one.line for one in found.findings if one.column in ("grade", "")}


def test_a_subject_in_two_rows_is_refused(tmp_path: Path) -> None:
    book = clean_book()
    book.active.cell(DEAD, letter("subject"), book.active.cell(ALIVE, letter("subject")).value)
    found = of_book(tmp_path, book)
    assert found.table is None
    assert DEAD in {one.line for one in found.findings if one.severity == "error"}


def test_an_empty_workbook_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        of_book(tmp_path, Workbook())


# Real tables. What is asserted was counted by eye in the workbook, and by pandas in the export.

FOOTNOTES = (*range(30, 37), 38)
PLACEHOLDERS = (3, 4, 5, 6, 9, 11, 12, 14, 16, 17, 20, 25, 26, 27)
DEATHS = ("001", "007", "009", "012", "014", "017", "018", "023")
SPREAD = {"001": 266, "006": 198, "007": 251, "009": 101, "012": 235, "014": 157, "017": 525, "018": 96} | {
    "021": 731,
    "022": 357,
    "023": 98,
}
RECURRED = ("020",)
DOUBTED = (8, 17, 27)


@pytest.fixture(name="tables")
def _tables(data: Path) -> Path:
    return data / "tables"


@cache
def real(path: Path) -> CheckedTable:
    return check_file(path, HOW)


def lines_of(table: CheckedTable, column: str) -> set[int]:
    return {one.line for one in table.findings if one.column == column and one.line > 1}


def test_the_workbook_of_sarcomas_has_26_patients(tables: Path) -> None:
    found = real(tables / STS)
    assert subjects(found) == [f"STS_{number:03}" for number in (*range(1, 26), 42)]
    assert [row.line for row in found.patients.rows] == list(range(2, 28))
    assert found.patients.time_zero == "diagnosis"


def test_every_oddity_of_it_is_listed(tables: Path) -> None:
    found = real(tables / STS)
    assert set(FOOTNOTES) <= {one.line for one in found.findings}
    assert lines_of(found, "Outcome (recurrence, mets)") >= set(PLACEHOLDERS)
    assert lines_of(found, "Time \u2013 diagnosis to outcome (days)") >= set(PLACEHOLDERS)
    assert lines_of(found, "Histological type") >= set(DOUBTED)
    aside = {one.column for one in found.findings if one.line == 1}
    assert {"MSKCC type", "Treatment", "Time \u2013 diagnosis to MRI scan (days)"} < aside
    assert "Time \u2013 MRI scan to PET scan (days)" in aside
    assert [one for one in found.findings if one.kind == "sheet not read"]


def test_a_regional_recurrence_is_no_local_one_unless_it_is_told(tables: Path) -> None:
    assert 21 in lines_of(real(tables / STS), "Outcome (recurrence, mets)")


def test_a_grade_that_nobody_calls_fnclcc_is_told(tables: Path) -> None:
    assert [one for one in real(tables / STS).findings if one.column == "Grade"]


def test_what_happened_to_them_is_what_the_sheet_says(tables: Path) -> None:
    rows = {row.subject[-3:]: row for row in real(tables / STS).patients.rows}
    assert tuple(one for one, row in rows.items() if row.events["death"]) == DEATHS
    spread = {
        one: row.days["distant_metastasis_days"]
        for one, row in rows.items()
        if row.events["distant_metastasis"]
    }
    assert spread == SPREAD
    assert tuple(one for one, row in rows.items() if row.events["local_recurrence"]) == RECURRED
    sheet = pd.read_excel(tables / STS)
    last = sheet["Time \u2013 diagnosis to last follow-up (days)"].dropna()
    assert [row.days["overall_survival_days"] for row in rows.values()] == list(last)
    assert [row.values["age_years"] for row in rows.values()] == list(sheet["Age"].dropna())


@pytest.mark.parametrize("blank", ["kept", "dropped"])
def test_a_careless_export_in_which_footnotes_are_patients_is_refused(
    tables: Path, tmp_path: Path, blank: str
) -> None:
    sheet = pd.read_excel(tables / STS)
    if blank == "dropped":
        sheet = sheet.dropna(how="all")
    path = tmp_path / "naive.csv"
    sheet.to_csv(path, index=False)
    found = check_file(path, HOW)
    lines = {one.line for one in found.findings if one.severity == "error"}
    assert found.table is None
    assert lines >= (set(FOOTNOTES) if blank == "kept" else set(range(28, 36)))
    assert not lines & set(range(2, 28))


def test_the_export_of_the_genomic_data_commons_has_131_patients(tables: Path) -> None:
    found = real(tables / GDC)
    lines = pd.read_csv(tables / GDC, sep="\t", dtype=str)
    assert found.table is not None
    assert subjects(found) == list(lines["cases.submitter_id"].drop_duplicates())
    assert len(found.table.rows) == 131
    assert found.table.time_zero == "diagnosis"


def test_they_died_or_were_last_seen_when_pandas_says(tables: Path) -> None:
    lines = pd.read_csv(tables / GDC, sep="\t", dtype=str, na_values="'--")
    seen = pd.to_numeric(lines["diagnoses.days_to_last_follow_up"]).groupby(lines["cases.submitter_id"]).max()
    first = lines.drop_duplicates("cases.submitter_id").set_index("cases.submitter_id")
    for row in real(tables / GDC).patients.rows:
        one = first.loc[row.subject]
        dead = one["demographic.vital_status"] == "Dead"
        assert row.events["death"] == dead
        days = float(one["demographic.days_to_death"]) if dead else seen[row.subject]
        assert row.days.get("overall_survival_days", float("nan")) == pytest.approx(days, nan_ok=True)
        assert row.values["sex"] == one["demographic.gender"][0].upper()
        assert row.values.get("age_years", float("nan")) == pytest.approx(
            float(one["demographic.age_at_index"]), nan_ok=True
        )


def test_their_first_metastasis_and_recurrence_are_the_earliest_of_their_lines(tables: Path) -> None:
    lines = pd.read_csv(tables / GDC, sep="\t", dtype=str, na_values="'--")
    day = pd.to_numeric(lines["diagnoses.days_to_diagnosis"])
    kind = lines["diagnoses.classification_of_tumor"]
    for name, event in {"metastasis": "distant_metastasis", "recurrence": "local_recurrence"}.items():
        true = day[kind == name].groupby(lines["cases.submitter_id"]).agg(["min", "count", "size"])
        sure = true[(true["count"] == true["size"]) & (true["min"] > 0)]
        rows = {row.subject: row for row in real(tables / GDC).patients.rows}
        for subject, days in sure["min"].items():
            assert rows[str(subject)].events[event]
            assert rows[str(subject)].days[f"{event}_days"] == days


def test_a_workbook_and_its_table_as_text_are_the_same_patients(tables: Path, tmp_path: Path) -> None:
    """What stands above the blank rows, exported by itself."""
    path = tmp_path / "patients.csv"
    pd.read_excel(tables / STS).iloc[:26].to_csv(path, index=False)
    assert check_file(path, HOW).patients == real(tables / STS).patients
