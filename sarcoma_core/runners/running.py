"""What every runner does: take a resolved command and folders for its mounts, run it, say how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sarcoma_core.errors import ERROR, HINT
from sarcoma_core.provenance import Outcome, Outcomes
from sarcoma_core.xnat.resolve import ResolvedCommand


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


class Runner(Protocol):
    """One way to execute a resolved command."""

    name: str

    def run(self, command: ResolvedCommand, folders: Mapping[str, Path]) -> Ended:
        """Execute it.

        Args:
            command: what the service would run.
            folders: for each mount's name, the folder of this machine behind it.

        Raises:
            RunError: it could not be started.
        """
