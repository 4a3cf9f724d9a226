"""The images that masks are written on: which file shows which slice of the volume."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydicom.dataset import Dataset

from sarcoma_core.archive.fence import fence
from sarcoma_core.archive.instance import open_instance
from sarcoma_core.archive.values import read_text
from sarcoma_core.dicom.geometry import slice_normal
from sarcoma_core.dicom.planes import Plane, read_planes
from sarcoma_core.errors import InputError
from sarcoma_core.imaging.slice_views import ImagePlane, VolumeSlice, slice_view
from sarcoma_core.imaging.volume import Volume


class SourcePlane(NamedTuple):
    """An image of the series that is drawn on.

    Args:
        dataset: the header of its file.
        frame: which frame of it, from 0.
        plane: where it lies.
    """

    dataset: Dataset
    frame: int
    plane: ImagePlane


def read_sources(paths: Sequence[Path]) -> list[SourcePlane]:
    """The image planes of the files, in their order.

    Raises:
        InputError: there are none, of several series, or several multi-frame files.
    """
    datasets = [open_instance(path)[1] for path in paths]
    if not datasets:
        raise InputError("sources: must be one file at least; found none.")
    with fence(InputError, "the header of a source"):
        _require_one_series(datasets)
        found = [(dataset, read_planes(dataset, None)) for dataset in datasets]
    if len(found) > 1 and any(len(planes) > 1 for _, planes in found):
        raise InputError(
            f"sources: must be classic images or one multi-frame image; found {len(found)} files."
        )
    return [
        SourcePlane(dataset, plane.frame, placed)
        for dataset, planes in found
        for plane in planes
        if (placed := _placed(plane)) is not None
    ]


def _placed(plane: Plane) -> ImagePlane | None:
    if plane.position is None or plane.orientation is None or plane.pixel_spacing is None:
        return None
    (x, y, z), (a, b, c, d, e, f) = plane.position, plane.orientation
    down, right = plane.pixel_spacing
    return ImagePlane((x, y, z), (a, b, c, d, e, f), (down, right), plane.rows, plane.columns)


def on_slices(sources: Sequence[SourcePlane], grid: Volume) -> list[tuple[SourcePlane, VolumeSlice]]:
    """The images that show whole slices of the volume, one for each, along their normal.

    Raises:
        InputError: none does.
    """
    found: dict[int, tuple[SourcePlane, VolumeSlice]] = {}
    for source in sources:
        view = slice_view(source.plane, grid)
        if view is None:
            continue
        sides = (grid.array.shape[view.row_axis], grid.array.shape[view.column_axis])
        if sides == (view.rows, view.columns):
            found.setdefault(view.index, (source, view))
    if not found:
        raise InputError("sources: must be the images that the volume was made of; found none on its slices.")
    normal = slice_normal(np.array(next(iter(found.values()))[0].plane.orientation))
    return sorted(found.values(), key=lambda image: float(np.dot(image[0].plane.position, normal)))


def _require_one_series(datasets: Sequence[Dataset]) -> None:
    """Require images of one series in one frame of reference.

    Raises:
        InputError: they are not, or have no frame of reference, without which nothing is drawn.
    """
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"):
        found = {read_text(dataset, keyword) for dataset in datasets}
        if len(found) > 1:
            raise InputError(f"sources: must have one {keyword}; found {len(found)}.")
        if not all(found):
            raise InputError(f"sources: must have a {keyword}; found none.")
