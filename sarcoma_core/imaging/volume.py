"""A volume with its grid: what it must be, and how it is read from and written to NIfTI."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from gzip import BadGzipFile
from pathlib import Path
from typing import NamedTuple

import nibabel as nib
import numpy as np
from isal import igzip
from isal.isal_zlib import IsalError
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError
from numpy.typing import NDArray

from sarcoma_core.archive.gzipped import gzipped
from sarcoma_core.errors import InputError

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Spacing = tuple[float, float, float]

_DIMENSIONS = 3
_BAD_DEFLATE: type[Exception] = IsalError  # type: ignore[assignment]  # its stub takes the class for an instance
_GZIP = ".gz"
_GZIP_HEAD = b"\x1f\x8b"
"""RFC 1952, 2.3.1. A file is unpacked by what it holds: names are typed by hand."""
_NUMBERS = "biuf"
"""Kinds of values: booleans, whole numbers, and numbers with a point."""
_NIFTI_2 = 540
"""Size of its header, which begins with it; that of NIfTI-1 is 348."""
_MM3_PER_ML = 1000.0


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """Values on a grid.

    Args:
        array: values, shape (x, y, z) as nibabel gives them.
        affine: voxel to RAS, mm, shape (4, 4).
    """

    array: Floats
    affine: NDArray[np.float64]

    @property
    def spacing(self) -> Spacing:
        """Distance of voxel centres along each axis, mm."""
        x, y, z = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(x), float(y), float(z)

    @property
    def voxel_ml(self) -> float:
        """Volume of one voxel, ml; also where the axes are not at right angles."""
        return abs(float(np.linalg.det(self.affine[:3, :3]))) / _MM3_PER_ML

    def with_array(self, array: Floats) -> "Volume":
        """Other values on the same grid."""
        return replace(self, array=array)


class VolumeForms(NamedTuple):
    """A volume of a file that may say twice where it lies.

    Attributes:
        volume: by its sform where that is coded, as nibabel and ITK-SNAP read it.
        qform: the affine of the qform, where both are coded; None elsewhere.
    """

    volume: Volume
    qform: NDArray[np.float64] | None


def check_values(volume: NDArray[np.generic]) -> None:
    """Whether intensities can be worked with: three dimensions, finite, more than one value.

    Raises:
        InputError: they cannot.
    """
    if volume.ndim != _DIMENSIONS:
        raise InputError(f"volume: must have 3 dimensions; found {volume.ndim}.")
    if not volume.size:
        raise InputError(f"volume: must hold voxels; found the shape {volume.shape}.")
    low, high = float(volume.min()), float(volume.max())  # nan and inf show up in one of them
    if not np.isfinite([low, high]).all():
        raise InputError(f"volume: values must be finite; found {_not_finite(volume)} that are not.")
    if low == high:
        raise InputError("volume: must not be constant; every voxel has the same value.")


def check_mask(mask: Mask, shape: tuple[int, ...]) -> None:
    """Whether a mask selects voxels of a volume of this shape.

    Raises:
        InputError: another shape, or nothing is selected.
    """
    if mask.shape != shape:
        raise InputError(f"mask: must have the shape of the volume, {shape}; found {mask.shape}.")
    if not mask.any():
        raise InputError("mask: must hold at least one voxel; it is empty.")


def read_nifti(path: Path) -> Volume:
    """Read a 3D volume, scaled as its header says; compressed or not, whatever its name says.

    Raises:
        InputError: not a NIfTI file, cut short, or not 3D.
        OSError: it cannot be read.
    """
    return read_forms(path).volume


def read_forms(path: Path) -> VolumeForms:
    """Read a 3D volume, and where its qform puts it besides its sform.

    Raises:
        InputError: as `read_nifti`.
        OSError: it cannot be read.
    """
    with _whole_file(), _unheard():
        image = _nifti(_content(path))
        kind = image.get_data_dtype().kind
        if kind not in _NUMBERS:
            raise InputError("volume: values must be numbers; found colours or complex ones.")
        array = np.asarray(image.dataobj, dtype=np.float32)
    if array.ndim != _DIMENSIONS:
        raise InputError(f"volume: must have 3 dimensions; found {array.ndim}.")
    return VolumeForms(Volume(array, np.asarray(image.affine, dtype=np.float64)), _qform(image))


def write_nifti(path: Path, volume: Volume) -> None:
    """Write a volume as float32 in scanner coordinates; equal volumes give equal bytes (`archive.gzipped`).

    Raises:
        OSError: the disk is full or read-only.
    """
    image = nib.Nifti1Image(volume.array.astype(np.float32, copy=False), volume.affine)
    image.header.set_xyzt_units("mm")
    image.set_sform(volume.affine, code="scanner")
    image.set_qform(volume.affine, code="scanner")
    with gzipped(path) if path.suffix == _GZIP else path.open("wb") as stream:
        image.to_stream(stream)


@contextmanager
def _whole_file() -> Iterator[None]:
    """What nibabel and the decompressor raise of a file, in words.

    Raises:
        InputError: it is no whole NIfTI file, or larger than the memory.
        OSError: it cannot be read.
    """
    must = "volume: must be a whole NIfTI file"
    try:
        yield
    except (EOFError, BadGzipFile, _BAD_DEFLATE):
        raise InputError(f"{must}; its compressed data are damaged, or end too early.") from None
    except (ImageFileError, HeaderDataError, WrapStructError):
        raise InputError(f"{must}; found no header of one.") from None
    except ValueError:
        raise InputError(f"{must}; its header and its data do not belong together.") from None
    except MemoryError:
        raise InputError("volume: must fit into memory; its header says that it is larger.") from None
    except OSError as error:
        # nibabel tells a file that is cut short by an OSError without a number
        if error.errno is not None:
            raise
        raise InputError(f"{must}; its data end too early.") from None


@contextmanager
def _unheard() -> Iterator[None]:
    """Keep off the screen what nibabel says of a header that it mends; what it cannot mend it raises."""
    logger = nib.imageglobals.logger
    before, logger.disabled = logger.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.disabled = before


def _qform(image: nib.Nifti1Image) -> NDArray[np.float64] | None:
    header = image.header
    if not (header["qform_code"] > 0 and header["sform_code"] > 0):
        return None
    try:
        affine = np.asarray(header.get_qform(), np.float64)
    except (HeaderDataError, ValueError):
        return None  # its numbers are no rotation: only the sform says anything
    return affine if np.isfinite(affine).all() else None


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    return igzip.decompress(content) if content.startswith(_GZIP_HEAD) else content


def _nifti(content: bytes) -> nib.Nifti1Image:
    sizes = {int.from_bytes(content[:4], "little"), int.from_bytes(content[:4], "big")}
    image = nib.Nifti2Image if _NIFTI_2 in sizes else nib.Nifti1Image
    return image.from_bytes(content)


def _not_finite(volume: NDArray[np.generic]) -> str:
    count = volume.size - int(np.isfinite(volume).sum())
    return f"{count} voxels" if count > 1 else "1 voxel"
