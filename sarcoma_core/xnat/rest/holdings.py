"""What a session on a server holds, told over REST as a folder tells it."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from http import HTTPStatus
from pathlib import PurePosixPath

from sarcoma_core.archive.folder import is_catalog, is_hidden
from sarcoma_core.archive.holdings import Held
from sarcoma_core.provenance import MANIFEST
from sarcoma_core.xnat.resolution.objects import XnatObject
from sarcoma_core.xnat.rest.connection import Connection, at
from sarcoma_core.xnat.rest.remote import RemoteFile, remote_session, resource_files, scan_files


class RemoteHoldings:
    """What a session holds; its objects and the files of its scans are asked for once.

    Every method raises `ServerError` when there is no such session for this user, or no answer.

    Args:
        connection: to the session's server.
        session: accession id.
    """

    def __init__(self, connection: Connection, session: str) -> None:
        self._connection = connection
        self._session = session

    @cached_property
    def object(self) -> XnatObject:
        """The session as matchers see it, without files."""
        return remote_session(self._connection, self._session)

    def labels(self) -> tuple[str, ...]:
        """Labels of the session's resources, in the server's order."""
        return tuple(str(resource.label) for resource in self.object.below["resources"])

    def manifest(self, label: str) -> bytes | None:
        """The manifest of a resource."""
        path = at("data", "experiments", self._session, "resources", label, "files", MANIFEST)
        answer = self._connection.get(path, accept=(HTTPStatus.NOT_FOUND,))
        return None if answer.status == HTTPStatus.NOT_FOUND else answer.content

    def files(self, label: str) -> tuple[Held, ...]:
        """The files of a resource."""
        files = resource_files(self._connection, self._session, label)
        return _held(file for file in files if not is_catalog(PurePosixPath(file.path)))

    def scans(self) -> Mapping[str, Mapping[str, tuple[Held, ...]]]:
        """The files of each scan by resource."""
        return self._scans

    @cached_property
    def _scans(self) -> Mapping[str, Mapping[str, tuple[Held, ...]]]:
        by_scan: dict[str, dict[str, list[RemoteFile]]] = {
            str(scan.keys["id"]): {} for scan in self.object.below["scans"]
        }
        for file in scan_files(self._connection, self._session):
            by_scan.setdefault(file.scan, {}).setdefault(file.resource, []).append(file)
        return {
            scan: {label: _held(filter(_is_shown, files)) for label, files in resources.items()}
            for scan, resources in by_scan.items()
        }


def _is_shown(file: RemoteFile) -> bool:
    return not is_hidden(PurePosixPath(file.path))


def _held(files: Iterable[RemoteFile]) -> tuple[Held, ...]:
    """In path order, as a folder is listed."""
    return tuple(Held(f.path, f.size) for f in sorted(files, key=lambda f: PurePosixPath(f.path)))
