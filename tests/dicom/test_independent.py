from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from sarcoma_core.dicom.headers import read_header
from sarcoma_core.dicom.independent import IndependentReader
from sarcoma_core.dicom.scan import Source
from sarcoma_core.errors import SeriesRefused
from tests.dicom.series_maker import Stack, save


def sources(paths: list[Path]) -> list[Source]:
    headers = [read_header(path) for path in paths]
    return [Source(header, plane) for header in headers for plane in header.planes]


@pytest.mark.parametrize("modality", ["MR", "CT", "PT"])
@pytest.mark.parametrize(("slope", "intercept"), [(1, 0), (1, -1024), (2, 0), (2.5, 10)])
def test_values_are_rescaled_for_every_modality(
    tmp_path: Path, modality: str, slope: float, intercept: float
) -> None:
    """GDCM alone does not rescale MR; ITK asks it to. Should that ever change, this shows it."""
    stack = Stack(modality=modality)
    paths = save(stack.datasets(RescaleSlope=slope, RescaleIntercept=intercept), tmp_path)

    volume = IndependentReader().read_volume(sources(paths))

    np.testing.assert_array_equal(volume, stack.stored * slope + intercept)


def test_each_frame_has_its_own_rescaling(data: Path, tmp_path: Path) -> None:
    dataset = pydicom.dcmread(data / "quirks/enhanced_xa10/XA10/6_1.dcm")
    slopes = [0.5, 2.0, 3.25, 1.0, 7.0, 1.5]
    for groups, slope in zip(dataset.PerFrameFunctionalGroupsSequence, slopes, strict=True):
        groups.PixelValueTransformationSequence[0].RescaleSlope = slope
        groups.PixelValueTransformationSequence[0].RescaleIntercept = 10 * slope
    dataset.save_as(tmp_path / "one.dcm")

    volume = IndependentReader().read_volume(sources([tmp_path / "one.dcm"]))

    expected = dataset.pixel_array * np.array(slopes)[:, None, None] + 10 * np.array(slopes)[:, None, None]
    np.testing.assert_array_equal(volume, expected)


def test_a_file_that_it_cannot_decode_refuses_the_scan_without_a_name(tmp_path: Path) -> None:
    paths = save(Stack().datasets(), tmp_path)
    planes = sources(paths)
    dataset: Any = pydicom.dcmread(paths[2])
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.JPEG2000Lossless
    dataset.PixelData = pydicom.encaps.encapsulate([b"no JPEG"])
    dataset["PixelData"].VR = "OB"
    dataset.save_as(paths[2])

    with pytest.raises(SeriesRefused, match="cannot decode") as error:
        IndependentReader().read_volume(planes)

    assert "DOE" not in str(error.value)


def test_a_gap_of_nothing_between_slices_is_no_hindrance(tmp_path: Path) -> None:
    stack = Stack()
    paths = save(stack.datasets(SpacingBetweenSlices=0), tmp_path)

    np.testing.assert_array_equal(IndependentReader().read_volume(sources(paths)), stack.stored)


def test_another_size_than_the_headers_refuses_the_scan(tmp_path: Path) -> None:
    paths = save(Stack(slices=1).datasets(), tmp_path)
    planes = sources(paths)
    save(Stack(slices=1, shape=(8, 10)).datasets(), tmp_path)

    with pytest.raises(SeriesRefused, match="1 frames of 8 x 10; the header says 1 of 12 x 10"):
        IndependentReader().read_volume(planes)
