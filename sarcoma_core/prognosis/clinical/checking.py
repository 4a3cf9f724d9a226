"""Check a table of people: read every cell, tell all that is odd, and make the clinical table of it."""

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sarcoma_core.errors import UsageError
from sarcoma_core.prognosis.clinical import gdc
from sarcoma_core.prognosis.clinical.column_checks import check_columns, missing_columns
from sarcoma_core.prognosis.clinical.column_names import FIRST_EVENT
from sarcoma_core.prognosis.clinical.consistency import check_patient
from sarcoma_core.prognosis.clinical.endpoints import TimeZero
from sarcoma_core.prognosis.clinical.files import read_content, read_sheets
from sarcoma_core.prognosis.clinical.findings import TableFinding, has_errors, in_order
from sarcoma_core.prognosis.clinical.headings import Headings, find_headings, no_headings
from sarcoma_core.prognosis.clinical.levels import EVENT
from sarcoma_core.prognosis.clinical.patient_values import EVENTS, Words, read_patient
from sarcoma_core.prognosis.clinical.patients import PatientLine, find_patients
from sarcoma_core.prognosis.clinical.sheets import Sheet
from sarcoma_core.prognosis.clinical.table import ClinicalTable
from sarcoma_core.prognosis.clinical.variables import BY_NAME, Levels
from sarcoma_core.prognosis.clinical.words import plain


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


@dataclass(frozen=True)
class HowToRead:
    """What a user says about a table.

    Args:
        sheet: of a workbook, the one with the patients; empty for the first that has any.
        columns: by column of the table the heading that it has.
        units: by column of the table the unit of its numbers.
        words: by column of the table the user's own words, and what they mean.
        time_zero: what times are counted from; None for what the headings say, else surgery.
        today: no date lies after it.
    """

    sheet: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    words: Words = field(default_factory=dict)
    time_zero: TimeZero | None = None
    today: dt.date = field(default_factory=_today)


@dataclass(frozen=True)
class CheckedTable:
    """A table that was checked.

    Args:
        patients: what was read, also where there are errors.
        findings: everything that is odd, errors first.
        source_sha256: of what it was read from.
    """

    patients: ClinicalTable
    findings: tuple[TableFinding, ...]
    source_sha256: str

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
    for sheet in sheets:
        if gdc.is_gdc(sheet):
            lines, findings = gdc.gather(sheet), [*sheet.findings, gdc.TOLD]
            return _check(lines, findings, how, how.time_zero or "diagnosis", source_sha256)
        headings = find_headings(sheet, how.columns, how.units)
        if headings is not None:
            lines, left = find_patients(sheet, headings)
            findings = [*sheet.findings, *headings.findings, *left, *_other_sheets(sheet, sheets)]
            findings += _time_zero(headings, how)
            zero = how.time_zero or headings.time_zero or "surgery"
            return _check(lines, findings, how, zero, source_sha256, headings=headings)
    raise no_headings()


def _check(
    lines: Sequence[PatientLine],
    findings: list[TableFinding],
    how: HowToRead,
    time_zero: TimeZero,
    source_sha256: str,
    *,
    headings: Headings | None = None,
) -> CheckedTable:
    words = _own_words(how.words)
    patients = [read_patient(line, words, how.today) for line in lines]
    for one in patients:
        check_patient(one)
    found = [*findings, *(finding for one in patients for finding in one.findings)]
    found += check_columns(patients, headings)
    found += missing_columns(patients)
    if not patients:
        found.append(TableFinding("error", "no patient", "must hold a patient; no line is one"))
    table = ClinicalTable(tuple(one.row() for one in patients), time_zero)
    return CheckedTable(table, in_order(found), source_sha256)


def _other_sheets(read: Sheet, sheets: Sequence[Sheet]) -> Iterator[TableFinding]:
    for other in sheets:
        if other is not read:
            told = (
                f"the sheet {other.name!r} is not read: {read.name!r} has the patients; --sheet names another"
            )
            yield TableFinding("note", "sheet not read", told)


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
