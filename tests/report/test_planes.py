"""Slices lie as a radiologist expects, however the volume is stored."""

from itertools import permutations, product
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from sarcoma_core.imaging.volume import Volume
from sarcoma_core.report.planes import (
    AXIAL,
    CORONAL,
    PLANES,
    SAGITTAL,
    SliceView,
    Upright,
    ViewPlane,
    same_grid,
    spread,
    upright,
)

orientations: Any = nib.orientations  # nibabel does not annotate these functions
RAS = np.random.default_rng(1).random((5, 6, 7))
AFFINE = np.diag([1.0, 2.0, 3.0, 1.0])
CODES = ["".join(c) for order in permutations(("RL", "AP", "SI")) for c in product(*order)]


@pytest.mark.parametrize("codes", CODES)
def test_how_a_volume_is_stored_does_not_change_what_is_shown(codes: str) -> None:
    turns = orientations.ornt_transform(orientations.axcodes2ornt("RAS"), orientations.axcodes2ornt(codes))
    stored = orientations.apply_orientation(RAS, turns)
    shown = upright(stored, AFFINE @ orientations.inv_ornt_aff(turns, RAS.shape))
    assert (shown.array == RAS).all()
    assert shown.spacing == pytest.approx((1, 2, 3))
    assert shown.obliquity == pytest.approx(0, abs=1e-3)
    assert shown.plane() is {"R": SAGITTAL, "L": SAGITTAL, "A": CORONAL, "P": CORONAL}.get(codes[2], AXIAL)


SIDES = {"R": (4, 3, 3), "L": (0, 3, 3), "A": (2, 5, 3), "P": (2, 0, 3), "H": (2, 3, 6), "F": (2, 3, 0)}


@pytest.mark.parametrize(
    ("plane", "letter"), [(plane, letter) for plane in PLANES for letter in plane.letters]
)
def test_a_voxel_at_one_side_of_the_patient_lies_at_the_edge_of_that_letter(
    plane: ViewPlane, letter: str
) -> None:
    voxel = SIDES[letter]
    array = np.zeros((5, 6, 7))
    array[voxel] = 1
    shown = upright(array, AFFINE)
    cut = plane.cut(shown.array, voxel[plane.axis])
    row, column = np.argwhere(cut)[0]
    edges = {"top": row, "bottom": cut.shape[0] - 1 - row, "left": column, "right": cut.shape[1] - 1 - column}
    edge = ("top", "right", "bottom", "left")[plane.letters.index(letter)]
    assert edges[edge] == 0


def test_radiological_convention_has_the_patients_right_at_the_left() -> None:
    top, right, bottom, left = AXIAL.letters
    assert (left, right, top, bottom) == ("R", "L", "A", "P")
    assert CORONAL.letters[3] == "R"
    assert SAGITTAL.letters[3] == "A"


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 5.0), (5.0, 5.0, 3.0)])
def test_slices_are_cut_as_they_were_stored_even_when_they_are_the_finer_ones(
    spacing: tuple[float, float, float],
) -> None:
    assert Upright(RAS, spacing, 0.0, across=1).plane() is CORONAL


def test_an_isotropic_volume_is_cut_axially() -> None:
    assert Upright(RAS, (1.0, 1.1, 1.0), 0.0, across=1).plane() is AXIAL


def test_a_pixel_is_as_high_and_wide_as_its_voxel() -> None:
    shown = upright(RAS, AFFINE)
    assert shown.pixel(AXIAL) == pytest.approx((2, 1))
    assert shown.pixel(CORONAL) == pytest.approx((3, 1))
    assert shown.pixel(SAGITTAL) == pytest.approx((3, 2))


def test_obliquity_is_the_angle_of_the_turn() -> None:
    c, s = np.cos(np.radians(12)), np.sin(np.radians(12))
    turned = np.array([[c, -s, 0, 0], [s, c, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    assert upright(RAS, turned @ AFFINE).obliquity == pytest.approx(12)


@pytest.mark.parametrize("count", [1, 2, 3, 25, 400])
@pytest.mark.parametrize("wanted", [1, 3, 9])
def test_slices_are_spread_inside_the_volume_from_the_top(count: int, wanted: int) -> None:
    chosen = spread(count, wanted)
    assert len(chosen) == min(count, wanted)
    assert all(0 <= index < count for index in chosen)
    assert list(chosen) == sorted(set(chosen), reverse=True)


def test_one_slice_is_the_middle_one() -> None:
    assert spread(25, 1) == (12,)


@pytest.mark.parametrize(("off", "same"), [(0.0009, True), (0.0011, False)])
@pytest.mark.parametrize("entry", [(0, 3), (2, 2), (0, 1)])
def test_grids_are_the_same_to_a_micrometre(entry: tuple[int, int], off: float, same: bool) -> None:  # noqa: FBT001
    values = np.zeros((5, 6, 7), np.float32)
    other = AFFINE.copy()
    other[entry] += off
    assert same_grid(Volume(values, AFFINE), Volume(values, other)) == same


def test_grids_of_other_sizes_are_not_the_same() -> None:
    assert not same_grid(
        Volume(np.zeros((5, 6, 7), np.float32), AFFINE), Volume(np.zeros((5, 6, 8), np.float32), AFFINE)
    )


@pytest.mark.parametrize(("plane", "height", "width"), [(AXIAL, 12, 5), (CORONAL, 21, 5), (SAGITTAL, 21, 12)])
def test_a_view_knows_its_length_in_mm_and_its_size_in_pixels(
    plane: ViewPlane, height: float, width: float
) -> None:
    view = SliceView(Upright(RAS, (1.0, 2.0, 3.0), 0.0), plane, 2)
    assert (view.height_mm, view.width_mm) == (height, width)
    assert view.size(0.5) == (2 * width, 2 * height)
    assert view.count == RAS.shape[plane.axis]
    assert (view.slice_of(RAS) == plane.cut(RAS, 2)).all()
