"""What `sarcoma clinical check` and `template` do and show."""

import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import NamedTuple

from sarcoma_core.cli import screen
from sarcoma_core.cli.clinical_reading import how_of, pasted, reading_words, table_word
from sarcoma_core.errors import OutputError, UsageError
from sarcoma_core.prognosis.clinical.checking import CheckedTable, check_file
from sarcoma_core.prognosis.clinical.endpoints import ENDPOINTS
from sarcoma_core.prognosis.clinical.findings import SEVERITIES, TableFinding
from sarcoma_core.prognosis.clinical.table import ClinicalTable
from sarcoma_core.prognosis.clinical.template import (
    ColumnHelp,
    column_helps,
    template_csv,
    template_workbook,
)
from sarcoma_core.prognosis.clinical.variables import VARIABLES
from sarcoma_core.text import counted, printable

_LINES_SHOWN = 12


class ColumnRead(NamedTuple):
    """What a heading was taken for."""

    heading: str
    column: str
    unit: str


class FindingGroup(NamedTuple):
    """Findings of one kind in one column.

    Attributes:
        severity: of them.
        kind: of them.
        column: heading; empty where they are of lines.
        lines: in which they are, the first ones.
        what: the rule, and what is to be done.
    """

    severity: str
    kind: str
    column: str
    lines: str
    what: str


class ColumnMissing(NamedTuple):
    """How much of a variable is missing."""

    variable: str
    known: str
    there: int
    missing: str


class EndpointTold(NamedTuple):
    """How many patients are followed for an endpoint."""

    endpoint: str
    followed: int
    events: int
    not_followed: int


def check(arguments: argparse.Namespace) -> int:
    """Check a table and show what is odd; 1 where an error is to be mended.

    Raises:
        UsageError: the arguments name no table, or two.
        InputError: it is no table at all.
    """
    checked = _checked(arguments)
    if arguments.output == "json":
        print(json.dumps(_document(checked), indent=1, ensure_ascii=False))
    elif arguments.output == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(("severity", "kind", "line", "column", "message"))
        writer.writerows((f.severity, f.kind, f.line or "", f.column, f.message) for f in checked.findings)
    else:
        _show(checked, arguments)
    return 1 if checked.table is None else 0


def _checked(arguments: argparse.Namespace) -> CheckedTable:
    if bool(arguments.table) == bool(arguments.project):
        raise UsageError(
            "TABLE: must be a file, or be left out with --project for the fields of a server's subjects; "
            f"found {'both' if arguments.table else 'neither'}.",
            hint="sarcoma clinical check TABLE.xlsx",
        )
    if arguments.table:
        return check_file(arguments.table, how_of(arguments))
    from sarcoma_core.cli.clinical_push import check_fields

    return check_fields(arguments, how_of(arguments))


def _show(checked: CheckedTable, arguments: argparse.Namespace) -> None:
    groups = finding_groups(checked.findings)
    if checked.columns:
        screen.table("Columns", ColumnRead._fields, checked.columns)
    if groups:
        screen.table("Findings", FindingGroup._fields, groups)
    _missing(checked.patients)
    counts = Counter(one.severity for one in checked.findings)
    kinds = Counter(one.severity for one in groups)
    told = ", ".join(
        counted(counts[severity], severity)
        + (f" of {counted(kinds[severity], 'kind')}" if kinds[severity] < counts[severity] else "")
        for severity in SEVERITIES
    )
    print(
        f"{counted(len(checked.patients.rows), 'patient')}, times from {checked.patients.time_zero}: {told}"
    )
    if checked.table is None:
        where = "file" if arguments.table else "fields of the subjects (in order of labels)"
        print(
            f"Mend the errors in the {where}, or say how to read it (--column, --unit, --word); then again."
        )
    elif arguments.table:
        reading = reading_words(arguments)
        table = table_word(arguments.table)
        push = pasted("sarcoma", "clinical", "push", table, "--project", "PROJECT", *reading)
        print(f"next: {push}  # with --archive DIR where there is no server")


def finding_groups(findings: Sequence[TableFinding]) -> tuple[FindingGroup, ...]:
    """Findings of one kind and column together, in the order of the first of each."""
    held: dict[tuple[str, str, str, str], list[int]] = {}
    for one in findings:
        held.setdefault((one.severity, one.kind, one.column, one.message), []).append(one.line)
    return tuple(
        FindingGroup(severity, kind, column, _lines(lines), message)
        for (severity, kind, column, message), lines in held.items()
    )


def _lines(numbers: Iterable[int]) -> str:
    known = [str(number) for number in numbers if number]
    more = f" and {len(known) - _LINES_SHOWN} more" if len(known) > _LINES_SHOWN else ""
    return ", ".join(known[:_LINES_SHOWN]) + more


def _missing(table: ClinicalTable) -> None:
    missing, rows = table.missing(), len(table.rows)
    if not rows:
        return
    told = (
        ColumnMissing(
            v.name, v.known, rows - missing[v.name], f"{missing[v.name]} ({missing[v.name] / rows:.0%})"
        )
        for v in VARIABLES
    )
    screen.table("Variables", ColumnMissing._fields, [[str(cell) for cell in one] for one in told])
    screen.table(
        "Endpoints", EndpointTold._fields, [[str(cell) for cell in one] for one in endpoints_told(table)]
    )


def endpoints_told(table: ClinicalTable) -> tuple[EndpointTold, ...]:
    """How many patients each endpoint has."""
    told = []
    for one in ENDPOINTS:
        followed = [found for row in table.rows if (found := row.followed(one.name)) is not None]
        events = sum(each.event for each in followed)
        told.append(EndpointTold(one.name, len(followed), events, len(table.rows) - len(followed)))
    return tuple(told)


def _document(checked: CheckedTable) -> dict[str, object]:
    return {
        "patients": len(checked.patients.rows),
        "time_zero": checked.patients.time_zero,
        "usable": checked.table is not None,
        "columns": [ColumnRead(*one)._asdict() for one in checked.columns],
        "missing": dict(checked.patients.missing()),
        "endpoints": [one._asdict() for one in endpoints_told(checked.patients)],
        "findings": [asdict(one) for one in checked.findings],
        "source_sha256": checked.source_sha256,
    }


def template(arguments: argparse.Namespace) -> int:
    """Write an empty table, or say what each column means.

    Raises:
        UsageError: the file has another ending.
        OutputError: it is there already, or cannot be written.
    """
    path = arguments.file
    if path is None:
        screen.table("Columns", ColumnHelp._fields, column_helps())
        return 0
    if path.suffix.lower() not in (".xlsx", ".csv"):
        raise UsageError(f"FILE: must end with .xlsx or .csv; found {path.suffix or 'no ending'}.")
    content = template_workbook() if path.suffix.lower() == ".xlsx" else template_csv().encode()
    try:
        with path.open("xb") as stream:
            stream.write(content)
    except FileExistsError:
        raise OutputError("FILE: must not be there yet; it is.", hint="Name another file.") from None
    print(f"written: {printable(str(path))}")
    print(
        f"fill in a line for each patient, then: {pasted('sarcoma', 'clinical', 'check', table_word(path))}"
    )
    return 0
