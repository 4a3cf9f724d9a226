"""`sarcoma xnat bulk` and `resume`: a step or a chain on many sessions of a server; killed, it can go on."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from sarcoma_core.chains import CHAINS
from sarcoma_core.cli.arguments import named_path
from sarcoma_core.cli.run import SOME_FAILED
from sarcoma_core.cli.xnat_arguments import Verbs, add_connection, add_dry_run, connect, note, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sarcoma_core.launch.following import Pace
    from sarcoma_core.launch.ledger import Ledger, Run
    from sarcoma_core.xnat.remote import RemoteSession
    from sarcoma_core.xnat.service import ContainerService

NOTHING_DONE = 1
_IN_FLIGHT = 4


def add(verbs: Verbs) -> None:
    """Add the verbs."""
    _add_bulk(verbs)
    _add_resume(verbs)


def _add_bulk(verbs: Verbs) -> None:
    parser: argparse.ArgumentParser = verbs.add_parser(
        "bulk", help="launch a step or a chain on many sessions", description=__doc__
    )
    chains = "; ".join(f"{name} = {', '.join(chain)}" for name, chain in CHAINS.items())
    parser.add_argument("what", metavar="STEP|CHAIN", help=f"a step, or a chain: {chains}")
    parser.add_argument("--project", required=True, metavar="P", help="id of the project")
    parser.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="only sessions with that modality, label, subject, type, date or id; * is any text; repeatable",
    )
    parser.add_argument(
        "--sessions", type=named_path, metavar="FILE", help="only those: a label or accession id a line"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="STEP.PARAM=VALUE", help="e.g. bias-field.shrink=2"
    )
    parser.add_argument(
        "--in-flight", type=_count, default=_IN_FLIGHT, metavar="N", help="sessions at once (default 4)"
    )
    parser.add_argument("--force", action="store_true", help="do again what is already done")
    add_patience(parser)
    add_dry_run(parser)
    add_connection(parser)
    parser.set_defaults(run=_bulk)


def _add_resume(verbs: Verbs) -> None:
    parser: argparse.ArgumentParser = verbs.add_parser(
        "resume", help="go on with a bulk run that was interrupted or killed", description=__doc__
    )
    add_run(parser)
    add_patience(parser)
    add_connection(parser)
    parser.set_defaults(run=_resume)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more; found {text!r}")
    return int(text)


def add_run(parser: argparse.ArgumentParser) -> None:
    """Add which run it is about."""
    parser.add_argument(
        "run_id", nargs="?", type=_count, metavar="RUN", help="its number (default: the last)"
    )


def add_patience(parser: argparse.ArgumentParser) -> None:
    """Add the ledger, and how long to wait for what does not come."""
    add_ledger(parser)
    parser.add_argument(
        "--lost-after", type=float, metavar="SECONDS", help="give up a launch without a workflow (default 60)"
    )
    parser.add_argument(
        "--stuck-after", type=float, metavar="SECONDS", help="give up a status that stands (default 21600)"
    )


def add_ledger(parser: argparse.ArgumentParser) -> None:
    """Add the ledger."""
    parser.add_argument(
        "--ledger", type=named_path, metavar="FILE", help="default: ~/.local/state/sarcoma/ledger.sqlite"
    )


def open_ledger(arguments: argparse.Namespace) -> "Ledger":
    """The ledger that the arguments name, or the default one."""
    from sarcoma_core.launch.ledger import Ledger, default_ledger

    path: Path | None = arguments.ledger
    return Ledger(path or default_ledger())


def pace(arguments: argparse.Namespace) -> "Pace":
    """How patient the arguments ask to be."""
    from sarcoma_core.launch.following import Pace

    asked = {"lost_after": arguments.lost_after, "stuck_after": arguments.stuck_after}
    return Pace(**{name: seconds for name, seconds in asked.items() if seconds is not None})


def _bulk(arguments: argparse.Namespace) -> int:
    from sarcoma_core.launch.bulk import begin, foresee, steps_of
    from sarcoma_core.launch.chain import settings_of
    from sarcoma_core.launch.preflight import stages
    from sarcoma_core.steps import step_named
    from sarcoma_core.xnat.remote import chosen, project_sessions
    from sarcoma_core.xnat.service import ContainerService

    steps = tuple(step_named(name).name for name in steps_of(arguments.what))
    settings = settings_of(steps, arguments.set)
    with connect(arguments) as connection:
        service = ContainerService(connection)
        plan = stages(service, arguments.project, steps, settings)
        sessions = chosen(project_sessions(connection, arguments.project), arguments.where)
        if arguments.sessions:
            sessions = listed(sessions, arguments.sessions)
        if arguments.dry_run:
            return show_foreseen(
                arguments, steps[0], foresee(service, plan[0], sessions, force=arguments.force)
            )
        ledger = open_ledger(arguments)
        run = begin(
            service,
            ledger,
            what=arguments.what,
            project=arguments.project,
            sessions=sessions,
            settings=settings,
            in_flight=arguments.in_flight,
            force=arguments.force,
        )
        return work(arguments, service, ledger, run)


def _resume(arguments: argparse.Namespace) -> int:
    from sarcoma_core.xnat.service import ContainerService

    ledger = open_ledger(arguments)
    run = ledger.run(arguments.run_id)
    with connect(arguments) as connection:
        refuse_other_server(connection.server, run)
        return work(arguments, ContainerService(connection), ledger, run)


def refuse_other_server(server: str, run: "Run") -> None:
    """A run belongs to its server.

    Raises:
        UsageError: this is another one.
    """
    from sarcoma_core.errors import UsageError

    if server != run.server:
        raise UsageError(
            f"--server: must be the server of run {run.id}, {run.server}; found {server}.",
            hint=f"sarcoma xnat resume {run.id} --server {run.server}",
        )


def listed(sessions: "Sequence[RemoteSession]", path: Path) -> "tuple[RemoteSession, ...]":
    """The sessions that a file names, a label or accession id a line; in the file's order, each once.

    Raises:
        UsageError: a line names none of them.
    """
    from sarcoma_core.errors import UsageError

    named = {name: session for session in sessions for name in (session.label, session.id)}
    found: dict[str, RemoteSession] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        name = line.strip()
        if name and name not in named:
            raise UsageError(
                f"--sessions: every line must be a label or id of a session; line {number} is not.",
                hint="A session that --where leaves out counts as none.",
            )
        if name:
            found[named[name].id] = named[name]
    return tuple(found.values())


def work(
    arguments: argparse.Namespace,
    service: "ContainerService",
    ledger: "Ledger",
    run: "Run",
    *,
    wait: bool = True,
) -> int:
    """Work on a run and show what became of it; gives the exit code."""
    from sarcoma_core.cli.xnat_watch import watch
    from sarcoma_core.launch.bulk import Bulk
    from sarcoma_core.launch.journey import Desk
    from sarcoma_core.launch.preflight import stages

    note(arguments, f"run {run.id}: {run.what} on project {run.project}")
    plan = stages(service, run.project, run.steps, run.settings)
    desk = Desk(service, ledger, run, plan, pace(arguments), wait=wait)
    try:
        Bulk(desk, watch(sum(1 for _ in ledger.present(run)), quiet=arguments.quiet)).work()
    except KeyboardInterrupt:
        note(arguments, f"Stopped; what runs on the server goes on. Go on: sarcoma xnat resume {run.id}")
        raise
    return show_run(arguments, ledger, run)


def show_run(arguments: argparse.Namespace, ledger: "Ledger", run: "Run") -> int:
    """Show the table of a run; gives the exit code."""
    from collections import Counter

    from sarcoma_core.launch.bulk import row

    rows = [row(run, present) for present in ledger.present(run)]
    show(arguments, f"Run {run.id}", rows, ids="session")
    counts = Counter(r.outcome for r in rows)
    note(arguments, f"run {run.id}: " + ", ".join(f"{n} {word}" for word, n in counts.items()))
    good = counts["complete"] + counts["already done"]
    if good == len(rows):
        return 0
    return SOME_FAILED if good else NOTHING_DONE


def show_foreseen(arguments: argparse.Namespace, step: str, foreseen: "Foreseen") -> int:
    """Show what pre-flight says; gives the exit code."""
    from sarcoma_core.cli.xnat_watch import Foresight

    words = {"go": "would be launched"}
    rows = [Foresight(s.label, words.get(v.answer, v.answer), step, v.reason) for s, v in foreseen]
    show(arguments, "Dry run: nothing was launched", rows, ids="session")
    note(arguments, f"{sum(v.answer == 'go' for _, v in foreseen)} of {len(rows)} would be launched")
    return 0 if any(v.answer != "not launched" for _, v in foreseen) else NOTHING_DONE


if TYPE_CHECKING:
    from sarcoma_core.launch.preflight import Verdict

    Foreseen = Sequence[tuple[RemoteSession, Verdict]]
