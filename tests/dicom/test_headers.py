from pathlib import Path

import pydicom
import pytest

from sarcoma_core.dicom.headers import read_header
from sarcoma_core.errors import DicomError
from tests.dicom.series_maker import Stack, save


def test_a_classic_image_is_one_plane_with_its_own_geometry(tmp_path: Path) -> None:
    stack = Stack(gap=4.0, origin=(-20, -30, 40))
    path = save(stack.datasets(SpacingBetweenSlices=-4.0, RescaleSlope=2.5, RescaleIntercept=3), tmp_path)[2]

    header = read_header(path)
    (plane,) = header.planes

    assert header.instance_number == 3
    assert plane.position == (-20.0, -30.0, 48.0)
    assert plane.orientation == stack.orientation
    assert plane.pixel_spacing == (1.5, 1.25)
    assert (plane.rows, plane.columns) == stack.shape
    assert (plane.slope, plane.intercept) == (2.5, 3)
    assert plane.spacing == -4.0


def test_private_counts_of_slices_are_read_where_their_maker_put_them(tmp_path: Path) -> None:
    (dataset,) = Stack(slices=1).datasets(ImagesInAcquisition=30)
    dataset.private_block(0x0021, "GEMS_RELA_01", create=True).add_new(0x4F, "SS", 31)
    dataset.private_block(0x2001, "Philips Imaging DD 001", create=True).add_new(0x18, "SL", 32)
    (path,) = save([dataset], tmp_path)

    assert dict(read_header(path).declared_slices) == {
        "ImagesInAcquisition": 30,
        "LocationsInAcquisition (GE)": 31,
        "NumberOfSlicesMR (Philips)": 32,
    }


def test_broken_values_are_no_values(tmp_path: Path) -> None:
    (dataset,) = Stack(slices=1).datasets(PixelSpacing=None, ImagePositionPatient=None)
    (path,) = save([dataset], tmp_path)

    (plane,) = read_header(path).planes

    assert plane.pixel_spacing is None
    assert plane.position is None


def test_a_file_that_is_cut_short_is_an_error_without_its_name(tmp_path: Path) -> None:
    (path,) = save(Stack(slices=1).datasets(), tmp_path)
    path.write_bytes(path.read_bytes()[:-50])

    with pytest.raises(DicomError, match="cut short") as error:
        read_header(path)
    assert "DOE" not in str(error.value)


def test_frames_of_a_multi_frame_object_have_their_own_geometry_or_the_shared_one(data: Path) -> None:
    path = data / "quirks/enhanced_xa10/XA10/6_1.dcm"
    dataset = pydicom.dcmread(path, stop_before_pixels=True)

    planes = read_header(path).planes

    assert len(planes) == dataset.NumberOfFrames
    for plane, groups in zip(planes, dataset.PerFrameFunctionalGroupsSequence, strict=True):
        position = groups.PlanePositionSequence[0].ImagePositionPatient
        assert plane.position == tuple(float(v) for v in position)
        assert plane.pixel_spacing == (3.375, 3.375)
        assert plane.stack == "1"
