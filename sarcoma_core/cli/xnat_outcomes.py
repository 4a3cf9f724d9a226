"""What became of a run, or would become of one: a table for people, and the commands that try again."""

import argparse
from typing import TYPE_CHECKING, NamedTuple

from sarcoma_core.cli.run import SOME_FAILED
from sarcoma_core.cli.xnat_arguments import again, note, show
from sarcoma_core.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sarcoma_core.launch.bulk.engine import ItemRow
    from sarcoma_core.launch.bulk.ledger import ItemState, LaunchRun, Ledger
    from sarcoma_core.launch.bulk.preflight import LiveStep
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
    from collections import Counter, defaultdict

    from sarcoma_core.launch.bulk.engine import row

    worker, cancelled = ledger.worker(run), ledger.cancel_asked(run)
    left: dict[int, list[ItemState]] = defaultdict(list)
    for one in ledger.passed_by(run):
        left[one.item].append(one)
    outcomes = [
        (row(run, each, cancelled=cancelled, passed_by=left[each.item]), each.hint)
        for each in ledger.present(run)
    ]
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
    for told in _passed_by([one for held in left.values() for one in held]):
        note(arguments, told)
    good = counts["complete"] + counts["already done"]
    if good == len(rows):
        return 0
    return SOME_FAILED if good else NOTHING_DONE


def _passed_by(left: "Sequence[ItemState]") -> "Iterator[str]":
    """What was passed by, and what to do so that it runs: once for each step."""
    from collections import Counter

    from sarcoma_core.cli.screen import passed_by_line

    for (step, hint), number in Counter((one.step, one.hint) for one in left if one.hint).items():
        yield passed_by_line(step, hint, number)


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
    from sarcoma_core.launch.bulk.engine import check_targets, foresee

    check_targets(targets)
    words = {"go": "would be launched"}
    rows = [
        Foresight(
            target.label,
            words.get(one.verdict.answer, one.verdict.answer),
            one.step,
            "; ".join(filter(None, (*one.passed_by, one.verdict.reason))),
        )
        for target in targets
        for one in (foresee(service, plan, target, force=arguments.force),)
    ]
    show(arguments, "Dry run: nothing was launched", rows, ids="session")
    launched = sum(row.answer == words["go"] for row in rows)
    note(arguments, f"{launched} of {len(rows)} would be launched")
    return 0 if any(row.answer != "not launched" for row in rows) else NOTHING_DONE
