from pathlib import Path

import numpy as np
import pydicom
import pytest

from sarcoma_core.errors import OutputError, UsageError
from sarcoma_core.phantom.cohort import write_cohort, write_patient
from sarcoma_core.phantom.patient import draw_patient
from sarcoma_core.phantom.tissue import tumour_mask
from sarcoma_core.phantom.truth import read_labels, read_log_bias, read_truth
from tests.phantom.conftest import COARSE, PATIENT, hashes, read_series


def test_a_seed_is_a_patient_byte_for_byte(tmp_path: Path, cohort: Path) -> None:
    write_patient(tmp_path, 3, grid=COARSE)
    assert hashes(tmp_path) == hashes(cohort)
    assert len(hashes(tmp_path)) == 2 * 32 + 2


def test_two_seeds_share_no_file_and_no_uid(tmp_path: Path) -> None:
    truths = write_cohort(tmp_path, 2, seed=8, grid=COARSE)
    files = hashes(tmp_path)
    assert len(set(files.values())) == len(files)
    uids = [
        {
            pydicom.dcmread(path, stop_before_pixels=True)[keyword].value
            for path in (tmp_path / "dicom" / truth.patient_id).rglob("IM*")
            for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")
        }
        for truth in truths
    ]
    assert not uids[0] & uids[1]


def test_a_patient_of_a_cohort_can_be_made_again_alone(tmp_path: Path) -> None:
    write_cohort(tmp_path / "all", 2, seed=8, grid=COARSE)
    write_patient(tmp_path / "one", 9, grid=COARSE)
    everything, alone = hashes(tmp_path / "all"), hashes(tmp_path / "one")
    assert alone.items() <= everything.items()


def test_the_truth_tells_volume_and_voxels(cohort: Path) -> None:
    truth = read_truth(cohort / "truth", PATIENT)
    labels = read_labels(cohort / "truth", PATIENT)
    assert labels.shape == truth.shape
    assert truth.tumour_voxels == tumour_mask(labels).sum()
    assert truth.tumour_volume == pytest.approx(truth.tumour_voxels * np.prod(truth.spacing) / 1000)
    assert truth.tumour_volume == pytest.approx(
        truth.tumour_voxels * np.linalg.det(np.array(truth.affine_lps)[:3, :3]) / 1000
    )
    assert dict(truth.tissues)["NECROSIS"] in labels


def test_the_truth_tells_the_series_and_its_geometry(cohort: Path) -> None:
    truth = read_truth(cohort / "truth", PATIENT)
    for series in truth.series:
        volume = read_series(cohort / series.folder, series.series_instance_uid)
        assert len(volume.files) == series.instances == 32
        affine = np.array(truth.affine_lps)
        np.testing.assert_allclose(volume.directions * volume.spacing, affine[:3, :3], atol=1e-6)
        np.testing.assert_allclose(volume.origin, affine[:3, 3], atol=1e-6)
        first = pydicom.dcmread(volume.files[0], stop_before_pixels=True)
        assert first.StudyInstanceUID == truth.study_instance_uid
        assert first.SeriesNumber == series.series_number


def test_the_known_bias_explains_the_image(cohort: Path) -> None:
    truth = read_truth(cohort / "truth", PATIENT)
    muscle = read_labels(cohort / "truth", truth.patient_id) == dict(truth.tissues)["MUSCLE"]
    for series in truth.series:
        bias = np.exp(read_log_bias(cohort / "truth", truth.patient_id, series.sequence))
        image = read_series(cohort / series.folder, series.series_instance_uid).values
        assert np.corrcoef(image[muscle], bias[muscle])[0, 1] > 0.6
        assert abs(np.corrcoef(image[muscle] / bias[muscle], bias[muscle])[0, 1]) < 0.1


@pytest.mark.parametrize("side", ["L", "R"])
def test_the_limb_lies_on_its_side_of_the_patient(tmp_path: Path, side: str) -> None:
    seed = next(seed for seed in range(100) if draw_patient(seed).laterality == side)
    truth = write_patient(tmp_path, seed, grid=COARSE)
    middle = np.array(truth.affine_lps) @ (*(np.subtract(truth.shape, 1) / 2), 1)
    assert (middle[0] > 0) == (side == "L")  # +x is left in LPS


def test_a_patient_is_never_written_twice(cohort: Path) -> None:
    with pytest.raises(OutputError, match="must be a new folder"):
        write_patient(cohort, 3, grid=COARSE)


def test_arguments_that_break_their_rule_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="patients: must be 1 or more; found 0"):
        write_cohort(tmp_path, 0, seed=1)
    with pytest.raises(UsageError, match="bits_stored: must be 12 or 16; found 10"):
        write_patient(tmp_path, 1, bits_stored=10)
    assert not list(tmp_path.iterdir())
