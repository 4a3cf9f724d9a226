"""A model of networks as files: the model, which may leave its site, and the study, which stays there."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from sarcoma_core.errors import InputError
from sarcoma_core.models.card import CardNumber, ModelCard, TrainingCohort
from sarcoma_core.models.config import ModelConfig
from sarcoma_core.models.folder import weights_hashes, write_card
from sarcoma_core.prognosis.clinical.endpoints import TimeZero, endpoint
from sarcoma_core.prognosis.clinical_beside import BASELINES_FILE
from sarcoma_core.prognosis.clinical_fitting import fit_baselines
from sarcoma_core.prognosis.judged import JudgedModel
from sarcoma_core.prognosis.mean_survival import SURVIVAL, mean_survival
from sarcoma_core.prognosis.network_judging import JudgedEndpoint
from sarcoma_core.prognosis.network_notes import NOTES_FILE, NetworkNotes, PrognosisNotes
from sarcoma_core.prognosis.network_training import PrognosisTraining, foretell
from sarcoma_core.prognosis.patient_facts import patient_facts
from sarcoma_core.prognosis.unlike_training import seen_patients
from sarcoma_core.report.measures import WithLimits
from sarcoma_core.survival.censoring import observation
from sarcoma_core.survival.conformal import ConformalBound, calibrate_bound
from sarcoma_core.survival.follow_up import FollowUp
from sarcoma_core.text import csv_bytes, json_bytes
from sarcoma_core.training.earlier import TRAINING
from sarcoma_core.training.weights_files import write_weights

HISTORY: Final = "training.csv"
OUT_OF_FOLD: Final = "out_of_fold.csv"
SPLITS: Final = "splits.json"
EVALUATION: Final = "evaluation.json"
COVERAGES: Final = (0.80, 0.95)
"""That the bounds of survival time claim."""
SCHEMA: Final = 1
LIMITS: Final = (
    "Trained and judged on the patients of one project; at another hospital it may be worse.",
    "It foretells from what is known before surgery, and of tumours that were drawn.",
    "What it foretells is of groups of patients like those of the training: of one it may be far off.",
)
_DIGITS = 6


@dataclass(frozen=True)
class PrognosisWords:
    """What only the one who trains can say of a model.

    Args:
        name: of the model.
        version: of the model.
        what: one sentence on who the patients are.
        time_zero: from when times count.
        licence: SPDX identifier, or `LicenseRef-...`.
        synthetic: whether the patients are synthetic.
        limits: a sentence for each.
        numbers: beside those out of fold: how good it was elsewhere.
    """

    name: str
    version: str
    what: str
    time_zero: TimeZero
    licence: str = "LicenseRef-site"
    synthetic: bool = False
    limits: tuple[str, ...] = LIMITS
    numbers: tuple[CardNumber, ...] = ()


def write_prognosis_model(
    folder: Path,
    training: PrognosisTraining,
    judged: Sequence[JudgedEndpoint],
    bounds: Sequence[ConformalBound],
    words: PrognosisWords,
) -> tuple[str, ...]:
    """Write the folder of a model, made to leave its site: nothing of a single patient stands in it.

    Args:
        folder: made if need be.
        training: that has ended.
        judged: each timed endpoint.
        bounds: of survival time.
        words: of the card.

    Returns:
        The files, as paths below the folder.

    Raises:
        InputError: the card breaks a rule.
        OSError: the disk is full or read-only.
    """
    folder.mkdir(parents=True, exist_ok=True)
    planned = training.planned
    write_weights(folder, [one.weights for one in training.networks])
    patients = len(planned.parts.development)
    card = ModelCard(
        name=words.name,
        version=words.version,
        licence=words.licence,
        permitted_use=("research",),
        weights_sha256=weights_hashes(folder),
        synthetic=words.synthetic,
        cohort=TrainingCohort(planned.order.cohort, patients, patients, words.what),
        numbers=(*(number for one in judged for number in card_numbers(one)), *words.numbers),
        limits=words.limits,
    )
    task = planned.task
    shape = (len(task.sequences) + 1, *(task.edge,) * 3) if task.sequences else (1, 1, 1, 1)
    write_card(folder, ModelConfig("multimodal", planned.arguments, shape, None, task), card)
    (folder / NOTES_FILE).write_bytes(_notes(training, judged, bounds, words).document())
    (folder / BASELINES_FILE).write_bytes(fit_baselines(planned, words.time_zero).document())
    (folder / TRAINING).write_bytes(_training(training))
    (folder / HISTORY).write_bytes(_history(training))
    return tuple(sorted(path.name for path in folder.iterdir()))


def write_prognosis_study(
    folder: Path, training: PrognosisTraining, judged: Sequence[JudgedEndpoint]
) -> tuple[str, ...]:
    """Write what stays at the site: who was in which part, and what was foretold of whom.

    Args:
        folder: made if need be.
        training: that has ended.
        judged: each timed endpoint.

    Returns:
        The files, as paths below the folder.

    Raises:
        OSError: the disk is full or read-only.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SPLITS).write_bytes(training.planned.parts.document)
    (folder / EVALUATION).write_bytes(json_bytes({one.name: _evaluation(one) for one in judged}))
    (folder / OUT_OF_FOLD).write_bytes(_out_of_fold(judged))
    (folder / TRAINING).write_bytes(_training(training))
    return tuple(sorted(path.name for path in folder.iterdir()))


def calibrated_bounds(training: PrognosisTraining, device: torch.device) -> tuple[ConformalBound, ...]:
    """Lower bounds of survival time, fitted on the calibration set by the mean of all networks.

    None where survival is not foretold, nobody was set aside, or too few were for a coverage.

    Args:
        training: that has ended.
        device: where to compute.

    Raises:
        InputError: a value is none of its variable.
    """
    planned = training.planned
    if SURVIVAL not in planned.order.timed or not planned.parts.calibration:
        return ()
    patients = planned.patients.of(planned.parts.calibration)
    labels = patients.outcomes().timed[SURVIVAL]
    known = labels.known.numpy()
    if not known.any():
        return ()
    cuts, survival = mean_survival(
        [
            next(iter(foretell(planned, one, patients, device).timed.values()))[SURVIVAL]
            for one in training.networks
        ]
    )
    follow_up = FollowUp(labels.time.numpy()[known], labels.cause.numpy()[known] > 0)
    found = []
    for coverage in COVERAGES:
        try:
            bound = calibrate_bound(
                cuts, survival[known], follow_up, observation(follow_up), coverage=coverage
            )
        except InputError:
            continue  # too few for this coverage
        found.append(bound)
    return tuple(found)


def card_numbers(judged: JudgedEndpoint) -> tuple[CardNumber, ...]:
    """How well an endpoint is foretold out of fold."""
    title, n = endpoint(judged.name).title, len(judged.patients.follow_up)
    found = [
        CardNumber(f"{title}, out of fold, {name}", "Harrell's C", n, one.harrell.value, **_ends(one.harrell))
        for name, one in judged.judgement.models.items()
        if one.harrell is not None
    ]
    if judged.seeds:
        setting = f"{title}, out of fold, each of {len(judged.seeds)} seeds alone"
        low, middle, high = (float(np.quantile(judged.seeds, part)) for part in (0, 0.5, 1))
        found.append(CardNumber(setting, "Harrell's C: median, least, most", n, middle, low, high))
    return tuple(found)


def _ends(measure: WithLimits) -> dict[str, Any]:
    return {"lower": measure.lower, "upper": measure.upper}


def _notes(
    training: PrognosisTraining,
    judged: Sequence[JudgedEndpoint],
    bounds: Sequence[ConformalBound],
    words: PrognosisWords,
) -> PrognosisNotes:
    planned, folds = training.planned, training.planned.order.folds
    networks = tuple(
        NetworkNotes(
            planned.fold(one.number),
            one.number // folds,
            planned.fits[planned.fold(one.number)].design,
            one.times,
            one.features,
        )
        for one in training.networks
    )
    return PrognosisNotes(
        time_zero=words.time_zero,
        columns=planned.columns,
        networks=networks,
        cuts={one.name: float(f"{one.cut:.3g}") for one in judged},
        bounds=tuple(bounds),
        parts_sha256=planned.parts.sha256,
        test_sha256=planned.parts.part_sha256("test"),
        test_patients=len(planned.parts.test),
        seen=seen_patients(
            [
                patient_facts(one.row, one.image, planned.task.sequences)
                for one in planned.patients.of(planned.parts.development).patients
            ],
            dropped=planned.order.settings.dropped > 0 and len(planned.task.sequences) > 1,
        ),
    )


def _training(training: PrognosisTraining) -> bytes:
    planned, order = training.planned, training.planned.order
    return json_bytes(
        {
            "schema": SCHEMA,
            "order": asdict(order),
            "keys": list(planned.keys),
            "splits_sha256": planned.parts.sha256,
            "epochs": [one.epoch for one in training.standings],
            "best_epochs": [one.best_epoch for one in training.standings],
            "blend": [one.kept for one in training.standings],
            "patients": len(planned.patients.patients),
        }
    )


def _history(training: PrognosisTraining) -> bytes:
    names = sorted({name for one in training.standings for row in one.history for name in row.told})
    rows = [
        [number, row.epoch, f"{row.loss:.6g}", f"{row.learning_rate:.6g}", _told(row.judged)]
        + [_told(row.told.get(name)) for name in names]
        for number, one in enumerate(training.standings, 1)
        for row in one.history
    ]
    return csv_bytes(["network", "epoch", "loss", "learning_rate", "judged", *names], rows)


def _evaluation(judged: JudgedEndpoint) -> Mapping[str, Any]:
    models = judged.judgement.models
    return {
        "patients": len(judged.patients.follow_up),
        "events": judged.patients.follow_up.events,
        "models": {name: _measures(one) for name, one in models.items()},
        "seeds": list(judged.seeds),
        "baseline_absent": judged.absent,
    }


def _measures(one: JudgedModel) -> Mapping[str, Any]:
    return {
        "harrell": None if one.harrell is None else asdict(one.harrell),
        "uno": None if one.uno is None else asdict(one.uno),
        "difference": None if one.difference is None else asdict(one.difference),
        "integrated_brier": None if one.brier is None else asdict(one.brier),
    }


def _out_of_fold(judged: Sequence[JudgedEndpoint]) -> bytes:
    rows = []
    for one in judged:
        fold = np.empty(len(one.patients.follow_up), np.int64)
        for part in one.plan.folds:
            fold[part.test] = part.number
        for model, predicted in one.predicted.items():
            rows += [
                [one.name, model, subject, fold[row], f"{predicted.risk[0, row]:.{_DIGITS}f}"]
                for row, subject in enumerate(one.patients.subjects)
            ]
    return csv_bytes(["endpoint", "model", "subject", "fold", "risk"], rows)


def _told(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
