"""What is taken where readers differ: one reader's mask, one version, or a consensus of all."""

from collections.abc import Callable
from typing import NamedTuple

from sarcoma_core.archive.masks import MaskVersion
from sarcoma_core.archive.readings import RecordBook, utc_now
from sarcoma_core.errors import InputError, OutputError, UsageError
from sarcoma_core.imaging.volume import Volume
from sarcoma_core.launch.readers.standing import minute
from sarcoma_core.segmentation.exported import voxels_sha256
from sarcoma_core.segmentation.readers.book import (
    HeldReference,
    read_adjudication,
    read_reference,
)
from sarcoma_core.segmentation.readers.consensus import (
    LEAST_FOR_STAPLE,
    ConsensusMask,
    ConsensusMethod,
    consensus,
)
from sarcoma_core.segmentation.readers.readings import CaseReadings, read_on_one_grid
from sarcoma_core.segmentation.readers.records import (
    CONSENSUS,
    Adjudication,
    ReadingTarget,
    ReferenceLock,
    Why,
    record_document,
)

_LONGEST_BY = 64
_TWO = 2

Draw = Callable[[ConsensusMask, Volume], None]
"""Puts a consensus where it is imported from."""


class Ruling(NamedTuple):
    """What a coordinator takes.

    Attributes:
        take: id of a reader, `consensus`, or the handle of a version.
        by: who decides, as typed.
        why: a choice of words; empty for that which the kind of taking suggests.
        method: of a consensus; empty for STAPLE, which needs three readers.
        replace: whether an earlier decision is replaced.
    """

    take: str
    by: str
    why: Why | None = None
    method: ConsensusMethod | None = None
    replace: bool = False


class _Taken(NamedTuple):
    handle: str
    sha256: str
    method: str


def target_of_case(readings: CaseReadings, scan: str) -> ReadingTarget:
    """What a person means by a case.

    Raises:
        ArchiveError: its masks cannot be read.
        UsageError: the region is not there, or lies on several series.
    """
    if readings.fault:
        raise InputError(
            f"--session: masks must be whole; found that {readings.fault}",
            hint="Put back a copy of the session's resource MASKS, then run the same command again.",
        )
    return ReadingTarget(readings.case, readings.chosen_series(scan), readings.roi)


def adjudicate(
    book: RecordBook, readings: CaseReadings, target: ReadingTarget, ruling: Ruling, draw: Draw
) -> Adjudication:
    """Record what is taken; a consensus is drawn first, so that a decision never stands on nothing.

    Args:
        book: of the project.
        readings: of the case.
        target: what is decided.
        ruling: what is taken.
        draw: puts a consensus where it is imported from.

    Raises:
        UsageError: nobody of that name has read it, there is no such version, or a decision stands.
        InputError: the readings lie on several grids.
        OutputError: it is locked, or cannot be written.
    """
    by = check_by(ruling.by)
    check_unlocked(read_reference(book, target))
    held = read_adjudication(book, target)
    if held.record and not ruling.replace:
        raise UsageError(
            f"--replace: must be given where a decision stands; {held.record.by} took "
            f"{held.record.handle or CONSENSUS} at {minute(held.record.when)}.",
            hint="Run the same command with --replace: the earlier decision is kept beside the new one.",
        )
    versions = readings.by_series.get(target.series, {}).values()
    taken = _taken(readings, target, ruling, draw)
    suggested: Why = "better drawn" if taken.handle else "consensus"
    record = Adjudication(
        target,
        "version" if taken.handle else "consensus",
        taken.handle,
        taken.sha256,
        taken.method,
        tuple(version.handle for version in versions),
        by,
        ruling.why or suggested,
        utc_now(),
    )
    book.append(target.decision, record_document(record), held.stored)
    return record


def _taken(readings: CaseReadings, target: ReadingTarget, ruling: Ruling, draw: Draw) -> _Taken:
    if ruling.take != CONSENSUS:
        version = _version(readings, target, ruling.take)
        return _Taken(version.handle, version.sha256, "")
    made, grid = _consensus(readings, target, ruling.method)
    draw(made, grid)
    return _Taken("", voxels_sha256(made.mask), made.method)


def check_by(by: str) -> str:
    """Who does it, as typed.

    Raises:
        UsageError: it is empty, too long, or cannot be shown.
    """
    name = by.strip()
    if not name or len(name) > _LONGEST_BY:
        raise UsageError(
            f"--by: must be who does it, 1 to {_LONGEST_BY} signs; found {len(name)}.",
            hint="It is recorded as it is typed: --by 'A. Doe'.",
        )
    if not name.isprintable():
        place = next(number for number, sign in enumerate(name, 1) if not sign.isprintable())
        raise UsageError(
            f"--by: must be printable, without tabs and breaks of lines; found sign {place}, which is not.",
            hint="Type it anew: --by 'A. Doe'.",
        )
    return name


def check_unlocked(held: HeldReference) -> None:
    """Refuse what would change under a lock.

    Raises:
        OutputError: it is locked.
    """
    if held.locked:
        raise is_locked(held.locked)


def is_locked(lock: ReferenceLock) -> OutputError:
    """The error that something is locked, by whom and since when."""
    return OutputError(
        f"reference of {lock.target.roi} on scan {lock.target.series}: must not be locked; it is since "
        f"{lock.when} by {lock.by} ({lock.handle}).",
        hint="It cannot be replaced. To take it back, by name: sarcoma readers lock --release --by NAME.",
    )


def _consensus(
    readings: CaseReadings, target: ReadingTarget, method: ConsensusMethod | None
) -> tuple[ConsensusMask, Volume]:
    versions = readings.by_series.get(target.series, {})
    if len(versions) < _TWO:
        raise UsageError(
            f"--take: {CONSENSUS} must be of two readers or more; {len(versions)} read scan {target.series}.",
            hint="Look who is missing: sarcoma readers status.",
        )
    if len(versions) < LEAST_FOR_STAPLE and method is None:
        raise UsageError(
            "--method: must be given where two have read: STAPLE cannot tell who of two is right, and a "
            "majority of two is what both marked; found none.",
            hint=f"Take one of them: --take {next(iter(versions))}; or ask for it: --method majority.",
        )
    masks, grid = read_on_one_grid(readings.masks, versions)
    return consensus(masks, method or "staple"), grid


def _version(readings: CaseReadings, target: ReadingTarget, take: str) -> MaskVersion:
    """The newest of a reader, or the one of a handle."""
    held = readings.by_series.get(target.series, {})
    if take in held:
        return held[take]
    mine = (one for one in readings.masks.versions if one.key == (target.series, target.roi))
    version = next((one for one in mine if one.handle == take), None)
    if version is None:
        raise UsageError(
            f"--take: must be {', '.join((*held, CONSENSUS))} or the handle of a version of {target.roi} on "
            f"scan {target.series}; found {take!r}.",
            hint="Handles stand in the column version of: sarcoma readers status.",
        )
    return version
