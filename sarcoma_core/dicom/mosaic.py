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

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Mosaic:
    """How a mosaic is tiled.

    Args:
        tiles: number of slices.
        across: tiles in a row of tiles, and rows of tiles; the last ones may be blank.
        rows: Rows of a tile.
        columns: Columns of a tile.
        positions: of each tile's first voxel, LPS, mm; None where the header does not say.
    """

    tiles: int
    across: int
    rows: int
    columns: int
    positions: tuple[tuple[float, ...] | None, ...]


def read_mosaic(dataset: Dataset) -> Mosaic | None:
    """The tiling of a file, or None when it is no mosaic.

    A mosaic whose CSA header is gone (de-identified away, as a rule) has one tile without a position, which
    no stack accepts.
    """
    if "MOSAIC" not in (dataset.get("ImageType") or ()):
        return None
    rows, columns = int(dataset.get("Rows") or 0), int(dataset.get("Columns") or 0)
    nicom = _nicom()
    try:
        header = nicom.get_csa_header(dataset, "image")
        tiles = int(nicom.get_n_mosaic(header) or 0) if header else 0
        normal = nicom.get_slice_normal(header) if header else None
        spacing = float(dataset.SpacingBetweenSlices)
        orientation = np.array(dataset.ImageOrientationPatient, dtype=float)
        pixel = np.array(dataset.PixelSpacing, dtype=float)
        corner = np.array(dataset.ImagePositionPatient, dtype=float)
    except (nicom.CSAError, AttributeError, TypeError, ValueError, KeyError):
        tiles, normal = 0, None
    if tiles < 1 or normal is None:
        return Mosaic(1, 1, rows, columns, (None,))
    across = math.ceil(math.sqrt(tiles))
    rows, columns = rows // across, columns // across
    first = tile_corner(corner, orientation, pixel, across=across, rows=rows, columns=columns)
    positions = tuple(tuple((first + i * spacing * normal).tolist()) for i in range(tiles))
    return Mosaic(tiles, across, rows, columns, positions)


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
    """
    grid = image.reshape(mosaic.across, mosaic.rows, mosaic.across, mosaic.columns)
    return grid.swapaxes(1, 2).reshape(-1, mosaic.rows, mosaic.columns)[: mosaic.tiles]


def _nicom() -> ModuleType:
    """The CSA parser of nibabel, which warns on import that nibabel's DICOM readers are experimental."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nibabel.nicom import csareader  # noqa: PLC0415  only Siemens mosaics need it
    return csareader
