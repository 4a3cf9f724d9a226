"""Versions: nothing lost, nothing replaced, nothing counted twice."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sarcoma_core.archive.masks import MASKS_FILE, Algorithm, MaskVersion, SameDrawing, SessionMasks
from sarcoma_core.archive.references import ReferenceMark
from sarcoma_core.dicom.drawings import DrawingSource, DrawnRegion, PlacedMask
from sarcoma_core.imaging.nifti_masks import read_mask
from sarcoma_core.imaging.volume import Volume
from sarcoma_core.segmentation import mask_book
from sarcoma_core.segmentation.mask_book import MaskBook, NewMask
from sarcoma_core.segmentation.region_names import RegionName
from sarcoma_core.segmentation.targets import ImageSeries, Target, image_series
from tests.segmentation.drawn import box, image, session


@pytest.fixture
def series(tmp_path: Path) -> ImageSeries:
    return image_series(session(tmp_path / "s", image("5")))[0]


def new(series: ImageSeries, mask: np.ndarray, uid: str = "1", roi: str = "tumour") -> NewMask:
    return NewMask(
        Target(series, "series"),
        RegionName(roi, "Neoplasm"),
        DrawnRegion(3, "GTV"),
        DrawingSource("SEG", uid, reader="R", software="S 1", time="2026-01-02T03:04:05"),
        "collection a",
        PlacedMask(mask, "as drawn", ("told",)),
    )


def book(tmp_path: Path, earlier: SessionMasks | None = None, name: str = "first") -> MaskBook:
    return MaskBook(earlier or SessionMasks(()), tmp_path / name)


def added(held: MaskBook, one: NewMask) -> MaskVersion:
    version = held.add(one)
    assert version is not None
    return version


def test_each_mask_that_is_new_is_a_version(tmp_path: Path, series: ImageSeries) -> None:
    held = book(tmp_path)
    first, second = added(held, new(series, box(1, 1, 1))), added(held, new(series, box(2, 1, 1), "2"))
    assert [first.handle, second.handle] == ["5/tumour-v1", "5/tumour-v2"]
    np.testing.assert_array_equal(read_mask(tmp_path / "first" / first.file)[0], box(1, 1, 1))
    assert first.volume_ml == pytest.approx(27 * 2 * 1.5 * 4 / 1000)
    assert (first.reader, first.software, first.time, first.name) == (
        "R",
        "S 1",
        "2026-01-02T03:04:05",
        "GTV",
    )
    assert (first.number, first.uid, first.notes, first.locked) == (3, "1", ("told",), False)


def test_a_version_tells_what_it_changed(tmp_path: Path, series: ImageSeries) -> None:
    """A cube of 3 voxels, shifted by one along x (2 mm): 18 of 27 voxels are common."""
    held = book(tmp_path)
    first = added(held, new(series, box(1, 1, 1)))
    second = added(held, new(series, box(2, 1, 1), "2"))
    grown = box(2, 1, 1) | box(2, 1, 2)
    third = added(held, new(series, grown, "3"))
    assert first.difference is None
    assert second.difference is not None
    assert third.difference is not None
    assert second.difference.dice == pytest.approx(2 / 3)
    assert second.difference.hd95_mm == pytest.approx(2.0)
    assert second.difference.volume_change_ml == 0
    assert third.difference.volume_change_ml == pytest.approx(9 * 12 / 1000)


@pytest.mark.parametrize("uid", ["1", "2"])
def test_the_same_voxels_as_the_newest_are_no_version(tmp_path: Path, series: ImageSeries, uid: str) -> None:
    held = book(tmp_path)
    added(held, new(series, box(1, 1, 1)))
    assert held.add(new(series, box(1, 1, 1), uid)) is None
    assert len(held.versions) == 1


def test_an_older_object_that_is_still_there_makes_no_version_again(
    tmp_path: Path, series: ImageSeries
) -> None:
    held = book(tmp_path)
    added(held, new(series, box(1, 1, 1), "1"))
    added(held, new(series, box(2, 1, 1), "2"))
    assert held.add(new(series, box(1, 1, 1), "1")) is None


def test_who_goes_back_to_an_earlier_drawing_makes_a_version(tmp_path: Path, series: ImageSeries) -> None:
    held = book(tmp_path)
    for uid, corner in (("1", 1), ("2", 2), ("3", 1)):
        added(held, new(series, box(corner, 1, 1), uid))
    assert [one.version for one in held.versions] == [1, 2, 3]


def test_a_version_is_read_once_though_it_is_compared_twice(
    tmp_path: Path, series: ImageSeries, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = book(tmp_path)
    first = added(held, new(series, box(1, 1, 1)))
    files: list[Path] = []

    def counted(path: Path) -> tuple[np.ndarray, Volume]:
        files.append(path)
        return read_mask(path)

    monkeypatch.setattr(mask_book, "read_mask", counted)
    second = added(held, new(series, box(2, 1, 1)))
    assert second.difference is not None
    assert files == [tmp_path / "first" / first.file]


def test_regions_have_versions_of_their_own(tmp_path: Path, series: ImageSeries) -> None:
    held = book(tmp_path)
    assert added(held, new(series, box(1, 1, 1))).version == 1
    assert added(held, new(series, box(1, 1, 1), roi="oedema")).version == 1


def test_five_imports_with_a_lock_in_the_middle_lose_nothing(tmp_path: Path, series: ImageSeries) -> None:
    earlier, bytes_of = SessionMasks(()), {}
    for number in range(1, 6):
        held = book(tmp_path, earlier, f"run {number}")
        version = added(held, new(series, box(number % 5, 1, number % 3), str(number)))
        if number == 3:
            held.lock_newest()
        held.write()
        bytes_of[version.file] = (tmp_path / f"run {number}" / version.file).read_bytes()
        earlier = SessionMasks(tuple(held.versions), tmp_path / f"run {number}")
        for file, content in bytes_of.items():
            assert (tmp_path / f"run {number}" / file).read_bytes() == content
    assert [one.version for one in earlier.versions] == [1, 2, 3, 4, 5]
    assert [one.version for one in earlier.current()] == [3]
    assert (earlier.folder / MASKS_FILE).is_file()


def test_a_lock_of_the_newest_keeps_earlier_locks_and_none_unlocks(
    tmp_path: Path, series: ImageSeries
) -> None:
    held = book(tmp_path)
    added(held, new(series, box(1, 1, 1), "1"))
    held.lock_newest()
    added(held, new(series, box(2, 1, 1), "2"))
    assert [one.locked for one in held.versions] == [True, False]
    held.lock_newest()
    assert [one.locked for one in held.versions] == [True, True]
    held.unlock()
    assert [one.locked for one in held.versions] == [False, False]


def test_a_version_on_another_grid_is_kept_and_not_compared(tmp_path: Path, series: ImageSeries) -> None:
    first = book(tmp_path)
    added(first, new(series, box(1, 1, 1)))
    moved = image_series(session(tmp_path / "moved", image("5", shift=1.0)))[0]
    second = book(tmp_path, SessionMasks(tuple(first.versions), tmp_path / "first"), "second")
    version = added(second, new(moved, box(1, 1, 1), "2"))
    assert version.version == 2
    assert version.difference is None
    assert version.notes[-1].startswith("the version before lies on another grid")


def test_of_one_source_its_newest_version_counts(tmp_path: Path, series: ImageSeries) -> None:
    held = book(tmp_path)
    for corner in (1, 2, 1):
        added(held, new(series, box(corner, 1, 1), "1"))
    assert held.add(new(series, box(1, 1, 1), "1")) is None


def test_a_mask_by_hand_is_told_by_its_place(tmp_path: Path, series: ImageSeries) -> None:
    held = book(tmp_path)
    by_hand = new(series, box(1, 1, 1), "")._replace(origin="DRAWN/5/a.nii.gz")
    added(held, by_hand)
    added(held, by_hand._replace(origin="DRAWN/5/b.nii.gz", placed=PlacedMask(box(2, 1, 1), "as drawn")))
    assert held.add(by_hand) is None
    assert held.add(replace_uid(by_hand)) is not None


def replace_uid(one: NewMask) -> NewMask:
    return one._replace(source=replace(one.source, uid="9"))


def by(one: NewMask, **source: str) -> NewMask:
    """The same mask, from another source."""
    return one._replace(source=replace(one.source, **source))


def exported(one: NewMask, algorithm: Algorithm = "MANUAL") -> NewMask:
    """The same mask as what was exported, as it was."""
    region = replace(one.region, algorithm=algorithm)
    return by(one._replace(region=region, is_exported=True), uid="9")


def test_what_was_exported_and_is_as_it_was_is_no_drawing_whichever_version_it_was(
    tmp_path: Path, series: ImageSeries
) -> None:
    held = book(tmp_path)
    for uid, corner in (("1", 1), ("2", 2), ("3", 3)):
        added(held, new(series, box(corner, 1, 1), uid))
    for corner in (1, 2, 3):
        assert held.add(exported(new(series, box(corner, 1, 1)))) is None
    assert held.add(by(new(series, box(1, 1, 1)), uid="a person goes back")) is not None


def test_what_was_exported_comes_in_where_masks_were_lost(tmp_path: Path, series: ImageSeries) -> None:
    assert book(tmp_path).add(exported(new(series, box(1, 1, 1)))) is not None


def test_what_a_network_drew_and_nobody_changed_is_no_drawing_at_all(
    tmp_path: Path, series: ImageSeries
) -> None:
    held, one = book(tmp_path), new(series, box(1, 1, 1))
    assert held.add(exported(one, "AUTOMATIC")) is None
    assert held.add(one._replace(region=replace(one.region, algorithm="AUTOMATIC"))) is not None


def test_who_draws_the_same_is_noted_beside_the_version_once(tmp_path: Path, series: ImageSeries) -> None:
    held = book(tmp_path)
    one = new(series, box(1, 1, 1))
    anna, ben = (by(one, uid=who, reader=who)._replace(origin=f"collection {who}") for who in ("anna", "ben"))
    nameless = by(one, uid="", reader="", time="")._replace(origin="DRAWN/5/cleo/tumour.nii.gz")
    assert added(held, anna).version == 1
    for _ in range(2):
        assert [held.add(same) for same in (anna, ben, nameless, exported(one))] == [None] * 4
    (version,) = held.versions
    assert version.reader == "anna"
    assert version.also == (
        SameDrawing("collection ben", "ben", "2026-01-02T03:04:05"),
        SameDrawing("DRAWN/5/cleo/tumour.nii.gz", "", ""),
    )
    held.write()
    again = json.loads((tmp_path / "first" / MASKS_FILE).read_bytes())["masks"][0]["also"]
    assert again == [
        {"origin": "collection ben", "reader": "ben", "time": "2026-01-02T03:04:05"},
        {"origin": "DRAWN/5/cleo/tumour.nii.gz", "reader": "", "time": ""},
    ]


def test_a_version_says_whether_a_program_drew_it(tmp_path: Path, series: ImageSeries) -> None:
    held = book(tmp_path)
    one = new(series, box(1, 1, 1))
    region = DrawnRegion(1, "GTV", algorithm="AUTOMATIC", algorithm_name="nnU-Net")
    version = added(held, one._replace(region=region))
    assert (version.algorithm, version.algorithm_name) == ("AUTOMATIC", "nnU-Net")
    assert added(held, new(series, box(2, 1, 1), "2")).algorithm == ""


def test_a_reference_is_locked_and_no_other_version_of_its_region(
    tmp_path: Path, series: ImageSeries
) -> None:
    held = book(tmp_path)
    first, second, third = (added(held, new(series, box(n, 1, 1), str(n))) for n in (1, 2, 3))
    oedema = added(held, new(series, box(1, 1, 1), roi="oedema"))
    held.lock_newest()
    held.mark([ReferenceMark(second.handle, second.sha256, locked=True)])
    assert [one.handle for one in held.versions if one.locked] == [second.handle, oedema.handle]
    held.mark([ReferenceMark(second.handle, second.sha256, locked=False)])
    assert [one.handle for one in held.versions if one.locked] == [oedema.handle]
    held.mark(
        [ReferenceMark(first.handle, third.sha256, locked=True)]
    )  # of another file: it is none of these
    held.mark([])
    assert [one.handle for one in held.versions if one.locked] == [oedema.handle]


def test_nothing_seen_is_told_and_is_not_another_lesion(tmp_path: Path, series: ImageSeries) -> None:
    held = book(tmp_path)
    added(held, new(series, box(1, 1, 1)))
    nothing = added(held, new(series, np.zeros_like(box(1, 1, 1)), "2"))
    assert nothing.volume_ml == 0
    assert nothing.difference is not None
    assert nothing.difference.dice == 0
    assert not any("another lesion" in note for note in nothing.notes)
