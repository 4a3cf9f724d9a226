"""One patient for the tests of this package: small images, the geometry of the demo."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray

from sarcoma_core.phantom.anatomy import Anatomy, limb
from sarcoma_core.phantom.cohort import write_patient
from sarcoma_core.phantom.grid import Grid
from sarcoma_core.phantom.truth import read_truth

ITK: Any = SimpleITK  # few of its functions have types

COARSE = Grid(shape=(80, 80, 32), spacing=(2.75, 2.75, 5.0), slice_thickness=4.0, tilt=(6.0, -3.0))
SEEDS = range(1, 9)
PATIENT = "STS-PHANTOM-0003"


class Volume(NamedTuple):
    """A series as ITK reads it: values of shape (i, j, k), and where they lie in LPS mm."""

    values: NDArray[np.integer[Any]]
    origin: NDArray[np.float64]
    spacing: NDArray[np.float64]
    directions: NDArray[np.float64]
    files: tuple[Path, ...]


def read_series(folder: Path, series_instance_uid: str) -> Volume:
    files = ITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder), series_instance_uid)
    image = ITK.ReadImage(files)
    return Volume(
        values=ITK.GetArrayFromImage(image).transpose(2, 1, 0),
        origin=np.array(image.GetOrigin()),
        spacing=np.array(image.GetSpacing()),
        directions=np.reshape(image.GetDirection(), (3, 3)),
        files=tuple(map(Path, files)),
    )


@pytest.fixture(scope="session")
def anatomies() -> list[Anatomy]:
    return [limb(seed, COARSE) for seed in SEEDS]


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cohort")
    write_patient(folder, 3, grid=COARSE)
    return folder


@pytest.fixture
def series(cohort: Path, tmp_path: Path) -> Path:
    """A copy of one good series, to plant faults into."""
    folder = read_truth(cohort / "truth", PATIENT).series_of("T2FS").folder
    return Path(shutil.copytree(cohort / folder, tmp_path / "series"))


@pytest.fixture(scope="session")
def validate() -> Callable[[Path], str]:
    """What David Clunie's validator says about a file, apart from the name of its IOD."""
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("validation of DICOM: install dicom3tools to run it")

    def run(path: Path) -> str:
        done = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
        lines = (done.stdout + done.stderr).splitlines()
        assert "MRImage" in lines
        return "\n".join(line for line in lines if line.strip() != "MRImage")

    return run
