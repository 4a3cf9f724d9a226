"""What of a session goes into the viewer: the DICOM of its scans, and what was drawn on them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sarcoma_core.archive.drawn import drawn_files
from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.store import Session
from sarcoma_core.text import counted


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A DICOM file that the viewer is to show.

    Args:
        path: where it is.
        place: whose it is, in words without a file's name: `scan 5 of S1`, `collection A of S1`.
        kind: `SEG` or `RTSTRUCT`; empty for an image.
    """

    path: Path
    place: str
    kind: str = ""


def shown_files(session: Session) -> Iterator[ShownFile]:
    """The DICOM of the scans and of the region-of-interest collections of a session.

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


def place_of(origin: str, session: Session) -> str:
    """A scan or collection of a session, in words."""
    return f"{origin} of {session.label}"


def told(sessions: int, files: Sequence[ShownFile]) -> str:
    """What is shown, in words: `2 sessions, 412 images, 3 SEG or RTSTRUCT`."""
    drawn = sum(bool(one.kind) for one in files)
    return f"{counted(sessions, 'session')}, {counted(len(files) - drawn, 'image')}, {drawn} SEG or RTSTRUCT"
