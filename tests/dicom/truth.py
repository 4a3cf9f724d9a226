"""Compare a NIfTI file with voxels and a grid that come from elsewhere, without the code under test."""

import warnings
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import numpy.typing as npt
import SimpleITK

nib: Any = nibabel
sitk: Any = SimpleITK

Voxels = npt.NDArray[Any]
Affine = npt.NDArray[np.float64]


def assert_same_image(path: Path, expected: Voxels, affine: Affine, *, relative: float = 0.0) -> None:
    """Every voxel of the file is the expected one at the same place in the patient.

    Args:
        path: 3D NIfTI.
        expected: shape (slices, rows, columns).
        affine: of its (column, row, slice) to RAS, mm.
        relative: allowed difference, as a part of the value.
    """
    image = nib.load(path)
    assert_same_voxels(np.asarray(image.dataobj), image.affine, expected, affine, relative=relative)


def assert_same_voxels(
    found: Voxels, found_affine: Affine, expected: Voxels, affine: Affine, *, relative: float = 0.0
) -> None:
    assert found.size == expected.size
    exact = np.linalg.inv(affine) @ found_affine
    step = np.rint(exact).astype(int)
    corners = np.stack(np.meshgrid(*[(0, n - 1) for n in found.shape], [1], indexing="ij"))[..., 0]
    # A hundredth of a voxel: printed positions are rounded, and ITK takes the spacing from the first slices.
    assert np.abs(np.tensordot(exact - step, corners, axes=1)).max() < 0.01
    index = np.ogrid[tuple(slice(n) for n in found.shape)]
    column, row, slice_ = (
        sum((step[axis, i] * index[i] for i in range(3) if step[axis, i]), start=step[axis, 3])
        for axis in range(3)
    )
    assert min(column.min(), row.min(), slice_.min()) == 0
    values = expected[slice_, row, column].astype(np.float64)
    assert np.all(np.abs(found - values) <= relative * np.abs(values))


def affine_of(image: Any) -> Affine:
    """The affine of a SimpleITK image, to RAS."""
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing()
    matrix[:3, 3] = image.GetOrigin()
    return np.asarray(np.diag([-1.0, -1.0, 1.0, 1.0]) @ matrix)


def read_mosaic(path: Path) -> tuple[Voxels, Affine]:
    """A Siemens mosaic: voxels (slices, rows, columns) by SimpleITK, untiled here; the affine by nibabel."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nibabel calls its DICOM readers experimental
        from nibabel.nicom.dicomwrappers import wrapper_from_file  # noqa: PLC0415  it warns on import

        wrapper: Any = wrapper_from_file(path)  # type: ignore[no-untyped-call]
    rows, columns, tiles = wrapper.image_shape
    image = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))[0]
    corners = [divmod(i, image.shape[1] // columns) for i in range(tiles)]
    cut = [image[r * rows : (r + 1) * rows, c * columns : (c + 1) * columns] for r, c in corners]
    swapped = np.asarray(wrapper.affine)[:, [1, 0, 2, 3]]  # nibabel's axes are (row, column, slice), in LPS
    return np.stack(cut), np.diag([-1.0, -1.0, 1.0, 1.0]) @ swapped


def read_series(folder: Path) -> tuple[Voxels, Affine]:
    """A folder of classic slices by ITK's own series reader: voxels (slices, rows, columns) and affine."""
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    image = reader.Execute()
    return sitk.GetArrayFromImage(image), affine_of(image)
