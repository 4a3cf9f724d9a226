"""The labels that a step is told of its session and its subject: XNAT gives them, or an archive of ours."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sarcoma_core.archive.project import archive_around
from sarcoma_core.interface import Step

WHOSE: Final = "whose"
"""The fact by which a step with labels tells whose session it was: another one is other work."""


def labels_hash(session: str, subject: str) -> str:
    """What tells a session of a subject from others, and names neither.

    Args:
        session: its label.
        subject: label of its subject.
    """
    return hashlib.sha256(f"{session}\0{subject}".encode()).hexdigest()[:16]


def object_labels(step: Step, given: Mapping[str, str], session: Path) -> dict[str, str]:
    """The label of each object that a step asks for; empty where nobody knows it.

    Args:
        step: the step.
        given: by name of the argument, as its command line has them.
        session: the session's folder; it is looked at only where a label is asked for and not given.

    Raises:
        ArchiveError: the session lies in an archive of ours whose record of it cannot be read.
    """
    told = {label.name: given.get(label.name, "").strip() for label in step.object_labels}
    if all(told.values()):
        return told
    held = _in_archive(session)
    return {label.name: told[label.name] or held.get(label.spec.of, "") for label in step.object_labels}


def _in_archive(session: Path) -> Mapping[str, str]:
    place = session.resolve()
    archive = archive_around(place.parent)
    found = archive.labelled(place.parent.parent.name, place.name) if archive else None
    return {"session": found.label, "subject": found.subject} if found else {}
