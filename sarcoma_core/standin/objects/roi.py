"""Region-of-interest collections of the archive, kept as the OHIF plugin keeps them: assessors of a session.

A collection is an `icr:roiCollectionData` with one resource, named by its type, that holds `<label>.dcm`.
Written over, it keeps its id and its first reader, and the earlier file is gone (XNAT moves it into its
cache, where no REST call reaches it). RTSTRUCT is not converted to AIM, as the plugin does after storing it.

Source: OHIF viewer plugin 3.6.0 (``OhifRoiApi``, ``DefaultCollectionStorage``, ``Security``), our reading.
"""

import secrets
import shutil
import tempfile
from http import HTTPStatus
from pathlib import Path

from sarcoma_core.archive.store import Session
from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.objects.access import may
from sarcoma_core.standin.objects.assessors import Assessor, NewAssessor
from sarcoma_core.standin.objects.tree import Tree
from sarcoma_core.standin.users import User
from sarcoma_core.xnat.roi.collection import RTSTRUCT, SEG, Collection, Unreadable, try_collection
from sarcoma_core.xnat.roi.in_archive import catalogued_uids
from sarcoma_core.xnat.roi.rules import ROI_TYPE, Rights, SessionFacts, refusal

_KEY_BYTES = 8


class Regions:
    """The collections of a server, as one user sees them.

    Args:
        tree: the objects of the server.
        user: who asks.
    """

    def __init__(self, tree: Tree, user: User) -> None:
        self._tree = tree
        self._user = user

    def rights(self, project: str) -> Rights:
        """What the user may do with any object of a project: XNAT's three groups know no data types."""
        documents = self._tree.documents
        edits = may(documents, self._user, project, "edit")
        reads = may(documents, self._user, project, "read")
        return Rights(edits, edits, reads, may(documents, self._user, project, "delete"))

    def require_project(self, project: str) -> None:
        """Refuse a project that is not there, or that the user may not read.

        Raises:
            Refusal: 403.
        """
        if project not in self._tree.archive.projects() or not self.rights(project).read:
            self._forbid("read", "xnat:projectData/ID")

    def session(self, project: str, session_id: str) -> Session:
        """A session by its accession id; its label is not enough.

        Raises:
            Refusal: 403, the project may not be read; 422, it has no such session.
        """
        self.require_project(project)
        session = self._tree.find_session(session_id, project)
        if session is None or session.id != session_id:
            text = f"Bad session ID or not visible to user {self._user.login}: {session_id}"
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, text)
        return session

    def collections(self, project: str) -> tuple[Assessor, ...]:
        """The collections of a project.

        Raises:
            Refusal: 404, there is no such project.
        """
        sessions = self._tree.sessions(project)
        return tuple(a for s in sessions for a in self._tree.assessors(s) if a.xsi_type == ROI_TYPE)

    def find(self, project: str, name: str) -> Assessor | None:
        """A collection by id or label.

        Raises:
            Refusal: 403, the project or its collections may not be read.
        """
        self.require_project(project)
        held = self.collections(project)
        by_id = next((a for a in held if name == a.id), None)
        return by_id or next((a for a in held if name == a.label), None)

    def get(self, project: str, name: str) -> Assessor:
        """A collection by id or label.

        Raises:
            Refusal: 422, there is none; 403, the project may not be read.
        """
        collection = self.find(project, name)
        if collection is None:
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"Bad ID or label: {name}")
        return collection

    def facts(self, project: str, session: Session) -> SessionFacts:
        """What the rules ask of a session."""
        labels = {a.label: a.session for a in self.collections(project)}
        rights = self.rights(project)
        return SessionFacts(
            id=session.id,
            project=project,
            user=self._user.login,
            xsi_type=session.xsi_type,
            study_uid=session.study_uid,
            modality=self._tree.data_of("experiment", session.id).fields.get("modality", ""),
            scans={scan.uid: frozenset(sop_uids(session, scan.id)) for scan in session.scans},
            labels=frozenset(label for label, owner in labels.items() if owner == session.id),
            labels_elsewhere=frozenset(label for label, owner in labels.items() if owner != session.id),
            session_rights=rights,
            roi_rights=rights,
        )

    def store(
        self, project: str, session_id: str, label: str, *, kind: str, overwrite: bool, content: bytes
    ) -> str:
        """Store a collection.

        Args:
            project: project id.
            session_id: accession id.
            label: the collection's label.
            kind: its type.
            overwrite: whether the collection of this label may be replaced.
            content: the file.

        Returns:
            Its accession id.

        Raises:
            Refusal: as the plugin refuses it.
        """
        session = self.session(project, session_id)
        collection = try_collection(content, kind)
        with self._tree.lock(project):
            refused = refusal(collection, self.facts(project, session), label=label, overwrite=overwrite)
            if refused or isinstance(collection, Unreadable):
                raise Refusal(*refused[:2]) if refused else Refusal(HTTPStatus.INTERNAL_SERVER_ERROR)
            return self._keep(session, label, collection, content).id

    def _keep(self, session: Session, label: str, collection: Collection, content: bytes) -> Assessor:
        before = self._tree.find_assessor(session, label)
        if before and before.xsi_type != ROI_TYPE:  # the label is another assessor's: saving fails in XNAT
            raise Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, f"Error saving ROI collection {label}")
        fields = _fields(session, collection)
        if before:
            stale = dict.fromkeys(before.data.fields.keys() - fields.keys(), "NULL")
            fields = {**stale, **fields}
            shutil.rmtree(before.folder)
            self._tree.resources.forget(before.folder)
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / f"{label}.dcm").write_bytes(content)
            new = NewAssessor(
                label=label,
                xsi_type=ROI_TYPE,
                id=before.id if before else f"RoiCollection_{secrets.token_hex(_KEY_BYTES)}",
                fields=fields,
                files={collection.type: Path(folder)},
                by=self._user.login,
            )
            return self._tree.add_assessor(session, new)

    def file(self, project: str, name: str, kind: str = "") -> Path:
        """The file of a collection.

        Raises:
            Refusal: 422, no such collection or an unknown type; 501, a type that it would be converted to.
        """
        collection = self.get(project, name)
        held = collection.data.fields.get("collectionType", "")
        wanted = kind or held
        if wanted == "AIM" and held == RTSTRUCT:
            raise Refusal(HTTPStatus.NOT_IMPLEMENTED, "The stand-in does not convert RTSTRUCT to AIM.")
        if wanted not in (SEG, RTSTRUCT, "AIM", "MEAS", "NIFTI"):
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"Unsupported collection type: {wanted}")
        file = collection.folder / wanted / f"{collection.label}.dcm"
        # An assessor of this type that a client made by other ways may have any fields, and no file.
        if wanted != held or not file.is_file():
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY)
        return file

    def delete(self, project: str, name: str) -> None:
        """Delete a collection.

        Raises:
            Refusal: 422, there is none; 403, the user may not.
        """
        collection = self.find(project, name)
        if collection is None:
            text = f"ROI collection {name} not valid for project {project}"
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, text)
        if not self.rights(project).delete:
            text = f"User {self._user.login} does not have delete permission for item {collection.id}"
            raise Refusal(HTTPStatus.FORBIDDEN, text)
        self._tree.remove_assessor(self._tree.session(collection.session, project), collection.id)

    def _forbid(self, permission: str, element: str) -> None:
        text = f"User {self._user.login} does not have {permission} permission for {element}"
        raise Refusal(HTTPStatus.FORBIDDEN, text)


def sop_uids(session: Session, scan_id: str) -> tuple[str, ...]:
    """SOPInstanceUIDs of a scan's DICOM catalogs.

    Raises:
        Refusal: 422, the session has no such scan.
    """
    if scan_id not in (scan.id for scan in session.scans):
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"Bad scan ID or not visible to user: {scan_id}")
    return catalogued_uids(session, scan_id)


def _fields(session: Session, collection: Collection) -> dict[str, str]:
    series = {f"references/seriesUID[{n}]": uid for n, uid in enumerate(sorted(collection.series_uids), 1)}
    date, time = collection.date, collection.time
    fields = {
        "UID": collection.uid,
        "collectionType": collection.type,
        "subjectID": session.subject,
        "name": collection.name,
        "date": f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == len("YYYYMMDD") else "",
        "time": f"{time[:2]}:{time[2:4]}:{time[4:]}" if len(time) == len("HHMMSS") else "",
    }
    return {key: value for key, value in {**fields, **series}.items() if value}
