"""The records of a project, read: the newest of each kind, with the file that a later one stands on."""

from collections.abc import Iterator
from typing import NamedTuple

from sarcoma_core.archive.readings import RecordBook, StoredRecord
from sarcoma_core.archive.references import ReferenceMark
from sarcoma_core.errors import InputError
from sarcoma_core.provenance import recorded_scan_id
from sarcoma_core.segmentation.readers.records import (
    ASSIGNMENTS,
    Adjudication,
    Assignments,
    ReadersRecord,
    ReadingTarget,
    ReferenceLock,
    parse_stored,
)


class HeldAssignments(NamedTuple):
    """Who reads what.

    Attributes:
        record: empty where nothing was assigned.
        stored: its file.
    """

    record: Assignments
    stored: StoredRecord | None


class HeldAdjudication(NamedTuple):
    """What was decided; None and None where nothing was."""

    record: Adjudication | None
    stored: StoredRecord | None


class HeldReference(NamedTuple):
    """What was locked or released; None and None where nothing was."""

    record: ReferenceLock | None
    stored: StoredRecord | None

    @property
    def locked(self) -> ReferenceLock | None:
        """What holds now; None where nothing was locked, or was released again."""
        return self.record if self.record and self.record.state == "locked" else None


def read_assignments(book: RecordBook) -> HeldAssignments:
    """Who reads what.

    Raises:
        ArchiveError: the file is damaged.
    """
    stored = book.newest(ASSIGNMENTS)
    return HeldAssignments(_parsed(Assignments, stored) or Assignments(), stored)


def require_assignments(book: RecordBook, *, assign: str) -> Assignments:
    """Who reads what, where something is assigned.

    Args:
        book: of the project.
        assign: the command that assigns.

    Raises:
        InputError: nothing is.
        ArchiveError: the file is damaged.
    """
    found = read_assignments(book).record
    if not found.cases:
        raise InputError("readers: cases must be assigned first; found none.", hint=assign)
    return found


def read_adjudication(book: RecordBook, target: ReadingTarget) -> HeldAdjudication:
    """What was decided of a target.

    Raises:
        ArchiveError: the file is damaged.
    """
    stored = book.newest(target.decision)
    return HeldAdjudication(_parsed(Adjudication, stored), stored)


def read_reference(book: RecordBook, target: ReadingTarget) -> HeldReference:
    """What was locked of a target.

    Raises:
        ArchiveError: the file is damaged.
    """
    stored = book.newest(target.reference)
    return HeldReference(_parsed(ReferenceLock, stored), stored)


def adjudications_of(book: RecordBook, case: str) -> Iterator[Adjudication]:
    """The newest decision of each target of a case.

    Raises:
        ArchiveError: a file is damaged.
    """
    for stem in book.stems(f"decisions/{recorded_scan_id(case)}"):
        if found := _parsed(Adjudication, book.newest(stem)):
            yield found


def references_of(book: RecordBook, case: str) -> Iterator[ReferenceLock]:
    """What is locked of a case.

    Raises:
        ArchiveError: a file is damaged.
    """
    for stem in book.stems(f"references/{recorded_scan_id(case)}"):
        found = _parsed(ReferenceLock, book.newest(stem))
        if found and found.state == "locked":
            yield found


def has_reference(book: RecordBook, case: str) -> bool:
    """Whether a case has records of locks, damaged ones as well."""
    return bool(book.stems(f"references/{recorded_scan_id(case)}"))


def marks_of(book: RecordBook, case: str) -> Iterator[ReferenceMark]:
    """What `import-masks` has to know: the versions of a case that are references, or are so no more.

    Raises:
        ArchiveError: a file is damaged.
    """
    for stem in book.stems(f"references/{recorded_scan_id(case)}"):
        if found := _parsed(ReferenceLock, book.newest(stem)):
            yield ReferenceMark(found.handle, found.sha256, found.state == "locked")


def reference_of_holder(holder: StoredRecord | None) -> ReferenceLock | None:
    """What somebody else has written meanwhile.

    Raises:
        ArchiveError: the file is damaged.
    """
    return _parsed(ReferenceLock, holder)


def _parsed(kind: type[ReadersRecord], stored: StoredRecord | None) -> ReadersRecord | None:
    return parse_stored(kind, stored) if stored else None
