"""Which column of a sheet is which: by the names of the table, by what people call them, or as told.

A heading is compared without its unit, its accents and its marks. A time, a size or a volume whose heading
names no unit is refused: days taken for months are the worst fault that a survival table can have.
"""

import re
import shlex
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from sarcoma_core.errors import UsageError
from sarcoma_core.prognosis.clinical.column_names import (
    COLUMN_NAMES,
    IDENTIFYING,
    KNOWN_AS,
    KNOWN_LATER,
    LIKELY,
    unit_of,
)
from sarcoma_core.prognosis.clinical.endpoints import TimeZero
from sarcoma_core.prognosis.clinical.findings import Remark, TableFinding
from sarcoma_core.prognosis.clinical.how_to_read import HowToRead
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
        dropped: what stands in brackets and was not read; empty where nothing is.
        contradicts: whether the name of the column has one unit and the brackets another.
    """

    place: int
    text: str
    column: str = ""
    unit: str = ""
    dropped: str = ""
    contradicts: bool = False


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


def find_headings(sheet: Sheet, how: HowToRead) -> Headings | None:
    """Find the line with the headings, and what they mean.

    Args:
        sheet: of cells.
        how: what a user says of them.

    Returns:
        None where no line of the first ones names patients and two columns more.

    Raises:
        UsageError: a user's column, heading or unit does not exist.
    """
    for column, unit in how.units.items():
        known = UNITS.get(unit_of(column), {})
        if unit.casefold() not in known:
            raise UsageError(
                f"--unit {column}: must be one of {', '.join(known) or 'no unit'}; found {unit!r}."
            )
    if unknown := sorted(set(how.columns) - set(COLUMN_NAMES)):
        raise UsageError(f"--column: must be one of {', '.join(COLUMN_NAMES)}; found {unknown[0]!r}.")
    for line in sheet.lines[:_FIRST_LINES]:
        named = tuple(_named(line, how.columns))
        found = {one.column for one in named if one.column}
        if SUBJECT in found and len(found) > _FEWEST:
            return _checked(sheet, line, named, how)
    return None


def _named(line: SheetLine, told: Mapping[str, str]) -> Iterator[Heading]:
    """The columns of a line, each with what it means."""
    by_heading = {plain(heading): column for column, heading in told.items()}
    for place in line.filled:
        text = line.cells[place].text
        bare, unit = _without_unit(text)
        column = by_heading.get(plain(text)) or KNOWN_AS.get(plain(text)) or KNOWN_AS.get(plain(bare), "")
        dropped = ""
        if not column and (bracket := _BRACKET.search(text)):
            column, dropped = KNOWN_AS.get(plain(_BRACKET.sub("", text)), ""), bracket[0]
        if column in told and plain(told[column]) != plain(text):
            column = ""  # the user named another one
        scale = factor(unit, unit_of(column)) if unit and unit_of(column) else None
        if plain(text) == plain(column) or scale is None:
            unit = ""
        contradicts = bool(unit) and plain(bare) == plain(column) and scale != 1
        yield Heading(place, text, column, unit, dropped, contradicts)


def _without_unit(text: str) -> tuple[str, str]:
    """A heading and the unit that it names, e.g. `Tumour size` and `mm`."""
    for pattern in (_UNIT, _UNIT_AFTER):
        if (found := pattern.search(text)) and found.start() and _is_unit(found[1]):
            return text[: found.start()] + text[found.end() :], found[1]
    return text, ""


def _is_unit(text: str) -> bool:
    return any(text.casefold() in units for units in UNITS.values())


def _checked(sheet: Sheet, line: SheetLine, named: tuple[Heading, ...], how: HowToRead) -> Headings:
    findings = list(_above(sheet, line))
    read: dict[str, Heading] = {}
    unread: list[Heading] = []
    for one in named:
        if one.place in sheet.hidden:
            rule = "a column that the program does not show; it is read all the same"
            findings.append(TableFinding("warning", "hidden column", rule, line.number, one.text))
        if not one.column:
            unread.append(one)
        elif one.column in read:
            rule = f"must stand once; {read[one.column].text!r} is read as {one.column} too, see --column"
            findings.append(TableFinding("error", "repeated heading", rule, line.number, one.text))
        else:
            told_unit = how.units.get(one.column, one.unit)
            read[one.column] = replace(one, unit=told_unit)
            faults = (*_unit_faults(read[one.column], one.unit), *_bracket_faults(one, how.words))
            findings += [fault.at(line.number, one.text) for fault in faults]
    findings += [_unread(line.number, one, read) for one in unread]
    if missing := sorted(set(how.columns) - set(read)):
        raise UsageError(
            f"--column {missing[0]}: must be a heading of the table; found no {how.columns[missing[0]]!r}."
        )
    zero, mixed = _time_zero(read)
    if mixed:
        rule = "some headings count times from diagnosis and some from surgery: all must count from one"
        findings.append(TableFinding("error", "two times zero", rule, line.number))
    return Headings(line.number, read, tuple(findings), zero)


def _above(sheet: Sheet, line: SheetLine) -> Iterator[TableFinding]:
    for other in sheet.lines:
        if other.number >= line.number:
            return
        if other.filled:
            yield TableFinding("note", "title", "a line above the headings; it is not read", other.number)


def _unread(line: int, heading: Heading, read: Mapping[str, Heading]) -> TableFinding:
    words = plain(_without_unit(heading.text)[0])
    if words in IDENTIFYING:
        rule = "says who a patient is: delete this column before the table goes anywhere; it is not read"
        return TableFinding("warning", "identifying column", rule, line, heading.text)
    if words in KNOWN_LATER:
        rule = "is known after surgery alone, so no prediction may use it; it is not read"
        return TableFinding("note", "known later", rule, line, heading.text)
    likely = next((c for c, marks in LIKELY.items() if c not in read and _holds(words, marks)), "")
    if likely:
        rule = f"is not read; is it {likely}? Then say --column {likely}={shlex.quote(heading.text)}"
        return TableFinding("warning", "column not read", rule, line, heading.text)
    rule = "is no column of the table; see --column"
    return TableFinding("note", "column not read", rule, line, heading.text)


def _holds(words: str, marks: tuple[str, ...]) -> bool:
    return any(f" {mark} " in f" {words} " for mark in marks)


def _unit_faults(heading: Heading, own_unit: str) -> Iterator[Remark]:
    """A number without a unit, or with two.

    Args:
        heading: with the unit that counts.
        own_unit: that the heading itself names.
    """
    own = unit_of(heading.column)
    if heading.contradicts or (own_unit and factor(heading.unit, own) != factor(own_unit, own)):
        yield Remark("error", "two units", f"must have one unit; {heading.column} has two")
    elif own and own != "years" and not heading.unit and plain(heading.text) != plain(heading.column):
        rule = f"must name its unit, e.g. {heading.text} ({own}); or say --unit {heading.column}={own}"
        yield Remark("error", "no unit", rule)


def _bracket_faults(heading: Heading, explained: Collection[str]) -> Iterator[Remark]:
    """Codes that a heading explains, and which are not read; and other words in brackets."""
    if "=" in heading.text and not unit_of(heading.column) and heading.column not in explained:
        rule = (
            f"explains codes, which are not read: say what each means, --word {heading.column}:CODE=MEANING"
        )
        yield Remark("error", "codes in heading", rule)
    elif heading.dropped:
        yield Remark(
            "warning", "words in brackets", f"is read as {heading.column}; the brackets are not read"
        )


def _time_zero(read: Mapping[str, Heading]) -> tuple[TimeZero | None, bool]:
    """What the headings of times count from, and whether they name both."""
    words = {
        word for one in read.values() if unit_of(one.column) == "days" for word in plain(one.text).split()
    }
    named = words & {"diagnosis", "surgery"}
    if named == {"diagnosis"}:
        return "diagnosis", False
    return ("surgery" if named == {"surgery"} else None), len(named) > 1


def no_headings() -> Exception:
    """The error of a file in which no line names the patients."""
    return no_table(
        "have a line of headings in its first lines, with one for the patients (subject) and two columns more"
    )
