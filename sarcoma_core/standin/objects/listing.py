"""What the page shows of a project: its sessions, and what steps have written into them."""

from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from sarcoma_core.archive.folder import is_catalog
from sarcoma_core.archive.store import Archive, Session


class ResultShown(NamedTuple):
    """One session resource.

    Args:
        label: its label, e.g. `N4`.
        uri: where it is on this server.
        files: number of its files.
        page: where its HTML page is, if it has exactly one; else empty.
    """

    label: str
    uri: str
    files: int
    page: str


class SessionShown(NamedTuple):
    """One session; `uri` is its value as the root of a launch."""

    id: str
    label: str
    subject: str
    modality: str
    xsi_type: str
    scans: int
    uri: str
    results: tuple[ResultShown, ...]


class ProjectShown(NamedTuple):
    """One project."""

    id: str
    subjects: int
    sessions: tuple[SessionShown, ...]


def project_shown(archive: Archive, project: str) -> ProjectShown:
    """What the page shows of a project.

    Raises:
        ArchiveError: there is no such project, or a session's record is damaged.
    """
    sessions = archive.sessions(project)
    subjects = len({session.subject for session in sessions})
    return ProjectShown(project, subjects, tuple(_session(session) for session in sessions))


def _session(session: Session) -> SessionShown:
    place = session.path / "RESOURCES"
    folders = sorted(path for path in place.iterdir() if path.is_dir()) if place.is_dir() else []
    return SessionShown(
        id=session.id,
        label=session.label,
        subject=session.subject,
        modality=session.modality,
        xsi_type=session.xsi_type,
        scans=len(session.scans),
        uri=f"/archive/experiments/{session.id}",
        results=tuple(_result(folder, session) for folder in folders if not folder.name.startswith(".")),
    )


def _result(folder: Path, session: Session) -> ResultShown:
    uri = f"/data/experiments/{quote(session.id, safe='')}/resources/{quote(folder.name, safe='')}"
    names = [
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not is_catalog(path)
    ]
    pages = [name for name in names if name.endswith(".html")]
    page = f"{uri}/files/{quote(pages[0])}" if len(pages) == 1 else ""
    return ResultShown(folder.name, uri, len(names), page)
