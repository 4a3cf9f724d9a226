"""`make train-demo`: train the demo's model on synthetic patients, judge it on others, and write its folder.

    python -m sarcoma_core.demo.reading.training [--out FOLDER] [--threads N]

It is small, rounded to 16 bits, and for nobody's patients: its card says so, and so does everything that uses
it. What it prints is what stands in the card.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Final

import numpy as np
import torch

from sarcoma_core.archive.swapping import put_in_place
from sarcoma_core.demo.reading.judging import (
    CEILINGS_MM,
    UNSEEN,
    JudgedPatient,
    ceilings,
    judge,
    threshold_dice,
    tuned_threshold,
)
from sarcoma_core.demo.reading.model import FOLDER, NAME, VERSION
from sarcoma_core.demo.reading.patients import REGIONS, SETTINGS, Sequence, sources
from sarcoma_core.demo.telling import tell
from sarcoma_core.models.card import CardNumber
from sarcoma_core.segmentation.inference.predicting import Segmenter
from sarcoma_core.training.segmentation.loop import new_network
from sarcoma_core.training.segmentation.member import (
    MemberOrder,
    PlannedMember,
    member_weights,
    plan_member,
    train_member,
)
from sarcoma_core.training.segmentation.plan import PlanSettings
from sarcoma_core.training.segmentation.telling import told_on_screen
from sarcoma_core.training.segmentation.writing import CardWords, numbers_of, write_model

TRAINED_ON: Final = range(1000, 1060)
"""Seeds of the patients of the training."""
MEMBERS: Final[tuple[tuple[Sequence, ...], ...]] = (("T1CE",), ("T2FS",), ("T1CE", "T2FS"))
SETTINGS_OF_DEMO: Final = PlanSettings(
    patch=32, spacing_mm=6.875, width=8, epochs=50, learning_rate=3e-3, batch=4
)
FOLDS: Final = 10
WHAT: Final = "60 synthetic patients (STS-PHANTOM-1000 to 1059): a thigh with a tumour, drawn by a formula"
LIMITS: Final = (
    "Synthetic patients only: not for patients, not for a study of patients.",
    "It has seen one scanner, one plane and one thigh; of real images it knows nothing.",
    "A limb without a tumour it has never seen.",
)


def main() -> None:
    """Train, judge, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, prog="make train-demo")
    parser.add_argument("--out", type=Path, default=FOLDER, help="the folder that is made, or replaced")
    parser.add_argument("--threads", type=int, default=2, help="of the convolutions (default: 2)")
    arguments = parser.parse_args()
    out: Path = arguments.out
    torch.set_num_threads(arguments.threads)
    with tempfile.TemporaryDirectory(prefix=".sarcoma-demo-", dir=out.parent) as aside:
        made = Path(aside) / "made"
        for sequences in MEMBERS:
            _member(made, Path(aside) / "checkpoints", sequences)
        put_in_place({made: out})
    sys.stdout.write(f"\nwritten: {out}\n")


def _member(made: Path, checkpoints: Path, sequences: tuple[Sequence, ...]) -> None:
    name = "_".join(sequences)
    order = MemberOrder(
        sequences, REGIONS, cohort="phantom-1000-1059", folds=FOLDS, settings=SETTINGS_OF_DEMO
    )
    planned = plan_member(sources(TRAINED_ON, sequences), order)
    place, started = checkpoints / name, monotonic()
    device = torch.device("cpu")
    trained = train_member(planned, place, device=device, told=told_on_screen(name), half=True)
    seconds = monotonic() - started
    weights = member_weights(trained, place, half=True)
    tell(f"{name}: trained in {seconds:.0f} s, {trained.standings[0].epoch} epochs; unseen patients:")
    network = new_network(planned.plan, 0)
    network.load_state_dict({key: value.float() for key, value in weights[0].items()})
    segmenter = Segmenter(planned.task, [network.eval()], device)
    numbers = tuple(_judged(segmenter, sequences))
    _references(planned, sequences)
    words = CardWords(NAME, VERSION, WHAT, "Apache-2.0", synthetic=True, numbers=numbers, limits=LIMITS)
    write_model(made / name, trained, weights, words)


def _judged(segmenter: Segmenter, sequences: tuple[Sequence, ...]) -> Iterator[CardNumber]:
    """Numbers of the card for every setting; printed on the way."""
    for name, setting in SETTINGS.items():
        found = list(judge(segmenter, sequences, setting, UNSEEN[name]))
        if setting.healthy:
            tell(f"  {name}: {_told_healthy(found)}")
            continue
        for region in segmenter.task.regions:
            scores = [(str(one.seed), one.scores[region]) for one in found]
            numbers = numbers_of(f"{region}, {name}", scores)
            yield from numbers
            if region == segmenter.task.regions[0]:
                tell(f"  {name}: {_told(numbers)}; {_told_gate(found)}")


def _told(numbers: list[CardNumber]) -> str:
    return "; ".join(
        f"{one.measure} {one.median} [{one.q1}, {one.q3}], 95 % {one.lower} to {one.upper}, p5 {one.p5}"
        for one in numbers
        if one.measure in ("Dice", "HD95 (mm)")
    )


def _told_gate(found: list[JudgedPatient]) -> str:
    doubted = sum(bool(one.needs_review) for one in found)
    variance = np.median([one.uncertainty for one in found])
    return f"n {len(found)}, the gate doubts {doubted}, median variance {variance:.4f}"


def _told_healthy(found: list[JudgedPatient]) -> str:
    drawn = [one.scores["tumour"].other_ml for one in found]
    doubted = sum(bool(one.needs_review) for one in found)
    return (
        f"n {len(found)}, drawn {min(drawn):.1f} to {max(drawn):.1f} ml (median {np.median(drawn):.1f}), "
        f"nothing in {sum(not ml for ml in drawn)}; the gate doubts {doubted}"
    )


def _references(planned: PlannedMember, sequences: tuple[Sequence, ...]) -> None:
    """What a threshold reaches, and what a grid allows, on the same patients."""
    name, setting = next(iter(SETTINGS.items()))
    unseen = [source.read() for source in sources(UNSEEN[name], sequences, setting)]
    level = tuned_threshold([source.read() for source in planned.cohort.sources])
    plain = [threshold_dice(case, level) for case in unseen]
    found = f"Dice {np.median(plain):.3f}, 5th percentile {np.percentile(plain, 5):.3f}"
    tell(f"  {name}: threshold {level:.1f} of {sequences[-1]} and largest piece: {found}")
    best = ceilings(unseen)
    for spacing, hard, soft in zip(CEILINGS_MM, best.hard, best.soft, strict=True):
        tell(f"  ceilings of a grid of {spacing:g} mm: hard masks {hard:.3f}, soft masks {soft:.3f}")


if __name__ == "__main__":
    main()
