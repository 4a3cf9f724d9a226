"""Colours by which viewers show regions: told apart by people who see colours differently.

Source: Okabe and Ito, Color Universal Design, 2008, without black; the tumour's first.
"""

from typing import Final

Rgb = tuple[int, int, int]
"""Red, green, blue: 0 to 255."""

COLOURS: Final[tuple[Rgb, ...]] = (
    (213, 94, 0),  # vermilion
    (86, 180, 233),  # sky blue
    (240, 228, 66),  # yellow
    (0, 158, 115),  # bluish green
    (204, 121, 167),  # reddish purple
    (230, 159, 0),  # orange
    (0, 114, 178),  # blue
)


def colour_of(number: int) -> Rgb:
    """The colour of a region; they come again after the last.

    Args:
        number: of the region, from 1.
    """
    return COLOURS[(number - 1) % len(COLOURS)]
