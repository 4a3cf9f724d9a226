"""XNAT's objects over the archive: projects, subjects, sessions, scans, assessors, resources.

Sessions, their scans and every file are the archive's; what it cannot hold (titles, subjects without a
session, fields, numbers of resources, assessors) is in the documents.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Literal

from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.documents import Documents
from sarcoma_core.standin.objects.assessors import Assessor, Assessors, NewAssessor
from sarcoma_core.standin.objects.item_data import ITEM_DATA, ItemData
from sarcoma_core.standin.objects.resources import Resource, ResourceCatalogs, ResourceInfo
from sarcoma_core.standin.objects.subjects import Subjects


@dataclass(frozen=True)
class Change:
    """Something happened to a session: what event subscriptions listen to."""

    event: Literal["SessionEvent", "ScanEvent", "ResourceEvent", "ImageAssessorEvent"]
    status: Literal["CREATED", "UPDATED", "DELETED"]
    session: Session


Listener = Callable[[Change], None]
"""Who is told of a change."""


class Tree:
    """The objects of a server.

    Args:
        archive: sessions and their files.
        documents: what the archive does not hold: subjects without a session, fields, resource attributes.
    """

    def __init__(self, archive: Archive, documents: Documents) -> None:
        self.archive = archive
        self.documents = documents
        self.resources = ResourceCatalogs(archive.root, documents)
        self.subjects = Subjects(archive, documents)
        self._assessors = Assessors(documents, self.resources)
        self.listeners: list[Listener] = []
        self._locks: defaultdict[str, RLock] = defaultdict(RLock)
        self._where: dict[str, tuple[str, str]] = {}

    def lock(self, project: str) -> RLock:
        """The lock of whoever changes a project; the same thread may take it again."""
        with self.documents.lock:
            return self._locks[project]

    def sessions(self, project: str) -> tuple[Session, ...]:
        """The sessions of a project.

        Raises:
            Refusal: 404, there is no such project.
        """
        if project not in self.archive.projects():
            raise Refusal(404, f"Project {project} does not exist.")
        return self.archive.sessions(project)

    def session(self, name: str, project: str | None = None) -> Session:
        """A session by accession id, label (in a project) or URI such as `/archive/experiments/ID`.

        Raises:
            Refusal: 404, there is none.
        """
        session = self.find_session(name.rsplit("/", 1)[-1], project)
        if session is None:
            raise Refusal(404, f"Experiment {name.rsplit('/', 1)[-1]} does not exist.")
        return session

    def find_session(self, name: str, project: str | None = None) -> Session | None:
        """A session by accession id, or label (in a project, else in any); None when there is none."""
        known = self._where.get(name)
        session = self.archive.labelled(*known) if known else None
        if session is None or session.id != name:
            session = self._search(name, project)
        return session if session and project in (None, session.project) else None

    def _search(self, name: str, project: str | None) -> Session | None:
        projects = self.archive.projects()
        wanted = [p for p in projects if project in (None, p)]
        labelled = (self.archive.labelled(p, name) for p in wanted if "/" not in name)
        if session := next((each for each in labelled if each), None):
            return session
        for each in wanted:
            self._where |= {s.id: (each, s.label) for s in self.archive.sessions(each)}
        return self.archive.labelled(*self._where[name]) if name in self._where else None

    def insert(
        self,
        owner: Path,
        label: str,
        source: Path,
        *,
        project: str,
        session: Session | None = None,
        info: ResourceInfo | None = None,
    ) -> None:
        """Merge files into an object's resource, as XNAT does: same names are overwritten, stale ones stay.

        The files are copied. A resource that is there keeps what was told of it the first time.

        Args:
            owner: the folder whose folders are the object's resources.
            label: label of the resource.
            source: the folder of the files.
            project: the project that the object is in.
            session: the session that it is, or is part of; nobody listens to others.
            info: format, content and tags.

        Raises:
            Refusal: 400, the label is not legal; 409, a name is that of a file here and of a folder there.
        """
        with self.lock(project):
            resource = self.resources.create(owner, label, info)
            self.resources.merge(resource, source)
        if session is not None:
            self.tell(Change("ResourceEvent", "CREATED", session))

    def resource_id(self, folder: Path) -> int:
        """The number of the resource whose files are in a folder.

        Raises:
            Refusal: 404, there is none.
        """
        resource = self.resources.find(folder.parent, folder.name)
        if resource is None:
            raise Refusal(404, "Resource does not exist.")
        return resource.id

    def session_resources(self, session: Session) -> tuple[Resource, ...]:
        """The resources of a session itself, those of its scans and assessors left out."""
        return self.resources.of(session.path / "RESOURCES")

    def assessors(self, session: Session) -> tuple[Assessor, ...]:
        """The assessors of a session, the oldest first."""
        return self._assessors.of(session)

    def find_assessor(self, session: Session, name: str) -> Assessor | None:
        """An assessor of a session by label or id."""
        return self._assessors.find(session, name)

    def session_of_assessor(self, assessor_id: str) -> Session | None:
        """The session that an assessor belongs to."""
        owner = self._assessors.session_of(assessor_id)
        return self.find_session(owner) if owner else None

    def add_assessor(self, session: Session, new: NewAssessor) -> Assessor:
        """Add an assessor, or write over the one of that label.

        Raises:
            Refusal: 400, the label is not legal.
        """
        with self.lock(session.project):
            added = self._assessors.add(session, new)
        self.tell(Change("ImageAssessorEvent", "CREATED", session))
        return added

    def remove_assessor(self, session: Session, name: str) -> None:
        """Delete an assessor, by label or id, and its files.

        Raises:
            Refusal: 404, there is none.
        """
        with self.lock(session.project):
            self._assessors.remove(session, name)
        self.tell(Change("ImageAssessorEvent", "DELETED", session))

    def remove_session(self, session: Session, *, files: bool = True) -> None:
        """Delete a session with all that belongs to it."""
        with self.lock(session.project):
            if files:
                self._assessors.remove_all(session)
            self.archive.remove(session, files=files)
            self._where.pop(session.id, None)
            self.resources.forget(session.path)
            for key in ("", *(scan.id for scan in session.scans)):
                self.documents.delete(ITEM_DATA, item_key("experiment", session.id, key))
        self.tell(Change("SessionEvent", "DELETED", session))

    def data_of(self, *key: str) -> ItemData:
        """The data of an object, by the parts of its key; see `item_key`."""
        return ItemData.from_document(self.documents.get(ITEM_DATA, item_key(*key)))

    def keep_data(self, data: ItemData, *key: str) -> None:
        """Keep the data of an object."""
        self.documents.put(ITEM_DATA, item_key(*key), data.to_document())

    def tell(self, change: Change) -> None:
        """Tell the listeners of a change."""
        for listener in self.listeners:
            listener(change)


def item_key(*parts: str) -> str:
    """The key of an object's document, such as `experiment`, an accession id and a scan's id."""
    return "/".join(part for part in parts if part)
