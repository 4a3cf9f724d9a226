"""On which scanner each series of a session was acquired, as the sidecar of its conversion tells."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.errors import ArchiveError

IMAGES_LABEL: Final = "NIFTI"
"""The resource of converted series, with their sidecars."""
_MAKER: Final = ("Manufacturer", "ManufacturersModelName")


def scanners(folder: SessionFolder) -> Mapping[str, str]:
    """Manufacturer and model of each series, as `Outcome.series` names it; what is not told is left out.

    Args:
        folder: of the session.
    """
    return dict(_scanners(folder))


def _scanners(folder: SessionFolder) -> Iterator[tuple[str, str]]:
    try:
        held = tuple(SessionFolder(folder.path, (IMAGES_LABEL,)).series())
    except ArchiveError:  # not converted here, or damaged: the masks can be compared all the same
        return
    for one in held:
        for path in one.files:
            if path.suffix == ".json" and (told := _maker(path)):
                yield one.outcome.series, told


def _maker(sidecar: Path) -> str:
    try:
        tree = json.loads(sidecar.read_bytes())
        words = [str(tree[key]).split() for key in _MAKER if tree.get(key)]
    except (OSError, ValueError, AttributeError, RecursionError):
        return ""
    return " ".join(word for part in words for word in part)
