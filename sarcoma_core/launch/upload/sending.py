"""Upload sessions to XNAT: several at once, each verified, none sent twice, and no failure stops another.

A session is compared with the server's catalogs first. What is there in full is left alone, what is there in
part gets what is missing; so running the same upload again goes on where it stopped. Files that share a
SOPInstanceUID and differ are all sent; where a server keeps one of them only, the session fails.
"""

import io
import shutil
import tarfile
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

from sarcoma_core.archive.catalog import md5
from sarcoma_core.archive.folder import is_catalog
from sarcoma_core.launch.upload.check import Comparison, compare
from sarcoma_core.launch.upload.plan import Content, Parcel
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.import_service import NOTHING, ArchivedFiles, ImportService, Sent

UploadOutcome = Literal["uploaded", "already there", "completed", "in prearchive", "failed"]
TRIES = 5
_FIRST_PAUSE = 1.0
"""Seconds before the second try; each further pause is twice as long: 15 s in all, a proxy's restart."""
_BLOCK = 2**20
_CHANGED = "are there with other bytes: the server changes what comes, or has another version"
_NEW_UIDS = (
    "All files came, none with its UID: the site's anonymisation seems to give new ones. Look at the session "
    "in XNAT, do not send it again, and de-identify before an upload."
)
_ONE_OF_EACH = (
    "The server holds other bytes under the same SOPInstanceUID, and keeps one file of each. Give every "
    "instance a UID of its own, or send those that share one to another project."
)
_FASTEST = 1
"""Of zlib's levels: DICOM that is not compressed shrinks to about half, and the disk stays the slower one."""


@dataclass(frozen=True)
class Uploaded:
    """What became of one session.

    Args:
        session: its label.
        outcome: `uploaded`, a new one; `completed`, what was missing was sent; `already there`; `in
            prearchive`, where it waits as was asked; `failed`.
        files: how many DICOM files of it are there, verified.
        sent: how many of them came now.
        reason: why it failed, or what is odd about a session that did not.
        hint: what to do about it, before it is tried again.
    """

    session: str
    outcome: UploadOutcome
    files: int = 0
    sent: int = 0
    reason: str = ""
    hint: str = ""


@dataclass(frozen=True)
class How:
    """How sessions are sent.

    Args:
        to_archive: into the archive; else they wait in the prearchive.
        workers: sessions at once.
        tries: how often a session is tried while the server is too busy or away.
        pause: waits for a number of seconds.
    """

    to_archive: bool = True
    workers: int = 2
    tries: int = TRIES
    pause: Callable[[float], None] = time.sleep


class UploadObserver(Protocol):
    """Follows an upload, e.g. to draw a progress bar; called from several threads."""

    def __enter__(self) -> Self:
        """Start."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End, well or not."""

    def sent(self, parcel: Parcel, share: float) -> None:
        """A share of a session, from 0 to 1, was sent; after a failure it begins at 0 again."""

    def finished(self, result: Uploaded) -> None:
        """A session is finished."""


def upload(
    service: ImportService, parcels: Sequence[Parcel], *, watch: UploadObserver, how: How | None = None
) -> tuple[Uploaded, ...]:
    """Upload sessions.

    Args:
        service: the project's import service.
        parcels: what to send.
        watch: follows it.
        how: how they are sent.

    Returns:
        A result for each session, in order. A failure is a result, not an exception.
    """
    way = how or How()
    with watch, ThreadPoolExecutor(way.workers) as pool:
        try:
            futures = {pool.submit(_deliver, service, parcel, watch, way): parcel for parcel in parcels}
            for future in as_completed(futures):
                watch.finished(future.result())
        except BaseException:  # Ctrl-C ends what runs, and starts nothing more
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return tuple(future.result() for future in futures)


def _deliver(service: ImportService, parcel: Parcel, watch: UploadObserver, how: How) -> Uploaded:
    """One session, tried again while the server is too busy or away."""
    delivery = _Delivery(service, parcel, watch, how)
    turn = 1
    while True:
        try:
            return delivery.run()
        except ServerError as error:
            if not error.retryable or turn == how.tries:
                tries = f" ({turn} tries)" if turn > 1 else ""
                return Uploaded(parcel.label, "failed", reason=error.message + tries, hint=error.hint)
        except OSError as error:
            cause = error.strerror or type(error).__name__
            reason = f"a file cannot be read, or the zip not be written ({cause})"
            hint = "Check the folder, and the space in TMPDIR."
            return Uploaded(parcel.label, "failed", reason=reason, hint=hint)
        how.pause(_FIRST_PAUSE * 2 ** (turn - 1))
        turn += 1


class _Delivery:
    """One session on its way; it remembers across its tries what it found and sent."""

    def __init__(self, service: ImportService, parcel: Parcel, watch: UploadObserver, how: How) -> None:
        self._service = service
        self._parcel = parcel
        self._watch = watch
        self._how = how
        self._before = NOTHING
        self._was_there: bool | None = None
        self._tried: set[Content] = set()
        self._resources_sent = 0

    def run(self) -> Uploaded:
        """Send what is missing, check that it arrived, then the resources.

        Raises:
            ServerError: the server does not answer or refuses.
            OSError: a file cannot be read.
        """
        parcel = self._parcel
        if not parcel.files:
            return self._failed("it holds no DICOM that can be read", "")
        held = self._held()
        if self._was_there is None:
            self._before, self._was_there = held or NOTHING, held is not None
        comparison = self._compared(held or NOTHING)
        if not self._how.to_archive and comparison.missing:
            return self._to_prearchive(comparison.missing)
        if comparison.missing and (
            refusal := self._into_archive(comparison.missing, append=held is not None)
        ):
            there = f"; {self._how_many(comparison)} are there" if held else ""
            return self._failed(refusal + there, _hint_for(refusal))
        if self._tried and (failure := self._not_arrived()):
            return failure
        for folder in parcel.resources:
            self._resources_sent += self._send_resource(folder)
        odd = f"{comparison.changed} of {len(parcel.files)} files {_CHANGED}" if comparison.changed else ""
        return Uploaded(parcel.label, self._outcome(), len(parcel.files), len(self._tried), reason=odd)

    def _held(self) -> ArchivedFiles | None:
        return self._service.held(self._parcel.subject, self._parcel.label)

    def _compared(self, held: ArchivedFiles) -> Comparison:
        return compare(self._parcel.files, held, before=self._before, sent=self._tried)

    def _how_many(self, comparison: Comparison) -> str:
        total = len(self._parcel.files)
        return f"{total - len(comparison.missing)} of {total} SOP instances"

    def _failed(self, reason: str, hint: str) -> Uploaded:
        return Uploaded(self._parcel.label, "failed", reason=reason, hint=hint)

    def _not_arrived(self) -> Uploaded | None:
        """The failure when not all is there that was sent; else None.

        More files than expected are no fault: others may add to the session, too.
        """
        now = self._held() or NOTHING
        comparison, expected = self._compared(now), len(self._before.files) + len(self._tried)
        if not comparison.missing and len(now.files) >= expected:
            return None
        reason = (
            f"verified: {self._how_many(comparison)} are there, "
            f"in {len(now.files)} files where {expected} were expected"
        )
        return self._failed(reason, self._hint_for_loss(comparison, now, all_came=len(now.files) >= expected))

    def _hint_for_loss(self, comparison: Comparison, now: ArchivedFiles, *, all_came: bool) -> str:
        if all_came and not now.uids & {content.uid for content in self._tried}:
            return _NEW_UIDS
        return self._hint_for_missing(comparison.missing)

    def _hint_for_missing(self, missing: Sequence[Content]) -> str:
        uids = Counter(content.uid for content in self._parcel.files)
        if any(uids[content.uid] > 1 for content in missing):
            return _ONE_OF_EACH
        return "Try again: it sends what is missing."

    def _outcome(self) -> UploadOutcome:
        if not self._tried:
            return "completed" if self._resources_sent else "already there"
        return "completed" if self._was_there else "uploaded"

    def _send(self, missing: Sequence[Content], *, append: bool) -> str:
        """Send instances and have them archived; why not, when they were refused."""
        parcel = self._parcel
        self._tried |= set(missing)
        with _zipped(missing) as zipped:
            size = max(1, zipped.stat().st_size)
            with _Counted(zipped, lambda place: self._watch.sent(parcel, place / size)) as stream:
                sent = self._service.send(
                    stream,
                    subject=parcel.subject,
                    label=parcel.label,
                    append=append,
                    to_archive=self._how.to_archive,
                )
        if not sent.archived and self._how.to_archive:
            sent = self._archive_what_waits(sent)
        return sent.refusal

    def _into_archive(self, missing: Sequence[Content], *, append: bool) -> str:
        """Bring in what is missing: archive what was left waiting, else send it; why not, when refused."""
        left = self._files_waiting() == len(missing)
        if left and self._archive_what_waits(Sent(archived=False)).archived:
            self._tried |= set(missing)
            return ""
        return self._send(missing, append=append)

    def _archive_what_waits(self, sent: Sent) -> Sent:
        """Archive what an upload left in the prearchive: auto-archiving is off, or somebody was faster."""
        parcel, service = self._parcel, self._service
        waiting = service.waiting(parcel.label, parcel.study_uid)
        if waiting is None:
            return sent if sent.refusal else Sent(archived=False, refusal="it did not reach the archive")
        return service.archive(waiting, append=self._held() is not None)

    def _to_prearchive(self, missing: Sequence[Content]) -> Uploaded:
        """Leave a session waiting; the prearchive lists its files without UIDs, so they are counted."""
        if self._files_waiting() != len(missing) and (refusal := self._send(missing, append=False)):
            return self._failed(refusal, _hint_for(refusal))
        count = self._files_waiting()
        if count < len(missing):
            reason = f"verified: {count} of {len(missing)} files wait in the prearchive"
            return self._failed(reason, self._hint_for_missing(missing))
        return Uploaded(self._parcel.label, "in prearchive", count, len(self._tried))

    def _files_waiting(self) -> int:
        waiting = self._service.waiting(self._parcel.label, self._parcel.study_uid)
        return self._service.waiting_files(waiting) if waiting else 0

    def _send_resource(self, folder: Path) -> bool:
        """Send a session resource unless the same files are there; whether it was sent.

        Raises:
            ServerError: it is refused, or did not arrive.
        """
        parcel, service = self._parcel, self._service
        files = {
            path.relative_to(folder).as_posix(): path
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.is_symlink() and not is_catalog(path)
        }
        digests = {name: md5(path) for name, path in files.items()}

        def is_there() -> bool:
            held = service.resource_digests(parcel.subject, parcel.label, folder.name)
            return all(held.get(name) == digest for name, digest in digests.items())

        if not files or is_there():
            return False
        with tempfile.TemporaryDirectory(prefix="sarcoma-upload-") as aside:
            packed = Path(aside) / "upload.tar.gz"
            with tarfile.open(packed, "w:gz", compresslevel=_FASTEST) as archive:
                for name, path in files.items():
                    archive.add(path, arcname=name, recursive=False)
            service.put_resource(parcel.subject, parcel.label, folder.name, packed)
        if not is_there():
            raise ServerError(f"resource {folder.name}: its files did not arrive as they are.", status=400)
        return True


def _hint_for(refusal: str) -> str:
    if "matching files" in refusal:
        return _ONE_OF_EACH
    if "already exists" in refusal or "modification" in refusal or "in progress" in refusal:
        return "It may wait in the prearchive: look at it there, archive or delete it, then try again."
    return "The server's log says more."


@contextmanager
def _zipped(contents: Sequence[Content]) -> Iterator[Path]:
    """A zip in a temporary folder; its files are numbered, for a file's own name may be a patient's."""
    with tempfile.TemporaryDirectory(prefix="sarcoma-upload-") as aside:
        zipped = Path(aside) / "upload.zip"
        with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED, compresslevel=_FASTEST) as archive:
            for place, content in enumerate(contents, start=1):
                # Not `ZipFile.write`: it refuses a file that is dated before 1980.
                name = f"{place:06}.dcm"
                with content.path.open("rb") as source, archive.open(name, "w", force_zip64=True) as member:
                    shutil.copyfileobj(source, member, _BLOCK)
        yield zipped


class _Counted(io.BufferedReader):
    """A file that tells how far it was read."""

    def __init__(self, path: Path, tell: Callable[[int], None]) -> None:
        super().__init__(io.FileIO(path))
        self._told = tell

    def read(self, size: int | None = -1, /) -> bytes:
        """Read, and tell."""
        block = super().read(size)
        self._told(self.tell())
        return block
