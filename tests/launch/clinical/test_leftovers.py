"""What a killed push leaves is deleted by the next push or step; what a living one works on stays."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sarcoma_core.archive.store import Archive
from sarcoma_core.cli.main import main
from sarcoma_core.launch.clinical.leftovers import sweep_pushes
from tests.archive.filed import done, filed, put, session


@pytest.fixture(scope="module")
def dead() -> int:
    """The number of a process that is no more."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def names(place: Path) -> set[str]:
    return {path.name for path in place.iterdir()}


def test_the_folder_of_a_process_goes_when_it_is_no_more(tmp_path: Path, dead: int) -> None:
    mine = f".push-{os.getpid()}-ab12"
    for name in (f".push-{dead}-ab12", mine, ".push-notes"):
        put(tmp_path, f"{name}/CLINICAL/clinical.csv", b"subject\n")
    sweep_pushes(tmp_path)
    assert names(tmp_path) == {mine, ".push-notes"}


@pytest.mark.parametrize(("seconds", "is_there"), [(66, False), (54, True)])
def test_a_folder_of_a_swap_that_stays_empty_goes(tmp_path: Path, seconds: int, *, is_there: bool) -> None:
    aside = tmp_path / ".CLINICAL-ab12"
    aside.mkdir()
    then = aside.stat().st_mtime - seconds
    os.utime(aside, (then, then))
    sweep_pushes(tmp_path)
    assert aside.exists() == is_there


def test_a_folder_of_a_swap_that_holds_something_stays(tmp_path: Path) -> None:
    put(tmp_path, ".CLINICAL-ab12/old/clinical.csv", b"subject\n")
    os.utime(tmp_path / ".CLINICAL-ab12", (0, 0))
    sweep_pushes(tmp_path)
    assert names(tmp_path) == {".CLINICAL-ab12"}


def test_a_place_that_is_not_there_has_nothing_left(tmp_path: Path) -> None:
    sweep_pushes(tmp_path / "none")


def test_a_cohort_deletes_what_a_push_left(tmp_path: Path, dead: int) -> None:
    archive = Archive(tmp_path / "archive")
    filed(session(archive, "S1", "S1_MR").path / "RESOURCES" / "NORMALISED", done("4"))
    place = archive.resources_path("P")
    put(place, f".push-{dead}-ab12/CLINICAL/clinical.csv", b"subject\n")
    assert main(["run", "cohort", "--archive", str(archive.root), "--project", "P"]) == 0
    assert names(place) == {"COHORT"}
