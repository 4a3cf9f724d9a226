"""NIfTI-1 files as the converter writes them: read, and written for good with the same bytes each time."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import nibabel
import numpy as np
import numpy.typing as npt
from isal import igzip

from sarcoma_core.archive.gzipped import gzipped
from sarcoma_core.errors import SeriesRefused

_nib: Any = nibabel  # its functions have no types

_HEADER_BYTES = 348
_FREE_TEXT = ("descrip", "aux_file", "intent_name", "db_name")
"""Header fields that hold free text; dcm2niix writes the time of acquisition and ImageComments there."""


class StoredVolume(NamedTuple):
    """A volume as it is stored, and how to rescale it; a slice at a time, for the whole may be large.

    Args:
        stored: shape (slices, rows, columns).
        slope: of the file; 1 where it has none.
        intercept: of the file; 0 where it has none.
    """

    stored: npt.NDArray[Any]
    slope: float
    intercept: float

    def plane(self, index: int) -> npt.NDArray[np.float64]:
        """The values of one slice, shape (rows, columns)."""
        values: npt.NDArray[np.float64] = self.stored[index] * np.float64(self.slope) + self.intercept
        return values

    def is_copy_of(self, other: "StoredVolume") -> bool:
        """Whether two volumes have the same voxels and rescaling."""
        same = (self.slope, self.intercept) == (other.slope, other.intercept)
        return same and np.array_equal(self.stored, other.stored)


@dataclass(frozen=True)
class NiftiImage:
    """An image on its grid.

    Args:
        stored: as in the file, not rescaled, shape (x, y, z) or (x, y, z, volumes).
        slope: of the rescaling; 1 where the file has none.
        intercept: of the rescaling; 0 where the file has none.
        affine: voxel to RAS, mm, shape (4, 4).
    """

    stored: npt.NDArray[Any]
    slope: float
    intercept: float
    affine: npt.NDArray[np.float64]

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along the three axes of space."""
        return tuple(int(n) for n in self.stored.shape[:3])

    @property
    def spacing(self) -> tuple[float, ...]:
        """Of the voxels along the three axes, mm."""
        return tuple(float(length) for length in np.linalg.norm(self.affine[:3, :3], axis=0))

    @property
    def orientation(self) -> str:
        """Where the axes point to, such as LAS: left, anterior, superior."""
        return "".join(_nib.aff2axcodes(self.affine))


def read_nifti(path: Path) -> NiftiImage:
    """Read an image; what is not compressed is read from the disk when it is used.

    Raises:
        OSError: the file cannot be read.
    """
    image = _nib.load(path)
    data = image.dataobj
    return NiftiImage(
        stored=data.get_unscaled(),
        slope=float(data.slope),
        intercept=float(data.inter),
        affine=np.asarray(image.affine, dtype=float),
    )


def clean_header(path: Path, *, affine: npt.NDArray[np.float64], power: int = 0) -> None:
    """Empty the free text of an uncompressed NIfTI-1 file and set its grid; its voxels stay.

    Args:
        path: the file, from dcm2niix.
        affine: of its voxels, to RAS, mm, shape (4, 4).
        power: of two, that its rescaling is multiplied by.

    Raises:
        OSError: it cannot be read or written.
    """
    with path.open("r+b") as stream:
        header = _nib.Nifti1Header(stream.read(_HEADER_BYTES), check=False)
        for field in _FREE_TEXT:
            header[field] = b""
        if power:
            header["scl_slope"] *= 2.0**power
            header["scl_inter"] *= 2.0**power
        header.set_qform(affine, code="scanner")  # sets pixdim as well
        header.set_sform(affine, code="scanner")
        stream.seek(0)
        stream.write(header.binaryblock)


def compress(source: Path, target: Path) -> str:
    """Compress a NIfTI-1 file, and read it back.

    Args:
        source: uncompressed.
        target: the `.nii.gz` to write.

    Returns:
        SHA-256 of all bytes after the header: equal voxels, equal digest.

    Raises:
        SeriesRefused: what was written does not read back as the same bytes.
        OSError: a file cannot be read or written.
    """
    content = source.read_bytes()
    with gzipped(target) as stream:
        stream.write(content)
    with igzip.open(target) as stream:
        if hashlib.file_digest(stream, "sha256").digest() != hashlib.sha256(content).digest():
            raise SeriesRefused("the compressed file does not read back as what was written")
    return hashlib.sha256(memoryview(content)[_HEADER_BYTES:]).hexdigest()
