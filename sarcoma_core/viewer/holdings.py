"""What of a session goes into the viewer: the DICOM of its scans, what was drawn on them, and heat maps."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from sarcoma_core.archive.drawn import drawn_files
from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.predicted import PREDICTION_LABEL
from sarcoma_core.archive.store import Session
from sarcoma_core.text import counted

HEAT_MAP: Final = "heat map"
"""Of `ShownFile.kind`."""


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A DICOM file that the viewer is to show.

    Args:
        path: where it is.
        place: whose it is, in words without a file's name: `scan 5 of S1`, `collection A of S1`.
        kind: `SEG`, `RTSTRUCT` or `heat map`; empty for an image.
    """

    path: Path
    place: str
    kind: str = ""


def shown_files(session: Session) -> Iterator[ShownFile]:
    """The DICOM of the scans, of the region-of-interest collections and of the heat maps of a session.

    Raises:
        ArchiveError: the session's folder is none.
        OSError: the disk fails.
    """
    folder = SessionFolder(session.path)
    drawn = {one.path: one for one in drawn_files(folder) if one.place != "DRAWN"}
    for scan in folder.scans():
        for path in scan.files:
            kind = drawn.pop(path).kind if path in drawn else ""
            yield ShownFile(path, place_of(f"scan {scan.id}", session), kind)
    for path, one in drawn.items():
        yield ShownFile(path, place_of(one.origin, session), one.kind)
    for path in heat_maps(folder):
        yield ShownFile(path, place_of(f"{PREDICTION_LABEL} {path.parent.name}", session), HEAT_MAP)


def heat_maps(session: SessionFolder) -> Iterator[Path]:
    """The parametric maps of PREDICTION, `<model>/heat-<endpoint>.dcm`, that its manifest lists.

    Args:
        session: whose.

    Raises:
        ArchiveError: the manifest is damaged.
    """
    record, root = session.record(PREDICTION_LABEL), session.resource(PREDICTION_LABEL)
    for entry in record.files if record else ():
        path = root / entry.path
        is_map = PurePosixPath(entry.path).match("*/heat-*.dcm")
        if is_map and path.is_file() and path.resolve().is_relative_to(root.resolve()):
            yield path


def place_of(origin: str, session: Session) -> str:
    """A scan or collection of a session, in words."""
    return f"{origin} of {session.label}"


def told(sessions: int, files: Sequence[ShownFile]) -> str:
    """What is shown, in words: `2 sessions, 412 images, 3 SEG or RTSTRUCT, 1 heat map`; maps if there are."""
    maps = sum(one.kind == HEAT_MAP for one in files)
    drawn = sum(bool(one.kind) for one in files) - maps
    images = len(files) - drawn - maps
    shown = f"{counted(sessions, 'session')}, {counted(images, 'image')}, {drawn} SEG or RTSTRUCT"
    return f"{shown}, {counted(maps, 'heat map')}" if maps else shown
