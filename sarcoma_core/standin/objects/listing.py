"""What the page shows of a project: its sessions and their scans, and what steps have written into each."""

from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from sarcoma_core.archive.folder import DICOM_RESOURCES, is_catalog
from sarcoma_core.archive.store import Archive, Scan, Session


class ResultShown(NamedTuple):
    """One resource.

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


class ScanShown(NamedTuple):
    """One scan; `uri` is its value as the root of a launch, and its images are no result."""

    id: str
    description: str
    modality: str
    frames: int
    xsi_type: str
    uri: str
    results: tuple[ResultShown, ...]


class SessionShown(NamedTuple):
    """One session; `uri` is its value as the root of a launch."""

    id: str
    label: str
    subject: str
    modality: str
    xsi_type: str
    scans: tuple[ScanShown, ...]
    uri: str
    results: tuple[ResultShown, ...]

    @property
    def has_results_of_scans(self) -> bool:
        """Whether a step has written into one of its scans."""
        return any(scan.results for scan in self.scans)


class ProjectShown(NamedTuple):
    """One project; `uri` is its value as the root of a launch, `results` are its own resources."""

    id: str
    subjects: int
    sessions: tuple[SessionShown, ...]
    uri: str
    results: tuple[ResultShown, ...]


def project_shown(archive: Archive, project: str) -> ProjectShown:
    """What the page shows of a project.

    Raises:
        ArchiveError: there is no such project, or a session's record is damaged.
    """
    sessions = archive.sessions(project)
    return ProjectShown(
        id=project,
        subjects=len({session.subject for session in sessions}),
        sessions=tuple(_session(session) for session in sessions),
        uri=f"/archive/projects/{project}",
        results=_results(archive.resources_path(project), f"projects/{quote(project, safe='')}"),
    )


def _session(session: Session) -> SessionShown:
    return SessionShown(
        id=session.id,
        label=session.label,
        subject=session.subject,
        modality=session.modality,
        xsi_type=session.xsi_type,
        scans=tuple(_scan(scan, session) for scan in session.scans),
        uri=f"/archive/experiments/{session.id}",
        results=_results(session.path / "RESOURCES", f"experiments/{quote(session.id, safe='')}"),
    )


def _scan(scan: Scan, session: Session) -> ScanShown:
    place = f"experiments/{quote(session.id, safe='')}/scans/{quote(scan.id, safe='')}"
    return ScanShown(
        id=scan.id,
        description=scan.description,
        modality=scan.modality,
        frames=scan.frames,
        xsi_type=scan.xsi_type,
        uri=f"/archive/experiments/{session.id}/scans/{scan.id}",
        results=_results(session.path / "SCANS" / scan.id, place, without=DICOM_RESOURCES),
    )


def _results(owner: Path, place: str, *, without: tuple[str, ...] = ()) -> tuple[ResultShown, ...]:
    """The resources of an object, by the folder that holds them; half an upload starts with a dot."""
    folders = sorted(path for path in owner.iterdir() if path.is_dir()) if owner.is_dir() else []
    shown = (folder for folder in folders if not folder.name.startswith(".") and folder.name not in without)
    return tuple(_result(folder, place) for folder in shown)


def _result(folder: Path, place: str) -> ResultShown:
    uri = f"/data/{place}/resources/{quote(folder.name, safe='')}"
    names = [
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not is_catalog(path)
    ]
    pages = [name for name in names if name.endswith(".html")]
    page = f"{uri}/files/{quote(pages[0])}" if len(pages) == 1 else ""
    return ResultShown(folder.name, uri, len(names), page)
