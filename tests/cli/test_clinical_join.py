"""`sarcoma clinical join`: row by row with key and reason, the flow, the warnings; nothing is written."""

import argparse
import csv
import io
import json
import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest

from sarcoma_core.archive.store import Archive
from sarcoma_core.cli import clinical_join
from sarcoma_core.cli.main import main, parser
from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.launch.step_settings import settings_of
from sarcoma_core.prognosis.clinical.table import ClinicalRow
from tests.archive.filed import put, served
from tests.laws import outputs
from tests.prognosis.made_sessions import before, dated, header, push, row

DEAD = {"events": {"death": True}, "days": {"overall_survival_days": 400.0}}
GOOD = (row("S1", sex="F", **DEAD), row("S2", session="S2_A", **DEAD), row("S9", **DEAD))


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """Two subjects, of whom one has two sessions, and a third without a row."""
    held = Archive(tmp_path / "archive")
    header(dated(held, "S1", "S1_MR", before(12)), {"PatientSex": "F"})
    for label, days in (("S2_A", 40), ("S2_B", 20)):
        dated(held, "S2", label, before(days))
    dated(held, "S3", "S3_MR", before(5))
    return held


def join(*words: object) -> int:
    parser = argparse.ArgumentParser()
    clinical_join.add(parser.add_subparsers())
    arguments = parser.parse_args(["join", "--project", "P", *map(str, words)])
    code: int = arguments.run(arguments)
    return code


def on(archive: Archive, rows: Sequence[ClinicalRow] = GOOD) -> tuple[object, ...]:
    push(archive, rows)
    return ("--archive", archive.root)


def test_each_row_and_each_spare_session_is_a_line_then_comes_the_flow(
    archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    before_it = outputs(archive.root)
    where = on(archive)
    held = outputs(archive.root)
    assert held != before_it
    assert join(*where) == 0
    assert outputs(archive.root) == held, "nothing is written"
    said = capsys.readouterr()
    lines = [line.split("\t") for line in said.out.splitlines()]
    assert lines[:5] == [
        ["subject", "session", "key", "outcome", "reason"],
        [
            "S1",
            "S1_MR",
            "subject and date",
            "joined",
            "12 days before surgery; sex agrees with the images",
        ],
        [
            "S2",
            "S2_A",
            "subject and session",
            "joined",
            "40 days before surgery; named by the row; nothing in the images to check it by",
        ],
        ["S2", "S2_B", "", "left out", "another session of its patient is taken"],
        ["S9", "", "", "left out", "no such subject in the project"],
    ]
    assert lines[5] == ["1 session of subjects without a row: -o csv names them"]
    assert lines[6] == ["2 joined, 1 left out, 0 refused"]
    assert lines[7] == ["patients", "n", "events", "left_out"]
    assert lines[8] == ["Rows of the clinical table", "3", "", ""]
    assert lines[9] == ["In the project", "2", "", "1 no such subject in the project"]
    assert ["Overall survival", "2", "2", ""] in lines
    assert "warning: Overall survival: 2 events for 10 variables, fewer than 10 for each" in said.err
    assert "warning: Distant metastasis: no events" in said.err
    assert lines[-1] == [f"next: sarcoma run cohort --project P --archive {archive.root}"]


def test_a_row_that_is_refused_ends_with_1(archive: Archive, capsys: pytest.CaptureFixture[str]) -> None:
    assert join(*on(archive, [row("S1", sex="M"), row("S2")])) == 1
    said = capsys.readouterr().out
    assert "S1\tS1_MR\tsubject and date\trefused\tsex of the row is another" in said
    assert "Correct what is refused, or go on without these patients.\nnext: sarcoma run cohort" in said


def test_json_has_the_rows_the_flow_and_the_warnings(
    archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    assert join(*on(archive), "-o", "json", "--variables", 1) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["outcome"] for one in told["join"]] == [
        "joined",
        "joined",
        "left out",
        "left out",
        "left out",
    ]
    assert told["flow"]["steps"][0] == {"name": "Rows of the clinical table", "n": 3, "left_out": []}
    assert any("2 events for 1 variable" in warning for warning in told["warnings"])


def test_csv_has_the_rows_alone(archive: Archive, capsys: pytest.CaptureFixture[str]) -> None:
    assert join(*on(archive), "-o", "csv") == 0
    said = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert [one["subject"] for one in rows] == ["S1", "S2", "S2", "S3", "S9"]
    assert "no events" in said.err


def test_quiet_prints_the_sessions_that_are_taken(
    archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    assert join(*on(archive), "-q") == 0
    assert capsys.readouterr().out.split() == ["S1_MR", "S2_A"]


def test_limits_label_consent_and_lists_are_those_of_the_cohort(
    archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    put(archive.resources_path("P"), "CONSENT/consent.csv", b"subject,consent\nS1,granted\nS2,withdrawn\n")
    where = on(archive, [row("S1"), row("S2", session="S2_A"), row("S3")])
    assert join(*where, "--consent", "required", "--days-before", 11) == 1
    said = capsys.readouterr().out
    assert "S1\t\t\trefused\tsession more than 11 days before surgery; 12 days before surgery" in said
    assert "S2\t\t\tleft out\tconsent withdrawn" in said
    assert "S3\t\t\tleft out\tno consent is recorded" in said
    assert join(*where, "--label", "N4") == 0
    assert "S1\tS1_MR\tsubject and date\tleft out\thas no N4" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("CONSENT/consent.csv", "subject,consent\ns1,withdrawn"),
        ("EXCLUSIONS/exclusions.csv", "subject,session\nS\u200b1,"),
    ],
)
def test_a_line_of_a_list_that_nearly_names_a_patient_refuses_the_row(
    archive: Archive, capsys: pytest.CaptureFixture[str], path: str, line: str
) -> None:
    put(archive.resources_path("P"), path, line.encode())
    assert join(*on(archive)) == 1
    said = capsys.readouterr()
    assert f"S1\t\t\trefused\ta line of {path.partition('/')[0]} differs only in " in said.out
    assert "S2\tS2_A\tsubject and session\tjoined" in said.out
    assert "warning: 1 line of CONSENT or EXCLUSIONS name nobody of this project: mistyped?" in said.err


def test_lines_of_the_lists_that_name_nobody_are_a_warning(
    archive: Archive, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(archive.resources_path("P"), "CONSENT/consent.csv", b"subject,consent\nS1,granted\nS77,withdrawn\n")
    where = on(archive)
    assert join(*where) == 0
    warning = "1 line of CONSENT or EXCLUSIONS name nobody of this project: mistyped?"
    assert f"warning: {warning}" in capsys.readouterr().err
    assert join(*where, "-o", "json") == 0
    assert warning in json.loads(capsys.readouterr().out)["warnings"]
    with served(archive) as connection:
        monkeypatch.setenv("XNAT_USER", "admin")
        monkeypatch.setenv("XNAT_PASS", "of tests")
        join("--server", connection.server)
    assert f"warning: {warning}" in capsys.readouterr().err


OPTIONS = ("--days-before", 400, "--label", "NIFTI", "--consent", "required")
SET = {"days_before": 400, "label": "NIFTI", "consent": "required"}


def commands(said: str) -> dict[str, list[str]]:
    lines = (line.partition(": ") for line in said.splitlines() if line.startswith(("next: ", "then: ")))
    return {begins: shlex.split(command) for begins, _, command in lines}


def test_the_commands_that_come_next_push_the_table_and_freeze_with_the_same_options(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "table.csv"
    day = f"{before(0):%Y-%m-%d}"
    table.write_text(f"subject,Datum,sex,death,overall_survival_days\nS1,{day},F,1,400\nS3,{day},M,0,900\n")
    assert join(table, "--archive", archive.root, "--column", "surgery_date=Datum", "--days-before", 11) == 1
    found = commands(capsys.readouterr().out)
    assert found["next"][-2:] == ["--column=surgery_date=Datum", "--write"]
    assert main(found["next"][1:]) == 0
    assert main(found["then"][1:]) == 0
    told = json.loads((archive.resources_path("P") / "COHORT" / "cohort.json").read_text())
    assert told["clinical"]["days_before"] == 11
    assert [one["session"] for one in told["sessions"]] == ["S3_MR"]


def test_on_a_server_the_options_are_those_of_a_launch(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    push(archive, GOOD)
    with served(archive) as connection:
        monkeypatch.setenv("XNAT_USER", "admin")
        monkeypatch.setenv("XNAT_PASS", "of tests")
        join("--server", connection.server, *OPTIONS)
    words = commands(capsys.readouterr().out)["next"]
    assert words[:4] == ["sarcoma", "xnat", "launch", "cohort"]
    arguments = parser().parse_args(words[1:])
    assert settings_of(("cohort",), arguments.set) == {"cohort": SET}


def test_in_an_archive_the_options_are_those_of_a_run(
    archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    join(*on(archive), *OPTIONS)
    words = commands(capsys.readouterr().out)["next"]
    arguments = parser().parse_args(words[1:])
    assert settings_of(("cohort",), arguments.set) == {"cohort": SET}


def test_a_hint_that_dates_are_shifted_is_a_warning(
    archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    assert join(*on(archive, [row("S1", date=before(400)), row("S3", date=before(300))])) == 1
    assert "warning: dates of the table and of the images seem to be shifted" in capsys.readouterr().err


def test_without_a_table_it_says_how_to_give_one(archive: Archive) -> None:
    with pytest.raises(UsageError, match="TABLE: must be named") as caught:
        join("--archive", archive.root)
    assert "sarcoma clinical push TABLE --project P --write" in caught.value.hint


def test_a_table_that_was_put_there_by_hand_is_refused(archive: Archive) -> None:
    put(archive.resources_path("P"), "CLINICAL/table.xlsx", b"anything")
    with pytest.raises(InputError, match=r"must hold clinical\.csv and clinical\.json"):
        join("--archive", archive.root)


def test_a_file_is_joined_as_people_keep_it(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day = f"{before(0):%Y-%m-%d}"
    table = tmp_path / "table.csv"
    table.write_text(
        "subject,surgery_date,sex,age_years,death,overall_survival_days\n"
        f"S1,{day},F,61,1,400\nS3,{day},M,50,0,900\n"
    )
    assert join(table, "--archive", archive.root) == 0
    said = capsys.readouterr().out
    assert "S1\tS1_MR\tsubject and date\tjoined\t12 days before surgery; sex agrees" in said
    assert "S3\tS3_MR\tsubject and date\tjoined\t5 days before surgery" in said


def test_a_file_with_errors_is_not_joined(archive: Archive, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("subject,age_years,death,overall_survival_days\nS1,61,1,400\nS1,62,0,30\n")
    with pytest.raises(InputError, match="TABLE: must have no errors; it has 1") as caught:
        join(table, "--archive", archive.root)
    assert "sarcoma clinical check" in caught.value.hint


def test_a_server_is_asked_for_dates_labels_and_genders(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its headers are not fetched: what they say is compared when the step runs."""
    dated(archive, "S4", "S4_MR", before(9), labelled=False)
    push(archive, [*GOOD, row("S3", sex="M"), row("S4")])
    with served(archive) as connection:
        monkeypatch.setenv("XNAT_USER", "admin")
        monkeypatch.setenv("XNAT_PASS", "of tests")
        connection.put("/data/projects/P/subjects/S3", query={"gender": "female"})
        assert join("--server", connection.server) == 1
    said = capsys.readouterr().out
    assert "S1\tS1_MR\tsubject and date\tjoined\t12 days before surgery; nothing in the images" in said
    assert "S2\tS2_A\tsubject and session\tjoined\t40 days before surgery; named by the row" in said
    assert "S3\tS3_MR\tsubject and date\trefused\tsex of the row is another" in said
    assert "S4\tS4_MR\tsubject and date\tleft out\thas no NORMALISED" in said
    assert "Sex and age in headers, and volumes of masks, are compared when cohort runs." in said
