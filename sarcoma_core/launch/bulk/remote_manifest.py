"""Manifests of a server's sessions: was this very work done before, and is all of it there?

The same questions that `launch.chain` asks of a folder, asked over REST. One thing REST does not tell:
whether a file without a DICOM suffix is DICOM. All files of a DICOM resource count as such, so in a scan that
holds others the fingerprint differs, and the work is done again rather than wrongly skipped.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import PurePosixPath

from sarcoma_core.archive.folder import DICOM_RESOURCES, listing_digest, told_as
from sarcoma_core.errors import ArchiveError
from sarcoma_core.provenance import MANIFEST, RunRecord, parse_record
from sarcoma_core.xnat.resolution.objects import XnatObject
from sarcoma_core.xnat.rest.connection import Connection, at
from sarcoma_core.xnat.rest.remote import RemoteFile, resource_files, scan_files


@dataclass(frozen=True)
class Manifest:
    """The `run.json` of a session resource.

    Args:
        record: what it says.
        sha256: of its bytes, which is what a fingerprint says of the resource.
    """

    record: RunRecord
    sha256: str


def manifest(connection: Connection, session_id: str, label: str) -> Manifest | None:
    """The manifest of a session resource; None when there is none.

    Raises:
        ArchiveError: it is damaged.
        ServerError: the server does not answer.
    """
    body = _manifest_bytes(connection, session_id, label)
    return None if body is None else Manifest(parse_record(_text(body, label), label), _sha256(body))


def fingerprint(connection: Connection, session: XnatObject, labels: tuple[str, ...]) -> Mapping[str, str]:
    """What a step would read of a session: `archive.folder.fingerprint`, told over REST.

    Args:
        connection: to the session's server.
        session: of `remote_session`.
        labels: resources that the step reads; none means the DICOM of the scans.
    """
    session_id = str(session.keys["id"])
    if labels:
        held = [r.label for r in session.below["resources"] if r.label in labels]
        bodies = {label: _manifest_bytes(connection, session_id, label) for label in labels if label in held}
        return {label: _sha256(body) for label, body in bodies.items() if body is not None}
    scans = {str(scan.keys["id"]): list[RemoteFile]() for scan in session.below["scans"]}
    for file in scan_files(connection, session_id):
        scans.setdefault(file.scan, []).append(file)
    return {told_as(scan): listing_digest(_dicom(files)) for scan, files in scans.items()}


def _dicom(files: Iterable[RemoteFile]) -> Iterable[tuple[str, int]]:
    """Names and sizes of a scan's images in name order, from the first resource that holds some."""
    shown = [f for f in files if not is_hidden(f.path)]
    held = ([f for f in shown if f.resource == label] for label in DICOM_RESOURCES)
    found = next((files for files in held if files), [])
    in_order = sorted(found, key=lambda f: PurePosixPath(f.path))
    return ((PurePosixPath(f.path).name, f.size) for f in in_order)


def is_hidden(path: str) -> bool:
    """Whether a file of a resource is none of its data: XNAT's catalog, or what file managers leave."""
    parts = PurePosixPath(path).parts
    return parts[-1].endswith("_catalog.xml") or any(part.startswith(".") for part in parts)


def is_whole(connection: Connection, session_id: str, label: str, record: RunRecord) -> bool:
    """Whether every file that a manifest lists is there with its size."""
    there = {file.path: file.size for file in resource_files(connection, session_id, label)}
    return all(there.get(entry.path) == entry.size for entry in record.files)


def stale_files(connection: Connection, session_id: str, label: str) -> tuple[RemoteFile, ...]:
    """Files of a resource that its manifest does not list: an earlier run left them there.

    Without a manifest none is stale: another tool wrote the resource, or a run has not ended.

    Raises:
        ArchiveError: the manifest is damaged, so nothing can be said.
        ServerError: the server does not answer.
    """
    found = manifest(connection, session_id, label)
    if found is None:
        return ()
    listed = {entry.path for entry in found.record.files} | {MANIFEST}
    there = resource_files(connection, session_id, label)
    return tuple(f for f in there if f.path not in listed and not f.path.endswith("_catalog.xml"))


def _manifest_bytes(connection: Connection, session_id: str, label: str) -> bytes | None:
    path = at("data", "experiments", session_id, "resources", label, "files", MANIFEST)
    answer = connection.get(path, accept=(HTTPStatus.NOT_FOUND,))
    return None if answer.status == HTTPStatus.NOT_FOUND else answer.content


def _text(body: bytes, label: str) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise ArchiveError(f"{label}/{MANIFEST}: must be a manifest; it cannot be read.") from None


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
