"""How well the demo's model does on synthetic patients that it never saw, beside what a threshold does."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from sarcoma_core.demo.reading.patients import Sequence, Setting, phantom_case
from sarcoma_core.imaging.grid import model_grid, to_model, to_native
from sarcoma_core.imaging.volume import Mask
from sarcoma_core.segmentation.inference.components import keep_pieces
from sarcoma_core.segmentation.inference.finding import find
from sarcoma_core.segmentation.inference.gate import doubts
from sarcoma_core.segmentation.inference.predicting import Segmenter
from sarcoma_core.segmentation.metrics import MaskScores, compare, dice
from sarcoma_core.training.segmentation.cases import NativeCase

UNSEEN: Final[Mapping[str, range]] = {
    "as in the training": range(5000, 5060),
    "another scanner": range(6000, 6020),
    "tilted slices": range(6100, 6120),
    "sagittal slices": range(6200, 6220),
    "without a tumour": range(6300, 6310),
}
"""Seeds of the patients of each setting; those of the training are others."""
CEILINGS_MM: Final = (6.875, 3.4375)


@dataclass(frozen=True)
class JudgedPatient:
    """What the model found in one patient.

    Args:
        seed: of the patient.
        scores: of the tumour and of oedema, on the native grid.
        needs_review: what the gate says.
        uncertainty: mean variance at the surface of the tumour.
    """

    seed: int
    scores: Mapping[str, MaskScores]
    needs_review: tuple[str, ...]
    uncertainty: float


class Ceilings(NamedTuple):
    """The best that masks on a model grid can be, as Dice of the tumour on the native grid.

    Attributes:
        hard: of a mask whose voxels are tumour or not, for each spacing.
        soft: of one that says which part of a voxel is tumour.
    """

    hard: tuple[float, ...]
    soft: tuple[float, ...]


def judge(
    segmenter: Segmenter, sequences: tuple[Sequence, ...], setting: Setting, seeds: range
) -> Iterator[JudgedPatient]:
    """Judge the model on patients of one setting, as the step `segment` works.

    Args:
        segmenter: the model.
        sequences: that it takes.
        setting: how the patients are scanned.
        seeds: of the patients.
    """
    for seed in seeds:
        yield _judged(segmenter, phantom_case(seed, sequences, setting), seed)


def _judged(segmenter: Segmenter, case: NativeCase, seed: int) -> JudgedPatient:
    volume = case.volume
    found = find([volume.with_array(image) for image in case.images], segmenter)
    scores = {
        region: compare(case.masks[region], kept.mask, volume.spacing) for region, kept in found.kept.items()
    }
    said = doubts(found.task, found.for_gate, {}, synthetic=False)
    return JudgedPatient(seed, scores, said, found.uncertainty)


def tuned_threshold(cases: list[NativeCase]) -> float:
    """The threshold of the last sequence whose largest piece has the best mean Dice over some patients.

    Args:
        cases: of the training.
    """
    levels = np.arange(0.0, 3.0, 0.1)
    means = [
        np.mean([dice(case.masks["tumour"], _largest(case, level)) for case in cases]) for level in levels
    ]
    return float(levels[int(np.argmax(means))])


def threshold_dice(case: NativeCase, level: float) -> float:
    """Dice of a tuned threshold and its largest piece: what needs no network.

    Args:
        case: an unseen patient.
        level: of the last sequence, a z-score.
    """
    return dice(case.masks["tumour"], _largest(case, level))


def _largest(case: NativeCase, level: float) -> Mask:
    above = (case.images[-1] > level).astype(np.float32)
    kept = keep_pieces(above, case.volume.voxel_ml, threshold=0.5, least_ml=0.0)
    biggest = max(kept.pieces, default=0.0)
    return keep_pieces(above, case.volume.voxel_ml, threshold=0.5, least_ml=biggest * (1 - 1e-6)).mask


def ceilings(cases: list[NativeCase]) -> Ceilings:
    """Median Dice of true masks that went to a model grid and back.

    Args:
        cases: unseen patients.
    """
    hard, soft = [], []
    for spacing in CEILINGS_MM:
        found = [_there_and_back(case, spacing) for case in cases]
        hard.append(float(np.median([one[0] for one in found])))
        soft.append(float(np.median([one[1] for one in found])))
    return Ceilings(tuple(hard), tuple(soft))


def _there_and_back(case: NativeCase, spacing: float) -> tuple[float, float]:
    grid = model_grid(case.volume, (spacing, spacing, spacing), slices_last=False)
    truth = case.masks["tumour"]
    covered = to_model(truth, grid)
    hard = to_native((covered >= 0.5).astype(np.float32), grid) >= 0.5  # noqa: PLR2004
    return dice(truth, hard), dice(truth, to_native(covered, grid) >= 0.5)  # noqa: PLR2004
