"""`convert` against dcm2niix alone, on one MR series of 36 x 512 x 512: seconds and peak memory.

    .venv/bin/python benchmarks/convert.py [--repeats N] [--base FOLDER]

dcm2niix is the binary of the PyPI package that we call ourselves, with `-b y -z i`: one process writes the
sidecar and the .nii.gz with the deflate that it was built with; no pigz. Ours reads every file again with a
second reader, compares every voxel and writes a receipt with hashes. It is shown as the science alone
(`convert_scan`, after the imports) and as the whole command line, `sarcoma step convert`. Times are medians
of alternating runs, memory is the peak of the process or of a child of its. `--base` names another checkout
of sarcoma, to be measured in the same run.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from dcm2niix import bin as binary
from prepare import HERE, SCAN, Cost, checkout, measure, step, write_dicom

SCIENCE = """
import sys, time
from pathlib import Path
from sarcoma_core.dicom.convert import convert_scan
import dcm2niix, pydicom.uid, SimpleITK
files, folder = sorted(Path(sys.argv[1]).iterdir()), Path(sys.argv[2])
start = time.perf_counter()
result = convert_scan(files, folder, name="7")
Path(sys.argv[3]).write_text(str(time.perf_counter() - start))
assert result.status == "converted", result.reason
"""


def alone(dicom: Path, out: Path, home: Path) -> Cost:
    """dcm2niix by itself."""
    del home
    out.mkdir()
    return measure([str(binary), "-b", "y", "-z", "i", "-f", "image", "-o", str(out), str(dicom)])


def science(dicom: Path, out: Path, home: Path) -> Cost:
    """`convert_scan`: the time without start and imports, the memory with them."""
    out.mkdir()
    told = out.with_suffix(".txt")
    command = [sys.executable, "-P", "-c", SCIENCE, str(dicom), str(out), str(told)]
    cost = measure(command, home=home)
    return cost._replace(seconds=float(told.read_text()))


def whole(dicom: Path, out: Path, home: Path) -> Cost:
    """`sarcoma step convert` on a session that holds the series."""
    scan = out / "SCANS" / SCAN
    scan.mkdir(parents=True)
    (scan / "DICOM").symlink_to(dicom, target_is_directory=True)
    return step("convert", out, out / "RESOURCES", home)


def main() -> None:
    """Run the three in turn and print a table with the ratios to dcm2niix."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5, help="runs of each")
    parser.add_argument("--base", type=checkout, help="another checkout to compare with")
    asked = parser.parse_args()
    methods = {"dcm2niix -b y -z i": (alone, HERE)}
    for name, home in (("base", asked.base), ("ours", HERE)):
        if home:
            methods[f"{name}: convert_scan"] = (science, home)
            methods[f"{name}: sarcoma step convert"] = (whole, home)
    runs: dict[str, list[Cost]] = {name: [] for name in methods}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_dicom(root / "dicom")
        for repeat in range(asked.repeats):
            for number, (name, (method, home)) in enumerate(methods.items()):
                runs[name].append(method(root / "dicom", root / f"{number}-{repeat}", home))
    print(f"{'':<28}{'s':>8}{'ratio':>8}{'MiB':>8}")
    base = statistics.median(cost.seconds for cost in runs["dcm2niix -b y -z i"])
    for name, costs in runs.items():
        seconds = statistics.median(cost.seconds for cost in costs)
        print(f"{name:<28}{seconds:>8.2f}{seconds / base:>8.1f}{max(c.memory for c in costs):>8.0f}")


if __name__ == "__main__":
    main()
