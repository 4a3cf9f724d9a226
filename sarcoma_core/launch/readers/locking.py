"""What is the reference of a case: what was adjudicated, or the newest of readers who agree."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from sarcoma_core.archive.masks import MaskVersion
from sarcoma_core.archive.readings import RecordBook, RecordTakenError, utc_now
from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.imaging.nifti_masks import read_mask
from sarcoma_core.launch.readers.agreeing import case_agreement
from sarcoma_core.launch.readers.deciding import check_by, check_unlocked, is_locked
from sarcoma_core.segmentation.exported import voxels_sha256
from sarcoma_core.segmentation.readers.book import (
    HeldReference,
    read_adjudication,
    read_reference,
    reference_of_holder,
    references_of,
)
from sarcoma_core.segmentation.readers.readings import CaseReadings
from sarcoma_core.segmentation.readers.records import (
    Adjudication,
    ReadingTarget,
    ReferenceLock,
    Why,
    record_document,
)

AGREE_AT: Final = 0.9
"""Dice of two readers from which on they agree, where none is asked for."""


class LockWish(NamedTuple):
    """What is to be locked, and on what it may stand where nothing was adjudicated.

    Attributes:
        by: who locks, as typed.
        agree_at: the lowest Dice of any two readers at which the newest reading may be locked.
        single: whether the only reading may be.
    """

    by: str
    agree_at: float = AGREE_AT
    single: bool = False


def lock_reference(
    book: RecordBook, readings: CaseReadings, target: ReadingTarget, wish: LockWish
) -> ReferenceLock:
    """Make what was adjudicated the reference; where nothing was, the newest of readers who agree.

    Raises:
        UsageError: a reading is missing, the readers do not agree, or one reading stands alone.
        InputError: what was adjudicated is not there, or is another now.
        OutputError: it is locked, by whom and since when; or it cannot be written.
    """
    by = check_by(wish.by)
    held = read_reference(book, target)
    check_unlocked(held)
    decision = read_adjudication(book, target).record
    if decision:
        version, why = _decided(readings, decision), decision.why
    else:
        version, why = _undisputed(readings, target, wish)
    record = ReferenceLock(target, "locked", version.handle, version.sha256, by, why, utc_now())
    return _written(book, record, held)


def locked_target(book: RecordBook, readings: CaseReadings, scan: str) -> ReadingTarget:
    """What is to be released, by the records alone: the masks may be lost, and the session gone.

    Args:
        book: of the project.
        readings: of the case.
        scan: as typed; empty for the only one that has a reference.

    Raises:
        UsageError: nothing is locked, or on several scans.
        ArchiveError: a record of the case is damaged.
    """
    if scan:
        return ReadingTarget(readings.case, scan, readings.roi)
    found = [one.target for one in references_of(book, readings.case) if one.target.roi == readings.roi]
    if not found:
        raise UsageError(
            f"--release: must be of what is locked; nothing is, of {readings.roi} in the case.",
            hint="Look: sarcoma readers status.",
        )
    if len(found) > 1:
        scans = ", ".join(one.series for one in found)
        raise UsageError(
            f"--scan: must say which reference is released; {readings.roi} is locked on {scans}.",
            hint=f"Run the same command with --scan {found[0].series!r}.",
        )
    return found[0]


def not_considered(
    readings: CaseReadings, target: ReadingTarget, decision: Adjudication | None
) -> Iterator[str]:
    """What a lock passes over, in words: who has not read the scan, and what came after the decision.

    Args:
        readings: of the case.
        target: what is settled or locked.
        decision: that the lock stands on; None where nothing was decided.
    """
    held = readings.by_series.get(target.series, {})
    for reader in dict.fromkeys((*readings.assigned, *held)):
        version = held.get(reader)
        if version is None:
            yield f"{reader} has not read scan {target.series}"
        elif decision and version.handle not in decision.readings:
            yield f"{version.handle} of {reader} came after the decision"


def release_reference(book: RecordBook, target: ReadingTarget, by: str) -> ReferenceLock:
    """Take a lock back; the record of it stays.

    Raises:
        UsageError: nothing is locked.
        OutputError: somebody else wrote meanwhile, or it cannot be written.
    """
    held = read_reference(book, target)
    locked = held.locked
    if locked is None:
        raise UsageError(
            f"--release: must be of what is locked; nothing is, of {target.roi} on scan {target.series}.",
            hint="Look: sarcoma readers status.",
        )
    record = ReferenceLock(
        target, "released", locked.handle, locked.sha256, check_by(by), locked.why, utc_now()
    )
    return _written(book, record, held)


def _written(book: RecordBook, record: ReferenceLock, held: HeldReference) -> ReferenceLock:
    try:
        book.append(record.target.reference, record_document(record), held.stored)
    except RecordTakenError as error:
        holder = reference_of_holder(error.holder)
        if holder and holder.state == "locked":
            raise is_locked(holder) from None
        raise
    return record


def _decided(readings: CaseReadings, decision: Adjudication) -> MaskVersion:
    """The version that was adjudicated, as it was then.

    Raises:
        InputError: it is not there, or is another now; a consensus was not imported yet.
    """
    target = decision.target
    mine = [one for one in readings.masks.versions if one.key == (target.series, target.roi)]
    if decision.taken == "version":
        found = next((one for one in mine if one.handle == decision.handle), None)
        if found is None or found.sha256 != decision.sha256:
            fault = "it is not there" if found is None else "its mask file is another now"
            raise InputError(
                f"{decision.handle}: must be as it was adjudicated by {decision.by}; {fault}.",
                hint="Put back a copy of MASKS, or decide again: sarcoma readers adjudicate --replace.",
            )
        return found
    for one in reversed(mine):
        mask, _ = read_mask(readings.masks.path(one))
        if voxels_sha256(mask) == decision.sha256:
            return one
    raise InputError(
        f"consensus of {target.roi} on scan {target.series}: must be imported first; no version is it.",
        hint="Import it, then run the same command again: sarcoma run import-masks.",
    )


def _undisputed(readings: CaseReadings, target: ReadingTarget, wish: LockWish) -> tuple[MaskVersion, Why]:
    """The newest reading, where the readers agree or only one was needed.

    Raises:
        UsageError: a reading is missing, they do not agree, or one stands alone.
    """
    held = readings.by_series.get(target.series, {})
    newest = max(held.values(), key=lambda one: one.version, default=None)
    if newest is None:
        raise UsageError(
            f"--session: must have been read by somebody who is assigned; nobody read {target.roi} on scan "
            f"{target.series}.",
            hint="Of a drawing that is nobody's: sarcoma readers adjudicate --take HANDLE.",
        )
    if len(held) == 1:
        if wish.single:
            return newest, "only reading"
        raise UsageError(
            "--single: must be given where one reader alone has read a case; found one reading.",
            hint="Wait for the second, or run the same command with --single.",
        )
    missing = [reader for reader in readings.assigned if reader not in held]
    if missing:
        raise UsageError(
            f"--session: must be read by all who are assigned; missing: {', '.join(missing)}.",
            hint="Wait for them, or decide: sarcoma readers adjudicate.",
        )
    agreement = case_agreement(readings, target.series)
    if agreement is None or agreement.worst.scores.dice < wish.agree_at:
        worst = "not comparable" if agreement is None else f"{agreement.worst.scores.dice:.3f}"
        raise UsageError(
            f"--agree-at: the lowest Dice of two readers must be {wish.agree_at:g} or more; found {worst}.",
            hint="Decide it: sarcoma readers adjudicate --take READER.",
        )
    return newest, "readers agree"
