"""Assessors: what was made of a session afterwards, such as a ROI collection, with fields and resources."""

import shutil
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path

from sarcoma_core.archive.store import Session
from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.documents import Document, Documents
from sarcoma_core.standin.objects.item_data import ItemData
from sarcoma_core.standin.objects.names import require_label
from sarcoma_core.standin.objects.resources import ResourceCatalogs

_KIND, _INDEX = "assessor of ", "assessor"


@dataclass(frozen=True)
class Assessor:
    """An assessor.

    Args:
        session: accession id of its session.
        id: accession id, unique on the server.
        label: its label, unique in its project.
        xsi_type: the XNAT data type, such as `icr:roiCollectionData`.
        data: its fields, by their path in the schema: `references/seriesUID[1]`.
        folder: where its resources are.
    """

    session: str
    id: str
    label: str
    xsi_type: str
    data: ItemData
    folder: Path


@dataclass(frozen=True)
class NewAssessor:
    """An assessor that is to be added, or written over the one of its label.

    Args:
        label: its label.
        xsi_type: its type.
        id: its accession id; a new one when empty.
        fields: values by path; a list is `references/seriesUID[1]`, `references/seriesUID[2]`.
        files: for each resource label a folder, whose files are copied.
        by: who adds it.
    """

    label: str
    xsi_type: str
    _: KW_ONLY
    id: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    by: str = ""


class Assessors:
    """The assessors of a server.

    Args:
        documents: where they are kept.
        resources: theirs, among others.
    """

    def __init__(self, documents: Documents, resources: ResourceCatalogs) -> None:
        self._documents = documents
        self._resources = resources

    def of(self, session: Session) -> tuple[Assessor, ...]:
        """The assessors of a session, the oldest first."""
        kept = self._documents.all(_KIND + session.id)
        return tuple(_assessor(session, label, document) for label, document in kept.items())

    def find(self, session: Session, name: str) -> Assessor | None:
        """An assessor of a session by label or id."""
        return next((a for a in self.of(session) if name in (a.label, a.id)), None)

    def session_of(self, assessor_id: str) -> str:
        """Accession id of the session that an assessor belongs to; empty when there is no such assessor."""
        return str((self._documents.get(_INDEX, assessor_id) or {"session": ""})["session"])

    def add(self, session: Session, new: NewAssessor) -> Assessor:
        """Add an assessor to a session, or write over the one of that label.

        Raises:
            Refusal: 400, the label is not legal.
        """
        before = self.find(session, require_label(new.label, "Assessor label"))
        number = self._documents.next_id("accession") if not (new.id or before) else 0
        made_id = new.id or (before.id if before else f"SARCOMA_A{number:05d}")
        known = before.data if before else ItemData.made_now(new.by)
        document = {"id": made_id, "xsi_type": new.xsi_type, **known.changed(new.fields).to_document()}
        self._documents.put(_KIND + session.id, new.label, document)
        self._documents.put(_INDEX, made_id, {"session": session.id})
        assessor = _assessor(session, new.label, document)
        assessor.folder.mkdir(parents=True, exist_ok=True)
        for name, folder in new.files.items():
            self._resources.merge(self._resources.create(assessor.folder, name), folder)
        return assessor

    def remove(self, session: Session, name: str) -> None:
        """Delete an assessor and its files.

        Raises:
            Refusal: 404, there is none.
        """
        assessor = self.find(session, name)
        if assessor is None:
            raise Refusal(404, f"Assessor {name} does not exist.")
        self._documents.delete(_KIND + session.id, assessor.label)
        self._documents.delete(_INDEX, assessor.id)
        if assessor.folder.is_dir():
            shutil.rmtree(assessor.folder)
        self._resources.forget(assessor.folder)

    def remove_all(self, session: Session) -> None:
        """Forget the assessors of a session that is deleted with its files."""
        for assessor in self.of(session):
            self.remove(session, assessor.id)


def _assessor(session: Session, label: str, document: Document) -> Assessor:
    folder = session.path / "ASSESSORS" / label
    return Assessor(
        session.id, document["id"], label, document["xsi_type"], ItemData.from_document(document), folder
    )
