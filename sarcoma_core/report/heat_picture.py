"""A heat map over the image, in three planes through one place, with the tumour's outline and a scale: a PNG.

It is read without a page around it, on a screen or on paper: what it shows, and that it is for research only,
stands in it. Nothing of the patient does.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.grid import box_of
from sarcoma_core.imaging.volume import Floats, Mask, Volume
from sarcoma_core.report.heat_scale import heated
from sarcoma_core.report.lettering import BLACK, draw_letters, font
from sarcoma_core.report.overlaid import Place, middle
from sarcoma_core.report.overlays import COOL_LINE, Levels, coarse, resized
from sarcoma_core.report.planes import PLANES, SliceView, Upright, upright
from sarcoma_core.report.tiles import scale_bar
from sarcoma_core.report.windows import percentile_window

WIDTH: Final = 1280
"""Pixels: read at its own size on a usual screen, and at 180 dots an inch across a page."""
RESEARCH_ONLY: Final = "Research only. Not for diagnosis or treatment."
_GAP, _TEXT, _HEAD, _FOOT = 16, 34, 54, 68
_PANEL = (WIDTH - 4 * _GAP) // 3
_MARGIN_MM = 30.0
"""Around the tumour and the map."""
_FAINT = 0.05
"""Of a map: what lies below it is not looked for when a picture is cut out."""
_PAPER, _INK = "#ffffff", "#1a1a1a"
_LINE, _HALO = 3, 7
"""Pixels of the outline, and of the black on both its sides, for grey prints."""
_BAR = (360, 20)
_BELOW = 0.35
"""Grey below the scale, as below the map."""

_Cut = tuple[slice, slice, slice]


@dataclass(frozen=True, eq=False)
class _Panels:
    """What is drawn of each plane: image, map and mask, cut to what is looked at, and the whole slice."""

    image: Upright
    grey: Levels
    heat: Floats
    mask: Mask
    place: Place
    corner: Place
    counts: Place


def heat_picture(image: Volume, mask: Mask, heat: Floats, *, title: str) -> bytes:
    """Draw a map as a PNG, through its hottest voxel; equal maps, equal bytes.

    Where nothing is hot it goes through the middle of the tumour, and says so.

    Args:
        image: what the map is drawn over.
        mask: of the tumour, on the grid of the image.
        heat: 0 to 1, likewise.
        title: what the map is of, in a line.

    Raises:
        InputError: the mask or the map has another shape, or the mask is empty.
    """
    shape = image.array.shape
    for name, other in (("mask", mask), ("heat", heat)):
        if other.shape != shape:
            raise InputError(f"{name}: must have the shape of the image, {shape}; found {other.shape}.")
    panels = _panels(image, mask, heat)
    views = [SliceView(panels.image, plane, panels.place[plane.axis]) for plane in reversed(PLANES)]
    drawn = [_panel(panels, view) for view in views]
    tall = max(one.height for one in drawn)
    sheet = Image.new("RGB", (WIDTH, _HEAD + tall + _TEXT + _FOOT), _PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((_GAP, _GAP), title, fill=_INK, font=font(22))
    for number, (one, view) in enumerate(zip(drawn, views, strict=True)):
        left = _GAP + number * (_PANEL + _GAP)
        sheet.paste(one, (left + (_PANEL - one.width) // 2, _HEAD + (tall - one.height) // 2))
        axis = view.plane.axis
        slice_ = f"{view.plane.name}, slice {panels.corner[axis] + view.index + 1} of {panels.counts[axis]}"
        draw.text((left + _PANEL // 2, _HEAD + tall + 6), slice_, fill=_INK, font=font(18), anchor="ma")
    _legend(sheet, draw, _HEAD + tall + _TEXT + 6, is_hot=bool(heat.any()))
    stream = io.BytesIO()
    sheet.save(stream, format="PNG")
    return stream.getvalue()


def _panels(image: Volume, mask: Mask, heat: Floats) -> _Panels:
    shown = upright(image.array, image.affine)
    hot = upright(heat, image.affine).array.astype(np.float32)
    inside = upright(mask, image.affine).array.astype(np.bool_)
    if hot.any():
        i, j, k = (int(index) for index in np.unravel_index(int(hot.argmax()), hot.shape))
        place = (i, j, k)
    else:
        place = middle(inside)
    cut = _around(inside | (hot > _FAINT), shown.spacing)
    corner = (cut[0].start, cut[1].start, cut[2].start)
    grey = percentile_window("", shown.array, "image").share(shown.array)[cut]
    return _Panels(
        image=Upright(shown.array[cut], shown.spacing, shown.obliquity, shown.across),
        grey=np.asarray(grey, np.float32),
        heat=hot[cut],
        mask=inside[cut],
        place=(place[0] - corner[0], place[1] - corner[1], place[2] - corner[2]),
        corner=corner,
        counts=(hot.shape[0], hot.shape[1], hot.shape[2]),
    )


def _around(mask: Mask, spacing: Sequence[float]) -> _Cut:
    sides = []
    for side, mm, count in zip(box_of(mask), spacing, mask.shape, strict=True):
        more = int(np.ceil(_MARGIN_MM / mm))
        sides.append(slice(max(side.start - more, 0), min(side.stop + more, count)))
    x, y, z = sides
    return x, y, z


def _panel(panels: _Panels, view: SliceView) -> Image.Image:
    """One slice in true proportions, with the map, the outline, letters and a bar of its scale."""
    size = view.size(max(view.width_mm, view.height_mm) / _PANEL)
    below, hot = (resized(view.slice_of(one), size) for one in (panels.grey, panels.heat))
    picture = Image.fromarray(coarse(heated(below, np.clip(hot, 0, 1))))
    _outline(picture, view.slice_of(panels.mask))
    draw = ImageDraw.Draw(picture)
    width, height = picture.size
    edges = (((width // 2, 4), "mt"), ((width - 6, height // 2), "rm"), ((width // 2, height - 4), "mb"))
    draw_letters(draw, view.plane.letters, (*edges, ((6, height // 2), "lm")), size=20)
    bar = scale_bar(view.width_mm)
    long, low = round(bar * width / view.width_mm), height - 12
    draw.line((10, low, 10 + long, low), fill=BLACK, width=8)
    draw.line((12, low, 8 + long, low), fill=_PAPER, width=4)
    draw.text((10, low - 8), f"{bar} mm", _PAPER, font(16), anchor="lb", stroke_width=2, stroke_fill=BLACK)
    return picture


def _outline(picture: Image.Image, mask: Mask) -> None:
    """Draw the edges of the mask's voxels: a light line in a black one."""
    inside = Image.fromarray(np.where(mask, 255, 0).astype(np.uint8)).resize(
        picture.size, Image.Resampling.NEAREST
    )
    black, line = (_rim(inside, wide) for wide in (_HALO, _LINE))
    picture.paste(BLACK, mask=black)
    picture.paste(tuple(round(255 * part) for part in COOL_LINE), mask=line)


def _rim(inside: Image.Image, wide: int) -> Image.Image:
    """Where a mask and what lies around it are within half a width."""
    grown, shrunk = inside.filter(ImageFilter.MaxFilter(wide)), inside.filter(ImageFilter.MinFilter(wide))
    return Image.fromarray(np.where(np.asarray(grown) != np.asarray(shrunk), 255, 0).astype(np.uint8))


def _legend(sheet: Image.Image, draw: ImageDraw.ImageDraw, top: int, *, is_hot: bool) -> None:
    """The scale, what the line is, and what the picture is not for."""
    wide, tall = _BAR
    line, left = top + tall // 2, _GAP
    draw.line((left, line, left + 40, line), fill=BLACK, width=_HALO)
    draw.line((left, line, left + 40, line), fill=tuple(round(255 * c) for c in COOL_LINE), width=_LINE)
    draw.text((left + 50, line), "tumour as drawn", _INK, font(18), anchor="lm")
    if is_hot:
        levels = np.tile(np.linspace(0, 1, wide, dtype=np.float32), (tall, 1))
        bar = Image.fromarray(coarse(heated(np.full_like(levels, _BELOW), levels)))
        left = WIDTH - _GAP - wide
        sheet.paste(bar, (left, top))
        draw.rectangle((left, top, left + wide - 1, top + tall - 1), outline=_INK)
        for part, anchor in ((0.0, "la"), (0.5, "ma"), (1.0, "ra")):
            draw.text((left + part * (wide - 1), top + tall + 4), f"{part:g}", _INK, font(16), anchor=anchor)
        told = "what a voxel adds to the risk, of what the hottest adds"
        draw.text((left - _GAP, line), told, _INK, font(18), anchor="rm")
    else:
        told = "Nothing in the image raises the risk: there is no map."
        draw.text((WIDTH - _GAP, line), told, _INK, font(18), anchor="rm")
    draw.text((_GAP, top + tall + 8), RESEARCH_ONLY, _INK, font(16))
