"""Nothing stays behind: the program ends and its folder goes, however whoever started it ends."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from sarcoma_core.runners.processes import lives
from sarcoma_core.viewer import keeper

PATIENCE = 20
KEEPER = keeper.__file__
SAYS_ITS_NUMBER = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SAYS_ITS_NUMBER}"
STARTER = """
import subprocess, sys, time
subprocess.Popen([sys.executable, *sys.argv[1:]], stdin=subprocess.PIPE, start_new_session=True)
time.sleep(600)
"""


def until(told: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if told():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "kept"
    (place / "storage").mkdir(parents=True)
    (place / "storage" / "image").write_bytes(b"a patient's")
    return place


class Started(NamedTuple):
    """A process, and the number that the program behind it says."""

    process: subprocess.Popen[str]
    program: int

    def close_pipe(self) -> None:
        """Close its standard input, as the end of its starter does."""
        assert self.process.stdin is not None
        self.process.stdin.close()


@contextmanager
def started(*line: str) -> Iterator[Started]:
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Started(process, int(process.stdout.readline()))
        finally:
            process.kill()


@pytest.fixture
def kept(folder: Path) -> Iterator[Started]:
    """A keeper and the program that it keeps."""
    with started(sys.executable, KEEPER, str(folder), sys.executable, "-c", SAYS_ITS_NUMBER) as one:
        yield one


def is_gone(program: int, folder: Path) -> bool:
    return until(lambda: not lives(program) and not folder.exists())


def test_it_ends_when_its_pipe_closes(kept: Started, folder: Path) -> None:
    assert lives(kept.program)
    kept.close_pipe()
    assert is_gone(kept.program, folder)
    assert kept.process.wait(PATIENCE) != 0


def test_it_ends_when_it_is_asked_to(kept: Started, folder: Path) -> None:
    kept.process.terminate()
    assert is_gone(kept.program, folder)


def test_a_keeper_that_is_killed_takes_its_program_with_it(kept: Started) -> None:
    kept.process.kill()
    assert until(lambda: not lives(kept.program))


def test_a_starter_that_is_killed_leaves_neither_program_nor_folder(folder: Path) -> None:
    words = (KEEPER, str(folder), sys.executable, "-c", SAYS_ITS_NUMBER)
    with started(sys.executable, "-c", STARTER, *words) as starter:
        assert lives(starter.program)
        starter.process.kill()
        assert is_gone(starter.program, folder)


def test_a_program_that_does_not_heed_is_killed(folder: Path) -> None:
    with started(sys.executable, KEEPER, str(folder), sys.executable, "-c", STUBBORN) as one:
        one.close_pipe()
        assert is_gone(one.program, folder)


def test_a_program_that_ends_by_itself_ends_it_with_its_code(folder: Path) -> None:
    line = [sys.executable, KEEPER, str(folder), sys.executable, "-c", "raise SystemExit(7)"]
    with subprocess.Popen(line, stdin=subprocess.PIPE) as process:
        assert process.wait(PATIENCE) == 7
    assert not folder.exists()
