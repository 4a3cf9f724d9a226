"""Segmentations of each kind and layout, made with pydicom alone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGLSLossless, RLELossless

from sarcoma_core.dicom.drawings import CodedConcept, Drawing
from sarcoma_core.dicom.seg import read_seg
from tests.dicom.seg.seg_maker import Frame, Made, compress, frames_of, grid_of, random_mask, save
from tests.dicom.series_maker import Stack

STACK = Stack(slices=4, shape=(7, 5))
"""35 pixels: no frame but the first begins at a byte."""
GRID = grid_of(STACK)
ONE, TWO = random_mask(STACK, 1), random_mask(STACK, 2)


def test_a_binary_segment_is_read_where_frames_do_not_begin_at_bytes(tmp_path: Path) -> None:
    path = Made(STACK, frames_of(ONE)).save(tmp_path)
    placed = read_seg(path).on(1, GRID)
    np.testing.assert_array_equal(placed.mask, ONE)
    assert (placed.placement, placed.notes) == ("as drawn", ())
    assert placed.facts == {"frames": 4, "lost_voxels": 0}


def test_it_is_a_drawing(tmp_path: Path) -> None:
    drawing: Drawing = read_seg(Made(STACK, frames_of(ONE)).save(tmp_path))
    assert drawing.fits(GRID)


def test_segments_that_overlap_are_both_whole(tmp_path: Path) -> None:
    assert (ONE & TWO).any()
    drawing = read_seg(Made(STACK, [*frames_of(ONE, 1), *frames_of(TWO, 2)]).save(tmp_path))
    np.testing.assert_array_equal(drawing.on(1, GRID).mask, ONE)
    np.testing.assert_array_equal(drawing.on(2, GRID).mask, TWO)


def test_frames_may_come_in_any_order_and_numbers_with_gaps(tmp_path: Path) -> None:
    frames = [*frames_of(ONE, 9), *frames_of(TWO, 4)]
    order = np.random.default_rng(3).permutation(len(frames))
    path = Made(STACK, [frames[i] for i in order], numbers=(9, 4, 300)).save(tmp_path)
    drawing = read_seg(path)
    assert [region.number for region in drawing.regions] == [4, 9, 300]
    np.testing.assert_array_equal(drawing.on(9, GRID).mask, ONE)
    np.testing.assert_array_equal(drawing.on(4, GRID).mask, TWO)


def test_place_and_measures_may_stand_in_each_frame(tmp_path: Path) -> None:
    path = Made(STACK, frames_of(ONE), shared=False).save(tmp_path)
    np.testing.assert_array_equal(read_seg(path).on(1, GRID).mask, ONE)


def test_the_segment_may_be_told_once_for_all_frames(tmp_path: Path) -> None:
    dataset = Made(STACK, frames_of(ONE)).dataset()
    identification = dataset.PerFrameFunctionalGroupsSequence[0].SegmentIdentificationSequence
    dataset.SharedFunctionalGroupsSequence[0].SegmentIdentificationSequence = identification
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        del frame.SegmentIdentificationSequence
    np.testing.assert_array_equal(read_seg(save(dataset, tmp_path)).on(1, GRID).mask, ONE)


def test_slices_without_a_frame_are_empty(tmp_path: Path) -> None:
    frames = frames_of(ONE)
    placed = read_seg(Made(STACK, [frames[3], frames[2]]).save(tmp_path)).on(1, GRID)
    assert not placed.mask[:, :, :2].any()
    np.testing.assert_array_equal(placed.mask[:, :, 2:], ONE[:, :, 2:])


def test_it_is_told_where_no_two_slices_are_neighbours(tmp_path: Path) -> None:
    frames = frames_of(ONE)
    apart = read_seg(Made(STACK, [frames[1], frames[3]]).save(tmp_path / "2")).on(1, GRID)
    assert apart.notes == ("no two of its slices are neighbours: between them it is empty",)
    assert read_seg(Made(STACK, [frames[1]]).save(tmp_path / "1")).on(1, GRID).notes == ()


@pytest.mark.parametrize("kind", ["PROBABILITY", "OCCUPANCY"])
@pytest.mark.parametrize("most", [255, 254, 100, 1])
def test_a_half_of_the_greatest_fraction_is_inside_and_less_is_not(
    tmp_path: Path, kind: str, most: int
) -> None:
    values = np.arange(256).reshape(1, 16, 16) % (most + 1)
    stack = replace(STACK, slices=1, shape=(16, 16))
    made = Made(stack, [Frame(1, 0, values[0])], kind="FRACTIONAL")
    path = made.save(tmp_path, MaximumFractionalValue=most, SegmentationFractionalType=kind)
    placed = read_seg(path).on(1, grid_of(stack))
    np.testing.assert_array_equal(placed.mask[:, :, 0].T, values[0] / most >= 0.5)
    assert placed.notes == (f"a fraction of a half or more is inside ({kind})",)


def labels() -> np.ndarray:
    return np.where(ONE, 3, np.where(TWO, 7, 0))


@pytest.mark.parametrize("padding", [None, 0, 5])
def test_a_label_map_has_its_segments_and_no_background(tmp_path: Path, padding: int | None) -> None:
    made = Made(STACK, frames_of(labels()), kind="LABELMAP", numbers=(0, 3, 5, 7))
    dataset = made.dataset(PixelPaddingValue=0)
    del dataset.PixelPaddingValue
    if padding is not None:
        dataset.add_new("PixelPaddingValue", "US", padding)
    drawing = read_seg(save(dataset, tmp_path))
    assert [region.number for region in drawing.regions] == ([3, 7] if padding == 5 else [3, 5, 7])
    np.testing.assert_array_equal(drawing.on(3, GRID).mask, ONE)
    np.testing.assert_array_equal(drawing.on(7, GRID).mask, TWO & ~ONE)


def test_a_label_map_may_have_numbers_of_two_bytes(tmp_path: Path) -> None:
    stored = np.stack([np.where(frame.values, 3000, 0) for frame in frames_of(ONE)]).astype("<u2").tobytes()
    made = Made(STACK, frames_of(labels()), kind="LABELMAP", numbers=(3000,))
    path = made.save(tmp_path, BitsAllocated=16, BitsStored=16, HighBit=15, PixelData=stored)
    np.testing.assert_array_equal(read_seg(path).on(3000, GRID).mask, ONE)


def test_a_segment_that_is_called_background_by_its_code_is_none(tmp_path: Path) -> None:
    dataset = Made(STACK, frames_of(labels()), kind="LABELMAP", numbers=(3, 7)).dataset()
    code = dataset.SegmentSequence[1].SegmentedPropertyTypeCodeSequence[0]
    code.CodeValue, code.CodingSchemeDesignator = "125040", "DCM"
    assert [region.number for region in read_seg(save(dataset, tmp_path)).regions] == [3]


def test_what_it_says_of_itself_is_told(tmp_path: Path) -> None:
    dataset = Made(STACK, frames_of(ONE)).dataset()
    instance, series, other = Dataset(), Dataset(), Dataset()
    instance.ReferencedSOPInstanceUID = "1.2.3.1"
    series.SeriesInstanceUID, series.ReferencedInstanceSequence = "1.2.3.4", Sequence([instance])
    other.StudyInstanceUID = "1.2.3.5"
    dataset.ReferencedSeriesSequence = Sequence([series])
    dataset.StudiesContainingOtherReferencedInstancesSequence = Sequence([other])
    image, source = Dataset(), Dataset()
    source.ReferencedSOPInstanceUID = "1.2.3.2"
    image.SourceImageSequence = Sequence([source])
    dataset.PerFrameFunctionalGroupsSequence[1].DerivationImageSequence = Sequence([image])
    drawing = read_seg(save(dataset, tmp_path))
    told = drawing.source
    assert (told.kind, told.uid, told.label) == ("SEG", "1.2.826.0.1.3680043.8.498.7", "LESION")
    assert told.study_uids == {"1.2.826.0.1.3680043.8.498.2", "1.2.3.5"}
    assert told.series_uids == {"1.2.3.4"}
    assert told.sop_uids == {"1.2.3.1", "1.2.3.2"}
    assert told.frames == {"1.2.826.0.1.3680043.8.498.3"}
    assert (told.reader, told.software, told.time) == ("Roe^R", "Maker, 1, 2", "2021-03-06T11:12:13")
    (region,) = drawing.regions
    assert (region.number, region.name) == (1, "label 1")
    assert region.concept == CodedConcept("4147007", "SCT", "Mass")


@pytest.mark.parametrize(
    ("date", "clock", "told"),
    [
        ("20210306", "1112", "2021-03-06"),
        ("20210306", "", "2021-03-06"),
        ("", "111213", ""),
    ],
)
def test_a_time_that_is_not_whole_is_told_as_far_as_it_goes(
    tmp_path: Path, date: str, clock: str, told: str
) -> None:
    path = Made(STACK, frames_of(ONE)).save(tmp_path, ContentDate=date, ContentTime=clock)
    assert read_seg(path).source.time == told


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
def test_other_native_encodings_are_read(tmp_path: Path, syntax: str) -> None:
    dataset = Made(STACK, frames_of(ONE)).dataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    np.testing.assert_array_equal(read_seg(save(dataset, tmp_path)).on(1, GRID).mask, ONE)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless])
def test_compressed_frames_are_read(tmp_path: Path, syntax: str) -> None:
    dataset = Made(STACK, frames_of(ONE * 255), kind="FRACTIONAL").dataset()
    dataset.compress(syntax, generate_instance_uid=False)
    placed = read_seg(save(dataset, tmp_path)).on(1, GRID)
    np.testing.assert_array_equal(placed.mask, ONE)


def test_a_binary_one_may_be_written_in_bytes(tmp_path: Path) -> None:
    stored = np.stack([frame.values for frame in frames_of(ONE)]).astype(np.uint8).tobytes()
    path = Made(STACK, frames_of(ONE)).save(
        tmp_path, BitsAllocated=8, BitsStored=8, HighBit=7, PixelData=stored
    )
    np.testing.assert_array_equal(read_seg(path).on(1, GRID).mask, ONE)


def test_every_frame_is_decoded_by_itself(tmp_path: Path) -> None:
    """A compressed frame that is damaged does no harm to the segments that are not in it."""
    frames = [*frames_of(ONE * 255, 1), *frames_of(TWO * 255, 2)]
    dataset = Made(STACK, frames, kind="FRACTIONAL").dataset()
    dataset.compress(JPEGLSLossless, generate_instance_uid=False)
    stored = list(generate_frames(dataset.PixelData, number_of_frames=8))
    stored[6] = stored[6][:24]
    drawing = read_seg(save(compress(dataset, JPEGLSLossless, stored), tmp_path))
    np.testing.assert_array_equal(drawing.on(1, GRID).mask, ONE)
