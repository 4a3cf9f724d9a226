"""Segments on grids: the one that they were drawn on, in whatever order its axes are, and others."""

from dataclasses import replace
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest

from sarcoma_core.dicom.seg import read_seg
from sarcoma_core.errors import SeriesRefused
from sarcoma_core.imaging.volume import Mask, Volume
from tests.dicom.seg.seg_maker import Frame, Made, frames_of, grid_of, random_mask, save
from tests.dicom.series_maker import AXIAL, CORONAL, SAGITTAL, Stack

OBLIQUE = (0.96, 0.28, 0.0, -0.168, 0.576, 0.8)
STACK = Stack(slices=4, shape=(7, 5))
ORDERS = [(axes, flips) for axes in permutations(range(3)) for flips in product((1, -1), repeat=3)]
CUBE = Stack(slices=20, shape=(20, 20), gap=2.0, pixel_spacing=(2.0, 2.0), origin=(-20.0, -20.0, -20.0))


def turned(volume: Volume, mask: Mask, axes: tuple[int, ...], flips: tuple[int, ...]) -> tuple[Volume, Mask]:
    """The same voxels with the axes of the array in another order and the other way round."""
    matrix = np.zeros((4, 4))
    matrix[3, 3] = 1
    for new, old in enumerate(axes):
        matrix[old, new] = flips[new]
        if flips[new] < 0:
            matrix[old, 3] = volume.array.shape[old] - 1
    slices = tuple(slice(None, None, flip) for flip in flips)
    array = volume.array.transpose(axes)[slices]
    return Volume(array, volume.affine @ matrix), mask.transpose(axes)[slices]


@pytest.mark.parametrize("orientation", [AXIAL, CORONAL, SAGITTAL, OBLIQUE])
def test_the_order_and_the_way_of_the_volumes_axes_do_not_matter(
    tmp_path: Path, orientation: tuple[float, ...]
) -> None:
    stack = replace(STACK, orientation=orientation)
    mask = random_mask(stack, 1)
    drawing = read_seg(Made(stack, frames_of(mask)).save(tmp_path))
    for axes, flips in ORDERS:
        grid, truth = turned(grid_of(stack), mask, axes, flips)
        placed = drawing.on(1, grid)
        assert placed.placement == "as drawn"
        np.testing.assert_array_equal(placed.mask, truth)
        assert drawing.fits(grid)
    assert len(ORDERS) == 48


def test_a_single_slice_is_laid_in(tmp_path: Path) -> None:
    stack = replace(STACK, slices=1)
    mask = random_mask(stack, 1)
    placed = read_seg(Made(stack, frames_of(mask)).save(tmp_path)).on(1, grid_of(stack))
    np.testing.assert_array_equal(placed.mask, mask)


def shifted(stack: Stack, rows: float, columns: float, slices: float) -> Stack:
    """The stack, so many voxels away."""
    along_row, along_column = np.reshape(stack.orientation, (2, 3))
    away = columns * along_row * stack.pixel_spacing[1] + rows * along_column * stack.pixel_spacing[0]
    x, y, z = (np.array(stack.origin) + away + slices * stack.gap * stack.normal).tolist()
    return replace(stack, origin=(x, y, z))


def test_frames_smaller_than_the_slice_are_laid_where_they_lie(tmp_path: Path) -> None:
    part = replace(shifted(STACK, 2, 1, 1), slices=2, shape=(3, 2))
    mask = random_mask(part, 1)
    drawing = read_seg(Made(part, frames_of(mask)).save(tmp_path))
    truth = np.zeros(grid_of(STACK).array.shape, bool)
    truth[1:3, 2:5, 1:3] = mask
    placed = drawing.on(1, grid_of(STACK))
    assert placed.placement == "as drawn"
    np.testing.assert_array_equal(placed.mask, truth)
    assert drawing.fits(grid_of(STACK))


def test_what_lies_beyond_the_volume_is_lost_and_counted(tmp_path: Path) -> None:
    large = replace(shifted(STACK, -2, -1, -1), slices=6, shape=(11, 8))
    mask = random_mask(large, 1)
    drawing = read_seg(Made(large, frames_of(mask)).save(tmp_path))
    inside = mask[1:6, 2:9, 1:5]
    placed = drawing.on(1, grid_of(STACK))
    assert placed.placement == "as drawn"
    np.testing.assert_array_equal(placed.mask, inside)
    lost = np.count_nonzero(mask) - np.count_nonzero(inside)
    assert placed.facts["lost_voxels"] == lost
    assert placed.notes == (f"{lost} of its voxels lie outside the image, and are lost",)
    assert not drawing.fits(grid_of(STACK))


@pytest.mark.parametrize("orientation", [AXIAL, CORONAL, OBLIQUE])
def test_rows_for_columns_are_refused_whichever_way_the_volume_is_stored(
    tmp_path: Path, orientation: tuple[float, ...]
) -> None:
    stack = replace(STACK, orientation=orientation, pixel_spacing=(1.5, 1.5))
    swapped = replace(stack, shape=stack.shape[::-1])
    drawing = read_seg(Made(swapped, frames_of(random_mask(swapped, 1))).save(tmp_path))
    for axes, flips in ORDERS:
        grid, _ = turned(grid_of(stack), random_mask(stack, 1), axes, flips)
        with pytest.raises(SeriesRefused, match=r"images, 7 x 5 \(rows x columns\); found 5 x 7") as refused:
            drawing.on(1, grid)
        assert "rows and columns are swapped" in refused.value.message
        assert not drawing.fits(grid)


@pytest.mark.parametrize(
    ("shape", "away"), [((5, 6), (0, 0, 0)), ((5, 7), (1, 0, 0)), ((5, 7), (0, -1, 0)), ((4, 7), (0, 0, 0))]
)
def test_frames_of_another_matrix_or_place_are_no_rows_for_columns(
    tmp_path: Path, shape: tuple[int, int], away: tuple[int, int, int]
) -> None:
    stack = replace(STACK, pixel_spacing=(1.5, 1.5))
    other = replace(shifted(stack, *away), shape=shape)
    placed = read_seg(Made(other, frames_of(random_mask(other, 1))).save(tmp_path)).on(1, grid_of(stack))
    assert placed.placement == "as drawn"
    assert placed.facts["lost_voxels"] > 0


@pytest.mark.parametrize("away", [(0.0, 0.0, 0.0), (0.0, 0.0, 50.0), (30.0, 0.0, 0.0), (0.3, 40.0, 0.4)])
def test_what_lies_outside_is_refused(tmp_path: Path, away: tuple[float, float, float]) -> None:
    path = Made(shifted(STACK, *away), frames_of(random_mask(STACK, 1))).save(tmp_path)
    if not any(away):
        assert read_seg(path).on(1, grid_of(STACK)).mask.any()
        return
    with pytest.raises(SeriesRefused, match="wholly outside"):
        read_seg(path).on(1, grid_of(STACK))


@pytest.mark.parametrize(("off", "placement"), [(0.09, "as drawn"), (0.11, "resampled")])
@pytest.mark.parametrize("way", [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_a_tenth_of_a_voxel_is_another_grid(
    tmp_path: Path, way: tuple[int, int, int], off: float, placement: str
) -> None:
    path = Made(shifted(STACK, *(off * w for w in way)), frames_of(random_mask(STACK, 1))).save(tmp_path)
    drawing = read_seg(path)
    assert drawing.on(1, grid_of(STACK)).placement == placement
    assert drawing.fits(grid_of(STACK)) == (placement == "as drawn")


def ball(stack: Stack, radius: float) -> Mask:
    """Where voxel centres are within a radius of the origin, mm; shape (x, y, z)."""
    grid = grid_of(stack)
    index = np.stack(np.meshgrid(*map(np.arange, grid.array.shape), indexing="ij"), axis=-1)
    points = index @ grid.affine[:3, :3].T + grid.affine[:3, 3]
    return np.asarray(np.linalg.norm(points, axis=-1) <= radius)


@pytest.mark.parametrize("orientation", [AXIAL, CORONAL, OBLIQUE])
def test_a_ball_from_another_grid_is_that_ball(tmp_path: Path, orientation: tuple[float, ...]) -> None:
    centred = np.array([-22.3, -22.3, -22.3])
    matrix = np.stack([orientation[:3], orientation[3:], np.cross(orientation[:3], orientation[3:])])
    x, y, z = (centred @ matrix).tolist()
    fine = Stack(
        slices=46,
        shape=(46, 46),
        gap=1.0,
        pixel_spacing=(1.0, 1.0),
        origin=(x, y, z),
        orientation=orientation,
    )
    path = Made(fine, frames_of(ball(fine, 15.0))).save(tmp_path)
    placed = read_seg(path).on(1, grid_of(CUBE))
    assert placed.placement == "resampled"
    assert "drawn on another grid: resampled linearly, a half or more of a voxel is inside" in placed.notes
    truth = ball(CUBE, 15.0)
    assert 2 * np.count_nonzero(placed.mask & truth) / (placed.mask.sum() + truth.sum()) > 0.97
    volume = 4 / 3 * np.pi * 15.0**3
    assert placed.mask.sum() * 8.0 == pytest.approx(volume, rel=0.02)


def test_thicker_slices_are_another_grid_also_where_each_lies_on_a_slice(tmp_path: Path) -> None:
    coarse = replace(CUBE, slices=5, gap=4.0)
    mask = np.zeros((20, 20, 5), bool)
    mask[5:15, 5:15, 1:4] = True
    dataset = Made(coarse, frames_of(mask)).dataset()
    dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SpacingBetweenSlices = 4.0
    drawing = read_seg(save(dataset, tmp_path))
    placed = drawing.on(1, grid_of(CUBE))
    assert placed.placement == "resampled"
    assert placed.mask[10, 10, 2:7].all()
    assert not drawing.fits(grid_of(CUBE))


@pytest.mark.parametrize(
    ("stated", "placement"), [(2.18, "as drawn"), (2.22, "resampled"), (0.1, "as drawn"), (0.0, "as drawn")]
)
def test_slices_that_are_stated_to_be_a_tenth_thicker_are(
    tmp_path: Path, stated: float, placement: str
) -> None:
    dataset = Made(CUBE, frames_of(ball(CUBE, 15.0))[10:11]).dataset()
    dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SpacingBetweenSlices = stated
    assert read_seg(save(dataset, tmp_path)).on(1, grid_of(CUBE)).placement == placement


def test_a_distance_that_the_places_of_the_frames_contradict_does_not_count(tmp_path: Path) -> None:
    dataset = Made(CUBE, frames_of(ball(CUBE, 15.0))).dataset()
    dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SpacingBetweenSlices = 6.0
    placed = read_seg(save(dataset, tmp_path)).on(1, grid_of(CUBE))
    assert placed.placement == "as drawn"
    np.testing.assert_array_equal(placed.mask, ball(CUBE, 15.0))


def test_pixels_of_twice_the_size_whose_corners_are_voxels_are_another_grid(tmp_path: Path) -> None:
    coarse = replace(CUBE, shape=(10, 10), pixel_spacing=(4.0, 4.0))
    mask = np.zeros((10, 10, 20), bool)
    mask[3:6, 3:6, 8:11] = True
    placed = read_seg(Made(coarse, frames_of(mask)).save(tmp_path)).on(1, grid_of(CUBE))
    assert placed.placement == "resampled"
    assert placed.mask[6:11, 6:11, 8:11].all()
    assert not placed.mask[:5].any()


def test_what_lies_half_outside_on_another_grid_is_lost_and_counted(tmp_path: Path) -> None:
    other = shifted(CUBE, 10.3, 0.2, 0.4)
    mask = np.ones((20, 20, 20), bool)
    placed = read_seg(Made(other, frames_of(mask)).save(tmp_path)).on(1, grid_of(CUBE))
    rows = np.arange(20) + 10.3
    assert placed.facts["lost_voxels"] == 8000 - 400 * np.count_nonzero(rows <= 19.5)
    assert not placed.mask[:, :9].any()
    assert placed.mask[1:, 11:, 1:].all()


def test_frames_of_two_orientations_are_joined_where_both_lie_on_the_grid(tmp_path: Path) -> None:
    sagittal = replace(CUBE, orientation=SAGITTAL, origin=(-20.0, -20.0, 18.0))
    one, other = np.zeros((20, 20, 20), bool), np.zeros((20, 20, 20), bool)
    one[4:8, 5:9, 10], other[6, 3:12, 2:16] = True, True
    dataset = Made(CUBE, [Frame(1, 10, one[:, :, 10].T)], shared=False).dataset()
    second = Made(sagittal, [], shared=False)
    rows = other[6, :, ::-1].T  # rows run from the head down, columns to the back
    joined = Made(CUBE, [Frame(1, 10, one[:, :, 10].T), Frame(1, 0, rows)], shared=False).dataset()
    joined.PerFrameFunctionalGroupsSequence[1] = second._group(Frame(1, -6, rows))
    joined.PerFrameFunctionalGroupsSequence[0] = dataset.PerFrameFunctionalGroupsSequence[0]
    placed = read_seg(save(joined, tmp_path)).on(1, grid_of(CUBE))
    np.testing.assert_array_equal(placed.mask, one | other)


def test_frames_of_two_orientations_on_another_grid_are_refused(tmp_path: Path) -> None:
    off = shifted(CUBE, 0.5, 0.5, 0.5)
    made = Made(off, frames_of(ball(CUBE, 9.0)), shared=False)
    dataset = made.dataset()
    for frame in dataset.PerFrameFunctionalGroupsSequence[10:]:
        frame.PlaneOrientationSequence[0].ImageOrientationPatient = list(CORONAL)
    with pytest.raises(SeriesRefused, match="2 orientations"):
        read_seg(save(dataset, tmp_path)).on(1, grid_of(CUBE))


def test_uneven_frames_on_another_grid_are_refused(tmp_path: Path) -> None:
    dataset = Made(shifted(CUBE, 0.5, 0.5, 0.5), frames_of(ball(CUBE, 9.0))).dataset()
    position = dataset.PerFrameFunctionalGroupsSequence[10].PlanePositionSequence[0]
    position.ImagePositionPatient = [
        *position.ImagePositionPatient[:2],
        position.ImagePositionPatient[2] + 0.7,
    ]
    with pytest.raises(SeriesRefused, match="one even grid"):
        read_seg(save(dataset, tmp_path)).on(1, grid_of(CUBE))


@pytest.mark.parametrize(("factor", "refused"), [(1.0009, False), (1.0011, True)])
def test_frames_on_another_grid_have_pixels_of_one_size(
    tmp_path: Path, factor: float, *, refused: bool
) -> None:
    made = Made(shifted(CUBE, 0.5, 0.5, 0.5), frames_of(ball(CUBE, 9.0)), shared=False)
    dataset = made.dataset()
    frame = dataset.PerFrameFunctionalGroupsSequence[10]
    frame.PixelMeasuresSequence[0].PixelSpacing = [2.0 * factor, 2.0]
    drawing = read_seg(save(dataset, tmp_path))
    if refused:
        with pytest.raises(SeriesRefused, match="several sizes"):
            drawing.on(1, grid_of(CUBE))
    else:
        assert drawing.on(1, grid_of(CUBE)).placement == "resampled"


def test_one_slice_on_another_grid_is_as_thick_as_it_says(tmp_path: Path) -> None:
    dataset = Made(shifted(CUBE, 0, 0, 0.4), frames_of(ball(CUBE, 15.0))[10:11]).dataset()
    measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    measures.SliceThickness = 6.0
    placed = read_seg(save(dataset, tmp_path / "thick")).on(1, grid_of(CUBE))
    # Its middle is 0.4 slices beyond slice 10; it reaches 1.5 slices to each side.
    assert np.flatnonzero(placed.mask.any(axis=(0, 1))).tolist() == [9, 10, 11]
    del measures.SliceThickness
    with pytest.raises(SeriesRefused, match="one slice without SliceThickness"):
        read_seg(save(dataset, tmp_path / "none")).on(1, grid_of(CUBE))


def test_a_volume_whose_axes_are_not_at_right_angles_is_refused(tmp_path: Path) -> None:
    mask = ball(CUBE, 9.0)
    drawing = read_seg(Made(CUBE, frames_of(mask)).save(tmp_path))
    affine = grid_of(CUBE).affine.copy()
    affine[0, 2] = 0.2
    with pytest.raises(SeriesRefused, match="it cannot be resampled: volume: the axes of its grid"):
        drawing.on(1, Volume(grid_of(CUBE).array, affine))


def test_equal_frames_at_one_place_are_one(tmp_path: Path) -> None:
    mask = random_mask(STACK, 1)
    frames = frames_of(mask)
    path = Made(STACK, [*frames, frames[2]]).save(tmp_path)
    np.testing.assert_array_equal(read_seg(path).on(1, grid_of(STACK)).mask, mask)


@pytest.mark.parametrize("empty", [False, True])
def test_frames_at_one_place_that_contradict_each_other_are_refused(tmp_path: Path, *, empty: bool) -> None:
    frames = frames_of(random_mask(STACK, 1))
    values = np.zeros_like(frames[2].values) if empty else ~frames[2].values
    path = Made(STACK, [*frames, Frame(1, 2, values)]).save(tmp_path)
    with pytest.raises(SeriesRefused, match="2 of its frames lie at one place"):
        read_seg(path).on(1, grid_of(STACK))


def test_an_empty_segment_is_refused_and_the_other_is_not(tmp_path: Path) -> None:
    mask = random_mask(STACK, 1)
    drawing = read_seg(
        Made(STACK, [*frames_of(mask), *frames_of(mask & False, 2)], numbers=(1, 2, 3)).save(tmp_path)
    )
    for number in (2, 3):
        with pytest.raises(SeriesRefused, match="empty"):
            drawing.on(number, grid_of(STACK))
    assert drawing.on(1, grid_of(STACK)).mask.any()
    with pytest.raises(SeriesRefused, match="not one of the 3"):
        drawing.on(4, grid_of(STACK))


def test_one_voxel_that_falls_between_voxels_is_refused_where_nothing_is_left(tmp_path: Path) -> None:
    fine = Stack(slices=3, shape=(3, 3), gap=0.2, pixel_spacing=(0.2, 0.2), origin=(-11.2, -11.2, -11.2))
    mask = np.zeros((3, 3, 3), bool)
    mask[1, 1, 1] = True
    with pytest.raises(SeriesRefused, match="nothing of it is left"):
        read_seg(Made(fine, frames_of(mask)).save(tmp_path)).on(1, grid_of(CUBE))
