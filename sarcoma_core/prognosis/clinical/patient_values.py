"""The line of a patient as values, while its cells are read: what was found, and what was odd."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Final, cast

from sarcoma_core.prognosis.clinical.cell_readings import CellReading
from sarcoma_core.prognosis.clinical.findings import Remark, TableFinding
from sarcoma_core.prognosis.clinical.patients import PatientLine
from sarcoma_core.prognosis.clinical.table import CENTRE, DATE, OUTCOME_COLUMNS, SESSION, ClinicalRow, Value
from sarcoma_core.prognosis.clinical.variables import VARIABLES

EVENTS: Final = OUTCOME_COLUMNS[::2]
TIMES: Final = OUTCOME_COLUMNS[1::2]


@dataclass
class PatientValues:
    """What was read of a patient, while the columns are gone through.

    Args:
        line: where it stands.
        today: no date lies after it.
        values: of every column that could be read, by name.
        faulty: columns that hold something that could not be read.
        findings: what was odd.
    """

    line: PatientLine
    today: dt.date
    values: dict[str, Value | dt.date] = field(default_factory=dict)
    faulty: set[str] = field(default_factory=set)
    findings: list[TableFinding] = field(default_factory=list)

    def take(self, column: str, reading: CellReading) -> None:
        """Keep what was read of a column."""
        if reading.value is not None:
            self.values[column] = reading.value
        elif any(remark.severity == "error" for remark in reading.remarks):
            self.faulty.add(column)
        for remark in reading.remarks:
            self.tell(column, remark)

    def tell(self, column: str, remark: Remark) -> None:
        """Keep a finding of a column."""
        self.findings.append(remark.at(self.line.number, self.line.heading(column)))

    def number(self, column: str) -> float | None:
        """A number; None where there is none."""
        value = self.values.get(column)
        return value if isinstance(value, float) else None

    def event(self, column: str) -> bool | None:
        """Whether an event happened; None where it is not told."""
        value = self.values.get(column)
        return None if value is None else value == "1"

    def row(self) -> ClinicalRow:
        """The row of the table."""
        date = self.values.get(DATE)
        return ClinicalRow(
            self.line.subject,
            str(self.values.get(SESSION, "")),
            str(self.values.get(CENTRE, "")),
            date if isinstance(date, dt.date) else None,
            {v.name: cast("Value", self.values[v.name]) for v in VARIABLES if v.name in self.values},
            {name: told for name in EVENTS if (told := self.event(name)) is not None},
            {name: days for name in TIMES if (days := self.number(name)) is not None},
            self.line.number,
        )
