"""One stack of slices over several SeriesNumbers or SeriesInstanceUIDs is never several volumes."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ComputedRadiographyImageStorage

from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Archive
from sarcoma_core.provenance import Outcome
from tests.dicom.enhanced_maker import enhanced
from tests.dicom.fault_maker import (
    Limb,
    convert,
    convert_one,
    holding,
    in_series,
    run,
    some,
    volume_of,
    without,
)
from tests.dicom.series_maker import CORONAL, SAGITTAL, Stack, new_uid, save
from tests.dicom.truth import assert_same_image
from tests.launch.test_chain import prepare

OBLIQUE = (0.36, 0.48, -0.8, -0.8, 0.6, 0.0)
STACK = Stack(slices=12)
Numbered = Callable[[int], int]
"""The SeriesNumber of each slice, counted from 0."""

SPLITS: dict[str, Numbered] = {
    "in turn": lambda k: 5 + k % 2,
    "every third": lambda k: 6 if k % 3 == 2 else 5,
    "two and two": lambda k: 5 + k // 2 % 2,
    "halves": lambda k: 5 + k // 6,
    "thirds": lambda k: 5 + k // 4,
    "three in turn": lambda k: 5 + k % 3,
    "four in turn": lambda k: 5 + k % 4,
    "nine and three": lambda k: 5 + (k > 8),
    "the last one alone": lambda k: 5 + (k == 11),
    "the first two": lambda k: 5 + (k > 1),
    "a middle one alone": lambda k: 5 + (k == 6),
    "a middle part": lambda k: 5 + (3 < k < 8),
}


def split(datasets: Iterable[Dataset], number: Numbered) -> Mapping[str, list[Dataset]]:
    """The slices by their new SeriesNumber, as scans."""
    scans = defaultdict(list)
    for k, dataset in enumerate(datasets):
        dataset.SeriesNumber = number(k)
        scans[str(number(k))].append(dataset)
    return scans


def assert_told_as_one_stack(outcomes: Iterable[Outcome], scans: int) -> None:
    for outcome in outcomes:
        assert outcome.status in ("set apart", "refused"), outcome
        assert outcome.files == ()
        assert "SeriesInstanceUID" in outcome.reason
        assert "one stack" in outcome.reason
        assert re.search(rf"\b{scans}\b", outcome.reason)


@pytest.mark.parametrize("name", SPLITS)
def test_a_stack_over_several_numbers_is_told_and_not_done(name: str, tmp_path: Path) -> None:
    scans = split(STACK.datasets(), SPLITS[name])

    outcomes = convert(tmp_path, **scans)

    assert set(outcomes) == set(scans)
    assert_told_as_one_stack(outcomes.values(), len(scans))


@pytest.mark.parametrize(
    "stack",
    [
        replace(STACK, modality="CT"),
        replace(STACK, modality="PT"),
        replace(STACK, orientation=SAGITTAL),
        replace(STACK, orientation=OBLIQUE, gap=0.7),
        replace(STACK, gap=-6.0),
        replace(STACK, slices=3),
    ],
    ids=["CT", "PT", "sagittal", "oblique and thin", "downwards", "three slices"],
)
@pytest.mark.parametrize("name", ["in turn", "the last one alone"])
def test_so_is_a_stack_of_any_kind(stack: Stack, name: str, tmp_path: Path) -> None:
    last = stack.slices - 1
    number = SPLITS["in turn"] if name == "in turn" else lambda k: 5 + (k == last)

    outcomes = convert(tmp_path, **split(stack.datasets(), number))

    assert_told_as_one_stack(outcomes.values(), 2)


def test_so_is_one_whose_instances_are_numbered_anew_in_each_part(tmp_path: Path) -> None:
    scans = split(STACK.datasets(), SPLITS["in turn"])
    for datasets in scans.values():
        for k, dataset in enumerate(datasets):
            dataset.InstanceNumber = k + 1

    assert_told_as_one_stack(convert(tmp_path, **scans).values(), 2)


def test_so_are_the_frames_of_two_enhanced_objects(tmp_path: Path) -> None:
    odd = replace(STACK, slices=6, gap=8.0)
    even = replace(odd, origin=(-20.0, -30.0, 44.0), seed=1)

    outcomes = convert(tmp_path, _5=[enhanced([odd])], _6=[enhanced([even])])

    assert_told_as_one_stack(outcomes.values(), 2)


@pytest.mark.parametrize(
    "which", [range(1, 12, 2), range(6, 12)], ids=["every other slice", "the second half"]
)
def test_so_is_a_series_of_which_some_slices_have_no_number(which: range, tmp_path: Path) -> None:
    save(some(STACK.datasets(), which, without("SeriesNumber")), tmp_path / "export")

    import_folder(archive := Archive(tmp_path / "archive"), "P", tmp_path / "export")
    (session,) = archive.sessions("P")
    outcomes = run("convert", session.path)

    assert set(outcomes) == {scan.id for scan in session.scans}
    if len(outcomes) == 1:  # one scan of all is as good
        assert next(iter(outcomes.values())).status == "done"
    else:
        assert_told_as_one_stack(outcomes.values(), 2)


@pytest.mark.parametrize("name", ["in turn", "halves"])
def test_a_session_that_is_a_stack_over_two_numbers_is_no_session_without_work(
    name: str, tmp_path: Path
) -> None:
    save([ds for scan in split(STACK.datasets(), SPLITS[name]).values() for ds in scan], tmp_path / "export")

    import_folder(archive := Archive(tmp_path / "archive"), "P", tmp_path / "export")
    (result,), _ = prepare(archive)

    assert_told_as_one_stack(result.series, 2)
    assert len(result.series) == 2
    assert result.outcome == "failed"


def test_the_parts_of_each_echo_are_told_when_the_echoes_are_parted_as_well(tmp_path: Path) -> None:
    """Two echoes at equal places, the halves of each under numbers of their own."""
    first, second = STACK.datasets(EchoTime=10), replace(STACK, seed=1).datasets(EchoTime=80)
    scans = {
        **split(first, lambda k: 5 + k // 6),
        **split(second, lambda k: 7 + k // 6),
    }

    outcomes = convert(tmp_path, **scans)

    assert {outcome.status for outcome in outcomes.values()} <= {"set apart", "refused"}
    assert all("SeriesInstanceUID" in outcome.reason for outcome in outcomes.values())


def test_every_other_slice_is_never_done_even_when_one_of_the_stack_is_missing(tmp_path: Path) -> None:
    scans = split(STACK.datasets(), SPLITS["in turn"])
    del scans["6"][2]

    outcomes = convert(tmp_path, **scans)

    assert {outcome.status for outcome in outcomes.values()} <= {"set apart", "refused"}


def test_the_scan_beside_the_parts_is_done(tmp_path: Path) -> None:
    other = replace(STACK, seed=9)
    scans = split(STACK.datasets(), SPLITS["in turn"])

    outcomes = convert(tmp_path, **scans, _9=in_series(other.datasets(), number=9))

    assert outcomes["9"].status == "done"
    assert_same_image(volume_of(tmp_path, outcomes["9"]), other.stored, other.affine)
    assert_told_as_one_stack((outcomes["5"], outcomes["6"]), 2)


SEVERAL_VOLUMES: dict[str, tuple[str, list[Any]]] = {
    "echoes": ("EchoTime", [10, 80]),
    "three echoes": ("EchoTime", [10, 40, 80]),
    "b-values": ("DiffusionBValue", [0.0, 800.0]),
    "time points": ("TemporalPositionIdentifier", [1, 2, 3]),
    "acquisitions": ("AcquisitionNumber", [1, 2]),
    "water and fat": ("ImageType", [["DERIVED", "PRIMARY", "M", "W"], ["DERIVED", "PRIMARY", "M", "F"]]),
    "nothing that tells them apart": ("StudyTime", ["101112", "101112"]),
}


@pytest.mark.parametrize("name", SEVERAL_VOLUMES)
def test_volumes_at_equal_positions_under_numbers_of_their_own_are_each_done(
    name: str, tmp_path: Path
) -> None:
    keyword, values = SEVERAL_VOLUMES[name]
    stacks = [replace(STACK, seed=i) for i in range(len(values))]
    scans = {
        f"_{i}": stack.datasets(SeriesNumber=i, **{keyword: value})
        for i, (stack, value) in enumerate(zip(stacks, values, strict=True))
    }

    outcomes = convert(tmp_path, **scans)

    assert [(o.status, o.reason) for o in outcomes.values()] == [("done", "")] * len(values)
    for i, stack in enumerate(stacks):
        assert_same_image(volume_of(tmp_path, outcomes[str(i)]), stack.stored, stack.affine)


def place_from(stack: Stack, distance: float) -> Stack:
    """A stack like it that starts so many mm further along the normal."""
    x, y, z = stack.origin
    return replace(stack, origin=(x, y, z + distance), seed=1)


HALF = replace(STACK, slices=6)


@pytest.mark.parametrize(
    ("distance", "what"),
    [
        (200.0, "another region"),
        (6 * 4.0 + 8.0, "three spacings further"),
        (6 * 4.0 + 4.0, "one slice between them is missing"),
        (1.0, "the same region, a quarter of the spacing further"),
        (1.5, "the same region, three eighths of the spacing further"),
        (3.0, "the same region, three quarters of the spacing further"),
        (-150.0, "another region below"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_two_stacks_that_do_not_make_one_even_stack_are_each_done(
    distance: float, what: str, tmp_path: Path
) -> None:
    del what
    other = place_from(HALF, distance)

    outcomes = convert(tmp_path, _5=HALF.datasets(SeriesNumber=5), _6=other.datasets(SeriesNumber=6))

    assert [outcomes[scan].status for scan in ("5", "6")] == ["done", "done"]
    assert_same_image(volume_of(tmp_path, outcomes["6"]), other.stored, other.affine)


@pytest.mark.parametrize(
    ("name", "step", "even"),
    [
        ("halves", 0.130, True),
        ("halves", -0.130, True),
        ("halves", 0.158, False),
        ("halves", -0.158, False),
        ("halves", 0.5, False),
        ("in turn", 0.095, True),
    ],
)
def test_scans_are_told_as_one_stack_just_when_one_scan_of_all_would_be_done(
    *, name: str, step: float, even: bool, tmp_path: Path
) -> None:
    """A slice may lie 0.06 mm from its place: 5/12 of a step between the halves, half of one in turn."""
    number = SPLITS[name]
    datasets = STACK.datasets()
    for k, dataset in enumerate(datasets):
        x, y, z = dataset.ImagePositionPatient
        dataset.ImagePositionPatient = [x, y, f"{float(z) + step * (number(k) == 6):.9g}"]
    together = convert_one(tmp_path / "together", datasets)

    outcomes = convert(tmp_path / "parted", **split(datasets, number))

    assert (together.status == "done") == even
    if even:
        assert_told_as_one_stack(outcomes.values(), 2)
    else:
        assert [outcomes[scan].status for scan in ("5", "6")] == ["done", "done"]


def test_two_orientations_under_one_uid_are_told_as_before(tmp_path: Path) -> None:
    outcomes = convert(
        tmp_path,
        _5=STACK.datasets(SeriesNumber=5),
        _6=replace(STACK, orientation=CORONAL).datasets(SeriesNumber=6),
    )

    assert {o.status for o in outcomes.values()} == {"set apart"}
    assert all("2 orientations under one SeriesInstanceUID" in o.reason for o in outcomes.values())


def one_uid_a_slice(stack: Stack, number: int) -> Mapping[str, list[Dataset]]:
    """Each slice a series of its own, all under one SeriesNumber; scans as an import would name them."""
    slices = stack.datasets(SeriesNumber=number)
    return {f"{number}-MR{k + 1}": in_series([ds]) for k, ds in enumerate(slices)}


@pytest.mark.parametrize("stack", [HALF, replace(HALF, orientation=SAGITTAL), replace(HALF, slices=9)])
def test_slices_with_a_uid_each_are_told_as_the_stack_that_they_form(stack: Stack, tmp_path: Path) -> None:
    good = replace(STACK, seed=4)

    outcomes = convert(tmp_path, **one_uid_a_slice(stack, 3), _8=in_series(good.datasets(), number=8))

    assert outcomes["8"].status == "done"
    slices = [outcome for scan, outcome in outcomes.items() if scan != "8"]
    assert len(slices) == stack.slices
    for outcome in slices:
        assert outcome.status in ("set apart", "refused")
        assert f"{stack.slices} series of one slice form one stack" in outcome.reason


def test_two_such_stacks_are_told_apart_by_their_numbers(tmp_path: Path) -> None:
    outcomes = convert(tmp_path, **one_uid_a_slice(HALF, 3), **one_uid_a_slice(replace(HALF, slices=4), 4))

    counts = {
        scan: re.search(r"(\d+) series of one slice form one stack", o.reason) for scan, o in outcomes.items()
    }
    assert {scan: count and count[1] for scan, count in counts.items()} == {
        scan: "6" if scan.startswith("3-") else "4" for scan in outcomes
    }


@pytest.mark.parametrize("numbers", [1, 2])
def test_a_session_that_is_such_a_stack_is_no_session_without_work(numbers: int, tmp_path: Path) -> None:
    export = tmp_path / "export"
    for number in range(numbers):
        for k, datasets in enumerate(one_uid_a_slice(Limb(slices=6), number + 3).values()):
            save([new_uid(ds) for ds in datasets], export / f"{number}-{k}")

    import_folder(archive := Archive(tmp_path / "archive"), "P", export)
    (result,), _ = prepare(archive)

    assert result.outcome == "failed"
    assert result.failed
    assert len(result.series) == 6 * numbers
    assert all("6 series of one slice form one stack" in o.reason for o in result.series)


def single(number: int, *, place: float, **values: Any) -> list[Dataset]:
    """A series of one slice."""
    origin = (-20.0, -30.0, place)
    return in_series(Stack(slices=1, origin=origin).datasets(SeriesNumber=number, **values))


@pytest.mark.parametrize(
    "scans",
    [
        {f"_{i}": single(3, place=40.0) for i in (3, 4, 5)},
        {f"_{i}": single(3, place=40.0 + p) for i, p in enumerate((0, 4, 30, 31))},
        {
            f"_{i}": single(3, place=40.0 + 4 * i, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
            for i in range(3)
        },
    ],
    ids=["one place", "no even stack", "localizers"],
)
def test_single_slices_that_form_no_stack_are_set_apart_as_before(
    scans: Mapping[str, list[Dataset]], tmp_path: Path
) -> None:
    outcomes = convert(tmp_path, **scans)

    assert {o.status for o in outcomes.values()} == {"set apart"}
    assert all("form one stack" not in o.reason for o in outcomes.values())


def test_a_session_of_radiographs_still_has_nothing_to_do(tmp_path: Path) -> None:
    radiograph = holding(SOPClassUID=ComputedRadiographyImageStorage, Modality="CR")
    for k in range(3):
        (ds,) = some(single(3, place=40.0 + 4 * k), (0,), radiograph)
        ds.file_meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
        save([ds], tmp_path / "export" / str(k))

    import_folder(archive := Archive(tmp_path / "archive"), "P", tmp_path / "export")
    (result,), _ = prepare(archive)

    assert result.outcome == "nothing to do", result.reason
