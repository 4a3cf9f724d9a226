"""What is read of an image plane, from a classic image, a multi-frame object and a mosaic."""

from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from sarcoma_core.dicom.mosaic import Mosaic
from sarcoma_core.dicom.planes import TRAITS, Plane, read_planes
from tests.dicom.enhanced_maker import enhanced
from tests.dicom.series_maker import Stack


def item(**values: Any) -> Sequence:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return Sequence([dataset])


def trait(plane: Plane, keyword: str) -> object:
    return plane.traits[TRAITS.index(keyword)]


def classic(**values: Any) -> Plane:
    (plane,) = read_planes(Stack().datasets(**values)[1], None)
    return plane


def test_a_classic_image_is_one_plane_with_the_words_of_the_standard() -> None:
    plane = classic(
        SpacingBetweenSlices=-4.5, RescaleSlope=2, RescaleIntercept=-3, RescaleType="HU", FlipAngle=15
    )

    assert (plane.frame, plane.stack) == (0, "")
    assert (plane.rows, plane.columns) == (12, 10)
    assert plane.position == (-20.0, -30.0, 44.0)
    assert plane.orientation == (1, 0, 0, 0, 1, 0)
    assert plane.pixel_spacing == (1.5, 1.25)
    assert (plane.thickness, plane.spacing) == (4.0, -4.5)
    assert (plane.slope, plane.intercept, plane.rescale_type) == (2.0, -3.0, "HU")
    assert plane.rescaling == (2.0, -3.0)
    assert trait(plane, "EchoTime") == 10.0
    assert trait(plane, "FlipAngle") == 15.0
    assert trait(plane, "ImageType") == ("ORIGINAL", "PRIMARY", "M")
    assert plane.broken == ()


def test_what_is_absent_is_none_or_empty_and_not_broken() -> None:
    plane = classic(
        Rows=None,
        Columns=None,
        ImagePositionPatient=None,
        ImageOrientationPatient=None,
        PixelSpacing=None,
        SliceThickness=None,
        EchoTime=None,
    )

    assert (plane.rows, plane.columns) == (0, 0)
    assert (plane.position, plane.orientation, plane.pixel_spacing) == (None, None, None)
    assert (plane.thickness, plane.spacing) == (None, None)
    assert trait(plane, "EchoTime") is None
    assert plane.broken == ()


@pytest.mark.parametrize(
    ("values", "rescaling"),
    [
        ({}, (1.0, 0.0)),
        ({"RescaleSlope": 2}, (2.0, 0.0)),
        ({"RescaleIntercept": -1024}, (1.0, -1024.0)),
        ({"RescaleSlope": 0, "RescaleIntercept": 0}, (0.0, 0.0)),
    ],
)
def test_without_a_rescaling_values_are_as_stored(
    values: dict[str, Any], rescaling: tuple[float, float]
) -> None:
    """PS3.3, C.11.1: output = slope x stored + intercept."""
    assert classic(**values).rescaling == rescaling


@pytest.mark.parametrize(
    ("keyword", "attribute", "value"),
    [
        ("ImagePositionPatient", "position", [1, 2]),
        ("ImagePositionPatient", "position", [1, 2, 3, 4]),
        ("ImageOrientationPatient", "orientation", [1, 0, 0, 0, 1]),
        ("ImageOrientationPatient", "orientation", [1, 0, 0, 0, 1, 0, 0]),
        ("PixelSpacing", "pixel_spacing", [1, 1, 1]),
    ],
)
def test_numbers_that_are_too_few_or_too_many_are_broken(keyword: str, attribute: str, value: Any) -> None:
    plane = classic(**{keyword: value})

    assert getattr(plane, attribute) is None
    assert plane.broken == (keyword,)


def test_frames_are_numbered_and_each_has_its_own_groups() -> None:
    stack = Stack(slices=3)

    planes = read_planes(enhanced([stack], slopes=[1, 2, 3]), None)

    assert [plane.frame for plane in planes] == [0, 1, 2]
    assert [plane.position for plane in planes] == [(-20, -30, 40), (-20, -30, 44), (-20, -30, 48)]
    assert [plane.rescaling for plane in planes] == [(1, 0), (2, 0), (3, 0)]
    assert {plane.rescale_type for plane in planes} == {"US"}
    assert {(plane.rows, plane.columns, plane.stack) for plane in planes} == {(12, 10, "1")}
    assert {plane.orientation for plane in planes} == {(1, 0, 0, 0, 1, 0)}


def test_a_group_of_the_frame_stands_before_the_one_that_all_share() -> None:
    """PS3.3, C.7.6.16: a functional group is in one of the two; some write both."""
    whole = enhanced([Stack(slices=2)])
    own = whole.PerFrameFunctionalGroupsSequence[1]
    own.PixelMeasuresSequence = item(PixelSpacing=[0.5, 0.75], SliceThickness=3, SpacingBetweenSlices=3.5)

    shared, frame = read_planes(whole, None)

    assert (shared.pixel_spacing, shared.thickness, shared.spacing) == ((1.5, 1.25), 4.0, None)
    assert (frame.pixel_spacing, frame.thickness, frame.spacing) == ((0.5, 0.75), 3.0, 3.5)


@pytest.mark.parametrize(
    ("keyword", "sequence", "name", "value", "read"),
    [
        ("EchoTime", "MREchoSequence", "EffectiveEchoTime", 80.0, 80.0),
        ("DiffusionBValue", "MRDiffusionSequence", "DiffusionBValue", 800.0, 800.0),
        ("FlipAngle", "MRTimingAndRelatedParametersSequence", "FlipAngle", 12.0, 12.0),
        ("TriggerTime", "CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime", 300.0, 300.0),
        ("FrameReferenceTime", "PETFrameAcquisitionSequence", "FrameReferenceTime", 60.0, 60.0),
        ("ComplexImageComponent", "MRImageFrameTypeSequence", "ComplexImageComponent", "PHASE", "PHASE"),
        ("TemporalPositionIdentifier", "FrameContentSequence", "TemporalPositionIndex", 7, 7.0),
    ],
)
def test_a_trait_is_read_where_multi_frame_objects_keep_it(
    keyword: str, sequence: str, name: str, value: Any, read: object
) -> None:
    whole = enhanced([Stack(slices=2)])
    setattr(whole.PerFrameFunctionalGroupsSequence[0], sequence, item(**{name: value}))

    assert trait(read_planes(whole, None)[0], keyword) == read


def test_a_trait_that_no_group_has_is_that_of_the_object() -> None:
    whole = enhanced([Stack(slices=2)])
    whole.DiffusionBValue, whole.KVP = 50.0, 120
    whole.SharedFunctionalGroupsSequence[0].MRDiffusionSequence = item(DiffusionDirectionality="NONE")

    for plane in read_planes(whole, None):
        assert trait(plane, "DiffusionBValue") == 50.0
        assert trait(plane, "KVP") == 120.0


def test_tiles_of_a_mosaic_are_planes_of_their_own_size_and_place() -> None:
    corners = ((-20.0, -30.0, 40.0), (-20.0, -30.0, 44.0), (-20.0, -30.0, 48.0))
    dataset = Stack().datasets(EchoTime=33)[0]

    planes = read_planes(dataset, Mosaic(3, 2, 6, 5, corners))

    assert [plane.frame for plane in planes] == [0, 1, 2]
    assert tuple(plane.position for plane in planes) == corners
    assert {(plane.rows, plane.columns) for plane in planes} == {(6, 5)}
    assert {(plane.pixel_spacing, trait(plane, "EchoTime")) for plane in planes} == {((1.5, 1.25), 33.0)}
