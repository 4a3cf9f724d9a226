"""Which versions of a session's masks are the references of a study of readers: `DRAWN/references.json`.

It is derived from the study's own records, and put where the step that writes MASKS reads what people did.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Final

from sarcoma_core.archive.drawn import DRAWN_LABEL, REFERENCES_FILE
from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.errors import ArchiveError
from sarcoma_core.provenance import typed

SCHEMA: Final = 1


@dataclass(frozen=True, slots=True)
class ReferenceMark:
    """A version that is a reference, or is one no more.

    Args:
        handle: of the version, such as `5/tumour-v2`.
        sha256: of its file.
        locked: whether it is the reference now.
    """

    handle: str
    sha256: str
    locked: bool


def references_document(marks: Iterable[ReferenceMark]) -> bytes:
    """`references.json` of these marks; equal marks give equal bytes."""
    told = [asdict(one) for one in sorted(marks, key=lambda one: one.handle)]
    return (json.dumps({"schema": SCHEMA, "references": told}, indent=1, sort_keys=True) + "\n").encode()


def read_references(session: SessionFolder) -> tuple[ReferenceMark, ...]:
    """The marks of a session; none where no study has made any.

    Raises:
        ArchiveError: the file is damaged.
        OSError: it cannot be read.
    """
    path = session.resource(DRAWN_LABEL) / REFERENCES_FILE
    if not path.is_file():
        return ()
    try:
        raw = json.loads(path.read_bytes())
        marks = tuple(typed(ReferenceMark, one) for one in raw["references"])
        schema = raw["schema"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _damaged("it cannot be read") from None
    if schema != SCHEMA:
        raise _damaged(f"its schema must be {SCHEMA}")
    return marks


def _damaged(fault: str) -> ArchiveError:
    return ArchiveError(
        f"{DRAWN_LABEL}/{REFERENCES_FILE}: must be as `sarcoma readers lock` wrote it; {fault}.",
        hint="Lock a reference of the session again, or delete the file: locks then stay as they are.",
    )
