"""Sessions of a server, read over REST: the listing of a project, one session as matchers see it, its files.

One request each. A session is read from XNAT's own JSON of the object, whose children are its scans,
assessors and resources. What that JSON leaves out (a file's catalog, database keys) is left out here too.
"""

import fnmatch
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import unquote

from pydantic import JsonValue

from sarcoma_core.errors import UsageError
from sarcoma_core.interface import Level
from sarcoma_core.xnat.resolution.objects import XnatObject
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.connection import Connection, at

_COLUMNS = "ID,label,subject_label,xsiType,date"
_SESSION_TYPE = re.compile(r"[^:]+:(?P<word>[a-z]+)SessionData")


class RemoteTarget(NamedTuple):
    """An object of a server that a step is launched on.

    Attributes:
        level: which kind of object it is.
        id: of a project or a session; of a scan `<accession id>/scans/<scan id>`.
        label: what people call it; of a scan `<session label>/<scan id>`.
        xsi_type: XNAT data type that its workflows have: of a scan that of its session.
    """

    level: Level
    id: str
    label: str = ""
    xsi_type: str = ""

    @property
    def path(self) -> str:
        """Where it is in the REST."""
        return at("data", "projects" if self.level == "project" else "experiments", *self.id.split("/"))

    @property
    def uri(self) -> str:
        """Its URI in the archive, as a launch takes it."""
        return f"/archive/{'projects' if self.level == 'project' else 'experiments'}/{self.id}"

    @property
    def holder(self) -> str:
        """Id of the object that its workflows are listed under: of a scan, that of its session."""
        return self.id.partition("/")[0]

    @property
    def scan(self) -> str:
        """Id of the scan; empty for what is none."""
        return self.id.partition("/scans/")[2]


@dataclass(frozen=True)
class RemoteSession:
    """A session of a project's listing.

    Args:
        id: accession id, unique on the server.
        label: session label, unique in its project.
        subject: subject label.
        xsi_type: XNAT data type.
        modality: the modality that names the data type; empty for a type that none names.
        date: ISO 8601, or empty.
    """

    id: str
    label: str
    subject: str = ""
    xsi_type: str = ""
    modality: str = ""
    date: str = ""

    @property
    def target(self) -> RemoteTarget:
        """The session as what a step is launched on."""
        return RemoteTarget("session", self.id, self.label, self.xsi_type)


@dataclass(frozen=True)
class RemoteFile:
    """A file of a resource, as a listing has it.

    Args:
        resource: label of its resource.
        path: path below the resource.
        size: in bytes.
        scan: id of the scan that it belongs to; empty for a session's own resource.
        uri: where it is, e.g. `/data/experiments/E/resources/123/files/run.json`.
    """

    resource: str
    path: str
    size: int
    scan: str = ""
    uri: str = ""


KEYS = ("id", "label", "subject", "type", "modality", "date")
"""What a session can be chosen by; `type` is the data type."""


def project_sessions(connection: Connection, project: str) -> tuple[RemoteSession, ...]:
    """The image sessions of a project, in the server's order.

    Raises:
        ServerError: there is no such project for this user, or the server does not answer.
    """
    rows = listing(connection, at("data", "projects", project, "experiments"), columns=_COLUMNS)
    return tuple(_session(row) for row in rows if row.get("xsiType", "").endswith("SessionData"))


def chosen(sessions: Iterable[RemoteSession], where: Iterable[str]) -> tuple[RemoteSession, ...]:
    """The sessions for which every `KEY=VALUE` holds; `*` and `?` are wildcards, case does not count.

    Raises:
        UsageError: the form or the key is wrong.
    """
    conditions = []
    for text in where:
        key, equals, value = text.partition("=")
        if not equals or key not in KEYS:
            raise UsageError(f"--where: must be KEY=VALUE with a key of {', '.join(KEYS)}; found {text!r}.")
        conditions.append(("xsi_type" if key == "type" else key, value.lower()))
    return tuple(
        session
        for session in sessions
        if all(fnmatch.fnmatchcase(getattr(session, key).lower(), value) for key, value in conditions)
    )


def remote_session(connection: Connection, session_id: str) -> XnatObject:
    """One session, with its scans, assessors and resources, but without their files.

    A resource's JSON has a `file_count`, which the service does not show to matchers.

    Raises:
        ServerError: there is no such session for this user, or the server does not answer.
    """
    tree = connection.get(at("data", "experiments", session_id), {"format": "json"}).json()
    try:
        item = tree["items"][0]
        return _ObjectReader(item["data_fields"]["ID"], item["data_fields"].get("project", "")).session(item)
    except (KeyError, IndexError, TypeError):
        raise ServerError("The server's answer must be the JSON of a session; it is not.") from None


def remote_project(connection: Connection, project: str) -> XnatObject:
    """A project with its own resources, but without their files; its subjects are not asked for.

    Raises:
        ServerError: there is no such project for this user, or the server does not answer.
    """
    uri = f"/archive/projects/{project}"
    rows = listing(connection, at("data", "projects", project, "resources"))
    resources = tuple(_resource({"data_fields": row}, uri) for row in rows)
    keys: dict[str, JsonValue] = {"id": project, "label": project, "uri": uri, "directory": uri}
    return XnatObject("Project", keys, {"resources": resources, "subjects": (), "project-assets": ()})


def scan_targets(connection: Connection, session: RemoteSession, wanted: str) -> tuple[RemoteTarget, ...]:
    """The scans of a session whose id fits.

    Args:
        connection: to the server.
        session: the session.
        wanted: id of a scan, `*` for any text.

    Raises:
        ServerError: there is no such session for this user, or the server does not answer.
    """
    scans = (str(one.keys["id"]) for one in remote_session(connection, session.id).below["scans"])
    return tuple(
        RemoteTarget("scan", f"{session.id}/scans/{scan}", f"{session.label}/{scan}", session.xsi_type)
        for scan in scans
        if fnmatch.fnmatchcase(scan, wanted)
    )


def session_scan_types(connection: Connection, session_id: str) -> Mapping[str, str]:
    """The type of each scan of a session, by scan id; scans without one are left out.

    Raises:
        ServerError: there is no such session for this user, or the server does not answer.
    """
    rows = listing(connection, at("data", "experiments", session_id, "scans"))
    return {row["ID"]: row["type"] for row in rows if row.get("ID") and row.get("type")}


def scan_files(connection: Connection, session_id: str) -> tuple[RemoteFile, ...]:
    """Every file of every scan of a session."""
    return _files(connection, at("data", "experiments", session_id, "scans", "ALL", "files"))


def resource_files(connection: Connection, target: RemoteTarget, label: str) -> tuple[RemoteFile, ...]:
    """Every file of a resource of an object; none when there is no such resource."""
    return _files(connection, f"{target.path}{at('resources', label, 'files')}")


def resource_labels(connection: Connection, target: RemoteTarget) -> tuple[str, ...]:
    """Labels of an object's own resources, in the server's order.

    Raises:
        ServerError: there is no such object for this user, or the server does not answer.
    """
    rows = listing(connection, f"{target.path}{at('resources')}")
    return tuple(row["label"] for row in rows if row.get("label"))


def visible_projects(connection: Connection) -> tuple[str, ...]:
    """Ids of the projects that this user sees, sorted.

    Raises:
        ServerError: the server does not answer.
    """
    return tuple(sorted(row["ID"] for row in listing(connection, "/data/projects")))


def _files(connection: Connection, path: str) -> tuple[RemoteFile, ...]:
    try:
        rows = listing(connection, path)
    except ServerError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return ()
        raise
    return tuple(_file(row) for row in rows)


def listing(connection: Connection, path: str, *, columns: str = "") -> list[Mapping[str, str]]:
    """The rows of one of XNAT's listings.

    Raises:
        ServerError: the server refuses or does not answer, or its answer is no listing.
    """
    query = {"format": "json", **({"columns": columns} if columns else {})}
    tree = connection.get(path, query).json()
    try:
        return list(tree["ResultSet"]["Result"])
    except (KeyError, TypeError):
        raise ServerError("The server's answer must be a listing; it is not.") from None


def _session(row: Mapping[str, str]) -> RemoteSession:
    xsi_type = row.get("xsiType", "")
    return RemoteSession(
        id=row.get("ID", ""),
        label=row.get("label", ""),
        subject=row.get("subject_label", ""),
        xsi_type=xsi_type,
        modality=_modality(xsi_type),
        date=row.get("date", ""),
    )


def _modality(xsi_type: str) -> str:
    """`MR` of `xnat:mrSessionData`; XNAT writes `pet` for DICOM's `PT`."""
    match = _SESSION_TYPE.fullmatch(xsi_type)
    word = match["word"].upper() if match else ""
    return "PT" if word == "PET" else word


def _file(row: Mapping[str, str]) -> RemoteFile:
    uri = row.get("URI", "")
    parts = uri.split("/")
    path = unquote(uri.partition("/files/")[2]) or row.get("Name", "")
    scan = unquote(parts[parts.index("scans") + 1]) if "scans" in parts else ""
    size = row.get("Size", "0")
    return RemoteFile(
        row.get("collection", ""), path, int(size) if str(size).isdigit() else 0, scan=scan, uri=uri
    )


_SCAN_KEYS = {
    "type": "scan-type",
    "frames": "frames",
    "note": "note",
    "modality": "modality",
    "quality": "quality",
    "scanner": "scanner",
    "scanner/manufacturer": "scanner-manufacturer",
    "scanner/model": "scanner-model",
    "series_description": "series-description",
    "startTime": "start-time",
    "UID": "uid",
}
"""Fields of `xnat:imageScanData` and the service's words for them (its `Scan` model)."""

_RESOURCE_KEYS = ("format", "content", "file_count")


@dataclass(frozen=True)
class _ObjectReader:
    """Reads XNAT's JSON of one session into the service's objects."""

    id: str
    project: str

    def session(self, item: Mapping[str, Any]) -> XnatObject:
        fields, uri = item["data_fields"], f"/archive/experiments/{self.id}"
        keys: dict[str, JsonValue] = {
            "id": self.id,
            "label": fields.get("label"),
            "xsiType": _xsi_type(item),
            "uri": uri,
            "directory": uri,  # where it is on the server's disk, only the server knows
            "project-id": self.project,
            "subject-id": fields.get("subject_ID"),
        }
        below = {
            "scans": tuple(self._scan(child, uri) for child in _children(item, "scans/scan")),
            "assessors": tuple(self._assessor(child, uri) for child in _children(item, "assessors/assessor")),
            "resources": tuple(_resource(child, uri) for child in _children(item, "resources/resource")),
        }
        project = XnatObject("Project", {"id": self.project, "uri": f"/archive/projects/{self.project}"})
        return XnatObject("Session", _known(keys), below, (*_subject(fields.get("subject_ID")), project))

    def _scan(self, item: Mapping[str, Any], parent: str) -> XnatObject:
        fields = item["data_fields"]
        uri = f"{parent}/scans/{fields['ID']}"
        described = fields.get("series_description") or fields.get("type", "")
        keys: dict[str, JsonValue] = {
            "id": fields["ID"],
            "label": f"{fields['ID']} - {described}",
            "xsiType": _xsi_type(item),
            "uri": uri,
            "directory": uri,
            "project-id": self.project,
            "session-id": self.id,
            **{key: fields.get(name) for name, key in _SCAN_KEYS.items()},
        }
        return XnatObject(
            "Scan", _known(keys), {"resources": tuple(_resource(r, uri) for r in _children(item, "file"))}
        )

    def _assessor(self, item: Mapping[str, Any], parent: str) -> XnatObject:
        fields = item["data_fields"]
        uri = f"{parent}/assessors/{fields['ID']}"
        keys: dict[str, JsonValue] = {
            "id": fields["ID"],
            "label": fields.get("label"),
            "xsiType": _xsi_type(item),
            "uri": uri,
            "directory": uri,
            "project-id": self.project,
            "session-id": self.id,
        }
        held = (*_children(item, "resources/resource"), *_children(item, "out/file"))
        return XnatObject("Assessor", _known(keys), {"resources": tuple(_resource(r, uri) for r in held)})


def _subject(subject_id: str | None) -> tuple[XnatObject, ...]:
    """The subject of a session as far as the session tells it: its label only the server knows."""
    if not subject_id:
        return ()
    return (XnatObject("Subject", {"id": subject_id, "uri": f"/archive/subjects/{subject_id}"}),)


def _resource(item: Mapping[str, Any], parent: str) -> XnatObject:
    fields = item["data_fields"]
    label = fields.get("label") or str(fields.get("xnat_abstractresource_id", ""))
    uri = f"{parent}/resources/{fields.get('xnat_abstractresource_id') or label}"
    keys: dict[str, JsonValue] = {
        "id": str(fields.get("xnat_abstractresource_id") or label),
        "label": label,
        "xsiType": _xsi_type(item),
        "uri": uri,
        "directory": uri,
        "parent-uri": parent,
        **{key: fields.get(key) for key in _RESOURCE_KEYS},
    }
    return XnatObject("Resource", _known(keys), {"files": ()})


def _children(item: Mapping[str, Any], name: str) -> Iterable[Mapping[str, Any]]:
    for group in item.get("children", ()):
        if group.get("field") == name:
            yield from group["items"]


def _xsi_type(item: Mapping[str, Any]) -> str | None:
    xsi_type: str | None = item.get("meta", {}).get("xsi:type")
    return xsi_type


def _known(keys: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    return {key: value for key, value in keys.items() if value is not None and value != ""}
