"""The clinical export of the Genomic Data Commons: several lines for each case become one patient.

A line is one treatment of one diagnosis. The primary diagnosis has the patient's values; diagnoses that are
classified as metastasis or recurrence have the days to them. Times are days from the primary diagnosis.

Source: GDC Data Dictionary, entities `demographic` and `diagnosis`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from sarcoma_core.prognosis.clinical.findings import TableFinding
from sarcoma_core.prognosis.clinical.headings import Heading
from sarcoma_core.prognosis.clinical.patients import PatientLine
from sarcoma_core.prognosis.clinical.quantities import read_quantity
from sarcoma_core.prognosis.clinical.sheets import BLANK, Cell, Sheet, SheetLine
from sarcoma_core.prognosis.clinical.table import SUBJECT
from sarcoma_core.prognosis.clinical.units import TIME
from sarcoma_core.prognosis.clinical.words import plain

_CASE, _PRIMARY = "cases.submitter_id", "diagnoses.diagnosis_is_primary_disease"
_CLASS, _DAYS = "diagnoses.classification_of_tumor", "diagnoses.days_to_diagnosis"
_COLUMNS: Final[Mapping[str, str]] = {
    SUBJECT: _CASE,
    "age_years": "demographic.age_at_index",
    "sex": "demographic.gender",
    "location": "diagnoses.tissue_or_organ_of_origin",
    "diagnosis": "diagnoses.primary_diagnosis",
    "metastasis_at_presentation": "diagnoses.metastasis_at_diagnosis",
    "death": "demographic.vital_status",
}
_DEATH, _LAST = "demographic.days_to_death", "diagnoses.days_to_last_follow_up"
TOLD: Final = TableFinding(
    "warning",
    "GDC export",
    "an export of the Genomic Data Commons: several lines make one patient; times are from diagnosis",
    1,
)
_SOFT_TISSUES = re.compile(
    r"(?:overlapping lesion of )?connective, subcutaneous and other soft tissues(?: of)?|, NOS", re.IGNORECASE
)
"""What all sites of soft tissues begin with (ICD-O-3), and the mark of one that is not told further."""
_PRESENTATION: Final[Mapping[str, str]] = {"no metastasis": "no", "metastasis nos": "yes"}


def is_gdc(sheet: Sheet) -> bool:
    """Whether the first line has the headings of such an export."""
    head = {cell.text for cell in sheet.lines[0].cells} if sheet.lines else set()
    return {*_COLUMNS.values(), _PRIMARY, _CLASS, _DAYS, _DEATH, _LAST} <= head


def gather(sheet: Sheet) -> tuple[PatientLine, ...]:
    """One line for each case, at the place of its primary diagnosis.

    A case without a primary diagnosis has the values of its first line.

    Args:
        sheet: for which `is_gdc` holds.
    """
    places = {cell.text: place for place, cell in enumerate(sheet.lines[0].cells)}
    cases: dict[str, list[SheetLine]] = {}
    for line in sheet.lines[1:]:
        if line.filled:
            cases.setdefault(line.at(places[_CASE]).text, []).append(line)
    return tuple(_patient(case, lines, places) for case, lines in cases.items())


def _patient(case: str, lines: Sequence[SheetLine], places: Mapping[str, int]) -> PatientLine:
    primary = next((line for line in lines if line.at(places[_PRIMARY]).text == "true"), lines[0])
    cells = {column: primary.at(places[heading]) for column, heading in _COLUMNS.items()}
    presented = cells["metastasis_at_presentation"]
    cells["metastasis_at_presentation"] = Cell(_PRESENTATION.get(plain(presented.text), presented.value))
    site = _SOFT_TISSUES.sub("", cells["location"].text).strip()
    cells["location"] = Cell(site or "not specified")
    is_dead = plain(cells["death"].text) == "dead"
    heading = _DEATH if is_dead else _LAST
    cells["overall_survival_days"] = primary.at(places[heading])
    headings = {column: Heading(places[name], name, column) for column, name in _COLUMNS.items()}
    headings["overall_survival_days"] = Heading(places[heading], heading, "overall_survival_days")
    for event, word in (("distant_metastasis", "metastasis"), ("local_recurrence", "recurrence")):
        later = [line for line in lines if plain(line.at(places[_CLASS]).text) == word]
        day = _first_day(later, places)
        told = "0" if not later else "unknown" if day.blank else "1"
        cells |= {event: Cell(told), f"{event}_days": day}
        headings |= {
            event: Heading(places[_CLASS], _CLASS, event),
            f"{event}_days": Heading(places[_DAYS], _DAYS, f"{event}_days"),
        }
    return PatientLine(primary.number, case, cells, headings)


def _first_day(lines: Sequence[SheetLine], places: Mapping[str, int]) -> Cell:
    """The earliest day that is told; blank where none is."""
    told = [line.at(places[_DAYS]) for line in lines]
    known = [cell for cell in told if isinstance(read_quantity(cell, TIME).value, float)]
    return min(known, key=lambda cell: float(cell.text), default=BLANK)
