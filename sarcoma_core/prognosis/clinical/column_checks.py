"""What no patient tells alone: units and scales of a column, and patients who are alike."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from statistics import median
from typing import Final

from sarcoma_core.prognosis.clinical.column_names import unit_of
from sarcoma_core.prognosis.clinical.endpoints import DAYS_OF_YEAR
from sarcoma_core.prognosis.clinical.findings import TableFinding
from sarcoma_core.prognosis.clinical.headings import Headings
from sarcoma_core.prognosis.clinical.patient_values import EVENTS, TIMES, PatientValues
from sarcoma_core.prognosis.clinical.table import DATE
from sarcoma_core.prognosis.clinical.variables import VARIABLES
from sarcoma_core.prognosis.clinical.words import plain

_OS: Final = "overall_survival_days"
_FEW: Final = 8
_SHORT_STUDY: Final = 150.0
"""Days: who has followed nobody longer has taken months for days."""
_LONG_STUDY: Final = 30 * DAYS_OF_YEAR
_TELLING: Final = 4
"""Values that two patients may share by chance."""
_ODD: Final = 0.2
"""The part of times with decimals up to which the others are whole days."""
_FEWEST_TIMES: Final = 3
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(\.\d{3})+")
_THREE_DECIMALS = re.compile(r"[1-9]\d?\.\d{3}")


def check_columns(patients: Sequence[PatientValues], headings: Headings | None) -> Iterator[TableFinding]:
    """Tell what is odd about columns as a whole, and about patients that are alike.

    Args:
        patients: all of them.
        headings: of the sheet; None for an export in which a patient has several lines.
    """
    if headings and (times := headings.read.get(_OS)):
        values = [days for one in patients if (days := one.number(_OS)) is not None]
        for told in _units_of(values):
            yield TableFinding("warning", "days against months", told, headings.line, times.text)
        yield from _three_decimals(patients)
    if headings:
        yield from _events_not_told(patients, headings)
        yield from _millimetres(patients, headings)
        yield from _dates_go_in(headings)
        yield from _tiers(patients, headings)
    yield from _points_among_commas(patients)
    yield from _twins(patients)


def _three_decimals(patients: Sequence[PatientValues]) -> Iterator[TableFinding]:
    """Among whole days `1.500` is a day and a half, or fifteen hundred days."""
    for time in TIMES:
        told = [(one, days) for one in patients if (days := one.number(time)) is not None]
        odd = [one for one, days in told if not days.is_integer()]
        if len(told) < _FEWEST_TIMES or len(odd) > _ODD * len(told):
            continue
        for one in odd:
            if time in one.line.cells and _THREE_DECIMALS.fullmatch(one.line.cells[time].text):
                rule = "three decimals among whole days: is the point a mark of thousands?"
                yield TableFinding("warning", "three decimals", rule, one.line.number, one.line.heading(time))


def _points_among_commas(patients: Sequence[PatientValues]) -> Iterator[TableFinding]:
    """Where people write `58,3`, their `1.234` is more than a thousand."""
    if not any(finding.kind == "decimal comma" for one in patients for finding in one.findings):
        return
    for one in patients:
        for column, cell in one.line.cells.items():
            if unit_of(column) and _THOUSANDS.fullmatch(cell.text) and isinstance(cell.value, str):
                rule = (
                    "must have one mark: other numbers have decimal commas, so this point may be of thousands"
                )
                yield TableFinding(
                    "error", "ambiguous number", rule, one.line.number, one.line.heading(column)
                )


def _millimetres(patients: Sequence[PatientValues], headings: Headings) -> Iterator[TableFinding]:
    """Among whole millimetres `11,4` is one of a person who has written centimetres."""
    heading = headings.read.get("size_cm")
    if heading is None or heading.unit.casefold() != "mm":
        return
    told = [
        (one, ten) for one in patients if (size := one.number("size_cm")) and (ten := round(size * 10, 6))
    ]
    odd = [one for one, size in told if not size.is_integer()]
    if len(told) >= _FEW and len(odd) <= _ODD * len(told):
        for one in odd:
            rule = "a part of a millimetre among whole ones: centimetres?"
            yield TableFinding("warning", "size against unit", rule, one.line.number, heading.text)


def _dates_go_in(headings: Headings) -> Iterator[TableFinding]:
    if DATE in headings.read:
        rule = "goes into the project as it is: shift it like all dates of the patient's images before"
        yield TableFinding("note", "dates", rule, headings.line, headings.read[DATE].text)


def _events_not_told(patients: Sequence[PatientValues], headings: Headings) -> Iterator[TableFinding]:
    for event, time in zip(EVENTS, TIMES, strict=True):
        if time in headings.read and not any(event in one.values for one in patients):
            rule = f"has times, and no column says whether {event} happened: they do not count"
            heading = headings.read[time].text
            yield TableFinding("warning", "time without event", rule, headings.line, heading)


def _tiers(patients: Sequence[PatientValues], headings: Headings) -> Iterator[TableFinding]:
    """Grades as words: whose scale is it, and has it two tiers or three?"""
    if "grade" not in headings.read:
        return
    cells = [one.line.cells["grade"].text for one in patients if "grade" in one.values]
    words = {plain(text).split()[0] for text in cells if not any(letter.isdigit() for letter in text)}
    words &= {"low", "intermediate", "moderate", "high"}
    where = (headings.line, headings.read["grade"].text)
    if words and words <= {"low", "high"} and len(cells) >= _FEW:
        rule = "has low and high alone: of a scale with two tiers, high is FNCLCC 2 or 3; it is read as 3"
        yield TableFinding("warning", "two tiers", rule, *where)
    elif words:
        rule = "low, intermediate and high are read as FNCLCC 1, 2 and 3"
        yield TableFinding("note", "grades as words", rule, *where)


def _units_of(values: Sequence[float]) -> Iterator[str]:
    if len(values) < _FEW:
        return
    if max(values) <= _SHORT_STUDY:
        yield f"nobody was followed for more than {_SHORT_STUDY:g} days: months or years? See --unit"
    if median(values) > _LONG_STUDY:
        yield "half of the patients were followed for more than 30 years: are these days? See --unit"


def _twins(patients: Iterable[PatientValues]) -> Iterator[TableFinding]:
    seen: dict[tuple[object, ...], int] = {}
    for one in patients:
        key = tuple(one.values.get(name) for name in (*(v.name for v in VARIABLES), *TIMES))
        numbers = sum(isinstance(value, float) for value in key)
        if numbers >= _TELLING and key in seen:
            rule = f"has all values of line {seen[key]}: one patient under two labels?"
            yield TableFinding("warning", "same values", rule, one.line.number)
        seen.setdefault(key, one.line.number)


def missing_columns(patients: Sequence[PatientValues]) -> Iterator[TableFinding]:
    """Columns of the table of which no patient has a value."""
    told = Counter(name for one in patients for name in one.values)
    lacking = [name for name in (*(v.name for v in VARIABLES), *EVENTS) if not told[name]]
    if patients and not any(told[event] for event in EVENTS):
        rule = "no patient has an endpoint: nothing can be trained or judged on this table"
        yield TableFinding("warning", "no endpoint", rule)
    if told["distant_metastasis"] and not told["metastasis_at_presentation"]:
        rule = "metastasis_at_presentation is not in the table: it counts as none for everybody"
        yield TableFinding("warning", "counts as none", rule)
    if patients and lacking:
        yield TableFinding("note", "not in the table", f"no patient has {', '.join(lacking)}")
