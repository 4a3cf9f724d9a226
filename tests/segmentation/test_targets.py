"""On which image a drawing lies: what it names comes first, geometry last, and never one of two."""

from pathlib import Path

import pytest

from sarcoma_core.dicom.drawings import DrawingSource
from sarcoma_core.errors import SeriesRefused
from sarcoma_core.segmentation.targets import image_series, target_of
from tests.segmentation.drawn import UID, DrawingDouble, Image, image, session

FRAME = frozenset({UID + "7"})


def source(**values: frozenset[str]) -> DrawingSource:
    return DrawingSource("SEG", UID + "99", **values)


def find(tmp_path: Path, drawing: DrawingDouble, *images: Image, **options: str) -> tuple[str, str, int]:
    got = target_of(drawing, image_series(session(tmp_path / "s", *images)), **options)
    return got.series.name, got.matched_by, len(got.notes)


def test_the_series_that_it_names_comes_first(tmp_path: Path) -> None:
    drawing = DrawingDouble(source(series_uids=frozenset({UID + "4"}), sop_uids=frozenset({UID + "4.1"})))
    assert find(tmp_path, drawing, image("3"), image("4")) == ("4", "series", 0)


def test_single_images_that_are_not_there_are_told(tmp_path: Path) -> None:
    drawing = DrawingDouble(source(series_uids=frozenset({UID + "4"}), sop_uids=frozenset({UID + "6.1"})))
    assert find(tmp_path, drawing, image("3"), image("4")) == ("4", "series", 1)


def test_single_images_tell_the_series_where_it_is_not_named(tmp_path: Path) -> None:
    drawing = DrawingDouble(source(sop_uids=frozenset({UID + "4.2"})))
    assert find(tmp_path, drawing, image("3"), image("4")) == ("4", "instances", 0)


@pytest.mark.parametrize("named", [frozenset(), frozenset({UID + "404"})])
def test_where_it_names_nothing_that_is_there_its_slices_tell(tmp_path: Path, named: frozenset[str]) -> None:
    drawing = DrawingDouble(source(series_uids=named, frames=FRAME), fits_at=(2.0,))
    assert find(tmp_path, drawing, image("3"), image("4", shift=2.0)) == ("4", "geometry", 1)


def test_of_two_series_that_fit_none_is_taken(tmp_path: Path) -> None:
    drawing = DrawingDouble(source(frames=FRAME))
    with pytest.raises(SeriesRefused, match=r"fits several by its slices \(scans 3, 4\)"):
        find(tmp_path, drawing, image("3"), image("4"))


def test_one_that_fits_none_is_refused(tmp_path: Path) -> None:
    drawing = DrawingDouble(source(frames=FRAME), fits_at=(9.0,))
    with pytest.raises(SeriesRefused, match="its slices are those of none"):
        find(tmp_path, drawing, image("3"))


def test_one_of_another_frame_of_reference_is_refused_though_it_fits(tmp_path: Path) -> None:
    drawing = DrawingDouble(source(series_uids=frozenset({UID + "404"}), frames=frozenset({UID + "8"})))
    with pytest.raises(SeriesRefused, match="another study"):
        find(tmp_path, drawing, image("3"))


@pytest.mark.parametrize(("patient", "taken"), [("P", True), ("", True), ("Q", False)])
def test_one_of_another_patient_is_refused_though_it_fits(
    tmp_path: Path, patient: str, *, taken: bool
) -> None:
    drawing = DrawingDouble(source(frames=FRAME))
    if taken:
        assert find(tmp_path, drawing, image("3"), patient=patient)[1] == "geometry"
    else:
        with pytest.raises(SeriesRefused, match="its PatientID is another one") as error:
            find(tmp_path, drawing, image("3"), patient=patient)
        assert "Q" not in error.value.message


def test_one_without_a_frame_of_reference_may_lie_on_any(tmp_path: Path) -> None:
    assert find(tmp_path, DrawingDouble(source()), image("3")) == ("3", "geometry", 1)


def test_of_a_scan_in_parts_the_first_that_fits_is_taken(tmp_path: Path) -> None:
    water, fat = image("3", part="water", shift=1.0), image("3", part="fat")
    drawing = DrawingDouble(source(series_uids=frozenset({UID + "3"})))
    assert find(tmp_path, drawing, fat, water)[0] == "3 fat"
    assert find(tmp_path / "geometry", DrawingDouble(source(frames=FRAME)), fat, water)[0] == "3 fat"


def test_a_folder_of_hand_says_which_scan(tmp_path: Path) -> None:
    drawing = DrawingDouble(source(frames=FRAME))
    assert find(tmp_path, drawing, image("3"), image("4"), scan="3") == ("3", "folder", 0)
    named = DrawingDouble(source(series_uids=frozenset({UID + "4"})))
    with pytest.raises(SeriesRefused, match="in the folder of a scan, and names another: scan 4"):
        find(tmp_path, named, image("3"), image("4"), scan="3")
    with pytest.raises(SeriesRefused, match="its folder must be the id of a scan"):
        find(tmp_path / "other", drawing, image("3"), scan="5")


def test_grids_are_read_without_voxels(tmp_path: Path) -> None:
    (one,) = image_series(session(tmp_path, image("3", shift=2.0)))
    assert one.grid.array.shape == (8, 7, 6)
    assert one.grid.spacing == (2.0, 1.5, 4.0)
    assert one.grid.array.strides == (0, 0, 0)


def test_by_hand_it_must_be_of_the_patient_or_of_the_frame_of_reference(tmp_path: Path) -> None:
    strange = DrawingDouble(source(frames=frozenset({UID + "8"})))
    with pytest.raises(SeriesRefused, match="its PatientID and its frame of reference are others"):
        find(tmp_path, strange, image("3"), scan="3", patient="Q")
    assert find(tmp_path, strange, image("3"), scan="3", patient="P") == ("3", "folder", 1)
    assert find(tmp_path, strange, image("3"), scan="3") == ("3", "folder", 1)
    of_frame = DrawingDouble(source(frames=FRAME))
    assert find(tmp_path, of_frame, image("3"), scan="3", patient="Q") == ("3", "folder", 1)


def test_a_series_that_it_names_is_taken_and_what_contradicts_is_told(tmp_path: Path) -> None:
    drawing = DrawingDouble(source(series_uids=frozenset({UID + "3"}), frames=frozenset({UID + "8"})))
    assert find(tmp_path, drawing, image("3"), patient="Q") == ("3", "series", 2)
