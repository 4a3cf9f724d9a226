"""The clinical table, checked: one row for each patient, and `clinical.csv` of the resource CLINICAL.

Values are numbers in the unit of their column, or one of its words; what is missing is not there.
"""

import csv
import datetime as dt
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, get_args

from sarcoma_core.archive.folder import natural
from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.clinical.endpoints import ENDPOINTS, Endpoint, TimeZero, endpoint
from sarcoma_core.prognosis.clinical.variables import BY_NAME, VARIABLES, Quantity

LABEL: Final = "CLINICAL"
TABLE_FILE, HEAD_FILE = "clinical.csv", "clinical.json"
SCHEMA = 1

SUBJECT, SESSION, CENTRE, DATE = "subject", "session", "centre", "surgery_date"
OUTCOME_COLUMNS: Final[tuple[str, ...]] = tuple(
    column for one in ENDPOINTS for column in (one.event, one.time) if column
)
COLUMNS: Final[tuple[str, ...]] = (
    *(SUBJECT, SESSION, CENTRE, DATE),
    *(variable.name for variable in VARIABLES),
    *OUTCOME_COLUMNS,
)
"""The columns of the table, in their order."""

Value = float | str

_SLACK: Final = 3.0
"""Days before death at which a patient still counts as followed until it: months are rounded."""


@dataclass(frozen=True, slots=True)
class Followed:
    """How long a patient was followed for an endpoint.

    Args:
        days: from time zero.
        event: whether it ended with the event.
        died: whether death ended it, where that is another event.
    """

    days: float
    event: bool
    died: bool = False


@dataclass(frozen=True)
class ClinicalRow:
    """A patient.

    Args:
        subject: label of the subject in XNAT.
        session: label of the session to take; empty where a rule finds it.
        centre: where the patient was treated; empty where it is not told.
        date: of time zero, shifted with the patient's other dates; None where it is not told.
        values: of the variables, by name; those that are missing are left out.
        events: of each endpoint of its own, by the name of its column.
        days: likewise, to the event or to the last look.
        line: of the table that it came from.
    """

    subject: str
    session: str = ""
    centre: str = ""
    date: dt.date | None = None
    values: Mapping[str, Value] = field(default_factory=dict)
    events: Mapping[str, bool] = field(default_factory=dict)
    days: Mapping[str, float] = field(default_factory=dict)
    line: int = 0

    def followed(self, name: str) -> Followed | None:
        """How long the patient was followed for an endpoint; None where that is not known.

        Who had a metastasis at presentation has no time to a first one, and so none without recurrence.

        Raises:
            UsageError: there is no such endpoint.
        """
        wanted = endpoint(name)
        if self.cannot_have(name):
            return None
        if not wanted.of:
            return self._own(wanted)
        parts = [self._own(endpoint(part)) for part in wanted.of]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        days = min(part.days for part in known)
        return Followed(days, any(part.event for part in known if part.days == days))

    def cannot_have(self, name: str) -> bool:
        """Whether an endpoint cannot come any more: a first metastasis of who had one at presentation.

        Raises:
            UsageError: there is no such endpoint.
        """
        wanted = endpoint(name)
        return self.metastatic and "distant_metastasis" in (wanted.name, *wanted.of)

    @property
    def metastatic(self) -> bool:
        """Whether there was a metastasis at presentation."""
        return self.values.get("metastasis_at_presentation") == "yes"

    def _own(self, wanted: Endpoint) -> Followed | None:
        event, days = self.events.get(wanted.event), self.days.get(wanted.time)
        last = self.days.get("overall_survival_days")
        if event is None:
            return None
        if days is None and not event:
            days = last
        if days is None or days <= 0:
            return None
        to_the_end = last is not None and days >= last - _SLACK
        died = wanted.competes_with_death and not event and self.events.get("death") is True and to_the_end
        return Followed(days, event, died)


@dataclass(frozen=True)
class ClinicalTable:
    """All patients.

    Args:
        rows: one for each, in the order of the table.
        time_zero: what times are counted from.
    """

    rows: tuple[ClinicalRow, ...]
    time_zero: TimeZero = "surgery"

    def missing(self) -> Mapping[str, int]:
        """How many patients lack each variable, by its name."""
        return {one.name: sum(one.name not in row.values for row in self.rows) for one in VARIABLES}


def table_text(table: ClinicalTable) -> str:
    """The table as CSV, by subject; equal tables give equal text, in whatever order their rows are."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_cells(row) for row in sorted(table.rows, key=lambda row: natural(row.subject)))
    return stream.getvalue()


def head_text(table: ClinicalTable, source_sha256: str) -> str:
    """What stands beside the table: its hash, its time zero, and the file that it came from.

    Args:
        table: the table.
        source_sha256: of that file.
    """
    head = {
        "schema": SCHEMA,
        "table_sha256": hashlib.sha256(table_text(table).encode()).hexdigest(),
        "time_zero": table.time_zero,
        "patients": len(table.rows),
        "missing": dict(table.missing()),
        "source_sha256": source_sha256,
    }
    return json.dumps(head, indent=1, sort_keys=True) + "\n"


def read_clinical(table: bytes, head: bytes) -> ClinicalTable:
    """Read a table that was checked and written.

    Args:
        table: `clinical.csv`.
        head: `clinical.json`.

    Raises:
        InputError: one of them is not what was written.
    """
    try:
        tree = json.loads(head)
        reader = csv.DictReader(io.StringIO(table.decode("utf-8")), strict=True)
        if tuple(reader.fieldnames or ()) != COLUMNS or tree["schema"] != SCHEMA:
            raise _fault("its columns or schema are others")
        if tree["table_sha256"] != hashlib.sha256(table).hexdigest():
            raise _fault(f"{TABLE_FILE} is not the table of which {HEAD_FILE} tells")
        zero = tree["time_zero"]
        if zero not in get_args(TimeZero):
            raise _fault("its time zero is neither surgery nor diagnosis")
        rows = tuple(_row(cells, line) for line, cells in enumerate(reader, 2))
    except (ValueError, KeyError, TypeError, csv.Error, RecursionError) as error:
        raise _fault(f"{type(error).__name__} on reading it") from None
    if len({row.subject for row in rows}) < len(rows):
        raise _fault("a subject stands in it twice")
    return ClinicalTable(rows, zero)


def row_tree(row: ClinicalRow) -> dict[str, Any]:
    """A row as JSON: what is missing is left out."""
    return {column: cell for column, cell in _cells(row).items() if cell != ""}


def row_of(tree: Mapping[str, Any]) -> ClinicalRow:
    """A row of `row_tree`.

    Raises:
        InputError: it is none.
    """
    try:
        return _row({column: str(tree.get(column, "")) for column in COLUMNS}, 0)
    except (ValueError, KeyError) as error:
        raise _fault(f"{type(error).__name__} on reading a row") from None


def _cells(row: ClinicalRow) -> dict[str, Any]:
    cells: dict[str, Any] = dict.fromkeys(COLUMNS, "")
    cells |= {SUBJECT: row.subject, SESSION: row.session, CENTRE: row.centre}
    cells[DATE] = row.date.isoformat() if row.date else ""
    cells |= {name: _number(value) for name, value in row.values.items()}
    cells |= {name: int(event) for name, event in row.events.items()}
    cells |= {name: _number(days) for name, days in row.days.items()}
    return cells


def _number(value: Value) -> Value:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _row(cells: Mapping[str, str], line: int) -> ClinicalRow:
    if not cells[SUBJECT] or None in cells or None in cells.values():
        raise _fault(f"line {line} has no subject, or not one cell for each column")
    return ClinicalRow(
        cells[SUBJECT],
        cells[SESSION],
        cells[CENTRE],
        dt.date.fromisoformat(cells[DATE]) if cells[DATE] else None,
        dict(_values(cells, line)),
        {name: _flag(cells[name], line) for name in OUTCOME_COLUMNS[::2] if cells[name]},
        {name: _of_number(cells[name], line) for name in OUTCOME_COLUMNS[1::2] if cells[name]},
        line,
    )


def _values(cells: Mapping[str, str], line: int) -> Iterator[tuple[str, Value]]:
    for name, variable in BY_NAME.items():
        text = cells[name]
        if not text:
            continue
        if isinstance(variable.kind, Quantity):
            value = _of_number(text, line)
            if not variable.kind.holds(value):
                raise _fault(f"{name} of line {line} must be {variable.kind.rule}")
            yield name, value
        elif text in variable.kind.words:
            yield name, text
        else:
            raise _fault(f"{name} of line {line} must be one of its words")


def _flag(text: str, line: int) -> bool:
    if text not in ("0", "1"):
        raise _fault(f"an event of line {line} must be 0 or 1")
    return text == "1"


def _of_number(text: str, line: int) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise _fault(f"a number of line {line} must be 0 or more and finite")
    return value


def _fault(found: str) -> InputError:
    return InputError(
        f"{LABEL}: must hold {TABLE_FILE} and {HEAD_FILE} as `sarcoma clinical push` wrote them; {found}.",
        hint="sarcoma clinical push TABLE --project P --write, with the table as people keep it; and "
        "--replace where other files are there",
    )
