"""`suv` from DICOM to volume: its voxels, its facts, and the series of TCIA."""

import shutil
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Archive
from sarcoma_core.phantom.protocol import draw_protocol
from sarcoma_core.phantom.study_writer import write_study
from sarcoma_core.provenance import Outcome, RunRecord
from sarcoma_core.steps import convert, suv
from sarcoma_core.steps.running import run_step
from tests.dicom.pet_maker import (
    DOSE,
    HALF_LIFE,
    SIZE,
    SLOPE,
    STACK,
    UPTAKE,
    WEIGHT,
    factor,
    pet,
)
from tests.dicom.series_maker import Stack, save
from tests.laws import assert_every_series_has_one_outcome, assert_manifest_is_the_folder, outputs

STARTED = "RadiopharmaceuticalStartTime"
PATIENTS = ("STS_002", "STS_008", "STS_018", "STS_019", "STS_025", "STS_042")


def session(folder: Path, **scans: list[Dataset]) -> Path:
    """A session of these scans, converted."""
    for scan, slices in scans.items():
        save(slices, folder / "SCANS" / scan.lstrip("s") / "DICOM")
    run_step(convert.STEP, folder, folder / "RESOURCES", {})
    return folder


def run(folder: Path, out: Path, **params: Any) -> RunRecord:
    (record,) = run_step(suv.STEP, folder, out, params)
    assert_manifest_is_the_folder(out / "SUV", record)
    return record


def made(folder: Path, slices: list[Dataset], **params: Any) -> tuple[np.ndarray, Outcome]:
    """The voxels of a PET brought to SUV, shape (x, y, z), and what was told of it."""
    (outcome,) = run(session(folder / "s", s7=slices), folder / "out", **params).outcomes
    assert outcome.status == "done", outcome.reason
    assert outcome.files == ("7/7.nii.gz",)
    return nib.load(folder / "out" / "SUV" / "7" / "7.nii.gz").get_fdata(), outcome


def refused(folder: Path, slices: list[Dataset], **params: Any) -> str:
    """The reason of a PET that is refused: the run ends well, and leaves a manifest and no volume."""
    (record,) = run_step(suv.STEP, session(folder / "s", s7=slices), folder / "out", params)
    assert [path.name for path in (folder / "out" / "SUV").iterdir()] == ["run.json"]
    (outcome,) = record.outcomes
    assert (outcome.status, outcome.files) == ("refused", ())
    return outcome.reason


def as_converted(folder: Path) -> np.ndarray:
    return nib.load(folder / "s" / "RESOURCES" / "NIFTI" / "7" / "7.nii.gz").get_fdata()


def test_a_pet_in_bqml_is_imported_converted_and_brought_to_suv(tmp_path: Path) -> None:
    save(pet(), tmp_path / "in")
    archive = Archive(tmp_path / "archive")
    import_folder(archive, "P", tmp_path / "in")
    (held,) = archive.sessions("P")
    folder = archive.session_path("P", held.label)
    run_step(convert.STEP, folder, folder / "RESOURCES", {})
    (outcome,) = run(folder, tmp_path / "out").outcomes
    assert outcome.facts["factor"] == pytest.approx(factor(), rel=1e-6)
    written = nib.load(tmp_path / "out" / "SUV" / outcome.files[0])
    before = nib.load(folder / "RESOURCES" / "NIFTI" / outcome.files[0])
    np.testing.assert_array_equal(written.affine, before.affine)
    stored = np.rint(before.get_fdata() / SLOPE)
    assert sorted(stored.ravel()) == sorted(STACK.stored.ravel())
    np.testing.assert_allclose(
        written.get_fdata(), stored * SLOPE * factor(), rtol=0, atol=0.5 * SLOPE * factor()
    )
    np.testing.assert_allclose(written.get_fdata(), stored * SLOPE * factor(), rtol=2e-7)


@pytest.mark.parametrize(
    ("kind", "suv_type", "units", "expected"),
    [
        ("bw", "BW", "GML", factor()),
        ("lbm", "LBMJANMA", "GML", factor(weight=9270 * WEIGHT / (8780 + 244 * WEIGHT / SIZE**2))),
        ("bsa", "BSA", "CM2ML", factor(weight=7.184 * WEIGHT**0.425 * (SIZE * 100) ** 0.725 / 100)),
    ],
)
def test_each_kind_is_named_and_every_voxel_is_of_it(
    tmp_path: Path, kind: str, suv_type: str, units: str, expected: float
) -> None:
    voxels, outcome = made(tmp_path, pet(), kind=kind)
    assert outcome.facts["factor"] == pytest.approx(expected, rel=1e-6)
    assert (outcome.facts["suv_type"], outcome.facts["units"]) == (suv_type, units)
    np.testing.assert_allclose(voxels, as_converted(tmp_path) * expected, rtol=2e-7)
    assert sorted(np.rint(voxels / expected / SLOPE).ravel()) == sorted(STACK.stored.ravel())


def test_suv_of_another_kind_that_cannot_be_converted_is_kept_and_named(tmp_path: Path) -> None:
    voxels, outcome = made(tmp_path, pet(Units="CM2ML", PatientSize=None))
    np.testing.assert_array_equal(voxels, as_converted(tmp_path))
    assert (outcome.facts["suv_type"], outcome.facts["units"]) == ("BSA", "CM2ML")
    assert outcome.facts["warnings"]


@pytest.mark.parametrize(
    ("pattern", "values"),
    [
        ("PatientWeight: must be 1 to 400 kg; found none. Correct it", {"PatientWeight": None}),
        ("Units and RescaleSlope: must be in all images", {"Units": None}),
        ("Units and RescaleSlope: must be in all images", {"RescaleSlope": None, "RescaleIntercept": None}),
        ("Units: must be BQML, GML", {"Units": "CPS"}),
    ],
)
def test_a_series_that_cannot_be_suv_is_refused_with_its_keyword_and_what_to_do(
    tmp_path: Path, pattern: str, values: dict[str, Any]
) -> None:
    reason = refused(tmp_path, pet(**values))
    assert reason.startswith(pattern)
    assert ". " in reason


def test_a_uniform_activity_of_the_dose_by_the_weight_is_the_suv_1(tmp_path: Path) -> None:
    """QIBA's digital reference object."""
    left = DOSE * 2 ** (-UPTAKE / HALF_LIFE)
    slices = pet(RescaleSlope=f"{left / (WEIGHT * 1000) / 1000:.13g}"[:16])
    for number, dataset in enumerate(slices):
        pixels = np.full(STACK.shape, 1000, "<i2")
        pixels[0, 0] = number  # slices that are all alike would be one that was sent several times
        dataset.PixelData = pixels.tobytes()
    voxels, _ = made(tmp_path, slices)
    assert np.median(voxels) == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize("uptakes", [(600, 800, 1000, 1200), (1200, 1000, 800, 600), (600, 600, 800, 800)])
@pytest.mark.parametrize("gap", [4.0, -4.0])
def test_values_that_nobody_corrected_are_corrected_slice_by_slice(
    tmp_path: Path, uptakes: tuple[int, ...], gap: float
) -> None:
    """DecayCorrection NONE: each image by the mean activity of its own frame, by the trapezoid rule."""
    stack = Stack(slices=4, modality="PT", shape=(8, 8), gap=gap)
    slices = pet(stack, DecayCorrection="NONE", CorrectedImage=["ATTN"])
    frame = 240.0
    truth = {}
    for dataset, stored, uptake in zip(slices, stack.stored, uptakes, strict=True):
        dataset.AcquisitionTime = f"10{uptake // 60:02d}{uptake % 60:02d}"
        dataset.ActualFrameDuration = int(frame * 1000)
        times = uptake + np.linspace(0, frame, 20001)
        mean = float(np.trapezoid(2 ** (-times / HALF_LIFE), times) / frame)
        truth[tuple(sorted(stored.ravel()))] = factor(0) / mean
    voxels, outcome = made(tmp_path, slices)
    assert outcome.facts["factor"] is None
    assert outcome.facts["factor_range"] == pytest.approx(
        [min(truth.values()), max(truth.values())], rel=1e-6
    )
    before = as_converted(tmp_path)
    for k in range(4):
        expected = truth[tuple(sorted(np.rint(before[..., k] / SLOPE).astype(int).ravel()))]
        np.testing.assert_allclose(voxels[..., k], before[..., k] * expected, rtol=1e-6)


def test_what_is_not_pet_passes_by_and_a_session_without_pet_is_no_error(tmp_path: Path) -> None:
    mr = Stack(series="1.2.826.0.1.3680043.8.498.7").datasets()
    record = run(session(tmp_path / "s", s1=mr), tmp_path / "out")
    assert_every_series_has_one_outcome(record, {"1"})
    assert record.outcomes[0].status == "not applicable"
    assert record.outcomes[0].reason == "SUV is for PET; MR goes on as it is"


def test_a_pet_without_a_weight_costs_no_other_series_anything(tmp_path: Path) -> None:
    mr = Stack(series="1.2.826.0.1.3680043.8.498.7").datasets()
    second = pet(Stack(slices=4, modality="PT", shape=(8, 8), series="1.2.826.0.1.3680043.8.498.8", seed=5))
    folder = session(tmp_path / "s", s1=mr, s2=pet(PatientWeight=None), s3=second)
    record = run(folder, tmp_path / "out")
    assert_every_series_has_one_outcome(record, {"1", "2", "3"})
    assert [o.status for o in record.outcomes] == ["not applicable", "refused", "done"]
    assert record.outcomes[1].reason.startswith("PatientWeight: must be 1 to 400 kg; found none. ")


def test_a_pet_whose_dicom_is_gone_is_refused(tmp_path: Path) -> None:
    mr = Stack(series="1.2.826.0.1.3680043.8.498.7").datasets()
    folder = session(tmp_path / "s", s1=mr, s2=pet())
    shutil.rmtree(folder / "SCANS" / "2")
    assert "must hold the DICOM images of the PET" in run(folder, tmp_path / "out").outcomes[1].reason


def test_the_facts_name_what_was_used_and_no_value_of_the_patient(tmp_path: Path) -> None:
    _, outcome = made(tmp_path, pet())
    assert outcome.facts["from_units"] == "BQML"
    assert outcome.facts["decay_correction"] == "START"
    assert outcome.facts["corrected_to"] == "SeriesTime"
    assert outcome.facts["used"] == [
        *("Units", "PatientWeight", "RadionuclideTotalDose", "DecayCorrection"),
        *("RadionuclideHalfLife", STARTED),
    ]
    told = str(outcome)
    for value in (f"{WEIGHT:g}.0", f"{DOSE:g}", "370000000", "20210305", "100000", "110000", "MRN"):
        assert value not in told


def test_twice_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    folder = session(tmp_path / "s", s7=pet())
    run(folder, tmp_path / "1")
    run(folder, tmp_path / "2")
    assert outputs(tmp_path / "1") == outputs(tmp_path / "2")


@pytest.mark.parametrize("patient", PATIENTS)
def test_a_pet_of_tcia_that_is_suv_already_stays_as_it_is(data: Path, tmp_path: Path, patient: str) -> None:
    folder = tmp_path / "s"
    shutil.copytree(data / "sts_ibsi" / patient / "PET" / "image", folder / "SCANS" / "7" / "DICOM")
    run_step(convert.STEP, folder, folder / "RESOURCES", {})
    (outcome,) = run(folder, tmp_path / "out").outcomes
    before, after = (
        nib.load(root / "7" / "7.nii.gz") for root in (folder / "RESOURCES/NIFTI", tmp_path / "out/SUV")
    )
    np.testing.assert_array_equal(np.asarray(after.dataobj), np.asarray(before.dataobj, np.float32))
    np.testing.assert_array_equal(after.affine, before.affine)
    assert outcome.facts["factor"] == 1
    assert outcome.facts["from_units"] == "GML"
    assert outcome.facts["warnings"] == []


@pytest.mark.parametrize("seed", [3, 8])
def test_the_pet_of_a_synthetic_patient_gets_the_suv_that_it_was_made_with(tmp_path: Path, seed: int) -> None:
    truth = write_study(tmp_path / "cohort", seed, draw_protocol(seed, sequences=("T1CE", "PET")))
    (scan,) = (series for series in truth.series if series.sequence == "PET")
    assert scan.scan is not None
    assert scan.scan.pet is not None
    files = sorted((tmp_path / "cohort" / scan.folder).iterdir())
    shutil.copytree(files[0].parent, tmp_path / "s" / "SCANS" / "7" / "DICOM")
    run_step(convert.STEP, tmp_path / "s", tmp_path / "s" / "RESOURCES", {})
    (outcome,) = run(tmp_path / "s", tmp_path / "out").outcomes

    expected = scan.scan.pet.suv_factor
    assert outcome.facts["factor"] == pytest.approx(expected, rel=1e-6)
    assert outcome.facts["confirmed_by"] == "DecayFactor"
    (arrays,) = (tmp_path / "cohort" / "truth").glob("*.npz")
    suv_made = np.load(arrays)["suv_PET"]
    written = nib.load(tmp_path / "out" / "SUV" / outcome.files[0])
    to_truth = np.linalg.inv(np.array(scan.scan.affine_lps)) @ np.diag([-1, -1, 1, 1]) @ written.affine
    ijk = np.indices(written.shape).reshape(3, -1)
    place = np.rint(to_truth[:3, :3] @ ijk + to_truth[:3, 3:]).astype(int)
    found = written.get_fdata().reshape(-1)
    headers = [pydicom.dcmread(path, stop_before_pixels=True) for path in files]
    slopes = {float(h.ImagePositionPatient[2]): float(h.RescaleSlope) for h in headers}
    steps = np.array([slopes[z] for z in sorted(slopes)]) * expected
    if scan.scan.affine_lps[2][2] < 0:
        steps = steps[::-1]
    error = np.abs(found - suv_made[tuple(place)])
    assert (error <= steps[place[2]] * 0.5 + 4e-7 * found).all()  # and the digits of a float32
    assert found.max() > 1
