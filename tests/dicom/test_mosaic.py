import struct
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.dicom.convert import convert_scan
from sarcoma_core.dicom.mosaic import Mosaic, read_mosaic, tile_corner, untile
from sarcoma_core.dicom.scan import Status
from sarcoma_core.errors import DicomError
from tests.dicom import truth
from tests.dicom.series_maker import Stack, save


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


def test_a_mosaic_without_its_private_header_is_refused_for_that(data: Path, tmp_path: Path) -> None:
    dataset = pydicom.dcmread(data / "quirks/transfer_syntaxes/1.dcm")
    dataset.remove_private_tags()

    assert read_mosaic(dataset) is None
    conversion = convert_scan(save([dataset], tmp_path), tmp_path, name="1")
    assert (conversion.status, conversion.files) == (Status.REFUSED, ())
    assert "a Siemens mosaic without its CSA header" in conversion.reason


def with_csa(content: bytes, **values: Any) -> pydicom.Dataset:
    """A slice that calls itself a mosaic, with some bytes as its CSA header."""
    dataset = Stack().datasets(ImageType=["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"], **values)[0]
    dataset.private_block(0x29, "SIEMENS CSA HEADER", create=True).add_new(0x10, "OB", content)
    return dataset


def csa(**tags: list[str]) -> bytes:
    """A CSA2 header with some tags, in the layout that nibabel's page on it tells."""
    content = b"SV10\x04\x03\x02\x01" + struct.pack("<2I", len(tags), 77)
    for name, items in tags.items():
        content += name.encode().ljust(64, b"\0")
        content += struct.pack("<i4s3i", len(items), b"FD\0\0", 0, len(items), 77)
        for item in items:
            text = item.encode() + b"\0"
            content += (
                struct.pack("<4i", len(text), len(text), 77, len(text)) + text + b"\0" * (-len(text) % 4)
            )
    return content


TILED = {"NumberOfImagesInMosaic": ["4"], "SliceNormalVector": ["0", "0", "1"]}


def test_a_csa_header_tells_how_many_tiles_there_are_and_where() -> None:
    mosaic = read_mosaic(with_csa(csa(**TILED), SpacingBetweenSlices=4))

    assert mosaic is not None
    assert (mosaic.tiles, mosaic.across, mosaic.rows, mosaic.columns) == (4, 2, 6, 5)
    assert [position[2] for position in mosaic.positions] == [40, 44, 48, 52]


def test_a_csa_header_without_a_number_of_tiles_makes_no_mosaic() -> None:
    assert read_mosaic(with_csa(csa(SliceNormalVector=["0", "0", "1"]))) is None


@pytest.mark.parametrize("content", [b"\0\1\2\3", b"\xff" * 400, csa(**TILED)[:100], b"GEMS" * 100])
def test_a_csa_header_that_cannot_be_read_is_told_so(content: bytes) -> None:
    with pytest.raises(DicomError, match="CSA header is cut, or of a form that is not known"):
        read_mosaic(with_csa(content, SpacingBetweenSlices=4))


@pytest.mark.parametrize(
    ("tags", "values", "words"),
    [
        ({"NumberOfImagesInMosaic": ["4"]}, {"SpacingBetweenSlices": 4}, "no SliceNormalVector"),
        (TILED, {}, "SpacingBetweenSlices is absent or broken"),
        (TILED, {"SpacingBetweenSlices": 4, "PixelSpacing": [1.5]}, "PixelSpacing is absent or broken"),
        ({**TILED, "NumberOfImagesInMosaic": ["101"]}, {"SpacingBetweenSlices": 4}, "101 tiles in 12 x 10"),
    ],
)
def test_a_mosaic_that_lacks_something_names_it(
    tags: dict[str, list[str]], values: dict[str, Any], words: str
) -> None:
    with pytest.raises(DicomError, match=words):
        read_mosaic(with_csa(csa(**tags), **values))


def test_a_mosaic_may_have_as_many_tiles_as_fit() -> None:
    mosaic = read_mosaic(
        with_csa(csa(**{**TILED, "NumberOfImagesInMosaic": ["100"]}), SpacingBetweenSlices=4)
    )

    assert mosaic is not None
    assert (mosaic.rows, mosaic.columns) == (1, 1)


def test_an_ordinary_image_is_no_mosaic() -> None:
    dataset = pydicom.Dataset()
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND"]

    assert read_mosaic(dataset) is None
