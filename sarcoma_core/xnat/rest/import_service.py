"""XNAT's import service and prearchive over REST, as an upload needs them.

What a refusal's body says is never repeated as it stands, for it may hold a label: only the sentences
below are, which are XNAT's own.

Source: XNAT 1.9, ``Importer``, ``DicomZipImporter``, ``PrearcSessionArchiver``, ``MergeSessionsA``.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import IO, NamedTuple

from sarcoma_core.xnat.rest.answering import Answer, ServerError, refused
from sarcoma_core.xnat.rest.connection import Connection, at

_ZIP, _TAR = "application/zip", "application/x-gtar"
_RESOURCES = ("DICOM", "secondary")
"""Where XNAT files a scan's DICOM; what is no primary image, such as an RTSTRUCT, is `secondary`."""

_SAID = (
    "Session already exists, retry with overwrite enabled",
    "Session already exists with matching files",
    "Invalid modification of session subject via archive process",
    "Invalid modification of session UID via archive process",
    "Invalid modification of session modality via archive process",
    "Invalid modification of session project via archive process",
    "Session processing may already be in progress",
    "unable to read DICOM object",
    "Archive refused: it is damaged, cut short or encrypted",
)


class ArchivedFile(NamedTuple):
    """A DICOM file on the server: its scan's id, SOPInstanceUID, and MD5 where the server lists one."""

    scan: str
    uid: str
    digest: str = ""


class ArchivedFiles(NamedTuple):
    """The DICOM files that a session on the server holds."""

    files: tuple[ArchivedFile, ...]

    @property
    def uids(self) -> frozenset[str]:
        """Their SOPInstanceUIDs."""
        return frozenset(file.uid for file in self.files)


NOTHING = ArchivedFiles(())


@dataclass(frozen=True)
class Waiting:
    """A session in the prearchive: its URI below /data, its study and XNAT's word for its state."""

    uri: str
    name: str
    study_uid: str
    status: str


@dataclass(frozen=True)
class Sent:
    """What became of an upload.

    Args:
        archived: whether it is in the archive now.
        refusal: why not, in XNAT's words as far as they can be repeated.
    """

    archived: bool
    refusal: str = ""


class ImportService:
    """The import service of one project.

    Args:
        connection: to the server.
        project: id of the project.
    """

    def __init__(self, connection: Connection, project: str) -> None:
        self._connection = connection
        self.project = project

    def project_exists(self) -> bool:
        """Whether the project is there, and may be seen.

        Raises:
            ServerError: no answer, or a failure of the server.
        """
        answer = self._connection.get(
            at("data", "projects", self.project), {"format": "json"}, accept=(HTTPStatus.NOT_FOUND,)
        )
        return answer.status != HTTPStatus.NOT_FOUND

    def create_project(self) -> None:
        """Create the project.

        Raises:
            ServerError: it may not be created.
        """
        self._connection.put(at("data", "projects", self.project))

    def _session(self, subject: str, label: str) -> str:
        return at("data", "projects", self.project, "subjects", subject, "experiments", label)

    def study_of(self, subject: str, label: str) -> str | None:
        """StudyInstanceUID of a session, empty when it has none; None when there is no such session.

        Raises:
            ServerError: no answer, or one that cannot be read.
        """
        answer = self._connection.get(
            self._session(subject, label), {"format": "json"}, accept=(HTTPStatus.NOT_FOUND,)
        )
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        match answer.json():
            case {"items": [{"data_fields": {"UID": str(uid)}}, *_]}:
                return uid
        return ""

    def held(self, subject: str, label: str) -> ArchivedFiles | None:
        """What a session holds, by the catalogs of its scans; None when there is no such session.

        Raises:
            ServerError: no answer, or one that cannot be read.
        """
        place = self._session(subject, label) + "/scans"
        answer = self._connection.get(place, {"format": "json"}, accept=(HTTPStatus.NOT_FOUND,))
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        scans = [str(row["ID"]) for row in _rows(answer)]
        return ArchivedFiles(tuple(file for scan in scans for file in self._scan_files(place, scan)))

    def _scan_files(self, scans: str, scan: str) -> Iterator[ArchivedFile]:
        for resource in _RESOURCES:
            answer = self._connection.get(
                scans + at(scan, "resources", resource), accept=(HTTPStatus.NOT_FOUND,)
            )
            if answer.status != HTTPStatus.NOT_FOUND:
                yield from _files(answer, scan)

    def send(self, zipped: IO[bytes], *, subject: str, label: str, append: bool, to_archive: bool) -> Sent:
        """Import a DICOM-zip as one session.

        Args:
            zipped: the zip, read piece by piece.
            subject: subject label.
            label: session label.
            append: add to the session that is there, instead of refusing.
            to_archive: into the archive, not only into the prearchive.

        Raises:
            ServerError: no answer, or another refusal than one of this session.
        """
        query = {
            "import-handler": "DICOM-zip",
            "inbody": "true",
            "dest": "/archive" if to_archive else "/prearchive",
            "project": self.project,
            "subject": subject,
            "session": label,
            **_overwrite(append=append),
        }
        path = "/data/services/import"
        answer = self._connection.post(
            path,
            data=zipped,
            query=query,
            content_type=_ZIP,
            accept=(HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT),
        )
        return _sent(answer)

    def waiting(self, label: str, study_uid: str) -> Waiting | None:
        """A session in the prearchive, the newest of its label and study; None when there is none.

        Raises:
            ServerError: no answer, or one that cannot be read.
        """
        path = at("data", "prearchive", "projects", self.project)
        rows = _rows(self._connection.get(path, {"format": "json"}, accept=(HTTPStatus.NOT_FOUND,)))
        sessions = [
            Waiting(str(row["url"]), str(row["name"]), str(row.get("tag", "")), str(row["status"]))
            for row in rows
            if row.get("name") == label and row.get("tag", "") in ("", study_uid)
        ]
        return sessions[-1] if sessions else None

    def waiting_files(self, waiting: Waiting) -> int:
        """How many DICOM files wait in a session of the prearchive.

        Raises:
            ServerError: no answer, or one that cannot be read.
        """
        place = "/data" + waiting.uri + "/scans"
        scans = _rows(self._connection.get(place, {"format": "json"}))
        paths = [place + at(str(scan["ID"]), "resources") for scan in scans]
        rows = [row for path in paths for row in _rows(self._connection.get(path, {"format": "json"}))]
        return sum(int(str(row.get("file_count") or 0)) for row in rows if row.get("label") in _RESOURCES)

    def archive(self, waiting: Waiting, *, append: bool) -> Sent:
        """Archive a session that waits.

        Raises:
            ServerError: no answer, or another refusal than one of this session.
        """
        query = {"src": waiting.uri, **_overwrite(append=append)}
        return _sent(
            self._connection.post(
                "/data/services/archive", query=query, accept=(HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT)
            )
        )

    def resource_digests(self, subject: str, label: str, resource: str) -> Mapping[str, str]:
        """The files of a session resource with their MD5, by name; none when there is no such resource.

        Raises:
            ServerError: no answer, or one that cannot be read.
        """
        path = self._session(subject, label) + at("resources", resource, "files")
        answer = self._connection.get(path, {"format": "json"}, accept=(HTTPStatus.NOT_FOUND,))
        if answer.status == HTTPStatus.NOT_FOUND:
            return {}
        return {_file_name(row): str(row.get("digest", "")) for row in _rows(answer)}

    def put_resource(self, subject: str, label: str, resource: str, packed: Path) -> None:
        """Merge a tar.gz into a session resource, which is made when it is not there.

        Raises:
            ServerError: the server refuses it, or does not answer.
        """
        place = self._session(subject, label) + at("resources", resource)
        self._connection.put(place, accept=(HTTPStatus.CONFLICT,))  # XNAT's answer to one that is there
        with packed.open("rb") as stream:
            query = {"extract": "true", "overwrite": "true", "inbody": "true"}
            self._connection.put(
                place + at("files", "upload.tar.gz"), data=stream, query=query, content_type=_TAR
            )


def _overwrite(*, append: bool) -> Mapping[str, str]:
    """Nothing at all where a session that is there must stay: XNAT merges at every word, also at `none`.

    Source: ``Importer.parseOverrideValue``.
    """
    return {"overwrite": "append"} if append else {}


def _file_name(row: Mapping[str, object]) -> str:
    """A file's path below its resource: XNAT tells it in the URI, and only the last part as `Name`."""
    return str(row.get("URI", "")).partition("/files/")[2] or str(row.get("Name", ""))


def _sent(answer: Answer) -> Sent:
    """What an import or archive answered; a URI of the archive says that it is there."""
    if answer.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT):
        said = next((sentence for sentence in _SAID if answer.text.startswith(sentence)), "")
        return Sent(archived=False, refusal=said or f"the server answered {answer.status}")
    return Sent(archived="/archive/projects/" in answer.text and "/prearchive/" not in answer.text)


def _rows(answer: Answer) -> tuple[Mapping[str, object], ...]:
    """The rows of a listing.

    Raises:
        ServerError: it is none.
    """
    if answer.status == HTTPStatus.NOT_FOUND:
        return ()
    match answer.json():
        case {"ResultSet": {"Result": [*rows]}} if all(isinstance(row, dict) for row in rows):
            return tuple(rows)
    raise ServerError("A listing of XNAT must be a ResultSet; found something else.", status=answer.status)


def _files(answer: Answer, scan: str) -> tuple[ArchivedFile, ...]:
    """The DICOM files that a scan's catalog lists.

    Raises:
        ServerError: it is no catalog.
    """
    try:
        # Expat itself stops a document whose entities grow without end (2.4.1 and later).
        root = ET.fromstring(answer.content)  # noqa: S314
    except ET.ParseError:
        raise refused("GET", "/data/projects", answer.status) from None
    entries = (element for element in root.iter() if element.tag.rpartition("}")[2] == "entry")
    return tuple(
        ArchivedFile(scan, uid, entry.get("digest", "").lower())
        for entry in entries
        if (uid := entry.get("UID"))
    )
