"""`sarcoma clinical check` and `template`: what is shown, what it ends with, and that no value is printed."""

import csv
import io
import json
from pathlib import Path

import openpyxl
import pytest

from sarcoma_core.cli import main
from sarcoma_core.phantom.clinical_rows import clinical_rows, write_clinical_rows
from sarcoma_core.prognosis.clinical.checking import check_file
from sarcoma_core.prognosis.clinical.table import COLUMNS

Said = pytest.CaptureFixture[str]

MESSY = """subject,Age,Sex,Typ,OS (months),Status
P1,59,F,Angiosarkom,12,alive
P2,--,F,ups,24,dead
P3,"60,5",M,Angiosarkom,7,alive
"""
READ = ("--word", "diagnosis:Angiosarkom=angiosarcoma", "--column", "diagnosis=Typ")


@pytest.fixture
def messy(tmp_path: Path) -> Path:
    path = tmp_path / "my table.csv"
    path.write_text(MESSY)
    return path


def test_findings_are_grouped_and_end_with_what_to_do(messy: Path, capsys: Said) -> None:
    assert main(["clinical", "check", str(messy), "--column", "diagnosis=Typ"]) == 1
    told = capsys.readouterr().out
    assert "error\tunknown word\tTyp\t2, 4\t" in told
    assert "warning\tplaceholder\tAge\t3\t" in told
    assert "warning\tdecimal comma\tAge\t4\t" in told
    assert "age_years\tbefore surgery\t2\t1 (33%)" in told
    assert "overall_survival\t3\t1\t0" in told
    assert "3 patients, times from surgery: 2 errors of 1 kind, 2 warnings, 2 notes" in told
    assert told.splitlines()[-1].startswith("Mend the errors")


def test_a_table_without_errors_ends_with_the_command_that_pushes_it(messy: Path, capsys: Said) -> None:
    assert main(["clinical", "check", str(messy), *READ]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(f"next: sarcoma clinical push '{messy}' --project PROJECT --column=diagnosis=Typ")
    assert "diagnosis:Angiosarkom=angiosarcoma" in last


@pytest.mark.parametrize("output", ["table", "json", "csv"])
def test_no_value_of_a_patient_is_printed(messy: Path, capsys: Said, output: str) -> None:
    main(["clinical", "check", str(messy), "--column", "diagnosis=Typ", "-o", output])
    said = "".join(capsys.readouterr())
    for value in ("Angiosarkom", "60,5", "60.5", "P2"):
        assert value not in said


def test_json_and_csv_have_every_finding(messy: Path, capsys: Said) -> None:
    expected = len(check_file(messy).findings)
    assert main(["clinical", "check", str(messy), "-o", "json"]) == 0  # Typ is no column then
    tree = json.loads(capsys.readouterr().out)
    assert (tree["patients"], tree["usable"], len(tree["findings"])) == (3, True, expected)
    assert main(["clinical", "check", str(messy), "-o", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["kind"] for row in rows] == [one["kind"] for one in tree["findings"]]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "found neither"),
        (["TABLE", "--project", "P"], "found both"),
        (["TABLE", "--column", "age_years"], "--column: must be NAME=HEADING"),
        (["TABLE", "--word", "sex=F"], "--word: must be NAME:WORD=MEANING"),
        (["TABLE", "--unit", "size_cm="], "--unit: must be NAME=UNIT"),
        (["TABLE", "--sheet", "One"], "--sheet: must be left out for a CSV file"),
    ],
)
def test_wrong_usage_is_told(messy: Path, capsys: Said, words: list[str], told: str) -> None:
    given = [str(messy) if word == "TABLE" else word for word in words]
    assert main(["clinical", "check", *given]) == 2
    assert told in capsys.readouterr().err


def test_the_columns_are_explained(capsys: Said) -> None:
    assert main(["clinical", "template"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[0] for line in lines[1:]] == list(COLUMNS)
    assert all(line.split("\t")[-1] for line in lines)


@pytest.mark.parametrize("name", ["new.csv", "new.xlsx"])
def test_a_template_that_is_filled_in_is_a_table_without_findings(
    tmp_path: Path, capsys: Said, name: str
) -> None:
    path = tmp_path / name
    assert main(["clinical", "template", str(path)]) == 0
    assert f"sarcoma clinical check {path}" in capsys.readouterr().out
    rows = clinical_rows(range(12))
    filled = tmp_path / "filled.csv"
    write_clinical_rows(filled, rows)
    lines = list(csv.DictReader(io.StringIO(filled.read_text())))
    if path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path)
        sheet = book.worksheets[0]
        heads = [cell.value for cell in sheet[1]]
        for line in lines:
            sheet.append([line.get(str(head)) or None for head in heads])
        book.save(path)
    else:
        heads = path.read_text().strip().split(",")
        with path.open("a", newline="") as stream:
            csv.DictWriter(stream, heads, restval="").writerows(lines)
    assert heads == list(COLUMNS)
    found = check_file(path)
    assert [one for one in found.findings if one.severity != "note"] == []
    assert len(found.patients.rows) == 12


def test_a_template_replaces_no_file(tmp_path: Path, capsys: Said) -> None:
    path = tmp_path / "there.csv"
    path.write_text("mine")
    assert main(["clinical", "template", str(path)]) == 1
    assert "must not be there yet" in capsys.readouterr().err
    assert path.read_text() == "mine"
    assert main(["clinical", "template", str(tmp_path / "there.ods")]) == 2
