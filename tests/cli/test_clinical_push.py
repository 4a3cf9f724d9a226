"""`sarcoma clinical push`: what it tells, writes and refuses; in an archive and on a server."""

import csv
import io
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from sarcoma_core.archive.store import Archive
from sarcoma_core.cli.main import main, parser
from sarcoma_core.launch.clinical import fields as launch_fields
from sarcoma_core.prognosis.clinical.checking import check_file
from sarcoma_core.prognosis.clinical.table import read_clinical, table_text
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.connection import Connection, Login
from sarcoma_core.xnat.rest.custom_fields import NoCustomFieldsError
from tests.archive.filed import put, session
from tests.launch.lying_front import LyingFront, in_front_of

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "clinical-data.md"
HEADINGS = "Patient;Age (years);Sex;Grade;Tumour size (mm);Status;Time surgery to last follow-up (months)"
ROWS = ("S1;63,5;f;G2;75;dead;12", "S2;41;m;G3;81;alive;30", "S-03;57,25;f;G1;44;alive;44")
VALUES = ("63.5", "63,5", "57.25", "57,25", "7.5", "8.1", "4.4", "365.25")
"""Values of patients, as the table or the project have them: nothing may print them."""


class Place(NamedTuple):
    """A project P, and how it is named."""

    words: tuple[str, ...]
    archive: Archive
    front: LyingFront | None


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_text("\n".join((HEADINGS, *ROWS)) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    held = Archive(tmp_path / "archive")
    for subject in ("S1", "S2", "S_3", "S9"):
        session(held, subject, f"{subject}_MR")
    return held


@pytest.fixture
def server(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    settings = StandInSettings(archive.root, login="admin", password="of tests")  # noqa: S106  it guards nothing
    with serving(StandIn(settings)) as url, in_front_of(url) as front:
        for name, value in (("HOST", front.url), ("USER", "admin"), ("PASS", "of tests")):
            monkeypatch.setenv(f"XNAT_{name}", value)
        yield Place(("--project", "P"), archive, front)


@pytest.fixture(params=["archive", "server"])
def place(request: pytest.FixtureRequest, archive: Archive) -> Place:
    if request.param == "archive":
        return Place(("--project", "P", "--archive", str(archive.root)), archive, None)
    found: Place = request.getfixturevalue("server")
    return found


def push(table: Path, place: Place, *more: str) -> int:
    return main(["clinical", "push", str(table), *place.words, *more])


def everything(place: Place) -> Mapping[str, bytes]:
    """All files of the project, and what a server was asked beside reading."""
    project = place.archive.root / "P"
    files = {str(p.relative_to(project)): p.read_bytes() for p in project.rglob("*") if p.is_file()}
    return {**files, **({"asked": repr(place.front.written).encode()} if place.front else {})}


def resource(place: Place) -> dict[str, bytes]:
    folder = place.archive.resources_path("P") / "CLINICAL"
    return {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.endswith("_catalog.xml")}


def last(said: str) -> str:
    return said.splitlines()[-1]


def test_without_write_nothing_is_written_and_the_last_line_is_the_command_that_does(
    table: Path, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    before = everything(place)
    assert push(table, place) == 0
    said = capsys.readouterr().out
    assert everything(place) == before
    assert "3 patients, times from surgery" in said
    assert "columns: subject, age_years, sex, size_cm, grade, death, overall_survival_days" in said
    assert "there before: nothing" in said
    start, _, command = last(said).partition(": ")
    assert start == "Nothing was written. To write it"
    assert main(shlex.split(command)[1:]) == 0
    assert set(resource(place)) == {"clinical.csv", "clinical.json"}


def test_the_how_to_shows_what_is_printed(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for subject in ("STS_001", "STS_002", "STS_004"):
        session(archive, subject, f"{subject}_MR", project="STS")
    rows = ("STS_001;63;f;G2;75;dead;12", "STS_002;41;m;G3;81;alive;30", "STS-3;57;f;G1;44;alive;44")
    Path("patients.csv").write_text("\n".join((HEADINGS, *rows)) + "\n", encoding="utf-8")
    shown = HOW_TO.read_text(encoding="utf-8").partition("## To the project and back")[2]
    blocks = re.findall(r"```sh\n(sarcoma clinical push [^\n]*)\n```\n\n```text\n(.*?)```", shown, re.DOTALL)
    assert len(blocks) == 2
    for command, printed in blocks:
        assert main(shlex.split(command)[1:]) == 0
        assert capsys.readouterr().out == printed


def test_sizes_are_those_of_the_files_that_are_then_there(
    table: Path, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    push(table, place)
    told = [line.split("\t") for line in capsys.readouterr().out.splitlines() if line.startswith("clinical.")]
    push(table, place, "--write")
    assert {name: int(size) for name, size, _ in told} == {n: len(b) for n, b in resource(place).items()}
    assert [before for *_, before in told] == ["nothing", "nothing"]


def test_what_is_pushed_is_read_as_the_table(table: Path, place: Place) -> None:
    assert push(table, place, "--write") == 0
    held = resource(place)
    pushed = read_clinical(held["clinical.csv"], held["clinical.json"])
    checked = check_file(table)
    assert checked.table is not None
    assert table_text(pushed) == table_text(checked.table)
    assert pushed.time_zero == "surgery"
    assert json.loads(held["clinical.json"])["source_sha256"] == checked.source_sha256
    rows = list(csv.DictReader(io.StringIO(held["clinical.csv"].decode())))
    assert [(r["subject"], r["age_years"], r["size_cm"], r["death"]) for r in rows] == [
        ("S-03", "57.25", "4.4", "0"),
        ("S1", "63.5", "7.5", "1"),
        ("S2", "41", "8.1", "0"),
    ]


def test_the_same_table_again_is_nothing_to_do_and_writes_nothing(
    table: Path, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    push(table, place, "--write")
    before = everything(place)
    capsys.readouterr()
    for more in ((), ("--write",)):
        assert push(table, place, *more) == 0
        assert "Nothing to do: all of it is there." in capsys.readouterr().out
    assert everything(place) == before


def test_another_table_takes_the_place_of_an_earlier_one(
    table: Path, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    push(table, place, "--write")
    table.write_text("\n".join((HEADINGS, *ROWS[:2])) + "\n", encoding="utf-8")
    capsys.readouterr()
    assert push(table, place, "--write") == 0
    assert "there before: another table" in capsys.readouterr().out
    assert len(resource(place)["clinical.csv"].splitlines()) == 3
    assert len(resource(place)) == 2


def test_who_is_in_one_of_the_two_alone_is_counted_and_named_on_demand(
    table: Path, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    push(table, place)
    said = capsys.readouterr().out
    assert (
        "1 patient of the table without a subject in the project (1 but for marks, zeros or case); " in said
    )
    assert "2 subjects of the project without a row; -v names them" in said
    assert "S-03" not in said
    push(table, place, "-v")
    said = capsys.readouterr().out.splitlines()
    assert [line for line in said if line.startswith("  ")] == [
        "  S-03: without a subject",
        "  S_3: without a row",
        "  S9: without a row",
    ]
    push(table, place, "-o", "json")
    told = json.loads(capsys.readouterr().out)
    assert (told["no_subject"], told["no_row"]) == (["S-03"], ["S_3", "S9"])
    assert (told["there_before"], told["written"], told["nothing_to_do"]) == ("nothing", False, False)


def test_other_files_are_not_written_over_unless_one_says_so(
    table: Path, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    put(place.archive.resources_path("P"), "CLINICAL/our patients.xlsx", b"by hand")
    before = everything(place)
    assert push(table, place, "--write") == 1
    hint, error = capsys.readouterr().err.splitlines()
    assert "CLINICAL: must be empty or hold what a push wrote; it holds 1 file of somebody else" in error
    assert everything(place) == before
    command = hint.partition("then: ")[2]
    assert command.endswith(" --write --replace")
    assert push(table, place, "--replace") == 0
    assert "1 file of which --replace deletes" in capsys.readouterr().out
    assert everything(place) == before
    assert push(table, place) == 1
    assert "--write" not in capsys.readouterr().err
    assert main(shlex.split(command)[1:]) == 0
    assert set(resource(place)) == {"clinical.csv", "clinical.json"}


def test_a_table_that_was_changed_by_hand_is_not_written_over_unless_one_says_so(
    table: Path, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    push(table, place, "--write")
    file = place.archive.resources_path("P") / "CLINICAL" / "clinical.csv"
    file.write_bytes(file.read_bytes().replace(b"63.5", b"64.5"))
    before = everything(place)
    assert push(table, place, "--write") == 1
    assert "it holds 2 files of somebody else" in capsys.readouterr().err
    assert everything(place) == before
    assert push(table, place, "--write", "--replace") == 0
    assert b"63.5" in resource(place)["clinical.csv"]


def test_a_file_in_the_place_of_the_resource_is_not_written_over_unless_one_says_so(
    table: Path, archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Place(("--project", "P", "--archive", str(archive.root)), archive, None)
    put(archive.resources_path("P"), "CLINICAL", b"by hand")
    assert push(table, place, "--write") == 1
    assert "it holds 1 file of somebody else" in capsys.readouterr().err
    assert (archive.resources_path("P") / "CLINICAL").read_bytes() == b"by hand"
    assert push(table, place, "--write", "--replace") == 0
    assert set(resource(place)) == {"clinical.csv", "clinical.json"}


def test_warnings_of_the_table_are_counted_with_the_command_that_tells_them(
    table: Path, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    checked = check_file(table)
    number = sum(one.severity == "warning" for one in checked.findings)
    assert number
    assert push(table, place, "--time-zero", "surgery") == 0
    line = next(one for one in capsys.readouterr().out.splitlines() if "told by: " in one)
    told, _, command = line.partition(", told by: ")
    assert told.split()[0] == str(number)
    assert shlex.split(command)[-1] == "--time-zero=surgery"
    assert main(shlex.split(command)[1:]) == 0
    assert f"{number} warning" in capsys.readouterr().out
    assert push(table, place, "-o", "json") == 0
    assert json.loads(capsys.readouterr().out)["findings"]["warning"] == number


def test_a_table_without_a_warning_has_no_such_line(
    tmp_path: Path, archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = tmp_path / "plain.csv"
    text = "subject,age_years,death,overall_survival_days\nS1,63,1,400\nS2,41,0,900\n"
    plain.write_text(text, encoding="utf-8")
    assert not [one for one in check_file(plain).findings if one.severity == "warning"]
    assert push(plain, Place(("--project", "P", "--archive", str(archive.root)), archive, None)) == 0
    assert "told by" not in capsys.readouterr().out


def test_a_command_that_is_printed_is_one_line_that_a_shell_reads_whatever_the_names_are(
    table: Path, archive: Archive, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(table.parent)
    table.rename("-t.csv")
    heading = "-Alter\x1b[31m\n"
    text = Path("./-t.csv").read_text(encoding="utf-8").replace("Age (years)", f'"{heading}"')
    Path("./-t.csv").write_text(text, encoding="utf-8")
    words = ["clinical", "push", "./-t.csv", "--project", "P", "--archive", str(archive.root)]
    assert main([*words, f"--column=age_years={heading}", "--unit=age_years=years"]) == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said
    command = shlex.split(last(said).partition("To write it: ")[2])
    assert command[3] == "./-t.csv"
    assert any(word.startswith("--column=age_years=-Alter?[31m") for word in command)
    assert parser().parse_args(command[1:]).table == Path("-t.csv")


def test_a_table_with_errors_is_not_pushed(
    table: Path, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    table.write_text("\n".join((HEADINGS, *ROWS, "S4;-3;f;G1;44;alive;44")) + "\n", encoding="utf-8")
    before = everything(place)
    assert push(table, place, "--write", "--unit", "size_cm=mm") == 1
    hint, error = capsys.readouterr().err.splitlines()
    assert error == "error: TABLE: must have no errors; it has 1. Nothing was written."
    assert hint == f"next: sarcoma clinical check {table} --unit=size_cm=mm tells which."
    assert everything(place) == before


def test_how_the_table_is_read_is_said_as_to_check_and_again_in_the_command(
    table: Path, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    told = table.read_text().replace("Age (years)", "Alter bei OP (years)").replace("G2", "zwei")
    table.write_text(told, encoding="utf-8")
    reading = [
        "--column",
        "age_years=Alter bei OP (years)",
        "--word",
        "grade:zwei=2",
        "--time-zero",
        "surgery",
    ]
    assert push(table, place, *reading) == 0
    arguments = parser().parse_args(shlex.split(last(capsys.readouterr().out).partition(": ")[2])[1:])
    assert arguments.column == ["age_years=Alter bei OP (years)"]
    assert (arguments.word, arguments.time_zero, arguments.write) == (["grade:zwei=2"], "surgery", True)


def test_nothing_that_is_printed_is_a_value_of_a_patient(
    table: Path, server: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    for more in ((), ("-v",), ("-o", "json"), ("--write", "--custom-fields", "-v"), ("-q",)):
        push(table, server, *more)
    told = capsys.readouterr()
    assert told.out
    assert not [value for value in VALUES if value in told.out + told.err]


def test_an_unknown_project_is_told_before_anything_is_written(
    table: Path, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["NONE" if word == "P" else word for word in place.words]
    assert main(["clinical", "push", str(table), *words, "--write"]) != 0
    assert "--project" in capsys.readouterr().err


def test_an_archive_has_no_custom_fields(
    table: Path, archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Place(("--project", "P", "--archive", str(archive.root)), archive, None)
    assert push(table, place, "--custom-fields", "--write") == 2
    assert "--custom-fields: must be left out for an archive folder" in capsys.readouterr().err
    assert not (archive.resources_path("P") / "CLINICAL").exists()


def test_custom_fields_are_put_checked_as_a_table_and_not_put_twice(
    table: Path, server: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    before = everything(server)
    assert push(table, server, "--custom-fields") == 0
    assert "custom fields: 14 values of 2 subjects to put" in capsys.readouterr().out
    assert everything(server) == before
    assert push(table, server, "--custom-fields", "--write") == 0
    assert "written: custom fields of 2 subjects" in capsys.readouterr().out
    assert main(["clinical", "check", "--project", "P", "-o", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["patients"], told["usable"], told["time_zero"]) == (2, True, "surgery")
    assert push(table, server, "--custom-fields", "--write") == 0
    assert "Nothing to do" in capsys.readouterr().out


def test_subjects_that_fail_are_told_and_the_same_command_goes_on_with_them(
    table: Path, server: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = launch_fields.put_custom_fields

    def refuse(connection: object, project: str, subject: str, values: object) -> object:
        if subject == "S1":
            raise ServerError("PUT /xapi/...: the server answered 403.", status=403)
        return real(connection, project, subject, values)  # type: ignore[arg-type]

    monkeypatch.setattr(launch_fields, "put_custom_fields", refuse)
    assert push(table, server, "--custom-fields", "--write") == 3
    said = capsys.readouterr().out
    assert "failed: S1: PUT /xapi/...: the server answered 403." in said
    assert "written: custom fields of 1 subject\n" in said
    assert set(resource(server)) == {"clinical.csv", "clinical.json"}
    monkeypatch.undo()
    for name, value in (("HOST", server.front.url if server.front else ""), ("USER", "admin")):
        monkeypatch.setenv(f"XNAT_{name}", value)
    monkeypatch.setenv("XNAT_PASS", "of tests")
    assert main(shlex.split(last(said).partition("to go on: ")[2])[1:]) == 0
    assert "custom fields: 7 values of 1 subject to put" in capsys.readouterr().out


def test_an_old_server_is_told_before_anything_is_written(
    table: Path, server: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> object:
        raise NoCustomFieldsError("Custom fields: must be known to the server", status=404)

    monkeypatch.setattr(launch_fields, "custom_fields", refuse)
    before = everything(server)
    assert push(table, server, "--custom-fields", "--write") == 1
    assert capsys.readouterr().err == "error: Custom fields: must be known to the server\n"
    assert everything(server) == before


def test_who_may_only_read_is_told_and_nothing_is_written(
    table: Path, server: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert server.front is not None
    with Connection(Login(server.front.url, "admin", "of tests")) as connection:
        connection.post(
            "/xapi/users", json={"username": "reader", "password": "of a reader", "enabled": True}
        )
        connection.put("/data/projects/P/users/Collaborators/reader")
    monkeypatch.setenv("XNAT_USER", "reader")
    monkeypatch.setenv("XNAT_PASS", "of a reader")
    assert push(table, server) == 0
    assert push(table, server, "--write", "--custom-fields") == 1
    hint, error = capsys.readouterr().err.splitlines()
    assert "403" in error
    assert "owner" in hint
    assert not (server.archive.resources_path("P") / "CLINICAL").exists()
