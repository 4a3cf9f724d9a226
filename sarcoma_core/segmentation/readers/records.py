"""What the resource READERS of a project holds: who reads what, what was decided, what is the reference.

assignments-<N>.json                              who reads what; the newest counts
decisions/<case>/<series>/<roi>-<N>.json          what a coordinator took where readers differ
references/<case>/<series>/<roi>-<N>.json         what was locked, or released again

A case is a session, told by its label. Nothing is replaced: what is newer has the next number.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Final, Literal, TypeVar, cast, get_args

from sarcoma_core.archive.masks import is_roi
from sarcoma_core.archive.readings import READERS_LABEL, StoredRecord
from sarcoma_core.errors import ArchiveError
from sarcoma_core.provenance import recorded_scan_id, typed

SCHEMA: Final = 1
ASSIGNMENTS: Final = "assignments"
CONSENSUS: Final = "consensus"
"""Who drew a mask that was made of several: no reader may be called so."""

Why = Literal["readers agree", "better drawn", "consensus", "only reading", "third reader", "other"]
"""Why something was taken: a choice of words, for free text may hold a patient's."""
WHYS: Final[tuple[Why, ...]] = get_args(Why)

_READER = re.compile(r"[a-z][a-z0-9]{0,31}")
_NO_READERS: Final = (CONSENSUS, "auto", "rtstruct", "seg")
"""Words in the labels of our own collections: a reader of that id would have drawn them all."""
READER_RULE: Final = (
    f"small letters and digits, a letter first, 32 at most, and none of {', '.join(_NO_READERS)}"
)


@dataclass(frozen=True, slots=True)
class CaseReader:
    """A person who reads cases.

    Args:
        id: one word of small letters and digits.
        names: how the person's software writes the name, such as `Doe^Anna`.
    """

    id: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseAssignment:
    """Who reads a case.

    Args:
        case: label of the session.
        first: id of the reader whose read is the first.
        second: ids of those whose reads are second reads.
    """

    case: str
    first: str
    second: tuple[str, ...] = ()

    @property
    def readers(self) -> tuple[str, ...]:
        """All of them, the first read first."""
        return self.first, *self.second


@dataclass(frozen=True, slots=True)
class Assignments:
    """Who reads what in a project.

    Args:
        readers: those who were ever named, by id.
        cases: by case.
        roi: key of the region that is read.
        seed: of the newest round.
        when: UTC, ISO 8601.
    """

    readers: tuple[CaseReader, ...] = ()
    cases: tuple[CaseAssignment, ...] = ()
    roi: str = "tumour"
    seed: int = 0
    when: str = ""
    schema: int = SCHEMA

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the readers."""
        return tuple(reader.id for reader in self.readers)

    def of(self, reader: str) -> Iterator[CaseAssignment]:
        """The cases of one reader."""
        return (case for case in self.cases if reader in case.readers)


@dataclass(frozen=True, slots=True)
class ReadingTarget:
    """What is decided and locked: one region on one series of one case.

    Args:
        case: label of the session.
        series: as `Outcome.series` names it.
        roi: key of the region.
    """

    case: str
    series: str
    roi: str

    @property
    def stem(self) -> str:
        """How its files are called: each part fits into a path of any system."""
        return "/".join(map(recorded_scan_id, (self.case, self.series, self.roi)))

    @property
    def decision(self) -> str:
        """The files of its decisions."""
        return f"decisions/{self.stem}"

    @property
    def reference(self) -> str:
        """The files of its locks."""
        return f"references/{self.stem}"


@dataclass(frozen=True, slots=True)
class Adjudication:
    """What was taken where readers differ.

    Args:
        target: of what.
        taken: a version that a person drew, or a consensus that was made of several.
        handle: of the version, such as `5/tumour-v3`; empty for a consensus, which is none before its import.
        sha256: of the version's file; of a consensus of its voxels (`exported.voxels_sha256`).
        method: of a consensus: `staple` or `majority`.
        readings: the handles that were compared.
        by: who decided, as typed.
        why: a choice of words.
        when: UTC, ISO 8601.
    """

    target: ReadingTarget
    taken: Literal["version", "consensus"]
    handle: str
    sha256: str
    method: str
    readings: tuple[str, ...]
    by: str
    why: Why
    when: str
    schema: int = SCHEMA


@dataclass(frozen=True, slots=True)
class ReferenceLock:
    """What is the reference from now on, or is not any more.

    Args:
        target: of what.
        state: `locked`, or `released`: then the same region can be locked anew.
        handle: of the version.
        sha256: of the version's file.
        by: who did it, as typed.
        why: what the lock stands on; of a release that of the lock.
        when: UTC, ISO 8601.
    """

    target: ReadingTarget
    state: Literal["locked", "released"]
    handle: str
    sha256: str
    by: str
    why: Why
    when: str
    schema: int = SCHEMA


ReadersRecord = TypeVar("ReadersRecord", Assignments, Adjudication, ReferenceLock)


def is_reader(text: str) -> bool:
    """Whether a text may be the id of a reader: one word, so that it is found in a name of several."""
    return _READER.fullmatch(text) is not None and text not in _NO_READERS


def record_document(record: Assignments | Adjudication | ReferenceLock) -> bytes:
    """A record as its file holds it; equal records give equal bytes."""
    return (json.dumps(asdict(record), indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def parse_readers_record(kind: type[ReadersRecord], content: bytes, path: str) -> ReadersRecord:
    """Read a record again.

    Args:
        kind: which it is.
        content: of its file.
        path: of its file below READERS, for the error.

    Raises:
        ArchiveError: it is damaged, or was written by a later schema.
    """
    try:
        raw = json.loads(content)
        json.dumps(raw, ensure_ascii=False).encode()
        found = cast("ReadersRecord", typed(kind, raw))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _damaged(path, "it cannot be read") from None
    if found.schema != SCHEMA:
        raise _damaged(path, f"its schema must be {SCHEMA}")
    if isinstance(found, Assignments) and not _is_whole(found):
        raise _damaged(path, "a reader or a case stands in it twice, or a case names a reader that it lacks")
    if not all(map(_is_case, _cases_in(found))):
        raise _damaged(path, "a case in it can be the label of no session")
    if not is_roi(found.roi if isinstance(found, Assignments) else found.target.roi):
        raise _damaged(path, "its region is no key of one")
    return found


def parse_stored(kind: type[ReadersRecord], stored: StoredRecord) -> ReadersRecord:
    """Read a record of a resource again.

    Args:
        kind: which it is.
        stored: its file.

    Raises:
        ArchiveError: it is damaged, was written by a later schema, or is another's that lies in its place.
    """
    found = parse_readers_record(kind, stored.content, stored.path)
    if isinstance(found, Adjudication | ReferenceLock):
        place = found.target.decision if isinstance(found, Adjudication) else found.target.reference
        if place != stored.stem:
            raise _damaged(stored.path, "it tells of another case, scan or region than its place does")
    return found


def _cases_in(found: Assignments | Adjudication | ReferenceLock) -> Iterator[str]:
    if isinstance(found, Assignments):
        yield from (case.case for case in found.cases)
    else:
        yield found.target.case


def _is_case(text: str) -> bool:
    """Whether a text may be the label of a session: it is a folder's name, and shown."""
    return text.isprintable() and text not in ("", ".", "..") and not {"/", "\\"} & set(text)


def _is_whole(found: Assignments) -> bool:
    cases = [case.case for case in found.cases]
    known = set(found.ids)
    return (
        len(known) == len(found.ids)
        and len(set(cases)) == len(cases)
        and all(map(is_reader, known))
        and all(set(c.readers) <= known and len(set(c.readers)) == len(c.readers) for c in found.cases)
    )


def _damaged(path: str, fault: str) -> ArchiveError:
    return ArchiveError(
        f"{READERS_LABEL}/{path}: must be as it was written, as it holds what persons decided; {fault}.",
        hint=f"Put back a copy of the resource {READERS_LABEL} of the project. Never delete it: rename it.",
    )
