"""Processes of this machine: whether one lives, and how one with all its children is ended."""

import os
import signal
import subprocess
from contextlib import suppress
from threading import Event

from sarcoma_core.runners.running import BEAT, GRACE


def lives(process: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is somebody else's
        return True
    return True


def wait(process: subprocess.Popen[bytes], stop: Event) -> int:
    """Wait for a process that leads its own group; end it when `stop` is set, or when we are interrupted.

    Returns:
        The exit code; negative for the signal that ended it.
    """
    try:
        while not stop.is_set():
            try:
                return process.wait(BEAT)
            except subprocess.TimeoutExpired:
                continue
    except BaseException:  # Ctrl-C: let it tidy up before we go
        _end(process)
        raise
    return _end(process)


def _end(process: subprocess.Popen[bytes]) -> int:
    """Ask a group to end, then kill what is left of it."""
    _signal(process, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE)
    _signal(process, signal.SIGKILL)
    return process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # every one of them has ended
        os.killpg(process.pid, number)
