"""Read RTSTRUCTs that are known because they are made here: right, or refused with a reason."""

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    generate_uid,
)

from sarcoma_core.dicom.drawings import CodedConcept, DrawnRegion, PlacedMask
from sarcoma_core.dicom.rtstruct import read_rtstruct
from sarcoma_core.errors import DicomError, InputError, SeriesRefused
from sarcoma_core.imaging.volume import Volume
from tests.dicom.rtstruct.rtstruct_maker import SQUARE, STACK, UID, Drawn, Made, Roi, grid_of

GRID = grid_of(STACK)
HOLE = ((7.5, 8.5), (7.5, 11.5), (10.5, 11.5), (10.5, 8.5))


def box(top: float, left: float, bottom: float, right: float) -> tuple[tuple[float, float], ...]:
    return ((top, left), (top, right), (bottom, right), (bottom, left))


def placed(tmp_path: Path, *contours: Drawn, grid: Volume = GRID, **made: Any) -> PlacedMask:
    path = Made((Roi(contours),), **made).save(tmp_path / "rs.dcm")
    return read_rtstruct(path).on(1, grid)


def refusal(tmp_path: Path, *contours: Drawn, **made: Any) -> str:
    with pytest.raises(SeriesRefused) as refused:
        placed(tmp_path, *contours, **made)
    return refused.value.message


def square() -> np.ndarray[Any, Any]:
    """SQUARE on slice 2."""
    mask = np.zeros(GRID.array.shape, bool)
    mask[6:16, 5:15, 2] = True
    return mask


@pytest.mark.parametrize("undefined", [False, True], ids=["lengths", "delimiters"])
@pytest.mark.parametrize(
    "syntax",
    [ImplicitVRLittleEndian, ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian],
)
def test_a_contour_along_voxel_edges_is_these_voxels_however_it_is_written(
    tmp_path: Path,
    syntax: str,
    undefined: bool,  # noqa: FBT001
) -> None:
    found = placed(tmp_path, Drawn(image=f"{UID}.41"), syntax=syntax, undefined=undefined)
    np.testing.assert_array_equal(found.mask, square())
    assert found.placement == "as drawn"
    assert found.notes == ()
    assert found.facts["contours"] == found.facts["slices"] == 1
    assert found.facts["drawn_ml"] == pytest.approx(100 * 1.5 * 1.25 * 4 / 1000)


def test_a_sequence_written_as_unknown_is_read(tmp_path: Path) -> None:
    content = Made(syntax=ExplicitVRLittleEndian).encoded()
    tag = b"\x06\x30\x39\x00"
    assert content.count(tag + b"SQ") == 1
    path = tmp_path / "rs.dcm"
    path.write_bytes(content.replace(tag + b"SQ", tag + b"UN"))
    np.testing.assert_array_equal(read_rtstruct(path).on(1, GRID).mask, square())


@pytest.mark.filterwarnings("ignore:The value for the data element")
def test_contour_data_too_long_for_explicit_is_read(tmp_path: Path) -> None:
    """It is written as UN then (PS3.5, 6.2.2)."""
    angle = np.linspace(0, 2 * np.pi, 3000, endpoint=False)
    circle = tuple(zip(12 + 9 * np.sin(angle), 14 + 9 * np.cos(angle), strict=True))
    assert len(Drawn(corners=circle).text(STACK)) > 2**16
    found = placed(tmp_path, Drawn(corners=circle), syntax=ExplicitVRLittleEndian)
    assert found.facts["drawn_ml"] == pytest.approx(np.pi * 81 * 7.5 / 1000, rel=0.01)


def test_what_it_says_of_itself(tmp_path: Path) -> None:
    roi = Roi((Drawn(image=f"{UID}.41"), Drawn(slice=3, image=f"{UID}.42")), code=("4147007", "SCT", "Mass"))
    drawing = read_rtstruct(Made((roi,)).save(tmp_path / "rs.dcm"))
    source = drawing.source
    assert (source.kind, source.uid, source.label) == ("RTSTRUCT", f"{UID}.7", "Reader A")
    assert source.study_uids == {f"{UID}.2"}
    assert source.series_uids == {STACK.series}
    assert source.sop_uids == {f"{UID}.40", f"{UID}.41", f"{UID}.42"}
    assert source.frames == {f"{UID}.3"}
    assert source.reader == "Roe^R"
    assert source.software == "Maker, Drawer, 1, 2"
    assert source.time == "2021-03-06T11:12:13"
    assert drawing.regions == (DrawnRegion(1, "GTV", CodedConcept("4147007", "SCT", "Mass")),)


def test_names_are_as_they_were_written(tmp_path: Path) -> None:
    names = ["Опухоль", "腫瘍", "../../etc/passwd", "C:\\tumour", "GTV", "GTV", ""]
    rois = [Roi(name=name, number=number) for number, name in enumerate(names, 3)]
    drawing = read_rtstruct(Made(rois[::-1]).save(tmp_path / "rs.dcm"))
    assert [(region.number, region.name) for region in drawing.regions] == list(enumerate(names, 3))
    assert all(drawing.on(region.number, GRID).mask.sum() == 100 for region in drawing.regions)


def test_numbers_that_tell_no_roi_refuse_it_and_the_others_go_on(tmp_path: Path) -> None:
    rois = [Roi(number=1), Roi(number=2), Roi(number=2, name="again"), Roi(None, number=None, name="without")]
    drawing = read_rtstruct(Made(rois).save(tmp_path / "rs.dcm"))
    assert [region.number for region in drawing.regions] == [1, 2, 2, -1]
    assert drawing.on(1, GRID).mask.sum() == 100
    with pytest.raises(SeriesRefused, match="found 2 ROIs that have it"):
        drawing.on(2, GRID)
    with pytest.raises(SeriesRefused, match="must be a whole number from 0 on"):
        drawing.on(-1, GRID)
    with pytest.raises(InputError, match="found another number"):
        drawing.on(5, GRID)


def test_contours_without_a_name_are_a_region_without_a_name(tmp_path: Path) -> None:
    dataset = Made((Roi(), Roi(number=4))).dataset()
    del dataset.StructureSetROISequence[1]
    dataset.save_as(tmp_path / "rs.dcm", enforce_file_format=True)
    drawing = read_rtstruct(tmp_path / "rs.dcm")
    assert drawing.regions == (DrawnRegion(1, "GTV"), DrawnRegion(4, ""))
    assert drawing.on(4, GRID).mask.sum() == 100


@pytest.mark.parametrize("kind", ["CLOSED_PLANAR", "CLOSEDPLANAR_XOR"])
def test_an_inner_contour_is_a_hole(tmp_path: Path, kind: str) -> None:
    found = placed(tmp_path, Drawn(corners=HOLE, kind=kind), Drawn(kind=kind))
    assert found.mask.sum() == 100 - 9
    assert not found.mask[9:12, 8:11].any()


@pytest.mark.parametrize("kind", ["OPEN_PLANAR", "OPEN_NONPLANAR", "POINT"])
def test_what_bounds_no_area_is_left_out_and_counted(tmp_path: Path, kind: str) -> None:
    found = placed(tmp_path, Drawn(), Drawn(slice=4.4, kind=kind), Drawn(slice=40, kind=kind))
    np.testing.assert_array_equal(found.mask, square())
    assert found.facts["open_contours"] == 2
    assert found.notes == ("2 contours open or of points only, which bound no area: left out",)


def test_a_contour_of_no_known_type_refuses_the_roi(tmp_path: Path) -> None:
    for kind in ("CLOSED", None):
        assert "found another or none (1 time)" in refusal(tmp_path, Drawn(), Drawn(kind=kind))


@pytest.mark.parametrize(
    "again",
    [SQUARE, SQUARE[::-1], (*SQUARE[2:], *SQUARE[:2]), (*SQUARE, SQUARE[0]), (*SQUARE[::-1], SQUARE[3])],
)
def test_a_contour_drawn_again_counts_once(tmp_path: Path, again: tuple[tuple[float, float], ...]) -> None:
    found = placed(tmp_path, Drawn(), Drawn(corners=again), Drawn(slice=3))
    assert found.mask.sum() == 200
    assert found.facts["duplicate_contours"] == 1
    assert found.facts["contours"] == 2
    assert found.notes == ("1 contour drawn again on the same slice: counted once",)


def test_what_lies_in_two_contours_is_told_in_millilitres(tmp_path: Path) -> None:
    """Two boxes of 100 voxels that share 25: a voxel has 7.5 mm3."""
    found = placed(tmp_path, Drawn(), Drawn(corners=box(9.5, 10.5, 19.5, 20.5)))
    assert found.mask.sum() == 150
    assert found.facts["twice_ml"] == pytest.approx(25 * 7.5 / 1000)
    assert found.notes[-1].startswith("0.188 ml lie inside two contours and are left out")


def test_contours_that_nearly_cover_each_other_are_refused_with_the_true_reason(tmp_path: Path) -> None:
    told = refusal(tmp_path, Drawn(), Drawn(corners=box(4.49, 5.49, 14.51, 15.51)))
    assert "all of them lie in two contours" in told


@pytest.mark.parametrize(("points", "left_out"), [(2, True), (3, False)])
def test_a_contour_of_fewer_than_three_points_is_left_out(
    tmp_path: Path,
    points: int,
    left_out: bool,  # noqa: FBT001
) -> None:
    found = placed(tmp_path, Drawn(), Drawn(slice=3, corners=SQUARE[:points]))
    assert found.mask[..., 3].any() == (not left_out)
    assert found.facts["short_contours"] == left_out
    assert (found.notes == ("1 contour of fewer than 3 points: left out",)) == left_out


def test_a_repeated_last_point_is_fine(tmp_path: Path) -> None:
    np.testing.assert_array_equal(placed(tmp_path, Drawn(corners=(*SQUARE, SQUARE[0]))).mask, square())


def test_a_wrong_number_of_points_is_noted(tmp_path: Path) -> None:
    found = placed(tmp_path, Drawn(points=5))
    assert found.notes == ("1 contour of another number of points than NumberOfContourPoints says",)


def test_slices_without_a_contour_are_noted_and_stay_empty(tmp_path: Path) -> None:
    found = placed(tmp_path, Drawn(slice=1), Drawn(slice=4))
    assert not found.mask[..., 2:4].any()
    assert found.facts["empty_slices"] == 2
    assert found.notes == ("2 slices between the first and the last contour without any: left empty",)


def test_contours_across_the_slices_are_refused_from_half_a_spacing_on(tmp_path: Path) -> None:
    assert placed(tmp_path, Drawn(tilt=0.45)).mask.sum() == 100
    message = refusal(tmp_path, Drawn(), Drawn(slice=3, tilt=0.55))
    assert "lies across them, over 2.20 mm where slices are 4.00 mm apart" in message


@pytest.mark.parametrize(("end", "way"), [(0, -1), (5, 1)])
def test_contours_beyond_the_outermost_slice_are_refused_from_half_a_spacing_on(
    tmp_path: Path, end: int, way: int
) -> None:
    within = placed(tmp_path, Drawn(), Drawn(slice=end + way * 0.45))
    assert within.mask[..., end].sum() == 100
    assert "contours lie up to 1.80 mm off the slices that they were put on" in within.notes
    message = refusal(tmp_path, Drawn(), Drawn(slice=end + way * 0.55), Drawn(slice=end + way * 1.55))
    assert "must lie in the image, or within 2.00 mm of its outermost slice" in message
    assert "found 2 contours outside, up to 6.20 mm beyond that slice" in message


def test_contours_off_a_slice_within_the_image_are_told_as_such(tmp_path: Path) -> None:
    """One that leans by 0.4 of the spacing reaches 0.65 off a slice from which its middle is 0.45."""
    message = refusal(tmp_path, Drawn(), Drawn(slice=2.45, tilt=0.4))
    assert "must lie within 2.00 mm of a slice of the image, which is half the spacing" in message
    assert "2.60 mm off the nearest" in message


@pytest.mark.parametrize(("off", "told"), [(0.09, False), (0.11, True)])
def test_contours_between_slices_are_noted_beyond_a_tenth(tmp_path: Path, off: float, told: bool) -> None:  # noqa: FBT001
    assert bool(placed(tmp_path, Drawn(slice=2 + off)).notes) == told


def test_contours_of_thinner_slices_are_refused_as_they_would_cut_holes(tmp_path: Path) -> None:
    assert placed(tmp_path, Drawn(slice=1.91), Drawn(slice=2.09, corners=HOLE)).mask.sum() == 91
    message = refusal(tmp_path, Drawn(slice=1.89), Drawn(slice=2.11, corners=HOLE))
    assert "found contours of several planes on 1 of them" in message


@pytest.mark.parametrize(
    "outside",
    [Drawn(slice=-3), Drawn(slice=9), Drawn(corners=box(-20, 3, -9, 9)), Drawn(corners=box(3, 31, 9, 44))],
)
def test_an_roi_outside_the_image_is_refused(tmp_path: Path, outside: Drawn) -> None:
    assert "it lies outside the image" in refusal(tmp_path, outside)


def test_contours_partly_outside_are_cut_off_and_counted(tmp_path: Path) -> None:
    found = placed(
        tmp_path, Drawn(corners=box(-5.5, 9.5, 9.5, 19.5)), Drawn(slice=3, corners=box(-9, 3, -2, 9))
    )
    assert found.mask.sum() == 100
    assert (found.facts["clipped_contours"], found.facts["outside_contours"]) == (1, 1)
    assert found.notes == (
        "1 contour partly beyond the sides of the image: cut off there",
        "1 contour beyond the sides of the image altogether: left out",
    )


def test_an_outline_of_the_whole_slice_is_not_cut_off(tmp_path: Path) -> None:
    whole = placed(tmp_path, Drawn(corners=box(-0.5, -0.5, 23.5, 29.5)))
    assert whole.mask[..., 2].all()
    assert whole.notes == ()


@pytest.mark.parametrize(("beyond", "clipped"), [(0.09, 0), (0.11, 1)])
def test_a_tenth_of_a_voxel_beyond_a_side_is_rounding(tmp_path: Path, beyond: float, clipped: int) -> None:
    found = placed(tmp_path, Drawn(corners=box(-0.5 - beyond, 3.5, 9.5, 9.5)))
    assert found.facts["clipped_contours"] == clipped


@pytest.mark.parametrize(
    ("contours", "reason"),
    [
        (None, "it is empty"),
        ((), "it is empty"),
        ((Drawn(kind="POINT"),), r"found none that does \(1 open or points\)"),
        ((Drawn(corners=SQUARE[:2]),), r"found none that does \(1 of fewer than 3 points\)"),
        ((Drawn(data=b""),), r"found none that does \(1 of fewer than 3 points\)"),
        ((Drawn(corners=box(4.6, 4.6, 5.4, 4.9)),), "must hold the centre of a voxel at least"),
    ],
)
def test_an_empty_roi_is_refused_and_the_others_go_on(tmp_path: Path, contours: Any, reason: str) -> None:
    drawing = read_rtstruct(Made((Roi(contours), Roi(number=2))).save(tmp_path / "rs.dcm"))
    with pytest.raises(SeriesRefused, match=reason):
        drawing.on(1, GRID)
    assert drawing.on(2, GRID).mask.sum() == 100


@pytest.mark.parametrize(
    "data",
    [
        b"nan\\0\\0\\1\\0\\0\\0\\1\\0",
        b"inf\\0\\0\\1\\0\\0\\0\\1\\0",
        b"1e999\\0\\0\\1\\0\\0\\0\\1\\0",
        b"1e7\\0\\0\\1\\0\\0\\0\\1\\0",
        b"Jane\\0\\0\\1\\0\\0\\0\\1\\0",
        b"1_0\\0\\0\\1\\0\\0\\0\\1\\0",
        b"0x1\\0\\0\\1\\0\\0\\0\\1\\0",
        b"0\\0\\0\\1\\0\\0\\0\\1\\0\\5",
        b"0\\0\\0\\1\\\\0\\0\\1\\0",
        b"1 2\\0\\0\\1\\0\\0\\0\\1\\0",
        b"\xff\xfe\\0\\0\\1\\0\\0\\0\\1\\0",
    ],
)
def test_data_that_are_no_points_refuse_the_roi_and_the_others_go_on(tmp_path: Path, data: bytes) -> None:
    rois = (Roi((Drawn(), Drawn(slice=3, data=data))), Roi(number=2))
    drawing = read_rtstruct(Made(rois).save(tmp_path / "rs.dcm"))
    with pytest.raises(SeriesRefused, match="three finite numbers for each point"):
        drawing.on(1, GRID)
    assert drawing.on(2, GRID).mask.sum() == 100
    assert drawing.fits(GRID)


def test_a_kilometre_is_the_farthest_that_a_point_may_be(tmp_path: Path) -> None:
    far = Drawn(data=b"999999\\0\\0\\999998\\0\\0\\999998\\1\\0")
    assert "it lies outside the image" in refusal(tmp_path, far)


@pytest.mark.parametrize(
    ("contour", "fits"),
    [
        (Drawn(slice=2.09), True),
        (Drawn(slice=2.11), False),
        (Drawn(tilt=0.18), True),
        (Drawn(tilt=0.22), False),
        (Drawn(corners=box(-0.59, 3, 9, 9)), True),
        (Drawn(corners=box(-0.61, 3, 9, 9)), False),
        (Drawn(corners=box(3, 3, 9, 29.59)), True),
        (Drawn(corners=box(3, 3, 9, 29.61)), False),
        (Drawn(slice=5.09), True),
        (Drawn(slice=6), False),
        (Drawn(slice=-1), False),
        (Drawn(kind="POINT", slice=2.5), False),
    ],
)
def test_it_fits_where_its_planes_are_slices_and_its_points_within_their_sides(
    tmp_path: Path,
    contour: Drawn,
    fits: bool,  # noqa: FBT001
) -> None:
    assert read_rtstruct(Made((Roi((contour,)),)).save(tmp_path / "rs.dcm")).fits(GRID) is fits


def test_one_roi_that_fits_nowhere_is_enough_not_to_fit(tmp_path: Path) -> None:
    rois = (Roi(), Roi((Drawn(slice=2.5),), number=2))
    assert not read_rtstruct(Made(rois).save(tmp_path / "rs.dcm")).fits(GRID)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2"}, "SOPClassUID: must be that of an RT structure set"),
        ({"StructureSetROISequence": [], "ROIContourSequence": []}, "must hold one ROI at least"),
        ({"StructureSetROISequence": None, "ROIContourSequence": None}, "must hold one ROI at least"),
    ],
)
def test_another_object_or_one_without_rois_is_no_rtstruct(
    tmp_path: Path, values: dict[str, Any], reason: str
) -> None:
    with pytest.raises(DicomError, match=reason):
        read_rtstruct(Made(values=values).save(tmp_path / "rs.dcm"))


@pytest.mark.parametrize("content", [b"", b"x", bytes(400), b"\0" * 128 + b"DICM"])
def test_what_is_no_dicom_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "rs.dcm").write_bytes(content)
    with pytest.raises(DicomError):
        read_rtstruct(tmp_path / "rs.dcm")


def test_references_may_be_absent_or_lead_nowhere(tmp_path: Path) -> None:
    without = Made(values={"ReferencedFrameOfReferenceSequence": None}).save(tmp_path / "rs.dcm")
    assert read_rtstruct(without).source.sop_uids == frozenset()
    np.testing.assert_array_equal(placed(tmp_path, Drawn(image=generate_uid())).mask, square())


def test_the_text_of_a_source_may_be_missing(tmp_path: Path) -> None:
    values = dict.fromkeys(("StructureSetLabel", "StructureSetDate", "Manufacturer", "OperatorsName"))
    source = read_rtstruct(Made(values=values).save(tmp_path / "rs.dcm")).source
    assert (source.label, source.time, source.reader) == ("", "", "")


def test_a_file_that_is_gone_is_the_disks_fault(tmp_path: Path) -> None:
    path = Made().save(tmp_path / "rs.dcm")
    drawing = read_rtstruct(path)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        drawing.on(1, GRID)


def test_what_it_reads_is_what_pydicom_reads(tmp_path: Path) -> None:
    path = Made((Roi((Drawn(), Drawn(slice=3))),)).save(tmp_path / "rs.dcm")
    contours = pydicom.dcmread(path).ROIContourSequence[0].ContourSequence
    assert read_rtstruct(path).on(1, GRID).facts["contours"] == len(contours)
