"""What a training would tell of itself, built by hand."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sarcoma_core.report.facts import Fact
from sarcoma_core.report.training_curves_facts import (
    EpochFacts,
    NetworkFacts,
    OutOfFoldCase,
    PlanFacts,
    TrainedMemberFacts,
    TrainingPageFacts,
)
from sarcoma_core.segmentation.metrics import MaskScores

PLAN = PlanFacts(
    spacing=(1.375, 1.375, 5.0),
    slices_last=True,
    patch=(128, 128, 32),
    widths=(32, 64, 128, 256),
    strides=((2, 2, 1), (2, 2, 2), (2, 2, 2)),
    epochs=300,
    batch=2,
    learning_rate=1e-3,
    why=(
        "slices are 5 mm apart and voxels 1.38 mm wide in the plane (median): the grid is anisotropic",
        "patches of 128 x 128 x 32 voxels, as the images are 220 x 220 x 160 mm (median) and 128 is the most",
    ),
)


def history(epochs: int, *, every: int = 15, best: float = 0.9) -> tuple[EpochFacts, ...]:
    """A loss that falls, and a Dice that rises, told every so many epochs."""
    return tuple(
        EpochFacts(n, 1.2 * np.exp(-n / 60) + 0.08, best * (1 - np.exp(-n / 50)) if n % every == 0 else None)
        for n in range(1, epochs + 1)
    )


def network(fold: int, epochs: int = 300, *, best_epoch: int = 285, ended: bool = True) -> NetworkFacts:
    """A network that four folds trained and one judges."""
    return NetworkFacts(fold, 16, 4, history(epochs, best=0.9 - 0.01 * fold), best_epoch, ended)


def scores(dice: float, *, failed: bool = False, ml: float = 100.0) -> MaskScores:
    """Scores of a case with this Dice."""
    far = 300.0 if failed else 40 * (1 - dice)
    found = 0.0 if failed else ml * dice
    return MaskScores(
        *(dice, dice, far / 3, far, 2 * far, dice, ml, found, found - ml, found / ml - 1, failed),
        definition="directed",
        tolerance_mm=2.0,
    )


def judged(values: Sequence[float], regions: Sequence[str] = ("tumour",)) -> tuple[OutOfFoldCase, ...]:
    """A session of each patient, with these Dice; 0 is a failed one."""
    return tuple(
        OutOfFoldCase(
            f"STS-{n:03d}",
            f"STS-{n:03d}_MR",
            n % 5 + 1,
            {region: scores(value, failed=not value) for region in regions},
        )
        for n, value in enumerate(values, 1)
    )


DICE = (
    0.93,
    0.91,
    0.0,
    0.88,
    0.95,
    0.9,
    0.87,
    0.92,
    0.71,
    0.94,
    0.89,
    0.9,
    0.92,
    0.93,
    0.91,
    0.86,
    0.9,
    0.92,
)
T1CE = TrainedMemberFacts(
    name="T1CE",
    regions=("tumour", "oedema"),
    plan=PLAN,
    patients=18,
    sessions=20,
    left_out=(("masks: must have the region tumour", 3), ("images: values must be finite", 1)),
    folds=(4, 4, 4, 3, 3),
    of_networks=5,
    networks=tuple(network(fold) for fold in range(1, 6)),
    judged=judged(DICE, ("tumour", "oedema")),
)
T2FS = replace(
    T1CE,
    name="T2FS",
    regions=("tumour",),
    left_out=(),
    networks=(network(1), network(2, 120, best_epoch=105, ended=False)),
    judged=(),
    next_command="sarcoma run train-segmentation --archive A --project STS",
)
BOTH = replace(T1CE, name="T1CE_T2FS", judged=judged([one * 0.98 for one in DICE], ("tumour",)))
FACTS = TrainingPageFacts(
    members=(T1CE, T2FS, BOTH),
    refused=(("T1", "cohort: must have 4 patients or more with T1 and a locked mask of tumour; found 0."),),
    limits=("Trained and judged on the patients of one project; at another hospital it may be worse.",),
    methods="3D residual U-Nets were trained with soft Dice and cross-entropy on soft masks.",
    hashes=(Fact("Cohort", "ab" * 32),),
    software=(Fact("torch", "2.9.0"), Fact("monai", "1.5.1")),
)
