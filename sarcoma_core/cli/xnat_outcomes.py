"""What became of a run, or would become of one: a table for people, and the commands that try again."""

import argparse
from typing import TYPE_CHECKING, NamedTuple

from sarcoma_core.cli.run import SOME_FAILED
from sarcoma_core.cli.xnat_arguments import again, note, show
from sarcoma_core.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sarcoma_core.launch.bulk.engine import ItemRow
    from sarcoma_core.launch.bulk.ledger import LaunchRun, Ledger
    from sarcoma_core.launch.bulk.preflight import LiveStep, PreflightResult
    from sarcoma_core.xnat.rest.remote import RemoteTarget
    from sarcoma_core.xnat.rest.service import ContainerService

NOTHING_DONE = 1


class BulkLine(NamedTuple):
    """A session's outcome, the step that it is at, and why."""

    session: str
    outcome: str
    step: str
    reason: str


class BulkProgramLine(NamedTuple):
    """The same for programs."""

    session: str
    outcome: str
    step: str
    reason: str
    hint: str
    retry: str


def show_run(arguments: argparse.Namespace, ledger: "Ledger", run: "LaunchRun") -> int:
    """Show what became of a run, then the commands that try again; gives the exit code."""
    from collections import Counter

    from sarcoma_core.launch.bulk.engine import row

    worker, cancelled = ledger.worker(run), ledger.cancel_asked(run)
    outcomes = [(row(run, each, cancelled=cancelled), each.hint) for each in ledger.present(run)]
    if worker:  # who resumes it now is refused
        outcomes = [(r._replace(retry="") if r.outcome == "unfinished" else r, hint) for r, hint in outcomes]
    rows: list[NamedTuple] = []
    for r, hint in outcomes:
        line = BulkLine(r.session, r.outcome, r.step, r.reason)
        rows.append(
            line if arguments.output == "table" else BulkProgramLine(*line, hint, _retry(arguments, r))
        )
    show(arguments, f"Run {run.id}", rows, ids="session")
    counts = Counter(r.outcome for r, _ in outcomes)
    note(arguments, f"run {run.id}: " + ", ".join(f"{n} {word}" for word, n in counts.items()))
    if worker:
        note(arguments, f"being worked on by process {worker} on this machine")
    # A dict: one `resume` is enough for all that is unfinished.
    for retry, hint in dict.fromkeys((_retry(arguments, r), hint) for r, hint in outcomes if r.retry):
        note(arguments, f"retry: {printable(retry)}" + (f"\n first: {printable(hint)}" if hint else ""))
    good = counts["complete"] + counts["already done"]
    if good == len(rows):
        return 0
    return SOME_FAILED if good else NOTHING_DONE


def _retry(arguments: argparse.Namespace, row: "ItemRow") -> str:
    return row.retry and f"{row.retry}{again(arguments)}"


def show_foreseen(
    arguments: argparse.Namespace,
    service: "ContainerService",
    plan: "Sequence[LiveStep]",
    targets: "Sequence[RemoteTarget]",
) -> int:
    """Show what pre-flight says of each object, at the first step that is not done; gives the exit code.

    Raises:
        UsageError: there is none.
    """
    from sarcoma_core.cli.xnat_watch import Foresight
    from sarcoma_core.launch.bulk.engine import check_targets

    check_targets(targets)
    words = {"go": "would be launched"}
    rows = [
        Foresight(target.label, words.get(v.answer, v.answer), step, v.reason)
        for target in targets
        for step, v in (_foresee(service, plan, target, force=arguments.force),)
    ]
    show(arguments, "Dry run: nothing was launched", rows, ids="session")
    launched = sum(row.answer == words["go"] for row in rows)
    note(arguments, f"{launched} of {len(rows)} would be launched")
    return 0 if any(row.answer != "not launched" for row in rows) else NOTHING_DONE


def _foresee(
    service: "ContainerService", plan: "Sequence[LiveStep]", target: "RemoteTarget", *, force: bool
) -> "tuple[str, PreflightResult]":
    """The first step that is not done, and its verdict; those after it read what it has yet to write."""
    from sarcoma_core.launch.bulk.engine import foresee

    for stage in plan:
        [(_, verdict)] = foresee(service, stage, (target,), force=force)
        if verdict.answer != "already done":
            return stage.step.name, verdict
    return "", verdict
