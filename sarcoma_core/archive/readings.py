"""The resource READERS of a project: records that are appended, never replaced, and never half there.

A record is `<stem>-<N>.json` with N from 1; the newest counts. So what was decided earlier stays, two who
write at once cannot both have the next number, and a process that is killed leaves the one before.
"""

import hashlib
import os
import re
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from sarcoma_core.errors import ArchiveError, OutputError

READERS_LABEL: Final = "READERS"

ABANDONED_S: Final = 600.0
"""Age of a temporary file from which on nobody is writing it any more."""
_PARTIAL = ".partial"
_RECORD = re.compile(r"(?P<stem>.+)-(?P<number>[1-9][0-9]{0,8})\.json")


class StoredRecord(NamedTuple):
    """A record as it was found.

    Attributes:
        stem: path below READERS without its number.
        number: from 1.
        content: of its file.
        seen: when it was read, UTC, ISO 8601.
    """

    stem: str
    number: int
    content: bytes
    seen: str

    @property
    def path(self) -> str:
        """Of its file, below READERS."""
        return record_path(self.stem, self.number)

    @property
    def sha256(self) -> str:
        """Of its file."""
        return hashlib.sha256(self.content).hexdigest()


class RecordTakenError(OutputError):
    """Somebody else wrote since the record was read; nothing was written.

    Args:
        stem: of the record.
        after: what was read; None where there was none.
        holder: what is there now.
    """

    def __init__(self, stem: str, after: StoredRecord | None, holder: StoredRecord | None) -> None:
        seen = f"as it was read at {after.seen}" if after else "free, as it was when it was looked at"
        super().__init__(
            f"{READERS_LABEL}/{stem}: must be {seen}; somebody else wrote it since. Nothing was overwritten.",
            hint="Look at what stands there now: sarcoma readers status; then run the same command again.",
        )
        self.holder = holder


class RecordBook(ABC):
    """The records of a project, wherever they are: one law, two implementations."""

    def newest(self, stem: str) -> StoredRecord | None:
        """The record that counts; None where there is none.

        Raises:
            ArchiveError: it is there and cannot be read.
        """
        number = max(self.numbers(stem), default=0)
        if not number:
            return None
        content = self.content(record_path(stem, number))
        if content is None:
            raise ArchiveError(
                f"{READERS_LABEL}: a record must be readable; one that is listed is not there.",
                hint="Run the same command again; put back a copy of the resource where that does not help.",
            )
        return StoredRecord(stem, number, content, utc_now())

    def append(self, stem: str, content: bytes, after: StoredRecord | None) -> StoredRecord:
        """Write the next record, if the newest one is still that which was read.

        Args:
            stem: of the record.
            content: of its file.
            after: what was read before, on which the new one stands; None where there was none.

        Raises:
            RecordTakenError: somebody else wrote since; nothing is written.
            OutputError: it cannot be written.
        """
        self.look_again()
        now = self.newest(stem)
        if _identity(now) != _identity(after):
            raise RecordTakenError(stem, after, now)
        new = StoredRecord(stem, after.number + 1 if after else 1, content, utc_now())
        if not self.create(new.path, content) or self.content(new.path) != content:
            raise RecordTakenError(stem, after, self.newest(stem))
        return new

    def look_again(self) -> None:  # noqa: B027  a folder forgets nothing: it is looked at each time
        """Forget what was read of which records there are."""

    @abstractmethod
    def numbers(self, stem: str) -> tuple[int, ...]:
        """The numbers that a record has."""

    @abstractmethod
    def stems(self, folder: str) -> tuple[str, ...]:
        """The stems of all records below a folder, sorted."""

    @abstractmethod
    def content(self, path: str) -> bytes | None:
        """A file; None when it is not there."""

    @abstractmethod
    def create(self, path: str, content: bytes) -> bool:
        """Write a file that is not there; False where it is, and stays as it is."""


class FolderRecords(RecordBook):
    """The records of a project in an archive folder.

    Args:
        resources: the folder of the project's resources; it need not be there.
    """

    def __init__(self, resources: Path) -> None:
        self._folder = resources / READERS_LABEL

    def numbers(self, stem: str) -> tuple[int, ...]:
        """The numbers that a record has.

        Raises:
            OSError: the disk fails.
        """
        place = self._folder / stem
        files = place.parent.iterdir() if place.parent.is_dir() else ()
        return numbers_of(place.name, [file.name for file in files])

    def stems(self, folder: str) -> tuple[str, ...]:
        """The stems of all records below a folder, sorted.

        Raises:
            OSError: the disk fails.
        """
        files = (self._folder / folder).rglob("[!.]*.json")
        return stems_of(file.relative_to(self._folder).as_posix() for file in files)

    def content(self, path: str) -> bytes | None:
        """A file; None when it is not there.

        Raises:
            OSError: it is there and cannot be read.
        """
        file = self._folder / path
        return file.read_bytes() if file.is_file() else None

    def create(self, path: str, content: bytes) -> bool:
        """Write a file that is not there, whole and on the disk, or not at all.

        Raises:
            OutputError: the disk is full or read-only, or its file system knows no hard links.
        """
        file = self._folder / path
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            _clean(file.parent)
            return _link_new(file, content)
        except OSError as error:
            raise OutputError(
                f"{READERS_LABEL}: must be writable, with space and hard links; found: {error.strerror}.",
                hint="Make room, change its rights or use another disk, then run the same command again.",
            ) from None


def record_path(stem: str, number: int) -> str:
    """Where a record lies below READERS."""
    return f"{stem}-{number}.json"


def numbers_of(name: str, names: Iterable[str]) -> tuple[int, ...]:
    """The numbers of a record among names of files.

    Args:
        name: last part of its stem.
        names: of the files in its folder.
    """
    found = (_RECORD.fullmatch(one) for one in names)
    return tuple(sorted(int(one["number"]) for one in found if one and one["stem"] == name))


def stems_of(paths: Iterable[str]) -> tuple[str, ...]:
    """The stems of records, each once, sorted.

    Args:
        paths: of their files, below READERS.
    """
    found = (_RECORD.fullmatch(path) for path in paths)
    return tuple(sorted({one["stem"] for one in found if one}))


def utc_now() -> str:
    """The time, as a record writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _identity(record: StoredRecord | None) -> tuple[int, str]:
    return (record.number, record.sha256) if record else (0, "")


def _link_new(file: Path, content: bytes) -> bool:
    """A link is made whole or not at all, and never over a file; a rename would replace one."""
    aside = file.with_name(f".{secrets.token_hex(8)}{_PARTIAL}")
    try:
        with aside.open("xb") as stream:  # tempfile's are for their owner alone, and others are to read it
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(aside, file)
        except FileExistsError:
            return False
        _sync(file.parent)
        return True
    finally:
        aside.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """A name is on the disk once its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _clean(folder: Path) -> None:
    """Delete what killed processes left; a younger one may be about to be linked."""
    for aside in folder.glob(f".*{_PARTIAL}"):
        with suppress(OSError):
            if time.time() - aside.stat().st_mtime > ABANDONED_S:
                aside.unlink()
