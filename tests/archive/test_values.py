import warnings
from typing import Any

import pytest
from pydicom import Sequence
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.tag import Tag

from sarcoma_core.archive.values import (
    is_there,
    read_items,
    read_number,
    read_numbers,
    read_text,
    read_texts,
    read_trait,
    read_whole,
    uid,
)


@pytest.fixture
def broken() -> Dataset:
    """Values as damaged or hand-edited files have them."""
    ds = Dataset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds.SliceThickness = None
        ds.EchoTime = ""
        ds.PixelSpacing = [1.5]
        ds.ImagePositionPatient = ["nan", 0, 0]
        ds.Manufacturer = None
        ds.ImageType = "ORIGINAL"
    return ds


def test_what_is_absent_empty_or_broken_is_nothing(broken: Dataset) -> None:
    assert read_number(broken, "SliceThickness") is None
    assert read_number(broken, "EchoTime") is None
    assert read_number(broken, "RescaleSlope") is None
    assert read_whole(broken, "Rows") is None
    assert read_numbers(broken, "PixelSpacing", 2) is None
    assert read_numbers(broken, "ImagePositionPatient", 3) is None
    assert read_numbers(broken, "ImageOrientationPatient", 6) is None
    assert read_text(broken, "Manufacturer") == ""
    assert read_texts(broken, "FrameType") == ()
    assert read_trait(broken, "EchoTime") is None


def test_what_is_there_is_read() -> None:
    ds = Dataset()
    ds.SliceThickness = "3.27"
    ds.NumberOfFrames = "12"
    ds.ImageType = ["DERIVED", "PRIMARY"]
    ds.PixelSpacing = ["0.5", "0.25"]
    ds.SequenceName = "*tse2d1_9"

    assert read_number(ds, "SliceThickness") == 3.27
    assert read_whole(ds, "NumberOfFrames") == 12
    assert read_texts(ds, "ImageType") == ("DERIVED", "PRIMARY")
    assert read_numbers(ds, "PixelSpacing", 2) == (0.5, 0.25)
    assert read_trait(ds, "ImageType") == ("DERIVED", "PRIMARY")
    assert read_trait(ds, "SequenceName") == "*tse2d1_9"
    assert read_trait(ds, "SliceThickness") == 3.27


def test_a_single_value_of_a_text_with_several_is_one_value() -> None:
    ds = Dataset()
    ds.ImageType = "ORIGINAL"

    assert read_texts(ds, "ImageType") == ("ORIGINAL",)


def written_as(keyword: str, vr: str, value: Any) -> Dataset:
    """A data set with an attribute of a VR that is not its own, or that holds what its VR cannot."""
    ds = Dataset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds.add(DataElement(Tag(keyword), vr, value, already_converted=True))
    return ds


@pytest.mark.parametrize(
    ("keyword", "vr", "value", "found"),
    [
        ("SliceThickness", "DS", "1_0", None),  # Python's way to write 10, not DICOM's
        ("SliceThickness", "LO", "2.5", 2.5),  # characters in other characters' VR
        ("SliceThickness", "FD", 2.5, None),  # bytes that a reader of characters takes for something else
        ("SliceThickness", "DS", [1.0, 2.0], None),
        ("SliceThickness", "DS", "1,5", None),
        ("Rows", "US", 12, 12),
        ("Rows", "IS", 12, None),
        ("Rows", "US", [12, 12], None),
        ("NumberOfFrames", "IS", 12.0, 12),
        ("NumberOfFrames", "IS", 12.5, None),
    ],
)
def test_a_number_counts_in_the_form_of_its_attribute_only(
    keyword: str, vr: str, value: Any, found: float | None
) -> None:
    ds = written_as(keyword, vr, value)
    read = read_number if keyword == "SliceThickness" else read_whole

    assert read(ds, keyword) == found
    assert is_there(ds, keyword)


@pytest.mark.parametrize(("value", "there"), [(None, False), ("", False), ("0", True)])
def test_what_is_there_is_told_from_what_is_absent_or_empty(value: str | None, *, there: bool) -> None:
    assert is_there(written_as("RescaleIntercept", "DS", value), "RescaleIntercept") == there
    assert not is_there(Dataset(), "RescaleIntercept")


def test_a_backslash_in_a_text_stays() -> None:
    assert (
        read_text(written_as("SeriesDescription", "LO", ["T1", "axial"]), "SeriesDescription") == r"T1\axial"
    )


def test_the_items_of_a_sequence_are_read_and_those_of_no_sequence_are_none() -> None:
    item = Dataset()
    item.SeriesInstanceUID = "1.2.3"
    ds = Dataset()
    ds.ReferencedSeriesSequence = Sequence([item])

    assert [
        read_text(found, "SeriesInstanceUID") for found in read_items(ds, "ReferencedSeriesSequence")
    ] == ["1.2.3"]
    assert read_items(Dataset(), "ReferencedSeriesSequence") == ()
    assert read_items(written_as("ReferencedSeriesSequence", "LO", "x"), "ReferencedSeriesSequence") == ()


@pytest.mark.parametrize("implicit", [True, False])
@pytest.mark.parametrize("comment", [10, 70_000], ids=["small", "over 64 kB"])
def test_a_sequence_that_was_written_as_unknown_is_one(comment: int, *, implicit: bool) -> None:
    item = Dataset()
    item.SeriesInstanceUID = "1.2.3"
    item.PixelData = b"c" * comment
    item["PixelData"].VR = "OB"
    whole = Dataset()
    whole.ReferencedSeriesSequence = Sequence([item])
    stream = DicomBytesIO()
    stream.is_little_endian, stream.is_implicit_VR = True, implicit
    write_dataset(stream, whole)
    content = stream.getvalue()[8 if implicit else 12 :]
    ds = Dataset()
    tag = Tag("ReferencedSeriesSequence")
    ds[tag] = RawDataElement(tag, "UN", len(content), content, 0, is_implicit_VR=False, is_little_endian=True)

    (found,) = read_items(ds, "ReferencedSeriesSequence")

    assert read_text(found, "SeriesInstanceUID") == "1.2.3"


def test_an_illegal_uid_is_read_without_a_word() -> None:
    assert uid("DOE^JANE").is_private
