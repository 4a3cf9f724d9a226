"""Readers of segmentations that share nothing with ours: they judge what we write."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import numpy.typing as npt
import pydicom
import SimpleITK as sitk

from sarcoma_core.imaging.volume import Volume

Masks = npt.NDArray[np.bool_]


def by_highdicom(path: Path, sop_uids: Sequence[str], number: int) -> npt.NDArray[Any]:
    """Stored values on the source images in their order, shape (images, rows, columns)."""
    seg = hd.seg.segread(path)
    found = seg.get_pixels_by_source_instance(
        source_sop_instance_uids=list(sop_uids),
        segment_numbers=[number],
        assert_missing_frames_are_empty=True,
    )
    return np.asarray(found)[..., 0]


def by_bits(path: Path, affine: npt.NDArray[np.float64], shape: tuple[int, ...], number: int) -> Masks:
    """Voxel by voxel with pydicom and plain arithmetic, shape (x, y, z) of the volume."""
    dataset = pydicom.dcmread(path)
    stored = np.reshape(dataset.pixel_array, (-1, dataset.Rows, dataset.Columns))
    shared = dataset.SharedFunctionalGroupsSequence[0]
    down, right = (float(v) for v in shared.PixelMeasuresSequence[0].PixelSpacing)
    cosines = [float(v) for v in shared.PlaneOrientationSequence[0].ImageOrientationPatient]
    to_voxel = np.linalg.inv(affine) @ np.diag([-1.0, -1.0, 1.0, 1.0])
    mask = np.zeros(shape, bool)
    for frame, values in zip(dataset.PerFrameFunctionalGroupsSequence, stored, strict=True):
        label_map = dataset.SegmentationType == "LABELMAP"
        if not label_map:
            holder = frame if "SegmentIdentificationSequence" in frame else shared
            if holder.SegmentIdentificationSequence[0].ReferencedSegmentNumber != number:
                continue
        first = [float(v) for v in frame.PlanePositionSequence[0].ImagePositionPatient]
        for row, column in zip(*np.nonzero(values == number if label_map else values), strict=True):
            point = [first[i] + column * right * cosines[i] + row * down * cosines[i + 3] for i in range(3)]
            x, y, z = np.rint(to_voxel @ [*point, 1.0])[:3].astype(int)
            mask[x, y, z] = True
    return mask


def by_dcmqi(path: Path, grid: Volume, number: int, scratch: Path) -> Masks:
    """As dcmqi makes images of it, on the grid by nearest neighbours."""
    dcmqi_images(path, scratch)
    image = sitk.ReadImage(str(scratch / f"{number}.nrrd"))
    on_grid = sitk.Resample(image, itk_grid(grid), sitk.Transform(), sitk.sitkNearestNeighbor, 0)
    return np.asarray(number == sitk.GetArrayFromImage(on_grid).T)


def dcmqi_images(path: Path, folder: Path) -> None:
    """Have dcmqi write an image of each segment, named by its number."""
    folder.mkdir(parents=True, exist_ok=True)
    program = str(Path(sys.executable).with_name("segimage2itkimage"))
    command = [program, "--inputDICOM", str(path), "--outputDirectory", str(folder), "-t", "nrrd"]
    subprocess.run(command, check=True, capture_output=True)


def itk_grid(grid: Volume) -> sitk.Image:
    """The volume's grid as ITK has it, LPS."""
    lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ grid.affine
    image = sitk.Image([int(v) for v in grid.array.shape], sitk.sitkUInt8)
    image.SetSpacing([float(v) for v in grid.spacing])
    image.SetOrigin([float(v) for v in lps[:3, 3]])
    image.SetDirection((lps[:3, :3] / np.array(grid.spacing)).ravel().tolist())
    return image


def volume_of(image: sitk.Image) -> Volume:
    """An image of ITK as a volume of shape (x, y, z), RAS."""
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * np.array(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    array = np.asarray(sitk.GetArrayFromImage(image).T, np.float32)
    return Volume(array, np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine)


def dciodvfy_errors(path: Path) -> set[str]:
    """What dicom3tools finds against the standard."""
    found = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    return {line for line in (found.stderr + found.stdout).splitlines() if line.startswith("Error")}
