"""What is odd about a table: where, of which kind, and what is to be done. No value of a patient is in it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]
"""An error has to be mended before the table can be used; a warning says how something was read; a note tells
what is missing or was left aside."""
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class TableFinding:
    """Something that a person should know of.

    Args:
        severity: whether it stops the table.
        kind: one or two words that name it, the same for all of its kind.
        message: the rule, and what was done or is to be done.
        line: of the file, or row of the sheet; 0 where it is of the whole table.
        column: heading of the column as the file has it; empty where it is of a line.
    """

    severity: Severity
    kind: str
    message: str
    line: int = 0
    column: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """A finding whose place is not known yet: of a cell that is being read."""

    severity: Severity
    kind: str
    message: str

    def at(self, line: int, column: str) -> TableFinding:
        """The finding, in its place."""
        return TableFinding(self.severity, self.kind, self.message, line, column)


def has_errors(findings: Iterable[TableFinding]) -> bool:
    """Whether one of them stops the table."""
    return any(one.severity == "error" for one in findings)


def in_order(findings: Iterable[TableFinding]) -> tuple[TableFinding, ...]:
    """Errors first, then by place."""
    return tuple(sorted(findings, key=lambda one: (SEVERITIES.index(one.severity), one.line, one.column)))
