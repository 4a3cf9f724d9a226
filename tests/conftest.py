"""Fixtures that every test may use."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

from sarcoma_core.phantom.cohort import write_cohort
from sarcoma_core.phantom.grid import Grid

# A busy machine is no failure: no example has a time limit.
settings.register_profile("sarcoma", deadline=None)
settings.load_profile("sarcoma")


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real DICOM and reference commands, named by SARCOMA_TEST_DATA."""
    folder = os.environ.get("SARCOMA_TEST_DATA")
    if not folder:
        pytest.skip("real-data test: set SARCOMA_TEST_DATA to the folder of shared test data to run it")
    path = Path(folder).resolve()
    if not path.is_dir():
        pytest.fail(f"SARCOMA_TEST_DATA is not a folder: {path}")
    return path


COARSE = Grid(shape=(52, 52, 38), spacing=(4.0, 4.0, 4.0), slice_thickness=4.0)
"""The smallest grid that holds the phantom's limb: two seconds for a test that needs no fine detail."""


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two coarse synthetic patients as a hospital exports them; only read it."""
    folder = tmp_path_factory.mktemp("cohort")
    write_cohort(folder, 2, seed=1, grid=COARSE)
    return folder / "dicom"


@pytest.fixture
def export(cohort: Path, tmp_path: Path) -> Path:
    """A copy of the first patient's export, to plant faults in."""
    return Path(shutil.copytree(next(iter(sorted(cohort.iterdir()))), tmp_path / "export"))
