"""The facts of a collection, read from objects of our own making and from real ones of other programs."""

from collections.abc import Sequence
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from sarcoma_core.archive.fence import reading_quietly
from sarcoma_core.errors import DicomError
from sarcoma_core.xnat.roi.collection import (
    RTSTRUCT,
    SEG,
    SOP_CLASSES,
    Unreadable,
    read_collection,
    try_collection,
)
from tests.xnat.roi_maker import encoded, rtstruct, seg

STUDY, SERIES, FRAME_OF_REFERENCE = (str(generate_uid()) for _ in range(3))


@pytest.fixture
def images() -> list[Dataset]:
    made = []
    for _ in range(3):
        image = Dataset()
        image.SOPClassUID, image.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.4", generate_uid()
        image.StudyInstanceUID, image.SeriesInstanceUID = STUDY, SERIES
        image.FrameOfReferenceUID, image.Rows, image.Columns = FRAME_OF_REFERENCE, 4, 4
        image.StudyDate = "20200102"
        made.append(image)
    return made


def sop_uids(images: Sequence[Dataset]) -> set[str]:
    return {str(image.SOPInstanceUID) for image in images}


def test_a_segs_study_is_its_own_and_its_images_those_that_it_names(images: list[Dataset]) -> None:
    made = seg(images)
    found = read_collection(encoded(made))
    assert (found.type, found.uid, found.name) == (SEG, made.SOPInstanceUID, "Mass, reader A")
    assert (set(found.study_uids), set(found.series_uids)) == ({STUDY}, {SERIES})
    assert found.sop_uids == sop_uids(images)


def test_a_segs_region_has_the_objects_uid_with_its_number_behind(images: list[Dataset]) -> None:
    made = seg(images)
    assert read_collection(encoded(made)).regions == ((f"{made.SOPInstanceUID}.1", "Mass"),)


def test_a_seg_without_series_description_is_called_seg(images: list[Dataset]) -> None:
    made = seg(images)
    del made.SeriesDescription
    assert read_collection(encoded(made)).name == "SEG"


def test_an_image_that_only_a_segs_frame_names_is_named(images: list[Dataset]) -> None:
    made = seg(images)
    del made.ReferencedSeriesSequence[0].ReferencedInstanceSequence[1:]
    assert read_collection(encoded(made)).sop_uids == sop_uids(images)


def test_an_rtstructs_study_is_the_one_that_it_refers_to(images: list[Dataset]) -> None:
    made = rtstruct(images)
    made.StudyInstanceUID = generate_uid()
    found = read_collection(encoded(made))
    assert (found.type, found.name, found.date) == (RTSTRUCT, "GTV, reader A", "20200102")
    assert (set(found.study_uids), set(found.series_uids)) == ({STUDY}, {SERIES})
    assert found.sop_uids == sop_uids(images)
    assert found.regions == ((f"{made.SOPInstanceUID}.1", "GTV"),)


def test_an_image_that_only_a_contour_names_is_named(images: list[Dataset]) -> None:
    made = rtstruct(images)
    study = made.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
    del study.RTReferencedSeriesSequence[0].ContourImageSequence[1:]
    assert read_collection(encoded(made)).sop_uids == sop_uids(images)


@pytest.mark.parametrize(
    "keyword",
    ["SegmentSequence", "ContentLabel", "StudyInstanceUID", "SeriesInstanceUID", "Manufacturer", "Rows"],
)
def test_a_seg_without_a_type_1_attribute_is_refused_by_its_keyword(
    images: list[Dataset], keyword: str
) -> None:
    made = seg(images)
    delattr(made, keyword)
    with pytest.raises(DicomError, match=keyword):
        read_collection(encoded(made))


@pytest.mark.parametrize(
    "keyword",
    ["StructureSetLabel", "StructureSetROISequence", "ROIContourSequence", "RTROIObservationsSequence"],
)
def test_an_rtstruct_without_a_type_1_attribute_is_refused_by_its_keyword(
    images: list[Dataset], keyword: str
) -> None:
    made = rtstruct(images)
    delattr(made, keyword)
    with pytest.raises(DicomError, match=keyword):
        read_collection(encoded(made))


def test_a_segment_without_a_type_1_attribute_is_refused(images: list[Dataset]) -> None:
    made = seg(images)
    del made.SegmentSequence[0].SegmentAlgorithmType
    with pytest.raises(DicomError, match="SegmentAlgorithmType"):
        read_collection(encoded(made))


def test_an_item_that_names_no_image_is_refused_by_the_keyword(images: list[Dataset]) -> None:
    made = seg(images)
    del made.ReferencedSeriesSequence[0].ReferencedInstanceSequence[0].ReferencedSOPInstanceUID
    with pytest.raises(DicomError, match="ReferencedSOPInstanceUID"):
        read_collection(encoded(made))


def test_another_kind_than_the_one_asked_for_is_refused(images: list[Dataset]) -> None:
    with pytest.raises(DicomError, match="SOPClassUID"):
        read_collection(encoded(rtstruct(images)), SEG)


@pytest.mark.parametrize("content", [b"", b"no DICOM at all", b"\0" * 128 + b"DICM"])
def test_what_is_no_dicom_is_unreadable_and_no_crash(content: bytes) -> None:
    found = try_collection(content, SEG)
    assert isinstance(found, Unreadable)
    assert found.type == SEG


def test_a_file_that_is_cut_short_is_unreadable(images: list[Dataset]) -> None:
    whole = encoded(rtstruct(images))
    assert isinstance(try_collection(whole[: len(whole) // 2], RTSTRUCT), Unreadable)


def test_no_message_repeats_a_value_of_the_file(images: list[Dataset]) -> None:
    made = seg(images)
    made.PatientName = "Mustermann^Erika"
    del made.SegmentSequence
    found = try_collection(encoded(made), SEG)
    assert isinstance(found, Unreadable)
    assert "Mustermann" not in found.reason


def test_a_real_seg_names_exactly_the_images_that_it_was_drawn_on(data: Path) -> None:
    images = [pydicom.dcmread(file) for file in sorted((data / "seg/dcmqi/ct-3slice").glob("*.dcm"))]
    found = read_collection((data / "seg/dcmqi/liver.dcm").read_bytes())
    assert found.name == "Liver Segmentation"
    assert found.sop_uids == sop_uids(images)
    assert found.series_uids == {images[0].SeriesInstanceUID}
    assert found.study_uids == {images[0].StudyInstanceUID}


def test_the_real_sarcoma_rtstruct_names_only_images_of_its_series(data: Path) -> None:
    headers = [
        pydicom.dcmread(f, stop_before_pixels=True) for f in (data / "sts_raw/STS_003_T1").glob("*.dcm")
    ]
    images = [header for header in headers if header.Modality == "MR"]
    (file,) = (header.filename for header in headers if header.Modality == "RTSTRUCT")
    found = read_collection(Path(str(file)).read_bytes())
    assert [region.name for region in found.regions] == ["GTV_Mass", "GTV_Edema"]
    assert found.series_uids == {images[0].SeriesInstanceUID}
    assert found.sop_uids
    assert found.sop_uids <= sop_uids(images)


def test_a_label_map_segmentation_is_none_that_the_plugin_takes(data: Path) -> None:
    with pytest.raises(DicomError, match="SOPClassUID"):
        read_collection((data / "seg/dcmqi/sparse-labelmap-noppv.dcm").read_bytes())


def test_every_real_seg_and_rtstruct_of_the_test_data_can_be_read(data: Path) -> None:
    """Of dcmqi, highdicom, and whatever the collections were drawn with."""
    files = [f for f in data.rglob("*.dcm") if _is_collection(f)]
    assert len(files) > 30
    for file in files:
        assert read_collection(file.read_bytes()).regions


def _is_collection(file: Path) -> bool:
    with reading_quietly():  # among the test data are damaged files
        header = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=["SOPClassUID"])
    return str(header.SOPClassUID) in SOP_CLASSES
