"""Where the cases are that several persons read: an archive folder, or a project of a server."""

import argparse
import os
import shlex
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from sarcoma_core.cli.places import archive_or_server, place_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sarcoma_core.archive.folder import SeriesFiles
    from sarcoma_core.archive.masks import SessionMasks
    from sarcoma_core.archive.readings import RecordBook
    from sarcoma_core.archive.store import Archive
    from sarcoma_core.launch.readers.doubting import ModelDoubt
    from sarcoma_core.provenance import Outcome
    from sarcoma_core.xnat.rest.connection import Connection
    from sarcoma_core.xnat.rest.remote import RemoteSession

_CONVERTED = "NIFTI"


class CaseImage(NamedTuple):
    """The image that readings lie on.

    Attributes:
        path: its volume.
        outcome: what the conversion said of it.
    """

    path: Path
    outcome: "Outcome"


class ReadersPlace(Protocol):
    """A project whose cases are read by several persons."""

    on_server: bool
    book: "RecordBook"
    words: tuple[str, ...]
    """What a command names to find the project."""

    def cases(self) -> tuple[str, ...]:
        """Labels of the sessions."""

    def case(self, name: str) -> str:
        """Label of one session, by its label or accession id."""

    def masks(self, case: str) -> "SessionMasks":
        """All versions of the masks of a session.

        Raises:
            SessionGoneError: it is not there any more.
            ArchiveError: a resource of it is damaged.
            ServerError: the server does not answer.
        """

    def doubt(self, case: str) -> "ModelDoubt":
        """What a network said of a session; nothing where none drew, or its record cannot be read.

        Raises:
            ServerError: the server does not answer.
        """

    def image(self, case: str, series: str) -> CaseImage | None:
        """The converted image of a series; None where it is not there."""

    def draw(self, case: str, path: str, content: bytes, *, replace: bool) -> None:
        """Put a file into the resource DRAWN of a session.

        Raises:
            OutputError: another file is there, and it is not to be replaced.
            ServerError: the server does not answer, or refuses it.
            OSError: the disk is full or read-only.
        """

    def import_command(self, case: str) -> str:
        """The command that makes a version of it."""


@contextmanager
def find_place(arguments: argparse.Namespace) -> "Iterator[ReadersPlace]":
    """The place that the arguments name; what is fetched from a server is deleted at the end.

    Raises:
        UsageError: they name both an archive and a server, or neither, or there is no such project.
        ServerError: the server does not answer.
    """
    from sarcoma_core.archive.store import Archive

    with archive_or_server(arguments) as found:
        if isinstance(found, Archive):
            yield _ReadersFolder(found, arguments)
            return
        with tempfile.TemporaryDirectory(prefix="sarcoma-") as fetched:
            yield _ReadersServer(found, arguments, Path(fetched))


class _ReadersFolder:
    on_server = False

    def __init__(self, archive: "Archive", arguments: argparse.Namespace) -> None:
        from sarcoma_core.archive.readings import FolderRecords

        self._archive = archive
        self._project: str = arguments.project
        archive.sessions(self._project)  # no such project is told before anything else
        self.words = place_words(arguments)
        self.book: RecordBook = FolderRecords(archive.resources_path(self._project))

    def cases(self) -> tuple[str, ...]:
        return tuple(session.label for session in self._archive.sessions(self._project))

    def case(self, name: str) -> str:
        return self._archive.session(self._project, name).label

    def _path(self, case: str) -> Path:
        return self._archive.session_path(self._project, case)

    def masks(self, case: str) -> "SessionMasks":
        from sarcoma_core.archive.folder import SessionFolder
        from sarcoma_core.archive.masks import read_masks
        from sarcoma_core.archive.newest import session_resources
        from sarcoma_core.archive.swapping import take_back
        from sarcoma_core.launch.readers import SessionGoneError

        if self._archive.labelled(self._project, case) is None or not self._path(case).is_dir():
            raise SessionGoneError
        take_back(session_resources(self._path(case)))
        return read_masks(SessionFolder(self._path(case)))

    def doubt(self, case: str) -> "ModelDoubt":
        from sarcoma_core.archive.folder import SessionFolder
        from sarcoma_core.archive.masks import SEG_LABEL
        from sarcoma_core.errors import ArchiveError
        from sarcoma_core.launch.readers.doubting import doubt_of

        try:
            return doubt_of(SessionFolder(self._path(case)).record(SEG_LABEL))
        except ArchiveError:
            return doubt_of(None)

    def image(self, case: str, series: str) -> CaseImage | None:
        from sarcoma_core.archive.folder import SessionFolder
        from sarcoma_core.errors import ArchiveError

        try:
            held: list[SeriesFiles] = list(SessionFolder(self._path(case), (_CONVERTED,)).series())
        except ArchiveError:
            return None
        found = (one for one in held if one.outcome.series == series)
        return next((CaseImage(one.volume, one.outcome) for one in found), None)

    def draw(self, case: str, path: str, content: bytes, *, replace: bool) -> None:
        from sarcoma_core.archive.drawn import DRAWN_LABEL
        from sarcoma_core.archive.newest import resource

        file = resource(self._path(case), DRAWN_LABEL) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".sarcoma-", dir=file.parent) as aside:
            new = Path(aside, "new")
            new.write_bytes(content)
            if replace:
                new.replace(file)
                return
            try:
                os.link(new, file)
            except FileExistsError:
                if file.read_bytes() != content:
                    raise _in_the_way() from None

    def import_command(self, case: str) -> str:
        return shlex.join(["sarcoma", "run", "import-masks", *self.words, "--session", case])


class _ReadersServer:
    on_server = True

    def __init__(self, connection: "Connection", arguments: argparse.Namespace, fetched: Path) -> None:
        from sarcoma_core.launch.readers.remote_records import RemoteRecords

        self._connection = connection
        self._project: str = arguments.project
        self.words = place_words(arguments)
        self._fetched = fetched
        self._sessions: dict[str, RemoteSession] = {}
        self.book: RecordBook = RemoteRecords(connection, arguments.project)

    def cases(self) -> tuple[str, ...]:
        from sarcoma_core.xnat.rest.remote import project_sessions

        if not self._sessions:
            self._sessions = {s.label: s for s in project_sessions(self._connection, self._project)}
        return tuple(self._sessions)

    def case(self, name: str) -> str:
        from sarcoma_core.cli.xnat_launch import find_session

        return find_session(self._connection, self._project, name).label

    def masks(self, case: str) -> "SessionMasks":
        from sarcoma_core.archive.folder import SessionFolder
        from sarcoma_core.archive.masks import MASKS_LABEL, read_masks
        from sarcoma_core.launch.readers import SessionGoneError
        from sarcoma_core.launch.readers.fetching import fetch_resource
        from sarcoma_core.provenance import recorded_scan_id

        if case not in self.cases():
            raise SessionGoneError
        folder = self._fetched / recorded_scan_id(case)
        place = folder / "RESOURCES" / MASKS_LABEL
        fetch_resource(self._connection, self._sessions[case].target, MASKS_LABEL, place)
        return read_masks(SessionFolder(folder))

    def doubt(self, case: str) -> "ModelDoubt":
        from sarcoma_core.archive.masks import SEG_LABEL
        from sarcoma_core.errors import ArchiveError
        from sarcoma_core.launch.readers.doubting import doubt_of
        from sarcoma_core.launch.work import manifest
        from sarcoma_core.xnat.rest.holdings import RemoteResources

        if case not in self.cases():
            return doubt_of(None)
        try:
            held = RemoteResources(self._connection, self._sessions[case].target)
            return doubt_of(manifest(held, SEG_LABEL))
        except ArchiveError:
            return doubt_of(None)

    def image(self, case: str, series: str) -> CaseImage | None:
        from sarcoma_core.launch.readers.fetching import fetch_volume
        from sarcoma_core.provenance import recorded_scan_id

        target, place = self._sessions[case].target, self._fetched / recorded_scan_id(case)
        found = fetch_volume(self._connection, target, _CONVERTED, series, place)
        return CaseImage(*found) if found else None

    def draw(self, case: str, path: str, content: bytes, *, replace: bool) -> None:
        from sarcoma_core.archive.drawn import DRAWN_LABEL
        from sarcoma_core.xnat.rest.filing import delete_file, put_new_file
        from sarcoma_core.xnat.rest.holdings import RemoteResources

        self.cases()
        target = self._sessions[case].target
        held = RemoteResources(self._connection, target).content(DRAWN_LABEL, path)
        if held == content:
            return
        if held is not None and replace:
            delete_file(self._connection, target, DRAWN_LABEL, path)
        if not put_new_file(self._connection, target, DRAWN_LABEL, path, content):
            raise _in_the_way()

    def import_command(self, case: str) -> str:
        return shlex.join(["sarcoma", "xnat", "launch", "import-masks", case, *self.words])


def _in_the_way() -> Exception:
    from sarcoma_core.errors import OutputError

    return OutputError(
        "DRAWN: must not hold another consensus of the region on that scan; one is there.",
        hint="Run the same command with --replace: its version is kept in MASKS where it was imported.",
    )
