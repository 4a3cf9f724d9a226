"""Parts of one stack that are placed and numbered in turn; and what only looks like it."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset

from tests.dicom.enhanced_maker import enhanced
from tests.dicom.fault_maker import convert, in_series
from tests.dicom.series_maker import CORONAL, Stack, new_uid

STACK = Stack(slices=12)


def in_turn(parts: int = 2, **values: Any) -> list[Dataset]:
    """Slices of one UID, numbered 5, 6, ... in turn."""
    datasets = STACK.datasets(**values)
    for k, dataset in enumerate(datasets):
        dataset.SeriesNumber = 5 + k % parts
    return datasets


def scans_of(datasets: list[Dataset]) -> Mapping[str, list[Dataset]]:
    """The scans that an import makes of the numbers."""
    numbers = sorted({int(ds.SeriesNumber) for ds in datasets})
    return {f"_{n}": [ds for ds in datasets if ds.SeriesNumber == n] for n in numbers}


def move(dataset: Dataset, distance: float) -> None:
    x, y, z = dataset.ImagePositionPatient
    dataset.ImagePositionPatient = [x, y, f"{float(z) + distance:.9g}"]


def shorten(dataset: Dataset) -> None:
    dataset.Rows -= 1
    dataset.PixelData = dataset.PixelData[: dataset.Rows * dataset.Columns * 2]


def send_again(datasets: list[Dataset]) -> None:
    again = new_uid(deepcopy(datasets[3]))
    again.SeriesNumber = 5
    datasets.append(again)


def widen(dataset: Dataset) -> None:
    dataset.PixelSpacing = [4, 4]


FLAWS: dict[str, Callable[[list[Dataset]], object]] = {
    "a slice under both numbers": send_again,
    "a slice off its place": lambda ds: move(ds[6], 2.4),
    "a slice far away": lambda ds: move(ds[11], 400.0),
    "a slice of other Rows": lambda ds: shorten(ds[3]),
    "a slice of other pixels": lambda ds: widen(ds[3]),
    "every other slice off the even grid": lambda ds: [move(one, 0.8) for one in ds[::2]],
}


@pytest.mark.parametrize("flaw", [*FLAWS])
def test_a_flaw_of_one_part_does_not_make_the_other_a_volume(flaw: str, tmp_path: Path) -> None:
    datasets = in_turn()
    FLAWS[flaw](datasets)

    outcomes = convert(tmp_path, **scans_of(datasets))

    assert {o.status for o in outcomes.values()} == {"refused"}


@pytest.mark.parametrize("parts", [3, 4])
def test_parts_of_which_one_is_lost_are_no_volumes(parts: int, tmp_path: Path) -> None:
    datasets = [ds for ds in in_turn(parts) if ds.SeriesNumber != 4 + parts]

    outcomes = convert(tmp_path, **scans_of(datasets))

    assert {o.status for o in outcomes.values()} == {"refused"}
    assert all("one stack" in o.reason for o in outcomes.values())


@pytest.mark.parametrize("parts", [2, 3, 12])
def test_a_whole_series_beside_the_parts_is_a_volume(parts: int, tmp_path: Path) -> None:
    whole = replace(STACK, seed=1, first_instance=13).datasets(SeriesNumber=99, EchoTime=80)

    outcomes = convert(tmp_path, **scans_of([*in_turn(parts), *whole]))

    assert outcomes["99"].status == "done"
    assert {o.status for scan, o in outcomes.items() if scan != "99"} == {"refused"}


@pytest.mark.parametrize("number", [3, None])
def test_series_in_turn_that_share_a_number_are_no_volumes_whatever_their_frame_of_reference(
    number: int | None, tmp_path: Path
) -> None:
    datasets = STACK.datasets(SeriesNumber=number)
    scans = {"_1": datasets[::2], "_2": datasets[1::2]}
    for scan, slices in scans.items():
        for dataset in slices:
            dataset.SeriesInstanceUID, dataset.FrameOfReferenceUID = f"1.2.3{scan[1]}", f"1.2.4{scan[1]}"

    outcomes = convert(tmp_path, **scans)

    assert {o.status for o in outcomes.values()} == {"refused"}


@pytest.mark.parametrize("numbered", ["alike", "each", "none"])
def test_slices_with_a_uid_each_are_told_however_they_are_numbered(numbered: str, tmp_path: Path) -> None:
    """Each in a frame of reference of its own, as some exporters make them."""
    scans = {}
    for k, dataset in enumerate(replace(STACK, slices=6).datasets()):
        dataset.FrameOfReferenceUID = f"1.2.{k + 1}"
        if numbered == "none":
            del dataset.SeriesNumber
        else:
            dataset.SeriesNumber = 3 if numbered == "alike" else 3 + k
        scans[f"_{k}"] = in_series([dataset])

    outcomes = convert(tmp_path, **scans)

    assert {o.status for o in outcomes.values()} == {"refused"}
    assert all("6 series of one slice form one stack of 6 slices" in o.reason for o in outcomes.values())


def test_pairs_of_slices_with_a_uid_each_are_no_volumes(tmp_path: Path) -> None:
    datasets = STACK.datasets(SeriesNumber=3)
    scans = {f"_{k}": in_series(datasets[k : k + 2]) for k in range(0, 12, 2)}

    outcomes = convert(tmp_path, **scans)

    assert {o.status for o in outcomes.values()} == {"refused"}


def test_enhanced_objects_in_turn_with_stack_ids_of_their_own_are_no_volumes(tmp_path: Path) -> None:
    odd = replace(STACK, slices=6, gap=8.0)
    even = replace(odd, origin=(-20.0, -30.0, 44.0), seed=1)
    objects = (enhanced([odd], stack_ids=["5"]), enhanced([even], stack_ids=["6"]))

    outcomes = convert(tmp_path, _5=[objects[0]], _6=[objects[1]])

    assert {o.status for o in outcomes.values()} == {"refused"}


def test_two_contrasts_of_one_number_that_are_shifted_by_half_a_spacing_are_two_volumes(
    tmp_path: Path,
) -> None:
    other = replace(STACK, origin=(-20.0, -30.0, 42.0), seed=1)

    outcomes = convert(
        tmp_path,
        _1=in_series(STACK.datasets(SeriesNumber=3, EchoTime=10)),
        _2=in_series(other.datasets(SeriesNumber=3, EchoTime=90)),
    )

    assert {o.status for o in outcomes.values()} == {"done"}


def test_echoes_that_are_numbered_in_turn_at_the_same_places_are_two_volumes(tmp_path: Path) -> None:
    first, second = STACK.datasets(SeriesNumber=5), replace(STACK, seed=1).datasets(SeriesNumber=6)
    for k, (one, other) in enumerate(zip(first, second, strict=True)):
        one.InstanceNumber, other.InstanceNumber, other.EchoTime = 2 * k + 1, 2 * k + 2, 80

    outcomes = convert(tmp_path, _5=first, _6=second)

    assert {o.status for o in outcomes.values()} == {"done"}


def test_a_localizer_under_the_uid_of_a_volume_leaves_it_a_volume(tmp_path: Path) -> None:
    turned = replace(STACK, orientation=CORONAL, slices=3)
    localizer = turned.datasets(SeriesNumber=1, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])

    outcomes = convert(tmp_path, _1=localizer, _5=STACK.datasets(SeriesNumber=5))

    assert (outcomes["5"].status, outcomes["1"].status) == ("done", "set apart")
