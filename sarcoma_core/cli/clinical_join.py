"""`sarcoma clinical join`: which session each row of a clinical table is joined to, before it is frozen."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from sarcoma_core.cli.arguments import named_path
from sarcoma_core.cli.clinical_reading import add_reading, pasted, read_usable
from sarcoma_core.cli.places import add_place, archive_or_server, place_words
from sarcoma_core.cli.readers_shown import show_rows
from sarcoma_core.cli.xnat_arguments import Verbs, note
from sarcoma_core.errors import UsageError
from sarcoma_core.text import counted, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sarcoma_core.archive.holdings import OwnHoldings
    from sarcoma_core.archive.store import Archive
    from sarcoma_core.prognosis.clinical.table import ClinicalTable
    from sarcoma_core.prognosis.join import CohortJoin
    from sarcoma_core.report.flow_diagram import FlowStep, PatientFlow
    from sarcoma_core.xnat.rest.connection import Connection

_LABELS = ("REGISTERED", "NORMALISED", "N4", "NIFTI")
_DEFAULTS: Final[Mapping[str, str | int]] = {
    "label": "NORMALISED",
    "consent": "recorded",
    "days_before": 180,
}
"""As those of the step cohort."""


class JoinShown(NamedTuple):
    """What became of a row of the table, or of a session that no row takes.

    Attributes:
        subject: as the row has it.
        session: that was taken or refused; empty for none.
        key: by which columns it was joined.
        outcome: joined, left out or refused.
        reason: why.
    """

    subject: str
    session: str
    key: str
    outcome: str
    reason: str


class FlowShown(NamedTuple):
    """A step of the flow of patients."""

    patients: str
    n: str
    events: str
    left_out: str


def add(actions: Verbs) -> None:
    """Add the sub-command."""
    parser = actions.add_parser(
        "join",
        help="which session before surgery each row is joined to, and why",
        description="Join a clinical table to the sessions of a project, row by row, with the key and the "
        "reason: what the step cohort would take. Then the flow of patients, and whether there are events "
        "enough. Nothing is written. Ends with 1 where a row is refused: it is ambiguous, or contradicts "
        "what else is known. A server is asked for dates, labels and genders; headers and masks are looked "
        "into in an archive folder, and by the step itself.",
        conflict_handler="resolve",
    )
    parser.add_argument(
        "table",
        nargs="?",
        type=named_path,
        metavar="TABLE",
        help="a table as people keep it (default: the resource CLINICAL of the project)",
    )
    add_place(parser)
    add_reading(parser)
    parser.add_argument("--label", choices=_LABELS, help="as cohort's (NORMALISED)")
    parser.add_argument("--consent", choices=("recorded", "required"), help="as cohort's")
    parser.add_argument(
        "--days-before", type=int, metavar="N", help="of a session before surgery (default: 180)"
    )
    parser.add_argument(
        "--variables",
        type=int,
        metavar="N",
        help="how many a model would use (default: all that are known before surgery)",
    )
    parser.add_argument(
        "-o",
        "--output",
        choices=("table", "json", "csv"),
        default="table",
        help="table for people, json for programs, csv for spreadsheets",
    )
    parser.set_defaults(run=join, **_DEFAULTS)


def join(arguments: argparse.Namespace) -> int:
    """Show what each row is joined to.

    Raises:
        UsageError: there is no table, or an argument breaks its rule.
        InputError: the table or a list of the project cannot be used.
        ServerError: the server does not answer.
    """
    from sarcoma_core.archive.store import Archive
    from sarcoma_core.prognosis.clinical.variables import known_by
    from sarcoma_core.prognosis.enough import event_warnings
    from sarcoma_core.prognosis.flow import flow

    with archive_or_server(arguments) as place:
        on_disk = isinstance(place, Archive)
        found, strangers = (
            _in_archive(place, arguments) if isinstance(place, Archive) else _on_server(place, arguments)
        )
    told = flow(found.rows)
    variables = arguments.variables
    warnings = (
        *filter(None, (strangers,)),
        *found.hints,
        *event_warnings(told, variables=len(known_by("before surgery")) if variables is None else variables),
    )
    _show(arguments, found, told, warnings)
    if not on_disk:
        note(arguments, "Sex and age in headers, and volumes of masks, are compared when cohort runs.")
    refused = any(row.outcome == "refused" for row in found.rows)
    if refused:
        note(arguments, "Correct what is refused, or go on without these patients.")
    for begins, command in zip(("next", "then"), _next(arguments, on_disk=on_disk), strict=False):
        note(arguments, f"{begins}: {command}")
    return 1 if refused else 0


def _next(arguments: argparse.Namespace, *, on_disk: bool) -> "Iterator[str]":
    """The push of a table that was named, and the cohort with the same options."""
    from sarcoma_core.cli.clinical_push_shown import push_words

    if arguments.table is not None:
        yield pasted(*push_words(arguments), "--write")
    verb, of = (("run", "cohort"), "cohort.") if on_disk else (("xnat", "launch", "cohort"), "")
    named = {name: getattr(arguments, name) for name in _DEFAULTS}
    options = (f"--set={of}{name}={value}" for name, value in named.items() if value != _DEFAULTS[name])
    yield pasted("sarcoma", *verb, *place_words(arguments), *options)


def _in_archive(archive: "Archive", arguments: argparse.Namespace) -> "tuple[CohortJoin, str]":
    """The join, and what lines of the lists name nobody."""
    from sarcoma_core.archive.register import ArchiveRegister
    from sarcoma_core.prognosis.join import JoinedRow, JoinRules
    from sarcoma_core.prognosis.project_join import freeze_join, join_project
    from sarcoma_core.steps.cohort import cohort_rules

    register = ArchiveRegister(archive, arguments.project)
    table = _table(register.own, arguments)
    rules = cohort_rules(register.own, arguments.label, needs_consent=arguments.consent == "required")
    paths = ((one.label, one.path) for one in archive.sessions(arguments.project))
    folders = {label: path for label, path in paths if path.is_dir()}
    found = join_project(table, register, folders, JoinRules(rules, arguments.days_before))
    settled = (one for one, _ in freeze_join(found, register, folders, rules))
    rows = tuple(one for one in settled if isinstance(one, JoinedRow))
    return replace(found, rows=rows), rules.strangers(register.sessions())


def _on_server(connection: "Connection", arguments: argparse.Namespace) -> "tuple[CohortJoin, str]":
    """The join, and what lines of the lists name nobody."""
    from sarcoma_core.prognosis.join import JoinRules
    from sarcoma_core.prognosis.project_join import join_project
    from sarcoma_core.steps.cohort import cohort_rules
    from sarcoma_core.xnat.rest.holdings import RemoteHoldings
    from sarcoma_core.xnat.rest.register import RemoteRegister
    from sarcoma_core.xnat.rest.remote import project_sessions

    register = RemoteRegister(connection, arguments.project)
    table = _table(register.own, arguments)
    rules = cohort_rules(register.own, arguments.label, needs_consent=arguments.consent == "required")
    wanted = {row.subject for row in table.rows}
    holders = set()
    for one in project_sessions(connection, arguments.project):
        if one.subject in wanted:
            held = RemoteHoldings(connection, one.id)
            if any(arguments.label in labels for labels in (held.labels(), *held.scan_labels().values())):
                holders.add(one.label)
    found = join_project(
        table, register, {}, JoinRules(rules, arguments.days_before), is_labelled=holders.__contains__
    )
    lacks = f"has no {arguments.label}"
    rows = (
        row.unusable(lacks) if row.outcome == "joined" and row.session not in holders else row
        for row in found.rows
    )
    return replace(found, rows=tuple(rows)), rules.strangers(register.sessions())


def _table(own: "OwnHoldings", arguments: argparse.Namespace) -> "ClinicalTable":
    from sarcoma_core.prognosis.clinical.table import LABEL
    from sarcoma_core.prognosis.project_join import read_table

    if arguments.table is not None:
        return read_usable(arguments).patients
    if LABEL not in own.labels():
        raise UsageError(
            f"TABLE: must be named where the project has no resource {LABEL}; it has none.",
            hint=f"sarcoma clinical join TABLE --project {arguments.project}, or put it there first: "
            f"sarcoma clinical push TABLE --project {arguments.project} --write",
        )
    return read_table(lambda name: own.content(LABEL, name))


def _show(
    arguments: argparse.Namespace, found: "CohortJoin", told: "PatientFlow", warnings: tuple[str, ...]
) -> None:
    from sarcoma_core.cli import screen
    from sarcoma_core.prognosis.flow import flow_tree

    rows = tuple(_rows(found))
    if arguments.output == "json" and not arguments.quiet:
        tree = {
            "join": [row._asdict() for row in rows],
            "flow": flow_tree(told),
            "warnings": list(warnings),
        }
        print(json.dumps(tree, indent=1, ensure_ascii=False))
        return
    if arguments.quiet:
        rows = tuple(row for row in rows if row.outcome == "joined")
    patients = {row.subject for row in found.rows}
    shown = rows if arguments.output == "csv" else tuple(row for row in rows if row.subject in patients)
    show_rows(arguments, "Join", JoinShown._fields, shown, ids="session")
    if len(shown) < len(rows):
        note(
            arguments,
            f"{counted(len(rows) - len(shown), 'session')} of subjects without a row: -o csv names them",
        )
    outcomes = Counter(row.outcome for row in found.rows)
    note(arguments, ", ".join(f"{outcomes[one]} {one}" for one in ("joined", "left out", "refused")))
    if arguments.output == "table" and not arguments.quiet:
        steps = (*told.steps, *told.endpoints)
        screen.table("Flow of patients", FlowShown._fields, [_flow_row(step) for step in steps])
    for warning in warnings:
        print(f"warning: {printable(warning)}", file=sys.stderr)


def _rows(found: "CohortJoin") -> "Iterator[JoinShown]":
    from sarcoma_core.prognosis.join import JoinedRow

    for one in found.in_order():
        if isinstance(one, JoinedRow):
            yield JoinShown(one.subject, one.session, one.key, one.outcome, one.told)
        else:
            yield JoinShown(one.subject, one.session, "", "left out", one.reason)


def _flow_row(step: "FlowStep") -> FlowShown:
    left_out = "; ".join(f"{number} {why}" for why, number in step.left_out)
    return FlowShown(step.name, str(step.n), "" if step.events is None else str(step.events), left_out)
