"""How a bulk run is followed: a bar with rate and remaining time at a terminal, a line each when piped."""

import sys
import time
from typing import NamedTuple

from rich.progress import MofNCompleteColumn, TextColumn, TimeRemainingColumn

from sarcoma_core.cli import progress
from sarcoma_core.launch.bulk.engine import BulkObserver
from sarcoma_core.launch.bulk.ledger import ItemState
from sarcoma_core.text import printable


class Foresight(NamedTuple):
    """A line of a dry run."""

    session: str
    answer: str
    step: str
    reason: str


def watch(sessions: int, *, quiet: bool) -> BulkObserver:
    """Follow a run of so many sessions."""
    if quiet:
        return NoFollower()
    return _FollowerBar(sessions) if sys.stderr.isatty() else _FollowerLines()


class NoFollower(progress.NoProgress):
    """Shows nothing."""

    def changed(self, item_state: ItemState) -> None:
        """A session has come into another state."""

    def ended(self, item_state: ItemState) -> None:
        """A session has ended."""

    def away(self, since: float | None) -> None:
        """The server has gone away, or (None) is back."""


class _FollowerLines(NoFollower):
    def ended(self, item_state: ItemState) -> None:
        why = ": ".join(filter(None, (item_state.step, item_state.reason)))
        progress.say(item_state.label, item_state.state, why)

    def away(self, since: float | None) -> None:
        progress.say(_told(since))


class _FollowerBar(progress.Bar):
    def __init__(self, sessions: int) -> None:
        columns = (MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
        super().__init__(*columns, total=sessions)
        self.progress.update(self.task, rate="")
        self._ended = 0
        self._start = time.monotonic()

    def changed(self, item_state: ItemState) -> None:
        where = f"{printable(item_state.label)}: {item_state.step} {item_state.status or item_state.state}"
        self.progress.update(self.task, description=where)

    def ended(self, item_state: ItemState) -> None:
        del item_state
        self._ended += 1
        rate = 60 * self._ended / max(time.monotonic() - self._start, 0.1)
        self.progress.update(self.task, advance=1, rate=f"{rate:.1f}/min")

    def away(self, since: float | None) -> None:
        self.say(_told(since))
        self.progress.update(
            self.task, description="the server answers again" if since is None else "waiting"
        )


def _told(since: float | None) -> str:
    if since is None:
        return "the server answers again"
    clock = time.strftime("%H:%M", time.localtime(since))
    return f"no answer from the server since {clock}, waiting; Ctrl-C stops, resume goes on"
