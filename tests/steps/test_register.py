"""`register` on a session: the chosen series on one grid, the others named, and refusals in words."""

import dataclasses
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from sarcoma_core.archive.roles import ROLES_LABEL
from sarcoma_core.errors import ArchiveError
from sarcoma_core.imaging.volume import Volume, write_nifti
from sarcoma_core.phantom.protocol import draw_protocol
from sarcoma_core.phantom.study import Study, acquire_study
from sarcoma_core.provenance import Outcome, RunRecord, list_files, write_record
from sarcoma_core.report.references import REFERENCES
from sarcoma_core.steps import convert, register, suv
from sarcoma_core.steps.running import run_step
from tests.laws import assert_every_series_has_one_outcome, assert_manifest_is_the_folder
from tests.records import record_of

SCANS = {"T1CE": "7", "T2FS": "4", "PET": "9", "CT": "8"}
MODALITIES = {"T1CE": "MR", "T1": "MR", "T2FS": "MR", "PET": "PT", "CT": "CT", "DERIVED": "MR"}
UID = "1.2.826.0.1.3680043.8.498."


@cache
def study() -> Study:
    return acquire_study(0, draw_protocol(0, same_frame=False, sequences=("T1CE", "T2FS", "PET", "CT")))


@cache
def volumes() -> Mapping[str, Volume]:
    return {sequence: study()[sequence].volume for sequence in SCANS}


def header(folder: Path, **values: str) -> None:
    """A file with a header alone: who, in which frame, of which side."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    meta.MediaStorageSOPInstanceUID = UID + "1"
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    folder.mkdir(parents=True)
    dataset.save_as(folder / "1.dcm")


def filed(resource: Path, held: Mapping[str, tuple[str, Volume]]) -> None:
    outcomes = []
    for scan, (modality, volume) in held.items():
        (resource / scan).mkdir(parents=True)
        write_nifti(resource / scan / f"{scan}.nii.gz", volume)
        outcomes.append(Outcome(scan, modality, "done", files=(f"{scan}/{scan}.nii.gz",)))
    write_record(resource, record_of(convert.STEP, *outcomes, files=list_files(resource)))


def session(
    folder: Path,
    held: Mapping[str, Volume],
    *,
    roles: Mapping[str, tuple[str, bool]] | None = None,
    headers: Mapping[str, Mapping[str, str]] | None = None,
) -> Path:
    """A session as the steps before leave it: volumes by role, of which all are chosen unless told."""
    scans = {role: SCANS.get(role, "11") for role in held}
    for role, scan in scans.items():
        said = {"PatientID": "one", "FrameOfReferenceUID": f"{UID}{scan}", **(headers or {}).get(role, {})}
        header(folder / "SCANS" / scan / "DICOM", **said)
    filed(folder / "RESOURCES" / "NIFTI", {scans[r]: (MODALITIES[r], v) for r, v in held.items()})
    told = roles or {role: (role, True) for role in held}
    outcomes = [
        Outcome(scans[key], MODALITIES[key], "done", facts={"role": role, "chosen": chosen})
        for key, (role, chosen) in told.items()
    ]
    resource = folder / "RESOURCES" / ROLES_LABEL
    resource.mkdir()
    write_record(resource, record_of(convert.STEP, *outcomes))
    return folder


def run(where: Path, out: Path, **params: Any) -> RunRecord:
    (record,) = run_step(register.STEP, where, out, params)
    assert_manifest_is_the_folder(out / "REGISTERED", record)
    return record


def by_role(record: RunRecord) -> dict[str, Outcome]:
    return {outcome.facts["role"]: outcome for outcome in record.outcomes if outcome.facts.get("role")}


def pick(*sequences: str) -> dict[str, Volume]:
    return {sequence: volumes()[sequence] for sequence in sequences}


def test_all_chosen_series_come_onto_the_grid_of_the_reference(tmp_path: Path) -> None:
    where = session(tmp_path / "s", pick("T1CE", "T2FS", "PET", "CT"))
    record = run(where, tmp_path / "out")
    assert_every_series_has_one_outcome(record, {"4", "7", "8", "9"})
    got = by_role(record)
    assert [got[role].status for role in SCANS] == ["done"] * 4
    assert {role: one.facts["transform"] for role, one in got.items()} == {
        "T1CE": "reference",
        "T2FS": "rigid",
        "PET": "rigid",
        "CT": "rigid",
    }
    folder = tmp_path / "out" / "REGISTERED"
    reference = nib.load(folder / "7" / "7.nii.gz")
    np.testing.assert_array_equal(reference.get_fdata(), volumes()["T1CE"].array)
    for role, scan in SCANS.items():
        image = nib.load(folder / got[role].files[0])
        assert image.shape == reference.shape
        np.testing.assert_array_equal(image.affine, reference.affine)
        assert got[role].facts["reference"] == "7"
        assert got[role].facts["reference_role"] == "T1CE"
        assert got[role].facts["source"] == "NIFTI"
        assert got[role].files[0] == f"{scan}/{scan}.nii.gz"
    assert nib.load(folder / "8" / "8.nii.gz").get_fdata().min() == -1024


def test_the_transforms_take_points_of_the_reference_to_the_series_and_back(tmp_path: Path) -> None:
    record = run(session(tmp_path / "s", pick("T1CE", "T2FS")), tmp_path / "out")
    files = by_role(record)["T2FS"].files
    assert files == ("4/4.nii.gz", "4/4_from_reference.tfm", "4/4_to_reference.tfm")
    there, back = (sitk.ReadTransform(str(tmp_path / "out" / "REGISTERED" / name)) for name in files[1:])
    points = study().body_points(of="T1CE", count=500, seed=1, seen_by=("T2FS",))
    true = study().corresponding(points, of="T1CE", to="T2FS") * (-1, -1, 1)
    moved = np.array([there.TransformPoint(point) for point in (points * (-1, -1, 1)).tolist()])
    assert np.median(np.linalg.norm(moved - true, axis=1)) < 2
    returned = np.array([back.TransformPoint(point) for point in moved.tolist()])
    np.testing.assert_allclose(returned, points * (-1, -1, 1), atol=1e-6)


def test_equal_sessions_give_equal_bytes(tmp_path: Path) -> None:
    where = session(tmp_path / "s", pick("T1CE", "PET"))
    one, two = (run(where, tmp_path / name, deformable=True) for name in ("a", "b"))
    assert one.files == two.files
    assert one.outcomes == two.outcomes


def test_a_normalised_volume_is_taken_before_the_converted_one(tmp_path: Path) -> None:
    where = session(tmp_path / "s", pick("T1CE", "T2FS"))
    scored = {
        SCANS[role]: ("MR", v.with_array(((v.array - v.array.mean()) / v.array.std()).astype(np.float32)))
        for role, v in pick("T1CE", "T2FS").items()
    }
    filed(where / "RESOURCES" / "NORMALISED", scored)
    got = by_role(run(where, tmp_path / "out"))
    assert {one.facts["source"] for one in got.values()} == {"NORMALISED"}
    outside = nib.load(tmp_path / "out" / "REGISTERED" / "4" / "4.nii.gz").get_fdata()[0, 0, 0]
    assert outside == pytest.approx(scored["4"][1].array.min(), abs=1e-5)


def test_one_sequence_is_its_own_reference(tmp_path: Path) -> None:
    record = run(session(tmp_path / "s", pick("T2FS")), tmp_path / "out")
    (outcome,) = record.outcomes
    assert (outcome.status, outcome.facts["transform"]) == ("done", "reference")
    assert outcome.files == ("4/4.nii.gz",)


def test_without_an_mr_reference_all_pass_by_and_the_reason_says_what_to_do(tmp_path: Path) -> None:
    where = session(tmp_path / "s", pick("PET", "CT"))
    record = run(where, tmp_path / "out")
    assert [o.status for o in record.outcomes] == ["not applicable"] * 2
    assert "--set register.reference=CT" in record.outcomes[0].reason
    got = by_role(run(where, tmp_path / "again", reference="CT"))
    assert got["CT"].facts["transform"] == "reference"
    assert got["PET"].facts["reference_role"] == "CT"


def test_a_series_that_is_not_chosen_passes_by_with_its_role(tmp_path: Path) -> None:
    held = {**pick("T1CE"), "DERIVED": volumes()["T1CE"]}
    roles = {"T1CE": ("T1CE", True), "DERIVED": ("DERIVED", False)}
    record = run(session(tmp_path / "s", held, roles=roles), tmp_path / "out")
    assert [(o.status, o.reason) for o in record.outcomes] == [
        ("done", ""),
        ("not applicable", "not chosen for a role (derived copy)"),
    ]


def test_one_bad_series_does_not_stop_the_others(tmp_path: Path) -> None:
    flipped = Volume(np.flip(volumes()["CT"].array, 0).copy(), volumes()["CT"].affine)
    empty = volumes()["PET"].with_array(np.zeros_like(volumes()["PET"].array))
    record = run(
        session(tmp_path / "s", {**pick("T1CE", "T2FS"), "CT": flipped, "PET": empty}), tmp_path / "out"
    )
    told = {outcome.scan: outcome for outcome in record.outcomes}
    assert {scan: one.status for scan, one in told.items()} == {
        "7": "done",
        "4": "done",
        "8": "refused",
        "9": "refused",
    }
    assert "a mirrored copy fits better: left against right, or flipped" in told["8"].reason
    assert "constant" in told["9"].reason
    assert told["8"].files == told["9"].files == ()
    assert not (tmp_path / "out" / "REGISTERED" / "8").exists()


def test_two_patients_in_one_session_are_refused_and_neither_is_named(tmp_path: Path) -> None:
    headers = {"T1CE": {"PatientID": "Smith^Jane"}, "T2FS": {"PatientID": "Doe^John"}}
    where = session(tmp_path / "s", pick("T1CE", "T2FS"), headers=headers)
    got = run(where, tmp_path / "out")
    assert [o.status for o in got.outcomes] == ["refused", "refused"]
    assert got.files == ()
    for reason in (o.reason for o in got.outcomes):
        assert reason.startswith("PatientID: must be one")
        assert "found 2 among those chosen" in reason
        assert "Smith" not in reason
        assert "Doe" not in reason


@pytest.mark.parametrize("keyword", ["Laterality", "ImageLaterality"])
def test_headers_of_two_sides_are_refused_before_any_registration(tmp_path: Path, keyword: str) -> None:
    headers = {"T1CE": {keyword: "L"}, "T2FS": {"Laterality": "R"}}
    got = run(session(tmp_path / "s", pick("T1CE", "T2FS"), headers=headers), tmp_path / "out")
    assert [(o.scan, o.status) for o in got.outcomes] == [("7", "done"), ("4", "refused")]
    assert "left in one and right in the other" in got.outcomes[1].reason


def test_a_broken_reference_refuses_all(tmp_path: Path) -> None:
    empty = volumes()["T1CE"].with_array(np.zeros_like(volumes()["T1CE"].array))
    where = session(tmp_path / "s", {"T1CE": empty, **pick("T2FS")})
    got = run(where, tmp_path / "out")
    assert [o.status for o in got.outcomes] == ["refused", "refused"]
    assert "constant" in got.outcomes[0].reason
    assert "the reference, scan 7, is refused" in got.outcomes[1].reason


def test_what_suv_refused_does_not_go_on_in_other_units(tmp_path: Path) -> None:
    where = session(tmp_path / "s", pick("T1CE", "PET"))
    refused = Outcome("9", "PT", "refused", "PatientWeight: must be there; found none.")
    (where / "RESOURCES" / "SUV").mkdir()
    write_record(where / "RESOURCES" / "SUV", record_of(suv.STEP, refused))
    got = run(where, tmp_path / "out")
    assert [(o.scan, o.status) for o in got.outcomes] == [("7", "done"), ("9", "refused")]
    assert got.outcomes[1].reason == "SUV has refused it: PatientWeight: must be there; found none."


def test_a_pet_that_has_not_moved_since_its_ct_lies_as_the_ct_does(tmp_path: Path) -> None:
    """One scanner, one frame of reference: what a vague outline alone would gain does not count."""
    protocol = draw_protocol(0, same_frame=False, sequences=("T1CE", "PET", "CT"))
    ct = protocol["CT"]
    together = dataclasses.replace(protocol["PET"], motion=ct.motion, frame=ct.frame)
    of = acquire_study(0, protocol.with_series(together))
    same = {"CT": {"FrameOfReferenceUID": UID + "5"}, "PET": {"FrameOfReferenceUID": UID + "5"}}
    held = {sequence: of[sequence].volume for sequence in ("T1CE", "PET", "CT")}
    got = by_role(run(session(tmp_path / "s", held, headers=same), tmp_path / "out"))
    assert got["PET"].facts["warnings"] == ["it lies as the CT of its frame of reference does, scan 8"]
    for fact in ("rotation_degrees", "shift_mm", "transform"):
        assert got["PET"].facts[fact] == got["CT"].facts[fact]


def test_a_pet_that_lies_where_it_lay_does_not_follow_a_ct_that_was_moved(tmp_path: Path) -> None:
    """So a foot of `sts_ibsi`: with its CT the uptake left the mass."""
    protocol = draw_protocol(0, same_frame=True, sequences=("T1CE", "PET", "CT"))
    ct = dataclasses.replace(protocol["CT"].motion, rotation=(0.0, 0.0, 0.0), shift=(3.0, 5.0, 6.0))
    pet = dataclasses.replace(protocol["PET"].motion, rotation=(0.0, 0.0, 0.0), shift=(0.0, 0.0, 0.0))
    for sequence, motion in (("CT", ct), ("PET", pet)):
        protocol = protocol.with_series(dataclasses.replace(protocol[sequence], motion=motion))
    of = acquire_study(0, protocol)
    held = {sequence: of[sequence].volume for sequence in ("T1CE", "PET", "CT")}
    same = {sequence: {"FrameOfReferenceUID": UID + "5"} for sequence in held}
    got = by_role(run(session(tmp_path / "s", held, headers=same), tmp_path / "out"))
    assert got["CT"].facts["shift_mm"] == pytest.approx(np.sqrt(9 + 25 + 36), abs=2)
    assert got["PET"].facts["transform"] == "identity"
    (told,) = got["PET"].facts["warnings"]
    assert told.startswith("the CT of its frame of reference, scan 8, was moved; it was not")


def test_a_pet_that_has_moved_since_its_ct_is_registered_itself(tmp_path: Path) -> None:
    same = {"CT": {"FrameOfReferenceUID": UID + "5"}, "PET": {"FrameOfReferenceUID": UID + "5"}}
    got = by_role(run(session(tmp_path / "s", pick("T1CE", "PET", "CT"), headers=same), tmp_path / "out"))
    assert got["PET"].facts["warnings"] == []
    assert got["PET"].facts["shift_mm"] != got["CT"].facts["shift_mm"]


def test_roles_must_be_told_first(tmp_path: Path) -> None:
    where = session(tmp_path / "s", pick("T1CE"))
    (where / "RESOURCES" / ROLES_LABEL / "run.json").unlink()
    with pytest.raises(ArchiveError, match="SERIES_ROLES"):
        run_step(register.STEP, where, tmp_path / "out", {})


def test_every_paper_that_it_cites_is_in_the_list() -> None:
    assert set(register.STEP.cites) <= set(REFERENCES)
