"""What every runner does: take a resolved command and folders for its mounts, run it, say how it ended."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Protocol

from sarcoma_core.errors import ERROR, HINT
from sarcoma_core.provenance import Outcome, Outcomes
from sarcoma_core.xnat.resolution.resolving import ResolvedCommand


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Args:
        exit_code: 0 when it went well.
        stdout: what it printed.
        stderr: what it complained of; the reason is the last line.
    """

    exit_code: int
    stdout: str
    stderr: str

    @property
    def outcomes(self) -> Outcomes:
        """What it said of each series: the only trace of them when it failed."""
        return tuple(outcome for line in self.stdout.splitlines() if (outcome := Outcome.from_line(line)))

    @property
    def hint(self) -> str:
        """What it says to do next, or nothing."""
        told = [line for line in self.stderr.splitlines() if line.startswith(HINT)]
        return told[-1].removeprefix(HINT) if told else ""

    @property
    def reason(self) -> str:
        """Why it failed, in one line."""
        lines = [line.strip() for line in self.stderr.splitlines() if line.strip()]
        last = lines[-1].removeprefix(ERROR) if lines else "it said nothing"
        return f"{last} (exit {self.exit_code})" if self.exit_code not in (1, 2) else last


GRACE = 10.0
"""Seconds that a run has to tidy up when it is asked to end; then it is killed. Docker's own default."""
BEAT = 0.1
"""Seconds between two looks at whether a run is asked to end."""


@dataclass(frozen=True)
class Follow:
    """A run that is looked at while it lasts, and that can be ended.

    Args:
        folder: where `stdout.log` and `stderr.log` grow.
        stop: ends the run when it is set.
    """

    folder: Path
    stop: Event = field(default_factory=Event)

    @property
    def stdout(self) -> Path:
        """What it printed so far."""
        return self.folder / "stdout.log"

    @property
    def stderr(self) -> Path:
        """What it complained of so far."""
        return self.folder / "stderr.log"

    def ended(self, exit_code: int) -> Ended:
        """How it ended, with what was written to the logs."""
        out, err = (path.read_text(encoding="utf-8", errors="replace") for path in (self.stdout, self.stderr))
        return Ended(exit_code, out, err)


@contextmanager
def followed(follow: Follow | None) -> Iterator[Follow]:
    """What follows a run: what the caller gave, or logs that nobody looks at."""
    if follow is not None:
        follow.folder.mkdir(parents=True, exist_ok=True)
        yield follow
        return
    with TemporaryDirectory(prefix="sarcoma-logs-") as folder:
        yield Follow(Path(folder))


class Runner(Protocol):
    """One way to execute a resolved command."""

    name: str

    def run(
        self, command: ResolvedCommand, folders: Mapping[str, Path], *, follow: Follow | None = None
    ) -> Ended:
        """Execute it.

        Args:
            command: what the service would run.
            folders: for each mount's name, the folder of this machine behind it.
            follow: where its logs grow, and what ends it.

        Raises:
            RunError: it could not be started.
        """
