"""Read a series' voxels without the converter: SimpleITK (GDCM), plane by plane, in geometric order."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.uid import UID, RLELossless

from sarcoma_core.dicom.headers import Header
from sarcoma_core.dicom.mosaic import untile
from sarcoma_core.dicom.readable_copy import write_readable_copy
from sarcoma_core.dicom.rle import require_whole_runs
from sarcoma_core.dicom.scan import Source
from sarcoma_core.errors import SeriesRefused

Voxels = npt.NDArray[Any]


def _sitk() -> Any:  # noqa: ANN401  its bindings have no types
    """SimpleITK, which takes a while to load: that is done while the converter's volumes are compressed."""
    import SimpleITK  # noqa: PLC0415  as above

    return SimpleITK


def reader_name() -> str:
    """The independent reader and its version, for the receipt."""
    return f"SimpleITK {_sitk().Version.VersionString()} (GDCM)"


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
    scales = [plane.rescaling for plane in header.planes]
    if all(scale == scales[0] for scale in scales):
        return frames
    slope, intercept = scales[0]
    stored = np.rint((frames - intercept) / slope)
    scale = np.array(scales)[: len(frames), :, None, None]
    rescaled: Voxels = stored[: len(scale)] * scale[:, 0] + scale[:, 1]
    return rescaled


def _decode(header: Header) -> Voxels:
    if header.transfer_syntax == RLELossless:
        require_whole_runs(header.path)
    if not header.misleading:
        return _execute(header.path, header.transfer_syntax)
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch, "image.dcm")
        write_readable_copy(header, copy)
        return _execute(copy, header.transfer_syntax)


def _execute(path: Path, transfer_syntax: UID) -> Voxels:
    reader = _sitk().ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(str(path))
    try:
        image = reader.Execute()
    except RuntimeError:  # its text has the file's name in it
        encoding = transfer_syntax.name or "no TransferSyntaxUID"
        raise SeriesRefused(f"the independent reader cannot decode a file of the scan ({encoding})") from None
    voxels: Voxels = _sitk().GetArrayFromImage(image)
    return voxels[None] if voxels.ndim == 2 else voxels  # noqa: PLR2004  a plane without a frame axis
