"""`sarcoma clinical push`: a table of people becomes the resource CLINICAL of a project."""

import argparse
from collections import Counter
from typing import TYPE_CHECKING

from sarcoma_core.cli.arguments import named_path
from sarcoma_core.cli.places import add_place, archive_or_server
from sarcoma_core.cli.xnat_arguments import Verbs, check_project, connect
from sarcoma_core.errors import OutputError, UsageError
from sarcoma_core.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sarcoma_core.archive.store import Archive
    from sarcoma_core.launch.clinical.fields import FieldResult, FieldWork
    from sarcoma_core.prognosis.clinical.checking import CheckedTable
    from sarcoma_core.prognosis.clinical.how_to_read import HowToRead
    from sarcoma_core.prognosis.clinical.pushing import TablePush
    from sarcoma_core.prognosis.clinical.table import ClinicalTable
    from sarcoma_core.xnat.rest.connection import Connection

_SOME_FAILED = 3


def add(actions: Verbs) -> None:
    """Add the sub-command."""
    from sarcoma_core.cli.clinical_reading import add_reading

    parser = actions.add_parser(
        "push",
        help="put a table into the project; without --write: what that would change",
        description="Check a table as people keep it, and put it into the project as resource CLINICAL "
        "(clinical.csv and clinical.json), where the step cohort reads it. Nothing is written without "
        "--write. No value of a patient is printed. Ends with 1 where the table has errors, and with 3 where "
        "the fields of some subjects could not be written.",
    )
    parser.add_argument("table", type=named_path, metavar="TABLE", help="a CSV or XLSX file")
    add_place(parser)
    add_reading(parser)
    parser.add_argument("--write", action="store_true", help="write it")
    parser.add_argument(
        "--custom-fields",
        action="store_true",
        help="also put each row into the custom fields of its subject (a server of XNAT 1.8.6 or later)",
    )
    parser.add_argument(
        "--replace",
        action="store_true",
        help="also where CLINICAL holds other files, which are deleted; with --custom-fields, empty the "
        "fields that the table lacks",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="name the subjects that are counted")
    parser.set_defaults(run=push)


def check_fields(arguments: argparse.Namespace, how: "HowToRead") -> "CheckedTable":
    """Check what the subjects of a project on a server have as fields.

    Args:
        arguments: with the project, and which server it is.
        how: to read them.

    Raises:
        InputError: they have none that mean columns of the table.
        UsageError: there is no such project, or what the user says does not fit.
        ServerError: the server does not answer.
    """
    from sarcoma_core.launch.clinical.fields import check_fields_of

    with connect(arguments) as connection:
        check_project(connection, arguments.project)
        return check_fields_of(connection, arguments.project, how)


def push(arguments: argparse.Namespace) -> int:
    """Put a table into a project, or say what that would change; 3 where fields could not be put.

    Raises:
        InputError: the table has errors, or is none.
        OutputError: the resource holds other files, or cannot be written.
        UsageError: an argument breaks its rule.
        ServerError: the server refuses, or does not answer.
    """
    from sarcoma_core.archive.store import Archive
    from sarcoma_core.cli.clinical_push_shown import PushReport, show_push
    from sarcoma_core.cli.clinical_reading import read_usable
    from sarcoma_core.launch.clinical.resource import clinical_place
    from sarcoma_core.prognosis.clinical.pushing import plan_push, table_files

    checked = read_usable(arguments)
    table = checked.patients
    with archive_or_server(arguments) as found:
        if arguments.custom_fields and isinstance(found, Archive):
            raise UsageError(
                "--custom-fields: must be left out for an archive folder, which keeps no fields of subjects."
            )
        place = clinical_place(found, arguments.project)
        files, subjects = table_files(table, checked.source_sha256), place.subjects()
        plan = plan_push(table, files, place.held(), subjects)
        _require_room(arguments, plan)
        works = tuple(_works(arguments, found, table, subjects))
        if arguments.write and plan.state != "same":
            place.write(files)
        results = tuple(_put(found, arguments.project, works)) if arguments.write else ()
    counts = Counter(one.severity for one in checked.findings)
    report = PushReport(table.time_zero, plan, works, results, counts)
    show_push(arguments, report)
    return _SOME_FAILED if report.failures else 0


def _works(
    arguments: argparse.Namespace,
    found: "Archive | Connection",
    table: "ClinicalTable",
    subjects: "Sequence[str]",
) -> "Iterator[FieldWork]":
    from sarcoma_core.launch.clinical.fields import field_works
    from sarcoma_core.xnat.rest.connection import Connection

    if arguments.custom_fields and isinstance(found, Connection):
        yield from field_works(found, arguments.project, table, subjects, empty=arguments.replace)


def _put(
    found: "Archive | Connection", project: str, works: "Sequence[FieldWork]"
) -> "Iterator[FieldResult]":
    from sarcoma_core.launch.clinical.fields import put_fields
    from sarcoma_core.xnat.rest.connection import Connection

    if isinstance(found, Connection):
        yield from put_fields(found, project, works)


def _require_room(arguments: argparse.Namespace, plan: "TablePush") -> None:
    from sarcoma_core.cli.clinical_push_shown import command
    from sarcoma_core.prognosis.clinical.table import LABEL

    if plan.state == "other" and not arguments.replace:
        number = counted(len(plan.held), "file")
        raise OutputError(
            f"{LABEL}: must be empty or hold what a push wrote; it holds {number} of somebody else. "
            "Nothing was written.",
            hint=f"Keep what is there, then: {command(arguments, '--replace')}",
        )
