"""`sarcoma view`, where something lacks: each error says what to do next, before anything is started."""

import shlex
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Archive
from sarcoma_core.cli import view
from sarcoma_core.cli.main import main, parser
from sarcoma_core.standin.serving import LOOPBACK, listen
from sarcoma_core.viewer import ohif, orthanc, storing
from sarcoma_core.viewer.door import Door
from sarcoma_core.viewer.holdings import HEAT_MAP, ShownFile
from sarcoma_core.viewer.orthanc import Orthanc, OrthancPrograms
from sarcoma_core.viewer.storing import StoredFile

PATIENCE = 10


def join_browsers() -> None:
    """Wait for those that were being opened."""
    for one in threading.enumerate():
        if "_browse" in one.name:
            one.join(PATIENCE)


@pytest.fixture
def build(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    folder.mkdir()
    for name in ("index.html", "app-config.js"):
        (folder / name).touch()
    return folder


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Orthanc is there; starting it would be a fault."""
    monkeypatch.setattr(
        orthanc, "find_orthanc", lambda: OrthancPrograms(Path("/bin/false"), Path("/bin/false"))
    )


@pytest.fixture
def archive(export: Path, tmp_path: Path) -> Archive:
    held = Archive(tmp_path / "archive")
    import_folder(held, "P", export)
    return held


def told(capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """The hint and the error, which are the last two lines."""
    hint, error = capsys.readouterr().err.splitlines()[-2:]
    assert hint.startswith("next: ")
    assert error.startswith("error: ")
    return hint, error


def test_without_a_build_of_ohif_it_says_how_to_get_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ohif, "_FETCHED", tmp_path / "none")
    assert main(["view", "--archive", str(tmp_path)]) == 2
    hint, error = told(capsys)
    assert "make view ARCHIVE=DIR" in hint
    assert "--viewer" in error


def test_a_folder_that_is_no_build_of_ohif_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["view", "--archive", str(tmp_path), "--viewer", str(tmp_path)]) == 2
    hint, error = told(capsys)
    assert "dist" in hint
    assert "index.html" in error


def test_without_orthanc_it_says_what_to_install(
    build: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(orthanc, "_FOLDERS", (str(tmp_path),))
    assert main(["view", "--archive", str(tmp_path), "--viewer", str(build)]) == 1
    hint, error = told(capsys)
    assert "apt install orthanc orthanc-dicomweb" in hint
    assert "no program" in error


def test_without_the_plugin_it_says_what_to_install(
    build: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "Orthanc"
    program.touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(orthanc, "_PLUGINS", (str(tmp_path / "none.so"),))
    assert main(["view", "--archive", str(tmp_path), "--viewer", str(build)]) == 1
    hint, error = told(capsys)
    assert "orthanc-dicomweb" in hint
    assert "plugin" in error


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 1, "--archive"),
        (("--project", "NONE"), 1, "--project"),
        (("--session", "S"), 2, "--session"),
    ],
)
def test_an_archive_without_what_was_asked_for_is_told(
    build: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    *,
    words: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    assert main(["view", "--archive", str(tmp_path), "--viewer", str(build), *words]) == code
    assert said in told(capsys)[1]


@pytest.mark.usefixtures("installed")
def test_a_port_that_is_taken_is_told_before_anything_is_started(
    build: Path, archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    with listen(LOOPBACK, 0) as taken:
        port = str(taken.getsockname()[1])
        line = ["view", "--archive", str(archive.root), "--viewer", str(build), "--port", port]
        assert main(line) == 2
    assert port in told(capsys)[1]


@pytest.mark.parametrize("port", ["-1", "65536", "x", ""])
def test_a_port_is_a_number_that_a_port_can_have(port: str) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["view", "--archive", "A", f"--port={port}"])


@pytest.mark.parametrize("port", ["0", "65535"])
def test_the_first_and_the_last_port_are_ports(port: str) -> None:
    assert parser().parse_args(["view", "--archive", "A", f"--port={port}"]).port == int(port)


def test_masks_that_wait_are_told_with_the_command_of_each_project(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = {"A": 1, "B": 2, "C": 0}
    monkeypatch.setattr(
        "sarcoma_core.viewer.waiting.masks_waiting", lambda session, _: waiting[session.project]
    )
    sessions = [SimpleNamespace(project=project, label=project) for project in waiting]
    view._show_waiting(sessions, set(), Path("my archive"))  # type: ignore[arg-type]
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(" not")[0] for line in said] == ["1 mask is", "2 masks are"]
    for line, project in zip(said, "AB", strict=True):
        arguments = parser().parse_args(shlex.split(line.partition("yet: ")[2])[1:])
        assert (arguments.what, arguments.project, arguments.archive) == (
            "export-masks",
            project,
            Path("my archive"),
        )


@pytest.mark.parametrize(
    ("screen", "browser", "opened"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_a_browser_is_opened_where_there_is_a_screen_with_a_token_of_its_own(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    screen: bool,
    browser: bool,
    opened: bool,
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    if screen:
        monkeypatch.setenv("DISPLAY", ":0")
    seen: list[str] = []
    monkeypatch.setattr(view.webbrowser, "open", seen.append)
    view._open(Door(80), "http://127.0.0.1:80", browser=browser)
    join_browsers()
    said = capsys.readouterr().out
    assert "OHIF: http://127.0.0.1:80/?token=" in said
    assert "Ctrl-C" in said
    assert bool(seen) is opened
    assert not any(url in said for url in seen)  # what all users of the machine see opens only once


def test_a_browser_that_stays_in_the_foreground_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `BROWSER='name %s'` does: the program is waited for."""
    monkeypatch.setenv("DISPLAY", ":0")
    closed = threading.Event()
    opened: list[bool] = []
    monkeypatch.setattr(view.webbrowser, "open", lambda _: opened.append(closed.wait(PATIENCE)))
    view._open(Door(80), "http://127.0.0.1:80", browser=True)
    assert not opened
    closed.set()
    join_browsers()
    assert opened == [True]


def test_a_browser_that_is_no_command_line_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quote that does not close; a fault in a thread would make this test fail."""
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(view.webbrowser, "_tryorder", ['"name %s'])
    view._open(Door(80), "http://127.0.0.1:80", browser=True)
    join_browsers()


def test_a_session_whose_folder_is_gone_is_told_and_stops_no_other(
    archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    (session,) = archive.sessions("P")
    gone = replace(session, label="GONE", path=session.path / "none")
    files = list(view._files([gone, session]))
    assert {one.place.rpartition(" of ")[2] for one in files} == {session.label}
    assert capsys.readouterr().out.startswith("GONE left out: ")


def test_what_cannot_be_shown_is_told_by_its_kind_and_a_heat_map_counts_as_no_mask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kinds = {"image": "", "seg": "SEG", "lost": "SEG", "map": HEAT_MAP, "lost map": HEAT_MAP}
    stored = tuple(
        StoredFile(ShownFile(tmp_path, name, kind), laid="nowhere" if name.startswith("lost") else "as it is")
        for name, kind in kinds.items()
    )
    monkeypatch.setattr(storing, "store", lambda *_, **__: stored)
    running = cast("Orthanc", None)
    assert view._fill(running, [one.file for one in stored], 1) == {"seg"}
    assert capsys.readouterr().out.splitlines() == [
        "1 session, 1 image, 2 SEG or RTSTRUCT, 2 heat maps",
        "1 SEG or RTSTRUCT cannot be shown: the images that they name are not there",
        "1 heat map cannot be shown: the images that they name are not there",
    ]
