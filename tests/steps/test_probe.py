"""The probe says what a container sees: the known file, its user, and whether XNAT answers."""

import os
import socket
import threading
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from sarcoma_core.cli.main import main
from sarcoma_core.errors import InputError
from sarcoma_core.provenance import read_record
from sarcoma_core.steps import probe
from sarcoma_core.steps.running import run_step

KEY = b"what only the server knows"


class Open(BaseHTTPRequestHandler):
    """Answers what XNAT serves to everybody, and nothing else."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/xapi/siteConfig/buildInfo" else 404)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def xnat() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Open) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def session(tmp_path: Path) -> Path:
    folder = tmp_path / "session" / "RESOURCES" / probe.KEY_LABEL
    folder.mkdir(parents=True)
    (folder / probe.KEY_FILE).write_bytes(KEY)
    return tmp_path / "session"


def facts(session: Path, out: Path) -> dict[str, Any]:
    run_step(probe.STEP, session, out, {})
    record = read_record(out / probe.LABEL)
    assert record
    return dict(record.outcomes[0].facts)


def test_it_brings_back_the_known_file_and_whom_it_ran_as(session: Path, tmp_path: Path) -> None:
    seen = facts(session, tmp_path / "out")
    assert (tmp_path / "out" / probe.LABEL / probe.KEY_FILE).read_bytes() == KEY
    assert seen["key"] == sha256(KEY).hexdigest()
    assert (seen["uid"], seen["gid"]) == (os.getuid(), os.getgid())
    assert seen["free_bytes"] > 0


def test_xnat_that_answers_is_reached(
    session: Path, tmp_path: Path, xnat: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XNAT_HOST", xnat)
    assert facts(session, tmp_path / "out")["xnat_unreachable"] == ""


def test_it_says_why_xnat_is_not_reached(
    session: Path, tmp_path: Path, xnat: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{free.getsockname()[1]}"
    reasons = {
        "": "XNAT_HOST is not set",
        "file:///etc/hostname": "XNAT_HOST is no http address",
        f"{xnat}/another": "it answered 404",
        closed: "Connection refused",
    }
    for number, (host, reason) in enumerate(reasons.items()):
        monkeypatch.setenv("XNAT_HOST", host)
        assert reason in facts(session, tmp_path / str(number))["xnat_unreachable"]


def test_an_empty_mount_and_another_folder_are_two_reasons(tmp_path: Path) -> None:
    empty, other = tmp_path / "empty", tmp_path / "other"
    empty.mkdir()
    (other / "SCANS").mkdir(parents=True)
    with pytest.raises(InputError, match="the mount is empty"):
        run_step(probe.STEP, empty, tmp_path / "out", {})
    with pytest.raises(InputError, match="found other files"):
        run_step(probe.STEP, other, tmp_path / "out", {})


def test_the_image_of_every_step_runs_it_with_a_flag(session: Path, tmp_path: Path) -> None:
    assert (
        main(["step", "convert", "--session", str(session), "--out", str(tmp_path / "out"), "--probe"]) == 0
    )
    assert (tmp_path / "out" / probe.LABEL / probe.KEY_FILE).is_file()
