"""Where the cases of a project stand: who has read what, what is adjudicated, and what is locked."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar

from sarcoma_core.archive.masks import SessionMasks
from sarcoma_core.archive.readings import RecordBook
from sarcoma_core.errors import ArchiveError
from sarcoma_core.launch.readers import MasksOf, SessionGoneError
from sarcoma_core.segmentation.readers.book import adjudications_of, references_of
from sarcoma_core.segmentation.readers.readings import CaseReadings, case_readings
from sarcoma_core.segmentation.readers.records import Adjudication, Assignments, ReferenceLock
from sarcoma_core.text import counted

SESSION_GONE: Final = "session gone"
DAMAGED: Final = "damaged"

_MINUTE = 16
"""Characters of an ISO 8601 time up to the minute."""

_Record = TypeVar("_Record", Adjudication, ReferenceLock)


class StatusRow(NamedTuple):
    """One reader of one case, for the coordinator.

    Attributes:
        case: label of the session.
        reader: id.
        read: `first`, or `second` for a second read; `not assigned` where the reader drew all the same.
        state: `missing`, `read`, or on which scan where the others drew on another; `session gone`.
        version: handle of the reading; empty where it is missing.
        drawn: when the object says that it was saved; empty where it does not say.
        adjudicated: what was taken of the case; empty where nothing was, `damaged` where it cannot be read.
        reference: handle of what is locked, after `CHANGED` where it is another now; or `damaged`.
    """

    case: str
    reader: str
    read: str
    state: str
    version: str
    drawn: str
    adjudicated: str
    reference: str


class OwnRow(NamedTuple):
    """One case of one reader, for that reader: nothing of the others before it is adjudicated.

    Attributes:
        case: label of the session.
        state: `to read`, `read` or `session gone`.
        drawn: when the reader's own drawing was saved; empty where that is not told.
        readers: who read the case; empty before it is adjudicated.
        taken: what was taken; empty before.
    """

    case: str
    state: str
    drawn: str
    readers: str
    taken: str


@dataclass(frozen=True)
class CaseStatus:
    """Where a case stands.

    Args:
        readings: who has read it.
        adjudications: the newest decision of each series and region.
        references: what is locked.
        changed: the locked ones that are not what was locked, and why.
        unread_decision: why a decision cannot be read; empty where all can.
        unread_reference: why a reference cannot.
    """

    readings: CaseReadings
    adjudications: tuple[Adjudication, ...]
    references: tuple[ReferenceLock, ...]
    changed: tuple[tuple[ReferenceLock, str], ...]
    unread_decision: str = ""
    unread_reference: str = ""

    @property
    def case(self) -> str:
        """Label of the session."""
        return self.readings.case

    @property
    def locked(self) -> bool:
        """Whether the region has a reference."""
        return any(one.target.roi == self.readings.roi for one in self.references)

    @property
    def settled(self) -> bool:
        """Whether something of the region was adjudicated."""
        return any(one.target.roi == self.readings.roi for one in self.adjudications)

    @property
    def taken(self) -> str:
        """What was adjudicated, in words."""
        if self.unread_decision:
            return DAMAGED
        mine = (one for one in self.adjudications if one.target.roi == self.readings.roi)
        return ", ".join(
            one.handle or f"consensus ({one.method}) of scan {one.target.series}" for one in mine
        )

    @property
    def reference(self) -> str:
        """What is locked, in words."""
        if self.unread_reference:
            return DAMAGED
        changed = [one for one, _ in self.changed]
        mine = (one for one in self.references if one.target.roi == self.readings.roi)
        return ", ".join(f"CHANGED {one.handle}" if one in changed else one.handle for one in mine)

    @property
    def unmarked(self) -> int:
        """How many references do not count in MASKS yet."""
        counted_there = {one.handle for one in self.readings.masks.current() if one.locked}
        return sum(one.handle not in counted_there for one in self.references)


def case_statuses(book: RecordBook, assignments: Assignments, masks_of: MasksOf) -> Iterator[CaseStatus]:
    """Where each assigned case stands; one whose masks or records cannot be read is told with its fault.

    Args:
        book: of the project.
        assignments: who reads what.
        masks_of: the masks of a session.

    Raises:
        ServerError: a server does not answer.
    """
    for one in assignments.cases:
        readings = readings_of(one.case, one.readers, assignments, masks_of)
        adjudications, unread_decision = _read(adjudications_of(book, one.case))
        references, unread_reference = _read(references_of(book, one.case))
        changed = ((each, _changed(each, readings)) for each in references)
        yield CaseStatus(
            readings,
            adjudications,
            references,
            tuple((each, why) for each, why in changed if why),
            unread_decision,
            unread_reference,
        )


def _read(records: Iterable[_Record]) -> tuple[tuple[_Record, ...], str]:
    """The records of a case, or why one of them cannot be read."""
    try:
        return tuple(records), ""
    except ArchiveError as error:
        return (), error.message


def readings_of(
    case: str, assigned: tuple[str, ...], assignments: Assignments, masks_of: MasksOf, *, roi: str = ""
) -> CaseReadings:
    """The readings of one case.

    Args:
        case: label of the session.
        assigned: ids of its readers.
        assignments: of the project.
        masks_of: the masks of a session.
        roi: key of another region than the one that was assigned.

    Raises:
        ServerError: a server does not answer.
    """
    region = roi or assignments.roi
    try:
        masks = masks_of(case)
    except ArchiveError as error:
        gone = isinstance(error, SessionGoneError)
        return CaseReadings(case, region, assigned, SessionMasks(()), fault=error.message, gone=gone)
    return case_readings(case, assigned, masks, region, assignments.readers)


def _changed(reference: ReferenceLock, readings: CaseReadings) -> str:
    """Why a reference is not what was locked, in words; empty where it is."""
    if readings.gone:
        return "its session is gone"
    if readings.fault:
        return f"its masks cannot be read: {readings.fault.rstrip('.')}"
    versions = (one for one in readings.masks.versions if one.handle == reference.handle)
    version = next(versions, None)
    if version is None:
        return "its version is not there any more"
    return "" if version.sha256 == reference.sha256 else "its mask file is another now"


def status_rows(status: CaseStatus) -> Iterator[StatusRow]:
    """A case as the coordinator's table has it."""
    readings = status.readings
    fault = SESSION_GONE if readings.gone else "masks not whole" if readings.fault else ""
    extra = (reader for held in readings.by_series.values() for reader in held)
    for place, reader in enumerate(dict.fromkeys((*readings.assigned, *extra))):
        version = readings.of(reader)
        elsewhere = readings.elsewhere.get(reader, "")
        read = "not assigned" if reader not in readings.assigned else "second" if place else "first"
        state = f"read on scan {elsewhere}" if elsewhere else "read" if version else "missing"
        yield StatusRow(
            readings.case,
            reader,
            read,
            fault or state,
            version.handle if version else "",
            minute(version.time) if version else "",
            status.taken,
            status.reference,
        )


def own_row(status: CaseStatus, reader: str) -> OwnRow:
    """A case as one of its readers may see it.

    Until all have read it and it is adjudicated, nothing in it depends on what the others did: the version
    is not told either, as a v2 says that there is a v1, nor that a decision is damaged.
    """
    version = status.readings.own(reader)
    is_open = status.settled and not status.readings.missing
    return OwnRow(
        status.case,
        SESSION_GONE if status.readings.gone else "read" if version else "to read",
        minute(version.time) if version else "",
        ", ".join(status.readings.assigned) if is_open else "",
        status.taken if is_open else "",
    )


def minute(time: str) -> str:
    """A time up to the minute, with a blank."""
    return time[:_MINUTE].replace("T", " ")


def count_line(statuses: Sequence[CaseStatus]) -> str:
    """How far all is, in one line."""
    there = [one for one in statuses if not one.readings.gone]
    wanted = sum(len(one.readings.assigned) for one in there)
    missing = sum(len(one.readings.missing) for one in there)
    told = [
        f"{wanted - missing} of {wanted} readings in",
        f"{missing} missing",
        f"{sum(one.settled for one in statuses)} adjudicated",
        f"{sum(one.locked for one in statuses)} locked",
    ]
    if unmarked := sum(one.unmarked for one in statuses):
        told.append(f"{unmarked} of them not yet in MASKS: import-masks")
    if loose := sum(one.readings.unattributed for one in statuses):
        told.append(f"{loose} unattributed")
    if gone := len(statuses) - len(there):
        told.append(f"{counted(gone, 'session')} gone")
    return f"{counted(len(statuses), 'case')}: {', '.join(told)}"


def loud_lines(statuses: Iterable[CaseStatus]) -> Iterator[str]:
    """What must not be overlooked: references that are not what was locked, and what cannot be read."""
    for status in statuses:
        yield from damage_lines((status,))
        for reference, why in status.changed:
            yield (
                f"CHANGED: {status.case}, {reference.handle}: locked by {reference.by} at "
                f"{minute(reference.when)}, and {why}"
            )
        if status.readings.gone:
            yield f"SESSION GONE: {status.case}: {status.readings.fault}"
        elif status.readings.fault and not status.changed:
            yield f"NOT WHOLE: {status.case}: {status.readings.fault}"


def damage_lines(statuses: Iterable[CaseStatus]) -> Iterator[str]:
    """The cases of which a record cannot be read, with what is wrong; the others go on."""
    for status in statuses:
        for fault in filter(None, (status.unread_decision, status.unread_reference)):
            yield f"DAMAGED: {status.case}: {fault}"
