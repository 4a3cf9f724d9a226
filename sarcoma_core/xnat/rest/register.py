"""What a server's database knows of a project, asked over REST; a container has the run's own alias token."""

from collections.abc import Mapping
from functools import cached_property

from sarcoma_core.archive.register import RegisteredSession
from sarcoma_core.xnat.rest.connection import Connection
from sarcoma_core.xnat.rest.holdings import RemoteResources
from sarcoma_core.xnat.rest.remote import RemoteTarget, project_sessions, session_scan_types


class RemoteRegister:
    """The database of a project of a server.

    Every method raises `ServerError` when there is no such object for this user, or no answer.

    Args:
        connection: to the server.
        project: id of the project.
    """

    def __init__(self, connection: Connection, project: str) -> None:
        self._connection, self._project = connection, project

    @cached_property
    def _ids(self) -> Mapping[str, tuple[str, str]]:
        """Accession id and subject of each session, by label."""
        listed = project_sessions(self._connection, self._project)
        return {session.label: (session.id, session.subject) for session in listed}

    def sessions(self) -> tuple[RegisteredSession, ...]:
        """The image sessions of the project, of one request."""
        return tuple(RegisteredSession(subject, label) for label, (_, subject) in self._ids.items())

    def scan_types(self, session: str) -> Mapping[str, str]:
        """The type of each scan of a session, by scan id; of one request."""
        return session_scan_types(self._connection, self._ids[session][0])

    @cached_property
    def own(self) -> RemoteResources:
        """What the project's own resources hold."""
        return RemoteResources(self._connection, RemoteTarget("project", self._project))
