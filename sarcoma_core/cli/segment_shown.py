"""What `sarcoma segment` tells: the steps as they end, what was drawn, and what a person has to know."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rich.progress import TimeElapsedColumn

from sarcoma_core.cli import screen
from sarcoma_core.cli.progress import Bar, NoProgress, say
from sarcoma_core.launch.alone.reading import AloneObserver
from sarcoma_core.launch.alone.results import FILE
from sarcoma_core.models.card_text import SYNTHETIC
from sarcoma_core.text import printable


class SegmentLine(NamedTuple):
    """A session's outcome, who drew, how much, and what a person has to look at."""

    session: str
    outcome: str
    model: str
    drawn: str
    to_look_at: str


def show_caution() -> None:
    """Say on standard error that the demo's models draw, and are for no patient."""
    bar = "!" * len(SYNTHETIC)
    for line in (bar, SYNTHETIC, "They are the demo's models; name your own: --model DIR", bar):
        say(line)


def watch_steps() -> AloneObserver:
    """Follow the steps on standard error: a line for each that has ended; at a terminal also what runs."""
    return _StepBar() if sys.stderr.isatty() else _StepLines()


class _StepLines(NoProgress):
    def begins(self, session: str, step: str) -> None:
        """Say nothing: a line for each step that has ended is enough in a log."""

    def ended(self, session: str, step: str, outcome: str, seconds: float) -> None:
        say(session, step, outcome, f"{seconds:.1f} s")


class _StepBar(Bar):
    def __init__(self) -> None:
        super().__init__(TimeElapsedColumn(), total=1)

    def begins(self, session: str, step: str) -> None:
        self.progress.reset(self.task, description=f"{printable(session)}: {step}")

    def ended(self, session: str, step: str, outcome: str, seconds: float) -> None:
        self.say(f"{session}: {step} {outcome}, {seconds:.1f} s")


def show_results(told: Mapping[str, Any], out: Path) -> None:
    """A line for each session, and where all of it lies.

    Args:
        told: the content of `segment.json`.
        out: the folder of the results.
    """
    screen.table("Sessions", [name.replace("_", " ") for name in SegmentLine._fields], _lines(told))
    for one in told["sessions"]:
        if one["outcome"] == "failed" and one["hint"]:
            print(f"{printable(one['session'])}: {printable(one['hint'])}")
    if told["caution"]:
        print(f"caution: {told['caution']}")
    pages = [file for one in told["sessions"] for file in one["files"] if file.endswith(".html")]
    print(
        f"written: {out.resolve()} ({FILE}{', ' if pages else ''}{', '.join(pages)}), {told['seconds']:.0f} s"
    )


def _lines(told: Mapping[str, Any]) -> Iterator[SegmentLine]:
    for one in told["sessions"]:
        if one["outcome"] == "failed":
            yield SegmentLine(one["session"], "failed", "", "", one["reason"])
            continue
        drawn = ", ".join(f"{region} {found['ml']:.1f} ml" for region, found in one["regions"].items())
        model = f"{one['model']['name']} {one['member']}, {one['device']}, {one['seconds']:.1f} s"
        doubts = "; ".join(filter(None, (*one["needs_review"], one["reason"]))) or "nothing odd was found"
        yield SegmentLine(one["session"], one["outcome"], model, drawn, doubts)
