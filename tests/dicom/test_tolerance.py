"""Usable clinical images that break a rule are done; what cannot be used is told by a true reason."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID, CTImageStorage

from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Archive
from sarcoma_core.cli.main import main
from sarcoma_core.provenance import Outcome
from tests.dicom.enhanced_maker import enhanced
from tests.dicom.fault_maker import (
    convert,
    convert_one,
    holding,
    in_series,
    no_image,
    some,
    volume_of,
    without,
)
from tests.dicom.series_maker import SAGITTAL, Stack, new_uid, save
from tests.dicom.truth import assert_same_image, nib

STACK = Stack()
PHILIPS = "Philips Medical Systems"
GRAYSCALE_STATE = "1.2.840.10008.5.1.4.1.1.11.1"
BASIC_TEXT_REPORT = "1.2.840.10008.5.1.4.1.1.88.11"
RAW_DATA = "1.2.840.10008.5.1.4.1.1.66"
KEY_OBJECTS = "1.2.840.10008.5.1.4.1.1.88.59"
SPECTROSCOPY = "1.2.840.10008.5.1.4.1.1.4.2"
PHILIPS_PRIVATE = "1.3.46.670589.11.0.0.12.2"
SIEMENS_NON_IMAGE = "1.3.12.2.1107.5.9.1"
UNKNOWN_PRIVATE = "1.2.276.0.7230010.3.1.0.99"


def told(outcome: Outcome) -> str:
    """All warnings of a scan in one text."""
    return "\n".join(outcome.facts["warnings"])


# -- NumberOfFrames, MOSAIC


@pytest.mark.parametrize("value", [0, 1, None, ""])
@pytest.mark.parametrize("which", [(0,), (2, 4), range(6)], ids=["the first", "some", "all"])
def test_single_frame_images_may_say_anything_harmless_of_their_frames(
    value: Any, which: Any, tmp_path: Path
) -> None:
    outcome = convert_one(tmp_path, some(STACK.datasets(), which, holding(NumberOfFrames=value)))

    assert (outcome.status, outcome.facts["frames_in"]) == ("done", 6)
    assert_same_image(volume_of(tmp_path, outcome), STACK.stored, STACK.affine)


def test_a_ct_of_0_frames_an_image_is_done_as_well(tmp_path: Path) -> None:
    stack = replace(STACK, modality="CT", orientation=SAGITTAL)

    outcome = convert_one(tmp_path, stack.datasets(NumberOfFrames=0))

    assert outcome.status == "done"
    assert_same_image(volume_of(tmp_path, outcome), stack.stored - 1024, stack.affine)


def test_an_enhanced_object_of_0_frames_is_refused(tmp_path: Path) -> None:
    whole = enhanced([STACK])
    whole.NumberOfFrames = 0

    outcome = convert_one(tmp_path, [whole])

    assert (outcome.status, outcome.files) == ("refused", ())
    assert "NumberOfFrames" in outcome.reason


@pytest.mark.parametrize(
    ("image_type", "maker", "which"),
    [
        ("ORIGINAL PRIMARY M ND MOSAIC", "SIEMENS", range(6)),
        ("ORIGINAL PRIMARY M ND MOSAIC", "SIEMENS", (0, 3)),
        ("ORIGINAL PRIMARY M ND MOSAIC", PHILIPS, range(6)),
        ("ORIGINAL PRIMARY MOSAIC", "SIEMENS", range(6)),
        ("DERIVED PRIMARY M ND NORM MOSAIC", "SIEMENS", range(6)),
    ],
)
def test_plain_slices_that_are_called_a_mosaic_are_done(
    image_type: str, maker: str, which: Any, tmp_path: Path
) -> None:
    datasets = some(STACK.datasets(Manufacturer=maker), which, holding(ImageType=image_type.split()))

    outcome = convert_one(tmp_path, datasets)

    assert (outcome.status, outcome.reason, outcome.facts["slices_out"]) == ("done", "", 6)
    assert_same_image(volume_of(tmp_path, outcome), STACK.stored, STACK.affine)


@pytest.mark.parametrize("maker", ["SIEMENS", PHILIPS])
def test_an_enhanced_object_that_is_called_a_mosaic_is_done(maker: str, tmp_path: Path) -> None:
    whole = enhanced([STACK], manufacturer=maker)
    whole.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"]

    outcome = convert_one(tmp_path, [whole])

    assert (outcome.status, outcome.reason, outcome.facts["slices_out"]) == ("done", "", 6)
    assert_same_image(volume_of(tmp_path, outcome), STACK.stored, STACK.affine)


# -- objects that are no images under the images' SeriesInstanceUID


@pytest.mark.parametrize(
    ("sop_class", "modality", "word"),
    [
        (GRAYSCALE_STATE, "PR", "presentation state"),
        (BASIC_TEXT_REPORT, "SR", "report"),
        (RAW_DATA, "MR", "raw data"),
        (KEY_OBJECTS, "KO", "key object"),
        (SPECTROSCOPY, "MR", "spectroscopy"),
        (PHILIPS_PRIVATE, "MR", re.escape(PHILIPS_PRIVATE)),
    ],
)
@pytest.mark.parametrize("many", [1, 3])
def test_an_object_that_is_no_image_is_left_aside_with_a_note(
    sop_class: str, modality: str, word: str, many: int, tmp_path: Path
) -> None:
    images = STACK.datasets()
    others = [no_image(sop_class, modality, images[0]) for _ in range(many)]

    outcome = convert_one(tmp_path, [*others[:1], *images, *others[1:]])

    assert (outcome.status, outcome.modality, outcome.facts["frames_in"]) == ("done", "MR", 6)
    assert re.search(word, told(outcome), re.IGNORECASE)
    assert re.search(rf"\b{many}\b", told(outcome))
    assert len(outcome.facts["warnings"]) == 1
    assert_same_image(volume_of(tmp_path, outcome), STACK.stored, STACK.affine)


def test_objects_of_several_kinds_are_all_noted(tmp_path: Path) -> None:
    images = STACK.datasets()
    others = [no_image(GRAYSCALE_STATE, "PR", images[0]), no_image(RAW_DATA, "MR", images[0])]

    outcome = convert_one(tmp_path, [*images, *others])

    assert outcome.status == "done"
    assert "presentation state" in told(outcome)
    assert "raw data" in told(outcome)


def test_an_object_under_a_number_of_its_own_is_set_apart_and_the_images_done(tmp_path: Path) -> None:
    images = STACK.datasets()
    other = no_image(GRAYSCALE_STATE, "PR", images[0], SeriesNumber=4)

    outcomes = convert(tmp_path, _3=images, _4=[other])

    assert [(o.status, o.facts["warnings"]) for o in outcomes.values()] == [("done", []), ("set apart", [])]


def test_an_object_beside_an_enhanced_one_is_left_aside_as_well(tmp_path: Path) -> None:
    whole = enhanced([STACK], manufacturer=PHILIPS)

    outcome = convert_one(tmp_path, [whole, no_image(RAW_DATA, "MR", whole)])

    assert outcome.status == "done"
    assert "raw data" in told(outcome)
    assert_same_image(volume_of(tmp_path, outcome), STACK.stored, STACK.affine)


@pytest.mark.parametrize("where", ["before the images", "after the images"])
def test_the_object_is_left_aside_after_an_import_as_well(where: str, tmp_path: Path) -> None:
    images = STACK.datasets()
    other = no_image(GRAYSCALE_STATE, "PR", images[0])
    export = tmp_path / "export"
    save([other, *images] if where == "before the images" else [*images, other], export)

    report = import_folder(archive := Archive(tmp_path / "archive"), "P", export)

    assert report.count("imported") == 7
    (session,) = archive.sessions("P")
    (scan,) = session.scans
    assert scan.modality == "MR"


def test_a_scan_of_such_objects_alone_is_set_apart(tmp_path: Path) -> None:
    image = STACK.datasets()[0]

    outcome = convert_one(tmp_path, [no_image(GRAYSCALE_STATE, "PR", image)])

    assert (outcome.status, outcome.files) == ("set apart", ())
    assert "presentation state" in outcome.reason


def test_images_of_two_kinds_in_one_series_are_still_refused(tmp_path: Path) -> None:
    images = STACK.datasets()
    for image in images[3:]:
        image.SOPClassUID = image.file_meta.MediaStorageSOPClassUID = CTImageStorage

    outcome = convert_one(tmp_path, images)

    assert (outcome.status, outcome.files) == ("refused", ())
    assert "2 SOP classes" in outcome.reason


# -- a real world value is no rescale


def real_world(slope: float, intercept: float = 0.0) -> Items:
    item = Dataset()
    item.RealWorldValueFirstValueMapped, item.RealWorldValueLastValueMapped = 0, 4095
    item["RealWorldValueFirstValueMapped"].VR = item["RealWorldValueLastValueMapped"].VR = "US"
    item.RealWorldValueSlope, item.RealWorldValueIntercept = slope, intercept
    item.LUTLabel, item.LUTExplanation = "Philips", "x"
    return Items([item])


@pytest.mark.parametrize("slope", [5.988278388, 0.37])
@pytest.mark.parametrize("intercept", [0.0, 12.5])
@pytest.mark.parametrize("maker", [PHILIPS, "SIEMENS"])
def test_a_real_world_slope_leaves_the_stored_values_and_is_told(
    slope: float, intercept: float, maker: str, tmp_path: Path
) -> None:
    datasets = STACK.datasets(Manufacturer=maker, RealWorldValueMappingSequence=real_world(slope, intercept))

    outcome = convert_one(tmp_path, datasets)

    assert (outcome.status, outcome.reason, outcome.facts["units"]) == ("done", "", "arbitrary")
    if maker == PHILIPS:  # there dcm2niix multiplies by it
        assert "RealWorldValue" in told(outcome)
    assert_same_image(volume_of(tmp_path, outcome), STACK.stored, STACK.affine)


def test_a_real_world_slope_that_differs_from_slice_to_slice_leaves_the_stored_values(tmp_path: Path) -> None:
    datasets = STACK.datasets(Manufacturer=PHILIPS)
    for k, dataset in enumerate(datasets):
        dataset.RealWorldValueMappingSequence = real_world(2.0 + k)

    outcome = convert_one(tmp_path, datasets)

    assert outcome.status == "done"
    assert "RealWorldValue" in told(outcome)
    assert_same_image(volume_of(tmp_path, outcome), STACK.stored, STACK.affine)


def test_the_rescale_slope_is_the_one_that_counts_beside_a_real_world_slope(tmp_path: Path) -> None:
    datasets = STACK.datasets(
        Manufacturer=PHILIPS,
        RescaleSlope=2,
        RescaleIntercept=1,
        RealWorldValueMappingSequence=real_world(5.988278388),
    )

    outcome = convert_one(tmp_path, datasets)

    assert outcome.status == "done"
    assert_same_image(volume_of(tmp_path, outcome), STACK.stored * 2.0 + 1, STACK.affine)


@pytest.mark.parametrize("shared", [True, False])
def test_so_it_is_in_the_frames_of_an_enhanced_object(*, shared: bool, tmp_path: Path) -> None:
    whole = enhanced([STACK], manufacturer=PHILIPS)
    frames = whole.PerFrameFunctionalGroupsSequence
    for frame in frames:
        del frame.PixelValueTransformationSequence
    for place in [whole.SharedFunctionalGroupsSequence[0]] if shared else frames:
        place.RealWorldValueMappingSequence = real_world(5.988278388)

    outcome = convert_one(tmp_path, [whole])

    assert outcome.status == "done"
    assert_same_image(volume_of(tmp_path, outcome), STACK.stored, STACK.affine)


def test_a_ct_with_a_real_world_slope_alone_has_unknown_units(tmp_path: Path) -> None:
    stack = replace(STACK, modality="CT")
    datasets = stack.datasets(RealWorldValueMappingSequence=real_world(1.0, -1024.0))

    outcome = convert_one(tmp_path, some(datasets, range(6), without("RescaleSlope", "RescaleIntercept")))

    assert (outcome.status, outcome.facts["units"]) == ("done", "unknown")
    assert "RescaleSlope" in told(outcome)
    assert_same_image(volume_of(tmp_path, outcome), stack.stored, stack.affine)


# -- several volumes in one series


GRADIENTS = [(0.0, (0, 0, 0)), (800.0, (1, 0, 0)), (800.0, (0, 1, 0)), (800.0, (0, 0, 1)), (800.0, (0, 0, 0))]
"""b-value and direction of each volume; the last is the trace, of which dcm2niix writes a copy as `_ADC`."""


def diffusion(stacks: Sequence[Stack], *, standard: bool, private: bool) -> list[Dataset]:
    """Classic Philips diffusion images, with the standard's attributes, Philips' own or both."""
    datasets = []
    for stack, (b_value, direction) in zip(stacks, GRADIENTS, strict=True):
        image_type = ["ORIGINAL", "PRIMARY", "M_SE", "M", "SE"]
        for dataset in stack.datasets(Manufacturer=PHILIPS, ImageType=image_type):
            if standard:
                dataset.DiffusionBValue = b_value
                if any(direction):
                    dataset.DiffusionGradientOrientation = list(direction)
            if private:
                dataset.private_block(0x2001, "Philips Imaging DD 001", create=True).add_new(3, "FL", b_value)
                block = dataset.private_block(0x2005, "Philips MR Imaging DD 001", create=True)
                for element, value in zip((0xB0, 0xB1, 0xB2), direction, strict=True):
                    block.add_new(element, "FL", float(value))
            datasets.append(dataset)
    return datasets


@pytest.mark.parametrize(("standard", "private"), [(True, True), (True, False), (False, True)])
def test_classic_philips_diffusion_is_set_apart_with_its_files(
    *, standard: bool, private: bool, tmp_path: Path
) -> None:
    stacks = Stack(slices=4).repeat(len(GRADIENTS))

    outcome = convert_one(tmp_path, diffusion(stacks, standard=standard, private=private))

    assert outcome.status == "set apart"
    assert outcome.reason.startswith("4D: 5 volumes")
    assert outcome.facts["volumes_out"] == 5
    images = [path for path in outcome.files if path.endswith(".nii.gz")]
    root = tmp_path / "session" / "RESOURCES" / "NIFTI"
    volumes = [v for path in images for v in np.moveaxis(np.atleast_1d(nib.load(root / path).dataobj), -1, 0)]
    for stack in stacks:  # sums tell these volumes apart, and are the same however axes are turned
        assert sum(int(volume.sum()) == int(stack.stored.astype(int).sum()) for volume in volumes) >= 1


@pytest.mark.parametrize("times", [(10, 80), (1.2, 2.4), (1.23, 2.46, 3.69)])
def test_echoes_in_one_series_are_set_apart_and_named(times: tuple[float, ...], tmp_path: Path) -> None:
    stacks = STACK.repeat(len(times))
    datasets = [ds for stack, time in zip(stacks, times, strict=True) for ds in stack.datasets(EchoTime=time)]

    outcome = convert_one(tmp_path, datasets)

    assert outcome.status == "set apart"
    assert outcome.reason.startswith(f"4D: {len(times)} volumes")
    assert "EchoTime" in outcome.reason
    assert all(f"{time:g}" in outcome.reason for time in times)
    assert len([path for path in outcome.files if path.endswith(".nii.gz")]) >= 1


@pytest.mark.parametrize("times", [None, (1.2, 2.4, 1.2, 1.2)], ids=["one echo time", "two echo times"])
def test_dixon_images_in_one_series_are_set_apart_and_told_by_their_type(times: Any, tmp_path: Path) -> None:
    words = ("IP", "OP", "W", "F")
    datasets = [
        dataset
        for index, (stack, word) in enumerate(zip(STACK.repeat(4), words, strict=True))
        for dataset in stack.datasets(
            ImageType=["DERIVED", "PRIMARY", word, word], EchoTime=times[index] if times else 1.2
        )
    ]

    outcome = convert_one(tmp_path, datasets)

    assert outcome.status == "set apart"
    assert outcome.reason.startswith("4D: 4 volumes")
    assert "ImageType" in outcome.reason
    assert outcome.facts["volumes_out"] == 4


def test_echoes_at_places_of_their_own_are_refused_with_their_times(tmp_path: Path) -> None:
    datasets = some(STACK.datasets(), (1, 3, 5), holding(EchoTime=80))

    outcome = convert_one(tmp_path, datasets)

    assert (outcome.status, outcome.files) == ("refused", ())
    assert re.search(r"EchoTime.*\b10\b.*\b80\b", outcome.reason)


# -- reasons


@pytest.mark.parametrize(
    "change", [without("SliceThickness"), holding(SliceThickness=None)], ids=["absent", "empty"]
)
def test_a_thickness_that_is_absent_is_not_told_as_0(
    change: Callable[[Dataset], None], tmp_path: Path
) -> None:
    outcome = convert_one(tmp_path, some(Stack(slices=2).datasets(), range(2), change))

    assert "0.0" not in outcome.reason
    if outcome.status != "done":
        assert re.search("SliceThickness is absent|no SliceThickness", outcome.reason)


@pytest.mark.parametrize("sop_class", [UNKNOWN_PRIVATE, PHILIPS_PRIVATE, "1.2.840.10008.5.1.4.1.1.999"])
def test_a_sop_class_without_a_name_is_told_by_its_uid(sop_class: str, tmp_path: Path) -> None:
    outcome = convert_one(tmp_path, [no_image(sop_class, "MR", STACK.datasets()[0])])

    assert (outcome.status, outcome.files) == ("set apart", ())
    assert sop_class in outcome.reason


@pytest.mark.parametrize("change", [without("SOPClassUID"), holding(SOPClassUID="")], ids=["absent", "empty"])
def test_a_sop_class_that_is_absent_is_told_so(change: Callable[[Dataset], None], tmp_path: Path) -> None:
    folder = tmp_path / "session" / "SCANS" / "3" / "DICOM"
    for path in save(STACK.datasets(), folder):
        dataset = dcmread(path)
        change(dataset)
        if "MediaStorageSOPClassUID" in dataset.file_meta:
            del dataset.file_meta.MediaStorageSOPClassUID
        dataset.save_as(path, enforce_file_format=False)

    outcome = convert_one(tmp_path, [])

    assert outcome.status in ("refused", "set apart")
    assert "  " not in outcome.reason
    assert "SOPClassUID" in outcome.reason


@pytest.mark.parametrize(
    "sop_class", [SIEMENS_NON_IMAGE, PHILIPS_PRIVATE, UNKNOWN_PRIVATE, SPECTROSCOPY, RAW_DATA]
)
@pytest.mark.parametrize(
    "rows", [{}, {"Rows": 64, "Columns": 64, "BitsAllocated": 16}], ids=["no Rows", "Rows"]
)
def test_an_object_without_pixels_that_is_no_image_is_not_told_as_cut_short(
    sop_class: str, rows: dict[str, int], tmp_path: Path
) -> None:
    other = no_image(sop_class, "MR", STACK.datasets()[0], **rows)
    save([other], tmp_path / "export")

    report = import_folder(Archive(tmp_path / "archive"), "P", tmp_path / "export")
    outcome = convert_one(tmp_path, [other])

    assert [file.fate for file in report.files] == ["imported"]
    assert (outcome.status, outcome.files) == ("set apart", ())
    assert "cut short" not in outcome.reason


def test_an_image_without_its_pixels_is_still_told_as_cut_short(tmp_path: Path) -> None:
    save(some(STACK.datasets(), (2,), without("PixelData")), tmp_path / "export")

    report = import_folder(Archive(tmp_path / "archive"), "P", tmp_path / "export")

    assert (report.count("imported"), report.count("rejected")) == (5, 1)
    assert all("pixel data" in reason for reason in report.reasons())


@pytest.mark.parametrize("which", [(1, 4), range(6)], ids=["some", "all"])
@pytest.mark.parametrize(
    "value", [["1.5", "2.5"], ["1", "2", "3", "4"], ["left", "back", "4"], ["1,5", "2,5", "3,5"]]
)
@pytest.mark.parametrize("keyword", ["ImagePositionPatient"])
def test_a_position_of_a_wrong_form_is_not_told_as_absent(
    keyword: str, value: list[str], which: Any, tmp_path: Path
) -> None:
    def change(dataset: Dataset) -> None:
        dataset.add_new(keyword, "LO", value)
        dataset[keyword].VR = "DS" if all(re.fullmatch(r"[\d.]+", v) for v in value) else "LO"

    outcome = convert_one(tmp_path, some(STACK.datasets(), which, change))

    assert (outcome.status, outcome.files) == ("refused", ())
    assert keyword in outcome.reason
    assert f"{len(which)} of 6 " in outcome.reason
    assert not re.search(r"is absent( in|$)", outcome.reason)


def test_a_position_that_is_absent_is_told_as_absent(tmp_path: Path) -> None:
    outcome = convert_one(tmp_path, some(STACK.datasets(), (1, 4), without("ImagePositionPatient")))

    assert outcome.status == "refused"
    assert re.search(r"ImagePositionPatient is absent.* 2 of 6", outcome.reason)


UNDECODABLE = {
    "1.2.840.10008.1.2.4.201": "HTJ2K|High-Throughput",
    "1.2.840.10008.1.2.4.202": "HTJ2K|High-Throughput",
    "1.2.840.10008.1.2.4.203": "HTJ2K|High-Throughput",
    "1.2.840.10008.1.2.4.50": "JPEG Baseline",
    "1.2.840.10008.1.2.4.51": "JPEG Extended",
    "1.2.840.10008.1.2.4.70": "JPEG Lossless",
    "1.2.840.10008.1.2.4.80": "JPEG-LS",
    "1.2.840.10008.1.2.4.90": "JPEG 2000",
}


@pytest.mark.parametrize("syntax", UNDECODABLE)
def test_pixels_that_cannot_be_decoded_are_told_by_their_transfer_syntax(syntax: str, tmp_path: Path) -> None:
    datasets = STACK.datasets()
    for dataset in datasets:
        dataset.PixelData = encapsulate([b"\xff\xd8\xff\xf7" + bytes(range(60))])
        dataset["PixelData"].VR = "OB"
        dataset.file_meta.TransferSyntaxUID = UID(syntax)

    outcome = convert_one(tmp_path, datasets)

    assert (outcome.status, outcome.files) == ("refused", ())
    assert re.search(UNDECODABLE[syntax], outcome.reason) or syntax in outcome.reason


# -- what an import says


def test_a_note_that_many_files_share_is_printed_once_with_a_count(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for patient in ("one", "two"):
        save(
            [new_uid(ds) for ds in in_series(STACK.datasets(PatientID=patient))],
            tmp_path / "export" / patient,
        )

    words = [
        "archive",
        "import",
        str(tmp_path / "export"),
        "--archive",
        str(tmp_path / "archive"),
        "--project",
        "P",
    ]
    assert main(words) == 0

    lines = [line for line in capsys.readouterr().out.splitlines() if "StudyInstanceUID is shared" in line]
    assert len(lines) == 1
    assert re.search(r"\b12\b", lines[0])


def test_instances_with_other_content_are_noted_once_with_a_count(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    datasets = STACK.datasets()
    save(datasets, tmp_path / "export" / "a")
    save(some(datasets, range(6), holding(PatientComments="again")), tmp_path / "export" / "b")

    words = [
        "archive",
        "import",
        str(tmp_path / "export"),
        "--archive",
        str(tmp_path / "archive"),
        "--project",
        "P",
    ]
    assert main(words) == 0

    lines = [line for line in capsys.readouterr().out.splitlines() if "other content" in line]
    assert len(lines) == 1
    assert re.search(r"\b6\b", lines[0])


@pytest.mark.parametrize("text", [rb"T1\axial", rb"AX T1\T2 ", rb"a\b\c"])
def test_a_backslash_in_a_description_is_a_part_of_it(text: bytes, tmp_path: Path) -> None:
    """VR LO cannot hold one (PS3.5, 6.2), and readers take it for two values."""
    text = text + b" " * (len(text) % 2)
    for path in save(STACK.datasets(SeriesDescription="X" * len(text)), tmp_path / "export"):
        path.write_bytes(path.read_bytes().replace(b"X" * len(text), text))

    report = import_folder(archive := Archive(tmp_path / "archive"), "P", tmp_path / "export")

    assert report.count("imported") == 6
    ((scan,),) = (session.scans for session in archive.sessions("P"))
    assert scan.description.strip() == text.decode().strip()
