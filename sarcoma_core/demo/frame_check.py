"""PET and what was registered, against their truth: the SUV factor, and how far tissue is from its place."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import SimpleITK as sitk

from sarcoma_core.demo.patients import REFERENCE, KnownSession
from sarcoma_core.phantom.motion import Points
from sarcoma_core.phantom.truth import body_points
from sarcoma_core.provenance import read_record
from sarcoma_core.report.study import StudyRow, StudyTable

MAX_ERROR_MM = 2.0
MAX_ERROR_PART = 0.25
"""Of the error before: what lay well to begin with would pass a registration that does nothing."""
MAX_FACTOR_ERROR = 1e-6
_POINTS = 2000

_RAS_TO_LPS = np.array([-1.0, -1.0, 1.0])


@dataclass(frozen=True)
class FrameCheck:
    """What was found on one synthetic series that has to be moved onto the reference.

    Args:
        patient: label of the subject, who has one session.
        sequence: its role.
        before_mm: how far tissue lies from its place on the reference, median over the body.
        after_mm: the same, through the transform that `register` found; None where it refused.
        suv_factor: of PET, g/ml for 1 Bq/ml; None of others, or where `suv` refused.
        true_suv_factor: the same, from the truth.
    """

    patient: str
    sequence: str
    before_mm: float
    after_mm: float | None
    suv_factor: float | None = None
    true_suv_factor: float | None = None

    @property
    def faults(self) -> tuple[str, ...]:
        """What differs from the truth by more than it may."""
        faults = []
        if self.after_mm is None:
            faults.append("refused")
        elif self.after_mm > min(MAX_ERROR_MM, MAX_ERROR_PART * self.before_mm):
            faults.append("registration")
        true = self.true_suv_factor
        if true is not None and abs((self.suv_factor or 0.0) - true) > MAX_FACTOR_ERROR * true:
            faults.append("SUV factor")
        return tuple(faults)


class FrameLine(NamedTuple):
    """One series that was moved; short enough for a terminal of 80 columns."""

    patient: str
    series: str
    mm_off: str
    suv_factor: str
    check: str


def check_frames(known: Iterable[KnownSession], *, with_suv: bool = True) -> tuple[FrameCheck, ...]:
    """Measure each series but the reference against its truth.

    Args:
        known: sessions on which a chain that registers is complete.
        with_suv: whether the step suv was one of the chain.
    """
    return tuple(
        _check(one, sequence, with_suv=with_suv)
        for one in known
        for sequence in one.scans
        if sequence != REFERENCE
    )


def frame_line(check: FrameCheck) -> FrameLine:
    """A check in words and rounded numbers."""
    after = "refused" if check.after_mm is None else f"{check.after_mm:.1f}"
    factors = f"{check.suv_factor or 0:.4g}/{check.true_suv_factor:.4g}" if check.true_suv_factor else ""
    found = "differs: " + ", ".join(check.faults) if check.faults else "ok"
    return FrameLine(check.patient, check.sequence, f"{check.before_mm:.1f}>{after}", factors, found)


def frame_table(checks: Iterable[FrameCheck]) -> StudyTable:
    """The checks as a table of the study's page."""
    return StudyTable(
        "frames",
        "Moved, and found again",
        "How far tissue lies from its place on the reference, median over the body, before and after "
        "registration; and the SUV factor of PET, found and true.",
        tuple(name.replace("_", " ") for name in FrameLine._fields),
        tuple(StudyRow(line.patient, tuple(line[1:])) for line in map(frame_line, checks)),
    )


def _check(known: KnownSession, sequence: str, *, with_suv: bool) -> FrameCheck:
    truth, folder = known.truth, known.folder
    points = body_points(
        folder, truth.patient_id, of=REFERENCE, count=_POINTS, seed=truth.seed, seen_by=(sequence,)
    )
    true = truth.corresponding(points, of=REFERENCE, to=sequence)
    pet = known.scan_of(sequence).pet if with_suv else None
    return FrameCheck(
        patient=known.session.subject,
        sequence=sequence,
        before_mm=_apart(points, true),
        after_mm=_after(known, sequence, points, true),
        suv_factor=_suv_factor(known, sequence) if pet else None,
        true_suv_factor=pet.suv_factor if pet else None,
    )


def _after(known: KnownSession, sequence: str, points: Points, true: Points) -> float | None:
    scan = known.scans[sequence]
    path = known.session.resource("REGISTERED") / scan / f"{scan}_from_reference.tfm"
    if not path.is_file():
        return None
    way = sitk.ReadTransform(str(path))
    moved = np.array([way.TransformPoint(point) for point in (points * _RAS_TO_LPS).tolist()])
    return _apart(moved * _RAS_TO_LPS, true)


def _apart(points: Points, others: Points) -> float:
    return float(np.median(np.linalg.norm(points - others, axis=1)))


def _suv_factor(known: KnownSession, sequence: str) -> float | None:
    record = read_record(known.session.resource("SUV"))
    outcome = record.outcome(known.scans[sequence]) if record else None
    return outcome.facts.get("factor") if outcome else None
