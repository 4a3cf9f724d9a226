"""Which lines below the headings are patients: no footnote, no sum and no name may become one."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sarcoma_core.prognosis.clinical.findings import TableFinding
from sarcoma_core.prognosis.clinical.headings import Heading, Headings
from sarcoma_core.prognosis.clinical.patient_labels import Fault, is_sum, why_no_label
from sarcoma_core.prognosis.clinical.sheets import Cell, Sheet, SheetLine
from sarcoma_core.prognosis.clinical.table import SUBJECT


@dataclass(frozen=True)
class PatientLine:
    """The line of a patient, before its cells are read.

    Args:
        number: of the line.
        subject: the label.
        cells: by column the cell of it.
        headings: by column where it came from.
    """

    number: int
    subject: str
    cells: Mapping[str, Cell]
    headings: Mapping[str, Heading]

    def heading(self, column: str) -> str:
        """What the file calls a column."""
        return self.headings[column].text if column in self.headings else column


def find_patients(
    sheet: Sheet, headings: Headings
) -> tuple[tuple[PatientLine, ...], tuple[TableFinding, ...]]:
    """The lines of patients, and a finding for each other line that is not blank.

    Args:
        sheet: of cells.
        headings: of its columns.
    """
    patients: list[PatientLine] = []
    findings: list[TableFinding] = []
    place = headings.read[SUBJECT].place
    head = next(line for line in sheet.lines if line.number == headings.line)
    is_below = False
    for line in sheet.lines:
        if line.number <= headings.line:
            continue
        if not line.filled:
            is_below = True  # what follows may be notes
            continue
        fault = _why_no_patient(line, place, head) or (None if sheet.holds_notes else _too_few(line, head))
        if not fault:
            cells = {name: line.at(one.place) for name, one in headings.read.items()}
            patients.append(PatientLine(line.number, line.at(place).text, cells, headings.read))
            is_below = False
        elif fault[0] in _NOTES and sheet.holds_notes and (is_below or fault[0] == "headings again"):
            told = "a note beside the table; it is no patient and is left out"
            findings.append(TableFinding("note", fault[0], told, line.number))
        else:
            findings.append(TableFinding("error", *fault, line.number, headings.read[SUBJECT].text))
        findings += _beyond(line, head)
    return tuple(patients), (*findings, *_repeats(patients, headings.read[SUBJECT].text))


_NOTES: Final = frozenset(("footnote", "summary line", "headings again"))
"""What a sheet for people may hold beside its table."""


def _why_no_patient(line: SheetLine, place: int, head: SheetLine) -> Fault | None:
    """Kind and rule of a line that is no patient; None of one that is."""
    cell = line.at(place)
    if [c.text for c in line.cells] == [c.text for c in head.cells]:
        return "headings again", "must be a patient; the headings stand here again: delete the line"
    if len(line.filled) == 1 and not is_sum(cell.text):
        return "footnote", "must be a patient, with data beside the label; a footnote? Delete the line"
    return why_no_label(cell)


def _too_few(line: SheetLine, head: SheetLine) -> Fault | None:
    if len(line.cells) < len(head.cells):
        return "too few cells", "must have as many cells as there are headings; the line is cut short"
    return None


def _beyond(line: SheetLine, head: SheetLine) -> Iterator[TableFinding]:
    """Cells to which no heading belongs: a separator too many shifts a whole line."""
    last = max(head.filled)
    if any(place > last for place in line.filled):
        rule = "must have as many cells as there are headings; there are more: a separator in a cell?"
        yield TableFinding("error", "too many cells", rule, line.number)


def _repeats(patients: Iterable[PatientLine], heading: str) -> Iterator[TableFinding]:
    seen: dict[str, int] = {}
    alike: dict[str, int] = {}
    for one in patients:
        key = re.sub(r"(?<!\d)0+(?=\d)|[\W_]+", "", unicodedata.normalize("NFKC", one.subject).casefold())
        if one.subject in seen:
            rule = f"must stand once; line {seen[one.subject]} has it, too: one line for each patient"
            yield TableFinding("error", "repeated patient", rule, one.number, heading)
        elif key and key in alike:
            rule = (
                f"must be one way of writing; it is that of line {alike[key]} but for marks, zeros or letters"
            )
            yield TableFinding("error", "nearly the same label", rule, one.number, heading)
        elif " " in one.subject:
            rule = "has a blank, which no label in XNAT has"
            yield TableFinding("warning", "blank in label", rule, one.number, heading)
        seen.setdefault(one.subject, one.number)
        alike.setdefault(key, one.number)
