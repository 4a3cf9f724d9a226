"""N4: ours against SimpleITK's filter as it is mostly used, in one run, on a limb of 320 x 320 x 40 voxels.

    .venv/bin/python benchmarks/bias_field.py [--nightly] [--repeats N]

The peer is the best known recipe: Otsu's mask, shrink factor 4, four levels of 50 iterations, the field
evaluated on the full grid. It is shown with its shrink in the plane (4, 4, 1), as is usual for thick slices,
and on all axes (4, 4, 4); and with the gentler iterations of the SarcomaAI onboarding tool, [20, 20, 10],
which suit it better here. `--nightly` adds the plain filter: full resolution, no mask (over nine minutes).
Times are medians of alternating runs; each holds the mask, the fit and the field on the full grid.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from sarcoma_core.imaging.bias_field import estimate_bias_field
from sarcoma_core.imaging.body_mask import find_body
from sarcoma_core.phantom.anatomy import limb
from sarcoma_core.phantom.grid import BENCHMARK
from sarcoma_core.phantom.signal import T1CE, T2FS, acquire
from sarcoma_core.phantom.tissue import Tissue

SEEDS = (8, 9)
Array = NDArray[np.float32]
Method = Callable[[Array], Array]


class Case(NamedTuple):
    """One synthetic series: the volume, its labels and the true log-bias."""

    name: str
    volume: Array
    labels: NDArray[np.uint8]
    log_bias: Array


def ours(volume: Array) -> Array:
    """`sarcoma step bias-field` without its files."""
    mask = find_body(volume, BENCHMARK.spacing).mask
    return estimate_bias_field(volume, BENCHMARK.spacing, mask).log_bias


def peer(*shrink: int, iterations: Sequence[int] = (50, 50, 50, 50)) -> Method:
    """SimpleITK's filter with Otsu's mask at a shrink factor."""

    def run(volume: Array) -> Array:
        image = sitk.GetImageFromArray(np.ascontiguousarray(volume.T))
        image.SetSpacing(BENCHMARK.spacing)
        mask = sitk.OtsuThreshold(image, 0, 1, 200)
        n4 = sitk.N4BiasFieldCorrectionImageFilter()
        n4.SetMaximumNumberOfIterations(list(iterations))
        n4.Execute(sitk.Shrink(image, shrink), sitk.Shrink(mask, shrink))
        return np.asarray(sitk.GetArrayFromImage(n4.GetLogBiasFieldAsImage(image)).T)

    return run


def plain(volume: Array) -> Array:
    """SimpleITK's filter as it comes: full resolution, no mask."""
    image = sitk.GetImageFromArray(np.ascontiguousarray(volume.T))
    n4 = sitk.N4BiasFieldCorrectionImageFilter()
    n4.Execute(image)
    return np.asarray(sitk.GetArrayFromImage(n4.GetLogBiasFieldAsImage(image)).T)


def cases() -> list[Case]:
    """T1 and T2 of each synthetic patient."""
    found = []
    for seed in SEEDS:
        anatomy = limb(seed, BENCHMARK)
        for sequence in (T1CE, T2FS):
            acquired = acquire(anatomy, sequence)
            name = f"patient {seed} {sequence.name}"
            found.append(Case(name, acquired.image.astype(np.float32), anatomy.labels, acquired.log_bias))
    return found


def quality(case: Case, log_bias: Array) -> tuple[float, float, float]:
    """Correlation with the true field over the body; muscle's coefficient of variation before and after."""
    body = case.labels != Tissue.BACKGROUND
    muscle = case.labels == Tissue.MUSCLE
    inner = muscle.copy()
    for axis in (0, 1):  # without its rim, where tissues mix in one voxel
        for shift in (-2, -1, 1, 2):
            inner &= np.roll(muscle, shift, axis)
    before, after = case.volume[inner], (case.volume / np.exp(log_bias))[inner]
    correlation = np.corrcoef(log_bias[body], case.log_bias[body])[0, 1]
    return float(correlation), float(before.std() / before.mean()), float(after.std() / after.mean())


def main() -> None:
    """Run the methods in turn and print a table with the ratios to ours."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3, help="runs of each method on each series")
    parser.add_argument("--nightly", action="store_true", help="also the plain filter (over nine minutes)")
    arguments = parser.parse_args()
    methods: dict[str, Method] = {
        "ours": ours,
        "SimpleITK, Otsu, 4x50, shrink 4,4,1": peer(4, 4, 1),
        "SimpleITK, Otsu, 4x50, shrink 4,4,4": peer(4, 4, 4),
        "SimpleITK, Otsu, 20+20+10, 4,4,1": peer(4, 4, 1, iterations=(20, 20, 10)),
    }
    times: dict[str, list[float]] = {name: [] for name in methods}
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in methods}
    series = cases()
    for repeat in range(arguments.repeats):
        for case in series:
            for name, method in methods.items():
                start = time.perf_counter()
                log_bias = method(case.volume)
                times[name].append(time.perf_counter() - start)
                if not repeat:
                    found[name].append(quality(case, log_bias))
    if arguments.nightly:
        name = "SimpleITK, no mask, full resolution"
        start = time.perf_counter()
        log_bias = plain(series[0].volume)
        times[name], found[name] = [time.perf_counter() - start], [quality(series[0], log_bias)]
    print(f"{'x'.join(map(str, BENCHMARK.shape))} voxels, {len(series)} series, {arguments.repeats} repeats")
    print(f"{'method':<38}{'time':>8}{'ratio':>8}{'r worst':>9}{'r median':>10}{'muscle CV':>16}")
    base = statistics.median(times["ours"])
    for name, runs in times.items():
        r = [q[0] for q in found[name]]
        before, after = (statistics.median(q[n] for q in found[name]) for n in (1, 2))
        median = statistics.median(runs)
        print(
            f"{name:<38}{median:>6.1f} s{median / base:>8.2f}{min(r):>9.3f}{statistics.median(r):>10.3f}"
            f"{before:>9.3f} > {after:.3f}"
        )


if __name__ == "__main__":
    main()
