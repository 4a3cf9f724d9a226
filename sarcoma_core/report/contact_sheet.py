"""All series of a session on one picture: the middle slice of each, its role, and what was chosen.

Every mark is a word as well as a colour. Nothing of the headers' free text is drawn.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.volume import read_nifti
from sarcoma_core.report.lettering import BLACK, draw_letters, font
from sarcoma_core.report.planes import upright
from sarcoma_core.report.windows import window_for

WIDTH = 1280
"""Pixels of the sheet: it is read at its own size on a usual screen."""
COLUMNS = 4
_GAP = 16
_TILE = (WIDTH - _GAP * (COLUMNS + 1)) // COLUMNS
_PICTURE = 240
_TEXT = 84
_HEAD = 44
_BORDER = 4
_PAD = 6

_PAPER, _INK, _FAINT = "#ffffff", "#1a1a1a", "#5f6368"
_CHOSEN, _REVIEW, _PLAIN = "#0b6e4f", "#b3261e", "#c4c7c5"


@dataclass(frozen=True)
class SheetEntry:
    """One series on the sheet.

    Args:
        name: of the series: a scan id, or "scan part".
        modality: DICOM Modality.
        role: in words.
        confidence: of the role, 0 to 1.
        chosen: whether it is the one for its role.
        review: whether a person has to look at it.
        by_person: whether a person chose it.
        volume: the converted volume; None where there is none.
        units: of its voxels; empty when arbitrary.
    """

    name: str
    modality: str
    role: str
    confidence: float
    chosen: bool = False
    review: bool = False
    by_person: bool = False
    volume: Path | None = None
    units: str = ""

    @property
    def marks(self) -> tuple[tuple[str, str], ...]:
        """The words under the picture, each with its colour."""
        chosen = "CHOSEN BY A PERSON" if self.by_person else "CHOSEN"
        told = ((chosen, _CHOSEN, self.chosen), ("REVIEW", _REVIEW, self.review))
        return tuple((word, colour) for word, colour, holds in told if holds)


def contact_sheet(entries: Sequence[SheetEntry], *, warning: str = "") -> bytes:
    """Draw the series of a session as a PNG; equal series, equal bytes.

    Args:
        entries: in the order in which they are drawn.
        warning: what is wrong with the session as a whole, in a few words.
    """
    rows = max(1, -(-len(entries) // COLUMNS))
    height = _HEAD + rows * (_PICTURE + _TEXT + _GAP) + _GAP
    sheet = Image.new("RGB", (WIDTH, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    chosen, review = sum(e.chosen for e in entries), sum(e.review for e in entries)
    head = f"{len(entries)} series, {chosen} chosen, {review} for review"
    draw.text((_GAP, _GAP), head, fill=_INK, font=font(20))
    if warning:
        draw.text((WIDTH - _GAP, _GAP), warning, fill=_REVIEW, font=font(20), anchor="ra")
    for place, entry in enumerate(entries):
        row, column = divmod(place, COLUMNS)
        left = _GAP + column * (_TILE + _GAP)
        _tile(sheet, draw, entry, (left, _HEAD + _GAP + row * (_PICTURE + _TEXT + _GAP)))
    stream = io.BytesIO()
    sheet.save(stream, format="PNG")
    return stream.getvalue()


_Place = tuple[int, int]


def _tile(sheet: Image.Image, draw: ImageDraw.ImageDraw, entry: SheetEntry, corner: _Place) -> None:
    """Draw one series: its picture, and two lines under it."""
    left, top = corner
    box = (left, top, left + _TILE - 1, top + _PICTURE - 1)
    draw.rectangle(box, fill=BLACK)
    picture = _picture(entry)
    if picture is None:
        draw.text((left + _TILE // 2, top + _PICTURE // 2), "no volume", _PLAIN, font(18), anchor="mm")
    else:
        image, letters = picture
        place = (left + (_TILE - image.width) // 2, top + (_PICTURE - image.height) // 2)
        sheet.paste(image, place)
        _letters(draw, letters, (left, top))
    colour = next((colour for _, colour in entry.marks), _PLAIN)
    draw.rectangle(box, outline=colour, width=_BORDER if entry.marks else 1)
    text = top + _PICTURE + _PAD
    name = f"scan {_short(entry.name)}, {entry.modality or 'unknown'}"
    draw.text((left, text), name, _INK, font(18))
    draw.text((left, text + 24), f"{entry.role}, {100 * entry.confidence:.0f} %", _INK, font(16))
    for word, mark in entry.marks:
        wide = draw.textlength(word, font(14)) + 2 * _PAD
        draw.rectangle((left, text + 48, left + wide, text + 70), fill=mark)
        draw.text((left + _PAD, text + 51), word, _PAPER, font(14))
        left += int(wide) + _PAD


def _picture(entry: SheetEntry) -> tuple[Image.Image, tuple[str, ...]] | None:
    """The middle slice in true proportions, and the letters at its edges; None where there is none."""
    if entry.volume is None:
        return None
    try:
        volume = read_nifti(entry.volume)
    except InputError:  # it was told by the step that made it
        return None
    shown = upright(volume.array, volume.affine)
    plane = shown.plane()
    cut = plane.cut(shown.array, shown.array.shape[plane.axis] // 2)
    levels = window_for(entry.modality, entry.units, shown.array).grey(np.ascontiguousarray(cut))
    up, across = shown.pixel(plane)
    tall, wide = levels.shape[0] * up, levels.shape[1] * across
    scale = min((_PICTURE - 2 * _BORDER) / tall, (_TILE - 2 * _BORDER) / wide)
    size = (max(1, round(wide * scale)), max(1, round(tall * scale)))
    return Image.fromarray(levels).resize(size, Image.Resampling.LANCZOS).convert("RGB"), plane.letters


def _letters(draw: ImageDraw.ImageDraw, letters: Sequence[str], corner: _Place) -> None:
    """The patient's directions at the top, right, bottom and left edge."""
    left, top = corner
    middle, centre, edge = left + _TILE // 2, top + _PICTURE // 2, 2 * _BORDER
    places = (
        ((middle, top + edge), "mt"),
        ((left + _TILE - edge, centre), "rm"),
        ((middle, top + _PICTURE - edge), "mb"),
        ((left + edge, centre), "lm"),
    )
    draw_letters(draw, letters, places, size=16)


_LONGEST = 18


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"
