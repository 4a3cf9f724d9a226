"""Usable clinical images that break a rule are done."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import CTImageStorage

from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Archive
from sarcoma_core.provenance import Outcome
from tests.dicom.enhanced_maker import enhanced
from tests.dicom.fault_maker import (
    convert,
    convert_one,
    holding,
    no_image,
    some,
    volume_of,
    without,
)
from tests.dicom.series_maker import SAGITTAL, Stack, save
from tests.dicom.truth import assert_same_image, nib

STACK = Stack()
PHILIPS = "Philips Medical Systems"
GRAYSCALE_STATE = "1.2.840.10008.5.1.4.1.1.11.1"
BASIC_TEXT_REPORT = "1.2.840.10008.5.1.4.1.1.88.11"
RAW_DATA = "1.2.840.10008.5.1.4.1.1.66"
KEY_OBJECTS = "1.2.840.10008.5.1.4.1.1.88.59"
SPECTROSCOPY = "1.2.840.10008.5.1.4.1.1.4.2"
PHILIPS_PRIVATE = "1.3.46.670589.11.0.0.12.2"


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


def test_echoes_at_places_of_their_own_are_refused_with_their_times(tmp_path: Path) -> None:
    datasets = some(STACK.datasets(), (1, 3, 5), holding(EchoTime=80))

    outcome = convert_one(tmp_path, datasets)

    assert (outcome.status, outcome.files) == ("refused", ())
    assert re.search(r"EchoTime.*\b10\b.*\b80\b", outcome.reason)
