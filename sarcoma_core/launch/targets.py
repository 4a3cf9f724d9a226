"""What a step is launched on in an archive of ours: a project, a session, or one scan of a session."""

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sarcoma_core.archive.holdings import FolderHoldings, ResourceFolders
from sarcoma_core.archive.newest import session_resources
from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.errors import UsageError
from sarcoma_core.interface import Level
from sarcoma_core.launch.work import WorkPlace
from sarcoma_core.steps.naming import labels_hash
from sarcoma_core.text import counted
from sarcoma_core.xnat.resolution.objects import XnatObject, project_object, scan_object, session_object


@dataclass(frozen=True)
class ArchiveTarget:
    """An object of an archive that a step is launched on.

    Args:
        level: which kind of object it is.
        item: the object, as XNAT would resolve a launch on it.
        resources: the folder that holds its resources.
        session: the session that it is or is in; None for a project.
        scan: id of the scan; empty for what is none.
    """

    level: Level
    item: XnatObject
    resources: Path
    session: Session | None = None
    scan: str = ""

    @property
    def place(self) -> WorkPlace:
        """Where a step reads and writes."""
        if self.session is None:
            return WorkPlace(ResourceFolders(self.resources), None, self.scan)
        whose = labels_hash(self.session.label, self.session.subject)
        return WorkPlace(ResourceFolders(self.resources), FolderHoldings(self.session.path), self.scan, whose)


def session_target(session: Session, scan: str = "") -> ArchiveTarget:
    """A session, or one scan of it.

    Args:
        session: the session.
        scan: id of the scan; empty for the whole session.

    Raises:
        CommandError: there is no such scan.
    """
    if not scan:
        return ArchiveTarget("session", session_object(session), session_resources(session.path), session)
    folder = session.path / "SCANS" / scan
    return ArchiveTarget("scan", scan_object(session, scan), folder, session, scan)


def project_target(archive: Archive, project: str) -> ArchiveTarget:
    """A project.

    Raises:
        ArchiveError: there is no such project.
    """
    return ArchiveTarget("project", project_object(archive, project), archive.resources_path(project))


def targets_of(sessions: Sequence[Session], scan: str) -> tuple[ArchiveTarget, ...]:
    """What steps are launched on: whole sessions, or the scans of them whose id fits.

    Args:
        sessions: the sessions.
        scan: id of a scan, `*` for any text; empty for whole sessions.

    Raises:
        UsageError: no scan of them fits.
    """
    if not scan:
        return tuple(session_target(session) for session in sessions)
    found = tuple(
        session_target(session, one.id)
        for session in sessions
        for one in session.scans
        if fnmatch.fnmatchcase(one.id, scan)
    )
    if not found:
        raise UsageError(
            f"--scan: must fit a scan of {counted(len(sessions), 'session')}; {scan!r} fits none.",
            hint="A scan's id is the name of its folder below SCANS/.",
        )
    return found
