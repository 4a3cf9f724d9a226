"""A tumour on the cube: its volume and its shape are kept, whatever the slices and however they lie."""

import numpy as np
import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.volume import Spacing, Volume
from sarcoma_core.prognosis.tumour_image import (
    MOST_Z,
    CubeRules,
    TumourImage,
    extent_of,
    planned_spacing,
    tumour_image,
)
from tests.imaging.turned import TURNS, UPRIGHT, lattice, places, reordered, rotation

RULES = CubeRules(("T1CE", "T2FS"), edge=24, spacing_mm=4.0, margin_mm=12.0)
SLICES: tuple[tuple[tuple[int, int, int], Spacing], ...] = (
    ((90, 90, 15), (1.0, 1.0, 6.0)),
    ((90, 15, 90), (1.0, 6.0, 1.0)),
    ((23, 23, 23), (4.0, 4.0, 4.0)),
    ((56, 56, 28), (1.6, 1.6, 3.3)),
)
"""All of them are about 90 mm wide."""


def ball(
    shape: tuple[int, int, int],
    spacing: Spacing,
    *,
    radius: float = 24.0,
    shift: tuple[float, float, float] = (0, 0, 0),
    turned: np.ndarray = UPRIGHT,
) -> tuple[Volume, np.ndarray]:
    """A bright ball in noise, and its mask; `shift` is of its centre, mm."""
    affine = lattice(shape, spacing, turned)
    mask = np.linalg.norm(places(shape, affine) - shift, axis=-1) < radius
    values = np.random.default_rng(3).normal(size=shape) + 3 * mask
    return Volume(values.astype(np.float32), affine), mask


def seen(image: Volume, mask: np.ndarray, rules: CubeRules = RULES) -> TumourImage:
    return tumour_image({"T1CE": image, "T2FS": image}, mask, rules)


def soft(found: TumourImage) -> np.ndarray:
    return found.array[-1].astype(np.float64)


def volume_ml(found: TumourImage, rules: CubeRules = RULES) -> float:
    return float(soft(found).sum()) * rules.spacing_mm**3 / 1000


@pytest.mark.parametrize(("shape", "spacing"), SLICES, ids=str)
@pytest.mark.parametrize("spacing_mm", [3.0, 4.0, 6.0])
def test_the_soft_mask_has_the_volume_of_the_mask(
    shape: tuple[int, int, int], spacing: Spacing, spacing_mm: float
) -> None:
    image, mask = ball(shape, spacing)
    rules = CubeRules(("T1CE",), 24, spacing_mm, 12.0)
    found = seen(image, mask, rules)
    assert found.volume_ml == pytest.approx(mask.sum() * np.prod(spacing) / 1000)
    assert volume_ml(found, rules) == pytest.approx(found.volume_ml, rel=0.02)
    assert found.cut == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("shape", "spacing"), SLICES, ids=str)
def test_a_ball_is_as_wide_along_each_axis_whatever_the_slices(
    shape: tuple[int, int, int], spacing: Spacing
) -> None:
    """Nothing is stretched: the spread of a ball is its radius over the root of 5, along each axis."""
    found = soft(seen(*ball(shape, spacing)))
    for axis in range(3):
        profile = found.sum(axis=tuple(other for other in range(3) if other != axis))
        at = np.arange(RULES.edge) * RULES.spacing_mm
        middle = np.average(at, weights=profile)
        spread = np.sqrt(np.average((at - middle) ** 2, weights=profile))
        assert spread == pytest.approx(24 / np.sqrt(5), rel=0.06)
        assert middle == pytest.approx(
            (RULES.edge - 1) / 2 * RULES.spacing_mm, abs=RULES.spacing_mm / 2 + 0.1
        )


def test_a_tumour_twice_as_wide_is_eight_times_as_large_on_the_cube() -> None:
    large, small = (seen(*ball((90, 90, 15), (1.0, 1.0, 6.0), radius=radius)) for radius in (30.0, 15.0))
    assert soft(large).sum() / soft(small).sum() == pytest.approx(8, rel=0.1)


@pytest.mark.parametrize("turn", TURNS[1::5], ids=str)
def test_an_image_whose_axes_run_otherwise_gives_the_same_cube(
    turn: tuple[tuple[int, ...], tuple[bool, ...]],
) -> None:
    image, mask = ball((40, 36, 14), (2.0, 2.2, 6.0), radius=18, shift=(5, -3, 6), turned=rotation(8, 5, 3))
    other = reordered(image, turn)
    turned = reordered(image.with_array(mask.astype(np.float32)), turn).array > 0
    one, same = seen(image, mask), seen(other, turned)
    np.testing.assert_allclose(same.array, one.array, atol=2e-3)
    np.testing.assert_allclose(same.extent_mm, one.extent_mm)
    np.testing.assert_allclose(same.grid.affine, one.grid.affine, atol=1e-9)


def test_the_image_lies_where_the_mask_does() -> None:
    image, mask = ball((90, 90, 15), (1.0, 1.0, 6.0))
    found = seen(image, mask)
    inside = soft(found) > 0.99
    bright = found.array[0].astype(np.float64)
    assert bright[inside].mean() == pytest.approx(3, abs=0.1)
    shell = (soft(found) == 0) & (np.linalg.norm(np.indices(inside.shape).T - 11.5, axis=-1).T < 8)
    assert abs(bright[shell].mean()) < 0.2


def test_values_are_means_over_what_a_coarser_voxel_covers() -> None:
    """Noise of whole blocks: each 2 x 2 x 2 mm of 1 mm becomes its mean."""
    values = np.random.default_rng(2).normal(size=(16, 16, 16)).astype(np.float32)
    mask = np.zeros(values.shape, bool)
    mask[4:12, 4:12, 4:12] = True
    image = Volume(values, lattice(values.shape, (1.0, 1.0, 1.0)))
    found = tumour_image({"T1CE": image}, mask, CubeRules(("T1CE",), 8, 2.0, 4.0))
    blocks = values.reshape(8, 2, 8, 2, 8, 2).mean(axis=(1, 3, 5))
    np.testing.assert_allclose(found.array[0], blocks, atol=2e-3)
    assert set(np.unique(found.array[1])) == {0, 1}


def test_what_lies_beyond_the_image_is_as_dark_as_its_darkest_voxel() -> None:
    image, mask = ball((23, 23, 23), (4.0, 4.0, 4.0), radius=10)
    found = seen(image, mask, CubeRules(("T1CE",), 40, 4.0, 100.0))
    np.testing.assert_allclose(found.array[0, 0, 0], image.array.min(), atol=2e-3)
    assert (found.array[1, 0, 0] == 0).all()


def test_a_sequence_that_is_missing_is_0_and_told() -> None:
    image, mask = ball((23, 23, 23), (4.0, 4.0, 4.0))
    found = tumour_image({"T2FS": image}, mask, RULES)
    assert found.present.tolist() == [False, True]
    assert (found.array[0] == 0).all()
    assert (found.array[1] != 0).any()
    both = seen(image, mask)
    np.testing.assert_array_equal(found.array[1:], both.array[1:])
    assert both.present.all()


def test_an_image_of_another_role_is_not_looked_at() -> None:
    image, mask = ball((23, 23, 23), (4.0, 4.0, 4.0))
    broken = image.with_array(np.full_like(image.array, np.nan))
    found = tumour_image({"T1CE": image, "T2FS": image, "T1": broken}, mask, RULES)
    np.testing.assert_array_equal(found.array, seen(image, mask).array)
    with pytest.raises(InputError, match="images: must have T1CE or T2FS; the session has neither"):
        tumour_image({"T1": image}, mask, RULES)


def test_a_tumour_larger_than_the_cube_is_cut_and_the_part_is_told() -> None:
    """A box of 40 voxels of which the cube sees 24 along each axis."""
    image = ball((48, 48, 48), (2.0, 2.0, 2.0))[0]
    mask = np.zeros(image.array.shape, bool)
    mask[4:44, 4:44, 4:44] = True
    found = seen(image, mask, CubeRules(("T1CE",), 24, 2.0, 8.0))
    assert found.cut == pytest.approx(1 - (24 / 40) ** 3, abs=1e-5)
    assert (soft(found) == 1).all()
    assert found.volume_ml == pytest.approx(40**3 * 8 / 1000)
    np.testing.assert_allclose(found.extent_mm, [80, 80, 80])


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("axis", range(3))
def test_a_tumour_that_fits_is_not_cut_where_the_image_ends_beside_it(axis: int, side: int) -> None:
    """There is a margin on one side alone; it is the margin that is cut, and never the tumour."""
    image = ball((48, 48, 48), (2.0, 2.0, 2.0))[0]
    mask = np.zeros(image.array.shape, bool)
    place = [slice(14, 34)] * 3
    place[axis] = slice(0, 20) if side < 0 else slice(28, 48)
    mask[tuple(place)] = True
    rules = CubeRules(("T1CE",), 24, 2.0, 20.0)
    found = seen(image, mask, rules)
    assert found.cut == pytest.approx(0, abs=1e-6)
    assert volume_ml(found, rules) == pytest.approx(found.volume_ml, rel=1e-3)


@pytest.mark.parametrize("spread", [0.9, 1.1])
def test_values_beyond_20_are_cut_off(spread: float) -> None:
    image, mask = ball((23, 23, 23), (4.0, 4.0, 4.0))
    values = image.array.copy()
    values[mask] = spread * MOST_Z
    found = seen(image.with_array(values), mask)
    assert float(found.array[0].max()) == pytest.approx(min(spread, 1) * MOST_Z, abs=0.02)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_image_that_is_not_finite_is_refused(value: float) -> None:
    image, mask = ball((23, 23, 23), (4.0, 4.0, 4.0))
    values = image.array.copy()
    values[0, 0, 0] = value
    with pytest.raises(InputError, match="finite"):
        seen(image.with_array(values), mask)


def test_an_empty_mask_and_one_of_another_shape_are_refused() -> None:
    image, mask = ball((23, 23, 23), (4.0, 4.0, 4.0))
    with pytest.raises(InputError, match="mask: must hold at least one voxel"):
        seen(image, np.zeros_like(mask))
    with pytest.raises(InputError, match=r"mask: must have the shape of the images, \(23, 23, 23\); found"):
        seen(image, mask[1:])


def test_an_extent_is_told_along_right_anterior_and_superior_of_any_image() -> None:
    image = ball((40, 36, 14), (2.0, 2.2, 6.0))[0]
    mask = np.zeros(image.array.shape, bool)
    mask[10:20, 5:10, 3:5] = True
    for turn in TURNS[::7]:
        turned = reordered(image.with_array(mask.astype(np.float32)), turn)
        np.testing.assert_allclose(extent_of(turned, turned.array > 0), [20, 11, 12])


@pytest.mark.parametrize(("edge", "margin"), [(32, 20.0), (64, 0.0), (24, 7.5)])
def test_the_largest_tumours_just_fit_at_the_planned_spacing(edge: int, margin: float) -> None:
    """The mean of the five largest: the size of the largest alone would travel with the model."""
    extents = [(10.0, 20.0, 300.0), *[(90.0, 41.0, 20.0)] * 4, *[(50.0, 50.0, 50.0)] * 20]
    spacing = planned_spacing(extents, edge=edge, margin_mm=margin)
    mean = (300 + 4 * 90) / 5
    assert edge * spacing >= mean + 2 * margin - 1e-9
    assert edge * (spacing - 0.5) < mean + 2 * margin
    assert spacing * 2 == round(spacing * 2)
    assert planned_spacing(extents[:1] * 5, edge=edge, margin_mm=margin) >= (300 + 2 * margin) / edge


def test_at_the_planned_spacing_nothing_is_cut() -> None:
    image, mask = ball((90, 90, 15), (1.0, 1.0, 6.0), radius=33)
    for shift in (12, 16):
        spacing = planned_spacing([extent_of(image, mask)], edge=shift, margin_mm=4)
        found = seen(image, mask, CubeRules(("T1CE",), shift, spacing, 4.0))
        assert found.cut == pytest.approx(0, abs=1e-6)


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return 2 * float((one & other).sum()) / float(one.sum() + other.sum())


@pytest.mark.parametrize("turn", TURNS[::9], ids=str)
@pytest.mark.parametrize(
    ("shape", "spacing"), [((60, 60, 20), (1.0, 1.0, 3.3)), ((40, 44, 22), (1.6, 1.5, 3.0))], ids=str
)
def test_the_soft_mask_comes_back_over_the_drawn_one(
    shape: tuple[int, int, int], spacing: Spacing, turn: tuple[tuple[int, ...], tuple[bool, ...]]
) -> None:
    """Of a ball that lies off the middle of an oblique image, so that no turn hides another."""
    image, mask = ball(shape, spacing, radius=14, shift=(6, -5, 8), turned=rotation(8, 5, 3))
    other = reordered(image, turn)
    drawn = reordered(image.with_array(mask.astype(np.float32)), turn).array > 0
    found = seen(other, drawn, CubeRules(("T1CE",), 40, 1.5, 8.0))
    back = found.on_session(found.array[-1].astype(np.float32))
    assert back.shape == drawn.shape
    assert dice(back >= 0.5, drawn) > 0.95


@pytest.mark.parametrize("edge", [8, 24, 40])
def test_what_the_network_has_not_seen_is_0_on_the_session(edge: int) -> None:
    """A cube of ones: as much of the session as the cube and the margin reach, and not a voxel more."""
    image = ball((48, 48, 48), (2.0, 2.0, 2.0))[0]
    mask = np.zeros(image.array.shape, bool)
    mask[2:18, 14:30, 20:36] = True
    rules = CubeRules(("T1CE",), edge, 2.0, 8.0)
    back = seen(image, mask, rules).on_session(np.ones((edge,) * 3, np.float32))
    looked = np.zeros(mask.shape, bool)
    sides = [(0, 22), (10, 34), (16, 40)] if edge > 8 else [(6, 14), (18, 26), (24, 32)]
    looked[tuple(slice(*side) for side in sides)] = True
    np.testing.assert_array_equal(back > 0, looked)
    np.testing.assert_allclose(back[looked], 1, atol=1e-5)


def test_a_bright_voxel_comes_back_where_it_was() -> None:
    image, mask = ball((40, 36, 14), (2.0, 2.2, 6.0), radius=18, shift=(5, -3, 6), turned=rotation(8, 5, 3))
    for turn in TURNS[::7]:
        other = reordered(image, turn)
        drawn = reordered(image.with_array(mask.astype(np.float32)), turn).array > 0
        found = seen(other, drawn, CubeRules(("T1CE",), 24, 2.0, 6.0))
        cube = np.zeros((24, 24, 24), np.float32)
        cube[11, 14, 9] = 1
        back = found.on_session(cube)
        hottest = np.unravel_index(back.argmax(), back.shape)
        way = np.linalg.inv(found.grid.affine) @ other.affine @ [*hottest, 1]
        np.testing.assert_allclose(way[:3] - found.corner, [11, 14, 9], atol=1.6)
