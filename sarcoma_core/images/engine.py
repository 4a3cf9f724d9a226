"""The Docker engine, through a `docker` command that reaches it.

A machine may hold several `docker` commands, and not each can do everything: since 23.0 the command needs the
buildx plug-in to build with BuildKit, before that (Debian 12's 20.10) BuildKit is inside. So the first one
that answers *and* can do what is asked is taken.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sarcoma_core.errors import RunError

_FIRST_WITHOUT_BUILDKIT = 23
_ANSWER_SECONDS = 30
_DEBIAN = "/usr/bin"
_ENVIRONMENT = {
    "DOCKER_BUILDKIT": "1",
    "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",  # a plain image: what 20.10 makes, and every registry takes
    "DOCKER_CLI_HINTS": "false",
}


class EngineError(RunError):
    """No Docker engine can be used from here."""


@dataclass(frozen=True)
class Engine:
    """A `docker` command that reaches an engine.

    Args:
        program: the command.
        version: version of the engine.
    """

    program: Path
    version: str

    def output(self, *arguments: str, text: str = "") -> str:
        """Run a command and return what it prints.

        Args:
            arguments: the command.
            text: what it reads from its standard input.

        Raises:
            RunError: it failed; the message ends with its own last words.
        """
        done = _run(self.program, arguments, text)
        if done.returncode:
            raise RunError(f"docker {arguments[0]} failed: {last_line(done.stderr)}")
        return done.stdout

    def show(self, *arguments: str, text: str = "") -> None:
        """Run a command whose progress the user follows on stderr.

        Args:
            arguments: the command.
            text: what it reads from its standard input.

        Raises:
            RunError: it failed; what it said stands above.
        """
        done = subprocess.run(
            [self.program, *arguments],
            env=os.environ | _ENVIRONMENT,
            input=text,
            encoding="utf-8",
            stdout=sys.stderr,
            check=False,
        )
        if done.returncode:
            raise RunError(f"docker {arguments[0]} failed ({done.returncode}); its reason stands above.")

    def has(self, image: str) -> bool:
        """Whether this engine holds an image."""
        return _run(self.program, ("image", "inspect", image)).returncode == 0


def connect(*, to_build: bool = False) -> Engine:
    """Find a `docker` command that reaches an engine.

    Args:
        to_build: it must also be able to build with BuildKit.

    Raises:
        EngineError: there is no such command, no engine answers, or this user may not talk to it.
    """
    reasons: list[str] = []
    plain = None
    for program in _programs():
        done = _run(program, ("version", "--format", "{{.Client.Version}} {{.Server.Version}}"))
        if done.returncode:
            reasons.append(done.stderr)
            continue
        client, _, server = done.stdout.strip().partition(" ")
        if not to_build or _has_buildkit(program, client):
            return Engine(program, server)
        plain = program
    if plain:
        raise EngineError(
            f"docker: must be able to build with BuildKit; {plain} lacks its buildx plug-in.",
            hint="Install the plug-in (Debian 12: apt install docker.io; others: docker-buildx-plugin).",
        )
    raise _unreachable(reasons)


def _programs() -> Iterator[Path]:
    """Each `docker` command: those on PATH first, then Debian's own place."""
    for folder in dict.fromkeys([*os.get_exec_path(), _DEBIAN]):
        program = Path(folder, "docker")
        if os.access(program, os.X_OK):
            yield program


def _has_buildkit(program: Path, version: str) -> bool:
    major = version.partition(".")[0]
    if major.isdecimal() and int(major) < _FIRST_WITHOUT_BUILDKIT:
        return True
    return _run(program, ("buildx", "version")).returncode == 0


def _run(program: Path, arguments: Sequence[str], text: str = "") -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [program, *arguments],
            env=os.environ | _ENVIRONMENT,
            input=text,
            capture_output=True,
            encoding="utf-8",
            check=False,
            # Only a question may time out; `docker pull` and `docker run` take what they take.
            timeout=_ANSWER_SECONDS if arguments[0] in ("version", "buildx", "image") else None,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(arguments, 1, "", f"no answer within {_ANSWER_SECONDS} s")


def _unreachable(reasons: Sequence[str]) -> EngineError:
    if not reasons:
        return EngineError(
            "docker: the command must be on PATH; there is none.",
            hint="Install it (Debian: apt install docker.io), then: bash .ci/engine",
        )
    if any("permission denied" in reason.lower() for reason in reasons):
        return EngineError(
            "docker: this user must be allowed to use the engine's socket, and is not.",
            hint="Run: sudo usermod --append --groups docker $USER, and log in again.",
        )
    return EngineError(
        f"docker: an engine must answer; none does ({last_line(reasons[0])})",
        hint="Start it: sudo systemctl start docker; on a bare Debian machine, as root: bash .ci/engine",
    )


def last_line(text: str) -> str:
    """The last words of a program: where it says why it failed."""
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else "it said nothing"
