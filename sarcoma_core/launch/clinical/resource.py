"""The resource CLINICAL of a project, in an archive folder and on a server: what it holds, and a new pair."""

import errno
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

from sarcoma_core.archive.holdings import OwnHoldings, ResourceFolders
from sarcoma_core.archive.register import ArchiveRegister
from sarcoma_core.archive.store import Archive, unwritable
from sarcoma_core.archive.swapping import take_back
from sarcoma_core.errors import OutputError
from sarcoma_core.launch.clinical.leftovers import PUSH_PREFIX, sweep_pushes
from sarcoma_core.prognosis.clinical.pushing import UNFINISHED
from sarcoma_core.prognosis.clinical.table import HEAD_FILE, LABEL, TABLE_FILE
from sarcoma_core.runners.owned_folders import owned_prefix
from sarcoma_core.xnat.rest.connection import Connection
from sarcoma_core.xnat.rest.filing import delete_file, put_resource_file
from sarcoma_core.xnat.rest.holdings import RemoteResources
from sarcoma_core.xnat.rest.remote import RemoteTarget
from sarcoma_core.xnat.rest.subject_fields import project_subjects

_OURS: Final = (TABLE_FILE, HEAD_FILE)
_TAKEN: Final = (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST)
"""Of a folder that this process made or has just looked at: somebody else has moved or put one there."""


class ClinicalPlace(Protocol):
    """A project that keeps a clinical table."""

    def subjects(self) -> tuple[str, ...]:
        """Labels of the subjects."""

    def held(self) -> Mapping[str, bytes | None]:
        """The files of the resource: the content of the table's two, None for others."""

    def write(self, files: Mapping[str, bytes]) -> None:
        """Put the two files there, in the place of all that is there.

        Raises:
            OutputError: the archive cannot be written, or the server has not kept what was sent.
            ServerError: the server refuses, or does not answer.
        """


class ClinicalFolder:
    """A project of an archive folder.

    Args:
        archive: the archive.
        project: id of the project.

    Raises:
        ArchiveError: there is no such project.
    """

    def __init__(self, archive: Archive, project: str) -> None:
        self._archive = archive
        self._place = archive.resources_path(project)
        self._register = ArchiveRegister(archive, project)

    def subjects(self) -> tuple[str, ...]:
        """Labels of the subjects that have a session."""
        return tuple(self._register.subjects())

    def held(self) -> Mapping[str, bytes | None]:
        """The files of the resource; a file in the place of its folder is one of somebody else."""
        if os.path.lexists(file := self._place / LABEL) and not file.is_dir():
            return {LABEL: None}
        return _held(ResourceFolders(self._place))

    def write(self, files: Mapping[str, bytes]) -> None:
        """Put both files there at once: whoever kills this finds the earlier ones, or these.

        What earlier ones left that were killed is deleted.

        Raises:
            OutputError: the archive cannot be written, or somebody else writes at the same time.
        """
        try:
            self._place.mkdir(parents=True, exist_ok=True)
            take_back(self._place)
            sweep_pushes(self._place)
            with tempfile.TemporaryDirectory(prefix=owned_prefix(PUSH_PREFIX), dir=self._place) as work:
                folder = Path(work, LABEL)
                folder.mkdir()
                for name, content in files.items():
                    (folder / name).write_bytes(content)
                self._archive.put_resources(self._place, {LABEL: folder})
        except OSError as error:
            if error.errno in _TAKEN and _names_below(error, self._place):
                raise OutputError(
                    f"{LABEL}: must be written by one at a time; somebody else writes here at the same time.",
                    hint="Run the same push again when the other one has ended.",
                ) from None
            raise unwritable(error, again="push") from None


class ClinicalServer:
    """A project of a server.

    Args:
        connection: to the server.
        project: id of the project.
    """

    def __init__(self, connection: Connection, project: str) -> None:
        self._connection = connection
        self._target = RemoteTarget("project", project, project)

    def subjects(self) -> tuple[str, ...]:
        """Labels of the subjects, of one request."""
        return tuple(one.label for one in project_subjects(self._connection, self._target.id))

    def held(self) -> Mapping[str, bytes | None]:
        """The files of the resource."""
        return _held(RemoteResources(self._connection, self._target))

    def write(self, files: Mapping[str, bytes]) -> None:
        """Put the files there, one after the other: a reader finds both, or a head that says unfinished.

        Raises:
            OutputError: the server holds something else than was sent.
            ServerError: it refuses, or does not answer.
        """
        for name, content in ((HEAD_FILE, UNFINISHED), *((name, files[name]) for name in _OURS)):
            put_resource_file(self._connection, self._target, LABEL, name, content)
        for name in self.held():
            if name not in files:
                delete_file(self._connection, self._target, LABEL, name)
        if dict(self.held()) != dict(files):
            raise OutputError(
                f"{LABEL}: must hold what was sent; the server answers with other files or another content.",
                hint="Run the same command again; does somebody else push at the same time?",
            )


def clinical_place(place: Archive | Connection, project: str) -> ClinicalPlace:
    """The project in an archive, or on a server.

    Raises:
        ArchiveError: there is no such project in the archive.
    """
    if isinstance(place, Archive):
        return ClinicalFolder(place, project)
    return ClinicalServer(place, project)


def _names_below(error: OSError, place: Path) -> bool:
    """Whether an error is of something below a folder, which itself is there."""
    return bool(error.filename) and place in Path(os.fsdecode(error.filename)).parents


def _held(own: OwnHoldings) -> Mapping[str, bytes | None]:
    names = sorted(one.path for one in own.files(LABEL)) if LABEL in own.labels() else ()
    return {name: own.content(LABEL, name) if name in _OURS else None for name in names}
