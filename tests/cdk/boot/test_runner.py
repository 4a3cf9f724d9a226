"""The runner: fetches, verifies, runs, and tells CloudFormation once."""

import hashlib
import io
import json
import subprocess
import tarfile
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from sarcoma_cdk.boot import runner

BOOT = """
import json, pathlib, sys
told = json.loads(pathlib.Path(sys.argv[1]).read_text())
reason = told["parameter"].get("fails", "")
pathlib.Path("../ran").open("a").write("x")
if reason != "silent":
    pathlib.Path(sys.argv[2]).write_text(json.dumps({"step": "one" if reason else "", "reason": reason}))
sys.exit(bool(reason))
"""


class Handle:
    """A WaitConditionHandle, which takes what is signed for an empty type."""

    def __init__(self) -> None:
        self.told: list[dict[str, str]] = []
        self.expired = False
        handle = self

        class Answer(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                refused = handle.expired or self.headers["Content-Type"] != ""
                if not refused:
                    handle.told.append(json.loads(body))
                self.send_response(403 if refused else 200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/handle?X-Amz-Signature=1"


class Site:
    """A bucket and a parameter behind a double of `aws`, and a handle."""

    def __init__(self, folder: Path, handle: Handle) -> None:
        self.objects: dict[str, bytes] = {}
        self.handle = handle
        self.ran = folder / "opt" / "ran"
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            for name, content in (("boot/__init__.py", b""), ("boot/__main__.py", BOOT.encode())):
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        bundle = self.put("bundles/{}.tar.gz", packed.getvalue())
        publication = json.dumps({"images": {}, "artefacts": {}, "bundle": bundle}).encode()
        self.parameter: dict[str, Any] = {
            "site": "muhc",
            "bucket": "site",
            "publication": self.put("publications/{}.json", publication),
            "site_url": "https://xnat.muhc.example",
            "signal": handle.url,
        }

    def put(self, key: str, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        self.objects[f"s3://site/{key.format(digest)}"] = content
        return digest

    def run(self, command: Sequence[str], **options: Any) -> "subprocess.CompletedProcess[str]":
        if command[0] != "aws":
            return REAL(command, **options)
        if command[1] == "ssm":
            told = {"Parameter": {"Value": json.dumps(self.parameter)}}
            return subprocess.CompletedProcess(command, 0, json.dumps(told), "")
        if command[-2] not in self.objects:
            return subprocess.CompletedProcess(command, 1, "", "fatal error: An error occurred (404)")
        Path(command[-1]).write_bytes(self.objects[command[-2]])
        return subprocess.CompletedProcess(command, 0, "", "")

    def times(self) -> int:
        """How often the boot has run."""
        return len(self.ran.read_text()) if self.ran.exists() else 0


REAL = subprocess.run


@pytest.fixture
def handle() -> Iterator[Handle]:
    found = Handle()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def site(tmp_path: Path, handle: Handle, monkeypatch: pytest.MonkeyPatch) -> Site:
    found = Site(tmp_path, handle)
    for name, folder in (("STATE", "state"), ("RUN", "run"), ("UNPACKED", "opt")):
        monkeypatch.setattr(runner, name, tmp_path / folder)
    monkeypatch.setattr(runner.subprocess, "run", found.run)
    monkeypatch.setattr(runner.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setenv("SARCOMA_PARAMETER", "/sarcoma/muhc")
    return found


def test_a_site_that_is_up_is_signalled_once(site: Site) -> None:
    assert runner.main([]) == runner.main([]) == 0
    assert site.times() == 2
    (told,) = site.handle.told
    assert told == {
        "Status": "SUCCESS",
        "UniqueId": "muhc",
        "Reason": "The site is up.",
        "Data": "https://xnat.muhc.example",
    }


def test_a_boot_that_fails_is_signalled_with_its_step_and_its_reason(site: Site) -> None:
    site.parameter["fails"] = "the disk is full"
    assert runner.main([]) == 1
    (told,) = site.handle.told
    assert (told["Status"], told["Reason"]) == ("FAILURE", "step one: the disk is full")


def test_a_boot_that_dies_without_a_word_is_a_failure_too(site: Site) -> None:
    site.parameter["fails"] = "silent"
    assert runner.main([]) == 1
    assert "without a word" in site.handle.told[0]["Reason"]


def test_a_reason_is_cut_to_what_cloudformation_takes(site: Site) -> None:
    site.parameter["fails"] = "x" * 5000
    runner.main([])
    assert len(json.dumps(site.handle.told[0])) < 4096


@pytest.mark.parametrize("which", ["publications", "bundles"])
def test_an_object_of_another_content_is_refused_and_signalled(site: Site, which: str) -> None:
    key = next(each for each in site.objects if which in each)
    site.objects[key] = b"what somebody put in its place"
    assert runner.main([]) == 1
    assert site.times() == 0
    assert "step fetch: s3://site/" in site.handle.told[0]["Reason"]
    assert "must have the SHA-256" in site.handle.told[0]["Reason"]


def test_an_object_that_is_not_there_is_signalled(site: Site) -> None:
    site.objects.clear()
    assert runner.main([]) == 1
    assert "aws s3 cp failed (1): fatal error" in site.handle.told[0]["Reason"]


def test_a_handle_that_has_expired_changes_nothing(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.handle.expired = True
    assert runner.main([]) == 0
    assert "could not be told SUCCESS" in capsys.readouterr().out
    site.handle.expired = False
    assert runner.main([]) == 0
    assert len(site.handle.told) == 1


def test_following_runs_when_the_parameter_has_changed_and_only_then(site: Site) -> None:
    for times, changed in ((1, "one"), (1, "one"), (2, "two"), (2, "two")):
        site.parameter["site_url"] = changed
        assert runner.main(["--follow"]) == 0
        assert site.times() == times


def test_following_does_not_try_a_failed_publication_again_and_the_unit_does(site: Site) -> None:
    site.parameter["fails"] = "why"
    assert [runner.main(["--follow"]), runner.main(["--follow"]), runner.main([])] == [1, 0, 1]
    assert site.times() == 2
    assert len(site.handle.told) == 1


def test_following_stands_back_while_a_boot_runs(site: Site, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with (tmp_path / "run" / "lock").open("w") as lock:
        runner.fcntl.flock(lock, runner.fcntl.LOCK_EX)
        assert runner.main(["--follow"]) == 0
    assert site.times() == 0


def test_a_parameter_that_cannot_be_read_is_an_error(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(command: Sequence[str], **_: Any) -> "subprocess.CompletedProcess[str]":
        return subprocess.CompletedProcess(command, 254, "", "An error occurred (AccessDeniedException)")

    monkeypatch.setattr(runner.subprocess, "run", refuse)
    assert runner.main([]) == 1
    assert "AccessDenied" in capsys.readouterr().out
    assert site.handle.told == []


def test_where_the_command_line_of_aws_is_not_there_it_is_installed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Sequence[str]] = []

    def note(command: Sequence[str], **options: Any) -> "subprocess.CompletedProcess[str]":
        asked.append(command)
        return (
            subprocess.CompletedProcess(command, 0) if command[0] == "dnf" else site.run(command, **options)
        )

    monkeypatch.setattr(runner.shutil, "which", lambda _: None)
    monkeypatch.setattr(runner.subprocess, "run", note)
    assert runner.main([]) == 0
    assert list(asked[0]) == ["dnf", "install", "--assumeyes", "--quiet", "awscli-2"]


def test_a_parameter_that_is_no_object_is_an_error(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.parameter = []  # type: ignore[assignment]
    assert runner.main([]) == 1
    assert "must be a JSON object" in capsys.readouterr().out


def test_a_publication_that_lacks_a_part_is_signalled(site: Site) -> None:
    site.parameter["publication"] = site.put("publications/{}.json", b"{}")
    assert runner.main([]) == 1
    assert site.handle.told[0]["Reason"] == "step fetch: KeyError('bundle')"
