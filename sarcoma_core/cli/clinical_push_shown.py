"""What `sarcoma clinical push` tells: what it wrote or would write, and the command that comes next."""

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sarcoma_core.cli.clinical_reading import check_command, pasted, reading_words, table_word
from sarcoma_core.cli.places import place_words
from sarcoma_core.cli.xnat_arguments import note, show
from sarcoma_core.launch.clinical.fields import FieldResult, FieldWork
from sarcoma_core.prognosis.clinical.endpoints import TimeZero
from sarcoma_core.prognosis.clinical.findings import SEVERITIES, Severity
from sarcoma_core.prognosis.clinical.pushing import TablePush
from sarcoma_core.text import counted, printable

_THERE = {"nothing": "nothing", "same": "this table", "earlier": "another table", "other": "other files"}


class PushedFile(NamedTuple):
    """A file of the resource.

    Attributes:
        file: its name.
        bytes: of the new one.
        before: what stood there: nothing, the same, or another one.
    """

    file: str
    bytes: int
    before: str


@dataclass(frozen=True)
class PushReport:
    """What a push wrote, or would write.

    Args:
        time_zero: of the table.
        plan: for the resource.
        works: for the fields of subjects.
        results: what became of them; none where nothing was to be written.
        findings: how many there are in the table of each severity.
    """

    time_zero: TimeZero
    plan: TablePush
    works: tuple[FieldWork, ...]
    results: tuple[FieldResult, ...]
    findings: Mapping[Severity, int]

    @property
    def failures(self) -> Mapping[str, str]:
        """Why subjects failed, by label."""
        return {one.subject: one.failure for one in self.results or self.works if one.failure}

    @property
    def is_there(self) -> bool:
        """Whether there was nothing to do."""
        return self.plan.state == "same" and not self.failures and not any(one.put for one in self.works)


def show_push(arguments: argparse.Namespace, report: PushReport) -> None:
    """Tell what was written, or what would be.

    Args:
        arguments: of the sub-command.
        report: what is to be told.
    """
    if arguments.output == "json" and not arguments.quiet:
        print(json.dumps(_document(arguments, report), indent=1, ensure_ascii=False))
        return
    plan = report.plan
    note(arguments, f"{counted(plan.patients, 'patient')}, times from {report.time_zero}")
    note(arguments, f"columns: {', '.join(plan.columns)}")
    show(arguments, "CLINICAL", _files(plan), ids="file")
    if warnings := report.findings.get("warning", 0):
        note(arguments, f"{counted(warnings, 'warning')}, told by: {check_command(arguments)}")
    for line in (*_resource(plan), *_subjects(arguments, plan), *_fields(arguments, report)):
        note(arguments, line)
    for line in _end(arguments, report):
        note(arguments, line)


def command(arguments: argparse.Namespace, *more: str) -> str:
    """The same command, to be pasted.

    Args:
        arguments: of the sub-command.
        more: words at its end.
    """
    given = {
        "--custom-fields": arguments.custom_fields,
        "--replace": arguments.replace,
        "--write": arguments.write,
    }
    flags = [flag for flag, is_given in given.items() if is_given and flag not in more]
    return pasted(*push_words(arguments), *flags, *more)


def push_words(arguments: argparse.Namespace) -> tuple[str, ...]:
    """The words of a push of the table that the arguments name, read in the same way."""
    where = (*place_words(arguments), *reading_words(arguments))
    return ("sarcoma", "clinical", "push", table_word(arguments.table), *where)


def _files(plan: TablePush) -> tuple[PushedFile, ...]:
    def before(name: str) -> str:
        if plan.held.get(name) is None:
            return "nothing"
        return "the same" if plan.held[name] == plan.files[name] else "another"

    return tuple(PushedFile(name, len(content), before(name)) for name, content in plan.files.items())


def _resource(plan: TablePush) -> Iterator[str]:
    others = f", {counted(len(plan.others), 'file')} of which --replace deletes" if plan.others else ""
    yield f"there before: {_THERE[plan.state]}{others}"


def _subjects(arguments: argparse.Namespace, plan: TablePush) -> Iterator[str]:
    near = f" ({plan.near} but for marks, zeros or case)" if plan.near else ""
    named = "; -v names them" if (plan.strangers or plan.without) and not arguments.verbose else ""
    yield (
        f"{counted(len(plan.strangers), 'patient')} of the table without a subject in the project{near}; "
        f"{counted(len(plan.without), 'subject')} of the project without a row{named}"
    )
    if arguments.verbose:
        yield from (f"  {printable(label)}: without a subject" for label in plan.strangers)
        yield from (f"  {printable(label)}: without a row" for label in plan.without)


def _fields(arguments: argparse.Namespace, report: PushReport) -> Iterator[str]:
    if not arguments.custom_fields:
        return
    changed = [one for one in report.works if one.put]
    values = sum(len(one.put) for one in changed)
    yield f"custom fields: {counted(values, 'value')} of {counted(len(changed), 'subject')} to put"
    if stale := sum(one.stale for one in report.works):
        yield f"{counted(stale, 'field')} that the table lacks, left as they are: --replace empties them"
    for subject, failure in report.failures.items():
        yield f"failed: {printable(subject)}: {printable(failure)}"


def _end(arguments: argparse.Namespace, report: PushReport) -> Iterator[str]:
    """What was done, and the command that comes next."""
    if report.is_there:
        yield "Nothing to do: all of it is there."
    elif not arguments.write:
        yield f"Nothing was written. To write it: {command(arguments, '--write')}"
        return
    elif report.plan.state != "same":
        yield f"written: {' and '.join(report.plan.files)}"
    if put := sum(one.fields > 0 for one in report.results):
        yield f"written: custom fields of {counted(put, 'subject')}"
    if report.failures:
        yield f"{counted(len(report.failures), 'subject')} failed; to go on: {command(arguments, '--write')}"
    else:
        yield f"next: {pasted('sarcoma', 'clinical', 'join', *place_words(arguments))}"


def _document(arguments: argparse.Namespace, report: PushReport) -> Mapping[str, Any]:
    plan, put = report.plan, {one.subject: one.fields for one in report.results}
    return {
        "patients": plan.patients,
        "time_zero": report.time_zero,
        "columns": list(plan.columns),
        "findings": {one: report.findings.get(one, 0) for one in SEVERITIES},
        "files": [one._asdict() for one in _files(plan)],
        "there_before": plan.state,
        "other_files": len(plan.others),
        "no_subject": list(plan.strangers),
        "no_subject_but_near": plan.near,
        "no_row": list(plan.without),
        "custom_fields": [
            {
                "subject": one.subject,
                "to_put": len(one.put),
                "left": one.stale,
                "put": put.get(one.subject, 0),
                "failure": report.failures.get(one.subject, ""),
            }
            for one in report.works
        ],
        "nothing_to_do": report.is_there,
        "written": arguments.write and not report.is_there,
    }
