"""How a bulk run is followed: a bar with rate and remaining time at a terminal, a line each when piped."""

import sys
import time
from types import TracebackType
from typing import NamedTuple, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from sarcoma_core.launch.bulk import Watch
from sarcoma_core.launch.ledger import Present
from sarcoma_core.text import printable


class Foresight(NamedTuple):
    """A line of a dry run."""

    session: str
    answer: str
    step: str
    reason: str


def watch(sessions: int, *, quiet: bool) -> Watch:
    """Follow a run of so many sessions."""
    if quiet:
        return Silence()
    return _Bar(sessions) if sys.stderr.isatty() else _Lines()


class Silence:
    """Shows nothing; what the others are built on."""

    def __enter__(self) -> Self:
        """Start."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End, well or not."""

    def changed(self, present: Present) -> None:
        """A session has come into another state."""

    def ended(self, present: Present) -> None:
        """A session has ended."""


class _Lines(Silence):
    def ended(self, present: Present) -> None:
        why = ": ".join(text for text in (present.step, printable(present.reason)) if text)
        sys.stderr.write(f"{printable(present.label)}\t{present.state}\t{why}\n")


class _Bar(Silence):
    def __init__(self, sessions: int) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
        )
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task("starting", total=sessions, rate="")
        self._ended = 0
        self._start = time.monotonic()

    def __enter__(self) -> Self:
        self._progress.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.__exit__(kind, error, trace)

    def changed(self, present: Present) -> None:
        where = f"{printable(present.label)}: {present.step} {present.status or present.state}"
        self._progress.update(self._task, description=where)

    def ended(self, present: Present) -> None:
        del present
        self._ended += 1
        rate = 60 * self._ended / max(time.monotonic() - self._start, 0.1)
        self._progress.update(self._task, advance=1, rate=f"{rate:.1f}/min")
