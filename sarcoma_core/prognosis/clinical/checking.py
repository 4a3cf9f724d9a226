"""Check a table of people: read every cell, tell all that is odd, and make the clinical table of it."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sarcoma_core.errors import UsageError
from sarcoma_core.prognosis.clinical import gdc
from sarcoma_core.prognosis.clinical.column_checks import check_columns, missing_columns
from sarcoma_core.prognosis.clinical.column_names import EVENT_DATES, FIRST_EVENT, unit_of
from sarcoma_core.prognosis.clinical.consistency import check_patient
from sarcoma_core.prognosis.clinical.endpoints import TimeZero
from sarcoma_core.prognosis.clinical.files import read_content, read_sheets
from sarcoma_core.prognosis.clinical.findings import TableFinding, has_errors, in_order
from sarcoma_core.prognosis.clinical.headings import Headings, find_headings, no_headings
from sarcoma_core.prognosis.clinical.how_to_read import HowToRead, Words
from sarcoma_core.prognosis.clinical.levels import EVENT
from sarcoma_core.prognosis.clinical.patient_reading import read_patient
from sarcoma_core.prognosis.clinical.patient_values import EVENTS
from sarcoma_core.prognosis.clinical.patients import PatientLine, find_patients
from sarcoma_core.prognosis.clinical.sheets import Sheet
from sarcoma_core.prognosis.clinical.table import ClinicalTable
from sarcoma_core.prognosis.clinical.variables import BY_NAME, Levels
from sarcoma_core.prognosis.clinical.words import plain


@dataclass(frozen=True)
class CheckedTable:
    """A table that was checked.

    Args:
        patients: what was read, also where there are errors.
        findings: everything that is odd, errors first.
        source_sha256: of what it was read from.
        columns: heading, column and unit of each that was read.
    """

    patients: ClinicalTable
    findings: tuple[TableFinding, ...]
    source_sha256: str
    columns: tuple[tuple[str, str, str], ...] = ()

    @property
    def table(self) -> ClinicalTable | None:
        """The table; None where an error is to be mended before."""
        return None if has_errors(self.findings) else self.patients


def check_file(path: Path, how: HowToRead | None = None) -> CheckedTable:
    """Check a file.

    Args:
        path: CSV or XLSX.
        how: to read it.

    Raises:
        InputError: it is no table at all.
        UsageError: what the user says about it does not fit.
    """
    content, wanted = read_content(path), how or HowToRead()
    return check_sheets(read_sheets(content, wanted.sheet), wanted, hashlib.sha256(content).hexdigest())


def check_sheets(sheets: Sequence[Sheet], how: HowToRead, source_sha256: str) -> CheckedTable:
    """Check the sheet that has the patients; that others are there is told.

    Args:
        sheets: of a file or a server.
        how: to read them.
        source_sha256: of what they were read from.

    Raises:
        InputError: none has patients.
        UsageError: what the user says about them does not fit.
    """
    shown = [sheet for sheet in sheets if sheet.visible or how.sheet]
    for sheet in shown:
        if gdc.is_gdc(sheet):
            lines, findings = gdc.gather(sheet), [*sheet.findings, gdc.TOLD]
            return _check(lines, findings, how, how.time_zero or "diagnosis", source_sha256)
        headings = find_headings(sheet, how)
        if headings is not None:
            lines, left = find_patients(sheet, headings)
            findings = [*sheet.findings, *headings.findings, *left, *_other_sheets(sheet, sheets)]
            findings += _time_zero(headings, how)
            zero = how.time_zero or headings.time_zero or "surgery"
            return _check(
                lines,
                findings,
                how,
                zero,
                source_sha256,
                headings=headings,
                counts_from_1904=sheet.counts_from_1904,
            )
    raise no_headings()


def _check(
    lines: Sequence[PatientLine],
    findings: list[TableFinding],
    how: HowToRead,
    time_zero: TimeZero,
    source_sha256: str,
    *,
    headings: Headings | None = None,
    counts_from_1904: bool = False,
) -> CheckedTable:
    words = _own_words(how.words)
    patients = [read_patient(line, words, how.today) for line in lines]
    for one in patients:
        check_patient(one)
    found = [*findings, *(finding for one in patients for finding in one.findings)]
    if counts_from_1904:
        found = [_of_1904(one) for one in found]
    found += check_columns(patients, headings)
    found += missing_columns(patients)
    if not patients:
        found.append(TableFinding("error", "no patient", "must hold a patient; no line is one"))
    table = ClinicalTable(tuple(one.row() for one in patients), time_zero)
    read = headings.read.values() if headings else lines[0].headings.values() if lines else ()
    columns = tuple((one.text, one.column, one.unit or unit_of(one.column)) for one in read)
    return CheckedTable(table, in_order(found), source_sha256, columns)


def _of_1904(one: TableFinding) -> TableFinding:
    """A number that stands for a date is another day where the workbook counts from 1904."""
    if one.kind != "date as number":
        return one
    rule = "must be a date; it is a number, and this workbook counts days from 1904: format it as a date"
    return replace(one, severity="error", message=rule)


def _other_sheets(read: Sheet, sheets: Sequence[Sheet]) -> Iterator[TableFinding]:
    """Sheets that are not read; their names may be those of patients."""
    for number, other in enumerate(sheets, 1):
        if other is read:
            continue
        if not other.visible:
            rule = f"sheet {number}, which the program does not show, is not read; --sheet names one"
            yield TableFinding("warning", "hidden sheet", rule)
        elif find_headings(other, HowToRead()) is not None:
            rule = f"sheet {number} has patients, too: say which to read, --sheet NAME"
            yield TableFinding("error", "several sheets", rule)
        else:
            yield TableFinding("note", "sheet not read", f"sheet {number} is not read; --sheet names one")


def _time_zero(headings: Headings, how: HowToRead) -> Iterator[TableFinding]:
    if headings.time_zero is None and how.time_zero is None:
        told = "no heading says what times are counted from: taken as surgery; --time-zero says another"
        yield TableFinding("note", "time zero", told, headings.line)
    elif headings.time_zero and how.time_zero not in (None, headings.time_zero):
        told = f"--time-zero says {how.time_zero}, and headings say {headings.time_zero}"
        yield TableFinding("error", "time zero", told, headings.line)
    elif headings.time_zero == "diagnosis":
        told = "times are counted from diagnosis, and a model from surgery would be another one"
        yield TableFinding("warning", "time zero", told, headings.line)
    zero = how.time_zero or headings.time_zero
    if zero == "diagnosis" and (dated := [headings.read[c] for c in EVENT_DATES if c in headings.read]):
        told = "is counted from the date of surgery, and times are said to be from diagnosis"
        yield TableFinding("error", "two times zero", told, headings.line, dated[0].text)
    if FIRST_EVENT in headings.read:
        told = "tells the first event alone: after it, the other kind counts as censored"
        yield TableFinding("warning", "first event", told, headings.line, headings.read[FIRST_EVENT].text)


def _own_words(words: Words) -> Words:
    """The user's words in plain letters.

    Raises:
        UsageError: a column has no words, or a meaning is none of them.
    """
    found = {}
    for column, meanings in words.items():
        variable = BY_NAME.get(column)
        kind = EVENT if column in EVENTS else variable.kind if variable else None
        if not isinstance(kind, Levels):
            raise UsageError(f"--word: must name a column of words; found {column!r}.")
        for meaning in meanings.values():
            if meaning not in kind.words:
                raise UsageError(
                    f"--word {column}: must mean one of {', '.join(kind.words)}; found {meaning!r}."
                )
        found[column] = {plain(word): meaning for word, meaning in meanings.items()}
    return found
