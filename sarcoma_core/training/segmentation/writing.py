"""A trained member as files: the model, which may leave its site, and the study, which stays there."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from sarcoma_core.models.card import CardNumber, ModelCard, TrainingCohort
from sarcoma_core.models.config import ModelConfig
from sarcoma_core.models.folder import weights_hashes, write_card
from sarcoma_core.segmentation.evaluation.medians import Sampling, median_with_limits
from sarcoma_core.segmentation.metrics import MaskScores
from sarcoma_core.text import csv_bytes
from sarcoma_core.training.earlier import TRAINING
from sarcoma_core.training.segmentation.events import write_events
from sarcoma_core.training.segmentation.member import JudgedCase, MemberTraining, SurveyedCohort
from sarcoma_core.training.weights_files import write_weights

HISTORY: Final = "training.csv"
OUT_OF_FOLD: Final = "out_of_fold.csv"
SPLITS: Final = "splits.json"
CASES: Final = "cases.csv"
SCHEMA: Final = 1
MEASURES: Final[Mapping[str, str]] = {
    "dice": "Dice",
    "f2": "F2",
    "assd_mm": "ASSD (mm)",
    "hd95_mm": "HD95 (mm)",
    "volume_error_ml": "volume error (ml)",
}
"""Of `MaskScores`, as the card calls them."""
LIMITS: Final = (
    "Trained and judged on the patients of one project; at another hospital it may be worse.",
    "Judged out of fold: the patients that judged a network also chose its epoch.",
    "It draws where something is bright: the gate of the step says what has to be looked at.",
)


@dataclass(frozen=True)
class CardWords:
    """What only the one who trains can say of a model.

    Args:
        name: of the model.
        version: of the model.
        what: one sentence on who the patients are.
        licence: SPDX identifier, or `LicenseRef-...`.
        synthetic: whether the patients are synthetic.
        numbers: besides those out of fold.
        limits: a sentence for each.
    """

    name: str
    version: str
    what: str
    licence: str = "LicenseRef-site"
    synthetic: bool = False
    numbers: tuple[CardNumber, ...] = ()
    limits: tuple[str, ...] = LIMITS


def write_model(
    folder: Path, training: MemberTraining, weights: Sequence[Mapping[str, torch.Tensor]], words: CardWords
) -> tuple[str, ...]:
    """Write the folder of a member, made to leave its site: nothing of a single patient stands in it.

    Args:
        folder: made if need be.
        training: that has ended.
        weights: of each network.
        words: of the card.

    Returns:
        The files, as paths below the folder.

    Raises:
        OSError: the disk is full or read-only.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_weights(folder, weights)
    planned = training.planned
    cohort, plan = planned.cohort, planned.plan
    card = ModelCard(
        name=words.name,
        version=words.version,
        licence=words.licence,
        permitted_use=("research",),
        weights_sha256=weights_hashes(folder),
        synthetic=words.synthetic,
        cohort=TrainingCohort(planned.order.cohort, cohort.patients, len(cohort.sources), words.what),
        numbers=(*out_of_fold_numbers(training), *words.numbers),
        limits=words.limits,
    )
    shape = (len(plan.sequences), *plan.patch)
    write_card(folder, ModelConfig("residual-unet", plan.arguments, shape, planned.task), card)
    (folder / TRAINING).write_bytes(_training(training))
    (folder / HISTORY).write_bytes(_history(training))
    return tuple(sorted(path.name for path in folder.iterdir()))


def write_study(folder: Path, training: MemberTraining) -> tuple[str, ...]:
    """Write what stays at the site: who was judged when and how well, which cases were left out, and events.

    Args:
        folder: made if need be.
        training: that has ended.

    Returns:
        The files, as paths below the folder.

    Raises:
        OSError: the disk is full or read-only.
    """
    folder.mkdir(parents=True, exist_ok=True)
    planned = training.planned
    (folder / OUT_OF_FOLD).write_bytes(_out_of_fold(training.judged))
    (folder / SPLITS).write_bytes(planned.folds.document)
    (folder / CASES).write_bytes(_cases(planned.cohort))
    write_events(folder, [one.history for one in training.standings])
    return tuple(sorted(path.name for path in folder.iterdir()))


def out_of_fold_numbers(training: MemberTraining) -> tuple[CardNumber, ...]:
    """How well each region was found out of fold."""
    found = []
    for region in training.planned.plan.regions:
        held = [(one.subject, one.scores[region]) for one in training.judged if region in one.scores]
        found += numbers_of(f"{region}, out of fold", held)
    return tuple(found)


def numbers_of(setting: str, scores: Iterable[tuple[str, MaskScores]]) -> list[CardNumber]:
    """Numbers of a card, over patients: one with several sessions counts once, by the median of them.

    Args:
        setting: on what they were measured.
        scores: with the subject of each.
    """
    held: dict[str, list[MaskScores]] = {}
    for subject, one in scores:
        held.setdefault(subject, []).append(one)
    numbers = []
    for measure, title in MEASURES.items():
        values = [float(np.median([getattr(one, measure) for one in own])) for own in held.values()]
        if not values:
            continue
        of = median_with_limits(values, Sampling())
        fifth = float(np.percentile(values, 5))
        rounded = [
            None if v is None else round(v, 4) for v in (of.median, of.q1, of.q3, of.lower, of.upper, fifth)
        ]
        numbers.append(CardNumber(setting, title, of.n, *rounded))
    return numbers


def _training(training: MemberTraining) -> bytes:
    planned, order = training.planned, training.planned.order
    tree: dict[str, Any] = {
        "schema": SCHEMA,
        "cohort_sha256": order.cohort,
        "settings": asdict(order.settings),
        "seed": order.seed,
        "networks": order.networks,
        "deep_supervision": order.deep_supervision,
        "plan": planned.plan.tree,
        "splits_sha256": planned.folds.sha256,
        "keys": list(planned.keys),
        "epochs": [one.epoch for one in training.standings],
        "best_epochs": [one.best_epoch for one in training.standings],
        "patients": planned.cohort.patients,
        "sessions": len(planned.cohort.sources),
        "left_out": len(planned.cohort.refused),
    }
    return (json.dumps(tree, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _history(training: MemberTraining) -> bytes:
    rows = [
        [
            number,
            row.epoch,
            f"{row.loss:.6g}",
            f"{row.learning_rate:.6g}",
            "" if row.judged is None else f"{row.judged:.5f}",
        ]
        for number, one in enumerate(training.standings, 1)
        for row in one.history
    ]
    return csv_bytes(["network", "epoch", "loss", "learning_rate", "dice_native"], rows)


def _out_of_fold(judged: Sequence[JudgedCase]) -> bytes:
    rows = [
        [one.subject, one.session, one.network + 1, one.fold, region]
        + [f"{getattr(scores, measure):.5f}" for measure in MEASURES]
        + [f"{scores.reference_ml:.3f}", f"{scores.other_ml:.3f}", str(scores.failed).lower()]
        for one in judged
        for region, scores in one.scores.items()
    ]
    head = [
        "subject",
        "session",
        "network",
        "fold",
        "region",
        *MEASURES,
        "reference_ml",
        "found_ml",
        "failed",
    ]
    return csv_bytes(head, rows)


def _cases(cohort: SurveyedCohort) -> bytes:
    used = [[source.subject, source.session, "used", ""] for source in cohort.sources]
    left = [[*name.split("/", 1), "left out", reason] for name, reason in cohort.refused.items()]
    return csv_bytes(["subject", "session", "status", "reason"], sorted(used + left))
