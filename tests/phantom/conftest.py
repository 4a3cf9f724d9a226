"""Patients for the tests of this package: small images of the demo's geometry, and a study of a protocol."""

import hashlib
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray

from sarcoma_core.phantom.anatomy import Anatomy, limb
from sarcoma_core.phantom.cohort import write_patient
from sarcoma_core.phantom.grid import Grid
from sarcoma_core.phantom.protocol import HospitalSite, Protocol, draw_protocol
from sarcoma_core.phantom.study import Study, acquire_study
from sarcoma_core.phantom.tissue import Labels, Mask
from sarcoma_core.phantom.truth import Truth, read_truth

ITK: Any = SimpleITK  # few of its functions have types

COARSE = Grid(shape=(80, 80, 32), spacing=(2.75, 2.75, 5.0), slice_thickness=4.0, tilt=(6.0, -3.0))
SEEDS = range(1, 9)
PATIENT = "STS-PHANTOM-0003"
LATTICE = Grid((112, 112, 88), (2.0, 2.0, 3.0), 3.0)
COARSE_SITE = HospitalSite("COARSE", spacing=2.0)


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


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def inside(labels: Labels, tissue: int, *, voxels: tuple[int, int, int]) -> Mask:
    """Where a tissue is, and so many voxels around along each axis too."""
    mask = labels == tissue
    for axis, reach in enumerate(voxels):
        for _ in range(reach):
            mask = mask & np.roll(mask, 1, axis) & np.roll(mask, -1, axis)
    return np.asarray(mask)


def coarser(protocol: Protocol) -> Protocol:
    """With half as many slices, twice as far apart: half as many files."""
    for series in protocol.series:
        old = series.slices
        (i, j, k), (di, dj, dk) = old.shape, old.spacing
        half = replace(
            old, shape=(i, j, k // 2), spacing=(di, dj, 2 * dk), slice_thickness=2 * old.slice_thickness
        )
        protocol = protocol.with_series(replace(series, slices=half))
    return protocol


def moving_protocol() -> Protocol:
    """Of seed 3: every series bent, each in a frame of reference of its own; large voxels."""
    moving = draw_protocol(3, deformable=True, same_frame=False, table_shift=40, site=COARSE_SITE)
    return coarser(moving)


@pytest.fixture(scope="session")
def study() -> Study:
    """Every sequence of seed 3, every series but the first turned, shifted and bent."""
    sequences = ("T1CE", "T1", "T2FS", "T2", "PET", "CT")
    protocol = draw_protocol(3, deformable=True, sequences=sequences, site=HospitalSite(spacing=1.2))
    return acquire_study(3, protocol, lattice=LATTICE)


@pytest.fixture(scope="session")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a cohort with one patient, acquired by a protocol."""
    folder = tmp_path_factory.mktemp("moved")
    write_patient(folder, 3, protocol=moving_protocol())
    return folder


@pytest.fixture(scope="session")
def truth(moved: Path) -> Truth:
    return read_truth(moved / "truth", PATIENT)


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
    names = {"MRImage", "CTImage", "PETImage"}
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("validation of DICOM: install dicom3tools to run it")

    def run(path: Path) -> str:
        done = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
        lines = (done.stdout + done.stderr).splitlines()
        assert names & set(lines)
        return "\n".join(line for line in lines if line.strip() not in names)

    return run
