"""How something long is followed: a bar on standard error at a terminal; elsewhere nothing, or a line each.

Each verb adds the methods of what it follows to one of the two watchers here.
"""

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn

from sarcoma_core.text import printable


class NoProgress:
    """Shows nothing; what the others are built on."""

    def __enter__(self) -> Self:
        """Start."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End, well or not."""


class Bar(NoProgress):
    """A bar with what is being done before it; it is taken away at the end.

    Args:
        columns: what stands behind the bar.
        total: how much there is to do.
        doing: what is being done at the start.
    """

    def __init__(self, *columns: ProgressColumn, total: float, doing: str = "starting") -> None:
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            *columns,
            console=Console(stderr=True),
            transient=True,
        )
        self.task = self.progress.add_task(doing, total=total)

    def __enter__(self) -> Self:
        """Draw it."""
        self.progress.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take it away."""
        self.progress.__exit__(kind, error, trace)

    def say(self, text: str) -> None:
        """A line above the bar, which stays."""
        self.progress.console.print(printable(text), markup=False, highlight=False)


def say(*cells: str) -> None:
    """A line on standard error, tabs between its cells."""
    sys.stderr.write("\t".join(printable(cell) for cell in cells) + "\n")
