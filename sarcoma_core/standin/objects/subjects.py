"""Subjects: whom the archive's sessions are about, and whom a client made before a first session."""

import hashlib
from dataclasses import dataclass, replace

from sarcoma_core.archive.store import Archive
from sarcoma_core.standin.documents import Documents
from sarcoma_core.standin.objects.item_data import ItemData
from sarcoma_core.standin.objects.names import require_label

_KIND = "subject of "


@dataclass(frozen=True)
class Subject:
    """A subject.

    Args:
        project: id of its project.
        label: its label, unique in the project.
        id: accession id, unique on the server.
        data: its fields.
    """

    project: str
    label: str
    id: str
    data: ItemData


class Subjects:
    """The subjects of a server.

    Args:
        archive: whose sessions name subjects.
        documents: where those are kept that a client has made or changed.
    """

    def __init__(self, archive: Archive, documents: Documents) -> None:
        self._archive = archive
        self._documents = documents

    def of(self, project: str) -> tuple[Subject, ...]:
        """The subjects of a project, those with a session first."""
        kept = self._documents.all(_KIND + project)
        labels = dict.fromkeys((*(s.subject for s in self._archive.sessions(project)), *kept))
        return tuple(self.labelled(project, label) for label in labels)

    def find(self, name: str, project: str | None = None) -> Subject | None:
        """A subject by accession id, or by label in a project."""
        for each in (project,) if project else self._archive.projects():
            kept = self._documents.all(_KIND + each)
            if project and name in kept:
                return self.labelled(each, name)
            ids = {label: str(document["id"]) for label, document in kept.items()}
            for session in self._archive.sessions(each):
                if session.subject not in ids:
                    ids[session.subject] = accession_id(each, session.subject)
            for label, subject_id in ids.items():
                if name == subject_id or (project and name == label):
                    return self.labelled(each, label)
        return None

    def labelled(self, project: str, label: str) -> Subject:
        """The subject of a label that a session or a document names."""
        kept = self._documents.get(_KIND + project, label)
        return Subject(
            project, label, kept["id"] if kept else accession_id(project, label), ItemData.from_document(kept)
        )

    def ensure(self, project: str, label: str, by: str) -> Subject:
        """The subject of a label, a new one if need be.

        Raises:
            Refusal: 400, the label is not legal.
        """
        subject = self.find(label, project)
        if subject is None:
            free = accession_id(project, label)
            taken = self.find(free) is not None  # by one that was renamed
            number = self._documents.next_id("accession") if taken else 0
            made_id = f"SARCOMA_S{number:05d}" if taken else free
            subject = Subject(project, require_label(label, "Subject label"), made_id, ItemData.made_now(by))
            self.keep(subject)
        return subject

    def keep(self, subject: Subject) -> None:
        """Keep what is known of a subject."""
        document = {"id": subject.id, **subject.data.to_document()}
        self._documents.put(_KIND + subject.project, subject.label, document)

    def relabel(self, subject: Subject, label: str) -> Subject:
        """Give a subject another label, which no other has; its sessions follow.

        Raises:
            Refusal: 400, the label is not legal.
        """
        renamed = replace(subject, label=require_label(label, "Subject label"))
        self.keep(renamed)
        for session in self._archive.sessions(subject.project):
            if session.subject == subject.label:
                self._archive.write(replace(session, subject=label))
        self._documents.delete(_KIND + subject.project, subject.label)
        return renamed

    def forget(self, subject: Subject) -> None:
        """Forget a subject that has no session any more."""
        self._documents.delete(_KIND + subject.project, subject.label)


def accession_id(project: str, label: str) -> str:
    """An accession id that is found again without being kept."""
    return "SARCOMA_S" + hashlib.sha256(f"{project}/{label}".encode()).hexdigest()[:10].upper()
