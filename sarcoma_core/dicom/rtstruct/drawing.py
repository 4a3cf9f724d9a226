"""The regions of an RTSTRUCT on the grid of a volume."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.archive.fence import fence
from sarcoma_core.dicom.drawings import DrawingSource, DrawnRegion, PlacedMask
from sarcoma_core.dicom.rtstruct.contours import Points, RoiContours, read_points
from sarcoma_core.dicom.rtstruct.elements import opened
from sarcoma_core.dicom.rtstruct.notes import noted
from sarcoma_core.dicom.rtstruct.placing import ContourPlaces, Extents, coincide, place, to_voxels
from sarcoma_core.errors import InputError, SeriesRefused
from sarcoma_core.imaging.polygons import rasterise
from sarcoma_core.imaging.slice_views import OFF_VOXELS
from sarcoma_core.imaging.volume import Mask, Volume

_FEWEST_POINTS = 3
"""Of a contour that bounds an area."""
_ROUNDING_DIGITS = 3
"""Of mm: a contour that was written twice is the same to a micrometre."""


@dataclass(frozen=True, slots=True, eq=False)
class ContourDrawing:
    """An RTSTRUCT; its file stays where it is, and points are read from it when they are asked for.

    Args:
        path: the file.
        source: what it says of itself.
        regions: its ROIs.
        contours: of each ROI that has any, by its number.
        faults: why an ROI cannot be used, by its number.
    """

    path: Path
    source: DrawingSource
    regions: tuple[DrawnRegion, ...]
    contours: Mapping[int, RoiContours]
    faults: Mapping[int, str]

    def on(self, number: int, grid: Volume) -> PlacedMask:
        """One ROI on the grid of a volume; see `Drawing.on`.

        Raises:
            SeriesRefused: it is empty, cannot be read, or does not lie on the slices of the volume.
            InputError: no ROI has this number.
            OSError: the file cannot be read any more.
        """
        roi = self._usable(number)
        with fence(SeriesRefused, "the contours"), opened(self.path) as stream:
            kept, extents, facts = _measured(stream, roi, grid)
            if not kept.size:
                raise SeriesRefused(f"its contours must bound an area; found none that does{_of(facts)}.")
            places = place(extents, grid)
            mask, more = _filled(stream, roi, kept, places, grid)
        if not mask.any():
            raise SeriesRefused(
                "its contours must enclose voxels once; found that all of them lie in two contours."
                if more["twice_ml"]
                else "its contours must hold the centre of a voxel at least; found none in them."
            )
        facts |= _placed_facts(places, grid) | more
        facts["contours"] -= facts["duplicate_contours"]
        return PlacedMask(mask, "as drawn", noted(facts), facts)

    def fits(self, grid: Volume) -> bool:
        """Whether all contours lie in the planes of its slices and within its sides, to a tenth of a voxel.

        Raises:
            OSError: the file cannot be read any more.
        """
        fitting = []
        for region in self.regions:
            try:
                roi = self._usable(region.number)
                with fence(SeriesRefused, "the contours"), opened(self.path) as stream:
                    _, extents, _ = _measured(stream, roi, grid)
            except InputError:
                continue  # it fits nowhere, and says nothing of the others
            if len(extents):
                fitting.append(coincide(extents, grid))
        return bool(fitting) and all(fitting)

    def _usable(self, number: int) -> RoiContours:
        if number not in {region.number for region in self.regions}:
            raise InputError("ROINumber: must be that of an ROI of the RTSTRUCT; found another number.")
        if fault := self.faults.get(number):
            raise SeriesRefused(fault)
        roi = self.contours.get(number)
        if roi is None or not (roi.open or roi.unknown or len(roi.places)):
            raise SeriesRefused("its ROI must hold contours; it is empty.")
        if roi.unknown:
            raise SeriesRefused(
                "ContourGeometricType: must be one of the standard's (PS3.3, C.8.8.6.1); found "
                f"another or none ({roi.unknown} time{'s' if roi.unknown > 1 else ''})."
            )
        return roi


def _filled(
    stream: BinaryIO, roi: RoiContours, kept: NDArray[np.intp], places: ContourPlaces, grid: Volume
) -> tuple[Mask, dict[str, Any]]:
    """The mask, and what is known only now; one contour is held at a time."""
    mask = np.zeros(grid.array.shape, np.bool_)
    across = np.moveaxis(mask, places.axis, 0)
    sides = [axis for axis in range(3) if axis != places.axis]
    shape = grid.array.shape[sides[0]], grid.array.shape[sides[1]]
    used, slices = kept[~places.outside], places.slices[~places.outside]
    twice, area, shared = 0, 0.0, 0
    for index in np.unique(slices):
        different = _OncePerSlice()
        contours = different.of(_points(stream, roi, used[slices == index]))
        polygons = (to_voxels(points, grid)[:, sides] for points in contours)
        filled = rasterise(polygons, shape)
        across[index] = filled.mask
        twice, area, shared = twice + different.twice, area + filled.area, shared + filled.twice
    millilitres = {
        "drawn_ml": round(area * grid.voxel_ml, 4),
        "twice_ml": round(shared * grid.voxel_ml, 4),
    }
    return mask, {"duplicate_contours": twice, **millilitres}


class _OncePerSlice:
    """Contours without those that come again, whatever their first point and direction; counts these."""

    def __init__(self) -> None:
        self.twice = 0

    def of(self, contours: Iterator[Points]) -> Iterator[Points]:
        seen: set[bytes] = set()
        for points in contours:
            key = _edges_of(points)
            if key in seen:
                self.twice += 1
            else:
                seen.add(key)
                yield points


def _edges_of(points: Points) -> bytes:
    """A digest of a polygon's edges, in no order and without direction."""
    start = np.round(points, _ROUNDING_DIGITS) + 0.0  # no -0
    edges = np.concatenate([start, np.roll(start, -1, axis=0)], axis=1)
    edges = edges[(edges[:, :3] != edges[:, 3:]).any(axis=1)]
    x, y, z = (edges[:, 3:] - edges[:, :3]).T
    backwards = np.where(x != 0, x < 0, np.where(y != 0, y < 0, z < 0))
    edges[backwards] = np.roll(edges[backwards], 3, axis=1)
    ordered = edges[np.lexsort(edges.T)]
    return hashlib.sha256(ordered.tobytes()).digest()


def _points(stream: BinaryIO, roi: RoiContours, chosen: NDArray[np.intp]) -> Iterator[Points]:
    for index in chosen:
        yield read_points(stream, roi.places[index], roi.lengths[index])


def _measured(
    stream: BinaryIO, roi: RoiContours, grid: Volume
) -> tuple[NDArray[np.intp], Extents, dict[str, Any]]:
    """Which contours have points enough, their extents in voxels, and what was counted."""
    extents = np.full((len(roi.places), 2, 3), np.nan)
    miscounted = 0
    for index, (where, length) in enumerate(zip(roi.places, roi.lengths, strict=True)):
        try:
            points = read_points(stream, where, length)
        except ValueError:
            raise SeriesRefused(
                "ContourData: must be three finite numbers for each point; found a contour of another form."
            ) from None
        miscounted += roi.counts[index] not in (-1, len(points))
        if len(points) >= _FEWEST_POINTS:
            voxels = to_voxels(points, grid)
            extents[index] = voxels.min(axis=0), voxels.max(axis=0)
    kept = np.flatnonzero(np.isfinite(extents[:, 0, 0]))
    facts = {
        "open_contours": roi.open,
        "short_contours": len(roi.places) - len(kept),
        "miscounted_contours": miscounted,
    }
    return kept, extents[kept], facts


def _of(facts: Mapping[str, Any]) -> str:
    counts = {
        "open or points": facts["open_contours"],
        f"of fewer than {_FEWEST_POINTS} points": facts["short_contours"],
    }
    told = [f"{count} {what}" for what, count in counts.items() if count]
    return f" ({', '.join(told)})" if told else ""


def _placed_facts(places: ContourPlaces, grid: Volume) -> dict[str, Any]:
    used = np.unique(places.slices[~places.outside])
    off = float(places.off.max())
    return {
        "contours": int((~places.outside).sum()),
        "slices": len(used),
        "empty_slices": int(used[-1] - used[0]) + 1 - len(used),
        "clipped_contours": int(places.clipped.sum()),
        "outside_contours": int(places.outside.sum()),
        "off_plane_mm": round(off * grid.spacing[places.axis], 3) if off > OFF_VOXELS else 0.0,
    }
