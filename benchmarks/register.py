"""Registration of synthetic patients: seconds, and how far body points miss, against SimpleITK and elastix.

    .venv/bin/python benchmarks/register.py [--pairs N] [--elastix PYTHON]   side by side with the peers
    .venv/bin/python benchmarks/register.py --study                          50 patients, and 8 that are bent

A pair is T1 after contrast and T2 with fat saturation, PET or CT of one patient (`phantom.protocol`), turned
by 3 to 10 degrees and shifted by 8 to 25 mm, and in the study bent by 4 to 10 mm. What is told is the target
registration error (TRE): the median distance of body points from where they are. The study fails where one
is not under 2 mm (or a voxel in plane, where that is more), or not under a quarter of what it was.

SimpleITK is its documentation's recipe for a rigid registration: centred by geometry, Mattes with 50 bins at
1 % of the voxels, gradient descent of rate 1 over 100 rounds, three levels. elastix is its own default for a
rigid registration (`GetDefaultParameterMap("rigid")`), in a Python that has `itk-elastix`. Reading, writing
and imports are in none of the times. Times are by the clock, all on one thread; medians. Ours include body
masks, and the seven mirrored copies that are tried before a registration counts.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import SimpleITK as sitk

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.registration.pair import Alignment, align, unmoved
from sarcoma_core.imaging.registration.views import View
from sarcoma_core.imaging.resampling import as_image
from sarcoma_core.imaging.volume import Volume
from sarcoma_core.phantom.protocol import draw_protocol
from sarcoma_core.phantom.study import Study, acquire_study

MODALITIES = {"T2FS": "MR", "PET": "PT", "CT": "CT"}
RIGID, BENT = 50, 8
TO_LPS = np.array([-1.0, -1.0, 1.0])
ELASTIX = Path(sys.executable)
"""It has elastix where the extra `bench` is installed (`make bench-register`)."""

ELASTIX_SCRIPT = """
import sys, time
import numpy as np, itk
itk.MultiThreaderBase.SetGlobalDefaultNumberOfThreads(1)
fixed, moving, points, out = sys.argv[1:]
fixed, moving = itk.imread(fixed, itk.F), itk.imread(moving, itk.F)
parameters = itk.ParameterObject.New()
parameters.AddParameterMap(parameters.GetDefaultParameterMap("rigid"))
start = time.perf_counter()
_, found = itk.elastix_registration_method(fixed, moving, parameter_object=parameters, number_of_threads=1)
seconds = time.perf_counter() - start
values = found.GetParameterMap(0)
angles = [float(v) for v in values["TransformParameters"]]
centre = [float(v) for v in values["CenterOfRotationPoint"]]
euler = itk.Euler3DTransform[itk.D].New()
euler.SetComputeZYX(values.get("ComputeZYX", ("false",))[0] == "true")
euler.SetCenter(centre)
held = itk.OptimizerParameters[itk.D](6)
for place, value in enumerate(angles):
    held[place] = value
euler.SetParameters(held)
moved = [list(euler.TransformPoint([float(v) for v in point])) for point in np.load(points)]
np.savez(out, points=np.array(moved), seconds=seconds)
"""


class Task(NamedTuple):
    """A pair, and where its body points are in both volumes, LPS mm."""

    name: str
    modality: str
    fixed: Volume
    moving: Volume
    same_frame: bool
    points: np.ndarray
    true: np.ndarray

    @property
    def allowed(self) -> float:
        """mm: a voxel in plane of the finer of both, or 2 mm where that is more."""
        return max(2.0, min(*self.fixed.spacing, *self.moving.spacing))

    def error(self, moved: np.ndarray) -> float:
        """Median distance of moved points from where they are, mm."""
        return float(np.median(np.linalg.norm(moved - self.true, axis=1)))


class Result(NamedTuple):
    """What one method made of a pair."""

    seconds: float
    error: float


def tasks(seed: int, *, deformable: bool) -> Iterator[Task]:
    """The three pairs of a patient."""
    protocol = draw_protocol(seed, deformable=deformable, sequences=("T1CE", *MODALITIES))
    study = acquire_study(seed, protocol)
    for sequence, modality in MODALITIES.items():
        yield _task(study, seed, sequence, modality)


def _task(study: Study, seed: int, sequence: str, modality: str) -> Task:
    points = study.body_points(of="T1CE", count=2000, seed=1, seen_by=(sequence,))
    true = study.corresponding(points, of="T1CE", to=sequence)
    fixed, moving = study["T1CE"], study[sequence]
    same = fixed.protocol.frame == moving.protocol.frame
    return Task(
        f"{seed} {sequence}",
        modality,
        fixed.volume,
        moving.volume,
        same,
        points * TO_LPS,
        true * TO_LPS,
    )


def through(transform: sitk.Transform, points: np.ndarray) -> np.ndarray:
    """Where a transform puts points."""
    return np.array([transform.TransformPoint(point) for point in points.tolist()])


def registered(task: Task, *, deformable: bool) -> Alignment:
    """A pair by our own means, as the step does it."""
    fixed = View.of(task.fixed, "MR")
    moving = View.of(task.moving, task.modality)
    priors = (unmoved(fixed),) if task.same_frame else ()
    return align(fixed, moving, priors=priors, deformable=deformable)


def ours(task: Task) -> Result:
    """All of it: body masks, search, climb, and what is measured and asked before it counts."""
    start = time.perf_counter()
    alignment = registered(task, deformable=False)
    return Result(time.perf_counter() - start, task.error(through(alignment.from_fixed, task.points)))


def simpleitk(task: Task) -> Result:
    """The recipe of SimpleITK's documentation."""
    fixed, moving = (as_image(v.array.astype(np.float32), v.affine) for v in (task.fixed, task.moving))
    start = time.perf_counter()
    centred = sitk.CenteredTransformInitializer(
        fixed, moving, sitk.Euler3DTransform(), sitk.CenteredTransformInitializerFilter.GEOMETRY
    )
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(numberOfHistogramBins=50)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(0.01, seed=1)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsGradientDescent(
        learningRate=1.0, numberOfIterations=100, convergenceMinimumValue=1e-6, convergenceWindowSize=10
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([4, 2, 1])
    method.SetSmoothingSigmasPerLevel([2, 1, 0])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetInitialTransform(centred, inPlace=False)
    found = method.Execute(fixed, moving)
    return Result(time.perf_counter() - start, task.error(through(found, task.points)))


def elastix(python: Path) -> Callable[[Task], Result]:
    """Elastix, in a process of its own; files between."""

    def run(task: Task) -> Result:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for name, volume in (("fixed", task.fixed), ("moving", task.moving)):
                image = as_image(volume.array.astype(np.float32), volume.affine)
                sitk.WriteImage(image, str(root / f"{name}.mha"))
            np.save(root / "points.npy", task.points)
            names = [str(root / name) for name in ("fixed.mha", "moving.mha", "points.npy", "out.npz")]
            environment = {**os.environ, "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1"}
            command = [str(python), "-c", ELASTIX_SCRIPT, *names]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
            told = np.load(root / "out.npz")
            return Result(float(told["seconds"]), task.error(told["points"]))

    return run


def has_elastix(python: Path) -> bool:
    """Whether a Python can import it."""
    if not python.exists():
        return False
    done = subprocess.run(
        [str(python), "-c", "import itk; itk.ElastixRegistrationMethod"], capture_output=True, check=False
    )
    return done.returncode == 0


def compare(pairs: int, python: Path) -> int:
    """All methods on the same pairs, one after the other; 1 if ours misses by more than a peer."""
    methods: dict[str, Callable[[Task], Result]] = {"ours": ours, "SimpleITK recipe": simpleitk}
    if has_elastix(python):
        methods["elastix rigid"] = elastix(python)
    else:
        print("elastix: not installed here (--elastix PYTHON names one that has itk-elastix); left out")
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    results: dict[str, list[Result]] = {name: [] for name in methods}
    before: list[float] = []
    for seed in range(-(-pairs // len(MODALITIES))):
        for task in tasks(seed, deformable=False):
            before.append(task.error(task.points))
            for name, method in methods.items():
                results[name].append(method(task))
    print(f"{len(before)} pairs, TRE before: {statistics.median(before):.2f} mm")
    print(f"{'':<18}{'s':>8}{'ratio':>8}{'TRE mm':>9}{'worst':>8}{'over 2 mm':>10}")
    own = statistics.median(result.seconds for result in results["ours"])
    errors = {}
    for name, found in results.items():
        seconds = statistics.median(result.seconds for result in found)
        missed = [result.error for result in found]
        errors[name] = statistics.median(missed)
        over = sum(error > 2 for error in missed)  # noqa: PLR2004  mm
        row = (
            f"{name:<18}{seconds:>8.2f}{seconds / own:>8.2f}{errors[name]:>9.2f}{max(missed):>8.2f}{over:>10}"
        )
        print(row, flush=True)
    return int(errors["ours"] > min(errors.values()))


def study(rigid: int, bent: int, first: int) -> int:
    """The patients of the bar from a first one on, each pair told; the number of pairs that fail."""
    pairs, failed, errors, seconds = 0, 0, [], []
    for deformable, patients in ((False, rigid), (True, bent)):
        for seed in range(first, first + patients):
            for task in tasks(seed, deformable=deformable):
                pairs += 1
                before = task.error(task.points)
                start = time.perf_counter()
                try:
                    alignment = registered(task, deformable=deformable)
                except InputError as error:
                    failed += 1
                    print(
                        f"{task.name:<10}{'bent' if deformable else 'rigid':<7}refused: {error}", flush=True
                    )
                    continue
                seconds.append(time.perf_counter() - start)
                errors.append(task.error(through(alignment.from_fixed, task.points)))
                good = errors[-1] < task.allowed and errors[-1] <= before / 4
                failed += not good
                print(
                    f"{task.name:<10}{'bent' if deformable else 'rigid':<7}{before:>7.2f} mm before"
                    f"{errors[-1]:>7.2f} mm after{seconds[-1]:>7.1f} s  {'' if good else 'FAILS'}",
                    flush=True,
                )
    print(
        f"{pairs} pairs, {failed} fail; median {statistics.median(errors):.2f} mm, "
        f"worst {max(errors):.2f} mm; median {statistics.median(seconds):.1f} s, longest {max(seconds):.1f} s"
    )
    return failed


def main() -> int:
    """Compare with the peers, or run the study."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--study", action="store_true", help="50 patients rigid and 8 bent")
    parser.add_argument("--pairs", type=int, default=12, help="to compare on")
    parser.add_argument("--rigid", type=int, default=RIGID, help="patients of the study")
    parser.add_argument("--bent", type=int, default=BENT, help="patients of the study that are bent")
    parser.add_argument("--first", type=int, default=0, help="seed of the first patient of the study")
    parser.add_argument("--elastix", type=Path, default=ELASTIX, help="a Python that has itk-elastix")
    asked = parser.parse_args()
    if asked.study:
        return min(study(asked.rigid, asked.bent, asked.first), 1)
    return compare(asked.pairs, asked.elastix)


if __name__ == "__main__":
    sys.exit(main())
