"""What a push of the clinical table would change: the resource CLINICAL, and the fields of subjects."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from sarcoma_core.archive.folder import natural
from sarcoma_core.archive.near_labels import loose_forms, near_labels
from sarcoma_core.prognosis.clinical.endpoints import TimeZero
from sarcoma_core.prognosis.clinical.field_sheet import TIME_ZERO_FIELD
from sarcoma_core.prognosis.clinical.table import (
    COLUMNS,
    HEAD_FILE,
    SCHEMA,
    SUBJECT,
    TABLE_FILE,
    ClinicalRow,
    ClinicalTable,
    head_text,
    row_tree,
    table_text,
)

HeldState = Literal["nothing", "same", "earlier", "other"]
"""What the resource holds: nothing, this table, one that is as a push wrote it, or files of somebody else.

Of a table that was changed by hand the hash in its head is another: it is somebody else's.
"""

UNFINISHED: Final = json.dumps({"schema": 0, "unfinished": True}).encode() + b"\n"
"""Stands for the head while a server, which takes one file at a time, gets the table: no reader takes it."""


@dataclass(frozen=True)
class TablePush:
    """What a push writes, and what it finds.

    Args:
        files: content by name.
        held: what of the resource stands there now, by name: the content of those two files, None of others.
        columns: of the table in which a patient has a value.
        patients: in the table.
        strangers: labels of the table that are no subjects of the project.
        near: how many of them differ from a subject in marks, zeros or case alone.
        without: subjects of the project that the table does not have.
    """

    files: Mapping[str, bytes]
    held: Mapping[str, bytes | None]
    columns: tuple[str, ...]
    patients: int
    strangers: tuple[str, ...]
    near: int
    without: tuple[str, ...]

    @property
    def state(self) -> HeldState:
        """What the resource holds."""
        if not self.held:
            return "nothing"
        if dict(self.held) == dict(self.files):
            return "same"
        return "earlier" if set(self.held) <= set(self.files) and _is_pushed(self.held) else "other"

    @property
    def others(self) -> tuple[str, ...]:
        """The files that are none of the table's."""
        return tuple(name for name in self.held if name not in self.files)


def table_files(table: ClinicalTable, source_sha256: str) -> Mapping[str, bytes]:
    """The files of the resource.

    Args:
        table: the table.
        source_sha256: of the file that it came from.
    """
    return {
        TABLE_FILE: table_text(table).encode(),
        HEAD_FILE: head_text(table, source_sha256).encode(),
    }


def plan_push(
    table: ClinicalTable,
    files: Mapping[str, bytes],
    held: Mapping[str, bytes | None],
    subjects: Iterable[str],
) -> TablePush:
    """Compare a table with a project.

    Args:
        table: the table.
        files: as `table_files` gives them.
        held: what the resource holds now: content by name, None for a file that is not the table's.
        subjects: labels of the project's subjects.
    """
    there, named = set(subjects), {row.subject for row in table.rows}
    trees = [row_tree(row) for row in table.rows]
    strangers = tuple(sorted(named - there, key=natural))
    near = near_labels(there)
    return TablePush(
        files,
        held,
        tuple(column for column in COLUMNS if any(column in tree for tree in trees)),
        len(table.rows),
        strangers,
        sum(any(form in near for form in loose_forms(label)) for label in strangers),
        tuple(sorted(there - named, key=natural)),
    )


def row_fields(row: ClinicalRow, time_zero: TimeZero) -> dict[str, Any]:
    """A row as fields of its subject, by the names of the columns.

    Args:
        row: of a patient.
        time_zero: of its times, which is told beside them.
    """
    fields = {name: value for name, value in row_tree(row).items() if name != SUBJECT}
    return {**fields, TIME_ZERO_FIELD: time_zero} if row.days else fields


def changed_fields(wanted: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, Any]:
    """Those that the subject has not, or has otherwise."""
    return {name: value for name, value in wanted.items() if held.get(name) != value}


def fields_beyond(wanted: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, None]:
    """Fields of the table's columns that the subject has and the row has not, to be emptied."""
    names = (*COLUMNS[1:], TIME_ZERO_FIELD)
    return {name: None for name in names if name not in wanted and held.get(name) is not None}


def _is_pushed(held: Mapping[str, bytes | None]) -> bool:
    """Whether the two files are as a push wrote them, or a push was interrupted between them."""
    if held.get(HEAD_FILE) == UNFINISHED:
        return True
    try:
        head = json.loads(held.get(HEAD_FILE) or b"")
    except (ValueError, RecursionError):
        return False
    table = held.get(TABLE_FILE)
    if table is None or not isinstance(head, dict) or head.get("schema") != SCHEMA:
        return False
    return head.get("table_sha256") == hashlib.sha256(table).hexdigest()
