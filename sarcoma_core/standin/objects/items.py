"""XNAT's objects as REST shows them: kind, id, label, type, and fields by their path in the schema."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sarcoma_core.archive.store import Scan, Session
from sarcoma_core.standin.objects.assessors import Assessor
from sarcoma_core.standin.objects.subjects import Subject
from sarcoma_core.standin.objects.tree import Tree

ItemKind = Literal["project", "subject", "experiment", "scan", "assessor"]


@dataclass(frozen=True)
class Item:
    """An object of the server.

    Args:
        kind: what it is.
        id: its id; a scan's is unique in its session only.
        label: its label; a project's and a scan's is its id.
        project: id of its project.
        xsi_type: the XNAT data type.
        uri: where it is below /data.
        owner: the folder whose folders are its resources.
        values: its fields, by their path in the schema below the type.
        made: when it was made, ISO 8601; empty when it came with an import.
        by: who made it.
        above: what it belongs to.
        session: the archive's session, of an experiment and of what belongs to it.
    """

    kind: ItemKind
    id: str
    label: str
    project: str
    xsi_type: str
    uri: str
    owner: Path
    values: Mapping[str, str] = field(default_factory=dict)
    made: str = ""
    by: str = ""
    above: "Item | None" = None
    session: Session | None = None

    def is_called(self, name: str) -> bool:
        """Whether a name is its id or its label."""
        return name in (self.id, self.label)

    @property
    def held_session(self) -> Session:
        """The archive's session of an experiment, scan or assessor."""
        assert self.session is not None  # noqa: S101  these kinds are built with one
        return self.session


class Items:
    """Shows a tree's objects as items.

    Args:
        tree: the objects.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def projects(self) -> tuple[Item, ...]:
        """All projects."""
        return tuple(self.project(name) for name in self._tree.archive.projects())

    def find_project(self, name: str) -> Item | None:
        """A project by its id."""
        return self.project(name) if name in self._tree.archive.projects() else None

    def project(self, name: str) -> Item:
        """A project that is there."""
        told = self._tree.data_of("project", name)
        values = {"ID": name, "name": name, "secondary_ID": name, **told.fields}
        folder = self._tree.archive.root / name / "resources"
        uri = f"/data/projects/{name}"
        return Item("project", name, name, name, "xnat:projectData", uri, folder, values, told.made, told.by)

    def subjects(self, project: str) -> tuple[Item, ...]:
        """The subjects of a project."""
        return tuple(self.subject(subject) for subject in self._tree.subjects.of(project))

    def find_subject(self, name: str, project: str | None) -> Item | None:
        """A subject by accession id, or label in a project."""
        subject = self._tree.subjects.find(name, project)
        return self.subject(subject) if subject else None

    def subject(self, subject: Subject) -> Item:
        """A subject."""
        values = {"ID": subject.id, "label": subject.label, "project": subject.project, **subject.data.fields}
        folder = self._tree.archive.root / subject.project / "subjects" / subject.label
        return Item(
            "subject",
            subject.id,
            subject.label,
            subject.project,
            "xnat:subjectData",
            f"/data/subjects/{subject.id}",
            folder,
            values,
            subject.data.made,
            subject.data.by,
            self.project(subject.project),
        )

    def experiments(self, project: str, subject: str | None = None) -> tuple[Item, ...]:
        """The sessions of a project, or of one of its subjects by label.

        Raises:
            Refusal: 404, there is no such project.
        """
        sessions = self._tree.sessions(project)
        return tuple(self.experiment(s) for s in sessions if subject in (None, s.subject))

    def find_experiment(self, name: str, project: str | None, subject: str | None) -> Item | None:
        """A session by accession id or label."""
        session = self._tree.find_session(name, project)
        return self.experiment(session) if session and subject in (None, session.subject) else None

    def experiment(self, session: Session) -> Item:
        """A session."""
        told = self._tree.data_of("experiment", session.id)
        above = self.subject(self._tree.subjects.labelled(session.project, session.subject))
        date = session.date
        values = {
            "ID": session.id,
            "label": session.label,
            "project": session.project,
            "subject_ID": above.id,
            "UID": session.study_uid,
            "date": f"{date[:4]}-{date[4:6]}-{date[6:]}" if date else "",
            # No modality: XNAT does not fill it in when a session is archived (the OHIF plugin works around
            # that).
        }
        return Item(
            "experiment",
            session.id,
            session.label,
            session.project,
            session.xsi_type,
            f"/data/experiments/{session.id}",
            session.path / "RESOURCES",
            {**{k: v for k, v in values.items() if v}, **told.fields},
            told.made,
            told.by,
            above,
            session,
        )

    def scans(self, parent: Item) -> tuple[Item, ...]:
        """The scans of a session."""
        return tuple(self._scan(scan, parent) for scan in parent.held_session.scans)

    def _scan(self, scan: Scan, parent: Item) -> Item:
        told = self._tree.data_of("experiment", parent.id, scan.id)
        values = {
            "ID": scan.id,
            "type": scan.description,
            "series_description": scan.description,
            "UID": scan.uid,
            "modality": scan.modality,
            "frames": str(scan.frames or ""),
            "quality": "usable",
            "note": scan.note,
            "image_session_ID": parent.id,
            "project": parent.project,
        }
        kept = {**{k: v for k, v in values.items() if v}, **told.fields}
        return Item(
            "scan",
            scan.id,
            scan.id,
            parent.project,
            kept.pop("xsi:type", scan.xsi_type),
            f"{parent.uri}/scans/{scan.id}",
            parent.held_session.path / "SCANS" / scan.id,
            kept,
            told.made,
            told.by,
            parent,
            parent.session,
        )

    def assessors(self, parent: Item) -> tuple[Item, ...]:
        """The assessors of a session."""
        return tuple(self._assessor(a, parent) for a in self._tree.assessors(parent.held_session))

    def find_assessor(self, name: str) -> Item | None:
        """An assessor by accession id, wherever it is."""
        session = self._tree.session_of_assessor(name)
        items = self.assessors(self.experiment(session)) if session else ()
        return next((item for item in items if item.id == name), None)

    def _assessor(self, assessor: Assessor, parent: Item) -> Item:
        values = {
            "ID": assessor.id,
            "label": assessor.label,
            "project": parent.project,
            "imageSession_ID": parent.id,
            **assessor.data.fields,
        }
        return Item(
            "assessor",
            assessor.id,
            assessor.label,
            parent.project,
            assessor.xsi_type,
            f"{parent.uri}/assessors/{assessor.id}",
            assessor.folder,
            values,
            assessor.data.made,
            assessor.data.by,
            parent,
            parent.session,
        )
