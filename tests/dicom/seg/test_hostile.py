"""Segmentations that are damaged, lie, or ask for too much: an error of ours each, and nothing else."""

import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from sarcoma_core.dicom.seg import read_seg
from sarcoma_core.dicom.seg.pixels import LARGEST_FRAME
from sarcoma_core.errors import DicomError, InputError, SeriesRefused
from tests.dicom.seg.seg_maker import Made, compress, frames_of, grid_of, random_mask, save
from tests.dicom.series_maker import Stack

STACK = Stack(slices=3, shape=(7, 5))
MASK = random_mask(STACK, 1)
GRID = grid_of(STACK)
MADE = Made(STACK, frames_of(MASK))
FRACTIONS = Made(STACK, frames_of(MASK * 255), kind="FRACTIONAL")


def read_changed(tmp_path: Path, change: Callable[[Dataset], object], made: Made = MADE) -> None:
    dataset = made.dataset()
    change(dataset)
    read_seg(save(dataset, tmp_path))


@pytest.mark.parametrize("part", [0.0, 0.01, 0.2, 0.5, 0.9, 0.97])
def test_a_file_that_is_cut_short_is_an_error(tmp_path: Path, part: float) -> None:
    path = MADE.save(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    with pytest.raises(DicomError):
        read_seg(path)


def test_a_file_that_is_no_dicom_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"\x89PNG" * 100)
    with pytest.raises(DicomError, match="not DICOM"):
        read_seg(path)


def test_another_object_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x.dcm"
    Stack().datasets()[0].save_as(path, enforce_file_format=True)
    with pytest.raises(DicomError, match="SOPClassUID"):
        read_seg(path)


def _set(**values: object) -> Callable[[Dataset], None]:
    def change(dataset: Dataset) -> None:
        for keyword, value in values.items():
            setattr(dataset, keyword, value)

    return change


def _without(keyword: str) -> Callable[[Dataset], None]:
    return lambda dataset: delattr(dataset, keyword)


def _refer(number: int) -> Callable[[Dataset], None]:
    def change(dataset: Dataset) -> None:
        frame = dataset.PerFrameFunctionalGroupsSequence[1]
        frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber = number

    return change


def _twice(dataset: Dataset) -> None:
    dataset.SegmentSequence.append(dataset.SegmentSequence[0])


def _segment_number(number: int) -> Callable[[Dataset], None]:
    return lambda dataset: setattr(dataset.SegmentSequence[0], "SegmentNumber", number)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_set(NumberOfFrames=2), "PerFrameFunctionalGroupsSequence"),
        (_set(NumberOfFrames=4), "PerFrameFunctionalGroupsSequence|pixel data"),
        (_set(NumberOfFrames=2**31 - 1), "pixel data|PixelData"),
        (_set(NumberOfFrames=0), "NumberOfFrames"),
        (_set(Rows=0), "Rows"),
        (_set(Rows=65535, Columns=65535), "pixel data"),
        (_set(PixelData=b"\0\0"), "pixel data"),
        (_set(BitsAllocated=16), "BitsAllocated|pixel data"),
        (_set(SamplesPerPixel=3), "SamplesPerPixel|pixel data"),
        (_set(SegmentationType="SURFACE"), "SegmentationType"),
        (_without("SegmentationType"), "SegmentationType"),
        (_without("PixelData"), "cut short"),
        (_without("SegmentSequence"), "SegmentSequence"),
        (_set(SegmentSequence=[]), "SegmentSequence"),
        (_without("PerFrameFunctionalGroupsSequence"), "PerFrameFunctionalGroupsSequence"),
        (_without("SharedFunctionalGroupsSequence"), ""),
        (_without("NumberOfFrames"), "NumberOfFrames"),
        (_without("BitsAllocated"), "BitsAllocated"),
        (_without("StudyInstanceUID"), "StudyInstanceUID"),
        (_refer(2), "ReferencedSegmentNumber: must be one of SegmentSequence; found 2 in frame 2"),
        (_refer(0), "ReferencedSegmentNumber"),
        (_segment_number(0), "SegmentNumber"),
        (_twice, "SegmentNumber"),
        (lambda ds: delattr(ds.SegmentSequence[0], "SegmentNumber"), "SegmentNumber"),
        (
            lambda ds: delattr(ds.PerFrameFunctionalGroupsSequence[0], "SegmentIdentificationSequence"),
            "ReferencedSegmentNumber",
        ),
    ],
)
def test_an_object_that_contradicts_itself_is_an_error(
    tmp_path: Path, change: Callable[[Dataset], None], told: str
) -> None:
    if not told:  # frames without a place are told when they are asked for
        dataset = MADE.dataset()
        change(dataset)
        with pytest.raises(SeriesRefused, match="no position"):
            read_seg(save(dataset, tmp_path)).on(1, GRID)
        return
    with pytest.raises(DicomError, match=told):
        read_changed(tmp_path, change)


@pytest.mark.parametrize("most", [0, 256, None])
def test_a_greatest_fraction_that_no_byte_holds_is_an_error(tmp_path: Path, most: int | None) -> None:
    with pytest.raises(DicomError, match="MaximumFractionalValue"):
        read_changed(
            tmp_path,
            _without("MaximumFractionalValue") if most is None else _set(MaximumFractionalValue=most),
            FRACTIONS,
        )


def test_frames_just_too_large_are_an_error_before_anything_is_decoded(tmp_path: Path) -> None:
    rows, columns = 8192, LARGEST_FRAME // 8192 + 1
    dataset = compress(FRACTIONS.dataset(), JPEGLSLossless, [b"\0" * 64] * 3)
    dataset.Rows, dataset.Columns = rows, columns
    with pytest.raises(DicomError, match="Rows x Columns"):
        read_seg(save(dataset, tmp_path / "too large"))
    dataset.Columns = columns - 1
    assert read_seg(save(dataset, tmp_path / "just not")).regions


def test_a_bomb_is_an_error(tmp_path: Path) -> None:
    dataset = MADE.dataset()
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    path = save(dataset, tmp_path)
    content = path.read_bytes()
    meta = content[: 144 + pydicom.dcmread(path).file_meta.FileMetaInformationGroupLength]
    deflater = zlib.compressobj(level=1, wbits=-zlib.MAX_WBITS)
    head = deflater.compress(zlib.decompress(content[len(meta) :], wbits=-zlib.MAX_WBITS))
    zeros = [deflater.compress(bytes(2**20)) for _ in range(513)]
    path.write_bytes(meta + head + b"".join(zeros) + deflater.flush())
    with pytest.raises(DicomError, match="deflated data set must be 536870912 bytes at most"):
        read_seg(path)


def test_a_deflated_one_with_too_few_pixels_is_an_error(tmp_path: Path) -> None:
    dataset = MADE.dataset(PixelData=b"\0" * 12)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    with pytest.raises(DicomError, match="PixelData: must be 14 bytes"):
        read_seg(save(dataset, tmp_path))


def test_what_nothing_here_decodes_is_an_error(tmp_path: Path) -> None:
    dataset = compress(FRACTIONS.dataset(), JPEGLosslessSV1, [b"\xff\xd8\xff\xd9"] * 3)
    with pytest.raises(DicomError, match="TransferSyntaxUID: must be one that can be decoded"):
        read_seg(save(dataset, tmp_path))


def test_big_endian_is_an_error(tmp_path: Path) -> None:
    dataset = MADE.dataset()
    dataset["PixelData"].VR = "OB"
    dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    with pytest.raises(DicomError, match="little endian"):
        read_seg(save(dataset, tmp_path))


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless])
def test_a_frame_that_cannot_be_decoded_is_refused(tmp_path: Path, syntax: str) -> None:
    dataset = FRACTIONS.dataset()
    dataset.compress(syntax, generate_instance_uid=False)
    frames = list(generate_frames(dataset.PixelData, number_of_frames=3))
    damaged = compress(dataset, syntax, [frames[0], frames[1][:24], frames[2]])
    path = save(damaged, tmp_path)
    with pytest.raises((DicomError, SeriesRefused)):
        read_seg(path).on(1, GRID)


def test_a_small_frame_that_asks_for_gigabytes_is_refused(tmp_path: Path) -> None:
    dataset = FRACTIONS.dataset()
    dataset.compress(JPEGLSLossless, generate_instance_uid=False)
    frames = list(generate_frames(dataset.PixelData, number_of_frames=3))
    at = frames[1].index(b"\xff\xf7") + 5
    bomb = frames[1][:at] + b"\xff\xff\xff\xff" + frames[1][at + 4 :]
    drawing = read_seg(save(compress(dataset, JPEGLSLossless, [frames[0], bomb, frames[2]]), tmp_path))
    with pytest.raises(SeriesRefused, match="not of Rows and Columns"):
        drawing.on(1, GRID)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless])
def test_compressed_frames_that_are_too_small_are_refused(tmp_path: Path, syntax: str) -> None:
    dataset = FRACTIONS.dataset()
    dataset.compress(syntax, generate_instance_uid=False)
    dataset.Rows = 8
    path = save(dataset, tmp_path)
    with pytest.raises((DicomError, SeriesRefused)):
        read_seg(path).on(1, GRID)


@pytest.mark.parametrize("far", ["1e9", "1e300", "-3e7"])
def test_frames_that_lie_light_years_apart_are_refused(tmp_path: Path, far: str) -> None:
    dataset = MADE.dataset()
    for index, place in enumerate(("-20.5", far, "-20.5")):
        position = dataset.PerFrameFunctionalGroupsSequence[index].PlanePositionSequence[0]
        position.ImagePositionPatient = [place, *position.ImagePositionPatient[1:]]
    with pytest.raises(SeriesRefused):
        read_seg(save(dataset, tmp_path)).on(1, GRID)


def test_errors_name_no_patient(tmp_path: Path) -> None:
    path = MADE.save(tmp_path, PatientID="MRN-0042")
    content = path.read_bytes()
    told = []
    for cut in range(200, len(content), 97):
        path.write_bytes(content[:cut])
        with pytest.raises(DicomError) as caught:
            read_seg(path)
        told.append(str(caught.value))
    assert not any("0042" in text or "DOE" in text or "Roe" in text for text in told)


KINDS = {
    "binary": MADE.dataset(),
    "fractions": FRACTIONS.dataset(),
    "labels": Made(STACK, frames_of(MASK * 1), kind="LABELMAP", numbers=(0, 1)).dataset(),
    "rle": FRACTIONS.dataset(),
    "jpeg-ls": FRACTIONS.dataset(),
}
KINDS["rle"].compress(RLELossless, generate_instance_uid=False)
KINDS["jpeg-ls"].compress(JPEGLSLossless, generate_instance_uid=False)


@pytest.mark.parametrize("kind", KINDS)
@seed(12)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_bytes_are_changed_only_our_errors_come_out(
    tmp_path: Path, kind: str, data: st.DataObject
) -> None:
    content = bytearray(save(KINDS[kind], tmp_path).read_bytes())
    for _ in range(data.draw(st.integers(1, 4), label="changes")):
        place = data.draw(st.integers(132, len(content) - 1), label="place")
        content[place] = data.draw(st.integers(0, 255), label="byte")
    path = tmp_path / "changed.dcm"
    path.write_bytes(content)
    try:
        drawing = read_seg(path)
        drawing.fits(GRID)
        for region in drawing.regions:
            mask = drawing.on(region.number, GRID).mask
            assert mask.shape == GRID.array.shape
            assert mask.dtype == np.bool_
    except InputError:
        pass
