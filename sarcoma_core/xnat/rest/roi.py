"""Regions of interest on a server with the OHIF plugin: the pre-check of an upload, the upload, the way back.

The facts for the pre-check come from the plugin itself where it shows them (`uididmap`, `uids`, `exists`,
`permissions`) and from the session's JSON.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from sarcoma_core.errors import UsageError
from sarcoma_core.xnat.rest.answering import is_html
from sarcoma_core.xnat.rest.connection import Answer, Connection, ServerError, at
from sarcoma_core.xnat.rest.remote import listing
from sarcoma_core.xnat.roi.collection import Collection, Unreadable
from sarcoma_core.xnat.roi.rules import (
    ELEMENTS,
    EVERY_RIGHT,
    ROI_TYPE,
    Rights,
    RoiRefusal,
    RoiRefusedError,
    SessionFacts,
    refusal,
)

_COLUMNS = "ID,label,xsiType,insert_user,insert_date"
_REFUSED = (400, 403, 409, 413, 422, 500)
_Json = TypeVar("_Json", dict[str, Any], list[Any])
_LONGEST = 200
"""Characters of a refusal that are told."""
_NO_PLUGIN = "Is the OHIF viewer plugin installed on the server? sarcoma xnat doctor"


class StoredCollection(NamedTuple):
    """A collection on the server.

    Args:
        id: accession id, `RoiCollection_...`.
        label: unique in its project.
        type: `SEG`, `RTSTRUCT`, `AIM` or `MEAS`.
        name: what the collection calls itself.
        session: accession id of the session that it belongs to.
        reader: who uploaded it, where the server says so.
        saved: when, where the server says so.
        version: SOPInstanceUID: every version that a viewer saves has another one; the server keeps the last.
    """

    id: str
    label: str
    type: str
    name: str
    session: str
    reader: str
    saved: str
    version: str


class RegionsOfInterest:
    """The OHIF plugin of a server.

    Args:
        connection: to the server.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def facts(
        self, session: str, collection: Collection | Unreadable, *, label: str, project: str = ""
    ) -> SessionFacts:
        """What the pre-check needs to know of a session: of its scans, those that the collection names.

        Args:
            session: accession id; or its label, when the project is given.
            collection: what was read of the file.
            label: its label.
            project: project id; the session's own when empty.

        Raises:
            ServerError: no such session or plugin, or the server does not answer.
        """
        item = self._session(session, project)
        fields, xsi_type = item["data_fields"], str(item["meta"]["xsi:type"])
        project, accession = project or str(fields["project"]), str(fields["ID"])
        here = {row["label"] for row in _assessors(self.connection, accession)}
        taken = label not in here and self.exists(project, label)
        return SessionFacts(
            id=accession,
            project=project,
            user=self.connection.user,
            xsi_type=xsi_type,
            study_uid=str(fields.get("UID") or ""),
            modality=str(fields.get("modality") or ""),
            scans=self._scans(project, accession, collection),
            labels=frozenset(here),
            labels_elsewhere=frozenset({label} if taken else ()),
            session_rights=self.rights(project, xsi_type),
            roi_rights=self.rights(project, ROI_TYPE),
        )

    def exists(self, project: str, name: str) -> bool:
        """Whether the project has a collection of this id or label, in any of its sessions."""
        return bool(self._ask("projects", project, "exists", name).json())

    def rights(self, project: str, xsi_type: str) -> Rights:
        """What the user may do with objects of a data type in a project.

        Every right for a type that the plugin does not tell of: its own refusal tells then.

        Raises:
            ServerError: the server does not answer, or has no such plugin.
        """
        element = ELEMENTS.get(xsi_type)
        if element is None:
            return EVERY_RIGHT
        tree = self._ask("projects", project, "permissions", element).json()
        try:
            return Rights(tree["create"], tree["edit"], tree["read"], tree["delete"])
        except (KeyError, TypeError):
            raise ServerError(
                "The server's answer must be permissions; it is not.", hint=_NO_PLUGIN
            ) from None

    def put(
        self,
        content: bytes,
        collection: Collection | Unreadable,
        session: SessionFacts,
        *,
        label: str,
        overwrite: bool = False,
    ) -> str:
        """Store a collection, once the pre-check has let it pass.

        Args:
            content: the file's bytes.
            collection: what they say.
            session: where to; from `facts`.
            label: its label, unique in its project.
            overwrite: replace the collection of this label in this session.

        Returns:
            The collection's accession id.

        Raises:
            RoiRefusedError: the pre-check or the server refuses it.
            ServerError: the server does not answer.
        """
        refused = refusal(collection, session, label=label, overwrite=overwrite)
        if refused:
            raise RoiRefusedError(refused)
        answer = self.connection.put(
            at("xapi", "roi", "projects", session.project, "sessions", session.id, "collections", label),
            data=content,
            query={"type": collection.type, "overwrite": str(overwrite).lower()},
            content_type="application/octet-stream",
            accept=_REFUSED,
        )
        if answer.status in _REFUSED:
            raise RoiRefusedError(RoiRefusal(answer.status, _words(answer)))
        return answer.text.strip()

    def collections(self, project: str, session: str = "") -> tuple[StoredCollection, ...]:
        """The collections of a project, or of one of its sessions (accession id or label)."""
        if session:
            accession = str(self._session(session, project)["data_fields"]["ID"])
            return stored_collections(self.connection, accession)
        path = at("data", "projects", project, "experiments")
        rows = listing(self.connection, f"{path}?xsiType={ROI_TYPE}", columns=_COLUMNS)
        return tuple(_stored(self.connection, row) for row in rows if row.get("xsiType") == ROI_TYPE)

    def collection(self, project: str, name: str) -> StoredCollection:
        """One collection, by label or id.

        Raises:
            UsageError: the project has none of that name.
        """
        for collection in self.collections(project):
            if name in (collection.label, collection.id):
                return collection
        raise UsageError(
            f"NAME: must be a collection's label or id in project {project!r}; found {name!r}.",
            hint=f"List them: sarcoma xnat roi list --project {project}",
        )

    def download(self, project: str, name: str, target: Path, *, kind: str = "") -> Path:
        """Fetch a collection's file into `target`.

        Args:
            project: project id.
            name: the collection's label or id.
            target: the file to write.
            kind: the type asked for; the one that was uploaded when empty.
        """
        path = at("xapi", "roi", "projects", project, "collections", name)
        return self.connection.download(path, target, {"type": kind} if kind else None)

    def delete(self, project: str, name: str) -> None:
        """Delete a collection with its file."""
        self.connection.delete(at("xapi", "roi", "projects", project, "collections", name))

    def _scans(
        self, project: str, session: str, collection: Collection | Unreadable
    ) -> Mapping[str, frozenset[str]]:
        ids = _told(self._ask("projects", project, "sessions", session, "uididmap"), dict)
        named = collection.series_uids if isinstance(collection, Collection) else frozenset[str]()
        return {
            uid: self._uids(project, session, str(scan)) if uid in named else frozenset()
            for uid, scan in ids.items()
        }

    def _uids(self, project: str, session: str, scan: str) -> frozenset[str]:
        answer = self._ask("projects", project, "sessions", session, "scans", scan, "uids")
        return frozenset(map(str, _told(answer, list)))

    def _session(self, session: str, project: str) -> Mapping[str, Any]:
        place = ("data", "projects", project) if project else ("data",)
        return _item(self.connection, at(*place, "experiments", session))

    def _ask(self, *parts: str) -> Answer:
        return self.connection.get(at("xapi", "roi", *parts))


def _words(answer: Answer) -> str:
    """A refusal in the server's words, as far as they are words: a page may hold paths, and names in them."""
    text = " ".join(answer.text.split())
    if is_html(answer.content):
        return "a web page"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1].rstrip()}…"


def _told(answer: Answer, kind: type[_Json]) -> _Json:
    """What the plugin tells, of the form that it has.

    Raises:
        ServerError: it is of another form.
    """
    found = answer.json()
    if not isinstance(found, kind):
        raise ServerError("The plugin's answer must be UIDs; it is not.", hint=_NO_PLUGIN)
    return found


def stored_collections(connection: Connection, session: str) -> tuple[StoredCollection, ...]:
    """The collections of a session; none where the server has no such plugin.

    Args:
        connection: to the server.
        session: accession id.

    Raises:
        ServerError: no such session, or the server does not answer.
    """
    return tuple(_stored(connection, row) for row in _assessors(connection, session))


def session_fields(connection: Connection, session: str) -> Mapping[str, str]:
    """What a server tells of a session: `ID`, `label`, `project`, `subject_ID`, and so on.

    Args:
        connection: to the server.
        session: accession id.

    Raises:
        ServerError: no such session, or the server does not answer.
    """
    fields: Mapping[str, str] = _item(connection, at("data", "experiments", session))["data_fields"]
    return fields


def collection_content(connection: Connection, stored: StoredCollection) -> bytes:
    """The file of a collection.

    Raises:
        ServerError: it is there no more, or the server does not answer.
    """
    project = str(_item(connection, at("data", "experiments", stored.id))["data_fields"]["project"])
    path = at("xapi", "roi", "projects", project, "collections", stored.id)
    return connection.get(path, {"type": stored.type}).content


def _assessors(connection: Connection, session: str) -> list[Mapping[str, str]]:
    rows = listing(connection, at("data", "experiments", session, "assessors"), columns=_COLUMNS)
    return [row for row in rows if row.get("xsiType") == ROI_TYPE]


def _stored(connection: Connection, row: Mapping[str, str]) -> StoredCollection:
    fields = _item(connection, at("data", "experiments", row["ID"]))["data_fields"]
    return StoredCollection(
        id=row["ID"],
        label=row.get("label", ""),
        type=str(fields.get("collectionType") or ""),
        name=str(fields.get("name") or ""),
        session=str(fields.get("imageSession_ID") or ""),
        reader=row.get("insert_user", ""),
        saved=row.get("insert_date", ""),
        version=str(fields.get("UID") or ""),
    )


def _item(connection: Connection, path: str) -> Mapping[str, Any]:
    tree = connection.get(path, {"format": "json"}).json()
    try:
        item: Mapping[str, Any] = tree["items"][0]
        item["data_fields"]["ID"], item["meta"]["xsi:type"]
    except (KeyError, IndexError, TypeError):
        raise ServerError("The server's answer must be an object's JSON; it is not.") from None
    return item
