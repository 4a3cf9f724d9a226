"""Put several folders in their places: all of them, or none."""

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path


def put_in_place(places: Mapping[Path, Path]) -> None:
    """Move folders to their places, each in the place of an earlier one; all or none.

    An interruption is a failure like any other, at whatever moment it comes: what undoes a move is noted
    before the move, and looks at what is there.

    Args:
        places: the new folder and its place; both on one disk, and the place's parent is there.

    Raises:
        OSError: one cannot be moved; the earlier ones are back, and the new ones where they were.
    """
    with ExitStack() as asides, ExitStack() as undo:
        earlier = {place: Path(asides.enter_context(_aside(place)), "old") for place in places.values()}
        for new, place in places.items():
            if place.exists():
                undo.callback(_move_back, earlier[place], place)
                place.rename(earlier[place])
            undo.callback(_move_back, place, new)
            new.rename(place)
        undo.pop_all()


def _aside(place: Path) -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix=f".{place.name}-", dir=place.parent)


def _move_back(moved: Path, origin: Path) -> None:
    """Undo a move that was made, or was about to be."""
    if moved.exists() and not origin.exists():
        moved.rename(origin)
