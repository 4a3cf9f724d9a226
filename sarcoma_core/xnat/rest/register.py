"""What a server's database knows of a project, asked over REST; a container has the run's own alias token."""

from collections.abc import Mapping
from functools import cached_property

from sarcoma_core.archive.register import RegisteredSession, date_of
from sarcoma_core.xnat.rest.connection import Connection
from sarcoma_core.xnat.rest.holdings import RemoteResources
from sarcoma_core.xnat.rest.remote import (
    RemoteSession,
    RemoteTarget,
    project_sessions,
    session_scan_types,
)
from sarcoma_core.xnat.rest.subject_fields import project_subjects


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
    def _listed(self) -> Mapping[str, RemoteSession]:
        """Each session, by label."""
        return {one.label: one for one in project_sessions(self._connection, self._project)}

    def sessions(self) -> tuple[RegisteredSession, ...]:
        """The image sessions of the project, of one request."""
        return tuple(
            RegisteredSession(one.subject, one.label, date_of(one.date)) for one in self._listed.values()
        )

    def subjects(self) -> Mapping[str, str]:
        """The gender of each subject, by label; of one more request.

        The year of birth is of no use: it is not shifted with the dates of the images.
        """
        return {**{one.subject: "" for one in self._listed.values()}, **self._genders}

    @cached_property
    def _genders(self) -> Mapping[str, str]:
        listed = project_subjects(self._connection, self._project)
        return {one.label: one.gender for one in listed if one.label}

    def scan_types(self, session: str) -> Mapping[str, str]:
        """The type of each scan of a session, by scan id; of one request."""
        return session_scan_types(self._connection, self._listed[session].id)

    @cached_property
    def own(self) -> RemoteResources:
        """What the project's own resources hold."""
        return RemoteResources(self._connection, RemoteTarget("project", self._project))
