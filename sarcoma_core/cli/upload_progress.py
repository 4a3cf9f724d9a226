"""How an upload is followed: a bar with rate and time left at a terminal, a line a session when piped."""

import sys
from collections.abc import Sequence
from threading import Lock

from rich.progress import DownloadColumn, TimeRemainingColumn, TransferSpeedColumn

from sarcoma_core.cli.progress import Bar, NoProgress, say
from sarcoma_core.launch.upload.plan import Parcel
from sarcoma_core.launch.upload.sending import Uploaded, UploadObserver
from sarcoma_core.text import counted


def watch_upload(parcels: Sequence[Parcel], *, quiet: bool) -> UploadObserver:
    """Follow an upload."""
    if quiet:
        return _Silence()
    return _UploadBar(parcels) if sys.stderr.isatty() else _UploadLines()


class _UploadBar(Bar):
    def __init__(self, parcels: Sequence[Parcel]) -> None:
        self._sizes = {p.label: sum(f.path.stat().st_size for f in p.files) for p in parcels}
        self._done = dict.fromkeys(self._sizes, 0.0)
        self._lock = Lock()
        columns = (DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        super().__init__(*columns, total=sum(self._sizes.values()), doing="sending")
        self._finished = 0

    def sent(self, parcel: Parcel, share: float) -> None:
        self._show(parcel.label, share)

    def finished(self, result: Uploaded) -> None:
        self._finished += 1
        self._show(result.session, 1.0)

    def _show(self, label: str, share: float) -> None:
        with self._lock:
            self._done[label] = share * self._sizes[label]
            text = f"{self._finished} of {counted(len(self._sizes), 'session')}"
            self.progress.update(self.task, completed=sum(self._done.values()), description=text)


class _Silence(NoProgress):
    def sent(self, parcel: Parcel, share: float) -> None:
        """Say nothing: a line for each session is enough in a log."""

    def finished(self, result: Uploaded) -> None:
        """Say nothing."""


class _UploadLines(_Silence):
    def finished(self, result: Uploaded) -> None:
        say(*filter(None, (result.session, result.outcome, result.reason)))
