"""The grid of a network: the same for any order of axes, in its place in the patient, and volumes stay."""

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.grid import (
    DEFAULT_SHAPE,
    Box,
    ModelGrid,
    box_of,
    middle,
    model_grid,
    padded,
    to_model,
    to_native,
)
from sarcoma_core.imaging.volume import Spacing, Volume
from tests.imaging.turned import CENTRE, TURNS, UPRIGHT, Turn, lattice, noise, places, reordered, rotation

ANGLES = st.tuples(*[st.floats(-180, 180)] * 3)
THIN = noise((14, 12, 9), (2.0, 2.5, 6.0))
OBLIQUE = noise((14, 12, 9), (2.0, 2.5, 6.0), rotation(20, -35, 15))
NEAR_45 = noise((14, 12, 9), (2.0, 2.5, 6.0), rotation(44.9, 0, 0))
BEYOND_45 = noise((14, 12, 9), (2.0, 2.5, 6.0), rotation(45.1, 44.9, 10))


def assert_same_in_all_orders(volume: Volume, spacing: Spacing, *, slices_last: bool) -> None:
    wanted = model_grid(volume, spacing, slices_last=slices_last)
    there = to_model(volume.array, wanted, fill=-1.0)
    back = to_native(there, wanted)
    for turn in TURNS:
        other = reordered(volume, turn)
        grid = model_grid(other, spacing, slices_last=slices_last)
        np.testing.assert_allclose(grid.affine, wanted.affine, atol=1e-9)
        np.testing.assert_allclose(to_model(other.array, grid, fill=-1.0), there, atol=1e-6)
        turned_back = reordered(Volume(back, volume.affine), turn).array
        np.testing.assert_allclose(to_native(there, grid), turned_back, atol=1e-6)


@pytest.mark.parametrize("slices_last", [False, True])
@pytest.mark.parametrize("spacing", [(3.1, 3.1, 3.1), (1.0, 4.0, 6.0)], ids=str)
@pytest.mark.parametrize("volume", [THIN, OBLIQUE, NEAR_45, BEYOND_45])
def test_48_orders_of_axes_of_one_image_are_one_image_for_the_network(
    volume: Volume, spacing: Spacing, *, slices_last: bool
) -> None:
    assert_same_in_all_orders(volume, spacing, slices_last=slices_last)


@given(ANGLES, st.booleans())
@settings(max_examples=12)
def test_so_they_are_in_any_oblique_frame(angles: tuple[float, float, float], slices_last: bool) -> None:  # noqa: FBT001
    turned = rotation(*angles)
    largest = np.sort(np.abs(turned), axis=0)
    if (largest[2] - largest[1]).min() < 1e-3:  # half way between two axes of the patient neither is nearer
        return
    volume = noise((7, 6, 5), (2.0, 2.5, 6.0), turned)
    assert_same_in_all_orders(volume, (3.1, 3.1, 5.0), slices_last=slices_last)


@pytest.mark.parametrize("degrees", [0, 30, 44.9])
def test_axes_are_those_of_the_patient_as_near_as_they_are(degrees: float) -> None:
    for turn in TURNS:
        volume = reordered(noise((6, 5, 4), (1.0, 2.0, 3.0), rotation(degrees, 0, 0)), turn)
        assert nib.aff2axcodes(model_grid(volume, (1, 2, 3), slices_last=False).affine) == ("R", "A", "S")


@pytest.mark.parametrize(
    ("across", "codes"), [(0, ("A", "S", "R")), (1, ("R", "S", "A")), (2, ("R", "A", "S"))]
)
def test_the_third_axis_goes_across_the_slices_whatever_plane_they_are_in(
    across: int, codes: tuple[str, ...]
) -> None:
    spacing = [1.0, 1.0, 1.0]
    spacing[across] = 6.0
    volume = noise((6, 5, 4), (spacing[0], spacing[1], spacing[2]))
    for turn in TURNS:
        other = reordered(volume, turn)
        grid = model_grid(other, (1.0, 1.0, 6.0), slices_last=True)
        assert nib.aff2axcodes(grid.affine) == codes
        # On its own spacing an image is only put in order: no number changes.
        seen = reordered(Volume(to_model(other.array, grid), grid.affine), TURNS[0])
        canonical = nib.as_closest_canonical(nib.Nifti1Image(other.array, other.affine))
        there = nib.as_closest_canonical(nib.Nifti1Image(seen.array, seen.affine))
        np.testing.assert_array_equal(there.get_fdata(), canonical.get_fdata())


def test_of_three_equal_spacings_the_last_axis_of_the_image_is_across_the_slices() -> None:
    """A thousandth of a spacing is rounding of a header; more is not."""
    for last, codes in ((1.0009, ("R", "A", "S")), (0.9991, ("R", "A", "S")), (0.998, ("R", "S", "A"))):
        volume = noise((6, 5, 4), (1.0, 1.0, last))
        assert nib.aff2axcodes(model_grid(volume, (1, 1, 1), slices_last=True).affine) == codes


@pytest.mark.parametrize("slices_last", [False, True])
@pytest.mark.parametrize(
    ("spacing", "exact"),
    [((1.0, 0.7, 2.0), True), ((2.0, 2.5, 6.0), True), ((4.0, 5.0, 12.0), True), ((3.1, 4.3, 7.0), False)],
    ids=str,
)
@pytest.mark.parametrize("turn", TURNS[::5])
def test_a_voxel_holds_what_the_image_has_where_its_affine_says(
    turn: Turn, spacing: Spacing, *, exact: bool, slices_last: bool
) -> None:
    """Of a linear field, interpolation and the mean of whole voxels are the field at the centre.

    The mean over s voxels that begin within one is off by up to 1 / 8 s of a voxel.
    """
    shape, slope = (12, 12, 8), np.array([0.3, -0.2, 0.11])
    affine = lattice(shape, (2.0, 2.5, 6.0), rotation(20, -35, 15))
    field = Volume((places(shape, affine) @ slope).astype(np.float32), affine)
    volume = reordered(field, turn)
    grid = model_grid(volume, spacing, slices_last=slices_last)
    told = places(grid.shape, grid.affine)
    reach = np.maximum((np.array(grid.step) - 1) / 2, 0)[np.argsort(grid.order)]
    native = (told + CENTRE - volume.affine[:3, 3]) @ np.linalg.inv(volume.affine[:3, :3]).T
    last = np.array(volume.array.shape) - 1
    inside = ((native - reach > -1e-6) & (native + reach < last + 1e-6)).all(-1)
    assert inside.mean() > 0.3
    off = (
        0.0
        if exact
        else sum(1 / 8 / np.array(grid.step) * np.abs(volume.affine[:3, :3].T @ slope)[[*grid.order]])
    )
    error = np.abs(to_model(volume.array, grid) - told @ slope)[inside].max()
    assert error <= off + 1e-4
    if not exact:
        assert error > off / 4


@pytest.mark.parametrize(
    "turned", [UPRIGHT, rotation(20, -35, 15), rotation(44.9, 0, 0)], ids=["0", "35", "45"]
)
@pytest.mark.parametrize("spacing", [(2.0, 2.5, 6.0), (1.2, 1.2, 1.7), (3.0, 3.0, 6.0), (3, 3, 9)], ids=str)
def test_a_smooth_image_comes_back(turned: NDArray[np.float64], spacing: Spacing) -> None:
    """On its own spacing to the last digit; elsewhere a bell loses v / 2 sigma^2 of its height for each axis.

    The way there and back is a box of the coarser voxel and, half way between two, interpolation: w^2 / 12
    and w^2 / 4 of variance v. The finer voxels are boxes as well.
    """
    shape, native, sigma = (24, 22, 11), (2.0, 2.5, 6.0), 14.0
    affine = lattice(shape, native, turned)
    bell = np.exp(-(places(shape, affine) ** 2).sum(-1) / (2 * sigma**2)).astype(np.float32)
    pairs = [pair for pair in zip(native, spacing, strict=True) if pair[0] != pair[1]]
    lost = sum(max(pair) ** 2 / 3 + min(pair) ** 2 / 12 for pair in pairs) / (2 * sigma**2)
    for turn in TURNS[::7]:
        volume = reordered(Volume(bell, affine), turn)
        grid = model_grid(volume, spacing, slices_last=True)
        again = to_native(to_model(volume.array, grid), grid)
        assert again.dtype == np.float32
        assert np.abs(again - volume.array)[2:-2, 2:-2, 2:-2].max() <= lost + 1e-6


def test_an_image_is_covered_and_by_less_than_one_voxel_more_than_it_is() -> None:
    for step, count in ((3.0, 20), (3.0 + 1e-8, 20), (2.99, 21), (3.01, 20), (60.0, 1), (70.0, 1)):
        grid = model_grid(noise((60, 3, 3), (1.0, 1.0, 1.0)), (step, 1.0, 1.0), slices_last=False)
        assert grid.shape == (count, 3, 3)


@given(st.integers(0, 10_000), st.floats(0, 30))
def test_a_box_and_its_margin_are_covered_as_far_as_the_image_reaches(seed: int, margin: float) -> None:
    rng = np.random.default_rng(seed)
    volume = reordered(OBLIQUE, TURNS[int(rng.integers(48))])
    shape, step = volume.array.shape, 2.3
    low = [int(rng.integers(0, size)) for size in shape]
    high = [int(rng.integers(start, size)) + 1 for start, size in zip(low, shape, strict=True)]
    x, y, z = (slice(a, b) for a, b in zip(low, high, strict=True))
    grid = model_grid(volume, (step, step, step), slices_last=False, box=(x, y, z), margin_mm=margin)
    first, last = np.array([-0.5] * 3), np.array(grid.shape) - 0.5
    ends = np.array([[*first, 1], [*last, 1]]) @ grid.affine.T @ np.linalg.inv(volume.affine).T
    least, most = ends[:, :3].min(0), ends[:, :3].max(0)
    around = margin / np.array(volume.spacing)
    wanted_low = np.maximum(np.array(low) - around, 0) - 0.5
    wanted_high = np.minimum(np.array(high) + around, shape) - 0.5
    excess = step / np.array(volume.spacing)
    assert (least <= wanted_low + 1e-5).all()
    assert (most >= wanted_high - 1e-5).all()
    assert (most - least < wanted_high - wanted_low + excess).all()
    np.testing.assert_allclose(most + least, wanted_high + wanted_low, atol=1e-6)


def test_in_a_box_is_what_is_there_and_around_it_what_nobody_has_looked_at() -> None:
    box: Box = (slice(4, 9), slice(3, 10), slice(2, 6))
    for turn in TURNS[::7]:
        whole = np.zeros(THIN.array.shape, np.float32)
        whole[box] = 1
        inside = reordered(Volume(whole, THIN.affine), turn).array > 0
        volume = reordered(THIN, turn)
        grid = model_grid(volume, (2.0, 2.5, 6.0), slices_last=False, box=box_of(inside))
        assert grid.shape == (5, 7, 4)
        back = to_native(to_model(volume.array, grid), grid, fill=-7.0)
        np.testing.assert_allclose(back[inside], volume.array[inside], atol=1e-6)
        assert (back[~inside] == -7).all()


def test_outside_of_the_image_is_the_value_that_is_told_in_the_part_that_lies_outside() -> None:
    """10 voxels are 3 1/3 of 3: so four voxels lie over them, and a third of the outer ones beside them."""
    image = np.full((10, 1, 1), 5.0, np.float32)
    grid = model_grid(Volume(image, np.eye(4)), (3.0, 1.0, 1.0), slices_last=False)
    assert to_model(image, grid, fill=-1.0)[:, 0, 0] == pytest.approx([3, 5, 5, 3], abs=1e-5)
    assert to_model(image, grid)[:, 0, 0] == pytest.approx([10 / 3, 5, 5, 10 / 3], abs=1e-5)
    assert to_model(image, grid, fill=5.0)[:, 0, 0] == pytest.approx([5] * 4, abs=1e-5)


@pytest.mark.parametrize("step", [0.3, 0.7, 1.0])
def test_on_a_finer_grid_the_rim_of_a_voxel_holds_what_the_voxel_holds(step: float) -> None:
    image = np.full((8, 3, 5), 5.0, np.float32)
    grid = model_grid(Volume(image, np.eye(4)), (step, step, step), slices_last=False)
    assert to_model(image, grid, fill=-1.0) == pytest.approx(np.full(grid.shape, 5.0))
    assert to_native(np.full(grid.shape, 5.0, np.float32), grid, fill=-1.0) == pytest.approx(image)


def test_a_network_has_not_looked_at_a_voxel_whose_centre_lies_outside_of_its_grid() -> None:
    """Two voxels of 3 mm over those from 4 to 9: they reach from 3.5 to 9.5."""
    image = Volume(np.zeros((20, 1, 1), np.float32), np.eye(4))
    box = (slice(4, 10), slice(0, 1), slice(0, 1))
    grid = model_grid(image, (3.0, 1.0, 1.0), slices_last=False, box=box)
    back = to_native(np.full(grid.shape, 5.0, np.float32), grid, fill=-1.0)[:, 0, 0]
    assert back == pytest.approx([*[-1] * 4, *[5] * 6, *[-1] * 10])


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
def test_a_spacing_is_above_0(bad: float) -> None:
    for axis in range(3):
        spacing = [1.0, 1.0, 1.0]
        spacing[axis] = bad
        with pytest.raises(InputError, match="spacing: must be above 0 mm"):
            model_grid(THIN, (spacing[0], spacing[1], spacing[2]), slices_last=False)
    assert model_grid(THIN, (0.5, 0.5, 0.5), slices_last=False).shape == (56, 60, 108)


def test_an_image_without_three_axes_is_refused() -> None:
    flat, twice = np.eye(4), np.eye(4)
    flat[:, 2] = 0
    twice[:, 2] = twice[:, 1]
    for affine in (flat, twice):
        with pytest.raises(InputError):
            model_grid(Volume(THIN.array, affine), (1.0, 1.0, 1.0), slices_last=False)


def test_what_is_made_is_written_nowhere_else() -> None:
    """Neither way touches what it was given, even where nothing has to be done."""
    volume = noise((5, 4, 3), (1.0, 1.0, 1.0))
    grid = model_grid(volume, (1.0, 1.0, 1.0), slices_last=False)
    before = volume.array.copy()
    there = to_model(volume.array, grid)
    there += 1
    back = to_native(there, grid)
    back += 1
    np.testing.assert_array_equal(volume.array, before)
    np.testing.assert_allclose(there, before + 1, atol=1e-6)


@given(st.tuples(*[st.integers(1, 9)] * 4), st.tuples(*[st.integers(1, 12)] * 3))
def test_padding_puts_an_image_in_the_middle_and_stretches_and_cuts_nothing(
    shape: tuple[int, int, int, int], least: tuple[int, int, int]
) -> None:
    image = np.random.default_rng(0).random(shape, np.float32)
    larger, inside = padded(image, least, fill=-3.0)
    assert larger.shape == (shape[0], *(max(pair) for pair in zip(shape[1:], least, strict=True)))
    assert larger.dtype == image.dtype
    np.testing.assert_array_equal(larger[(..., *inside)], image)
    assert np.count_nonzero(larger == -3) == larger.size - image.size
    assert inside == middle(larger.shape[1:], shape[1:])
    for have, part in zip(larger.shape[1:], inside, strict=True):
        assert 0 <= (have - part.stop) - part.start <= 1


@given(st.integers(0, 10_000), st.integers(1, 5))
def test_the_box_of_a_mask_holds_it_and_no_smaller_one_does(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    mask = np.zeros((7, 5, 9), np.bool_)
    points = rng.integers(0, mask.shape, (count, 3))
    mask[tuple(points.T)] = True
    box = box_of(mask)
    assert [(side.start, side.stop - 1) for side in box] == list(
        zip(points.min(0).tolist(), points.max(0).tolist(), strict=True)
    )


def test_an_empty_mask_has_no_box() -> None:
    with pytest.raises(InputError, match="it is empty"):
        box_of(np.zeros((4, 4, 4), np.bool_))


def test_a_patch_is_128_cubed_where_nothing_else_is_planned() -> None:
    assert DEFAULT_SHAPE == (128, 128, 128)


def test_the_spacing_of_a_grid_is_the_one_that_was_asked_for() -> None:
    for turn in TURNS[::7]:
        grid = model_grid(reordered(OBLIQUE, turn), (3.0, 4.0, 5.0), slices_last=False)
        assert isinstance(grid, ModelGrid)
        assert grid.spacing == pytest.approx((3.0, 4.0, 5.0))
