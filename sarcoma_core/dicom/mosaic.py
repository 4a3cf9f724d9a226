"""Siemens mosaics: all slices of a volume as tiles of one image.

The tiles' geometry stands in the private CSA header only; nibabel's parser of it (MIT) is used. Layout and
corner follow nibabel's page "Siemens mosaic format": the position that the file gives is that of an image
as large as the mosaic, centred on the tile.
"""

import math
import warnings
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from sarcoma_core.archive.values import attempt, read_numbers, read_texts, read_whole
from sarcoma_core.errors import DicomError, SeriesRefused

_CSA, _OF_THE_IMAGE = (0x0029, "SIEMENS CSA HEADER"), 0x10
"""Group, creator and element of the private header."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Mosaic:
    """How a mosaic is tiled.

    Args:
        tiles: number of slices.
        across: tiles in a row of tiles, and rows of tiles; the last ones may be blank.
        rows: Rows of a tile.
        columns: Columns of a tile.
        positions: of each tile's first voxel, LPS, mm.
    """

    tiles: int
    across: int
    rows: int
    columns: int
    positions: tuple[tuple[float, ...], ...]


def read_mosaic(dataset: Dataset) -> Mosaic | None:
    """The tiling of a file, or None when it is no mosaic.

    The word MOSAIC in ImageType does not make one: it is left on slices that were cut out of mosaics, and on
    enhanced objects. The CSA header does, and without one (de-identified away, as a rule) the geometry of the
    whole series has to tell.

    Raises:
        DicomError: it is one, and its CSA header or its geometry cannot be read.
    """
    csa = _csa_bytes(dataset)
    if "MOSAIC" not in read_texts(dataset, "ImageType") or csa is None:
        return None
    try:
        header = _nicom().get_csa_header(dataset, "image")
        tiles = int(_nicom().get_n_mosaic(header) or 0)
        normal = _nicom().get_slice_normal(header)
    except Exception:  # noqa: BLE001  nibabel raises whatever bytes that it does not know lead it to
        raise DicomError("a Siemens mosaic whose CSA header is cut, or of a form that is not known") from None
    if tiles < 1:
        return None
    if normal is None:
        raise DicomError("a Siemens mosaic whose CSA header has no SliceNormalVector")
    spacing = _required(dataset, "SpacingBetweenSlices", 1)[0]
    orientation = _required(dataset, "ImageOrientationPatient", 6)
    pixel, corner = _required(dataset, "PixelSpacing", 2), _required(dataset, "ImagePositionPatient", 3)
    rows, columns = read_whole(dataset, "Rows") or 0, read_whole(dataset, "Columns") or 0
    across = math.ceil(math.sqrt(tiles))
    if min(rows, columns) < across:
        raise DicomError(f"a Siemens mosaic of {tiles} tiles in {rows} x {columns} pixels")
    rows, columns = rows // across, columns // across
    first = tile_corner(corner, orientation, pixel, across=across, rows=rows, columns=columns)
    positions = tuple(tuple((first + i * spacing * normal).tolist()) for i in range(tiles))
    return Mosaic(tiles, across, rows, columns, positions)


def _csa_bytes(dataset: Dataset) -> object:
    """The CSA header of the image, unread; None where there is none."""
    return attempt(lambda: dataset.private_block(*_CSA)[_OF_THE_IMAGE].value)


def _required(dataset: Dataset, keyword: str, count: int) -> Floats:
    values = read_numbers(dataset, keyword, count)
    if values is None:
        raise DicomError(f"{keyword} is absent or broken in a Siemens mosaic")
    return np.array(values)


def tile_corner(
    corner: Floats, orientation: Floats, pixel_spacing: Floats, *, across: int, rows: int, columns: int
) -> Floats:
    """Position of the first tile's first voxel: the tile has the centre of an image as large as the mosaic.

    Args:
        corner: ImagePositionPatient of the mosaic, mm, shape (3,).
        orientation: ImageOrientationPatient, shape (6,).
        pixel_spacing: PixelSpacing (row to row, column to column), mm, shape (2,).
        across: tiles in a row of tiles.
        rows: Rows of a tile.
        columns: Columns of a tile.
    """
    down, right = np.array([rows, columns]) * (across - 1) / 2 * pixel_spacing
    first: Floats = corner + orientation[:3] * right + orientation[3:] * down
    return first


def untile(image: npt.NDArray[np.generic], mosaic: Mosaic) -> npt.NDArray[np.generic]:
    """Cut a mosaic into its tiles, left to right, then downwards.

    Args:
        image: the whole mosaic, shape (rows * across, columns * across).
        mosaic: its tiling.

    Returns:
        shape (tiles, rows, columns).

    Raises:
        SeriesRefused: a tile beyond the last is not blank.
    """
    grid = image.reshape(mosaic.across, mosaic.rows, mosaic.across, mosaic.columns)
    tiles = grid.swapaxes(1, 2).reshape(-1, mosaic.rows, mosaic.columns)
    if tiles[mosaic.tiles :].any():
        raise SeriesRefused(f"a Siemens mosaic of {mosaic.tiles} tiles by its CSA header shows more")
    return tiles[: mosaic.tiles]


def _nicom() -> ModuleType:
    """The CSA parser of nibabel, which warns on import that nibabel's DICOM readers are experimental."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nibabel.nicom import csareader  # noqa: PLC0415  only Siemens mosaics need it
    return csareader
