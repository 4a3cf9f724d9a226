"""Whether slices are a volume, just inside and just outside each rule.

A place may be off by 0.06 mm or a hundredth of the spacing; origins leave the normal by a tenth of a pixel.
"""

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset

from sarcoma_core.dicom.scan import ScanImages
from sarcoma_core.dicom.series import read_scan
from sarcoma_core.dicom.stack_checks import is_one_stack
from tests.dicom.judging import assert_refused, assert_set_apart, assert_volume
from tests.dicom.series_maker import Stack, new_uid, save


def at(*places: float, **values: Any) -> list[Dataset]:
    """Slices at these places along the normal, mm, numbered on."""
    datasets = Stack(slices=len(places)).datasets(**values)
    for dataset, place in zip(datasets, places, strict=True):
        dataset.ImagePositionPatient = [-20, -30, f"{40 + place:.9g}"]
    return datasets


def shifted(stack: Stack, sideways: float) -> list[Dataset]:
    """The fourth slice beside the others."""
    datasets = stack.datasets()
    datasets[3].ImagePositionPatient[0] += sideways
    return datasets


@pytest.mark.parametrize(
    ("pixel_spacing", "tolerance"), [((1.5, 1.25), 0.125), ((1.25, 1.5), 0.125), ((0.3, 0.3), 0.06)]
)
def test_origins_may_leave_the_normal_by_a_tenth_of_a_pixel_or_by_rounding(
    tmp_path: Path, pixel_spacing: tuple[float, float], tolerance: float
) -> None:
    stack = Stack(pixel_spacing=pixel_spacing)

    for sign in (-1, 1):
        assert_volume(shifted(stack, sign * 0.95 * tolerance), tmp_path)
        assert_refused(shifted(stack, sign * 1.05 * tolerance), tmp_path, "shifted slices")


@pytest.mark.parametrize(("gap", "tolerance"), [(4.0, 0.06), (10.0, 0.1)])
def test_slices_may_be_off_an_even_grid_by_rounding_or_a_hundredth(
    tmp_path: Path, gap: float, tolerance: float
) -> None:
    def off(by: float) -> list[Dataset]:
        return at(*(k * gap + (-1) ** k * by for k in range(6)))

    assert_volume(off(0.95 * tolerance), tmp_path)
    by = 1.05 * tolerance
    least, most = gap - 2 * by, gap + 2 * by
    assert_refused(
        off(by), tmp_path, f"gaps are {least:.2f} to {most:.2f} mm", f"up to {by:.2f} mm from an even grid"
    )


def is_one(datasets: list[Dataset], folder: Path, *, whole: bool) -> bool:
    for path in folder.glob("*.dcm"):
        path.unlink()
    return is_one_stack(ScanImages(read_scan(save(datasets, folder)).headers), whole=whole)


def test_three_even_and_straight_slices_are_one_stack_and_two_tell_nothing(tmp_path: Path) -> None:
    for whole in (True, False):
        assert is_one(at(0, 4, 8), tmp_path, whole=whole)
        assert is_one(at(*(4 * k + (-1) ** k * 0.057 for k in range(6))), tmp_path, whole=whole)
        assert not is_one(at(0, 4), tmp_path, whole=whole)
        assert not is_one(at(0), tmp_path, whole=whole)
        assert not is_one(at(*(4 * k + (-1) ** k * 0.063 for k in range(6))), tmp_path, whole=whole)
        assert not is_one(shifted(Stack(), 2.0), tmp_path, whole=whole)


def test_a_stack_with_a_hole_is_one_where_a_quarter_of_its_gaps_are_too_wide(tmp_path: Path) -> None:
    """Stacks shifted by half their spacing against each other have every other gap too wide."""
    few, many = at(0, 4, 12, 16, 20), at(0, 4, 12, 16)

    assert is_one(few, tmp_path, whole=False)
    assert not is_one(many, tmp_path, whole=False)
    assert not is_one(few, tmp_path, whole=True)


def test_one_slice_is_no_volume_and_two_are(tmp_path: Path) -> None:
    assert_volume(at(0, 4), tmp_path)
    assert_set_apart(at(0), tmp_path, "a single slice: not a volume")
    assert_set_apart(at(0, 0), tmp_path, "a single slice (2 images of it): not a volume")


def test_all_duplicates_are_counted_and_the_first_is_named(tmp_path: Path) -> None:
    datasets = Stack().datasets()
    twice = [new_uid(copy.deepcopy(datasets[k])) for k in (2, 4, 4)]

    assert_refused(
        [*datasets, *twice],
        tmp_path,
        "duplicate slices at 2 of 6 places: slice 3 of 6, at 8.0 mm, is there 2 times",
    )


def test_of_several_volumes_the_first_place_that_lacks_one_is_named(tmp_path: Path) -> None:
    one, two = (stack.datasets() for stack in Stack().repeat(2))

    assert_refused(
        one + two[:3] + two[4:],
        tmp_path,
        "incomplete volumes: slice 4 of 6, at 12.0 mm, is there 1 times where the others are there 2 times",
    )


def test_a_hole_is_told_up_to_as_many_slices_as_there_are_gaps(tmp_path: Path) -> None:
    """With more missing than seen these are pieces, and no stack that somebody lost slices of."""
    assert_refused(at(0, 4, 8, 12 + 4), tmp_path, "slice 4 of 5 is missing")
    assert_refused(at(0, 4, 8, 12 + 8), tmp_path, "2 slices of 6 are missing, slice 4 the first")
    assert_refused(
        at(0, 4, 8, 12 + 12),
        tmp_path,
        "3 slices of 7 are missing, slice 4 the first: "
        "the gap at 8.0 mm is 16.0 mm where the others are 4.0 mm",
    )
    assert_refused(at(0, 4, 8, 12 + 16), tmp_path, "the spacing varies: gaps are 4.00 to 20.00 mm")


@pytest.mark.parametrize(
    ("gap", "values"),
    [
        (4.057, {"SpacingBetweenSlices": 4.0}),
        (3.943, {"SpacingBetweenSlices": 4.0}),
        (10.095, {"SpacingBetweenSlices": -10.0}),
        # the free space between slices: their thickness lies between their centres as well
        (5.057, {"SliceThickness": 4.0, "SpacingBetweenSlices": 1.0}),
        (4.943, {"SliceThickness": 4.0, "SpacingBetweenSlices": 1.0}),
        (1.057, {"SliceThickness": 4.0, "SpacingBetweenSlices": 1.0}),
        # nothing between them could hold a slice of this thickness
        (7.9, {"SliceThickness": 4.0}),
        (3.0, {"SliceThickness": 4.0}),
    ],
)
def test_two_slices_whose_gap_the_headers_confirm_within_rounding_are_a_volume(
    tmp_path: Path, gap: float, values: dict[str, Any]
) -> None:
    assert_volume(at(0, gap, **values), tmp_path)


@pytest.mark.parametrize(
    ("gap", "values", "words"),
    [
        (4.063, {"SpacingBetweenSlices": 4.0}, "SpacingBetweenSlices 4.0 mm"),
        (3.937, {"SpacingBetweenSlices": 4.0}, "SpacingBetweenSlices 4.0 mm"),
        (10.105, {"SpacingBetweenSlices": -10.0}, "SpacingBetweenSlices 10.0 mm"),
        (5.063, {"SliceThickness": 4.0, "SpacingBetweenSlices": 1.0}, "SpacingBetweenSlices 1.0 mm"),
        (4.937, {"SliceThickness": 4.0, "SpacingBetweenSlices": 1.0}, "SpacingBetweenSlices 1.0 mm"),
        (8.0, {"SliceThickness": 4.0, "SpacingBetweenSlices": 4.0}, "SpacingBetweenSlices 4.0 mm"),
        (9.0, {"SliceThickness": 4.0, "SpacingBetweenSlices": 5.0}, "SpacingBetweenSlices 5.0 mm"),
        (7.95, {"SliceThickness": 4.0}, "SliceThickness 4.0 mm"),
        (8.0, {"SliceThickness": None}, "two slices 8.0 mm apart"),
        (4.0, {"SliceThickness": None}, "two slices 4.0 mm apart"),
    ],
)
def test_two_slices_that_may_have_lost_one_between_them_are_refused(
    tmp_path: Path, gap: float, values: dict[str, Any], words: str
) -> None:
    assert_refused(at(0, gap, **values), tmp_path, words, "a slice between them may be missing")


@pytest.mark.parametrize("numbers", [(1, 2), (2, 1), (7, 8), (7, None)])
def test_two_slices_in_a_row_by_their_number_are_a_volume(
    tmp_path: Path, numbers: tuple[int | None, ...]
) -> None:
    datasets = at(0, 5)
    for dataset, number in zip(datasets, numbers, strict=True):
        dataset.InstanceNumber = number

    assert_volume(datasets, tmp_path)


@pytest.mark.parametrize("numbers", [(1, 3), (3, 1), (5, 9)])
def test_two_slices_whose_numbers_leave_one_out_are_refused(tmp_path: Path, numbers: tuple[int, int]) -> None:
    datasets = at(0, 5)
    for dataset, number in zip(datasets, numbers, strict=True):
        dataset.InstanceNumber = number

    assert_refused(datasets, tmp_path, "two slices 5.0 mm apart")


@pytest.mark.parametrize(("modality", "declared"), [("PT", 6), ("PT", 5), ("MR", 7)])
def test_slices_are_counted_in_pet_only_and_may_be_more(tmp_path: Path, modality: str, declared: int) -> None:
    assert_volume(Stack(modality=modality).datasets(NumberOfSlices=declared), tmp_path)


def test_images_of_an_acquisition_are_not_slices_of_a_volume(tmp_path: Path) -> None:
    """ImagesInAcquisition counts those of all volumes (PS3.3, C.7.6.1)."""
    assert_volume(Stack(modality="PT").datasets(ImagesInAcquisition=12), tmp_path)


def test_pet_that_declares_one_slice_more_is_refused(tmp_path: Path) -> None:
    datasets = Stack(modality="PT").datasets(NumberOfSlices=None)
    assert_volume(datasets, tmp_path)
    datasets[2].NumberOfSlices = 7
    datasets[3].NumberOfSlices = 6

    assert_refused(datasets, tmp_path, "slices are missing: NumberOfSlices is 7; found 6")


def echoes(*times: float) -> list[Dataset]:
    datasets = Stack(slices=len(times)).datasets()
    for dataset, time in zip(datasets, times, strict=True):
        dataset.EchoTime = time
    return datasets


def test_echo_times_of_one_volume_agree_within_five_per_cent(tmp_path: Path) -> None:
    assert_volume(echoes(10, 10.2, 10.48, 10), tmp_path)
    assert_refused(echoes(10, 10.2, 10.52, 10), tmp_path, "EchoTime is 10 to 10.52 ms within one volume")


def test_echo_times_under_a_millisecond_count_and_one_of_0_is_none(tmp_path: Path) -> None:
    """0 stands for a time that a scanner does not know; bone is seen at 0.07 ms."""
    assert_volume(echoes(0, 10, 10, 0), tmp_path)
    assert_volume(echoes(0, 0, 0, 0), tmp_path)
    assert_refused(echoes(0.07, 0.07, 0.5, 0.5), tmp_path, "EchoTime is 0.07 to 0.5 ms")


@pytest.mark.parametrize(
    ("keyword", "one", "other"),
    [("DiffusionBValue", 0.0, 800.0), ("ComplexImageComponent", "MAGNITUDE", "PHASE")],
)
def test_slices_of_two_images_at_places_of_their_own_are_refused_and_at_the_same_ones_set_apart(
    tmp_path: Path, keyword: str, one: Any, other: Any
) -> None:
    mixed = Stack().datasets(**{keyword: one})
    setattr(mixed[3], keyword, other)
    assert_refused(mixed, tmp_path, f"{keyword} has 2 values within one volume")

    first, second = Stack().repeat(2)
    whole = [*first.datasets(**{keyword: one}), *second.datasets(**{keyword: other})]
    assert_set_apart(whole, tmp_path, f"4D: 2 volumes that differ in {keyword}")

    some = Stack().datasets(**{keyword: one})
    delattr(some[3], keyword)
    assert_volume(some, tmp_path)


def test_slices_of_a_map_among_others_are_refused_and_counted(tmp_path: Path) -> None:
    datasets = Stack().datasets()
    for dataset in datasets[2:4]:
        dataset.ImageType = ["DERIVED", "PRIMARY", "ADC"]

    assert_refused(datasets, tmp_path, "2 of 6 images are an ADC map, by ImageType, the others are not")


def test_a_volume_of_every_echo_is_a_part_and_not_refused(tmp_path: Path) -> None:
    short, long = Stack().repeat(2)
    plan = assert_volume([*short.datasets(EchoTime=10), *long.datasets(EchoTime=80)], tmp_path)
    assert plan.parts == ("echo1", "echo2")
    assert plan.told_apart == "EchoTime (10, 80 ms)"


def test_a_tilted_gantry_is_told_by_its_angle_and_reach(tmp_path: Path) -> None:
    """Five gaps of 4 mm at 45 degrees: 20 mm."""
    datasets = replace(Stack(), modality="CT").datasets()
    for k, dataset in enumerate(datasets):
        dataset.ImagePositionPatient[1] += 4.0 * k

    assert_refused(datasets, tmp_path, "by 20.0 mm (45.0 degrees)")
