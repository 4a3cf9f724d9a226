"""Keeps a program that must not outlive who started it, and deletes what it leaves.

A process of its own: `python keeper.py FOLDER PROGRAM [ARGUMENT ...]`. Its standard input is a pipe that the
starter holds: it closes when the starter ends, however that comes (`kill -9` included). Then the program is
ended and the folder deleted. Were the keeper itself killed, Linux would end the program; other systems not.
"""

import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

BEAT = 0.2
"""Seconds between two looks at the program."""
GRACE = 5
"""Seconds that the program has to end by itself."""
_PR_SET_PDEATHSIG = 1
"""Of prctl(2): the signal that a process gets when its parent ends."""


def keep(folder: Path, command: Sequence[str]) -> int:
    """Run a program until it ends or standard input closes, then delete the folder.

    Args:
        folder: what the program writes.
        command: the program and its arguments.

    Returns:
        The exit code of the program.

    Raises:
        OSError: the program cannot be started.
    """
    try:
        signal.signal(signal.SIGTERM, _stop)
        keeper = os.getpid()
        program = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            preexec_fn=lambda: _end_with(keeper),  # noqa: PLW1509  there is one thread here
        )
        try:
            while program.poll() is None:
                if select.select([sys.stdin], [], [], BEAT)[0]:
                    break
        finally:
            _end(program)
        return program.returncode
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _end(program: subprocess.Popen[bytes]) -> None:
    program.terminate()
    try:
        program.wait(GRACE)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()


def _end_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before that was set
            os.kill(os.getpid(), signal.SIGKILL)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(keep(Path(sys.argv[1]), sys.argv[2:]))
