from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.dicom.nifti import NiftiImage, StoredVolume
from sarcoma_core.dicom.verify import (
    Promise,
    find_turn,
    match_volumes,
    require_place,
    turn_back,
)
from sarcoma_core.errors import SeriesRefused
from tests.dicom.series_maker import Stack

STACK = Stack(slices=5, orientation=(0.6, 0.8, 0.0, 0.0, 0.0, -1.0))
PROMISE = Promise((10, 12, 5), STACK.affine)
AXIAL = Stack(slices=5)
HALF_STEP = 2.0**-24
"""The largest relative error of one rounding to float32 (IEEE 754: 24 significant bits)."""
TURNS = [*product(permutations(range(3)), product((False, True), repeat=3))]


def written(axes: tuple[int, ...], flips: tuple[bool, ...]) -> NiftiImage:
    """The stack as a converter might write it: its axes (column, row, slice) swapped and flipped."""
    voxels = STACK.stored.transpose(2, 1, 0)
    step = np.eye(4)[:, [*axes, 3]]
    for written_axis, axis in enumerate(axes):
        if flips[written_axis]:
            step[axis, written_axis] = -1
            step[axis, 3] = voxels.shape[axis] - 1
    turned = np.flip(voxels.transpose(axes), axis=tuple(i for i in range(3) if flips[i]))
    return NiftiImage(turned, 1.0, 0.0, STACK.affine @ step)


def as_written(*volumes: np.ndarray) -> list[StoredVolume]:
    return [StoredVolume(stored, 1.0, 0.0) for stored in volumes]


@pytest.mark.parametrize(("axes", "flips"), TURNS)
def test_every_turn_of_the_axes_is_found_and_turned_back(
    axes: tuple[int, ...], flips: tuple[bool, ...]
) -> None:
    image = written(axes, flips)

    turn = find_turn(image, PROMISE)
    (volume,) = turn_back(image, turn)

    np.testing.assert_array_equal(volume.stored, STACK.stored)
    np.testing.assert_allclose(turn.affine, image.affine, atol=1e-12)
    assert turn.shift < 1e-9


def test_the_spacing_of_a_converter_that_took_it_from_two_rounded_positions_is_put_right() -> None:
    image = written((0, 1, 2), (False, True, False))
    wrong = image.affine.copy()
    wrong[:3, 2] *= 4.1 / 4.0

    turn = find_turn(replace(image, affine=wrong), PROMISE)

    np.testing.assert_allclose(turn.affine, image.affine, atol=1e-12)
    assert turn.shift == pytest.approx(0.1 * 4)


@pytest.mark.parametrize(
    "move",
    [
        np.array([[1, 0, 0, 0.4], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]),
        np.diag([1.02, 1, 1, 1]),
        np.diag([2.0, 1, 1, 1]),
        np.diag([1, 1, 1.2, 1]),
        np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0.2, 0, 1, 0], [0, 0, 0, 1.0]]),
    ],
    ids=["0.4 voxels off", "wider columns", "twice as wide columns", "wider slices", "sheared"],
)
def test_a_grid_that_lies_elsewhere_is_refused(move: np.ndarray) -> None:
    image = written((0, 1, 2), (False, False, False))

    with pytest.raises(SeriesRefused, match=r"from its place|another orientation"):
        find_turn(replace(image, affine=image.affine @ move), PROMISE)


def test_another_number_of_slices_is_refused() -> None:
    image = written((0, 1, 2), (False, False, False))

    with pytest.raises(SeriesRefused, match=r"\(10, 12, 4\) voxels; the headers tell of \(10, 12, 5\)"):
        find_turn(replace(image, stored=image.stored[..., :4]), PROMISE)


def test_a_delivered_grid_may_be_rounded_to_float32_and_no_more() -> None:
    image = written((2, 0, 1), (True, False, True))
    turn = find_turn(image, PROMISE)
    shape = image.shape

    assert require_place(image.affine.astype(np.float32), turn, shape) < 1e-4
    moved = image.affine.copy()
    moved[0, 3] += 0.01
    with pytest.raises(SeriesRefused, match="delivered grid"):
        require_place(moved, turn, shape)


def test_a_fourth_axis_is_as_many_volumes() -> None:
    image = written((0, 1, 2), (False, True, False))
    both = replace(image, stored=np.stack([image.stored, image.stored + 1], axis=3))

    first, second = turn_back(both, find_turn(both, PROMISE))

    np.testing.assert_array_equal(first.stored, STACK.stored)
    np.testing.assert_array_equal(second.stored, STACK.stored + 1)


@given(st.permutations(range(4)))
def test_volumes_match_in_any_order(order: list[int]) -> None:
    volumes = [stack.stored for stack in STACK.repeat(4)]

    assert match_volumes(as_written(*(volumes[i] for i in order)), volumes, intercept=0) == 0


@given(st.integers(0, 3), st.integers(0, 4), st.integers(0, 11), st.integers(0, 9))
def test_one_voxel_that_differs_by_one_is_found(volume: int, k: int, row: int, column: int) -> None:
    volumes = [stack.stored for stack in STACK.repeat(4)]
    changed = [v.copy() for v in volumes]
    changed[volume][k, row, column] += 1

    with pytest.raises(SeriesRefused, match="voxels differ"):
        match_volumes(as_written(*changed), volumes, intercept=0)


def test_large_whole_numbers_have_to_be_the_same_too() -> None:
    large = np.full((5, 4, 3), 2**26, dtype=np.int32)

    with pytest.raises(SeriesRefused, match="voxels differ"):
        match_volumes(as_written(large + 1), [large], intercept=0)


def test_a_volume_is_not_matched_twice() -> None:
    one, two = (stack.stored for stack in STACK.repeat(2))

    with pytest.raises(SeriesRefused, match="in volume 2 of 2"):
        match_volumes(as_written(one, two), [one, one], intercept=0)


@given(st.floats(1e-6, 1e4), st.floats(-2000, 2000).map(lambda value: round(value, 6)))
def test_rescaled_values_may_differ_by_the_rounding_of_float32(slope: float, intercept: float) -> None:
    exact = STACK.stored * slope + intercept
    rounded = STACK.stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)

    match_volumes(as_written(rounded), [exact], intercept=intercept)

    peak = np.unravel_index(np.abs(exact).argmax(), exact.shape)
    wrong = exact.copy()
    wrong[peak] += 16 * HALF_STEP * (np.abs(exact).max() + abs(intercept))
    with pytest.raises(SeriesRefused, match="voxels differ"):
        match_volumes(as_written(wrong), [exact], intercept=intercept)


def straight(stack: Stack) -> tuple[NiftiImage, Promise]:
    """A stack written as it is, and its promise."""
    image = NiftiImage(stack.stored.transpose(2, 1, 0), 1.0, 0.0, stack.affine)
    return image, Promise((stack.shape[1], stack.shape[0], stack.slices), stack.affine)


@pytest.mark.parametrize("stack", [STACK, AXIAL], ids=["oblique", "axial"])
@pytest.mark.parametrize("gap", [4.0, 12.0])
def test_a_written_grid_may_lie_off_by_the_tolerance_of_both_ends_of_a_gap(stack: Stack, gap: float) -> None:
    """Twice what positions may be off: 0.06 mm, or a hundredth of the spacing."""
    image, promise = straight(replace(stack, gap=gap))
    tolerance = 2 * max(0.06, 0.01 * gap)
    for axis in range(3):
        step = np.zeros((4, 4))
        step[axis, 3] = tolerance

        within = find_turn(replace(image, affine=image.affine - 0.95 * step), promise)
        assert within.shift == pytest.approx(0.95 * tolerance, rel=1e-6)
        with pytest.raises(SeriesRefused, match="from its place"):
            find_turn(replace(image, affine=image.affine + 1.05 * step), promise)


@pytest.mark.parametrize("stack", [STACK, AXIAL], ids=["oblique", "axial"])
@pytest.mark.parametrize("anchor", [0, 4], ids=["first slice in place", "last slice in place"])
def test_the_step_from_slice_to_slice_may_be_off_by_as_much(stack: Stack, anchor: int) -> None:
    image, promise = straight(stack)

    def stretched(by: float) -> NiftiImage:
        wrong = image.affine.copy()
        direction = wrong[:3, 2] / np.linalg.norm(wrong[:3, 2])
        wrong[:3, 2] += by * direction
        wrong[:3, 3] -= anchor * by * direction
        return replace(image, affine=wrong)

    assert find_turn(stretched(0.95 * 0.12), promise).shift == pytest.approx(4 * 0.95 * 0.12, rel=1e-6)
    with pytest.raises(SeriesRefused, match="from its place"):
        find_turn(stretched(1.05 * 0.12), promise)


@pytest.mark.parametrize(
    "step",
    [
        np.array([[1.0, 0, 0], [1, 0, 0], [0, 1, 1]]),
        np.array([[1.0, 1, 0], [0, 0, 1], [0, 0, 1]]).T,
        np.array([[1.0, 1, 0], [0, 0, 1], [0, 0, 0]]),
        np.zeros((3, 3)),
    ],
    ids=["two of one column", "two of one row", "a slice lost", "nothing"],
)
def test_axes_that_are_not_each_one_of_the_promised_are_refused(step: np.ndarray) -> None:
    image, promise = straight(replace(AXIAL, pixel_spacing=(1.0, 1.0), gap=1.0, shape=(5, 5)))
    wrong = np.eye(4)
    wrong[:3, :3] = step

    for matrix in (wrong, wrong.T):
        with pytest.raises(SeriesRefused, match="another orientation or spacing"):
            find_turn(replace(image, affine=image.affine @ matrix), promise)


@pytest.mark.parametrize("axis", range(3))
def test_a_delivered_grid_may_lie_off_by_five_thousandths_of_a_millimetre(axis: int) -> None:
    """float32 moves a corner by 0.001 mm at the most; a contour is drawn to 0.1 mm."""
    image, promise = straight(AXIAL)
    turn = find_turn(image, promise)
    moved = np.zeros((4, 4))
    moved[axis, 3] = 0.005

    found = require_place(image.affine + 0.95 * moved, turn, image.shape)

    assert found == pytest.approx(0.95 * 0.005, rel=1e-6)
    with pytest.raises(SeriesRefused, match=r"up to 0\.005 mm"):
        require_place(image.affine - 1.05 * moved, turn, image.shape)


def test_the_far_corner_of_a_delivered_grid_counts() -> None:
    image, promise = straight(AXIAL)
    turn = find_turn(image, promise)
    stretched = image.affine.copy()
    stretched[0, 0] += 0.001

    assert require_place(stretched, turn, (5, 12, 5)) == pytest.approx(0.004, rel=1e-6)
    with pytest.raises(SeriesRefused, match="delivered grid"):
        require_place(stretched, turn, (7, 12, 5))


def difference(expected: float, off: float, *, intercept: float = 0.0) -> float:
    """What two volumes differ by, of which one is off in the last voxel of the first slice."""
    volume = np.full((3, 4, 5), expected)
    other = volume.copy()
    other[0, -1, -1] += off
    return match_volumes(as_written(other), [volume], intercept=intercept)


@pytest.mark.parametrize("value", [1.0, -1.0, 1500.0])
def test_a_rescaled_value_may_be_off_by_four_roundings_of_itself(value: float) -> None:
    """Slope, intercept, product and sum are rounded once each."""
    rounding = abs(value) * HALF_STEP

    assert difference(value, 3.9 * rounding) == pytest.approx(3.9 * rounding, rel=1e-3)
    for off in (4.1 * rounding, -4.1 * rounding):
        with pytest.raises(SeriesRefused, match="voxels differ"):
            difference(value, off)


def test_a_value_that_the_intercept_made_small_may_be_off_by_the_roundings_of_the_intercept() -> None:
    """Near 0 slope x stored is as large as the intercept: slope, product and intercept are rounded."""
    rounding = 1024 * HALF_STEP

    for intercept in (1024.0, -1024.0):
        assert difference(0.0, 3.0 * rounding, intercept=intercept) == pytest.approx(3.0 * rounding)
        with pytest.raises(SeriesRefused, match="voxels differ"):
            difference(0.0, 4.1 * rounding, intercept=intercept)


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.int32])
def test_whole_numbers_may_not_be_off_at_all(dtype: type) -> None:
    volume = np.full((3, 4, 5), 2000, dtype=dtype)

    with pytest.raises(SeriesRefused, match="voxels differ"):
        match_volumes(as_written(volume + 1e-9), [volume], intercept=-1024)


def test_no_volumes_do_not_differ() -> None:
    assert match_volumes([], [], intercept=0) == 0
