"""What a push that was killed leaves in an archive: a whole table of patients that nobody would look for."""

import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from sarcoma_core.prognosis.clinical.table import LABEL
from sarcoma_core.runners.owned_folders import sweep

PUSH_PREFIX: Final = ".push-"
"""How the names of the folders begin in which a push lays its files out (`owned_folders`)."""
_SECONDS: Final = 60.0
"""A swap moves into the folder that it makes at once: one that is empty for so long has lost its process."""


def sweep_pushes(place: Path) -> None:
    """Delete what pushes left whose processes are no more; those that live keep theirs.

    Args:
        place: the folder with a project's own resources, which need not be there.
    """
    sweep(place, PUSH_PREFIX)
    for aside in place.glob(f".{LABEL}-*"):
        with suppress(OSError):  # it is not empty, or somebody else's: `take_back` sees to what is in it
            if time.time() - aside.stat().st_mtime > _SECONDS:
                aside.rmdir()
