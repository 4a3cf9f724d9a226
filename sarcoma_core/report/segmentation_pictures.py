"""Outlines of a network and of a person in three planes, and how sure the network is on the same slices."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from sarcoma_core.imaging.volume import Floats
from sarcoma_core.report.borders import border
from sarcoma_core.report.mask_pictures import STYLES, Ground, OutlinedTile, surroundings, through
from sarcoma_core.report.overlays import Colours, Levels, coarse, grey, resized, warm
from sarcoma_core.report.planes import PLANES, Size, SliceView, ViewPlane
from sarcoma_core.report.segmentation_compared import (
    ComparedRegion,
    NetworkSeries,
    OwnedMask,
    compare_region,
)
from sarcoma_core.report.tiles import Tile, framed, png, tile
from sarcoma_core.report.windows import Window

MOST_DEVIATION: Final = 0.5
"""The upper end of the scale: the standard deviation where half of the views say 0 and half 1."""

_BELOW: Final = 0.28
"""White of what lies under the colours of uncertainty: no brighter than red is, also in grey print."""
_HIDES: Final = 4.0
"""How fast a colour hides what is below: from a quarter of the scale on it is all that is seen."""


@dataclass(frozen=True)
class NamedLine:
    """An outline in the legend: the number of its kind of line, the region, and who drew it."""

    number: int
    roi: str
    owner: str


@dataclass(frozen=True)
class PlanePair:
    """One plane: the outlines, and the uncertainty on the same slice; None where that is not there."""

    outlined: OutlinedTile
    uncertain: OutlinedTile | None


@dataclass(frozen=True)
class SegmentationPictures:
    """What a network has drawn on a series.

    Args:
        regions: the tumour first.
        lines: in the order of the legend.
        left_out: how many more outlines there are than kinds of lines.
        planes: that of the series' own slices first; none where nothing can be drawn.
        roi: the region whose uncertainty is shown.
        unsure: why no uncertainty is shown, in a sentence without a full stop; empty where it is.
        caption: what is drawn below.
        window: its grey scale; None where nothing is drawn.
    """

    regions: tuple[ComparedRegion, ...]
    lines: tuple[NamedLine, ...] = ()
    left_out: int = 0
    planes: tuple[PlanePair, ...] = ()
    roi: str = ""
    unsure: str = ""
    caption: str = ""
    window: Window | None = None


def picture_segmentation(found: NetworkSeries, ground: Ground | None) -> SegmentationPictures:
    """Draw what a network has drawn on a series, and compare it with what a person has.

    Args:
        found: on the series.
        ground: what it is drawn over; None where the series has no volume.
    """
    drawn = found.drawn
    if ground is None:
        fault = "the series has no volume that it could be drawn on"
        return SegmentationPictures(
            tuple(ComparedRegion(roi, found.member(roi), one, fault) for roi, one in drawn.items())
        )
    compared = [compare_region(found, roi, version, ground) for roi, version in drawn.items()]
    masks = list({(one.roi, one.owner): one for _, held in compared for one in held}.values())
    roi = next(iter(drawn), "")
    variance, unsure = found.variance(roi, ground)
    shown = _Shown(ground, found.outcome.series, roi, masks[:STYLES])
    return SegmentationPictures(
        regions=tuple(told for told, _ in compared),
        lines=tuple(NamedLine(n, one.roi, one.owner) for n, one in enumerate(shown.masks, 1)),
        left_out=len(masks) - len(shown.masks),
        planes=tuple(shown.pairs(variance)),
        roi=roi,
        unsure=unsure,
        caption=ground.caption,
        window=ground.window,
    )


@dataclass(frozen=True, eq=False)
class _Shown:
    """What the pictures of a series share."""

    ground: Ground
    series: str
    roi: str
    masks: Sequence[OwnedMask]

    def pairs(self, variance: Floats | None) -> Iterator[PlanePair]:
        """The three planes through the largest extent of the first mask."""
        grid, own = self.ground.shown, self.ground.plane
        held = [one.mask for one in self.masks] or [np.ones(grid.array.shape, np.bool_)]
        for plane in (own, *(plane for plane in reversed(PLANES) if plane is not own)):
            index = self._index(plane, variance)
            box = surroundings(held, grid.spacing, plane)
            view = SliceView(replace(grid, array=grid.array[box]), plane, index)
            cuts = [(n, border(plane.cut(one.mask[box], index))) for n, one in enumerate(self.masks, 1)]
            seen = tuple((number, line) for number, line in cuts if line.path)
            drawn = self._outlined(view, [number for number, _ in seen])
            beside = None
            if variance is not None:
                size = drawn.width, drawn.height
                beside = OutlinedTile(self._uncertain(view, variance[box], size), seen[:1])
            yield PlanePair(OutlinedTile(drawn, seen), beside)

    def _index(self, plane: ViewPlane, variance: Floats | None) -> int:
        """The slice of the largest extent; else the one that holds what is least sure, else the middle."""
        if self.masks:
            return next(iter(through(self.masks[0].mask, plane)))
        shape = self.ground.shown.array.shape
        if variance is None:
            return int(shape[plane.axis] // 2)
        least_sure = [int(one) for one in np.unravel_index(int(variance.argmax()), shape)]
        return least_sure[plane.axis]

    def _outlined(self, view: SliceView, numbers: Sequence[int]) -> Tile:
        title = f"{view.plane.name}, largest extent of {self.masks[0].roi}" if numbers else view.plane.name
        subject = f"network's masks of scan {self.series}"
        drawn = tile(view.grid, view.plane, view.index, self.ground.window, title=title, subject=subject)
        seen = [self.masks[number - 1] for number in numbers]
        told = ", ".join(f"{one.roi} by {one.owner}" for one in seen)
        return replace(drawn, alt=f"{drawn.alt} Outlined: {told or 'nothing'}.")

    def _uncertain(self, view: SliceView, variance: Floats, size: Size) -> Tile:
        below = resized(self.ground.window.share(view.slice_of(view.grid.array)), size)
        deviation = np.sqrt(np.clip(view.slice_of(variance), 0, MOST_DEVIATION**2))
        drawn = png(coarse(heated(below, resized(deviation / MOST_DEVIATION, size))), size)
        title = f"{view.plane.name}, uncertainty of {self.roi}"
        return framed(drawn, size, view, title=title, subject=f"scan {self.series}")


def heated(below: Levels, above: Levels) -> Colours:
    """Warm colours over a dimmed picture: what is 0 hides nothing.

    Args:
        below: the picture, 0 black to 1 white.
        above: the colours, 0 black to 1 white, of the same shape.
    """
    hides = np.minimum(_HIDES * above, 1)[..., np.newaxis]
    return np.asarray((1 - hides) * grey(_BELOW * below) + hides * warm(above), np.float32)
