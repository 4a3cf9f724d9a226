"""Where the sessions are whose roles a person decides: an archive folder, or a project of a server."""

import argparse
import shlex
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sarcoma_core.cli.places import archive_or_server, place_words
from sarcoma_core.cli.xnat_arguments import again

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sarcoma_core.archive.holdings import Holdings
    from sarcoma_core.archive.store import Archive
    from sarcoma_core.dicom.roles.site_rules import Lesson
    from sarcoma_core.launch.roles.setting import Wish
    from sarcoma_core.launch.roles.told import SessionTold
    from sarcoma_core.xnat.rest.connection import Connection
    from sarcoma_core.xnat.rest.remote import RemoteSession

RULES_LABEL = "ROLE_RULES"
"""The resource of a project that series-roles reads as its asset."""


class RolesPlace(Protocol):
    """A project whose roles are told."""

    on_server: bool
    words: tuple[str, ...]
    """What a command names to find the project."""

    def sessions(self) -> "Iterator[tuple[str, Holdings]]":
        """Label and resources of each session."""

    def lessons(self) -> "Iterator[Lesson | str]":
        """What persons chose in each session, or why a session is left out."""

    def set(self, label: str, wish: "Wish") -> "SessionTold":
        """Choose for a session."""

    def prepare(self, label: str = "") -> str:
        """The command that takes a session, or all of them, on from there."""

    def write_rules(self, content: bytes) -> None:
        """Put a site's rules into the project."""


@contextmanager
def find_place(arguments: argparse.Namespace) -> "Iterator[RolesPlace]":
    """The place that the arguments name.

    Raises:
        UsageError: they name both an archive and a server, or neither, or there is no such project.
        ServerError: the server does not answer.
    """
    from sarcoma_core.archive.store import Archive

    with archive_or_server(arguments) as found:
        if isinstance(found, Archive):
            yield _Folder(found, arguments)
        else:
            yield _Server(found, arguments)


class _Folder:
    on_server = False

    def __init__(self, archive: "Archive", arguments: argparse.Namespace) -> None:
        self._archive = archive
        self._project: str = arguments.project
        self.words = place_words(arguments)
        self._runner: str = getattr(arguments, "runner", "local")

    def sessions(self) -> "Iterator[tuple[str, Holdings]]":
        from sarcoma_core.archive.holdings import FolderHoldings
        from sarcoma_core.launch.chain import chosen_sessions

        for session in chosen_sessions(self._archive, self._project, ()):
            yield session.label, FolderHoldings(session.path)

    def lessons(self) -> "Iterator[Lesson | str]":
        from sarcoma_core.launch.chain import chosen_sessions
        from sarcoma_core.launch.roles.learning import lessons_in_archive

        return lessons_in_archive(chosen_sessions(self._archive, self._project, ()))

    def set(self, label: str, wish: "Wish") -> "SessionTold":
        from sarcoma_core.launch.roles.setting import set_in_archive
        from sarcoma_core.runners import runner_named

        runner = runner_named(self._runner)
        return set_in_archive(self._archive, self._project, label, wish, runner=runner)

    def prepare(self, label: str = "") -> str:
        one = ("--session", label) if label else ()
        return shlex.join(["sarcoma", "run", "prepare", *self.words, *one])

    def write_rules(self, content: bytes) -> None:
        from sarcoma_core.dicom.roles.site_rules import FILE

        place = self._archive.resources_path(self._project)
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".sarcoma-", dir=place) as work:
            folder = Path(work) / RULES_LABEL
            folder.mkdir()
            (folder / FILE).write_bytes(content)
            self._archive.put_resources(place, {RULES_LABEL: folder})


class _Server:
    on_server = True

    def __init__(self, connection: "Connection", arguments: argparse.Namespace) -> None:
        self._connection = connection
        self._project: str = arguments.project
        self.words = place_words(arguments)
        self._again = tuple(shlex.split(again(arguments)))

    def sessions(self) -> "Iterator[tuple[str, Holdings]]":
        from sarcoma_core.xnat.rest.holdings import RemoteHoldings
        from sarcoma_core.xnat.rest.remote import project_sessions

        for session in project_sessions(self._connection, self._project):
            yield session.label, RemoteHoldings(self._connection, session.id)

    def lessons(self) -> "Iterator[Lesson | str]":
        from sarcoma_core.launch.roles.learning import lessons_on_server
        from sarcoma_core.xnat.rest.remote import project_sessions

        sessions = project_sessions(self._connection, self._project)
        return lessons_on_server(self._connection, self._project, sessions)

    def set(self, label: str, wish: "Wish") -> "SessionTold":
        from sarcoma_core.launch.roles.setting import set_on_server
        from sarcoma_core.xnat.rest.service import ContainerService

        session = self._session(label)
        service = ContainerService(self._connection)
        return set_on_server(service, self._project, session, wish, again=self._again)

    def _session(self, name: str) -> "RemoteSession":
        from sarcoma_core.cli.xnat_launch import find_session

        return find_session(self._connection, self._project, name)

    def prepare(self, label: str = "") -> str:
        one = ("--where", f"label={self._session(label).label}") if label else ()
        return shlex.join(["sarcoma", "xnat", "bulk", "prepare", *self.words, *one])

    def write_rules(self, content: bytes) -> None:
        from sarcoma_core.dicom.roles.site_rules import FILE
        from sarcoma_core.xnat.rest.filing import put_resource_file
        from sarcoma_core.xnat.rest.remote import RemoteTarget

        project = RemoteTarget("project", self._project, self._project)
        put_resource_file(self._connection, project, RULES_LABEL, FILE, content)
