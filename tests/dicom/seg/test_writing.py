"""What we write, read back by readers that share nothing with ours; patient and study of the source."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from sarcoma_core.dicom.drawings import CodedConcept
from sarcoma_core.dicom.seg import SegIdentity, SegmentToWrite, meaning_of, read_seg, write_seg
from sarcoma_core.errors import InputError
from sarcoma_core.imaging.volume import Mask, Volume
from tests.dicom.enhanced_maker import enhanced
from tests.dicom.seg.other_readers import by_bits, by_dcmqi, by_highdicom, dciodvfy_errors
from tests.dicom.seg.seg_maker import grid_of, random_mask
from tests.dicom.seg.test_placing import OBLIQUE, ORDERS, turned
from tests.dicom.series_maker import CORONAL, SAGITTAL, Stack, save

STACK = Stack(slices=5, shape=(11, 7))
IDENTITY = SegIdentity(
    series_uid="1.2.826.0.1.3680043.8.498.71",
    sop_uid="1.2.826.0.1.3680043.8.498.72",
    time=datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
)
STACKS = {
    "axial": STACK,
    "coronal CT": replace(STACK, orientation=CORONAL, modality="CT"),
    "sagittal PET": replace(STACK, orientation=SAGITTAL, modality="PT"),
    "oblique": replace(STACK, orientation=OBLIQUE),
    "thin in the plane": replace(STACK, gap=7.5, pixel_spacing=(0.4, 0.3)),
    "against the normal": replace(STACK, gap=-3.0),
    "single slice": replace(STACK, slices=1),
}


def sources(stack: Stack, folder: Path, **values: Any) -> list[Path]:
    return save(stack.datasets(**values), folder / "images")


def write(
    folder: Path, masks: Sequence[Mask], paths: Sequence[Path], grid: Volume, kind: str = "BINARY"
) -> Path:
    segments = [
        SegmentToWrite(number, f"label {number}", mask.astype(np.float32) if kind == "FRACTIONAL" else mask)
        for number, mask in enumerate(masks, 1)
    ]
    path = folder / f"{kind}.dcm"
    path.write_bytes(write_seg(segments, paths, grid, kind=kind, identity=IDENTITY))
    return path


def sop_uids(paths: Sequence[Path]) -> list[str]:
    return [str(pydicom.dcmread(path).SOPInstanceUID) for path in paths]


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL", "LABELMAP"])
@pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS)
def test_highdicom_bits_and_we_read_back_each_voxel(tmp_path: Path, stack: Stack, kind: str) -> None:
    grid, paths = grid_of(stack), sources(stack, tmp_path)
    one, two = random_mask(stack, 1), random_mask(stack, 2)
    masks = [one, two & ~one if kind == "LABELMAP" else two]
    path = write(tmp_path, masks, paths, grid, kind)
    drawing = read_seg(path)
    assert drawing.fits(grid)
    for number, mask in enumerate(masks, 1):
        on_images = by_highdicom(path, sop_uids(paths), number)
        np.testing.assert_array_equal(on_images.transpose(2, 1, 0) > 0, mask)
        np.testing.assert_array_equal(by_bits(path, grid.affine, mask.shape, number), mask)
        placed = drawing.on(number, grid)
        assert placed.placement == "as drawn"
        np.testing.assert_array_equal(placed.mask, mask)


@pytest.mark.parametrize(
    "name", ["axial", "coronal CT", "oblique", "thin in the plane", "against the normal"]
)
def test_dcmqi_reads_back_each_voxel(tmp_path: Path, name: str) -> None:
    stack = STACKS[name]
    grid, paths = grid_of(stack), sources(stack, tmp_path)
    masks = [random_mask(stack, 1), random_mask(stack, 2)]
    path = write(tmp_path, masks, paths, grid)
    for number, mask in enumerate(masks, 1):
        np.testing.assert_array_equal(by_dcmqi(path, grid, number, tmp_path / "nrrd"), mask)


def test_one_mask_in_48_orders_of_the_axes_is_one_file(tmp_path: Path) -> None:
    stack = replace(STACK, orientation=OBLIQUE)
    paths, mask = sources(stack, tmp_path), random_mask(stack, 1)
    written = set()
    for axes, flips in ORDERS:
        grid, same = turned(grid_of(stack), mask, axes, flips)
        written.add(write_seg([SegmentToWrite(1, "GTV", same)], paths, grid, identity=IDENTITY))
    assert len(written) == 1
    path = tmp_path / "seg.dcm"
    path.write_bytes(written.pop())
    np.testing.assert_array_equal(by_bits(path, grid_of(stack).affine, mask.shape, 1), mask)


def test_the_order_of_the_files_does_not_matter(tmp_path: Path) -> None:
    paths, segment = sources(STACK, tmp_path), SegmentToWrite(1, "GTV", random_mask(STACK, 1))
    written = {
        write_seg([segment], order, grid_of(STACK), identity=IDENTITY)
        for order in (paths, paths[::-1], [*paths[2:], *paths[:2]])
    }
    assert len(written) == 1


def test_without_an_identity_each_is_another_object(tmp_path: Path) -> None:
    paths, segment = sources(STACK, tmp_path), SegmentToWrite(1, "GTV", random_mask(STACK, 1))
    uids = set()
    for turn in range(2):
        path = tmp_path / f"{turn}.dcm"
        path.write_bytes(write_seg([segment], paths, grid_of(STACK)))
        dataset = pydicom.dcmread(path)
        uids |= {dataset.SOPInstanceUID, dataset.SeriesInstanceUID}
    assert len(uids) == 4


def test_a_fraction_is_kept_to_half_a_step_of_255(tmp_path: Path) -> None:
    values = np.random.default_rng(5).random(grid_of(STACK).array.shape).astype(np.float32)
    paths = sources(STACK, tmp_path)
    path = tmp_path / "seg.dcm"
    path.write_bytes(
        write_seg(
            [SegmentToWrite(1, "GTV", values)], paths, grid_of(STACK), kind="FRACTIONAL", identity=IDENTITY
        )
    )
    stored = by_highdicom(path, sop_uids(paths), 1).transpose(2, 1, 0)
    assert np.abs(stored - values).max() <= 0.5 / 255 + 1e-6


def test_frames_refer_to_the_image_that_they_lie_on(tmp_path: Path) -> None:
    paths = sources(STACK, tmp_path)
    images = {str(d.SOPInstanceUID): list(d.ImagePositionPatient) for d in map(pydicom.dcmread, paths)}
    dataset = pydicom.dcmread(write(tmp_path, [random_mask(STACK, 1)], paths, grid_of(STACK)))
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        (image,) = frame.DerivationImageSequence[0].SourceImageSequence
        assert images[image.ReferencedSOPInstanceUID] == frame.PlanePositionSequence[0].ImagePositionPatient
    (series,) = dataset.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == STACK.series
    assert {i.ReferencedSOPInstanceUID for i in series.ReferencedInstanceSequence} == set(images)


@pytest.mark.parametrize("volumes", [1, 2])
def test_a_multi_frame_image_is_drawn_on(tmp_path: Path, volumes: int) -> None:
    stacks = STACK.repeat(volumes)
    order = np.random.default_rng(1).permutation(5 * volumes)
    image = enhanced(stacks, echo_times=[10.0, 80.0][:volumes], order=order.tolist())
    paths = save([image], tmp_path / "images")
    mask = random_mask(STACK, 1)
    path = write(tmp_path, [mask], paths, grid_of(STACK))
    np.testing.assert_array_equal(by_bits(path, grid_of(STACK).affine, mask.shape, 1), mask)
    frames = pydicom.dcmread(paths[0]).PerFrameFunctionalGroupsSequence
    for frame in pydicom.dcmread(path).PerFrameFunctionalGroupsSequence:
        for source in frame.DerivationImageSequence[0].SourceImageSequence:
            image_frame = frames[int(source.ReferencedFrameNumber) - 1]
            assert image_frame.PlanePositionSequence == frame.PlanePositionSequence


def test_patient_study_and_frame_of_reference_are_those_of_the_source(tmp_path: Path) -> None:
    told = {
        "PatientName": "Müller",
        "PatientSex": "F",
        "AccessionNumber": "A1",
        "StudyID": "S1",
        "PatientAge": "061Y",
    }
    paths = sources(STACK, tmp_path, SpecificCharacterSet="ISO_IR 100", **told)
    written = pydicom.dcmread(write(tmp_path, [random_mask(STACK, 1)], paths, grid_of(STACK)))
    source = pydicom.dcmread(paths[0])
    for keyword in (*told, "PatientID", "PatientBirthDate", "StudyInstanceUID", "StudyDate", "StudyTime"):
        assert written[keyword].value == source[keyword].value
    assert written.FrameOfReferenceUID == source.FrameOfReferenceUID
    assert written.Modality == "SEG"


def test_a_name_of_one_part_warns_of_nothing_and_is_in_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    paths = sources(STACK, tmp_path, PatientName="MADONNA")
    written = pydicom.dcmread(write(tmp_path, [random_mask(STACK, 1)], paths, grid_of(STACK)))
    assert written.PatientName == "MADONNA"
    assert "MADONNA" not in caplog.text


def test_a_label_in_another_script_leaves_the_name_what_it_is(tmp_path: Path) -> None:
    paths = sources(STACK, tmp_path, SpecificCharacterSet="ISO_IR 100", PatientName="Müller^Ö")
    segment = SegmentToWrite(1, "腫瘍 Ödem", random_mask(STACK, 1))
    path = tmp_path / "seg.dcm"
    path.write_bytes(write_seg([segment], paths, grid_of(STACK), identity=IDENTITY))
    written = pydicom.dcmread(path)
    assert (written.PatientName, written.SegmentSequence[0].SegmentLabel) == ("Müller^Ö", "腫瘍 Ödem")
    assert read_seg(path).regions[0].name == "腫瘍 Ödem"


def test_attributes_that_may_be_empty_may_be_absent_in_the_source(tmp_path: Path) -> None:
    keywords = ("PatientName", "PatientBirthDate", "StudyDate", "StudyTime", "SliceThickness")
    paths = sources(STACK, tmp_path, **dict.fromkeys(keywords))
    written = pydicom.dcmread(write(tmp_path, [random_mask(STACK, 1)], paths, grid_of(STACK)))
    assert {str(written[keyword].value or "") for keyword in keywords[:-1]} == {""}


def test_a_segment_has_its_meaning_and_its_algorithm(tmp_path: Path) -> None:
    oedema, muscle = meaning_of("oedema"), CodedConcept("91727004", "SCT", "Muscle Tissue")
    segments = [
        SegmentToWrite(1, "GTV", random_mask(STACK, 1)),
        SegmentToWrite(
            *(2, "oedema", random_mask(STACK, 2), oedema.category, oedema.type, "AUTOMATIC"),
            algorithm_name="net",
            algorithm_version="3",
            tracking_uid="1.2.826.0.1.3680043.8.498.73",
        ),
        SegmentToWrite(
            3, "M", random_mask(STACK, 3), type=muscle, algorithm_type="SEMIAUTOMATIC", algorithm_name="n"
        ),
    ]
    path = tmp_path / "seg.dcm"
    path.write_bytes(write_seg(segments, sources(STACK, tmp_path), grid_of(STACK), identity=IDENTITY))
    first, second, third = pydicom.dcmread(path).SegmentSequence
    assert first.SegmentAlgorithmType == "MANUAL"
    assert first.SegmentedPropertyTypeCodeSequence[0].CodeValue == "108369006"
    assert second.SegmentedPropertyTypeCodeSequence[0].CodeMeaning == "Edema"
    assert (second.SegmentAlgorithmType, second.SegmentAlgorithmName) == ("AUTOMATIC", "net")
    assert second.SegmentationAlgorithmIdentificationSequence[0].AlgorithmVersion == "3"
    assert second.TrackingUID == "1.2.826.0.1.3680043.8.498.73"
    assert third.SegmentAlgorithmType == "SEMIAUTOMATIC"
    assert [region.concept for region in read_seg(path).regions][2] == muscle


def test_it_says_who_made_it_when_and_what_it_is(tmp_path: Path) -> None:
    identity = replace(IDENTITY, creator="Roe^R", description="tumour", label="LESION", series_number=7)
    path = tmp_path / "seg.dcm"
    segment = SegmentToWrite(1, "GTV", random_mask(STACK, 1))
    path.write_bytes(write_seg([segment], sources(STACK, tmp_path), grid_of(STACK), identity=identity))
    told, dataset = read_seg(path).source, pydicom.dcmread(path)
    assert (told.reader, told.label, told.time) == ("Roe^R", "LESION", "2024-01-02T03:04:05")
    assert (told.uid, told.study_uids) == (IDENTITY.sop_uid, {"1.2.826.0.1.3680043.8.498.2"})
    assert (dataset.SeriesDescription, dataset.SeriesNumber) == ("tumour", 7)
    assert dataset.SeriesInstanceUID == IDENTITY.series_uid


def test_a_label_map_keeps_numbers_with_gaps(tmp_path: Path) -> None:
    one = random_mask(STACK, 1)
    two = random_mask(STACK, 2) & ~one
    segments = [SegmentToWrite(4, "a", one), SegmentToWrite(700, "b", two)]
    paths, path = sources(STACK, tmp_path), tmp_path / "seg.dcm"
    path.write_bytes(write_seg(segments, paths, grid_of(STACK), kind="LABELMAP", identity=IDENTITY))
    for number, mask in ((4, one), (700, two)):
        np.testing.assert_array_equal(by_bits(path, grid_of(STACK).affine, mask.shape, number), mask)
        np.testing.assert_array_equal(read_seg(path).on(number, grid_of(STACK)).mask, mask)


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL"])
@pytest.mark.parametrize("name", ["axial", "coronal CT", "sagittal PET", "single slice"])
def test_dciodvfy_finds_no_error_that_is_not_in_the_source(tmp_path: Path, name: str, kind: str) -> None:
    paths = sources(STACKS[name], tmp_path)
    path = write(tmp_path, [random_mask(STACKS[name], 1)], paths, grid_of(STACKS[name]), kind)
    assert dciodvfy_errors(paths[0])
    assert dciodvfy_errors(path) <= dciodvfy_errors(paths[0])


MASK = random_mask(STACK, 1)


@pytest.mark.parametrize(
    ("segments", "kind", "told"),
    [
        ([], "BINARY", "found none"),
        ([SegmentToWrite(2, "a", MASK)], "BINARY", "1, 2, 3"),
        ([SegmentToWrite(1, "a", MASK), SegmentToWrite(1, "b", MASK)], "BINARY", "1, 2, 3"),
        ([SegmentToWrite(0, "a", MASK)], "LABELMAP", "1 to 65535"),
        ([SegmentToWrite(65536, "a", MASK)], "LABELMAP", "1 to 65535"),
        ([SegmentToWrite(1, "", MASK)], "BINARY", "label"),
        ([SegmentToWrite(1, "x" * 65, MASK)], "BINARY", "label"),
        ([SegmentToWrite(1, "a\\b", MASK)], "BINARY", "label"),
        ([SegmentToWrite(1, "a\nb", MASK)], "BINARY", "label"),
        ([SegmentToWrite(1, "a", MASK[:, :, 1:])], "BINARY", "shape"),
        ([SegmentToWrite(1, "a", MASK & False)], "BINARY", "empty"),
        ([SegmentToWrite(1, "a", MASK.astype(np.float32))], "BINARY", "booleans"),
        ([SegmentToWrite(1, "a", MASK * np.float32(1.01))], "FRACTIONAL", "0 to 1"),
        ([SegmentToWrite(1, "a", MASK * np.float32(np.nan))], "FRACTIONAL", "0 to 1"),
        ([SegmentToWrite(1, "a", MASK, algorithm_type="AUTOMATIC")], "BINARY", "algorithm"),
        ([SegmentToWrite(1, "a", MASK), SegmentToWrite(2, "b", MASK)], "LABELMAP", "overlap"),
    ],
)
def test_what_is_no_segment_is_not_written(
    tmp_path: Path, segments: list[SegmentToWrite], kind: str, told: str
) -> None:
    with pytest.raises(InputError, match=told):
        write_seg(segments, sources(STACK, tmp_path), grid_of(STACK), kind=kind)


def test_a_label_of_64_characters_is_written(tmp_path: Path) -> None:
    assert write_seg([SegmentToWrite(1, "x" * 64, MASK)], sources(STACK, tmp_path), grid_of(STACK))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"FrameOfReferenceUID": None}, "FrameOfReferenceUID"),
        ({"ImagePositionPatient": None}, "none on its slices"),
        ({"PixelSpacing": None}, "none on its slices"),
    ],
)
def test_images_without_a_place_are_not_drawn_on(tmp_path: Path, values: dict[str, None], told: str) -> None:
    with pytest.raises(InputError, match=told):
        write_seg([SegmentToWrite(1, "a", MASK)], sources(STACK, tmp_path, **values), grid_of(STACK))


def test_images_of_another_volume_are_not_drawn_on(tmp_path: Path) -> None:
    segment = SegmentToWrite(1, "a", MASK)
    with pytest.raises(InputError, match="one file at least"):
        write_seg([segment], [], grid_of(STACK))
    with pytest.raises(InputError, match="none on its slices"):
        write_seg([segment], sources(replace(STACK, origin=(500.0, 0.0, 0.0)), tmp_path), grid_of(STACK))
    paths = sources(STACK, tmp_path)
    with pytest.raises(InputError, match="2 lack one"):
        write_seg([segment], paths[1:4], grid_of(STACK))
    others = sources(replace(STACK, series="1.2.826.0.1.3680043.8.498.5"), tmp_path / "other")
    with pytest.raises(InputError, match="one SeriesInstanceUID; found 2"):
        write_seg([segment], [*paths, others[0]], grid_of(STACK))
    several = save([enhanced([STACK]), enhanced([STACK])], tmp_path / "enhanced")
    with pytest.raises(InputError, match="found 2 files"):
        write_seg([segment], several, grid_of(STACK))
