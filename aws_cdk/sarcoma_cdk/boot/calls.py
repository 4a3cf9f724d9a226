"""The two ways out of this machine, the command lines of AWS and of Docker; and the programs beside them.

The first argument of `aws` is always written out where it is called: which endpoints the network needs is
read off those calls.
"""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .failure import BootError

if TYPE_CHECKING:
    from collections.abc import Callable

_SHOWN = 300
"""Characters of a program's last words that a reason may hold: CloudFormation cuts off at 4,000."""
_AWS: dict[str, str] = {"AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "8", "AWS_PAGER": ""}
_DOCKER: dict[str, str] = {
    "DOCKER_CONFIG": "/run/sarcoma/docker",
    "DOCKER_BUILDKIT": "1",
    "DOCKER_CLI_HINTS": "false",
}
"""The registry's password lies in memory and is gone with the power."""


def aws(service: str, *arguments: str) -> str:
    """Ask AWS, as the machine's role.

    Args:
        service: the service as the command line names it, written out: the endpoints are read off it.
        arguments: the operation and its options.

    Returns:
        What it prints.

    Raises:
        BootError: it failed; the message ends with its last words.
    """
    return run("aws", service, *arguments, environment=_AWS)


def docker(*arguments: str, text: str = "", environment: dict[str, str] | None = None) -> str:
    """Ask the engine.

    Args:
        arguments: the command.
        text: what it reads from its standard input; a secret goes this way or by `environment`.
        environment: variables beside ours.

    Returns:
        What it prints.

    Raises:
        BootError: it failed; the message ends with its last words.
    """
    return run("docker", *arguments, text=text, environment={**_DOCKER, **(environment or {})})


def run(program: str, *arguments: str, text: str = "", environment: dict[str, str] | None = None) -> str:
    """Run a program of this machine.

    Args:
        program: its name, found on PATH.
        arguments: its arguments.
        text: what it reads from its standard input.
        environment: variables beside this process's own.

    Returns:
        What it prints.

    Raises:
        BootError: it is not there, or failed; the message ends with its last words.
    """
    done = attempt(program, *arguments, text=text, environment=environment)
    if done.returncode:
        raise BootError(f"{program} {' '.join(arguments[:2])} failed ({done.returncode}): {last_words(done)}")
    return done.stdout


def attempt(
    program: str, *arguments: str, text: str = "", environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program whose failure is an answer.

    Args:
        program: its name, found on PATH.
        arguments: its arguments.
        text: what it reads from its standard input.
        environment: variables beside this process's own.

    Raises:
        BootError: it is not there.
    """
    try:
        return subprocess.run(
            [program, *arguments],
            input=text,
            env={**os.environ, **(environment or {})},
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise BootError(f"{program}: must be on this machine's PATH; {error.strerror}.") from None


def last_words(done: subprocess.CompletedProcess[str]) -> str:
    """The last line of a program that failed: by custom the reason."""
    lines = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()
    return lines[-1][:_SHOWN]


def wait_for(seen: Callable[[], bool], *, seconds: float, pause: float = 2) -> bool:
    """Look again and again.

    Args:
        seen: whether it is there.
        seconds: how long to look.
        pause: seconds between two looks.

    Returns:
        Whether it was seen in time.
    """
    end = time.monotonic() + seconds
    while not seen():
        if time.monotonic() >= end:
            return False
        time.sleep(pause)
    return True


def make_ready() -> None:
    """Make the folder of the registry's password, which only root reads.

    Raises:
        OSError: it cannot be made.
    """
    Path(_DOCKER["DOCKER_CONFIG"]).mkdir(mode=0o700, parents=True, exist_ok=True)
