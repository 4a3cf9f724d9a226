"""Read a series' voxels without the converter: SimpleITK (GDCM), plane by plane, in geometric order."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
import SimpleITK

from sarcoma_core.dicom.headers import Header
from sarcoma_core.dicom.mosaic import untile
from sarcoma_core.dicom.scan import Source
from sarcoma_core.errors import SeriesRefused

Voxels = npt.NDArray[Any]

_sitk: Any = SimpleITK  # its bindings have no types

READER = f"SimpleITK {_sitk.Version.VersionString()} (GDCM)"


class IndependentReader:
    """Reads volumes of one scan; keeps the last file decoded, for one file may hold many volumes."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._frames: Voxels = np.empty((0, 0, 0))

    def read_volume(self, sources: Sequence[Source]) -> Voxels:
        """The rescaled values of one volume (PS3.3, C.11.1: RescaleSlope x stored + RescaleIntercept).

        Args:
            sources: its planes, slice 0 first.

        Returns:
            shape (slices, rows, columns).

        Raises:
            SeriesRefused: the reader cannot decode a file, or sees another size than the header says.
        """
        planes = []
        for header, plane in sources:
            frames = self._read(header)
            if plane.frame >= len(frames) or frames.shape[1:] != (plane.rows, plane.columns):
                count, rows, columns = frames.shape
                raise SeriesRefused(
                    f"the independent reader sees {count} frames of {rows} x {columns}; "
                    f"the header says {len(header.planes)} of {plane.rows} x {plane.columns}"
                )
            planes.append(frames[plane.frame])
        return np.stack(planes)

    def _read(self, header: Header) -> Voxels:
        if header.path != self._path:
            frames = _decode(header)
            self._frames = untile(frames[0], header.mosaic) if header.mosaic else _rescale(frames, header)
            self._path = header.path
        return self._frames


def _rescale(frames: Voxels, header: Header) -> Voxels:
    """Give each frame its own rescaling.

    GDCM (as in SimpleITK 2.5) takes the first frame's slope and intercept for all frames of a file, which is
    right where they are the same. Where not, the stored values, whole numbers, are recovered and rescaled.
    """
    first = header.planes[0]
    if all((p.slope, p.intercept) == (first.slope, first.intercept) for p in header.planes):
        return frames
    stored = np.rint((frames - first.intercept) / first.slope)
    scale = np.array([(p.slope, p.intercept) for p in header.planes])[: len(frames), :, None, None]
    rescaled: Voxels = stored[: len(scale)] * scale[:, 0] + scale[:, 1]
    return rescaled


def _decode(header: Header) -> Voxels:
    if header.planes[0].spacing != 0:
        return _execute(header.path)
    # Some write a gap of 0 between slices into SpacingBetweenSlices, and ITK takes no spacing of 0.
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch, "image.dcm")
        dataset = pydicom.dcmread(header.path)
        dataset.pop("SpacingBetweenSlices", None)
        dataset.save_as(copy)
        return _execute(copy)


def _execute(path: Path) -> Voxels:
    reader = _sitk.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(str(path))
    try:
        image = reader.Execute()
    except RuntimeError:  # its text has the file's name in it
        raise SeriesRefused("the independent reader cannot decode a file of the scan") from None
    voxels: Voxels = _sitk.GetArrayFromImage(image)
    return voxels[None] if voxels.ndim == 2 else voxels  # noqa: PLR2004  a plane without a frame axis
