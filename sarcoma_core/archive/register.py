"""What XNAT's database knows of a project and its folder does not say: whose each session is, what a scan is.

One law, two implementations: `ArchiveRegister` here, and `xnat.rest.register.RemoteRegister`.
"""

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from sarcoma_core.archive.holdings import OwnHoldings, ResourceFolders
from sarcoma_core.archive.store import Archive


class RegisteredSession(NamedTuple):
    """A session as the database has it.

    Attributes:
        subject: label of its subject.
        session: its label, which is the name of its folder.
        date: of the study; None where the database has none.
    """

    subject: str
    session: str
    date: dt.date | None = None


def date_of(text: str) -> dt.date | None:
    """A date as DICOM (19991231) or XNAT (1999-12-31) writes it; None for what is none."""
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        return None


class Register(Protocol):
    """The database of one project."""

    def sessions(self) -> tuple[RegisteredSession, ...]:
        """The image sessions of the project, in no order that counts."""

    def subjects(self) -> Mapping[str, str]:
        """The gender of each subject as the database has it, by label; empty where it is not told."""

    def scan_types(self, session: str) -> Mapping[str, str]:
        """The type of each scan of a session, by scan id; empty ones left out."""

    @property
    def own(self) -> OwnHoldings:
        """What the project's own resources hold."""


class ArchiveRegister:
    """The database of a project of an archive of ours.

    Args:
        archive: the archive.
        project: id of the project.

    Raises:
        ArchiveError: there is no such project, or a session's record cannot be read.
    """

    def __init__(self, archive: Archive, project: str) -> None:
        self._archive, self._project = archive, project
        self._sessions = tuple(
            RegisteredSession(s.subject, s.label, date_of(s.date)) for s in archive.sessions(project)
        )

    def sessions(self) -> tuple[RegisteredSession, ...]:
        """The image sessions of the project."""
        return self._sessions

    def subjects(self) -> Mapping[str, str]:
        """The subjects that have a session; the archive keeps no gender of them."""
        return {one.subject: "" for one in self._sessions}

    def scan_types(self, session: str) -> Mapping[str, str]:
        """The type of each scan of a session, by scan id.

        Raises:
            ArchiveError: the session's record cannot be read.
        """
        scans = self._archive.session(self._project, session).scans
        return {scan.id: scan.description for scan in scans if scan.description}

    @property
    def own(self) -> ResourceFolders:
        """What the project's own resources hold."""
        return ResourceFolders(self._archive.resources_path(self._project))
