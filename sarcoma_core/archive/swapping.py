"""Put several folders in their places: all of them, or none.

Between two renames a folder has no place. A process that is killed there (SIGKILL, power) leaves the earlier
one aside, whole; `take_back` puts it back, and is called before anybody looks.
"""

import shutil
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

_OLD = "old"


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
        earlier = {place: Path(asides.enter_context(_aside(place)), _OLD) for place in places.values()}
        for new, place in places.items():
            if place.exists():
                undo.callback(_move_back, earlier[place], place)
                place.rename(earlier[place])
            undo.callback(_move_back, place, new)
            new.rename(place)
        undo.pop_all()


def take_back(folder: Path) -> tuple[str, ...]:
    """Put back what a killed process had moved aside in a folder, where nothing took its place.

    Args:
        folder: the parent of the places, which need not be there.

    Returns:
        The names of those that are back.

    Raises:
        OSError: one cannot be moved.
    """
    back = []
    for aside in sorted(folder.glob(f".?*-*/{_OLD}")):
        place = folder / aside.parent.name[1:].rpartition("-")[0]
        if not place.exists():
            aside.rename(place)
            back.append(place.name)
        shutil.rmtree(aside.parent, ignore_errors=True)
    return tuple(back)


def _aside(place: Path) -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix=f".{place.name}-", dir=place.parent)


def _move_back(moved: Path, origin: Path) -> None:
    """Undo a move that was made, or was about to be."""
    if moved.exists() and not origin.exists():
        moved.rename(origin)
