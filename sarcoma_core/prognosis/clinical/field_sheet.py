"""The fields of a server's subjects as a sheet, so that they are checked as a file is.

One line for each subject that has any, by label; a heading is the name of a field. Gender and age of the
subject itself count where no field of its own is called so.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, get_args

from sarcoma_core.archive.folder import natural
from sarcoma_core.prognosis.clinical.column_names import KNOWN_AS
from sarcoma_core.prognosis.clinical.endpoints import TimeZero
from sarcoma_core.prognosis.clinical.findings import Severity, TableFinding
from sarcoma_core.prognosis.clinical.levels import read_level
from sarcoma_core.prognosis.clinical.sheets import BLANK, Cell, Sheet, SheetLine, text_cell
from sarcoma_core.prognosis.clinical.table import SUBJECT
from sarcoma_core.prognosis.clinical.variables import BY_NAME, Levels
from sarcoma_core.prognosis.clinical.words import plain
from sarcoma_core.text import counted

TIME_ZERO_FIELD: Final = "time_zero"
"""The field that says what a subject's times are counted from."""
GENDER, AGE = "gender", "age"
"""Headings of what a subject has without any field of its own."""
_NATIVE: Final[Mapping[str, str]] = {GENDER: "sex", AGE: "age_years"}
_HEAD: Final = 1

FieldPath = tuple[str, ...]
"""Names that lead to a field: that of a form, and its own."""


@dataclass(frozen=True)
class SubjectFields:
    """What a server knows of a subject.

    Args:
        label: its label.
        gender: of the subject itself; empty where it is not told.
        age: likewise, in years.
        has_birth: whether it tells a date or a year of birth.
        fields: values by name; those of a form below its id.
    """

    label: str
    gender: str = ""
    age: str = ""
    has_birth: bool = False
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class FieldSheet:
    """The fields of all subjects.

    Args:
        sheet: as a file would hold them.
        time_zero: what the fields say that times are counted from; None where they do not.
        sha256: of all that stands in the sheet.
    """

    sheet: Sheet
    time_zero: TimeZero | None
    sha256: str


def field_sheet(subjects: Iterable[SubjectFields], findings: Sequence[TableFinding] = ()) -> FieldSheet:
    """Lay out what a server knows.

    Args:
        subjects: of a project.
        findings: what was odd while it was asked for.
    """
    ordered = sorted(subjects, key=lambda one: natural(one.label))
    held = [dict(_flat(one.fields)) for one in ordered]
    columns = [path for path in dict.fromkeys(path for one in held for path in one) if _is_data(path)]
    own_columns = len(columns)
    columns += [(name,) for name, column in _NATIVE.items() if not _meaning(columns, column)]
    rows = [_row(subject, own, columns, own_columns) for subject, own in zip(ordered, held, strict=True)]
    places = [place for place in range(len(columns)) if any(not row[place].blank for row in rows)]
    kept = [
        (subject.label, [row[place] for place in places])
        for subject, row in zip(ordered, rows, strict=True)
        if any(not row[place].blank for place in places)
    ]
    lines = [SheetLine(_HEAD, (text_cell(SUBJECT), *(text_cell(columns[place][-1]) for place in places)))]
    lines += [
        SheetLine(number, (text_cell(label), *cells)) for number, (label, cells) in enumerate(kept, _HEAD + 1)
    ]
    zeros = {str(zero) for one in held for path, zero in one.items() if path[-1] == TIME_ZERO_FIELD}
    told = [*findings, *_odd(ordered, held, len(ordered) - len(kept)), *_two_zeros(zeros)]
    told += _contradictions({line.cells[0].text: line.number for line in lines}, ordered, held)
    sheet = Sheet(tuple(lines), holds_notes=False, findings=tuple(told))
    return FieldSheet(sheet, _zero(zeros), _sha256(sheet))


def _flat(fields: Mapping[str, Any], above: FieldPath = ()) -> Iterator[tuple[FieldPath, Any]]:
    """Each value with the names that lead to it."""
    for name, value in fields.items():
        if isinstance(value, Mapping):
            yield from _flat(value, (*above, name))
        elif value is not None:
            yield (*above, name), value


def _is_data(path: FieldPath) -> bool:
    """Whether a field is a column: the label is the server's own, and time zero is one for all."""
    return path[-1] != TIME_ZERO_FIELD and KNOWN_AS.get(plain(path[-1])) != SUBJECT


def _meaning(columns: Iterable[FieldPath], variable: str) -> list[FieldPath]:
    return [path for path in columns if KNOWN_AS.get(plain(path[-1])) == variable]


def _row(
    subject: SubjectFields, own: Mapping[FieldPath, Any], columns: Sequence[FieldPath], own_columns: int
) -> list[Cell]:
    """The cells of a subject; those behind its own fields are of the subject itself."""
    native = {GENDER: subject.gender, AGE: subject.age}
    cells = [_cell(own.get(path)) for path in columns[:own_columns]]
    cells += [text_cell(native[path[-1]]) for path in columns[own_columns:]]
    for path in _meaning(columns, "sex")[:1]:  # a field for some, and the gender of the others
        place = columns.index(path)
        if cells[place].blank:
            cells[place] = text_cell(subject.gender)
    return cells


def _cell(value: object) -> Cell:
    if isinstance(value, str):
        return text_cell(value)
    if isinstance(value, bool):
        return Cell(value)
    if isinstance(value, int | float):
        try:
            return Cell(float(value))
        except OverflowError:
            return Cell(None, "a number that is far too large")
    return Cell(None, "several values") if value else BLANK


def _odd(
    subjects: Sequence[SubjectFields], held: Sequence[Mapping[FieldPath, Any]], empty: int
) -> Iterator[TableFinding]:
    if empty:
        yield _of_all("note", "no fields", f"{counted(empty, 'subject')} without any field: left out")
    if births := sum(one.has_birth for one in subjects):
        rule = "with a date or year of birth on the server; it is not read"
        yield _of_all("note", "date of birth", f"{counted(births, 'subject')} {rule}")
    labels = Counter(path[-1] for one in held for path in one if KNOWN_AS.get(plain(path[-1])) == SUBJECT)
    for name, number in labels.items():
        told = f"a label for {counted(number, 'subject')}; it is not read: the subject's own label counts"
        yield _of_all("note", "second label", told, name)
    if any(one.age for one in subjects) and not _meaning((p for one in held for p in one), "age_years"):
        told = "the age of the subject itself: at which date the server does not say"
        yield _of_all("warning", "age of the server", told, AGE)


def _contradictions(
    lines: Mapping[str, int], subjects: Sequence[SubjectFields], held: Sequence[Mapping[FieldPath, Any]]
) -> Iterator[TableFinding]:
    """Subjects whose gender and whose field for it differ."""
    kind = BY_NAME["sex"].kind
    assert isinstance(kind, Levels)  # noqa: S101  it is declared so
    for subject, own in zip(subjects, held, strict=True):
        native = read_level(text_cell(subject.gender), kind).value
        for path in _meaning(own, "sex"):
            value = read_level(_cell(own[path]), kind).value
            if native and value and native != value:
                rule = "must be the gender of the subject itself; the server has another one there"
                yield TableFinding("error", "two genders", rule, lines.get(subject.label, 0), path[-1])


def _two_zeros(zeros: set[str]) -> Iterator[TableFinding]:
    if zeros and _zero(zeros) is None:
        rule = f"must be one of {', '.join(get_args(TimeZero))}, the same for all subjects"
        yield _of_all("error", "time zero", rule, TIME_ZERO_FIELD)


def _zero(zeros: set[str]) -> TimeZero | None:
    known: tuple[TimeZero, ...] = get_args(TimeZero)
    return next((zero for zero in known if zeros == {zero}), None)


def _of_all(severity: Severity, kind: str, message: str, column: str = "") -> TableFinding:
    return TableFinding(severity, kind, message, 0, column)


def _sha256(sheet: Sheet) -> str:
    texts = [[cell.text for cell in line.cells] for line in sheet.lines]
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()
