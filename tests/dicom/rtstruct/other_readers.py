"""A reader of RTSTRUCTs that shares nothing with ours: it judges what we write."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset

Masks = npt.NDArray[np.bool_]


def by_images(path: Path, images: Sequence[Dataset], number: int, *, unite: bool) -> Masks:
    """An ROI on the images that its contours refer to, shape (images, rows, columns).

    Args:
        path: the RTSTRUCT.
        images: of the series, in any order.
        number: ROINumber.
        unite: contours of an image are united, as some readers do; else subtracted where they overlap.
    """
    masks = np.zeros((len(images), images[0].Rows, images[0].Columns), bool)
    place = {image.SOPInstanceUID: index for index, image in enumerate(images)}
    for roi in pydicom.dcmread(path).ROIContourSequence:
        if roi.ReferencedROINumber != number:
            continue
        for contour in roi.ContourSequence:
            assert contour.ContourGeometricType == "CLOSED_PLANAR"
            index = place[contour.ContourImageSequence[0].ReferencedSOPInstanceUID]
            points = np.array([float(v) for v in contour.ContourData]).reshape(-1, 3)
            assert len(points) == contour.NumberOfContourPoints
            inside = _inside(_pixels(points, images[index]), masks.shape[1:])
            masks[index] = masks[index] | inside if unite else masks[index] ^ inside
    return masks


def _pixels(points: npt.NDArray[np.float64], image: Dataset) -> npt.NDArray[np.float64]:
    """Columns and rows of points, which must lie in the image's plane."""
    cosines = np.array([float(v) for v in image.ImageOrientationPatient])
    offsets = points - np.array([float(v) for v in image.ImagePositionPatient])
    assert np.abs(offsets @ np.cross(cosines[:3], cosines[3:])).max() < 1e-3
    down, right = (float(v) for v in image.PixelSpacing)
    return np.stack([offsets @ cosines[:3] / right, offsets @ cosines[3:] / down], axis=1)


def _inside(corners: npt.NDArray[np.float64], shape: tuple[int, ...]) -> Masks:
    """Pixels around which the polygon's edges turn, by the sum of angles."""
    rows, columns = np.indices(shape)
    turns = np.zeros(shape)
    near = tuple(slice(max(int(low), 0), int(high) + 2) for low, high in zip(*_reach(corners), strict=True))
    for first, second in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        from_first = (first[0] - columns[near]) + 1j * (first[1] - rows[near])
        from_second = (second[0] - columns[near]) + 1j * (second[1] - rows[near])
        turns[near] += np.angle(from_second / from_first)
    return np.rint(turns / (2 * np.pi)).astype(int) % 2 == 1


def _reach(corners: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Lowest and highest row and column."""
    return np.stack([corners.min(axis=0)[::-1], corners.max(axis=0)[::-1]])


def dciodvfy_errors(path: Path) -> set[str]:
    """What dicom3tools finds against the standard."""
    found = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    return {line for line in (found.stderr + found.stdout).splitlines() if line.startswith("Error")}
