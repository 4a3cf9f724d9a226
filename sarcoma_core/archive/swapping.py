"""Put several folders in their places: all of them, or none."""

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path


def put_in_place(places: Mapping[Path, Path]) -> None:
    """Move folders to their places, each in the place of an earlier one; all or none.

    Args:
        places: the new folder and its place; both on one disk, and the place's parent is there.

    Raises:
        OSError: one cannot be moved; the earlier ones are back, and the new ones where they were.
    """
    with ExitStack() as asides, ExitStack() as undo:
        for new, place in places.items():
            if place.exists():
                aside = tempfile.TemporaryDirectory(prefix=f".{place.name}-", dir=place.parent)
                old = Path(asides.enter_context(aside), "old")
                place.rename(old)
                undo.callback(old.rename, place)
            new.rename(place)
            undo.callback(place.rename, new)
        undo.pop_all()
