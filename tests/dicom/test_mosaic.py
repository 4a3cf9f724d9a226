from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.dicom.mosaic import Mosaic, read_mosaic, tile_corner, untile
from tests.dicom import truth


@given(st.integers(1, 5), st.integers(1, 6), st.integers(1, 6), st.data())
def test_tiles_come_back_in_the_order_in_which_they_were_laid(
    across: int, rows: int, columns: int, data: st.DataObject
) -> None:
    tiles = data.draw(st.integers(1, across**2))
    slices = np.arange(tiles * rows * columns).reshape(tiles, rows, columns)
    image = np.zeros((across * rows, across * columns), dtype=int)
    for i, one in enumerate(slices):
        down, right = divmod(i, across)
        image[down * rows : (down + 1) * rows, right * columns : (right + 1) * columns] = one

    mosaic = Mosaic(tiles, across, rows, columns, (None,) * tiles)

    np.testing.assert_array_equal(untile(image, mosaic), slices)


@given(st.integers(1, 9), st.integers(1, 128), st.integers(1, 128), st.floats(0.5, 4), st.floats(0.5, 4))
def test_a_tile_has_the_centre_of_the_whole_mosaic(
    across: int, rows: int, columns: int, row_gap: float, column_gap: float
) -> None:
    orientation = np.array([0.6, 0.8, 0.0, 0.0, 0.0, -1.0])
    corner, spacing = np.array([-200.0, 30.0, 15.0]), np.array([row_gap, column_gap])
    right, down = orientation[:3] * column_gap, orientation[3:] * row_gap

    first = tile_corner(corner, orientation, spacing, across=across, rows=rows, columns=columns)

    np.testing.assert_allclose(
        first + right * columns / 2 + down * rows / 2,
        corner + right * columns * across / 2 + down * rows * across / 2,
        atol=1e-9,
    )


def test_positions_are_those_of_nibabel(data: Path) -> None:
    path = data / "quirks/transfer_syntaxes/1.dcm"
    voxels, affine = truth.read_mosaic(path)

    mosaic = read_mosaic(pydicom.dcmread(path, stop_before_pixels=True))

    assert mosaic is not None
    assert (mosaic.tiles, mosaic.rows, mosaic.columns) == voxels.shape
    for k in (0, 17, 34):
        x, y, z, _ = affine @ [0, 0, k, 1]
        assert mosaic.positions[k] == pytest.approx((-x, -y, z), abs=1e-3)


def test_a_mosaic_without_its_private_header_has_no_positions(data: Path) -> None:
    dataset = pydicom.dcmread(data / "quirks/transfer_syntaxes/1.dcm", stop_before_pixels=True)
    dataset.remove_private_tags()

    mosaic = read_mosaic(dataset)

    assert mosaic is not None
    assert mosaic.positions == (None,)


def test_an_ordinary_image_is_no_mosaic() -> None:
    dataset = pydicom.Dataset()
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND"]

    assert read_mosaic(dataset) is None
