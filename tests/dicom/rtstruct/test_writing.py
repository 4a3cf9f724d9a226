"""Write RTSTRUCTs: other readers see the same voxels, whatever the order of axes; the standard is kept."""

import itertools
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
import pytest

from sarcoma_core.dicom.drawings import CodedConcept
from sarcoma_core.dicom.rtstruct import RoiToWrite, RtstructIdentity, read_rtstruct, write_rtstruct
from sarcoma_core.errors import InputError
from sarcoma_core.imaging.volume import Volume
from sarcoma_core.xnat.roi.collection import read_collection
from tests.dicom.rtstruct.other_readers import by_images, dciodvfy_errors
from tests.dicom.rtstruct.rtstruct_maker import grid_of
from tests.dicom.series_maker import CORONAL, SAGITTAL, Stack, save

Mask = npt.NDArray[np.bool_]
AXES = [
    (order, flips)
    for order in itertools.permutations(range(3))
    for flips in itertools.product((False, True), repeat=3)
]
OBLIQUE = (0.8, 0.6, 0.0, -0.48, 0.64, -0.6)
STACK = Stack(slices=5, shape=(14, 12), gap=5.0, pixel_spacing=(0.9, 1.3), orientation=OBLIQUE)
IDENTITY = RtstructIdentity(
    series_uid="1.2.826.0.1.3680043.8.498.77",
    sop_uid="1.2.826.0.1.3680043.8.498.78",
    time=datetime(2026, 3, 4, 5, 6, 7),  # noqa: DTZ001  DICOM's times have no zone
    label="Reader A",
    description="GTV, Reader A",
    creator="Roe^R",
)


def shapes(stack: Stack) -> Mask:
    """A ring with an island in it, two islands that touch at a corner, one voxel; columns x rows x slices."""
    mask = np.zeros(grid_of(stack).array.shape, bool)
    mask[1:9, 2:11, 1:4] = True
    mask[3:7, 4:9, 1:3] = False
    mask[4:6, 5:7, 2] = True
    mask[9:11, 11:13, 3] = True
    mask[0, 0, 0] = mask[11, 13, 4] = True
    return mask


def turned(array: npt.NDArray[Any], order: Sequence[int], flips: Sequence[bool]) -> npt.NDArray[Any]:
    flipped = tuple(axis for axis in range(3) if flips[axis])
    return np.transpose(np.flip(array, flipped), order).copy()


def turned_grid(grid: Volume, order: Sequence[int], flips: Sequence[bool]) -> Volume:
    affine = grid.affine.copy()
    for axis in range(3):
        if flips[axis]:
            affine[:3, 3] += affine[:3, axis] * (grid.array.shape[axis] - 1)
            affine[:3, axis] *= -1
    affine[:3, :3] = affine[:3, list(order)]
    return Volume(turned(grid.array, order, flips), affine)


def assert_seen_by_all(
    tmp_path: Path,
    stack: Stack,
    mask: Mask,
    order: Sequence[int] = (0, 1, 2),
    flips: Sequence[bool] = (False,) * 3,
) -> None:
    images = stack.datasets()
    sources = save(images, tmp_path / "series")
    grid, ours = turned_grid(grid_of(stack), order, flips), turned(mask, order, flips)
    path = tmp_path / "rs.dcm"
    path.write_bytes(write_rtstruct([RoiToWrite(3, "GTV", ours)], sources, grid, identity=IDENTITY))
    for unite in (True, False):
        np.testing.assert_array_equal(by_images(path, images, 3, unite=unite), mask.T)
    drawing = read_rtstruct(path)
    assert drawing.fits(grid)
    found = drawing.on(3, grid)
    np.testing.assert_array_equal(found.mask, ours)
    assert found.notes == ()
    volume = float(ours.sum()) * float(np.prod(grid.spacing)) / 1000
    assert found.facts["drawn_ml"] == pytest.approx(volume, abs=1e-3)


@pytest.mark.parametrize(("order", "flips"), AXES)
def test_48_orders_of_axes_show_other_readers_and_ours_the_same_voxels(
    tmp_path: Path, order: tuple[int, ...], flips: tuple[bool, ...]
) -> None:
    assert_seen_by_all(tmp_path, STACK, shapes(STACK), order, flips)


@pytest.mark.parametrize(
    "stack",
    [
        replace(STACK, orientation=CORONAL),
        replace(STACK, orientation=SAGITTAL, gap=-3.0),
        replace(STACK, pixel_spacing=(0.3, 4.0), gap=0.7),
        replace(STACK, origin=(-12345.678, 9876.54321, -0.00001)),
    ],
    ids=["coronal", "sagittal, backwards", "anisotropic", "far"],
)
def test_any_plane_and_spacing(tmp_path: Path, stack: Stack) -> None:
    assert_seen_by_all(tmp_path, stack, shapes(stack))


def test_a_single_slice(tmp_path: Path) -> None:
    stack = replace(STACK, slices=1)
    mask = shapes(STACK)[..., 2:3]
    assert_seen_by_all(tmp_path, stack, mask)


@pytest.mark.parametrize("seed", range(4))
def test_a_mask_that_is_all_holes_and_islands(tmp_path: Path, seed: int) -> None:
    mask = np.random.default_rng(seed).random(grid_of(STACK).array.shape) < 0.3 + 0.15 * seed
    assert_seen_by_all(tmp_path, STACK, mask)


def test_one_voxel_in_each_corner(tmp_path: Path) -> None:
    mask = np.zeros(grid_of(STACK).array.shape, bool)
    mask[:: mask.shape[0] - 1, :: mask.shape[1] - 1] = True
    assert_seen_by_all(tmp_path, STACK, mask)


def written(tmp_path: Path, *rois: RoiToWrite, **values: Any) -> pydicom.Dataset:
    sources = save(STACK.datasets(**values), tmp_path / "series")
    path = tmp_path / "rs.dcm"
    path.write_bytes(write_rtstruct(rois, sources, grid_of(STACK), identity=IDENTITY))
    return pydicom.dcmread(path)


MASS = RoiToWrite(
    2,
    "Tumör 腫瘍",
    shapes(STACK),
    (10, 20, 30),
    algorithm="MANUAL",
    concept=CodedConcept("4147007", "SCT", "Mass"),
)
OEDEMA = RoiToWrite(5, "GTV_Edema", ~shapes(STACK), interpreted_type="")


def test_it_says_what_it_holds_and_on_what_it_was_drawn(tmp_path: Path) -> None:
    images = STACK.datasets()
    sources = save(images, tmp_path / "series")
    path = tmp_path / "rs.dcm"
    path.write_bytes(write_rtstruct([MASS, OEDEMA], sources, grid_of(STACK), identity=IDENTITY))
    drawing = read_rtstruct(path)
    assert [region.name for region in drawing.regions] == ["Tumör 腫瘍", "GTV_Edema"]
    assert drawing.regions[0].concept == MASS.concept
    assert drawing.source.label == "Reader A"
    assert drawing.source.reader == "Roe^R"
    assert drawing.source.time == "2026-03-04T05:06:07"
    assert drawing.source.study_uids == {images[0].StudyInstanceUID}
    assert drawing.source.series_uids == {images[0].SeriesInstanceUID}
    assert drawing.source.sop_uids == {image.SOPInstanceUID for image in images}
    assert drawing.source.frames == {images[0].FrameOfReferenceUID}
    collection = read_collection(path.read_bytes(), "RTSTRUCT")
    assert collection.series_uids == drawing.source.series_uids
    assert [region.name for region in collection.regions] == ["Tumör 腫瘍", "GTV_Edema"]


def test_patient_and_study_are_the_sources(tmp_path: Path) -> None:
    found = written(
        tmp_path, MASS, SpecificCharacterSet="ISO_IR 100", PatientName="Müller^Jörg", PatientAge="061Y"
    )
    source = pydicom.dcmread(next((tmp_path / "series").iterdir()))
    assert found.PatientName == "Müller^Jörg"
    for keyword in (
        "PatientID",
        "PatientBirthDate",
        "PatientAge",
        "StudyDate",
        "StudyTime",
        "StudyInstanceUID",
    ):
        assert found[keyword].value == source[keyword].value
    assert found.FrameOfReferenceUID == source.FrameOfReferenceUID
    assert "InstitutionName" not in found


def test_observations_colours_and_numbers(tmp_path: Path) -> None:
    found = written(tmp_path, MASS, OEDEMA)
    assert [roi.ROINumber for roi in found.StructureSetROISequence] == [2, 5]
    assert [roi.ROIGenerationAlgorithm for roi in found.StructureSetROISequence] == ["MANUAL", ""]
    assert list(found.ROIContourSequence[0].ROIDisplayColor) == [10, 20, 30]
    assert [o.RTROIInterpretedType for o in found.RTROIObservationsSequence] == ["GTV", ""]
    assert [o.ReferencedROINumber for o in found.RTROIObservationsSequence] == [2, 5]


def test_numbers_have_sixteen_characters_at_most(tmp_path: Path) -> None:
    far = replace(STACK, origin=(-123456.789, 98765.4321, 0.12345))
    sources = save(far.datasets(), tmp_path / "series")
    (tmp_path / "rs.dcm").write_bytes(write_rtstruct([MASS], sources, grid_of(far)))
    for contour in pydicom.dcmread(tmp_path / "rs.dcm").ROIContourSequence[0].ContourSequence:
        assert max(map(len, contour.get_item("ContourData").value.split(b"\\"))) <= 16


def test_equal_identity_and_time_give_equal_bytes_and_others_do_not(tmp_path: Path) -> None:
    sources = save(STACK.datasets(), tmp_path / "series")
    once, again = (write_rtstruct([MASS], sources, grid_of(STACK), identity=IDENTITY) for _ in range(2))
    reverse = write_rtstruct([MASS], sources[::-1], grid_of(STACK), identity=IDENTITY)
    assert once == again == reverse
    assert write_rtstruct([MASS], sources, grid_of(STACK)) != write_rtstruct([MASS], sources, grid_of(STACK))


def test_dciodvfy_finds_no_error(tmp_path: Path) -> None:
    if shutil.which("dciodvfy") is None:
        pytest.skip("validation of DICOM: install dicom3tools to run it")
    written(tmp_path, MASS, OEDEMA)
    assert dciodvfy_errors(tmp_path / "rs.dcm") == set()


@pytest.mark.parametrize(
    ("rois", "reason"),
    [
        ([], "must be one at least"),
        ([MASS, MASS], "must have numbers of their own"),
        ([replace(MASS, number=0)], "must have numbers of their own, from 1 on"),
        ([replace(MASS, name="x" * 65)], "its name must be 1 to 64"),
        ([replace(MASS, name=" ")], "its name must be 1 to 64"),
        ([replace(MASS, name="C:\\tumour")], "its name must be 1 to 64"),
        ([replace(MASS, colour=(0, 0, 256))], "its colour must be three numbers"),
        ([replace(MASS, mask=np.zeros_like(MASS.mask))], "must have a voxel at least"),
        ([replace(MASS, mask=MASS.mask[1:])], "must have the shape"),
        ([replace(MASS, mask=MASS.mask.astype(np.uint8))], "must be a mask of booleans"),
    ],
)
def test_what_breaks_a_rule_is_not_written(tmp_path: Path, rois: list[RoiToWrite], reason: str) -> None:
    sources = save(STACK.datasets(), tmp_path / "series")
    with pytest.raises(InputError, match=reason):
        write_rtstruct(rois, sources, grid_of(STACK))


def test_longest_name_and_label_are_written(tmp_path: Path) -> None:
    sources = save(STACK.datasets(), tmp_path / "series")
    write_rtstruct(
        [replace(MASS, name="x" * 64)], sources, grid_of(STACK), identity=replace(IDENTITY, label="x" * 16)
    )
    with pytest.raises(InputError, match="label: must be 1 to 16"):
        write_rtstruct([MASS], sources, grid_of(STACK), identity=replace(IDENTITY, label="x" * 17))


def test_a_slice_without_an_image_is_told_where_it_is_drawn_on(tmp_path: Path) -> None:
    sources = save(STACK.datasets()[:4], tmp_path / "series")
    with pytest.raises(InputError, match="must have an image for each slice of ROI 2; 1 lack one"):
        write_rtstruct([MASS], sources, grid_of(STACK))
    below = MASS.mask.copy()
    below[..., 4] = False
    assert write_rtstruct([replace(MASS, mask=below)], sources, grid_of(STACK))
