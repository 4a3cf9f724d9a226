"""Processes end with all their children, gently if they let us."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event

import pytest

from sarcoma_core.runners.processes import lives, wait

STUBBORN = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(60)
"""
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


def started(program: str) -> subprocess.Popen[bytes]:
    """A Python process that leads its own group, once it has said its first line."""
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, start_new_session=True)


def stopped(process: subprocess.Popen[bytes]) -> int:
    stop = Event()
    stop.set()
    with process:
        return wait(process, stop)


def test_a_process_that_ends_by_itself_gives_its_exit_code() -> None:
    with started("raise SystemExit(7)") as process:
        assert wait(process, Event()) == 7


def test_a_process_ends_with_its_children() -> None:
    process = started(PARENT)
    assert process.stdout
    child = int(process.stdout.readline())
    assert lives(child)
    assert stopped(process) == -signal.SIGTERM
    until = time.monotonic() + 10
    while not not_running(child) and time.monotonic() < until:  # a signal is sent at once, and acted on soon
        time.sleep(0.01)
    assert not_running(child)


def not_running(process: int) -> bool:
    """Whether a process is gone, or waits as a zombie for a parent that is gone."""
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def test_a_process_that_does_not_listen_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sarcoma_core.runners.processes.GRACE", 0.1)
    process = started(STUBBORN)
    assert process.stdout
    process.stdout.readline()
    assert stopped(process) == -signal.SIGKILL


def test_one_that_has_ended_does_not_live_and_we_do() -> None:
    with started("") as process:
        process.wait()
    assert not lives(process.pid)
    assert lives(os.getpid())
