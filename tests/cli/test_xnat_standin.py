"""`sarcoma xnat standin` as a real process."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from sarcoma_core.cli.main import main


class Served:
    """A stand-in's process, what it said when it was up, and its address."""

    def __init__(self, process: "subprocess.Popen[str]", said: str) -> None:
        self.process = process
        self.said = said
        self.url = re.findall(r"http://\S+", said)[0]

    def stop(self, by: signal.Signals) -> tuple[int, str]:
        """Its exit code and what it wrote last."""
        self.process.send_signal(by)
        out, _ = self.process.communicate(timeout=20)
        return self.process.returncode, out


@contextmanager
def served(archive: Path, *arguments: str, environment: Mapping[str, str]) -> Iterator[Served]:
    command = [sys.executable, "-m", "sarcoma_core", "xnat", "standin", "--archive", str(archive), *arguments]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=dict(environment)
    )
    try:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        yield Served(process, "".join(lines))
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    monkeypatch.delenv("XNAT_USER", raising=False)
    monkeypatch.delenv("XNAT_PASS", raising=False)
    return dict(os.environ)


def test_it_prints_its_address_and_a_password_that_opens_it(
    tmp_path: Path, environment: Mapping[str, str]
) -> None:
    with served(tmp_path / "archive", "--port", "0", environment=environment) as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert "built from a reading of XNAT" in server.said
        (password,) = re.findall(r"password (\S+)\. ", server.said)
        answer = requests.get(f"{server.url}/data/auth", auth=("admin", password), timeout=10)
        assert answer.text == "User 'admin' is logged in"
        assert requests.get(f"{server.url}/data/auth", auth=("admin", "no"), timeout=10).status_code == 401


def test_a_password_from_the_environment_opens_it_and_is_not_printed(
    tmp_path: Path, environment: Mapping[str, str]
) -> None:
    login = {"XNAT_USER": "manager", "XNAT_PASS": "one of my own"}
    with served(tmp_path / "archive", "--port", "0", environment={**environment, **login}) as server:
        answer = requests.get(f"{server.url}/data/auth", auth=("manager", "one of my own"), timeout=10)
        assert answer.text == "User 'manager' is logged in"
        code, rest = server.stop(signal.SIGINT)
    assert "one of my own" not in server.said + rest
    assert code == 0


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_tidily_when_it_is_told_to(
    tmp_path: Path, environment: Mapping[str, str], by: signal.Signals
) -> None:
    with served(tmp_path / "archive", "--port", "0", environment=environment) as server:
        code, rest = server.stop(by)
    assert (code, rest) == (0, "Stopped.\n")


def test_an_address_that_others_can_reach_is_warned_of(
    tmp_path: Path, environment: Mapping[str, str]
) -> None:
    with served(tmp_path / "archive", "--port", "0", "--host", "0.0.0.0", environment=environment) as server:  # noqa: S104  what is warned of
        assert "plain http shows passwords" in server.said
        assert "--url" in server.said


@pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid"])
def test_an_address_of_another_machine_is_blamed_on_host_and_not_on_port(
    tmp_path: Path, host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["xnat", "standin", "--archive", str(tmp_path), "--host", host, "--port", "0"]) == 2
    told = capsys.readouterr().err
    assert f"--host: must be an address of this machine; found '{host}'" in told
    assert "--port" not in told


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_that_is_none_is_wrong_usage(
    tmp_path: Path, port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["xnat", "standin", "--archive", str(tmp_path), f"--port={port}"])
    assert end.value.code == 2
    assert "from 0 to 65535" in capsys.readouterr().err
