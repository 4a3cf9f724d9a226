"""Write masks as an RTSTRUCT on the images that they were drawn on.

Contours run along the edges of voxels, so what was measured is what is drawn. A hole is joined to what is
around it by a keyhole (PS3.3, C.8.8.6.3): each contour then is CLOSED_PLANAR and right by itself, for readers
that unite the contours of a slice and for those that subtract them; not all know CLOSEDPLANAR_XOR. The file
is implicit VR: explicit ContourData ends at 65534 bytes (PS3.5, 7.1.2).
"""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from sarcoma_core.archive.fence import fence
from sarcoma_core.dicom.drawn_on import on_slices, read_sources
from sarcoma_core.dicom.rtstruct.modules import ContourText, structure_set
from sarcoma_core.dicom.rtstruct.rois import RoiToWrite, RtstructIdentity, require_rois
from sarcoma_core.errors import InputError
from sarcoma_core.imaging.outlines import keyholed
from sarcoma_core.imaging.polygons import Polygon
from sarcoma_core.imaging.slice_views import ImagePlane, VolumeSlice
from sarcoma_core.imaging.volume import Volume

_DIGITS = 4
"""Of mm: a tenth of a micrometre, and at most 16 characters (VR DS) up to a million kilometres."""


class _Image(NamedTuple):
    header: Dataset
    frame: int
    plane: ImagePlane
    view: VolumeSlice


def write_rtstruct(
    rois: Sequence[RoiToWrite],
    sources: Sequence[Path],
    grid: Volume,
    *,
    identity: RtstructIdentity | None = None,
) -> bytes:
    """Write masks as the bytes of a DICOM file.

    Patient, study and frame of reference are the source's, as they are there. Of several images at one slice
    the first is referred to.

    Args:
        rois: at least one; they may overlap.
        sources: the DICOM files of the image series: classic images, or one multi-frame image.
        grid: the volume that was made of the series, of which only shape and affine matter.
        identity: UIDs and time; new ones by default.

    Raises:
        InputError: a mask is of another shape or empty, a name or number breaks its rule, or the series is
            not the one of the grid.
        DicomError: a source is not DICOM, or damaged.
        OSError: a source cannot be read.

    Source: PS3.3, A.19 and C.8.8.5 to C.8.8.8.
    """
    told = identity or RtstructIdentity()
    require_rois(rois, grid.array.shape, told)
    images = [
        _Image(source.dataset, source.frame, source.plane, view)
        for source, view in on_slices(read_sources(sources), grid)
    ]
    _require_covered(rois, images)
    with fence(InputError, "the structure set to write"):
        contours = {roi.number: _contours(roi, images) for roi in rois}
        dataset = structure_set(rois, contours, [image.header for image in images], told)
        out = BytesIO()
        dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def _require_covered(rois: Sequence[RoiToWrite], images: Sequence[_Image]) -> None:
    axes = {image.view.axis for image in images}
    if len(axes) > 1:
        raise InputError("sources: must be images of one orientation; found several.")
    across = tuple(axis for axis in range(3) if axis not in axes)
    for roi in rois:
        drawn = np.flatnonzero(roi.mask.any(axis=across))
        lacking = np.setdiff1d(drawn, [image.view.index for image in images]).size
        if lacking:
            raise InputError(
                f"sources: must have an image for each slice of ROI {roi.number}; {lacking} lack one."
            )


def _contours(roi: RoiToWrite, images: Sequence[_Image]) -> list[ContourText]:
    return [
        ContourText(image.header, image.frame, len(polygon), _text(_to_lps(polygon, image.plane)))
        for image in images
        for polygon in keyholed(np.asarray(image.view.of(roi.mask), np.bool_))
    ]


def _to_lps(polygon: Polygon, plane: ImagePlane) -> NDArray[np.float64]:
    """Rows and columns of an image as LPS mm (PS3.3, C.7.6.2.1.1, equation C.7.6.2.1-1)."""
    along_row, along_column = np.reshape(plane.orientation, (2, 3))
    down, right = along_column * plane.spacing[0], along_row * plane.spacing[1]
    return np.asarray(plane.position + polygon[:, :1] * down + polygon[:, 1:] * right)


def _text(points: NDArray[np.float64]) -> bytes:
    """Points as ContourData is written."""
    rounded = np.round(points, _DIGITS) + 0.0  # no -0
    return "\\".join(f"{value:.{_DIGITS}f}".rstrip("0").rstrip(".") for value in rounded.ravel()).encode()
