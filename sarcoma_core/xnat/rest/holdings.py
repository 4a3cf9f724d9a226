"""What an object on a server holds, told over REST as a folder tells it."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from hashlib import sha256
from http import HTTPStatus
from pathlib import PurePosixPath

from sarcoma_core.archive.drawn import COLLECTION_TYPES
from sarcoma_core.archive.folder import is_catalog, is_hidden
from sarcoma_core.archive.holdings import Held
from sarcoma_core.provenance import MANIFEST
from sarcoma_core.xnat.resolution.objects import XnatObject
from sarcoma_core.xnat.rest.connection import Connection, at
from sarcoma_core.xnat.rest.remote import (
    RemoteFile,
    RemoteTarget,
    remote_session,
    resource_files,
    resource_labels,
    scan_files,
)
from sarcoma_core.xnat.rest.roi import collection_content, stored_collections


class RemoteResources:
    """What the resources of an object hold, be it a project, a session or a scan.

    Every method raises `ServerError` when there is no such object for this user, or no answer.

    Args:
        connection: to the object's server.
        target: the object.
    """

    def __init__(self, connection: Connection, target: RemoteTarget) -> None:
        self._connection = connection
        self._target = target

    def labels(self) -> tuple[str, ...]:
        """Labels of the object's resources, in the server's order."""
        return self._labels

    @cached_property
    def _labels(self) -> tuple[str, ...]:
        return resource_labels(self._connection, self._target)

    def manifest(self, label: str) -> bytes | None:
        """The manifest of a resource."""
        return self.content(label, MANIFEST)

    def content(self, label: str, path: str) -> bytes | None:
        """A small file of a resource."""
        answer = self._connection.get(self._file(label, path), accept=(HTTPStatus.NOT_FOUND,))
        return None if answer.status == HTTPStatus.NOT_FOUND else answer.content

    def files(self, label: str) -> tuple[Held, ...]:
        """The files of a resource."""
        files = resource_files(self._connection, self._target, label)
        return _held(file for file in files if not is_catalog(PurePosixPath(file.path)))

    def sha256(self, label: str, path: str) -> str:
        """The SHA-256 of a file of a resource, which is fetched for it."""
        return sha256(self._connection.get(self._file(label, path)).content).hexdigest()

    def _file(self, label: str, path: str) -> str:
        return f"{self._target.path}{at('resources', label, 'files', *path.split('/'))}"


class RemoteHoldings(RemoteResources):
    """What a session holds; its objects and the files of its scans are asked for once.

    Every method raises `ServerError` when there is no such session for this user, or no answer.

    Args:
        connection: to the session's server.
        session: accession id.
    """

    def __init__(self, connection: Connection, session: str) -> None:
        super().__init__(connection, RemoteTarget("session", session))
        self._session = session

    @cached_property
    def object(self) -> XnatObject:
        """The session as matchers see it, without files."""
        return remote_session(self._connection, self._session)

    def labels(self) -> tuple[str, ...]:
        """Labels of the session's resources, in the server's order."""
        return _labels_of(self.object)

    def scan_labels(self) -> Mapping[str, tuple[str, ...]]:
        """Labels of the scans' own resources, by scan id."""
        return {str(scan.keys["id"]): _labels_of(scan) for scan in self.object.below["scans"]}

    def scan_manifests(self, label: str) -> Mapping[str, bytes]:
        """The manifests of scans' own resources of that label, by scan id."""
        scans = (scan for scan, labels in self.scan_labels().items() if label in labels)
        bodies = {scan: self.of_scan(scan).manifest(label) for scan in scans}
        return {scan: body for scan, body in bodies.items() if body is not None}

    def collections(self) -> Mapping[str, str]:
        """The ROI collections of the session; none on a server without the OHIF plugin."""
        stored = stored_collections(self._connection, self._session)
        kinds = (one for one in stored if one.type in COLLECTION_TYPES)
        return {one.label: sha256(collection_content(self._connection, one)).hexdigest() for one in kinds}

    def of_scan(self, scan: str) -> RemoteResources:
        """What one of its scans holds."""
        return RemoteResources(self._connection, RemoteTarget("scan", f"{self._session}/scans/{scan}"))

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


def _labels_of(item: XnatObject) -> tuple[str, ...]:
    return tuple(str(resource.label) for resource in item.below["resources"])


def _is_shown(file: RemoteFile) -> bool:
    return not is_hidden(PurePosixPath(file.path))


def _held(files: Iterable[RemoteFile]) -> tuple[Held, ...]:
    """In path order, as a folder is listed."""
    return tuple(Held(f.path, f.size) for f in sorted(files, key=lambda f: PurePosixPath(f.path)))
