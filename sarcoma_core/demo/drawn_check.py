"""What the demo's model drew, against the truth of the synthetic patients: Dice on the grid of the image."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Final, NamedTuple

import numpy as np

from sarcoma_core.archive.masks import SEG_LABEL, mask_path
from sarcoma_core.demo.patients import KnownSession
from sarcoma_core.imaging.nifti_masks import read_mask
from sarcoma_core.imaging.volume import Mask, Volume, read_nifti
from sarcoma_core.phantom.tissue import Tissue, tumour_mask
from sarcoma_core.phantom.truth import on_grid, read_labels
from sarcoma_core.provenance import Outcome, read_record
from sarcoma_core.report.study import StudyRow, StudyTable
from sarcoma_core.segmentation.metrics import dice

LEAST_MEDIAN: Final = 0.9
"""Median Dice of the tumour over the patients: their slices are not those of the training."""


@dataclass(frozen=True)
class DrawnCheck:
    """What was drawn of one synthetic patient.

    Args:
        patient: label of the subject, who has one session.
        sequence: of the series that was drawn on; empty where nothing was.
        member: the model that drew.
        tumour_ml: of the mask.
        true_tumour_ml: of the truth, on the same grid.
        tumour_dice: of both.
        oedema_dice: of what was drawn as oedema, and the truth.
        doubts: how many the quality gate has.
    """

    patient: str
    sequence: str = ""
    member: str = ""
    tumour_ml: float = 0.0
    true_tumour_ml: float = 0.0
    tumour_dice: float = 0.0
    oedema_dice: float = 0.0
    doubts: int = 0


class DrawnCheckLine(NamedTuple):
    """One patient; short enough for a terminal of 80 columns."""

    patient: str
    series: str
    tumour_ml: str
    dice: str
    oedema: str
    doubts: str
    check: str = ""


def check_drawn(known: Iterable[KnownSession]) -> tuple[DrawnCheck, ...]:
    """Hold what was drawn against the truth.

    Args:
        known: sessions on which `read` is complete.

    Raises:
        InputError: a mask does not lie where the truth's voxels do.
    """
    return tuple(map(_check, known))


def median_dice(checks: Iterable[DrawnCheck]) -> float:
    """The median Dice of the tumour; 0 for a patient of whom nothing was drawn, and where there is none."""
    return median([one.tumour_dice for one in checks] or [0.0])


def is_good(checks: Iterable[DrawnCheck]) -> bool:
    """Whether the median is as it should be."""
    return median_dice(checks) >= LEAST_MEDIAN


def drawn_line(check: DrawnCheck) -> DrawnCheckLine:
    """A check in words and rounded numbers."""
    if not check.member:
        return DrawnCheckLine(check.patient, "nothing drawn", "", "0", "", "")
    return DrawnCheckLine(
        check.patient,
        check.sequence,
        f"{check.tumour_ml:.1f}/{check.true_tumour_ml:.1f}",
        f"{check.tumour_dice:.3f}",
        f"{check.oedema_dice:.3f}",
        str(check.doubts),
    )


def drawn_table(checks: tuple[DrawnCheck, ...]) -> StudyTable:
    """The checks as a table of the study's page, with their median."""
    found = f"{median_dice(checks):.3f}"
    told = "ok" if is_good(checks) else f"below {LEAST_MEDIAN:g}"
    rows = [StudyRow(line.patient, tuple(line[1:])) for line in map(drawn_line, checks)]
    return StudyTable(
        "drawn",
        "Drawn and true",
        "Masks of the demo's model, which has seen synthetic patients only, against what these patients are "
        "made of: volumes found/true, Dice of tumour and oedema on the image, and how many doubts "
        "the gate has.",
        tuple(name.replace("_", " ") for name in DrawnCheckLine._fields),
        (*rows, StudyRow("median", ("", "", found, "", "", told))),
    )


def _check(known: KnownSession) -> DrawnCheck:
    drawn = _drawn(known)
    if drawn is None:
        return DrawnCheck(known.session.subject)
    sequence = next(name for name, scan in known.scans.items() if scan == drawn.scan)
    volume = read_nifti(known.session.resource("NIFTI") / drawn.scan / f"{drawn.scan}.nii.gz")
    labels = read_labels(known.folder, known.truth.patient_id, sequence)
    true = on_grid(labels, known.scan_of(sequence).affine_ras, shape=volume.array.shape, to=volume.affine)
    tumour, oedema = (_mask(known, drawn, region, volume) for region in ("tumour", "oedema"))
    return DrawnCheck(
        patient=known.session.subject,
        sequence=sequence,
        member=str(drawn.facts["member"]),
        tumour_ml=_ml(tumour, volume),
        true_tumour_ml=_ml(tumour_mask(true), volume),
        tumour_dice=dice(tumour_mask(true), tumour),
        oedema_dice=dice(np.asarray(true == Tissue.OEDEMA), oedema),
        doubts=len(drawn.facts["needs_review"]),
    )


def _drawn(known: KnownSession) -> Outcome | None:
    """The series that the chosen model drew on."""
    record = read_record(known.session.resource(SEG_LABEL))
    outcomes = record.outcomes if record else ()
    return next((one for one in outcomes if one.status == "done"), None)


def _mask(known: KnownSession, drawn: Outcome, region: str, volume: Volume) -> Mask:
    """A mask; empty where nothing was found."""
    path = known.session.resource(SEG_LABEL) / mask_path(drawn.scan, drawn.part, region, 1)
    return read_mask(path)[0] if path.is_file() else np.zeros(volume.array.shape, dtype=np.bool_)


def _ml(mask: Mask, volume: Volume) -> float:
    return float(np.count_nonzero(mask)) * volume.voxel_ml
