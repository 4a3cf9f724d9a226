import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest

from sarcoma_core.archive.importing import Naming, import_folder
from sarcoma_core.archive.roles import CHOSEN_ROLES
from sarcoma_core.archive.store import Archive
from sarcoma_core.errors import InputError, OutputError, UsageError
from sarcoma_core.imaging.volume import read_nifti
from sarcoma_core.phantom.cohort import write_patient
from sarcoma_core.phantom.protocol import HospitalSite, draw_protocol
from sarcoma_core.phantom.study import acquire_study
from sarcoma_core.phantom.tissue import body_mask, tumour_mask
from sarcoma_core.phantom.truth import Truth, body_points, on_grid, read_labels, read_suv, read_truth
from sarcoma_core.provenance import RunRecord
from sarcoma_core.steps import step_named
from sarcoma_core.steps.running import run_step
from tests.phantom.conftest import COARSE, COARSE_SITE, PATIENT, coarser, hashes, moving_protocol, read_series

AGAIN = """
import sys
from pathlib import Path
from sarcoma_core.phantom.cohort import write_patient
from tests.phantom.conftest import moving_protocol
write_patient(Path(sys.argv[1]), 3, protocol=moving_protocol())
"""
Converted = tuple[RunRecord, Path]


@pytest.fixture(scope="module")
def converted(moved: Path, tmp_path_factory: pytest.TempPathFactory) -> Converted:
    """The study in one session of an archive, converted by the step."""
    folder = tmp_path_factory.mktemp("archive")
    report = import_folder(Archive(folder), "P", moved / "dicom", naming=Naming(session="S"))
    assert report.count("rejected") == 0
    (record,) = run_step(step_named("convert"), Archive(folder).session_path("P", "S"), folder / "out", {})
    return record, folder / "out" / "NIFTI"


def headers(moved: Path, truth: Truth) -> dict[str, pydicom.FileDataset]:
    return {
        series.sequence: pydicom.dcmread(min((moved / series.folder).iterdir()), stop_before_pixels=True)
        for series in truth.series
    }


def test_a_seed_and_a_protocol_are_the_same_bytes_in_another_process(moved: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", AGAIN, str(tmp_path)], check=True, cwd=Path(__file__).parents[2])
    assert hashes(tmp_path) == hashes(moved)
    assert len(hashes(moved)) > 100


def test_the_truth_that_is_read_is_the_one_that_was_written_and_tells_a_shared_frame(tmp_path: Path) -> None:
    protocol = draw_protocol(5, same_frame=True, sequences=("T1CE", "CT"), site=COARSE_SITE)
    truth = write_patient(tmp_path, 5, protocol=coarser(protocol))
    assert truth == read_truth(tmp_path / "truth", "STS-PHANTOM-0005")
    assert len({s.scan.frame_of_reference_uid for s in truth.series if s.scan}) == 1


def test_files_hold_what_the_study_in_memory_holds(moved: Path, truth: Truth) -> None:
    study = acquire_study(3, moving_protocol())
    for series in study.series:
        name = series.protocol.sequence
        told = truth.series_of(name)
        np.testing.assert_array_equal(read_labels(moved / "truth", PATIENT, name), series.labels)
        volume = read_series(moved / told.folder, told.series_instance_uid)
        if name not in {"PET", "CT"}:
            np.testing.assert_array_equal(volume.values, series.volume.array)
    np.testing.assert_array_equal(read_suv(moved / "truth", PATIENT), study["PET"].volume.array)


def test_every_series_lies_where_its_truth_says(moved: Path, truth: Truth) -> None:
    for series in truth.series:
        assert series.scan is not None
        volume = read_series(moved / series.folder, series.series_instance_uid)
        affine = np.array(series.scan.affine_lps)
        np.testing.assert_allclose(volume.directions * volume.spacing, affine[:3, :3], atol=1e-6)
        np.testing.assert_allclose(volume.origin, affine[:3, 3], atol=1e-6)
        assert volume.values.shape == series.scan.shape
        assert len(volume.files) == series.instances


def test_the_truth_tells_role_modality_and_frame_of_the_headers(moved: Path, truth: Truth) -> None:
    frames = set()
    for name, header in headers(moved, truth).items():
        scan = truth.series_of(name).scan
        assert scan is not None
        assert scan.role == name
        assert scan.role in CHOSEN_ROLES
        assert header.Modality == scan.modality
        assert header.SeriesDescription == scan.description
        assert header.FrameOfReferenceUID == scan.frame_of_reference_uid
        assert header.StudyInstanceUID == truth.study_instance_uid
        frames.add(scan.frame_of_reference_uid)
    assert len(frames) == 5


def test_headers_of_mr_tell_fat_saturation_and_contrast(moved: Path, truth: Truth) -> None:
    told = headers(moved, truth)
    assert [told[name].ScanOptions or "" for name in ("T1CE", "T1", "T2FS")] == ["FS", "", "FS"]
    assert ["ContrastBolusAgent" in told[name] for name in ("T1CE", "T1", "T2FS")] == [True, False, False]
    assert told["T1"].RepetitionTime < 1000 < told["T2FS"].RepetitionTime


def test_two_protocols_of_a_patient_share_no_uid(moved: Path, truth: Truth, tmp_path: Path) -> None:
    protocol = draw_protocol(3, sequences=("T1CE",), site=COARSE_SITE)
    other = write_patient(tmp_path / "one", 3, protocol=coarser(protocol))
    plain = write_patient(tmp_path / "two", 3, grid=COARSE)
    uids = []
    for folder, each in ((moved, truth), (tmp_path / "one", other), (tmp_path / "two", plain)):
        header = pydicom.dcmread(
            min((folder / each.series_of("T1CE").folder).iterdir()), stop_before_pixels=True
        )
        uids.append(
            {header[key].value for key in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")}
        )
    assert not uids[0] & uids[1]
    assert not uids[0] & uids[2]
    assert not uids[1] & uids[2]


def test_the_step_converts_every_series_and_finds_its_units(converted: Converted, truth: Truth) -> None:
    record, _ = converted
    scans = {str(series.series_number): series.sequence for series in truth.series}
    assert {scans[o.scan]: o.status for o in record.outcomes} == dict.fromkeys(scans.values(), "done")
    units = {scans[o.scan]: o.facts["units"] for o in record.outcomes}
    assert (units["CT"], units["PET"]) == ("HU", "BQML")
    assert all(outcome.facts["warnings"] == [] for outcome in record.outcomes)


def test_the_true_mask_of_each_series_lies_on_its_converted_volume(
    converted: Converted, moved: Path, truth: Truth
) -> None:
    _, folder = converted
    for series in truth.series:
        assert series.scan is not None
        scan = str(series.series_number)
        volume = read_nifti(folder / scan / f"{scan}.nii.gz")
        labels = read_labels(moved / "truth", PATIENT, series.sequence)
        there = on_grid(labels, series.scan.affine_ras, shape=volume.array.shape, to=volume.affine)
        assert tumour_mask(there).sum() == series.scan.tumour_voxels > 0
        body = volume.array[body_mask(there)].mean()
        assert body > 3 * abs(volume.array[~body_mask(there)].mean()) or series.sequence == "CT"


def test_pet_in_a_converted_volume_times_the_factor_is_the_true_uptake(
    converted: Converted, moved: Path, truth: Truth
) -> None:
    scan = truth.series_of("PET").scan
    assert scan is not None
    assert scan.pet is not None
    volume = read_nifti(converted[1] / "602" / "602.nii.gz")
    suv = read_suv(moved / "truth", PATIENT)
    true = on_grid(suv, scan.affine_ras, shape=volume.array.shape, to=volume.affine)
    np.testing.assert_allclose(volume.array * scan.pet.suv_factor, true, atol=2 * suv.max() / 32767)


def test_points_and_their_places_are_read_from_the_files(moved: Path, truth: Truth) -> None:
    points = body_points(moved / "truth", PATIENT, of="T1CE", count=200, seed=1, seen_by=("PET", "CT"))
    assert points.shape == (200, 3)
    there = truth.corresponding(points, of="T1CE", to="CT")
    assert np.linalg.norm(there - points, axis=1).min() > 1
    np.testing.assert_allclose(truth.corresponding(there, of="CT", to="T1CE"), points, atol=1e-5)
    assert truth.place_of("CT").sees(there).all()


def test_without_a_protocol_all_series_lie_on_one_grid_and_nothing_moved(cohort: Path) -> None:
    plain = read_truth(cohort / "truth", PATIENT)
    points = body_points(cohort / "truth", PATIENT, of="T2FS", count=50, seed=1, seen_by=("T1CE",))
    np.testing.assert_allclose(plain.corresponding(points, of="T2FS", to="T1CE"), points, atol=1e-9)
    assert plain.site is None
    assert all(series.scan is None for series in plain.series)


def test_the_truth_tells_the_site_and_what_is_missing(tmp_path: Path) -> None:
    site = HospitalSite("FAR", channels=4, spacing=2.5, missing=1.0)
    write_patient(tmp_path, 5, protocol=draw_protocol(5, site=site))
    truth = read_truth(tmp_path / "truth", "STS-PHANTOM-0005")
    assert truth.site == site
    assert [series.sequence for series in truth.series] == ["T1CE"]
    assert set(truth.missing) == {"T1", "T2FS", "PET", "CT"}
    with pytest.raises(InputError, match="T1CE"):
        truth.place_of("PET")


def test_a_patient_is_never_written_twice(moved: Path) -> None:
    protocol = draw_protocol(3, sequences=("T2",), site=COARSE_SITE)  # not one of those that are there
    with pytest.raises(OutputError, match="must be a new folder"):
        write_patient(moved, 3, protocol=protocol)
    with pytest.raises(UsageError, match="bits_stored: must be 12 or 16"):
        write_patient(moved, 3, protocol=protocol, bits_stored=8)


def test_the_validator_finds_neither_error_nor_warning(
    moved: Path, truth: Truth, validate: Callable[[Path], str]
) -> None:
    files = [min((moved / series.folder).iterdir()) for series in truth.series]
    assert {validate(path) for path in files} == {""}
