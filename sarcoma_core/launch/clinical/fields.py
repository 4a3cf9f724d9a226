"""The fields of a server's subjects: read as a table, or filled from one, subject by subject."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any, NamedTuple

from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.prognosis.clinical.checking import CheckedTable, check_sheets
from sarcoma_core.prognosis.clinical.field_sheet import FieldSheet, SubjectFields, field_sheet
from sarcoma_core.prognosis.clinical.findings import TableFinding
from sarcoma_core.prognosis.clinical.headings import find_headings
from sarcoma_core.prognosis.clinical.how_to_read import HowToRead
from sarcoma_core.prognosis.clinical.pushing import changed_fields, fields_beyond, row_fields
from sarcoma_core.prognosis.clinical.table import ClinicalTable
from sarcoma_core.text import counted
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.connection import Connection
from sarcoma_core.xnat.rest.custom_fields import NoCustomFieldsError
from sarcoma_core.xnat.rest.subject_fields import (
    custom_fields,
    is_variable_name,
    project_subjects,
    put_custom_fields,
)

_ENDS_ALL = (0, HTTPStatus.UNAUTHORIZED)
"""No answer, or no log-in any more: the next subject would fare no better."""


class FieldWork(NamedTuple):
    """What is to be put into the fields of a subject.

    Attributes:
        subject: its label.
        put: the values that it has not, or has otherwise; None empties a field.
        stale: how many fields it has that the table lacks, and that stay.
        failure: why it could not be asked; empty where it could.
    """

    subject: str
    put: Mapping[str, Any]
    stale: int = 0
    failure: str = ""


class FieldResult(NamedTuple):
    """What became of a subject.

    Attributes:
        subject: its label.
        fields: how many were put.
        failure: why they were not; empty where they were.
    """

    subject: str
    fields: int
    failure: str = ""


def check_fields_of(connection: Connection, project: str, how: HowToRead) -> CheckedTable:
    """Check what a server knows of its subjects, as a file is checked.

    Args:
        connection: to the server.
        project: id of the project.
        how: to read it; a heading of `columns` may be the name of a custom variable, too.

    Raises:
        InputError: the subjects have no fields that mean columns of the table.
        UsageError: what the user says does not fit.
        ServerError: there is no such project, or the server does not answer.
    """
    if how.sheet:
        raise UsageError("--sheet: must be left out for a server, which has no workbook.")
    found = fields_of_project(connection, project, how.columns.values())
    sheet = found.sheet
    if how.time_zero and found.time_zero not in (None, how.time_zero):
        told = f"--time-zero says {how.time_zero}, and the fields say {found.time_zero}"
        sheet = replace(sheet, findings=(*sheet.findings, TableFinding("error", "time zero", told)))
    if find_headings(sheet, how) is None:
        raise InputError(
            f"--project: must have subjects with fields of two columns or more; {project} has "
            f"{counted(len(sheet.lines) - 1, 'subject')} with any.",
            hint="Names of fields are read as headings of a file are; sarcoma clinical push TABLE --project "
            f"{project} --custom-fields fills them.",
        )
    return check_sheets([sheet], replace(how, time_zero=how.time_zero or found.time_zero), found.sha256)


def fields_of_project(connection: Connection, project: str, named: Iterable[str] = ()) -> FieldSheet:
    """What a server knows of the subjects of a project: of one request, and one for each subject.

    Args:
        connection: to the server.
        project: id of the project.
        named: names that may be those of custom variables.

    Raises:
        ServerError: there is no such project, or the server does not answer.
    """
    names = [name for name in dict.fromkeys(named) if is_variable_name(name)]
    listed = project_subjects(connection, project, names)
    findings: list[TableFinding] = []
    fields: dict[str, Mapping[str, Any]] = {}
    shared = 0
    for one in listed:
        try:
            fields[one.label] = custom_fields(connection, project, one.label)
        except NoCustomFieldsError as error:
            findings.append(TableFinding("warning", "no custom fields", error.message))
            break
        except ServerError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            shared += 1
    if shared:
        told = f"{counted(shared, 'subject')} of another project, or not to be seen: no custom fields"
        findings.append(TableFinding("warning", "shared subject", told))
    return field_sheet(
        (
            SubjectFields(
                one.label,
                one.gender,
                one.age,
                one.has_birth,
                {**fields.get(one.label, {}), "custom variables": one.variables},
            )
            for one in listed
        ),
        findings,
    )


def field_works(
    connection: Connection, project: str, table: ClinicalTable, subjects: Iterable[str], *, empty: bool
) -> Iterator[FieldWork]:
    """What is to be put into the fields of each subject that the table has; one request each.

    Args:
        connection: to the server.
        project: id of the project.
        table: the table.
        subjects: labels of the project's subjects.
        empty: whether fields that the table lacks are emptied.

    Raises:
        NoCustomFieldsError: the server is too old for them.
        ServerError: it does not answer.
    """
    there = set(subjects)
    for row in table.rows:
        if row.subject not in there:
            continue
        wanted = row_fields(row, table.time_zero)
        try:
            held = custom_fields(connection, project, row.subject)
        except ServerError as error:
            if isinstance(error, NoCustomFieldsError) or error.status in _ENDS_ALL:
                raise
            yield FieldWork(row.subject, {}, failure=str(error))
            continue
        beyond = fields_beyond(wanted, held)
        put = {**changed_fields(wanted, held), **(beyond if empty else {})}
        yield FieldWork(row.subject, put, 0 if empty else len(beyond))


def put_fields(connection: Connection, project: str, works: Sequence[FieldWork]) -> Iterator[FieldResult]:
    """Put the values; a subject that fails does not stop the others, a server that is gone does."""
    gone = ""
    for work in works:
        if work.failure or not work.put:
            yield FieldResult(work.subject, 0, work.failure)
            continue
        if gone:
            yield FieldResult(work.subject, 0, f"not tried: {gone}")
            continue
        try:
            answered = put_custom_fields(connection, project, work.subject, work.put)
        except ServerError as error:
            gone = error.message if error.status in _ENDS_ALL else ""
            yield FieldResult(work.subject, 0, str(error))
            continue
        kept = all(answered.get(name) == value for name, value in work.put.items())
        failure = "" if kept else "The server must keep what was sent; its answer holds something else."
        yield FieldResult(work.subject, len(work.put) if kept else 0, failure)
