"""Small tables as people write them, and what was found of them."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sarcoma_core.prognosis.clinical.checking import CheckedTable, check_file
from sarcoma_core.prognosis.clinical.findings import TableFinding
from sarcoma_core.prognosis.clinical.how_to_read import HowToRead

OF_FEW_COLUMNS = {"no endpoint", "counts as none", "not in the table"}
TODAY = dt.date(2026, 6, 1)


def check(tmp_path: Path, text: str | bytes, **how: Any) -> CheckedTable:
    """Check a text as a file."""
    path = tmp_path / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return check_file(path, HowToRead(today=TODAY, **how))


def table(headings: str, *lines: str) -> str:
    """Headings and lines; a patient's label is put before each line, and two columns behind."""
    rows = [f"subject,{headings},sex,grade", *(f"P{n},{line},F,2" for n, line in enumerate(lines, 1))]
    return "\n".join(rows) + "\n"


def kinds(found: CheckedTable, *severities: str) -> list[tuple[int, str, str]]:
    """Line, column and kind of the findings of some severities, or of those that are no notes.

    What any table of few columns is told is left out.
    """
    wanted = severities or ("error", "warning")
    told = (one for one in found.findings if one.kind not in OF_FEW_COLUMNS)
    return [(one.line, one.column, one.kind) for one in told if one.severity in wanted]


def of_kind(found: CheckedTable, kind: str) -> Sequence[TableFinding]:
    return [one for one in found.findings if one.kind == kind]
