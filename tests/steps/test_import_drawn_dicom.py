"""`import-masks` on what viewers and planning systems save: DICOM SEG and RTSTRUCT, good and bad."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.masks import MASKS_LABEL, SessionMasks, read_masks
from sarcoma_core.dicom.rtstruct import RoiToWrite, write_rtstruct
from sarcoma_core.dicom.seg import SegIdentity, SegmentToWrite, write_seg
from sarcoma_core.imaging.nifti_masks import read_mask
from sarcoma_core.imaging.volume import Volume, read_nifti
from sarcoma_core.provenance import Outcome, RunRecord
from sarcoma_core.steps import convert, import_masks
from sarcoma_core.steps.running import run_step
from tests.laws import assert_manifest_is_the_folder
from tests.legacy.dicom import write


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("converted") / "session"
    write(folder / "SCANS" / "4" / "DICOM")
    run_step(convert.STEP, folder, folder / "RESOURCES", {})
    return folder


@pytest.fixture
def session(converted: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(converted, tmp_path / "session"))


def grid(session: Path) -> Volume:
    return read_nifti(session / "RESOURCES" / "NIFTI" / "4" / "4.nii.gz")


def files(session: Path) -> list[Path]:
    return sorted((session / "SCANS" / "4" / "DICOM").glob("*.dcm"))


def cube(session: Path, corner: int = 20) -> np.ndarray:
    mask = np.zeros(grid(session).array.shape, bool)
    mask[corner : corner + 10, 25:35, 8:14] = True
    return mask


def seg(session: Path, *names: str, **options: object) -> bytes:
    segments = [SegmentToWrite(n, name, cube(session, 15 + 3 * n)) for n, name in enumerate(names, 1)]
    return write_seg(segments, files(session), grid(session), **options)  # type: ignore[arg-type]


def rtstruct(session: Path, *names: str) -> bytes:
    rois = [RoiToWrite(n, name, cube(session, 15 + 3 * n)) for n, name in enumerate(names, 1)]
    return write_rtstruct(rois, files(session), grid(session))


def changed(content: bytes, change: Callable[[Dataset], None]) -> bytes:
    dataset = pydicom.dcmread(BytesIO(content))
    change(dataset)
    buffer = BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


def collection(session: Path, label: str, content: bytes, kind: str = "SEG") -> None:
    path = session / "ASSESSORS" / label / kind / f"{label}.dcm"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def run(session: Path) -> RunRecord:
    out = session.parent / "out"
    shutil.rmtree(out, ignore_errors=True)
    (record,) = run_step(import_masks.STEP, session, out, {})
    assert_manifest_is_the_folder(out / MASKS_LABEL, record)
    shutil.rmtree(session / "RESOURCES" / MASKS_LABEL, ignore_errors=True)
    shutil.copytree(out / MASKS_LABEL, session / "RESOURCES" / MASKS_LABEL)
    return record


def masks(session: Path) -> SessionMasks:
    return read_masks(SessionFolder(session))


def told(record: RunRecord) -> Outcome:
    """The outcome of the one file that holds masks."""
    (one,) = (outcome for outcome in record.outcomes if outcome.modality in ("SEG", "RTSTRUCT"))
    return one


@pytest.mark.parametrize(("make", "kind"), [(seg, "SEG"), (rtstruct, "RTSTRUCT")])
def test_a_collection_of_the_viewer_comes_in_voxel_by_voxel(
    session: Path, make: Callable[..., bytes], kind: str
) -> None:
    collection(session, "reader_a", make(session, "GTV_Mass", "GTV_Edema"), kind)
    record = run(session)
    held = {v.roi: v for v in masks(session).versions}
    assert set(held) == {"tumour", "oedema"}
    for roi, corner in (("tumour", 18), ("oedema", 21)):
        got, _ = read_mask(masks(session).path(held[roi]))
        np.testing.assert_array_equal(got, cube(session, corner))
        assert held[roi].volume_ml == pytest.approx(600 * 2 * 2 * 4 / 1000)
        assert (held[roi].matched_by, held[roi].placement, held[roi].source) == ("series", "as drawn", kind)
    assert told(record).reason == "collection reader_a: masks of scan 4: tumour v1, oedema v1"
    assert [(o.scan, o.status) for o in record.outcomes] == [("4", "done"), ("", "set apart")]


def test_a_seg_that_came_as_a_scan_is_that_scan_s_outcome(session: Path) -> None:
    path = session / "SCANS" / "9" / "DICOM" / "1.dcm"
    path.parent.mkdir(parents=True)
    path.write_bytes(seg(session, "Tumor"))
    assert [(o.scan, o.status, o.reason) for o in run(session).outcomes] == [
        ("4", "done", ""),
        ("9", "set apart", "masks of scan 4: tumour v1"),
    ]


def test_what_is_saved_over_becomes_the_next_version(session: Path) -> None:
    for corner in (20, 21, 22):
        content = write_seg([SegmentToWrite(1, "GTV", cube(session, corner))], files(session), grid(session))
        collection(session, "reader_a", content)
        run(session)
    versions = masks(session).versions
    assert [v.version for v in versions] == [1, 2, 3]
    for version, corner in zip(versions, (20, 21, 22), strict=True):
        np.testing.assert_array_equal(read_mask(masks(session).path(version))[0], cube(session, corner))
    assert versions[1].difference is not None
    assert versions[1].difference.dice == pytest.approx(0.9)


def test_two_objects_are_taken_in_the_order_in_which_they_were_saved(session: Path) -> None:
    identity = SegIdentity()
    later, earlier = identity.time, identity.time.replace(year=identity.time.year - 1)
    for label, time, corner in (("a", later, 20), ("b", earlier, 22)):
        told_by = replace(identity, sop_uid=generate_uid(), time=time)
        segment = SegmentToWrite(1, "GTV", cube(session, corner))
        collection(session, label, write_seg([segment], files(session), grid(session), identity=told_by))
    run(session)
    assert [v.origin for v in masks(session).versions] == ["collection b", "collection a"]


def test_the_same_name_twice_is_two_regions(session: Path) -> None:
    collection(session, "twice", rtstruct(session, "GTV_Mass", "GTV_Mass"), "RTSTRUCT")
    run(session)
    assert [(v.roi, v.name) for v in masks(session).versions] == [
        ("tumour", "GTV_Mass"),
        ("tumour_b", "GTV_Mass"),
    ]


def test_names_in_other_scripts_and_with_paths_are_kept_as_written(session: Path) -> None:
    names = ("腫瘍", "../../../escape", "<b>ROI</b>")
    content = changed(rtstruct(session, "a", "b", "c"), lambda d: _rename(d, names))
    collection(session, "names", content, "RTSTRUCT")
    run(session)
    versions = masks(session).versions
    assert sorted(v.name for v in versions) == sorted(names)
    folder = (session / "RESOURCES" / MASKS_LABEL / "4").resolve()
    assert {masks(session).path(v).resolve().parent for v in versions} == {folder}


def _rename(dataset: Dataset, names: tuple[str, ...]) -> None:
    dataset.SpecificCharacterSet = "ISO_IR 192"
    for roi, name in zip(dataset.StructureSetROISequence, names, strict=True):
        roi.ROIName = name


def _of_another_study(dataset: Dataset) -> None:
    dataset.StudyInstanceUID, dataset.FrameOfReferenceUID = generate_uid(), generate_uid()
    for series in dataset.ReferencedSeriesSequence:
        series.SeriesInstanceUID = generate_uid()
        for image in series.ReferencedInstanceSequence:
            image.ReferencedSOPInstanceUID = generate_uid()
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        for derivation in frame.DerivationImageSequence:
            for image in derivation.SourceImageSequence:
                image.ReferencedSOPInstanceUID = generate_uid()


def test_a_seg_of_another_study_is_refused_though_it_has_the_same_grid(session: Path) -> None:
    collection(session, "foreign", changed(seg(session, "Tumor"), _of_another_study))
    outcome = told(run(session))
    assert outcome.status == "refused"
    assert "was it drawn on another study?" in outcome.reason
    assert masks(session).versions == ()


def test_a_seg_whose_references_were_replaced_alone_is_found_by_geometry(session: Path) -> None:
    frame = pydicom.dcmread(files(session)[0]).FrameOfReferenceUID

    def change(dataset: Dataset) -> None:
        _of_another_study(dataset)
        dataset.FrameOfReferenceUID = frame

    collection(session, "replaced", changed(seg(session, "Tumor"), change))
    run(session)
    (version,) = masks(session).versions
    assert version.matched_by == "geometry"
    np.testing.assert_array_equal(read_mask(masks(session).path(version))[0], cube(session, 18))


def _empty(dataset: Dataset) -> None:
    del dataset.ROIContourSequence[1].ContourSequence


def _moved(*millimetres: float) -> Callable[[Dataset], None]:
    def move(dataset: Dataset) -> None:
        for contour in dataset.ROIContourSequence[1].ContourSequence:
            points = np.reshape(np.array(contour.ContourData, float), (-1, 3)) + np.array(millimetres)
            contour.ContourData = [f"{value:.3f}" for value in points.ravel()]

    return move


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_empty, "it is empty"),
        (_moved(5000, 0, 0), "outside the image"),
        (_moved(0, 0, 60), "contours outside, up to"),
    ],
)
def test_a_region_that_cannot_be_used_is_named_and_the_others_come_in(
    session: Path, change: Callable[[Dataset], None], reason: str
) -> None:
    collection(session, "a", changed(rtstruct(session, "GTV_Mass", "GTV_Edema"), change), "RTSTRUCT")
    outcome = told(run(session))
    assert [v.roi for v in masks(session).versions] == ["tumour"]
    assert outcome.status == "set apart"
    assert "region 2 (oedema) refused" in outcome.reason
    assert reason in outcome.reason
    assert [region["number"] for region in outcome.facts["refused"]] == [2]


def test_a_damaged_file_takes_no_other_down(session: Path) -> None:
    good = seg(session, "Tumor")
    collection(session, "cut", good[: len(good) // 2])
    collection(session, "good", good)
    record = run(session)
    assert [v.origin for v in masks(session).versions] == ["collection good"]
    assert sorted(o.status for o in record.outcomes) == ["done", "refused", "set apart"]


@pytest.mark.parametrize("kind", ["FRACTIONAL", "LABELMAP"])
def test_other_kinds_of_seg_come_in(session: Path, kind: str) -> None:
    mask = cube(session, 18)
    values = mask * 0.75 if kind == "FRACTIONAL" else mask
    segment = SegmentToWrite(1, "Tumor", values.astype(np.float32) if kind == "FRACTIONAL" else values)
    content = write_seg([segment], files(session), grid(session), kind=kind)  # type: ignore[arg-type]
    collection(session, "other", content)
    run(session)
    (version,) = masks(session).versions
    np.testing.assert_array_equal(read_mask(masks(session).path(version))[0], mask)
