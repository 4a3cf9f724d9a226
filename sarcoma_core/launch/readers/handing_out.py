"""Cases handed out to readers, and the work list of each."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from sarcoma_core.archive.folder import natural
from sarcoma_core.archive.masks import is_roi
from sarcoma_core.archive.readings import RecordBook, utc_now
from sarcoma_core.errors import OutputError, UsageError
from sarcoma_core.segmentation.readers.assigning import assign_cases
from sarcoma_core.segmentation.readers.attribution import plain_name
from sarcoma_core.segmentation.readers.book import read_assignments, references_of
from sarcoma_core.segmentation.readers.records import (
    ASSIGNMENTS,
    READER_RULE,
    Assignments,
    CaseReader,
    is_reader,
    record_document,
)


class Round(NamedTuple):
    """What is handed out.

    Attributes:
        cases: labels of the sessions.
        readers: ids of those who take what is new; none for all who are known.
        names: how a reader's software writes the name, by id.
        per_case: how many read a case.
        seed: of every choice between equals.
        roi: key of the region; empty for that of earlier rounds, else `tumour`.
    """

    cases: tuple[str, ...]
    readers: tuple[str, ...] = ()
    names: Mapping[str, tuple[str, ...]] = {}
    per_case: int = 2
    seed: int = 0
    roi: str = ""


class AssignedRow(NamedTuple):
    """One case of one reader, for the coordinator.

    Attributes:
        reader: id.
        case: label of the session.
        read: `first`, or `second` for a second read, of which a case of three readers has two.
    """

    reader: str
    case: str
    read: str


def hand_out(book: RecordBook, wanted: Round, *, dry_run: bool = False) -> Assignments:
    """Assign cases; what stands is kept, and nothing is written where nothing is new.

    Args:
        book: of the project.
        wanted: what is handed out.
        dry_run: whether nothing is written.

    Raises:
        UsageError: a reader, a name or the region breaks its rule, or there are too few readers.
        ArchiveError: what stands is damaged.
        RecordTakenError: somebody else assigned meanwhile.
    """
    held = read_assignments(book)
    standing = held.record
    readers = _readers(standing.readers, wanted)
    taking = wanted.readers or tuple(reader.id for reader in readers)
    made = assign_cases(
        wanted.cases, taking, per_case=wanted.per_case, seed=wanted.seed, standing=standing.cases
    )
    roi = _roi(standing, wanted.roi)
    new = Assignments(readers, made, roi=roi, seed=wanted.seed, when=utc_now())
    if replace(new, when=standing.when, seed=standing.seed) == standing:
        return standing
    if not dry_run:
        book.append(ASSIGNMENTS, record_document(new), held.stored)
    return new


def take_out(book: RecordBook, cases: Iterable[str], *, dry_run: bool = False) -> Assignments:
    """Take cases out of the lists, by a new record; what was decided of them stays.

    Args:
        book: of the project.
        cases: labels as they were assigned; their sessions need not be there any more.
        dry_run: whether nothing is written.

    Raises:
        UsageError: one is not assigned.
        OutputError: one has a reference, or it cannot be written.
        ArchiveError: a record is damaged.
        RecordTakenError: somebody else assigned meanwhile.
    """
    held = read_assignments(book)
    standing, out = held.record, set(cases)
    for case in sorted(out, key=natural):
        if case not in {one.case for one in standing.cases}:
            raise UsageError(
                f"--drop: must be a case that is assigned; found {case!r}, which is not.",
                hint="Look: sarcoma readers status.",
            )
        if locked := next(references_of(book, case), None):
            raise OutputError(
                f"--drop: must be a case without a reference; {locked.handle} of it is locked since "
                f"{locked.when} by {locked.by}.",
                hint=f"Take that back first: sarcoma readers lock --release --session {case} --by NAME.",
            )
    kept = tuple(one for one in standing.cases if one.case not in out)
    new = replace(standing, cases=kept, when=utc_now())
    if not dry_run:
        book.append(ASSIGNMENTS, record_document(new), held.stored)
    return new


def assigned_rows(assignments: Assignments) -> Iterator[AssignedRow]:
    """The work lists, reader by reader."""
    for reader in assignments.ids:
        for one in assignments.of(reader):
            yield AssignedRow(reader, one.case, "first" if one.first == reader else "second")


def known_reader(assignments: Assignments, reader: str, *, assign: str) -> str:
    """A reader's id as it was assigned.

    Args:
        assignments: of the project, at least one case.
        reader: as typed.
        assign: the command that assigns.

    Raises:
        UsageError: there is no such reader.
    """
    typed = reader.strip().lower()
    if typed in assignments.ids:
        return typed
    new = ",".join((*assignments.ids, typed if is_reader(typed) else "ID"))
    fewest = min(len(case.readers) for case in assignments.cases)  # so that no case gets more readers by it
    raise UsageError(
        f"--reader: must be one of {', '.join(assignments.ids)}; found {reader!r}.",
        hint=f"To add a reader, for later cases: {assign} --readers {new} --per-case {fewest}",
    )


def check_roi(roi: str) -> None:
    """Refuse what cannot be the key of a region.

    Raises:
        UsageError: it cannot.
    """
    if not is_roi(roi):
        raise UsageError(f"--roi: must be the key of a region: small letters, digits and _; found {roi!r}.")


def _readers(standing: Iterable[CaseReader], wanted: Round) -> tuple[CaseReader, ...]:
    """Those who stand and those who are new, with all their names.

    Raises:
        UsageError: an id or a name breaks its rule.
    """
    known = {reader.id: reader for reader in standing}
    for reader in wanted.readers:
        if not is_reader(reader):
            raise UsageError(f"--readers: each must be {READER_RULE}; found {reader!r}.")
        known.setdefault(reader, CaseReader(reader))
    for reader, names in wanted.names.items():
        if reader not in known:
            raise UsageError(
                f"--name: must be of a reader ({', '.join(known) or 'none is known'}); found {reader!r}.",
                hint="Write it as --name 'anna=Doe^Anna', and name the reader in --readers.",
            )
        known[reader] = replace(known[reader], names=tuple(dict.fromkeys((*known[reader].names, *names))))
    _check_apart(known.values())
    return tuple(sorted(known.values(), key=lambda reader: natural(reader.id)))


def _check_apart(readers: Iterable[CaseReader]) -> None:
    """Whether no two readers are told by one name.

    Raises:
        UsageError: two are.
    """
    whose: dict[str, str] = {}
    for reader in readers:
        for name in {plain_name(text) for text in (reader.id, *reader.names)}:
            if not name:
                raise UsageError(f"--name: must not be empty; found an empty one of {reader.id!r}.")
            if whose.setdefault(name, reader.id) != reader.id:
                raise UsageError(
                    f"--name: must tell one reader; {whose[name]!r} and {reader.id!r} share one.",
                    hint="Leave it out: a collection's label or a folder in DRAWN tells them, too.",
                )


def _roi(standing: Assignments, wanted: str) -> str:
    roi = wanted or standing.roi
    check_roi(roi)
    if standing.cases and roi != standing.roi:
        raise UsageError(
            f"--roi: must be the region that is read in the project, {standing.roi!r}; found {roi!r}.",
            hint="Further regions of the same cases are compared with: sarcoma readers agree --roi ROI.",
        )
    return roi
