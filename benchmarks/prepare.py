"""The steps of `prepare` on one MR series of 36 x 512 x 512: seconds and peak memory of each command line.

    .venv/bin/python benchmarks/prepare.py [--repeats N] [--base FOLDER] [--keep FOLDER]

Each step is `python -m sarcoma_core step NAME` in a process of its own, as in a container: the start, the
imports, the reading and the writing count. `--base` names another checkout of sarcoma, whose steps run in
turn with ours on the same files; it is told which outputs are byte-equal. Times are medians; where others use
the machine as well, those of the processors say more. Memory is the largest resident set of the process or of
a child of its (wait4), the largest of the runs.
"""

import argparse
import hashlib
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parents[1]
STEPS = ("convert", "bias-field", "normalise", "report")
SHAPE, SPACING = (512, 512, 36), (0.4297, 0.4297, 5.0)
SEED, SCAN = 8, "7"


class Cost(NamedTuple):
    """What one run of a process took: s by the clock, s of the processors, and MiB at its peak."""

    seconds: float
    processors: float
    memory: float


def checkout(text: str) -> Path:
    """The argument `--base`: without its package, a run there would find the installed one, which is ours.

    Raises:
        argparse.ArgumentTypeError: the folder holds no package of ours.
    """
    home = Path(text).resolve()
    if not (home / "sarcoma_core" / "__main__.py").is_file():
        raise argparse.ArgumentTypeError("must be a checkout of sarcoma; found no sarcoma_core in it")
    return home


def write_dicom(folder: Path) -> None:
    """One synthetic T1 of a thigh as DICOM.

    In a process of its own: what is forked of a large process has that one's peak memory from the start.
    """
    writer = multiprocessing.get_context("spawn").Process(target=_write_dicom, args=(folder,))
    writer.start()
    writer.join()
    if writer.exitcode:
        sys.exit("the synthetic series could not be written")


def _write_dicom(folder: Path) -> None:
    from sarcoma_core.phantom.anatomy import limb  # noqa: PLC0415  not in the process that measures
    from sarcoma_core.phantom.dicom_writer import SeriesPlan, write_series  # noqa: PLC0415
    from sarcoma_core.phantom.grid import Grid  # noqa: PLC0415
    from sarcoma_core.phantom.signal import T1CE, acquire  # noqa: PLC0415

    anatomy = limb(SEED, Grid(SHAPE, SPACING, slice_thickness=SPACING[2]))
    plan = SeriesPlan(number=int(SCAN), description="AX T1 FS POST", minutes=0, suffix=".dcm")
    write_series(folder, anatomy.patient, acquire(anatomy, T1CE), plan)


def measure(command: Sequence[str], *, home: Path = HERE) -> Cost:
    """Run a command to its end in a checkout of sarcoma.

    Raises:
        SystemExit: it failed; what it said is on the screen.
    """
    environment = {**os.environ, "PYTHONPATH": str(home)}
    start = time.perf_counter()
    child = os.posix_spawnp(
        command[0],
        command,
        environment,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - start
    if status:
        sys.exit(f"{' '.join(command)}: failed")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def step(name: str, session: Path, out: Path, home: Path = HERE) -> Cost:
    """One step on a session, as its container runs it."""
    command = [sys.executable, "-P", "-m", "sarcoma_core", "step", name]
    return measure([*command, "--session", str(session), "--out", str(out)], home=home)


def digests(resources: Path) -> Mapping[str, str]:
    """SHA-256 of every output but the manifests, which hold times."""
    files = (path for path in resources.rglob("*") if path.is_file() and path.name != "run.json")
    return {str(p.relative_to(resources)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def prepare(dicom: Path, session: Path, home: Path) -> list[Cost]:
    """The four steps on a new session."""
    scan = session / "SCANS" / SCAN
    scan.mkdir(parents=True)
    (scan / "DICOM").symlink_to(dicom, target_is_directory=True)
    return [step(name, session, session / "RESOURCES", home) for name in STEPS]


def show(name: str, runs: Sequence[Sequence[Cost]]) -> float:
    """Lines of medians and their sum, by the clock and of the processors; memory; gives the clock's sum."""
    steps = list(zip(*runs, strict=True))
    seconds = [statistics.median(cost.seconds for cost in costs) for costs in steps]
    processors = [statistics.median(cost.processors for cost in costs) for costs in steps]
    memory = [max(cost.memory for cost in costs) for costs in steps]
    print(f"{name:<6}{'s':>9}" + "".join(f"{s:>12.2f}" for s in (*seconds, sum(seconds))))
    print(f"{'':<6}{'s of CPU':>9}" + "".join(f"{s:>12.2f}" for s in (*processors, sum(processors))))
    print(f"{'':<6}{'MiB':>9}" + "".join(f"{m:>12.0f}" for m in (*memory, max(memory))))
    return sum(seconds)


def main() -> None:
    """Run the steps of one checkout, or of two in turn, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3, help="runs of each step")
    parser.add_argument("--base", type=checkout, help="another checkout to compare with")
    parser.add_argument("--keep", type=Path, help="a new folder for the sessions, which stay")
    asked = parser.parse_args()
    homes = {"base": asked.base} if asked.base else {}
    homes["ours"] = HERE
    runs: dict[str, list[list[Cost]]] = {name: [] for name in homes}
    with ExitStack() as stack:
        root = asked.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        root = root.resolve()
        write_dicom(root / "dicom")
        for repeat in range(asked.repeats):
            for name, home in homes.items():
                runs[name].append(prepare(root / "dicom", root / f"{name}-{repeat}", home))
        made = {name: digests(root / f"{name}-0" / "RESOURCES") for name in homes}
    print(f"{'x'.join(map(str, SHAPE))} voxels, {asked.repeats} repeats, {os.cpu_count()} cores")
    print(f"{'':<15}" + "".join(f"{name:>12}" for name in (*STEPS, "all")))
    sums = {name: show(name, found) for name, found in runs.items()}
    if asked.base:
        print(f"ours / base: {sums['ours'] / sums['base']:.2f}")
        for path in sorted(made["base"] | made["ours"]):
            equal = made["base"].get(path) == made["ours"].get(path)
            print(f"{path:<28}{'byte-equal' if equal else 'differs'}")


if __name__ == "__main__":
    main()
