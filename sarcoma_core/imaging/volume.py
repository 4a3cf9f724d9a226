"""A volume with its grid, read from and written to NIfTI."""

from dataclasses import dataclass, replace
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import InputError

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Volume:
    """Values on a grid.

    Args:
        array: values, shape (x, y, z) as nibabel gives them.
        affine: voxel to RAS, mm, shape (4, 4).
    """

    array: Floats
    affine: NDArray[np.float64]

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Distance of voxel centres along each axis, mm."""
        x, y, z = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(x), float(y), float(z)

    def with_array(self, array: Floats) -> "Volume":
        """Other values on the same grid."""
        return replace(self, array=array)


def read_nifti(path: Path) -> Volume:
    """Read a 3D volume.

    Raises:
        InputError: not a NIfTI file, or not 3D.
        OSError: it cannot be read.
    """
    try:
        image = nib.load(path)
        array = np.asarray(image.dataobj, dtype=np.float32)
    except (nib.filebasedimages.ImageFileError, EOFError, ValueError):
        raise InputError("volume: must be a NIfTI file; it cannot be read.") from None
    if array.ndim != 3:
        raise InputError(f"volume: must have 3 dimensions; found {array.ndim}.")
    return Volume(array, np.asarray(image.affine, dtype=np.float64))


def write_nifti(path: Path, volume: Volume) -> None:
    """Write a volume as float32; equal volumes give equal bytes.

    Raises:
        OSError: the disk is full or read-only.
    """
    image = nib.Nifti1Image(volume.array.astype(np.float32), volume.affine)
    image.header.set_xyzt_units("mm")
    image.set_sform(volume.affine, code=1)
    image.set_qform(volume.affine, code=1)
    nib.save(image, path)
