"""Enhanced multi-frame objects from files to files."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from sarcoma_core.dicom.convert import Conversion, convert_scan
from sarcoma_core.dicom.scan import Status
from tests.dicom.enhanced_maker import PHILIPS, enhanced
from tests.dicom.series_maker import CORONAL, SAGITTAL, Stack, save
from tests.dicom.truth import assert_same_image, assert_same_voxels, nib

STACK = Stack(slices=5)


@pytest.fixture
def run(tmp_path: Path) -> Any:
    def converted(*datasets: Dataset) -> Conversion:
        (tmp_path / "out").mkdir()
        return convert_scan(save([*datasets], tmp_path / "in"), tmp_path / "out", name="12")

    return converted


@pytest.mark.parametrize("order", [None, [4, 3, 2, 1, 0], [3, 1, 4, 0, 2]])
@pytest.mark.parametrize("orientation", [STACK.orientation, SAGITTAL])
def test_frames_in_any_order_are_one_volume(
    run: Any, order: list[int] | None, orientation: tuple[float, ...]
) -> None:
    stack = replace(STACK, orientation=orientation)

    conversion = run(enhanced([stack], order=order))

    assert conversion.status is Status.CONVERTED
    assert conversion.receipt.frames_in == 5
    assert_same_image(conversion.files[0], stack.stored, stack.affine)


@pytest.mark.parametrize("manufacturer", [PHILIPS, "SIEMENS", "GE MEDICAL SYSTEMS"])
def test_frames_with_slopes_of_their_own_are_rescaled_right_or_refused(run: Any, manufacturer: str) -> None:
    """dcm2niix 1.0.20260724 gives all frames of other makers than Philips one slope."""
    slopes = [1.0, 2.0, 0.5, 4.0, 3.0]

    conversion = run(enhanced([STACK], slopes=slopes, manufacturer=manufacturer))

    if manufacturer == PHILIPS:
        assert conversion.status is Status.CONVERTED
        assert_same_image(conversion.files[0], STACK.stored * np.array(slopes)[:, None, None], STACK.affine)
    else:
        assert conversion.status is Status.REFUSED
        assert "voxels differ" in conversion.reason
        assert conversion.files == ()


def test_echoes_in_one_object_are_set_apart_and_written_each_for_itself(run: Any) -> None:
    stacks = STACK.repeat(2)

    conversion = run(enhanced(stacks, echo_times=[10, 80]))

    assert conversion.status is Status.SET_APART
    assert conversion.reason.startswith("4D: 2 volumes that differ in EchoTime")
    for stack, path in zip(stacks, conversion.files[:2], strict=True):
        assert_same_image(path, stack.stored, stack.affine)


def test_time_points_that_are_stored_slice_by_slice_are_sorted_into_volumes(run: Any) -> None:
    stacks = STACK.repeat(3)
    slice_by_slice = [t * 5 + k for k in range(5) for t in range(3)]

    conversion = run(enhanced(stacks, order=slice_by_slice))

    assert conversion.status is Status.SET_APART
    image = nib.load(conversion.files[0])
    for t, stack in enumerate(stacks):
        found = np.asarray(image.dataobj)[..., t]
        assert_same_voxels(found, image.affine, stack.stored, stack.affine)


def test_two_stacks_are_set_apart(run: Any) -> None:
    above = replace(STACK, origin=(-20.0, -30.0, 140.0))

    conversion = run(enhanced([STACK, above], stack_ids=["1", "2"]))

    assert (conversion.status, conversion.files) == (Status.SET_APART, ())
    assert conversion.reason == "2 stacks (StackID): not one volume"


def test_two_orientations_in_one_object_are_set_apart(run: Any) -> None:
    conversion = run(enhanced([STACK, replace(STACK, orientation=CORONAL)]))

    assert (conversion.status, conversion.files) == (Status.SET_APART, ())
    assert conversion.reason == "2 orientations under one SeriesInstanceUID: not one volume"


def test_a_frame_that_is_missing_is_named(run: Any) -> None:
    whole = enhanced([replace(STACK, slices=6)])
    del whole.PerFrameFunctionalGroupsSequence[2]
    whole.NumberOfFrames = 5
    whole.PixelData = whole.PixelData[: 5 * 2 * 12 * 10]

    conversion = run(whole)

    assert conversion.status is Status.REFUSED
    assert conversion.reason.startswith("slice 3 of 6 is missing")


def test_a_frame_without_its_geometry_is_refused(run: Any) -> None:
    whole = enhanced([STACK])
    del whole.PerFrameFunctionalGroupsSequence[2]

    conversion = run(whole)

    assert conversion.status is Status.REFUSED
    assert conversion.reason.startswith("a file says NumberOfFrames 5 and has the geometry of 4")
