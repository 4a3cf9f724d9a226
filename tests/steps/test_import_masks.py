"""`import-masks` on a session: whatever was drawn comes in, each fault by itself, and every version stays."""

import gzip
import shutil
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from sarcoma_core.archive.drawn import DRAWN_LABEL, REFERENCES_FILE
from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.masks import MASKS_LABEL, MaskVersion, SessionMasks, read_masks
from sarcoma_core.archive.references import ReferenceMark, references_document
from sarcoma_core.errors import ArchiveError, InputError
from sarcoma_core.imaging.nifti_masks import read_mask, write_mask
from sarcoma_core.imaging.volume import Volume, write_nifti
from sarcoma_core.provenance import RunRecord
from sarcoma_core.steps import import_masks
from sarcoma_core.steps.running import run_step
from tests.archive.filed import put
from tests.laws import assert_manifest_is_the_folder
from tests.segmentation.drawn import SHAPE, affine, box, image, session


@pytest.fixture
def held(tmp_path: Path) -> Path:
    session(tmp_path / "s", image("5"), image("6", shift=50.0))
    return tmp_path / "s"


def drawn(held: Path, name: str, mask: np.ndarray, grid: np.ndarray | None = None) -> None:
    path = held / "RESOURCES" / DRAWN_LABEL / name
    path.parent.mkdir(parents=True, exist_ok=True)
    write_mask(path, mask, affine() if grid is None else grid)


def run(held: Path, **options: Any) -> RunRecord:
    """Run the step, and put what it makes where the next run finds it."""
    out = held.parent / "out"
    shutil.rmtree(out, ignore_errors=True)
    (record,) = run_step(import_masks.STEP, held, out, {}, **options)
    return place(held, record)


def place(held: Path, record: RunRecord) -> RunRecord:
    out = held.parent / "out" / MASKS_LABEL
    assert_manifest_is_the_folder(out, record)
    shutil.rmtree(held / "RESOURCES" / MASKS_LABEL, ignore_errors=True)
    shutil.copytree(out, held / "RESOURCES" / MASKS_LABEL)
    return record


def masks(held: Path) -> SessionMasks:
    return read_masks(SessionFolder(held))


def only(held: Path) -> MaskVersion:
    (one,) = masks(held).versions
    return one


def reasons(record: RunRecord) -> dict[str, str]:
    return {o.scan or o.reason.partition(":")[0]: f"{o.status} {o.reason}".strip() for o in record.outcomes}


def test_a_mask_of_another_tool_lies_on_its_scan(held: Path) -> None:
    drawn(held, "5/GTV_Mass.nii.gz", box(1, 2, 3))
    record = run(held)
    assert reasons(record) == {
        "5": "done",
        "6": "not applicable no mask lies on it",
        "DRAWN, file 1": "set apart DRAWN, file 1: masks of scan 5: tumour v1",
    }
    version = only(held)
    np.testing.assert_array_equal(read_mask(masks(held).path(version))[0], box(1, 2, 3))
    assert (version.name, version.roi, version.matched_by) == ("GTV_Mass", "tumour", "folder")
    assert record.outcomes[0].facts["regions"] == [
        {"roi": "tumour", "version": 1, "volume_ml": 0.324, "locked": False}
    ]


def test_a_second_run_changes_nothing(held: Path) -> None:
    drawn(held, "5/GTV_Mass.nii.gz", box(1, 2, 3))
    first = run(held)
    second = run(held)
    assert first.files == second.files
    assert second.outcomes[-1].reason == "DRAWN, file 1: masks of scan 5: tumour as before"


def test_a_session_in_which_nothing_was_drawn_is_well(held: Path) -> None:
    assert reasons(run(held)) == dict.fromkeys(("5", "6"), "not applicable no mask lies on it")
    assert masks(held).versions == ()


def test_a_mask_without_a_folder_finds_its_scan_by_geometry(held: Path) -> None:
    drawn(held, "oedema.nii.gz", box(1, 2, 3), affine(50.0))
    run(held)
    assert (only(held).scan, only(held).matched_by) == ("6", "geometry")


def test_a_mask_on_another_grid_is_resampled(held: Path) -> None:
    fine = np.repeat(box(2, 2, 2), 2, axis=0)
    grid = affine()
    grid[0, 0], grid[0, 3] = 1.0, -0.5
    drawn(held, "5/tumour.nii.gz", fine, grid)
    run(held)
    assert only(held).placement == "resampled"
    assert only(held).notes == ("it was drawn on another grid: the shapes 16 x 7 x 6 and 8 x 7 x 6",)
    np.testing.assert_array_equal(read_mask(masks(held).path(only(held)))[0], box(2, 2, 2))


@pytest.mark.parametrize("name", ["GTV_Mass.NII.GZ", "GTV_Mass.Nii", "GTV_Mass.nii", "GTV_Mass.nii.gz"])
@pytest.mark.parametrize("packed", [False, True])
def test_what_a_nifti_file_is_called_does_not_matter(held: Path, name: str, *, packed: bool) -> None:
    drawn(held, "5/plain.nii.gz", box(1, 2, 3))
    path = held / "RESOURCES" / DRAWN_LABEL / "5" / "plain.nii.gz"
    content = path.read_bytes() if packed else gzip.decompress(path.read_bytes())
    path.unlink()
    path.with_name(name).write_bytes(content)
    run(held)
    assert (only(held).name, only(held).roi) == ("GTV_Mass", "tumour")
    np.testing.assert_array_equal(read_mask(masks(held).path(only(held)))[0], box(1, 2, 3))


def test_regions_that_share_a_name_are_told_apart(held: Path) -> None:
    values = np.zeros(SHAPE, np.float32)
    values[1], values[3] = 1, 2
    path = held / "RESOURCES" / DRAWN_LABEL / "5" / "tumour.nii.gz"
    path.parent.mkdir(parents=True)
    write_nifti(path, Volume(values, affine()))
    run(held)
    assert [(v.roi, v.name) for v in masks(held).versions] == [
        ("tumour_1", "tumour_1"),
        ("tumour_2", "tumour_2"),
    ]


def test_what_cannot_be_used_is_named_and_the_rest_comes_in(held: Path) -> None:
    drawn(held, "5/tumour.nii.gz", box(1, 2, 3))
    drawn(held, "5/zz_empty.nii.gz", np.zeros(SHAPE, bool))
    drawn(held, "404/x.nii.gz", box(1, 2, 3))
    drawn(held, "6/zz_far.nii.gz", box(1, 2, 3), affine(5000.0))
    put(held, f"RESOURCES/{DRAWN_LABEL}/5/zz_cut.nii.gz", b"\x1f\x8bdamaged")
    put(held, f"RESOURCES/{DRAWN_LABEL}/Anna Muster.txt")
    record = run(held)
    told = " | ".join(o.reason for o in record.outcomes if o.status == "refused")
    for reason in (
        "it has no region",
        "its folder must be the id of a scan",
        "it lies outside the image",
        "must be a whole NIfTI file",
        "must be a DICOM SEG or RTSTRUCT, or NIfTI",
    ):
        assert reason in told
    assert "Muster" not in str(record.outcomes)
    assert only(held).handle == "5/tumour-v1"


def test_the_choice_of_a_person_locks_and_unlocks(held: Path) -> None:
    drawn(held, "5/tumour.nii.gz", box(1, 2, 3))
    for lock, locked in (("newest", True), ("keep", True), ("none", False), ("keep", False)):
        out = held.parent / "out"
        shutil.rmtree(out, ignore_errors=True)
        place(held, *run_step(import_masks.STEP, held, out, {"lock": lock}))
        assert only(held).locked is locked


def test_five_drawings_of_one_place_are_five_versions(held: Path) -> None:
    for number in range(5):
        drawn(held, "5/tumour.nii.gz", box(number, 1, 1))
        run(held)
    assert [v.version for v in masks(held).versions] == [1, 2, 3, 4, 5]
    for number, version in enumerate(masks(held).versions):
        np.testing.assert_array_equal(read_mask(masks(held).path(version))[0], box(number, 1, 1))


def test_a_site_s_own_names_count(held: Path, tmp_path: Path) -> None:
    drawn(held, "5/TU links.nii.gz", box(1, 2, 3))
    put(tmp_path / "ROI_NAMES", "roi_names.csv", b"name,roi\ntu *,tumour\n")
    run(held, assets={"names": tmp_path / "ROI_NAMES"})
    assert only(held).roi == "tumour"


def test_a_table_of_names_that_is_wrong_stops_all(held: Path, tmp_path: Path) -> None:
    put(tmp_path / "ROI_NAMES", "roi_names.csv", b"name,roi\ntu *,../x\n")
    with pytest.raises(InputError, match="row 1: roi must be"):
        run(held, assets={"names": tmp_path / "ROI_NAMES"})


@pytest.mark.parametrize("damage", [Path.unlink, lambda p: p.write_bytes(b"")], ids=["gone", "another"])
def test_a_version_that_is_not_as_listed_stops_all_before_it_is_lost(
    held: Path,
    damage,  # noqa: ANN001
) -> None:
    drawn(held, "5/tumour.nii.gz", box(1, 2, 3))
    run(held)
    damage(held / "RESOURCES" / MASKS_LABEL / "5" / "tumour-v1.nii.gz")
    with pytest.raises(ArchiveError, match="MASKS: must be as the step left it"):
        run(held)


def test_a_file_that_no_manifest_lists_stops_all_before_it_is_lost(held: Path) -> None:
    drawn(held, "5/tumour.nii.gz", box(1, 2, 3))
    run(held)
    put(held, f"RESOURCES/{MASKS_LABEL}/5/tumour-v7.nii.gz")
    with pytest.raises(ArchiveError, match=r"MASKS: must hold what run.json lists; found 1 other file"):
        run(held)


def test_masks_without_a_manifest_are_not_taken_for_none(held: Path) -> None:
    drawn(held, "5/tumour.nii.gz", box(1, 2, 3))
    run(held)
    (held / "RESOURCES" / MASKS_LABEL / "run.json").unlink()
    with pytest.raises(ArchiveError, match=r"it holds files, and no run.json"):
        run(held)


@pytest.mark.parametrize("content", [b"{}", b'{"schema": 2, "st'])
def test_a_damaged_manifest_never_leads_to_a_deletion(held: Path, content: bytes) -> None:
    drawn(held, "5/tumour.nii.gz", box(1, 2, 3))
    run(held)
    (held / "RESOURCES" / MASKS_LABEL / "run.json").write_bytes(content)
    with pytest.raises(ArchiveError) as error:
        run(held)
    assert error.value.hint.startswith("Put back a copy of the resource MASKS")


def test_who_puts_an_earlier_file_back_makes_a_version(held: Path) -> None:
    for corner in (1, 2, 1):
        drawn(held, "5/tumour.nii.gz", box(corner, 1, 1))
        run(held)
    assert [v.version for v in masks(held).versions] == [1, 2, 3]


def test_another_lesion_under_one_name_is_told(held: Path) -> None:
    for corner, told in ((0, 0), (4, 1)):
        drawn(held, "5/tumour.nii.gz", box(corner, 1, 1))
        run(held)
        assert sum("no voxel in common" in note for v in masks(held).versions for note in v.notes) == told


def test_lesions_with_numbers_or_sides_are_regions_of_their_own(held: Path) -> None:
    for name, corner in (("tumour 1", 0), ("tumour 2", 3), ("tumour left", 4)):
        drawn(held, f"5/{name}.nii.gz", box(corner, 1, 1))
    run(held)
    assert [v.handle for v in masks(held).versions] == [
        *("5/tumour_1-v1", "5/tumour_2-v1", "5/tumour_left-v1"),
    ]


def test_a_name_of_a_patient_stands_in_no_path_and_no_manifest(held: Path) -> None:
    drawn(held, "5/SMITH_JANE_19700101.nii.gz", box(1, 2, 3))
    drawn(held, "5/MEIER_ANNA.nii.gz", box(1, 2, 3), affine(5000.0))
    record = run(held)
    manifest = (held / "RESOURCES" / MASKS_LABEL / "run.json").read_text().casefold()
    for word in ("smith", "1970", "meier"):
        assert word not in manifest
        assert word not in str(record.outcomes).casefold()
    assert only(held).name == "SMITH_JANE_19700101"


def test_a_file_whose_name_is_no_text_comes_in(held: Path) -> None:
    drawn(held, "5/tumour\udcff.nii.gz", box(1, 2, 3))
    run(held)
    assert only(held).name == "tumour\\udcff"


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        (np.zeros(SHAPE, [("R", "u1"), ("G", "u1"), ("B", "u1")]), "must be numbers"),
        (np.ones(SHAPE, np.complex64), "must be numbers"),
        (np.full(SHAPE, 0.3, np.float32), "it is empty"),
    ],
    ids=["colours", "complex", "small probabilities"],
)
def test_what_is_no_mask_is_refused_and_takes_nothing_down(
    held: Path, values: np.ndarray, fault: str
) -> None:
    drawn(held, "5/tumour.nii.gz", box(1, 2, 3))
    nib.Nifti1Image(values, affine()).to_filename(held / "RESOURCES" / DRAWN_LABEL / "5" / "other.nii.gz")
    record = run(held)
    assert fault in " ".join(o.reason for o in record.outcomes)
    assert only(held).handle == "5/tumour-v1"


def test_a_header_that_claims_more_than_memory_holds_is_refused(held: Path) -> None:
    header = nib.Nifti1Header()
    header.set_data_shape((30000, 30000, 30000))
    header.set_data_dtype(np.float64)
    path = held / "RESOURCES" / DRAWN_LABEL / "5" / "huge.nii"
    path.parent.mkdir(parents=True)
    path.write_bytes(header.binaryblock + bytes(100))
    assert [o.status for o in run(held).outcomes] == ["not applicable", "not applicable", "refused"]


def test_a_reader_who_saw_nothing_says_so_in_a_folder_of_the_reader_alone(held: Path) -> None:
    empty = np.zeros(SHAPE, bool)
    drawn(held, "5/anna/tumour.nii.gz", box(1, 2, 3))
    drawn(held, "5/ben/tumour.nii.gz", empty)
    drawn(held, "5/tumour.nii.gz", empty)
    record = run(held)
    assert [(v.origin, v.volume_ml > 0) for v in masks(held).versions] == [
        ("DRAWN/5/anna/tumour.nii.gz", True),
        ("DRAWN/5/ben/tumour.nii.gz", False),
    ]
    assert "nothing is marked: who read it saw none" in masks(held).versions[1].notes
    (refused,) = (o for o in record.outcomes if o.status == "refused")
    assert refused.reason == ("DRAWN, file 3: it is empty: it has no region, and no voxel is marked")
    assert run(held).files == record.files


def test_what_a_study_locked_is_locked_whatever_came_after(held: Path) -> None:
    for who, corner in (("anna", 1), ("ben", 2), ("cleo", 3)):
        drawn(held, f"5/{who}/tumour.nii.gz", box(corner, 2, 3))
    run(held)
    ben = masks(held).versions[1]
    marks = [ReferenceMark(ben.handle, ben.sha256, locked=True)]
    put(held, f"RESOURCES/{DRAWN_LABEL}/{REFERENCES_FILE}", references_document(marks))
    run(held)
    assert [v.handle for v in masks(held).current()] == [ben.handle]
    assert [v.handle for v in masks(held).versions if v.locked] == [ben.handle]
    drawn(held, "5/anna/tumour.nii.gz", box(0, 0, 0))
    run(held)
    assert [v.handle for v in masks(held).current()] == [ben.handle]
