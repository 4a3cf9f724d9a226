"""Text in pictures: one font, and the letters of the patient's directions that are read on any grey."""

from collections.abc import Sequence
from typing import Final

from PIL import ImageDraw, ImageFont

LETTER: Final = "#ffd54f"
BLACK: Final = "#000000"

LetterPlace = tuple[tuple[int, int], str]
"""Where a letter is, and which part of it is there, as Pillow calls anchors."""


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font, the same wherever it runs.

    Args:
        size: pixels.
    """
    return ImageFont.load_default(size)


def draw_letters(
    draw: ImageDraw.ImageDraw, letters: Sequence[str], places: Sequence[LetterPlace], *, size: int
) -> None:
    """Draw the patient's directions at the top, right, bottom and left edge.

    Args:
        draw: on the picture.
        letters: one for each edge.
        places: likewise.
        size: pixels.
    """
    for letter, (place, anchor) in zip(letters, places, strict=True):
        draw.text(place, letter, LETTER, font(size), anchor=anchor, stroke_width=2, stroke_fill=BLACK)
