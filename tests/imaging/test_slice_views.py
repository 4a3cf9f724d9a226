"""Which slice of a volume an image plane is: every way round, and none where it is none."""

import itertools

import numpy as np
import pytest

from sarcoma_core.imaging.resampling import lps
from sarcoma_core.imaging.slice_views import OFF_VOXELS, ImagePlane, slice_view
from sarcoma_core.imaging.volume import Volume

ROWS, COLUMNS, SLICES = 3, 4, 5
SPACING = (2.0, 1.5, 4.0)  # row to row, column to column, slice to slice
OBLIQUE = np.linalg.qr(np.array([[1.0, 0.2, -0.1], [-0.15, 1.0, 0.3], [0.1, -0.25, 1.0]]))[0]
WAYS = [
    (order, signs)
    for order in itertools.permutations(range(3))
    for signs in itertools.product((1, -1), repeat=3)
]


def stack() -> tuple[np.ndarray, np.ndarray]:
    """Slices as DICOM has them, shape (slices, rows, columns), and where a voxel (k, r, c) lies, LPS mm."""
    to_lps = np.eye(4)
    along_row, along_column, normal = OBLIQUE.T
    to_lps[:3, :3] = np.stack(
        [normal * SPACING[2], along_column * SPACING[0], along_row * SPACING[1]], axis=1
    )
    to_lps[:3, 3] = (-40.0, 12.5, 300.0)
    return np.arange(SLICES * ROWS * COLUMNS, dtype=np.float32).reshape(SLICES, ROWS, COLUMNS), to_lps


def volume(order: tuple[int, ...], signs: tuple[int, ...]) -> Volume:
    """The stack as an array whose axes are turned and flipped, as a converter may."""
    slices, to_lps = stack()
    array, affine = slices.transpose(order), to_lps[:, [*order, 3]]
    for axis, sign in enumerate(signs):
        if sign < 0:
            affine = affine.copy()
            affine[:, 3] += affine[:, axis] * (array.shape[axis] - 1)
            affine[:, axis] *= -1
            array = np.flip(array, axis)
    return Volume(array.copy(), lps(affine))


def plane(index: float, *, row: float = 0.0, column: float = 0.0, rows: int = ROWS) -> ImagePlane:
    _, to_lps = stack()
    along_row, along_column, _ = OBLIQUE.T
    position = (to_lps @ (index, row, column, 1))[:3]
    return ImagePlane(tuple(position), (*along_row, *along_column), SPACING[:2], rows, COLUMNS)


@pytest.mark.parametrize(("order", "signs"), WAYS)
def test_a_slice_is_found_whichever_way_the_volume_is_turned(
    order: tuple[int, ...], signs: tuple[int, ...]
) -> None:
    held = volume(order, signs)
    for index in range(SLICES):
        view = slice_view(plane(index), held)
        assert view is not None
        np.testing.assert_array_equal(view.of(held.array), stack()[0][index])


def test_what_is_written_to_a_view_stands_in_the_volume() -> None:
    held = volume((2, 1, 0), (1, -1, -1))
    view = slice_view(plane(2), held)
    assert view is not None
    view.of(held.array)[1, 3] = 1000
    assert (held.array == 1000).sum() == 1
    assert view.of(held.array)[1, 3] == 1000


@pytest.mark.parametrize("along", ["index", "row", "column"])
@pytest.mark.parametrize(("off", "found"), [(0.9 * OFF_VOXELS, True), (1.1 * OFF_VOXELS, False)])
def test_a_plane_may_lie_a_tenth_of_a_voxel_beside_a_slice(along: str, off: float, *, found: bool) -> None:
    where = {"index": 2.0, "row": 0.0, "column": 0.0}
    where[along] += off
    held = volume((0, 1, 2), (1, 1, 1))
    assert (slice_view(plane(**where), held) is not None) is found


def test_a_smaller_plane_within_a_slice_is_a_part_of_it() -> None:
    held = volume((1, 2, 0), (-1, 1, 1))
    view = slice_view(plane(3, row=1, rows=2), held)
    assert view is not None
    np.testing.assert_array_equal(view.of(held.array), stack()[0][3, 1:])


@pytest.mark.parametrize("index", [-1, SLICES])
def test_a_plane_beyond_the_volume_is_none_of_its_slices(index: int) -> None:
    assert slice_view(plane(index), volume((0, 1, 2), (1, 1, 1))) is None


def test_a_plane_that_reaches_beyond_the_sides_is_none() -> None:
    assert slice_view(plane(2, row=1), volume((0, 1, 2), (1, 1, 1))) is None


def test_a_plane_that_is_tilted_against_the_slices_is_none() -> None:
    flat = plane(2)
    turned = np.array(flat.orientation).reshape(2, 3)
    normal = np.cross(*turned)
    angle = np.radians(10)
    turned[0] = np.cos(angle) * turned[0] + np.sin(angle) * normal
    tilted = flat._replace(orientation=tuple(turned.ravel()))
    assert slice_view(tilted, volume((0, 1, 2), (1, 1, 1))) is None


def test_one_row_and_one_column_are_enough() -> None:
    held = volume((0, 1, 2), (1, 1, 1))
    view = slice_view(plane(1)._replace(rows=1, columns=1), held)
    assert view is not None
    assert view.of(held.array).tolist() == [[float(stack()[0][1, 0, 0])]]


@pytest.mark.parametrize(("wide", "found"), [((2.0, 1.5), True), ((4.0, 1.5), False), ((2.0, 3.0), False)])
def test_pixels_must_be_as_large_as_voxels(wide: tuple[float, float], *, found: bool) -> None:
    """Of twice the size, 2 by 2 of them have their corners on voxels as well."""
    held = volume((0, 1, 2), (1, 1, 1))
    coarse = plane(2)._replace(spacing=wide, rows=2, columns=2)
    assert (slice_view(coarse, held) is not None) is found
