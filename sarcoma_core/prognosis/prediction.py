"""What a model foretells of one patient: the mean of its networks, their spread, or why it abstains.

The spread is between models that differ by fold and seed: it claims no coverage. The lower bound of survival
time does, over patients like those of the calibration set (`survival.conformal`). A patient unlike those of
the training is told nothing but why: a number would be believed.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from sarcoma_core.archive.predicted import (
    ForetoldEndpoint,
    ForetoldYear,
    PatientPrediction,
    SurvivalBound,
)
from sarcoma_core.models.prognosis_task import GRADE
from sarcoma_core.prognosis.clinical.endpoints import DAYS_OF_YEAR
from sarcoma_core.prognosis.clinical.table import ClinicalRow
from sarcoma_core.prognosis.endpoint_study import HORIZON_YEARS
from sarcoma_core.prognosis.foretold import ForetoldTimes
from sarcoma_core.prognosis.mean_survival import SURVIVAL, mean_survival
from sarcoma_core.prognosis.network_model import PrognosisModel
from sarcoma_core.prognosis.network_outputs import Foretold
from sarcoma_core.prognosis.patient_facts import patient_facts
from sarcoma_core.prognosis.tumour_image import TumourImage
from sarcoma_core.survival.follow_up import Flags

MOST_CUT: Final = 0.1
"""Part of a tumour that may lie outside of the cube: of more the network has not seen the tumour."""
_FAR_NETWORKS: Final = 0.5
"""More than such a part of the networks must call a patient far."""


def predict_patient(model: PrognosisModel, row: ClinicalRow, image: TumourImage | None) -> PatientPrediction:
    """What a model foretells of a patient.

    Args:
        model: at work.
        row: of the clinical table.
        image: of the tumour, on the model's cube; None where there is none.

    Raises:
        InputError: a value is none of its variable.
    """
    task, notes = model.folder.task, model.folder.notes
    facts = patient_facts(row, image, task.sequences)
    not_known = notes.seen.not_known(facts)
    there = () if image is None else image.present
    missing = tuple(role for role, is_there in zip(task.sequences, there, strict=False) if not is_there)
    reasons = [*notes.seen.reasons(facts), *_of_image(image, task.sequences)]
    if image is None and task.sequences:
        return PatientPrediction(tuple(reasons), not_known, task.sequences)
    images = [] if image is None else [image]
    far = model.are_far((row.subject,), (row.values,), images)
    reasons += _of_features(far)
    not_known += () if far.size else ("features: not known of the training, which was too small to tell",)
    timed = tuple(one for one in task.timed if not row.cannot_have(one.endpoint))
    if not (timed or task.graded):
        reasons.append("endpoints: none is left to foretell, as there was a metastasis at presentation")
    if reasons:
        return PatientPrediction(tuple(reasons), not_known, missing)
    told = model.foretell((row.subject,), (row.values,), images)
    main = next(iter(told[0].timed), "") or next(iter(told[0].graded))
    return PatientPrediction(
        (),
        not_known,
        missing,
        timed=tuple(
            _endpoint(one.endpoint, [each.timed[main][one.endpoint] for each in told], notes.cuts)
            for one in timed
        ),
        graded=_graded(told, main, model) if task.graded else {},
        bounds=_bounds(told, main, model),
        heads={
            one.endpoint: {
                head: float(np.mean([each.timed[head][one.endpoint].risk[0] for each in told]))
                for head in told[0].timed
            }
            for one in timed
        },
    )


def _of_image(image: TumourImage | None, sequences: tuple[str, ...]) -> list[str]:
    if image is None:
        return ["tumour: not drawn, and the model reads the image inside it"] if sequences else []
    if image.cut > MOST_CUT:
        return [f"tumour: {image.cut:.0%} of it lies outside of what the model looks at"]
    return []


def _of_features(far: Flags) -> list[str]:
    """Whether most networks find that the patient looks like none of theirs."""
    if far.size and float(far.mean()) > _FAR_NETWORKS:
        part = f"{int(far.sum())} of {far.size} networks"
        return [f"features: {part} find that the patient looks unlike those they have learned from"]
    return []


def _endpoint(name: str, each: Sequence[ForetoldTimes], cuts: Mapping[str, float]) -> ForetoldEndpoint:
    last = min(float(one.days[-1]) for one in each)
    days = np.unique(np.concatenate([one.days[one.days <= last] for one in each]))
    curves = np.array([one.by(days)[0, 0] for one in each])
    risk = float(np.mean([one.risk[0] for one in each]))
    return ForetoldEndpoint(
        endpoint=name,
        years=tuple(_year(each, years) for years in HORIZON_YEARS if years * DAYS_OF_YEAR <= last),
        days=tuple(days.tolist()),
        curve=tuple(curves.mean(axis=0).tolist()),
        each=tuple(tuple(one) for one in curves.tolist()),
        risk=risk,
        cut=cuts[name],
        group="high" if risk > cuts[name] else "low",
    )


def _year(each: Sequence[ForetoldTimes], years: int) -> ForetoldYear:
    at = np.array([one.by(np.array([years * DAYS_OF_YEAR]))[0, :, 0] for one in each])
    event = at[:, 0]
    competing = float(at[:, 1].mean()) if at.shape[1] > 1 else None
    return ForetoldYear(years, float(event.mean()), float(event.min()), float(event.max()), competing)


def _graded(told: Sequence[Foretold], main: str, model: PrognosisModel) -> Mapping[str, float]:
    levels = model.folder.task.graded.levels if model.folder.task.graded else ()
    mean = np.mean([each.graded[main][0] for each in told], axis=0)
    return {f"{GRADE} {level}": float(value) for level, value in zip(levels, mean, strict=True)}


def _bounds(told: Sequence[Foretold], main: str, model: PrognosisModel) -> tuple[SurvivalBound, ...]:
    bounds = model.folder.notes.bounds
    if not bounds:
        return ()
    days, survival = mean_survival([each.timed[main][SURVIVAL] for each in told])
    return tuple(SurvivalBound(one.coverage, float(one.days(days, survival)[0])) for one in bounds)
