"""Scores of two tumour-like masks at 40 x 512 x 512: seconds, against surface-distance.

    .venv/bin/python benchmarks/metrics.py [--rounds N] [--threads N]

Dice, ASSD and HD95 of the same masks, spacing 0.7 x 0.7 x 4 mm: a lobed ellipsoid, as one reader and
another would outline it. Both work on the bounding box: surface-distance crops by
itself, ours in `compare`. Ours is timed by its own default (`directed`) and by surface-distance's definition
(`area-weighted`, where the numbers must agree), and gives six more scores in that time. One after the other,
in turns; medians; on one thread unless asked otherwise. Exits 1 where ours is slower, or the numbers differ.
"""

import argparse
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import SimpleITK as sitk

from sarcoma_core.imaging.volume import Mask
from sarcoma_core.segmentation.definitions import Definition
from sarcoma_core.segmentation.metrics import compare

SHAPE, SPACING = (40, 512, 512), (4.0, 0.7, 0.7)
CASES = {"small, 30 mm": 15.0, "middle, 80 mm": 40.0, "large, 200 mm": 100.0}
"""Half axes in plane, mm."""
SAME = 1e-3


class Scored(NamedTuple):
    """What both give."""

    dice: float
    assd: float
    hd95: float


def tumour(radius: float, *, seed: int, shift: float) -> Mask:
    """A lobed ellipsoid: its radius goes up and down with the direction, as readers differ."""
    random = np.random.default_rng(seed)
    middle = np.array(SHAPE) / 2 * SPACING + shift
    z, y, x = (
        axis - at
        for axis, at in zip(
            np.meshgrid(
                *(np.arange(n) * s for n, s in zip(SHAPE, SPACING, strict=True)), indexing="ij", sparse=True
            ),
            middle,
            strict=True,
        )
    )
    angle = np.arctan2(y, x)
    phases = random.uniform(0, 2 * np.pi, 4)
    lobes = sum(
        0.04 * np.sin(count * angle + phase + z / 15)
        for count, phase in zip((2, 3, 5, 7), phases, strict=True)
    )
    return np.asarray(np.sqrt(x**2 + y**2 + (1.6 * z) ** 2) <= radius * (1 + lobes))


def ours(definition: Definition) -> Callable[[Mask, Mask], Scored]:
    """All scores by one definition."""

    def run(reference: Mask, other: Mask) -> Scored:
        scores = compare(reference, other, SPACING, definition=definition)
        return Scored(scores.dice, scores.assd_mm, scores.hd95_mm)

    return run


def surface_distance(reference: Mask, other: Mask) -> Scored:
    """As its own documentation has it."""
    from surface_distance import metrics  # noqa: PLC0415  of the extra `oracle`

    found = metrics.compute_surface_distances(reference, other, SPACING)
    averages = metrics.compute_average_surface_distance(found)
    return Scored(
        metrics.compute_dice_coefficient(reference, other),
        float(np.mean(averages)),
        metrics.compute_robust_hausdorff(found, 95),
    )


METHODS: dict[str, Callable[[Mask, Mask], Scored]] = {
    "ours, directed": ours("directed"),
    "ours, area-weighted": ours("area-weighted"),
    "surface-distance": surface_distance,
}


def main() -> int:
    """Time all, and hold the numbers of the two that must agree against each other."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7, help="of each method and case")
    parser.add_argument("--threads", type=int, default=1, help="of SimpleITK; surface-distance has one")
    asked = parser.parse_args()
    warnings.simplefilter("ignore", DeprecationWarning)  # of scipy, for names that surface-distance uses
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(asked.threads)
    worse = False
    print(f"{'':<16}{'':<22}{'s':>8}{'ratio':>8}{'Dice':>9}{'ASSD':>9}{'HD95':>9}")
    for case, radius in CASES.items():
        masks = tumour(radius, seed=1, shift=0.0), tumour(radius, seed=2, shift=1.5)
        times: dict[str, list[float]] = {name: [] for name in METHODS}
        found: dict[str, Scored] = {}
        for _ in range(asked.rounds):
            for name, method in METHODS.items():
                start = time.perf_counter()
                found[name] = method(*masks)
                times[name].append(time.perf_counter() - start)
        medians = {name: statistics.median(taken) for name, taken in times.items()}
        peer = medians["surface-distance"]
        for name, seconds in medians.items():
            scores = "".join(f"{value:>9.4f}" for value in found[name])
            print(f"{case:<16}{name:<22}{seconds:>8.4f}{seconds / peer:>8.2f}{scores}", flush=True)
            worse |= seconds > peer
        worse |= not np.allclose(found["ours, area-weighted"], found["surface-distance"], rtol=0, atol=SAME)
    return int(worse)


if __name__ == "__main__":
    sys.exit(main())
