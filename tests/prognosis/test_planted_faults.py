"""Faults of clinical tables, planted one at a time: each is told where it stands, and none is read amiss."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from sarcoma_core.archive.folder import natural
from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.clinical.checking import CheckedTable, check_file
from sarcoma_core.prognosis.clinical.findings import TableFinding
from sarcoma_core.prognosis.clinical.how_to_read import HowToRead
from sarcoma_core.prognosis.clinical.table import head_text, read_clinical, table_text
from tests.prognosis.planted import (
    ALIVE,
    DEAD,
    HEADER,
    PATIENTS,
    REMARKS,
    TODAY,
    Fault,
    Grid,
    clean_grid,
    row_at,
    value_of,
)
from tests.prognosis.planted_kinds import COLUMNS_WIDE, FAULTS

HOW = HowToRead(today=TODAY)
LAST_LINE = PATIENTS + 1
MINIMUM = 40

of_each_fault = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)


def checked(path: Path) -> CheckedTable:
    return check_file(path, HOW)


def of_text(folder: Path, text: str, encoding: str = "utf-8") -> CheckedTable:
    path = folder / "table.csv"
    path.write_bytes(text.encode(encoding))
    return checked(path)


def grave(findings: tuple[TableFinding, ...]) -> list[TableFinding]:
    return [one for one in findings if one.severity != "note"]


def subjects(table: CheckedTable) -> list[str]:
    return [row.subject for row in table.patients.rows]


def clean_subjects() -> list[str]:
    grid = clean_grid()
    return [grid.at(line, "subject") for line in range(2, LAST_LINE + 1)]


def test_there_are_faults_enough_of_different_kinds() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) > MINIMUM


# The clean table.


def test_a_clean_table_with_odd_values_raises_no_alarm(tmp_path: Path) -> None:
    found = checked(clean_grid().write(tmp_path / "table.csv"))
    assert grave(found.findings) == []
    assert found.table is not None
    assert subjects(found) == clean_subjects()


def test_the_values_of_a_clean_table_are_those_of_its_cells(tmp_path: Path) -> None:
    grid = clean_grid()
    table = checked(grid.write(tmp_path / "table.csv")).table
    assert table is not None
    odd = {"90+": "90"}
    for row in table.rows:
        for column in HEADER[:-2]:
            text, value = grid.at(row.line, column), value_of(row, column)
            text = odd.get(text, text)
            if isinstance(value, float | bool):
                assert float(text) == value, (row.line, column)
            else:
                assert text == ("" if value is None else str(value)), (row.line, column)


def test_it_is_the_same_table_with_commas_and_without_a_mark_in_front(tmp_path: Path) -> None:
    plain = of_text(tmp_path, clean_grid().text(",", "\n"))
    assert grave(plain.findings) == []
    assert plain.patients == checked(clean_grid().write(tmp_path / "other.csv")).patients


@pytest.mark.parametrize(("separator", "encoding"), [("\t", "utf-8"), ("\t", "utf-16"), (";", "utf-16")])
def test_a_unicode_text_of_excel_is_read_or_refused(tmp_path: Path, separator: str, encoding: str) -> None:
    try:
        found = of_text(tmp_path, clean_grid().text(separator), encoding)
    except InputError:
        assert encoding == "utf-16"
        return
    assert grave(found.findings) == []
    assert subjects(found) == clean_subjects()


def test_a_label_with_an_accent_is_kept_or_refused_and_never_changed_unseen(tmp_path: Path) -> None:
    grid = clean_grid()
    grid.put(ALIVE, "subject", "MÜN_011")
    found = checked(grid.write(tmp_path / "table.csv"))
    told = [one for one in grave(found.findings) if one.line == ALIVE]
    assert told or "MÜN_011" in subjects(found)


def test_blanks_around_an_id_are_none_of_it(tmp_path: Path) -> None:
    grid = clean_grid()
    grid.put(ALIVE, "subject", "\u00a0STS_011 ")
    found = checked(grid.write(tmp_path / "table.csv"))
    assert (found.table is not None, subjects(found)) == (True, clean_subjects())


def test_letters_of_another_code_page_are_refused_told_or_read(tmp_path: Path) -> None:
    try:
        found = of_text(tmp_path, clean_grid().text(), "cp1252")
    except InputError:
        return
    assert grave(found.findings) or found.patients.rows[0].centre == "Hôpital Édouard-Herriot"


def test_decimal_commas_in_a_whole_file_are_decimal_points(tmp_path: Path) -> None:
    grid = clean_grid()
    for column in ("size_cm", "volume_cm3", "overall_survival_days"):
        grid.each(column, lambda text: text.replace(".", ","))
    found = of_text(tmp_path, grid.text())
    clean = checked(clean_grid().write(tmp_path / "other.csv"))
    assert found.table == clean.table


def test_blank_lines_lose_no_patient_and_make_none(tmp_path: Path) -> None:
    grid = clean_grid()
    empty = [""] * len(HEADER)
    grid.rows[ALIVE - 2 : ALIVE - 2] = [empty]
    grid.rows += [empty, empty]
    found = of_text(tmp_path, grid.text() + "\r\n\r\n")
    assert subjects(found) == clean_subjects()
    assert [one for one in found.findings if one.severity == "error"] == []


def test_a_line_is_counted_as_an_editor_counts_it(tmp_path: Path) -> None:
    grid = clean_grid()
    grid.put(ALIVE, REMARKS, "two\r\nlines")
    grid.put(DEAD, "age_years", "159")
    found = of_text(tmp_path, grid.text())
    assert [(one.line, one.column) for one in found.findings if one.severity == "error"] == [
        (DEAD + 1, "age_years")
    ]


# The faults.


@cache
def heard(fault: Fault) -> CheckedTable | None:
    """What is said of it; None where the file is refused whole, for which one cell is no reason."""
    with TemporaryDirectory() as folder:
        try:
            return checked(fault.write(Path(folder) / "table.csv"))
        except InputError:
            assert not fault.text, "one cell is no reason to refuse a file without saying where"
            return None


@cache
def of_the_clean_table() -> tuple[TableFinding, ...]:
    """What is said without any fault, which is no word about one."""
    with TemporaryDirectory() as folder:
        return checked(clean_grid().write(Path(folder) / "table.csv")).findings


@of_each_fault
def test_it_is_told_where_it_stands(fault: Fault) -> None:
    found = heard(fault)
    if found is None:
        return
    lines = {fault.line, 0} if fault.summed else {fault.line}
    there = [
        one
        for one in found.findings
        if one not in of_the_clean_table()
        and (not fault.line or one.line in lines)
        and (not fault.column or one.column == fault.column)
    ]
    assert [one for one in there if fault.heard(one.severity)], f"no {fault.must}: {there}"


@of_each_fault
def test_what_has_an_error_is_no_table(fault: Fault) -> None:
    found = heard(fault)
    if found is not None and fault.must == "error":
        assert found.table is None


@of_each_fault
def test_it_is_not_read_amiss(fault: Fault) -> None:
    found = heard(fault)
    if found is None or found.table is None:
        return
    lost = set(clean_subjects()) - set(subjects(found))
    more = set(subjects(found)) - set(clean_subjects())
    if fault.column != "subject" and fault.line <= LAST_LINE:
        assert (lost, more) == (set(), set())
    if not fault.reads:
        return
    row = row_at(found.table, fault.line)
    assert row is not None, "the patient is lost"
    value = value_of(row, fault.column or "subject")
    if isinstance(value, float):
        assert value == pytest.approx(
            next((x for x in fault.reads if x == pytest.approx(value, rel=2e-3)), None)
        )
    else:
        assert value in fault.reads


@of_each_fault
def test_what_is_no_error_survives_being_written_and_read(fault: Fault) -> None:
    found = heard(fault)
    if found is None or found.table is None:
        return
    table, head = table_text(found.table), head_text(found.table, found.source_sha256)
    again = read_clinical(table.encode(), head.encode())
    by_label = sorted(found.table.rows, key=lambda row: natural(row.subject))
    rows = zip(by_label, range(2, 2 + len(by_label)), strict=True)
    assert again == replace(found.table, rows=tuple(replace(row, line=line) for row, line in rows))


@of_each_fault
def test_no_other_patient_is_blamed_for_it(fault: Fault) -> None:
    found = heard(fault)
    if found is None or fault in COLUMNS_WIDE or not fault.line:
        return
    innocent = set(range(2, LAST_LINE + 2)) - {fault.line, *fault.also}
    assert [one for one in grave(found.findings) if one.line in innocent] == []


@of_each_fault
def test_no_message_holds_what_was_planted(fault: Fault) -> None:
    planted = fault.text.strip()
    if len(planted) <= 3:  # shorter ones stand in words by chance
        return
    found = heard(fault)
    said = [f"{one.kind} {one.message} {one.column}" for one in found.findings] if found else []
    assert [one for one in said if planted in one] == []


def test_a_table_without_headings_is_refused_and_tells_no_patient(tmp_path: Path) -> None:
    grid = clean_grid()
    grid.header = grid.rows.pop(0)
    told = ""
    try:
        found = of_text(tmp_path, grid.text())
        assert found.table is None
        told = " ".join(f"{one.message} {one.column}" for one in found.findings)
    except InputError as error:
        told = str(error)
    for secret in ("STS_001", "Herriot", "lower limb", grid.header[HEADER.index("surgery_date")]):
        assert secret not in told


def test_a_table_on_its_side_is_refused(tmp_path: Path) -> None:
    grid = clean_grid()
    turned = [list(cells) for cells in zip(grid.header, *grid.rows, strict=True)]
    try:
        found = of_text(tmp_path, Grid(turned[0], turned[1:]).text())
    except InputError:
        return
    assert found.table is None


@pytest.mark.parametrize(
    "text", ["", "\n\n", "subject;age_years\n", "\0\0\0"], ids=["empty", "blank", "head", "nul"]
)
def test_a_file_without_patients_is_refused(tmp_path: Path, text: str) -> None:
    try:
        found = of_text(tmp_path, text)
    except InputError:
        return
    assert found.table is None


def test_headings_in_other_units_are_converted(tmp_path: Path) -> None:
    clean = checked(clean_grid().write(tmp_path / "other.csv")).patients
    grid = clean_grid()
    grid.rename("size_cm", "size_mm")
    grid.each("size_mm", lambda text: f"{float(text) * 10:g}")
    grid.rename("overall_survival_days", "overall_survival_months")
    grid.each("overall_survival_months", lambda text: f"{float(text) / (365.25 / 12):.6f}")
    found = of_text(tmp_path, grid.text()).table
    assert found is not None
    for row, true in zip(found.rows, clean.rows, strict=True):
        assert row.values["size_cm"] == pytest.approx(true.values["size_cm"])
        name = "overall_survival_days"
        assert row.days[name] == pytest.approx(true.days[name], rel=2e-3, abs=0.01)


def test_dates_of_one_order_are_read_where_one_of_them_shows_it(tmp_path: Path) -> None:
    grid = clean_grid()
    grid.each("surgery_date", lambda text: "/".join(text.split("-")[::-1]))
    found = of_text(tmp_path, grid.text())
    clean = checked(clean_grid().write(tmp_path / "other.csv")).patients
    if found.table is not None:
        assert [row.date for row in found.table.rows] == [row.date for row in clean.rows]
        assert [one for one in found.findings if one.column == "surgery_date"]


def test_a_fault_of_each_line_is_told_of_each(tmp_path: Path) -> None:
    grid = clean_grid()
    grid.each("age_years", lambda _: "159")
    found = of_text(tmp_path, grid.text())
    lines = {one.line for one in found.findings if one.severity == "error" and one.column == "age_years"}
    assert lines == set(range(2, LAST_LINE + 1))
