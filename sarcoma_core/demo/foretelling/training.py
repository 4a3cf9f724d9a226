"""`make train-demo`: train the demo's model that foretells, on synthetic patients, and judge it on others.

    python -m sarcoma_core.demo.foretelling.training [--out FOLDER] [--cache FOLDER]

It is small, and for nobody's patients: its card says so, and so does everything that uses it. What it prints
of patients it never saw is what stands in the card.
"""

import argparse
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from time import monotonic
from typing import Final

import torch

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.archive.swapping import put_in_place
from sarcoma_core.demo.foretelling.judging import judged_unseen
from sarcoma_core.demo.foretelling.model import FOLDER, NAME, VERSION
from sarcoma_core.demo.foretelling.patients import CUBE, phantom_rows, scanned_image
from sarcoma_core.demo.telling import tell
from sarcoma_core.models.card import CardNumber
from sarcoma_core.prognosis.network_judging import judge_endpoint
from sarcoma_core.prognosis.network_model import load_prognosis, open_prognosis
from sarcoma_core.prognosis.network_order import SIZES, PrognosisOrder
from sarcoma_core.prognosis.network_patients import NetworkPatients, network_patients
from sarcoma_core.prognosis.network_plan import plan_prognosis
from sarcoma_core.prognosis.network_training import PrognosisTraining, out_of_fold, train_prognosis
from sarcoma_core.prognosis.network_writing import (
    PrognosisWords,
    calibrated_bounds,
    write_prognosis_model,
)
from sarcoma_core.prognosis.tumour_image import TumourImage
from sarcoma_core.training.outcomes.loop import OutcomeSettings
from sarcoma_core.training.outcomes.telling import told_on_screen

TRAINED_ON: Final = range(20_000, 20_300)
"""Seeds of the patients of the training."""
WHAT: Final = (
    "300 synthetic patients (STS-PHANTOM-20000 to 20299): a thigh with a tumour, and a made-up course"
)
LIMITS: Final = (
    "Synthetic patients only: not for patients, not for a study of patients.",
    "It has seen one scanner, one plane and one thigh, and courses that a formula drew.",
)
ORDER: Final = PrognosisOrder(
    endpoints=("overall_survival", "distant_metastasis"),
    head="logistic-hazard",
    cohort="phantom-20000-20299",
    cube=CUBE,
    size=SIZES["tiny"],
    settings=OutcomeSettings(epochs=30, learning_rate=5e-3, patience=30),
    folds=4,
    seeds=3,
    test_percent=0,
    calibration_percent=20,
)


def main() -> None:
    """Train, judge, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, prog="make train-demo")
    parser.add_argument("--out", type=Path, default=FOLDER, help="the folder that is made, or replaced")
    arguments = parser.parse_args()
    out: Path = arguments.out
    with tempfile.TemporaryDirectory(prefix=".sarcoma-demo-", dir=out.parent) as aside:
        started = monotonic()
        patients = _patients(scanned(TRAINED_ON))
        tell(f"{len(patients.patients)} patients scanned in {monotonic() - started:.0f} s")
        training = _trained(patients, Path(aside) / "checkpoints")
        tell(f"{len(training.networks)} networks trained after {monotonic() - started:.0f} s")
        made = Path(aside) / "made"
        _write(made, training, ())
        numbers = judged_unseen(load_prognosis(open_prognosis(AssetFolder(made, None, "")), CPU), tell)
        _write(made, training, numbers)
        put_in_place({made: out})
    tell(f"\nwritten: {out}")


CPU: Final = torch.device("cpu")


def scanned(seeds: Sequence[int]) -> list[TumourImage]:
    """The tumours of synthetic patients, made by all cores.

    Args:
        seeds: of the patients.
    """
    with ProcessPoolExecutor() as pool:
        return list(pool.map(scanned_image, seeds, chunksize=8))


def _patients(images: Sequence[TumourImage]) -> NetworkPatients:
    rows = phantom_rows(TRAINED_ON)
    by = {row.subject: image for row, image in zip(rows, images, strict=True)}
    return network_patients(rows, by, ORDER.endpoints, least_events=ORDER.least_events)


def _trained(patients: NetworkPatients, checkpoints: Path) -> PrognosisTraining:
    planned = plan_prognosis(patients, ORDER)
    return train_prognosis(planned, checkpoints, device=CPU, told=told_on_screen)


def _write(folder: Path, training: PrognosisTraining, numbers: tuple[CardNumber, ...]) -> None:
    told = list(out_of_fold(training, CPU))
    judged = [judge_endpoint(training.planned, told, name) for name in ORDER.timed]
    words = PrognosisWords(
        NAME,
        VERSION,
        WHAT,
        "surgery",
        licence="Apache-2.0",
        synthetic=True,
        limits=LIMITS,
        numbers=numbers,
    )
    write_prognosis_model(folder, training, judged, calibrated_bounds(training, CPU), words)


if __name__ == "__main__":
    main()
