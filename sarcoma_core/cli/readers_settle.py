"""`sarcoma readers adjudicate` and `lock`: what is taken of a case, and what is its reference."""

import argparse
from typing import TYPE_CHECKING, NamedTuple

from sarcoma_core.cli.readers_place import find_place
from sarcoma_core.cli.readers_shown import assignments_of, command, show_rows
from sarcoma_core.cli.xnat_arguments import note

if TYPE_CHECKING:
    from sarcoma_core.cli.readers_place import ReadersPlace
    from sarcoma_core.imaging.volume import Volume
    from sarcoma_core.segmentation.readers.consensus import ConsensusMask
    from sarcoma_core.segmentation.readers.readings import CaseReadings
    from sarcoma_core.segmentation.readers.records import ReadingTarget


class SettledRow(NamedTuple):
    """What stands now of a case.

    Attributes:
        case: label of the session.
        scan: the series.
        roi: key of the region.
        taken: handle of the version, or `consensus` and its method.
        why: a choice of words.
        by: who did it.
        when: UTC, ISO 8601.
    """

    case: str
    scan: str
    roi: str
    taken: str
    why: str
    by: str
    when: str


class PerformanceCells(NamedTuple):
    """A reader against the consensus.

    Attributes:
        reader: id.
        sensitivity: as STAPLE estimates it.
        specificity: likewise; of the box around the region.
    """

    reader: str
    sensitivity: str
    specificity: str


def settle(arguments: argparse.Namespace) -> int:
    """Record what is taken of a case.

    Raises:
        SarcomaError: see `launch.readers.deciding.adjudicate`.
    """
    from sarcoma_core.launch.readers.deciding import Ruling, adjudicate, target_of_case
    from sarcoma_core.launch.readers.locking import not_considered

    with find_place(arguments) as place:
        readings = _readings(arguments, place)
        target = target_of_case(readings, arguments.scan)
        made: list[ConsensusMask] = []

        def draw(mask: "ConsensusMask", grid: "Volume") -> None:
            made.append(mask)
            place.draw(target.case, _drawn_path(target), _nifti(mask, grid), replace=arguments.replace)

        ruling = Ruling(
            arguments.take, arguments.by, arguments.why, arguments.method, replace=arguments.replace
        )
        done = adjudicate(place.book, readings, target, ruling, draw)
        taken = done.handle or f"consensus ({done.method})"
        row = SettledRow(target.case, target.series, target.roi, taken, done.why, done.by, done.when)
        show_rows(arguments, "Adjudicated", SettledRow._fields, (row,), ids="taken")
        for told in not_considered(readings, target, done):
            note(arguments, f"decided all the same: {told}")
        for mask in made:
            _tell_consensus(arguments, mask)
            note(arguments, f"next: {place.import_command(target.case)}")
        lock_it = command(place, "lock", *_words(target), "--by", arguments.by)
        note(arguments, f"{'then' if made else 'next'}: {lock_it}")
    return 0


def lock(arguments: argparse.Namespace) -> int:
    """Lock the reference of a case, or release it.

    Raises:
        SarcomaError: see `launch.readers.locking.lock_reference`.
    """
    from sarcoma_core.errors import UsageError
    from sarcoma_core.launch.readers.deciding import target_of_case
    from sarcoma_core.launch.readers.locking import (
        LockWish,
        lock_reference,
        locked_target,
        not_considered,
        release_reference,
    )
    from sarcoma_core.segmentation.readers.book import read_adjudication

    if not 0 <= arguments.agree_at <= 1:
        raise UsageError(f"--agree-at: must be a Dice from 0 to 1; found {arguments.agree_at:g}.")
    with find_place(arguments) as place:
        readings = _readings(arguments, place)
        passed_over: tuple[str, ...] = ()
        if arguments.release:
            target = locked_target(place.book, readings, arguments.scan)
            done = release_reference(place.book, target, arguments.by)
        else:
            target = target_of_case(readings, arguments.scan)
            wish = LockWish(arguments.by, arguments.agree_at, single=arguments.single)
            done = lock_reference(place.book, readings, target, wish)
            decision = read_adjudication(place.book, target).record
            passed_over = tuple(not_considered(readings, target, decision))
        row = SettledRow(target.case, target.series, target.roi, done.handle, done.why, done.by, done.when)
        show_rows(arguments, done.state.capitalize(), SettledRow._fields, (row,), ids="taken")
        for told in passed_over:
            note(arguments, f"locked all the same: {told}")
        if readings.gone:
            note(
                arguments, f"next, as its session is gone: {command(place, 'assign', '--drop', target.case)}"
            )
        else:
            _put_marks(arguments, place, target.case)
    return 0


def _put_marks(arguments: argparse.Namespace, place: "ReadersPlace", case: str) -> None:
    """Put what `import-masks` has to know into DRAWN."""
    from sarcoma_core.archive.drawn import REFERENCES_FILE
    from sarcoma_core.archive.references import references_document
    from sarcoma_core.segmentation.readers.book import marks_of

    marks = references_document(marks_of(place.book, case))
    place.draw(case, REFERENCES_FILE, marks, replace=True)
    note(arguments, f"next, so that MASKS says it too: {place.import_command(case)}")


def _readings(arguments: argparse.Namespace, place: "ReadersPlace") -> "CaseReadings":
    """The readings of the case that is named.

    Raises:
        UsageError: it was not assigned.
    """
    from sarcoma_core.errors import UsageError
    from sarcoma_core.launch.readers.standing import readings_of
    from sarcoma_core.segmentation.readers.book import has_reference, read_assignments

    if getattr(arguments, "release", False):  # of a case, too, that is gone, or in no list any more
        assignments = read_assignments(place.book).record
        known = arguments.session in {one.case for one in assignments.cases}
        recorded = known or has_reference(place.book, arguments.session)
        case = arguments.session if recorded else place.case(arguments.session)
        return readings_of(case, (), assignments, place.masks, roi=arguments.roi)
    case = place.case(arguments.session)
    assignments = assignments_of(place)
    assigned = next((one.readers for one in assignments.cases if one.case == case), None)
    if assigned is None:
        raise UsageError(
            f"--session: must be assigned to readers; found {case!r}, which is not.",
            hint=command(place, "assign", "--session", case),
        )
    return readings_of(case, assigned, assignments, place.masks, roi=arguments.roi)


def _words(target: "ReadingTarget") -> tuple[str, ...]:
    return "--session", target.case, "--scan", target.series, "--roi", target.roi


def _drawn_path(target: "ReadingTarget") -> str:
    """Where `import-masks` finds it: in a folder that is called as the scan; its name is the region's."""
    from sarcoma_core.segmentation.readers.records import CONSENSUS

    return f"{target.series.partition(' ')[0]}/{CONSENSUS}/{target.roi}.nii.gz"


def _nifti(mask: "ConsensusMask", grid: "Volume") -> bytes:
    import tempfile
    from pathlib import Path

    from sarcoma_core.imaging.nifti_masks import write_mask

    with tempfile.TemporaryDirectory(prefix="sarcoma-") as folder:
        path = Path(folder, "mask.nii.gz")
        write_mask(path, mask.mask, grid.affine)
        return path.read_bytes()


def _tell_consensus(arguments: argparse.Namespace, mask: "ConsensusMask") -> None:
    from sarcoma_core.segmentation.readers.consensus import MARGIN

    if arguments.output != "table" or not mask.performance:
        return
    rows = [
        PerformanceCells(one.reader, f"{one.sensitivity:.3f}", f"{one.specificity:.3f}")
        for one in mask.performance
    ]
    show_rows(arguments, "Against the consensus", PerformanceCells._fields, rows, ids="reader")
    note(arguments, f"STAPLE: prior {mask.prior:.3f}, in the box of all marks and {MARGIN} voxels around it")
