"""What `sarcoma readers` does where a session is gone or a record is damaged: one case, and not all."""

import csv
import io
import json
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sarcoma_core.archive.store import Archive
from sarcoma_core.cli.main import main
from tests.cli.test_readers import (  # noqa: F401  fixtures
    Said,
    archive,
    assign,
    here,
    place,
    rows,
    run,
)
from tests.launch.readers.planted import PROJECT, SCAN


def records(archive: Archive, kind: str, case: str) -> Path:  # noqa: F811
    return archive.resources_path(PROJECT) / "READERS" / kind / case / SCAN


def settled(place: list[str], case: str) -> None:  # noqa: F811
    run("adjudicate", *place, "--session", case, "--take", "anna", "--by", "A. Chair")
    run("lock", *place, "--session", case, "--by", "A. Chair")


def deleted(archive: Archive, case: str) -> Path:  # noqa: F811
    """Delete a session; its folder is told."""
    folder = archive.session_path(PROJECT, case)
    shutil.rmtree(folder)
    (archive.root / PROJECT / "database" / f"{case}.json").unlink()
    return folder


def next_of(said: str) -> list[str]:
    """The words of the command that is printed last."""
    return shlex.split(said.splitlines()[-1].rpartition(": sarcoma ")[2])


def test_a_deleted_session_is_told_released_and_taken_out_of_the_lists(
    place: list[str],  # noqa: F811
    archive: Archive,  # noqa: F811
    capsys: Said,
) -> None:
    assign(place)
    settled(place, "C03")
    folder = deleted(archive, "C03")
    capsys.readouterr()
    run("status", *place, code=1)
    said = capsys.readouterr()
    assert "4 cases: 8 of 9 readings in, 1 missing, 1 adjudicated, 1 locked, 1 of them not yet" in said.out
    assert "1 session gone" in said.out
    assert "CHANGED: C03, 2/tumour-v1: locked by A. Chair at 20" in said.err
    assert "and its session is gone" in said.err
    assert "SESSION GONE: C03" in said.err
    run("status", *place, "-o", "csv", code=1)
    told = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {row["state"] for row in told if row["case"] == "C03"} == {"session gone"}
    run("assign", *place, "--drop", "C03", code=1)
    assert (
        "--drop: must be a case without a reference; 2/tumour-v1 of it is locked" in capsys.readouterr().err
    )
    run("next", *place)
    said = capsys.readouterr().out
    assert "C03\tsession gone: to release" in said
    assert next_of(said)[:2] == ["readers", "lock"]
    assert main(next_of(said)) == 0
    assert not folder.exists()
    drop = next_of(capsys.readouterr().out)
    run("next", *place)
    said = capsys.readouterr().out
    assert "C03\tsession gone: to drop" in said
    assert next_of(said) == drop
    assert main(drop) == 0
    capsys.readouterr()
    run("status", *place)
    assert "3 cases: 8 of 9 readings in" in capsys.readouterr().out
    held = sorted(path.name for path in records(archive, "references", "C03").iterdir())
    assert held == ["tumour-1.json", "tumour-2.json"]
    folder = archive.resources_path(PROJECT) / "READERS"
    one, two = (json.loads((folder / f"assignments-{n}.json").read_bytes()) for n in (1, 2))
    assert two["cases"] == [case for case in one["cases"] if case["case"] != "C03"]
    assert two["readers"] == one["readers"]


def test_a_session_without_its_folder_is_gone(here: list[str], archive: Archive, capsys: Said) -> None:  # noqa: F811
    assign(here)
    run("status", *here)
    assert "gone" not in capsys.readouterr().out
    shutil.rmtree(archive.session_path(PROJECT, "C03"))
    run("status", *here, code=1)
    assert "SESSION GONE: C03" in capsys.readouterr().err


def test_a_lock_is_released_by_its_scan_whether_the_case_is_in_a_list_or_not(
    here: list[str],  # noqa: F811
    archive: Archive,  # noqa: F811
    capsys: Said,
) -> None:
    assign(here)
    settled(here, "C03")
    [newest] = (archive.resources_path(PROJECT) / "READERS").glob("assignments-*.json")
    told = json.loads(newest.read_bytes())
    told["cases"] = [case for case in told["cases"] if case["case"] != "C03"]
    newest.write_bytes(json.dumps(told).encode())
    deleted(archive, "C03")
    words = ["--session", "C03", "--by", "B", "--release"]
    run("lock", *here, *words, "--scan", "9", code=2)
    assert "nothing is, of tumour on scan 9" in capsys.readouterr().err
    run("lock", *here, *words, "--scan", SCAN)
    run("lock", *here, *words, code=2)
    assert "--release: must be of what is locked; nothing is" in capsys.readouterr().err


def test_of_two_locks_of_a_case_the_scan_says_which(
    here: list[str],  # noqa: F811
    archive: Archive,  # noqa: F811
    capsys: Said,
) -> None:
    assign(here)
    settled(here, "C03")
    [held] = records(archive, "references", "C03").iterdir()
    told = json.loads(held.read_bytes())
    other = held.parent.with_name("3") / held.name
    other.parent.mkdir()
    other.write_bytes(json.dumps({**told, "target": {**told["target"], "series": "3"}}).encode())
    words = [*here, "--session", "C03", "--by", "B", "--release"]
    run("lock", *words, code=2)
    assert "--scan: must say which reference is released; tumour is locked on 2, 3" in capsys.readouterr().err
    run("lock", *words, "--scan", "3")
    run("lock", *words)
    assert [path.name for path in held.parent.iterdir()].count("tumour-2.json") == 1
    run("lock", *words, code=2)


def test_a_reader_is_told_that_a_session_is_gone_and_has_nothing_to_read_there(
    here: list[str],  # noqa: F811
    archive: Archive,  # noqa: F811
    capsys: Said,
) -> None:
    assign(here)
    deleted(archive, "C12")  # which cleo has not read
    capsys.readouterr()
    run("status", *here, "--reader", "cleo")
    said = capsys.readouterr().out
    assert "C12\tsession gone" in said
    assert "4 cases of cleo: 0 to read" in said


def test_what_is_dropped_is_assigned_and_nothing_else_is_done(
    here: list[str],  # noqa: F811
    archive: Archive,  # noqa: F811
    capsys: Said,
) -> None:
    assign(here)
    folder = archive.resources_path(PROJECT) / "READERS"
    run("assign", *here, "--drop", "nosuch", code=2)
    assert "--drop: must be a case that is assigned; found 'nosuch'" in capsys.readouterr().err
    run("assign", *here, "--drop", "C01", "--readers", "anna,ben", code=2)
    assert "--drop: must stand without --readers" in capsys.readouterr().err
    run("assign", *here, "--drop", "C01", "--dry-run")
    assert [path.name for path in folder.iterdir()] == ["assignments-1.json"]
    run("assign", *here, "--drop", "C01", "--drop", "C03")
    told = json.loads((folder / "assignments-2.json").read_bytes())
    assert [case["case"] for case in told["cases"]] == ["C11", "C12"]


def cut(file: Path) -> None:
    file.write_bytes(b"{")


def of_another_case(file: Path) -> None:
    told = json.loads(file.read_bytes())
    file.write_bytes(json.dumps({**told, "target": {**told["target"], "case": "../../x"}}).encode())


@pytest.mark.parametrize("damage", [cut, of_another_case])
@pytest.mark.parametrize("kind", ["decisions", "references"])
def test_a_damaged_record_is_told_of_its_case_and_the_others_go_on(
    here: list[str],  # noqa: F811
    archive: Archive,  # noqa: F811
    capsys: Said,
    kind: str,
    damage: Callable[[Path], None],
) -> None:
    assign(here)
    for case in ("C01", "C03"):
        settled(here, case)
    capsys.readouterr()
    run("status", *here, "--reader", "anna", "-o", "csv")
    before = {row["case"]: row for row in rows(capsys)}
    damage(records(archive, kind, "C03") / "tumour-1.json")
    fault = f"DAMAGED: C03: READERS/{kind}/C03/2/tumour-1.json: must be as it was written"
    run("status", *here, "-o", "csv", code=1)
    said = capsys.readouterr()
    assert fault in said.err
    told = {row["case"]: row for row in csv.DictReader(io.StringIO(said.out))}
    column = "adjudicated" if kind == "decisions" else "reference"
    assert told["C03"][column] == "damaged"
    assert (told["C01"]["adjudicated"], told["C01"]["reference"]) == ("2/tumour-v1", "2/tumour-v1")
    run("next", *here, code=1)
    said = capsys.readouterr()
    assert fault in said.err
    assert "C11\tto adjudicate or to lock" in said.out
    run("status", *here, "--reader", "anna", "-o", "csv")
    after = {row["case"]: row for row in rows(capsys)}
    others = {case: row for case, row in before.items() if case != "C03"}
    assert {case: row for case, row in after.items() if case != "C03"} == others
    assert after["C03"]["state"] == "read"
