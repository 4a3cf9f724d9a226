"""What a training of networks would have left of made patients: parts, and risks that are planted."""

from collections.abc import Mapping, Sequence

import numpy as np

from sarcoma_core.prognosis.clinical.endpoints import endpoint
from sarcoma_core.prognosis.clinical.table import ClinicalRow
from sarcoma_core.prognosis.endpoint_study import StudyPatients, patients_of
from sarcoma_core.prognosis.trained_study import KeptOrder, KeptTraining
from sarcoma_core.training.parts import StudyParts, study_parts
from tests.prognosis.made_patients import MadePatients

OS = endpoint("overall_survival")
Columns = Mapping[str, np.ndarray]


def parts_of(cohort: MadePatients, folds: int = 3) -> StudyParts:
    """A tenth for the test, a tenth for calibration, and folds of the rest."""
    return study_parts(
        cohort.subjects, cohort.follow_up, seed=1, folds=folds, test_percent=10, calibration_percent=10
    )


def training(
    cohort: MadePatients, heads: Columns, *, endpoints: Sequence[str] = (OS.name,), folds: int = 3
) -> KeptTraining:
    """A training whose heads foretold what is told of each patient of the cohort."""
    parts = parts_of(cohort, folds)
    place = {subject: row for row, subject in enumerate(cohort.subjects)}
    risks = {
        (name, head): {subject: float(column[place[subject]]) for subject in parts.development}
        for name in endpoints
        for head, column in heads.items()
    }
    return KeptTraining(KeptOrder(0, "before surgery", tuple(endpoints)), parts, risks)


def developed(
    cohort: MadePatients,
    kept: KeptTraining,
    features: Mapping[str, Mapping[str, float]] | None = None,
    rows: Sequence[ClinicalRow] | None = None,
) -> StudyPatients:
    """The patients of its development, in the order of their subjects."""
    told = {row.subject: row for row in (rows or cohort.rows())}
    return patients_of(OS, [told[one] for one in kept.parts.development], features or {})
