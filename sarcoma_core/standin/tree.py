"""XNAT's objects over the archive: projects, subjects, sessions, scans, assessors, resources."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.standin.answers import Refusal
from sarcoma_core.standin.documents import Documents


@dataclass(frozen=True)
class Change:
    """Something happened to a session: what event subscriptions listen to."""

    event: Literal["SessionEvent", "ScanEvent", "ResourceEvent", "ImageAssessorEvent"]
    status: Literal["CREATED", "UPDATED", "DELETED"]
    session: Session


class Tree:
    """The objects of a server.

    Args:
        archive: sessions and their files.
        documents: what the archive does not hold: subjects without a session, fields, resource attributes.
    """

    def __init__(self, archive: Archive, documents: Documents) -> None:
        self.archive = archive
        self.documents = documents
        self.listeners: list[Callable[[Change], None]] = []

    def session(self, name: str, project: str | None = None) -> Session:
        """A session by accession id, label (in a project) or URI such as `/archive/experiments/ID`.

        Raises:
            Refusal: 404, there is none.
        """
        label = name.rsplit("/", 1)[-1]
        for each in (project,) if project else self.archive.projects():
            for session in self.archive.sessions(each):
                if label in (session.id, session.label):
                    return session
        raise Refusal(404, f"Experiment {label} does not exist.")

    def insert(
        self,
        session: Session,
        label: str,
        source: Path,
        *,
        file_format: str = "",
        content: str = "",
        tags: str = "",
    ) -> None:
        """Merge files into a session resource, as XNAT does: same names are overwritten, stale ones stay."""
        raise NotImplementedError

    def tell(self, change: Change) -> None:
        """Tell the listeners of a change."""
        for listener in self.listeners:
            listener(change)
