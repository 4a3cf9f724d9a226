"""`sarcoma roles`: what to look at, a choice, a site's rules; in an archive and on a server."""

import json
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sarcoma_core.archive.store import Archive
from sarcoma_core.cli.main import main, parser
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from sarcoma_core.steps.series_roles import STEP
from sarcoma_core.xnat.command.declaring import command_for
from sarcoma_core.xnat.rest.connection import Connection, Login
from sarcoma_core.xnat.rest.service import ContainerService
from tests.launch.roles.playing import PROJECT, InProcess, told_archive
from tests.standin.conftest import LOGIN, PASSWORD


@pytest.fixture(scope="module")
def told(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Two synthetic patients whose roles were told; only copy it."""
    return told_archive(tmp_path_factory.mktemp("told") / "archive", cohort)


@pytest.fixture(params=["archive", "server"])
def place(
    request: pytest.FixtureRequest, told: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[str]]:
    """The words that name the project, in an archive folder and on a stand-in."""
    monkeypatch.setattr("sarcoma_core.runners.runner_named", lambda _: InProcess())
    folder = Path(shutil.copytree(told.root, tmp_path / "archive"))
    if request.param == "archive":
        yield ["--project", PROJECT, "--archive", str(folder)]
        return
    standin = StandIn(StandInSettings(folder, login=LOGIN, password=PASSWORD), InProcess())
    with serving(standin) as url, Connection(Login(url, LOGIN, PASSWORD)) as connection:
        service = ContainerService(connection)
        for wrapper in service.command(service.add(command_for(STEP).to_json())).wrappers:
            for project in (None, PROJECT):
                service.set_enabled(wrapper.id, True, project)
        for name, value in (("HOST", url), ("USER", LOGIN), ("PASS", PASSWORD)):
            monkeypatch.setenv(f"XNAT_{name}", value)
        yield ["--project", PROJECT]


@pytest.fixture
def label(told: Archive) -> str:
    return told.sessions(PROJECT)[0].label


def test_a_choice_is_made_shown_and_followed_by_a_command_that_our_command_line_takes(
    place: list[str], label: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["roles", "set", label, *place, "--t2", "7"]) == 0
    said = capsys.readouterr().out
    assert "T2\t7\ta person\tyes" in said
    [after] = [line.removeprefix("next: ") for line in said.splitlines() if line.startswith("next: ")]
    assert parser().parse_args(shlex.split(after)[1:]).what == "prepare"
    assert label in after


def test_a_choice_as_json_is_json_alone(
    place: list[str], label: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["roles", "set", label, *place, "--t2", "7", "-o", "json"]) == 0
    said = capsys.readouterr().out
    rows = json.loads(said[said.index("[\n") :])
    assert {"role": "T2", "series": "7", "by": "a person", "remembered": "yes"} in rows


def test_a_review_says_how_many_are_fine_and_ends_well(
    place: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["roles", "review", *place]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "0 sessions to review, 2 fine"


def test_rules_are_shown_and_only_on_demand_written_where_the_next_run_reads_them(
    place: list[str], label: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["roles", "set", label, *place, "--t2", "7"])
    capsys.readouterr()
    assert main(["roles", "learn", *place]) == 0
    said = capsys.readouterr().out
    assert "ax t1 fs post" in said
    assert "Nothing was written." in said
    assert main(["roles", "learn", *place, "--write"]) == 0
    assert main(["roles", "set", label, *place, "--forget"]) == 0
    said = capsys.readouterr().out
    assert "T2\t7\tthe rules of the site" in said  # written, and read by the run that forgot the choice
    assert main(["roles", "review", *place]) == 0
    assert "decide: sarcoma roles set" in capsys.readouterr().out


def test_where_nobody_chose_nothing_is_written(place: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["roles", "learn", *place, "--write"]) == 0
    assert capsys.readouterr().out == "2 sessions read, 0 with choices of a person\n"


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ([], "SCAN: must be given for one role or more"),
        (["--t1ce", " "], "--t1ce: must be a scan of the session; found only blanks"),
        (["--t1ce", " ", "--t1", "7"], "--t1ce: must be a scan of the session; found only blanks"),
        (["--t1", "99"], "--t1: must be a scan of the session"),
        (["--t1", "7", "--t2", "7"], "must be two scans"),
    ],
)
def test_a_choice_that_cannot_be_meant_is_a_wrong_usage(
    place: list[str], label: str, capsys: pytest.CaptureFixture[str], words: list[str], rule: str
) -> None:
    assert main(["roles", "set", label, *place, *words]) == 2
    said = capsys.readouterr().err
    assert rule in said
    assert said.startswith("next: ")


def test_an_archive_and_a_server_at_once_are_a_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--project", PROJECT, "--archive", str(tmp_path), "--server", "https://example.org"]
    assert main(["roles", "review", *words]) == 2
    assert "--archive: must be left out" in capsys.readouterr().err


def test_roles_that_were_changed_are_told_as_not_whole_with_a_command_that_mends_them(
    place: list[str], label: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    [file] = (tmp_path / "archive" / PROJECT).glob(f"arc001/{label}/RESOURCES/SERIES_ROLES/roles.json")
    file.write_text(file.read_text() + " ")
    assert main(["roles", "review", *place]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == "0 sessions to review, 1 fine, 1 not whole"
    [mend] = [line.strip().removeprefix("mend: ") for line in said if "mend: " in line]
    assert main(shlex.split(mend)[1:]) == 0
    capsys.readouterr()
    main(["roles", "review", *place])
    assert capsys.readouterr().out.splitlines()[-1] == "0 sessions to review, 2 fine"


def test_a_session_of_which_nothing_was_converted_is_told_without_a_command(
    place: list[str], label: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    [resources] = (tmp_path / "archive" / PROJECT).glob(f"arc001/{label}/RESOURCES")
    shutil.rmtree(resources)
    assert main(["roles", "review", *place]) == 0
    assert capsys.readouterr().out == "0 sessions to review, 1 fine, 1 nothing converted\n"


def test_a_session_that_is_not_there_is_told_with_how_many_are(
    tmp_path: Path, told: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = told.sessions(PROJECT)
    archive = Archive(Path(shutil.copytree(told.root, tmp_path / "archive")))
    (archive.root / PROJECT / "database" / f"{other.label}.json").unlink()
    words = ["--project", PROJECT, "--archive", str(archive.root)]
    assert main(["roles", "set", "nosuch", *words, "--t1", "7"]) == 1
    assert "it has 1 session." in capsys.readouterr().err
    assert one.label != other.label
