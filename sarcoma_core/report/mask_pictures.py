"""The masks of one series: measured, and drawn over the slices that go through them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from sarcoma_core.archive.masks import MaskVersion, SessionMasks
from sarcoma_core.errors import InputError
from sarcoma_core.imaging.extent import Extent, extent
from sarcoma_core.imaging.nifti_masks import read_mask
from sarcoma_core.imaging.volume import Mask, Volume
from sarcoma_core.report.borders import Border, border
from sarcoma_core.report.planes import Upright, ViewPlane, same_grid, upright
from sarcoma_core.report.stages import SUV_LABEL, Stage
from sarcoma_core.report.tiles import Tile, tile
from sarcoma_core.report.windows import Window, window_for

STYLES = 6
"""Kinds of lines that the page has: so many regions of a series are drawn at most."""

MARGIN_MM = 40.0
"""Around the masks of a series: what lies next to a tumour is seen, and a small one is not lost in the field
of view of a PET. The whole slices stand above on the page."""

_SHARES = (0.25, 0.75)

LARGEST, QUARTER, THREE_QUARTERS = "largest area", "at a quarter", "at three quarters"

_FIRST = "tumour"
"""The region that others lie in or around."""

Box = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Ground:
    """What masks are drawn over.

    Args:
        converted: the volume of NIFTI, whose grid they lie on.
        shown: the volume that is drawn, on the same grid, in RAS order.
        window: its grey scale.
        caption: what it is, e.g. `Converted`.
    """

    converted: Volume
    shown: Upright
    window: Window
    caption: str

    @property
    def plane(self) -> ViewPlane:
        """The plane that is cut, and in which axes are measured."""
        return self.shown.plane()


@dataclass(frozen=True)
class MeasuredMask:
    """What was measured of one version.

    Args:
        extent: its axes; the slice is counted in RAS order. None where it does not lie on the volume.
        fault: why it is not drawn, in a sentence without a full stop; empty where it can be.
    """

    extent: Extent | None = None
    fault: str = ""


@dataclass(frozen=True)
class OutlinedTile:
    """A slice with outlines.

    Args:
        tile: the slice, cut to the surroundings of the masks.
        lines: outlines with the number of their kind of line, from 1.
    """

    tile: Tile
    lines: tuple[tuple[int, Border], ...]


@dataclass(frozen=True)
class SeriesMasks:
    """The masks of a series.

    Args:
        measured: of each version, by its handle.
        drawn: the versions that are drawn, in the order of their kinds of lines.
        left_out: how many more there are than kinds of lines.
        tiles: from the last slice to the first.
        plane: name of the plane.
        caption: what is drawn below them.
        window: its grey scale; None where nothing is drawn.
    """

    measured: Mapping[str, MeasuredMask] = field(default_factory=dict)
    drawn: tuple[MaskVersion, ...] = ()
    left_out: int = 0
    tiles: tuple[OutlinedTile, ...] = ()
    plane: str = ""
    caption: str = ""
    window: Window | None = None


NOTHING_DRAWN = SeriesMasks()


def in_order(version: MaskVersion) -> tuple[bool, str, int]:
    """A sort key for the versions on a series: the tumour first, and the newest of each region first."""
    return version.roi != _FIRST, version.roi, -version.version


def ground_of(
    converted: Volume, versions: Sequence[tuple[Stage, Upright]], modality: str, unit: str
) -> Ground:
    """What the masks of a series are drawn over: a PET in SUV where there is one, else the converted volume.

    Args:
        converted: the volume of NIFTI.
        versions: it and what steps made of it, on one grid.
        modality: DICOM Modality.
        unit: of the converted volume, empty when arbitrary.
    """
    stage, drawn = next((one for one in versions if one[0].label == SUV_LABEL), versions[0])
    own_unit = "SUV" if stage.label == SUV_LABEL else unit
    return Ground(converted, drawn, window_for(modality, own_unit, drawn.array), stage.caption)


def read_series_masks(masks: SessionMasks, series: str, ground: Ground | None) -> SeriesMasks:
    """Measure every version on a series, and draw the one that counts of each region.

    Args:
        masks: of the session.
        series: its name.
        ground: what they are drawn over; None where the series has no volume.
    """
    current = {one.handle for one in masks.current()}
    measured: dict[str, MeasuredMask] = {}
    held: list[tuple[MaskVersion, Mask]] = []
    for version in sorted(masks.of(series), key=in_order):
        if ground is None:
            measured[version.handle] = MeasuredMask(
                fault="the series has no volume that it could be drawn on"
            )
            continue
        mask, measured[version.handle] = _measure(masks, version, ground)
        if mask is not None and version.handle in current:
            held.append((version, mask))
    found = SeriesMasks(measured)
    if ground is None or not held:
        return found
    drawn = held[:STYLES]
    return replace(
        found,
        drawn=tuple(version for version, _ in drawn),
        left_out=len(held) - len(drawn),
        tiles=_tiles(drawn, ground, series),
        plane=ground.plane.name,
        caption=ground.caption,
        window=ground.window,
    )


def _measure(masks: SessionMasks, version: MaskVersion, ground: Ground) -> tuple[Mask | None, MeasuredMask]:
    """A mask in RAS order with its axes; none where it does not lie on the volume, and why."""
    inside, fault = mask_on(masks, version, ground)
    if inside is None:
        return None, MeasuredMask(fault=fault)
    if not inside.any():
        return None, MeasuredMask(fault="it holds no voxel")
    return inside, MeasuredMask(extent(inside, ground.shown.spacing, ground.plane.axis))


def mask_on(masks: SessionMasks, version: MaskVersion, ground: Ground) -> tuple[Mask | None, str]:
    """A mask in RAS order; none where it does not lie on the volume, and why.

    Args:
        masks: of the session.
        version: one of them.
        ground: what it is drawn over.
    """
    try:
        mask, volume = read_mask(masks.path(version))
    except InputError as error:
        return None, error.message.rstrip(".")
    if not same_grid(volume, ground.converted):
        return None, "its grid is not that of the volume that is there now"
    return upright(mask, volume.affine).array.astype(np.bool_), ""


def _tiles(
    drawn: Sequence[tuple[MaskVersion, Mask]], ground: Ground, series: str
) -> tuple[OutlinedTile, ...]:
    plane = ground.plane
    box = surroundings((mask for _, mask in drawn), ground.shown.spacing, plane)
    shown = replace(ground.shown, array=ground.shown.array[box])
    rois: dict[int, dict[str, list[str]]] = {}
    for version, mask in drawn:
        for index, reason in through(mask, plane).items():
            rois.setdefault(index, {}).setdefault(reason, []).append(version.roi)
    titles = {
        index: "; ".join(f"{', '.join(names)}: {reason}" for reason, names in told.items())
        for index, told in rois.items()
    }
    cut = [(number, version, mask[box]) for number, (version, mask) in enumerate(drawn, 1)]
    return tuple(
        _tile(shown, ground, index, cut, title=titles[index], series=series)
        for index in sorted(titles, reverse=True)
    )


def _tile(
    shown: Upright,
    ground: Ground,
    index: int,
    cut: Sequence[tuple[int, MaskVersion, Mask]],
    *,
    title: str,
    series: str,
) -> OutlinedTile:
    plane = ground.plane
    lines = [(number, version.roi, border(plane.cut(mask, index))) for number, version, mask in cut]
    seen = [(number, roi, line) for number, roi, line in lines if line.path]
    drawn = tile(shown, plane, index, ground.window, title=title, subject=f"masks of scan {series}")
    told = replace(drawn, alt=f"{drawn.alt} Outlined: {', '.join(roi for _, roi, _ in seen)}.")
    return OutlinedTile(told, tuple((number, line) for number, _, line in seen))


def through(mask: Mask, plane: ViewPlane) -> Mapping[int, str]:
    """The slices that show a region, and why: that of the largest area, and those at two parts of its extent.

    Args:
        mask: in RAS order, with at least one voxel.
        plane: which way it is cut.
    """
    areas = mask.sum(axis=tuple(axis for axis in range(3) if axis != plane.axis))
    held = np.flatnonzero(areas)
    largest = np.flatnonzero(areas == areas.max())
    chosen = {int(largest[len(largest) // 2]): LARGEST}
    for share, reason in zip(_SHARES, (QUARTER, THREE_QUARTERS), strict=True):
        chosen.setdefault(int(held[round(share * (len(held) - 1))]), reason)
    return chosen


def surroundings(masks: Iterable[Mask], spacing: Sequence[float], plane: ViewPlane) -> Box:
    """All masks and what lies around them in the plane, as far as the volume goes; across it, every slice.

    Args:
        masks: in RAS order, on one grid, each with at least one voxel.
        spacing: along each axis, mm.
        plane: which way they are cut.
    """
    union = np.logical_or.reduce(tuple(masks))
    box = []
    for axis, mm in enumerate(spacing):
        held = np.flatnonzero(union.any(axis=tuple(other for other in range(3) if other != axis)))
        beyond = union.shape[axis] if axis == plane.axis else int(np.ceil(MARGIN_MM / mm))
        box.append(slice(max(0, int(held[0]) - beyond), min(union.shape[axis], int(held[-1]) + 1 + beyond)))
    return box[0], box[1], box[2]
