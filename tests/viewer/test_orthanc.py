"""The real Orthanc and the real `sarcoma view`: what it takes, whom it answers, that nothing stays behind."""

import base64
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest
import requests

from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Archive
from sarcoma_core.errors import RunError
from sarcoma_core.runners.processes import lives
from sarcoma_core.viewer.holdings import ShownFile, shown_files
from sarcoma_core.viewer.orthanc import Orthanc, OrthancPrograms, running
from sarcoma_core.viewer.storing import store
from tests.viewer import needed
from tests.viewer.command import viewing

pytestmark = pytest.mark.orthanc

PATIENCE = 20
ANSWERS_FROM_A_CHILD = """
import http.server, json, os, sys
if child := os.fork():  # the signal at the end of a parent is not inherited: this one outlives its keeper
    os.waitpid(child, 0)
settings = json.load(open(sys.argv[1]))
open(os.path.join(settings["TemporaryDirectory"], "number"), "w").write(str(os.getpid()))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"Name": settings["Name"]}).encode())
http.server.HTTPServer(("127.0.0.1", settings["HttpPort"]), Handler).serve_forever()
"""
PROJECT = "PHANTOM"
SOMEBODY_ELSE = """
import http.server, json, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"Name": "ORTHANC"}')
port = json.load(open(sys.argv[1]))["HttpPort"]
http.server.HTTPServer(("127.0.0.1", port), Handler).handle_request()
"""


@pytest.fixture(scope="module")
def archive(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Archive:
    held = Archive(tmp_path_factory.mktemp("archive"))
    import_folder(held, PROJECT, next(iter(sorted(cohort.iterdir()))))
    return held


@pytest.fixture(scope="module")
def orthanc() -> Iterator[Orthanc]:
    with running(needed.programs()) as one:
        yield one


def until(told: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if told():
            return True
        time.sleep(0.05)
    return False


def processes(folder: Path) -> list[int]:
    """The processes that were started with something in a folder."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            words = line.read_bytes().decode(errors="replace")
            if str(folder) in words and "Orthanc" in words:
                found.append(int(line.parent.name))
    return found


def test_it_answers_only_who_has_its_password(orthanc: Orthanc) -> None:
    for path in ("/system", "/instances", "/dicom-web/studies"):
        assert requests.get(orthanc.url + path, timeout=PATIENCE).status_code == 401
    assert orthanc.client.get(f"{orthanc.url}/dicom-web/studies", timeout=PATIENCE).json() == []
    assert orthanc.folder.stat().st_mode & 0o077 == 0  # its password and the images are in there


def test_another_machine_is_refused_even_with_the_password(orthanc: Orthanc) -> None:
    port = int(orthanc.url.rpartition(":")[2])
    user, password = orthanc.client.auth or ("", "")
    login = base64.b64encode(f"{user}:{password}".encode()).decode()
    # From another address than 127.0.0.1, which is all that it goes by.
    other = HTTPConnection("127.0.0.1", port, source_address=("127.0.0.2", 0), timeout=PATIENCE)
    with closing(other):
        other.request("GET", "/system", headers={"Authorization": f"Basic {login}"})
        assert other.getresponse().status == 401


def test_it_listens_for_no_dicom(orthanc: Orthanc) -> None:
    settings = json.loads((orthanc.folder / "orthanc.json").read_text())
    assert settings["DicomServerEnabled"] is False
    told = orthanc.client.get(f"{orthanc.url}/system", timeout=PATIENCE).json()
    assert told["Name"] == settings["Name"]


def test_images_come_back_as_they_went_in_and_a_damaged_one_is_told(
    orthanc: Orthanc, archive: Archive, tmp_path: Path
) -> None:
    (session,) = archive.sessions(PROJECT)
    files = list(shown_files(session))
    damaged = tmp_path / "damaged.dcm"
    damaged.write_bytes(files[0].path.read_bytes()[:400])
    junk = tmp_path / "junk.dcm"
    junk.write_bytes(b"\0" * 128 + b"DICM" + b"junk" * 50)
    broken = [ShownFile(damaged, "scan 1 of S"), ShownFile(junk, "scan 2 of S")]
    stored = store(orthanc, [*broken, *files])
    assert [bool(one.reason) for one in stored] == [True, True, *[False] * len(files)]
    assert not any(one.reason for one in store(orthanc, files[:3]))  # what is there is there
    held = orthanc.client.get(f"{orthanc.url}/instances", timeout=PATIENCE).json()
    assert len(held) == len(files)
    sent = {one.path.read_bytes() for one in files}
    first = orthanc.client.get(f"{orthanc.url}/instances/{held[0]}/file", timeout=PATIENCE).content
    assert first in sent


def test_a_program_that_ends_at_once_is_told(tmp_path: Path) -> None:
    ends = tmp_path / "Orthanc"
    ends.write_text("#!/bin/sh\necho 'E0101 00:00:00 main.cpp:1] no such plugin'\nexit 1\n")
    ends.chmod(0o755)
    with pytest.raises(RunError, match=r"it ended \(no such plugin\)"), running(OrthancPrograms(ends, ends)):
        pass


def test_a_port_that_somebody_else_answers_at_is_not_taken_for_ours(tmp_path: Path) -> None:
    """Another user's program may take the port before Orthanc does: it is sent no image."""
    answers = tmp_path / "Orthanc"
    answers.write_text(f"#!{sys.executable}\n{SOMEBODY_ELSE}")
    answers.chmod(0o755)
    with pytest.raises(RunError, match="Orthanc: must start"), running(OrthancPrograms(answers, answers)):
        pass


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_viewer_that_is_stopped_leaves_nothing(
    archive: Archive, tmp_path: Path, number: signal.Signals
) -> None:
    needed.programs()
    with viewing(archive.root, tmp_path, "--viewer", str(needed.build())) as command:
        assert re.search(r"^1 session, \d+ images, 0 SEG or RTSTRUCT$", "".join(command.said), re.MULTILINE)
        assert processes(tmp_path)
        with requests.Session() as browser:
            assert "OHIF" in browser.get(command.url, timeout=PATIENCE).text
            studies = browser.get(f"{command.url.partition('/?')[0]}/dicom-web/studies", timeout=PATIENCE)
            assert len(studies.json()) == 1
        assert "Stopped" in command.stop(number)
        assert command.process.returncode == 0
    assert not processes(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_viewer_that_is_killed_leaves_nothing(archive: Archive, tmp_path: Path) -> None:
    needed.programs()
    with viewing(archive.root, tmp_path, "--viewer", str(needed.build())) as command:
        left = processes(tmp_path)
        assert left
        command.process.send_signal(signal.SIGKILL)
        command.process.wait(PATIENCE)
        assert until(lambda: not any(map(lives, left)) and not list(tmp_path.iterdir()))


def keepers(folder: Path) -> list[int]:
    return [one for one in processes(folder) if b"keeper.py" in Path(f"/proc/{one}/cmdline").read_bytes()]


def test_a_program_that_outlives_its_killed_keeper_is_ended_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    program = tmp_path / "Orthanc"
    program.write_text(f"#!{sys.executable}\n{ANSWERS_FROM_A_CHILD}")
    program.chmod(0o755)
    with running(OrthancPrograms(program, program)) as one:
        child = int((one.folder / "number").read_text())
        (keeper,) = keepers(one.folder)
        os.kill(keeper, signal.SIGKILL)
        assert until(lambda: not processes(one.folder) or processes(one.folder) == [child])
        assert lives(child)
    assert until(lambda: not lives(child))
    assert not one.folder.exists()


def test_a_viewer_whose_keeper_is_killed_deletes_the_copy_before_it_says_so(
    archive: Archive, tmp_path: Path
) -> None:
    needed.programs()
    with viewing(archive.root, tmp_path, "--viewer", str(needed.build())) as command:
        started = processes(tmp_path)
        (keeper,) = keepers(tmp_path)
        os.kill(keeper, signal.SIGKILL)
        assert until(lambda: processes(tmp_path) == [])
        assert started
        assert list(tmp_path.iterdir())  # nobody else deletes it
        assert "deleted" in command.stop()
        assert not list(tmp_path.iterdir())


def test_what_a_viewer_and_its_keeper_left_goes_with_the_next_start(archive: Archive, tmp_path: Path) -> None:
    needed.programs()
    with viewing(archive.root, tmp_path, "--viewer", str(needed.build())) as command:
        for one in (command.process.pid, *keepers(tmp_path)):
            os.kill(one, signal.SIGKILL)
        command.process.wait(PATIENCE)
        assert until(lambda: processes(tmp_path) == [])
    (left,) = tmp_path.iterdir()
    with viewing(archive.root, tmp_path, "--viewer", str(needed.build())) as command:
        assert not left.exists()
        command.stop()
    assert not list(tmp_path.iterdir())


def test_the_viewer_hands_out_nothing_but_dicomweb(archive: Archive, tmp_path: Path) -> None:
    needed.programs()
    with (
        viewing(archive.root, tmp_path, "--viewer", str(needed.build())) as command,
        requests.Session() as browser,
    ):
        browser.get(command.url, timeout=PATIENCE)
        viewer = command.url.partition("/?")[0]
        for path in ("..%5cpatients", "..%5cstatistics", "studies%5c..%5c..%5cinstances"):
            assert browser.get(f"{viewer}/dicom-web/{path}", timeout=PATIENCE).status_code == 400
        command.stop()


def test_a_damaged_image_is_told_by_its_scan_and_the_others_are_shown(
    archive: Archive, tmp_path: Path
) -> None:
    needed.programs()
    copy = Archive(Path(shutil.copytree(archive.root, tmp_path / "copy")))
    (session,) = copy.sessions(PROJECT)
    image = next(iter(sorted((session.path / "SCANS").glob("*/DICOM/*.dcm"))))
    image.write_bytes(image.read_bytes()[:400])
    images = len(list((session.path / "SCANS").glob("*/DICOM/*.dcm")))
    (tmp_path / "own").mkdir()
    with viewing(copy.root, tmp_path / "own", "--viewer", str(needed.build())) as command:
        said = "".join(command.said)
        command.stop()
    assert f"1 file of scan {image.parts[-3]} of {session.label} left out" in said
    assert f"1 session, {images - 1} images" in said
    assert image.name not in said
