"""The MR series of the demo against their truth: grid and volumes, and the bias field that was removed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.demo.patients import KnownSession
from sarcoma_core.imaging.body_mask import find_body
from sarcoma_core.imaging.volume import read_nifti
from sarcoma_core.phantom.tissue import Tissue, tumour_mask
from sarcoma_core.phantom.tissue import body_mask as tissue_mask
from sarcoma_core.phantom.truth import on_grid, read_labels, read_log_bias
from sarcoma_core.report.study import StudyRow, StudyTable

MIN_CORRELATION = 0.95
"""Estimated against true log-bias over the body: the bar of the step (docs/concepts/bias-field.md)."""
MAX_VOLUME_ERROR = 0.05
"""Of the body's volume, measured with the body mask on the converted volume, against the truth."""


@dataclass(frozen=True)
class Check:
    """What was found on one synthetic series, against its truth.

    Args:
        patient: label of the subject, who has one session.
        sequence: its role.
        tumour_ml: the true tumour's volume on the converted grid, mL.
        true_tumour_ml: the same, from the truth, mL.
        body_ml: volume of the body mask measured on the converted volume, mL.
        true_body_ml: the same, from the truth, mL.
        correlation: estimated against true log-bias, over the body.
        muscle_cv_before: coefficient of variation of muscle before the bias was removed.
        muscle_cv_after: and after.
    """

    patient: str
    sequence: str
    tumour_ml: float
    true_tumour_ml: float
    body_ml: float
    true_body_ml: float
    correlation: float
    muscle_cv_before: float
    muscle_cv_after: float

    @property
    def faults(self) -> tuple[str, ...]:
        """What differs from the truth by more than it may."""
        faults = []
        if abs(self.tumour_ml - self.true_tumour_ml) > 1e-3 * self.true_tumour_ml:
            faults.append("tumour volume")
        if abs(self.body_ml - self.true_body_ml) > MAX_VOLUME_ERROR * self.true_body_ml:
            faults.append("body volume")
        if self.correlation <= MIN_CORRELATION:
            faults.append("bias field")
        if self.muscle_cv_after > self.muscle_cv_before / 2:
            faults.append("muscle not even")
        return tuple(faults)


def check_mr(known: Iterable[KnownSession]) -> tuple[Check, ...]:
    """Measure each synthetic MR series against its truth.

    Args:
        known: sessions on which `prepare` is complete.

    Raises:
        InputError: a converted volume does not lie where the truth's voxels do.
    """
    return tuple(
        _check(one, sequence)
        for one in known
        for sequence in one.scans
        if one.scan_of(sequence).modality == "MR"
    )


class CheckLine(NamedTuple):
    """One synthetic series, found/true; short enough for a terminal of 80 columns."""

    patient: str
    series: str
    tumour_ml: str
    body_ml: str
    bias_r: str
    muscle_cv: str
    check: str


def check_line(check: Check) -> CheckLine:
    """A check in words and rounded numbers."""
    return CheckLine(
        check.patient,
        check.sequence,
        f"{check.tumour_ml:.1f}/{check.true_tumour_ml:.1f}",
        f"{check.body_ml:.0f}/{check.true_body_ml:.0f}",
        f"{check.correlation:.3f}",
        f"{check.muscle_cv_before:.3f}>{check.muscle_cv_after:.3f}",
        "differs: " + ", ".join(check.faults) if check.faults else "ok",
    )


def mr_table(checks: Iterable[Check]) -> StudyTable:
    """The checks as a table of the study's page."""
    return StudyTable(
        "truth",
        "Found and true",
        "Measured on the converted and corrected volumes, against what the synthetic patients are made of.",
        tuple(name.replace("_", " ") for name in CheckLine._fields),
        tuple(StudyRow(line.patient, tuple(line[1:])) for line in map(check_line, checks)),
    )


def _check(known: KnownSession, sequence: str) -> Check:
    scan, held, patient = known.scan_of(sequence), known.scans[sequence], known.truth.patient_id
    before = read_nifti(known.session.resource("NIFTI") / held / f"{held}.nii.gz")
    after = read_nifti(known.session.resource("N4") / held / f"{held}.nii.gz").array

    shape, to = before.array.shape, before.affine
    labels = on_grid(read_labels(known.folder, patient, sequence), scan.affine_ras, shape=shape, to=to)
    bias = read_log_bias(known.folder, patient, sequence)
    true_bias = on_grid(bias, scan.affine_ras, shape=shape, to=to)
    body = tissue_mask(labels)
    muscle = _interior(labels == Tissue.MUSCLE)
    tumour = tumour_mask(labels)
    ml = abs(float(np.linalg.det(before.affine[:3, :3]))) / 1000
    seen = body & (before.array > 0) & (after > 0)
    estimated = np.log(before.array[seen] / after[seen])
    true_voxel_ml = float(np.prod(scan.spacing)) / 1000
    return Check(
        patient=known.session.subject,
        sequence=sequence,
        tumour_ml=int(tumour.sum()) * ml,
        true_tumour_ml=scan.tumour_volume,
        body_ml=int(find_body(before.array, before.spacing).mask.sum()) * ml,
        true_body_ml=int(body.sum()) * true_voxel_ml,
        correlation=float(np.corrcoef(estimated, true_bias[seen])[0, 1]),
        muscle_cv_before=_cv(before.array[muscle]),
        muscle_cv_after=_cv(after[muscle]),
    )


def _interior(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A mask without its rim, where tissues mix in one voxel: two voxels in a slice, one between slices."""
    inner = mask.copy()
    for axis, shifts in enumerate(((-2, -1, 1, 2), (-2, -1, 1, 2), (-1, 1))):
        for shift in shifts:
            inner &= np.roll(mask, shift, axis)
    return inner


def _cv(values: NDArray[np.floating]) -> float:
    return float(values.std() / values.mean())
