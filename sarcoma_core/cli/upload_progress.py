"""How an upload is followed: a bar with rate and time left at a terminal, a line a session when piped."""

import sys
from collections.abc import Sequence
from threading import Lock
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from sarcoma_core.launch.upload import Uploaded, Watch
from sarcoma_core.launch.upload_plan import Parcel
from sarcoma_core.text import printable


def watch_upload(parcels: Sequence[Parcel], *, quiet: bool) -> Watch:
    """Follow an upload."""
    if quiet:
        return _Silence()
    return _Bar(parcels) if sys.stderr.isatty() else _Lines()


class _Bar:
    def __init__(self, parcels: Sequence[Parcel]) -> None:
        self._sizes = {p.label: sum(f.path.stat().st_size for f in p.files) for p in parcels}
        self._done = dict.fromkeys(self._sizes, 0.0)
        self._lock = Lock()
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task("sending", total=sum(self._sizes.values()))
        self._finished = 0

    def __enter__(self) -> Self:
        self._progress.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.__exit__(kind, error, trace)

    def sent(self, parcel: Parcel, share: float) -> None:
        self._show(parcel.label, share)

    def finished(self, result: Uploaded) -> None:
        self._finished += 1
        self._show(result.session, 1.0)

    def _show(self, label: str, share: float) -> None:
        with self._lock:
            self._done[label] = share * self._sizes[label]
            text = f"{self._finished} of {len(self._sizes)} sessions"
            self._progress.update(self._task, completed=sum(self._done.values()), description=text)


class _Silence:
    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def sent(self, parcel: Parcel, share: float) -> None:
        """Say nothing: a line for each session is enough in a log."""

    def finished(self, result: Uploaded) -> None:
        """Say nothing."""


class _Lines(_Silence):
    def finished(self, result: Uploaded) -> None:
        cells = (result.session, result.outcome, result.reason)
        sys.stderr.write("\t".join(printable(cell) for cell in cells if cell) + "\n")
