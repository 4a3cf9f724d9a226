import warnings

import pytest
from pydicom.dataset import Dataset

from sarcoma_core.archive.values import (
    read_number,
    read_numbers,
    read_text,
    read_texts,
    read_trait,
    read_whole,
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
