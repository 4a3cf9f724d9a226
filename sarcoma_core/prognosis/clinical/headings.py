"""Which column of a sheet is which: by the names of the table, by what people call them, or as told.

A heading is compared without its unit, its accents and its marks. A time, a size or a volume whose heading
names no unit is refused: days taken for months are the worst fault that a survival table can have.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from sarcoma_core.errors import UsageError
from sarcoma_core.prognosis.clinical.column_names import (
    COLUMN_NAMES,
    IDENTIFYING,
    KNOWN_AS,
    KNOWN_LATER,
    unit_of,
)
from sarcoma_core.prognosis.clinical.endpoints import TimeZero
from sarcoma_core.prognosis.clinical.findings import TableFinding
from sarcoma_core.prognosis.clinical.sheets import Sheet, SheetLine, no_table
from sarcoma_core.prognosis.clinical.table import SUBJECT
from sarcoma_core.prognosis.clinical.units import UNITS, factor
from sarcoma_core.prognosis.clinical.words import plain

_UNIT = re.compile(r"\s*[\[(]\s*(?:in\s+)?([^\])]*?)\s*[\])]")
_UNIT_AFTER = re.compile(r"[\s_,]+(?:in[\s_]+)?([A-Za-z]+\^?[23³]?)\s*$")
_BRACKET = re.compile(r"\s*[\[(].*")
_FIRST_LINES: Final = 25
"""Lines in which the headings are looked for; a title may stand above them."""
_FEWEST: Final = 2
"""Known columns besides the patients', from which a line is one of headings."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A column of the sheet.

    Args:
        place: its number, from 0.
        text: the heading, as the file has it.
        column: which of the table, or of the columns that make one; empty where it is not read.
        unit: of its numbers; empty for that of the table, or where it has none.
    """

    place: int
    text: str
    column: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Headings:
    """The columns of a sheet.

    Args:
        line: that they stand in.
        read: the columns that are read, by name.
        findings: what is odd about them.
        time_zero: what the headings say that times are counted from; None where they do not.
    """

    line: int
    read: Mapping[str, Heading]
    findings: tuple[TableFinding, ...] = field(default=())
    time_zero: TimeZero | None = None


def find_headings(sheet: Sheet, told: Mapping[str, str], units: Mapping[str, str]) -> Headings | None:
    """Find the line with the headings, and what they mean.

    Args:
        sheet: of cells.
        told: by column the heading that a user named for it.
        units: by column the unit that a user named for it.

    Returns:
        None where no line of the first ones names patients and two columns more.

    Raises:
        UsageError: a user's column, heading or unit does not exist.
    """
    for column, unit in units.items():
        known = UNITS.get(unit_of(column), {})
        if unit.casefold() not in known:
            raise UsageError(
                f"--unit {column}: must be one of {', '.join(known) or 'no unit'}; found {unit!r}."
            )
    if unknown := sorted(set(told) - set(COLUMN_NAMES)):
        raise UsageError(f"--column: must be one of {', '.join(COLUMN_NAMES)}; found {unknown[0]!r}.")
    for line in sheet.lines[:_FIRST_LINES]:
        named = tuple(_named(line, told))
        found = {one.column for one in named if one.column}
        if SUBJECT in found and len(found) > _FEWEST:
            return _checked(sheet, line, named, told, units)
    return None


def _named(line: SheetLine, told: Mapping[str, str]) -> Iterator[Heading]:
    """The columns of a line, each with what it means."""
    by_heading = {plain(heading): column for column, heading in told.items()}
    for place in line.filled:
        text = line.cells[place].text
        bare, unit = _without_unit(text)
        named = (KNOWN_AS.get(plain(one), "") for one in (text, bare, _BRACKET.sub("", text)))
        column = by_heading.get(plain(text)) or next(filter(None, named), "")
        if column in told and plain(told[column]) != plain(text):
            column = ""  # the user named another one
        own = unit_of(column)
        is_of_table = plain(text) == plain(column)
        yield Heading(
            place, text, column, "" if is_of_table else (unit if factor(unit, own) else "") if own else ""
        )


def _without_unit(text: str) -> tuple[str, str]:
    """A heading and the unit that it names, e.g. `Tumour size` and `mm`."""
    for pattern in (_UNIT, _UNIT_AFTER):
        if (found := pattern.search(text)) and found.start() and _is_unit(found[1]):
            return text[: found.start()] + text[found.end() :], found[1]
    return text, ""


def _is_unit(text: str) -> bool:
    return any(text.casefold() in units for units in UNITS.values())


def _checked(
    sheet: Sheet,
    line: SheetLine,
    named: tuple[Heading, ...],
    told: Mapping[str, str],
    units: Mapping[str, str],
) -> Headings:
    findings = list(_above(sheet, line))
    read: dict[str, Heading] = {}
    for one in named:
        if one.place in sheet.hidden:
            rule = "a column that the program does not show; it is read all the same"
            findings.append(TableFinding("warning", "hidden column", rule, line.number, one.text))
        if not one.column:
            findings.append(_unread(line.number, one))
        elif one.column in read:
            rule = f"must stand once; {read[one.column].text!r} is read as {one.column} too, see --column"
            findings.append(TableFinding("error", "repeated heading", rule, line.number, one.text))
        else:
            unit = units.get(one.column, one.unit)
            read[one.column] = Heading(one.place, one.text, one.column, unit)
            findings += _unit_faults(line.number, read[one.column])
    if missing := sorted(set(told) - set(read)):
        raise UsageError(
            f"--column {missing[0]}: must be a heading of the table; found no {told[missing[0]]!r}."
        )
    return Headings(line.number, read, tuple(findings), _time_zero(read))


def _above(sheet: Sheet, line: SheetLine) -> Iterator[TableFinding]:
    for other in sheet.lines:
        if other.number >= line.number:
            return
        if other.filled:
            yield TableFinding("note", "title", "a line above the headings; it is not read", other.number)


def _unread(line: int, heading: Heading) -> TableFinding:
    words = plain(_without_unit(heading.text)[0])
    if words in IDENTIFYING:
        rule = "says who a patient is: delete this column before the table goes anywhere; it is not read"
        return TableFinding("warning", "identifying column", rule, line, heading.text)
    if words in KNOWN_LATER:
        rule = "is known after surgery alone, so no prediction may use it; it is not read"
        return TableFinding("note", "known later", rule, line, heading.text)
    return TableFinding(
        "note", "column not read", "is no column of the table; see --column", line, heading.text
    )


def _unit_faults(line: int, heading: Heading) -> Iterator[TableFinding]:
    own = unit_of(heading.column)
    if not own or own == "years" or heading.unit or plain(heading.text) == plain(heading.column):
        return
    rule = f"must name its unit, e.g. {heading.text} ({own}); or say --unit {heading.column}={own}"
    yield TableFinding("error", "no unit", rule, line, heading.text)


def _time_zero(read: Mapping[str, Heading]) -> TimeZero | None:
    words = {
        word for one in read.values() if unit_of(one.column) == "days" for word in plain(one.text).split()
    }
    if "diagnosis" in words and "surgery" not in words:
        return "diagnosis"
    return "surgery" if "surgery" in words and "diagnosis" not in words else None


def no_headings() -> Exception:
    """The error of a file in which no line names the patients."""
    return no_table(
        "have a line of headings in its first lines, with one for the patients (subject) and two columns more"
    )
