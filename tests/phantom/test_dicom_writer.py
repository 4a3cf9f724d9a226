from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest

from sarcoma_core.errors import OutputError
from sarcoma_core.phantom.anatomy import limb
from sarcoma_core.phantom.cohort import write_patient
from sarcoma_core.phantom.dicom_writer import SeriesPlan, write_series
from sarcoma_core.phantom.signal import T1CE, acquire
from sarcoma_core.phantom.truth import read_truth
from tests.phantom.conftest import COARSE, PATIENT, read_series

PLAN = SeriesPlan(number=7, description="AX T1 FS POST", minutes=0, suffix="")


def instances(cohort: Path, sequence: str) -> list[pydicom.FileDataset]:
    folder = cohort / read_truth(cohort / "truth", PATIENT).series_of(sequence).folder
    return [pydicom.dcmread(path) for path in sorted(folder.iterdir())]


def test_the_validator_finds_neither_error_nor_warning(cohort: Path, validate: Callable[[Path], str]) -> None:
    files = sorted(path for path in (cohort / "dicom").rglob("*") if path.is_file())
    assert len(files) == 64
    assert {validate(path) for path in files[::9]} == {""}


def test_a_16_bit_series_is_valid_too(tmp_path: Path, validate: Callable[[Path], str]) -> None:
    truth = write_patient(tmp_path, 5, grid=COARSE, bits_stored=16)
    path = next((tmp_path / truth.series[0].folder).iterdir())
    assert validate(path) == ""
    assert (pydicom.dcmread(path).BitsStored, pydicom.dcmread(path).HighBit) == (16, 15)


def test_another_reader_finds_the_pixels_and_the_geometry_that_were_written(tmp_path: Path) -> None:
    anatomy = limb(5, COARSE)
    acquisition = acquire(anatomy, T1CE)
    uids = write_series(tmp_path / "series", anatomy.patient, acquisition, PLAN)
    volume = read_series(tmp_path / "series", uids.series)
    np.testing.assert_array_equal(volume.values, acquisition.image)
    np.testing.assert_allclose(volume.origin, COARSE.affine_lps()[:3, 3], atol=1e-6)
    np.testing.assert_allclose(volume.spacing, COARSE.spacing, atol=1e-6)
    np.testing.assert_allclose(volume.directions, COARSE.directions(), atol=1e-9)


def test_a_series_is_one_volume(cohort: Path) -> None:
    for sequence in ("T1CE", "T2FS"):
        series = instances(cohort, sequence)
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "SeriesNumber"):
            assert len({instance[keyword].value for instance in series}) == 1
        assert len({instance.SOPInstanceUID for instance in series}) == 32
        assert sorted(instance.InstanceNumber for instance in series) == list(range(1, 33))
        assert all(
            instance.file_meta.MediaStorageSOPInstanceUID == instance.SOPInstanceUID for instance in series
        )


def test_both_series_share_study_and_frame_of_reference_only(cohort: Path) -> None:
    t1ce, t2fs = (instances(cohort, sequence)[0] for sequence in ("T1CE", "T2FS"))
    assert t1ce.StudyInstanceUID == t2fs.StudyInstanceUID
    assert t1ce.FrameOfReferenceUID == t2fs.FrameOfReferenceUID
    assert t1ce.SeriesInstanceUID != t2fs.SeriesInstanceUID
    assert t2fs.AcquisitionTime < t1ce.AcquisitionTime


def test_headers_tell_how_the_series_was_acquired(cohort: Path) -> None:
    t1ce, t2fs = (instances(cohort, sequence)[0] for sequence in ("T1CE", "T2FS"))
    assert (t1ce.RepetitionTime, t1ce.EchoTime) == (600, 12)
    assert (t2fs.RepetitionTime, t2fs.EchoTime) == (4000, 70)
    assert (t1ce.ScanOptions, t2fs.ScanOptions) == ("FS", "FS")
    assert "ContrastBolusAgent" in t1ce
    assert "ContrastBolusAgent" not in t2fs
    assert (t1ce.SliceThickness, t1ce.SpacingBetweenSlices) == (4, 5)
    assert "RescaleSlope" not in t1ce


def test_headers_say_that_nobody_is_meant(cohort: Path) -> None:
    instance = instances(cohort, "T1CE")[0]
    assert instance.PatientID == "STS-PHANTOM-0003"
    assert instance.PatientIdentityRemoved == "YES"
    assert instance.PatientBirthDate == ""
    assert "SYNTHETIC" in instance.Manufacturer


def test_file_names_do_not_tell_the_order_of_slices(cohort: Path) -> None:
    numbers = [instance.InstanceNumber for instance in instances(cohort, "T1CE")]
    assert numbers not in (sorted(numbers), sorted(numbers, reverse=True))


def test_a_folder_is_never_written_twice(tmp_path: Path) -> None:
    anatomy = limb(5, COARSE)
    acquisition = acquire(anatomy, T1CE)
    write_series(tmp_path / "series", anatomy.patient, acquisition, PLAN)
    with pytest.raises(OutputError, match="must be a new folder"):
        write_series(tmp_path / "series", anatomy.patient, acquisition, PLAN)
