"""The faults that the phantom plants, each of them judged."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest

from sarcoma_core.dicom.convert import convert_scan
from sarcoma_core.dicom.scan import Status
from sarcoma_core.phantom.anatomy import limb
from sarcoma_core.phantom.dicom_writer import SeriesPlan, write_series
from sarcoma_core.phantom.grid import Grid
from sarcoma_core.phantom.hazards import HAZARDS, Planted
from sarcoma_core.phantom.signal import T1CE, Acquisition, acquire
from tests.dicom.truth import assert_same_image

Hazard = Callable[[Path], Planted]

GRID = Grid(shape=(48, 48, 20), spacing=(4.5, 4.5, 8.0), slice_thickness=6.5, tilt=(6.0, -3.0))

VERDICTS = {
    "missing_slice": (Status.REFUSED, "slice 11 of 20 is missing"),
    "duplicate_file": (Status.CONVERTED, ""),
    "conflicting_copy": (Status.REFUSED, "1 of 21 files: the SOPInstanceUID of another, but other content"),
    "repeated_slice": (Status.REFUSED, "duplicate slices at 1 of 20 places"),
    "varying_spacing": (Status.REFUSED, "the spacing varies: gaps are 8.00 to 12.00 mm"),
    "two_orientations": (Status.SET_APART, "2 orientations under one SeriesInstanceUID"),
    "localizer": (Status.REFUSED, "the scan mixes 2 series"),
}


@pytest.fixture(scope="module")
def acquisition() -> Acquisition:
    return acquire(limb(4, GRID), T1CE)


@pytest.fixture
def series(acquisition: Acquisition, tmp_path: Path) -> Path:
    plan = SeriesPlan(number=7, description="AX T1 FS POST", minutes=0, suffix=".dcm")
    write_series(tmp_path / "series", limb(4, GRID).patient, acquisition, plan)
    return tmp_path / "series"


def truth(acquisition: Acquisition) -> tuple[np.ndarray, np.ndarray]:
    """Voxels (slice, row, column) and their affine to RAS."""
    return acquisition.image.transpose(2, 1, 0), np.diag([-1.0, -1.0, 1.0, 1.0]) @ GRID.affine_lps()


def test_a_good_series_is_the_phantom(series: Path, acquisition: Acquisition, tmp_path: Path) -> None:
    conversion = convert_scan(sorted(series.iterdir()), tmp_path, name="7")

    assert conversion.status is Status.CONVERTED
    assert conversion.receipt.warnings == ()
    assert_same_image(conversion.files[0], *truth(acquisition))


@pytest.mark.parametrize("plant", HAZARDS, ids=lambda plant: plant.__name__)
def test_every_hazard_has_its_verdict(series: Path, plant: Hazard, tmp_path: Path) -> None:
    plant(series)

    conversion = convert_scan(sorted(series.iterdir()), tmp_path, name="7")

    status, reason = VERDICTS[plant.__name__]
    assert conversion.status is status
    assert conversion.reason.startswith(reason)
    assert bool(conversion.files) == (status is Status.CONVERTED)


def test_a_copied_file_changes_nothing(series: Path, acquisition: Acquisition, tmp_path: Path) -> None:
    first = next(series.iterdir())
    (series / "COPY.dcm").write_bytes(first.read_bytes())

    conversion = convert_scan(sorted(series.iterdir()), tmp_path, name="7")

    assert conversion.receipt.duplicate_files == 1
    assert_same_image(conversion.files[0], *truth(acquisition))


def test_a_localizer_in_the_folder_of_a_series_is_set_apart_and_the_series_converted(
    series: Path, tmp_path: Path
) -> None:
    next(plant for plant in HAZARDS if plant.__name__ == "localizer")(series)
    by_series: dict[str, list[Path]] = {}
    for path in sorted(series.iterdir()):
        instance = pydicom.dcmread(path, stop_before_pixels=True)
        by_series.setdefault(instance.SeriesInstanceUID, []).append(path)
    everything = sorted(series.iterdir())

    found = {
        len(files): convert_scan(files, tmp_path, name="7", same_series=everything)
        for files in by_series.values()
    }

    assert found[3].status is Status.SET_APART
    assert found[3].reason == "a localizer: ImageType says so"
    assert found[20].status is Status.CONVERTED
