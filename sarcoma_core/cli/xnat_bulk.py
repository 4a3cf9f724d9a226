"""`sarcoma xnat bulk` and `resume`: steps on many objects of a server; killed, it can go on."""

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sarcoma_core.chains import CHAINS, steps_of
from sarcoma_core.cli.arguments import add_asset, named_path
from sarcoma_core.cli.xnat_arguments import (
    Verbs,
    add_connection,
    add_dry_run,
    again,
    check_project,
    connect,
    note,
)
from sarcoma_core.cli.xnat_outcomes import show_foreseen, show_run
from sarcoma_core.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sarcoma_core.interface import Level
    from sarcoma_core.launch.assets import AssetNames
    from sarcoma_core.launch.bulk.following import Pace
    from sarcoma_core.launch.bulk.ledger import LaunchRun, Ledger
    from sarcoma_core.launch.bulk.preflight import LiveStep
    from sarcoma_core.launch.step_settings import StepSettings
    from sarcoma_core.xnat.rest.connection import Connection
    from sarcoma_core.xnat.rest.remote import RemoteSession, RemoteTarget
    from sarcoma_core.xnat.rest.service import ContainerService

_IN_FLIGHT = 4
_EXIT_CODES = "Exit codes: 0 all complete, 1 nothing was done, 2 wrong usage, 3 some failed."


def add(verbs: Verbs) -> None:
    """Add the verbs."""
    _add_bulk(verbs)
    _add_resume(verbs)


def _add_bulk(verbs: Verbs) -> None:
    parser: argparse.ArgumentParser = verbs.add_parser(
        "bulk",
        help="launch a step or a chain on many sessions",
        description="Launch a step or a chain on many sessions of a project, or a step on the project. "
        "What is done is skipped; the same command again goes on, and retries what failed.",
        epilog=_EXIT_CODES,
    )
    chains = "; ".join(f"{name} = {', '.join(chain)}" for name, chain in CHAINS.items())
    parser.add_argument("what", metavar="STEP|CHAIN", help=f"a step, or a chain: {chains}")
    parser.add_argument("--project", required=True, metavar="ID", help="the project")
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
        "--scan",
        default="",
        metavar="ID",
        help="launch on that scan of each session instead of on the session; * is any text",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="[STEP.]PARAM=VALUE",
        help="e.g. bias-field.shrink=2; of a chain with its step",
    )
    add_asset(parser)
    parser.add_argument(
        "--in-flight", type=_count, default=_IN_FLIGHT, metavar="N", help="sessions at once (default: 4)"
    )
    parser.add_argument("--force", action="store_true", help="do again what is already done")
    add_patience(parser)
    add_dry_run(parser)
    add_connection(parser)
    parser.set_defaults(run=_bulk)


def _add_resume(verbs: Verbs) -> None:
    parser: argparse.ArgumentParser = verbs.add_parser(
        "resume",
        help="go on with a run that was interrupted or killed",
        description="Go on with a run that was interrupted or killed; no session is run twice.",
        epilog=_EXIT_CODES,
    )
    add_run(parser)
    add_patience(parser)
    add_connection(parser)
    parser.set_defaults(run=_resume)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more; found {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not math.isfinite(seconds) or seconds <= 0:
        raise argparse.ArgumentTypeError(f"must be a number of seconds above 0; found {text!r}")
    return seconds


def add_run(parser: argparse.ArgumentParser) -> None:
    """Add which run it is about."""
    parser.add_argument(
        "run_id", nargs="?", type=_count, metavar="RUN", help="its number (default: the last)"
    )


def add_patience(parser: argparse.ArgumentParser) -> None:
    """Add the ledger, and how long to wait for what does not come."""
    add_ledger(parser)
    parser.add_argument(
        "--lost-after",
        type=_seconds,
        metavar="SECONDS",
        help="give up a launch without a workflow (default: 60)",
    )
    parser.add_argument(
        "--stuck-after",
        type=_seconds,
        metavar="SECONDS",
        help="give up a status that stands still (default: 21600)",
    )


def add_ledger(parser: argparse.ArgumentParser) -> None:
    """Add the ledger."""
    parser.add_argument(
        "--ledger",
        type=named_path,
        metavar="FILE",
        help="what was launched (default: ~/.local/state/sarcoma/ledger.sqlite)",
    )


def open_ledger(arguments: argparse.Namespace) -> "Ledger":
    """The ledger that the arguments name, or the default one."""
    from sarcoma_core.launch.bulk.ledger import Ledger, default_ledger

    path: Path | None = arguments.ledger
    return Ledger(path or default_ledger())


def known_run(arguments: argparse.Namespace) -> "tuple[Ledger, LaunchRun]":
    """The run that the arguments name, in a ledger that is there: a mistyped path makes no empty one.

    Raises:
        UsageError: there is no such ledger, or no such run in it.
    """
    from sarcoma_core.errors import UsageError

    path: Path | None = arguments.ledger
    if path and not path.exists():
        raise UsageError("--ledger: must be the ledger of an earlier run; found no such file.")
    ledger = open_ledger(arguments)
    return ledger, ledger.run(arguments.run_id)


def pace(arguments: argparse.Namespace) -> "Pace":
    """How patient the arguments ask to be."""
    from sarcoma_core.launch.bulk.following import Pace

    asked = {"lost_after": arguments.lost_after, "stuck_after": arguments.stuck_after}
    return Pace(**{name: seconds for name, seconds in asked.items() if seconds is not None})


class Order(NamedTuple):
    """What is asked for, whatever it is launched on."""

    what: str
    level: "Level"
    settings: "StepSettings"
    assets: "AssetNames"
    in_flight: int = 1


def _bulk(arguments: argparse.Namespace) -> int:
    from sarcoma_core.launch.assets import parse_assets
    from sarcoma_core.launch.levels import level_of, require_whole, steps_asked_for
    from sarcoma_core.launch.step_settings import settings_of
    from sarcoma_core.xnat.rest.service import ContainerService

    steps = steps_asked_for(arguments.what)
    level = level_of(steps, scan=arguments.scan)
    chosen_by = ("where", "sessions", "scan")
    require_whole(level, {f"--{name}": bool(getattr(arguments, name)) for name in chosen_by})
    settings, assets = (
        settings_of(steps_of(arguments.what), arguments.set),
        parse_assets(steps, arguments.asset),
    )
    order = Order(arguments.what, level, settings, assets, arguments.in_flight)
    with connect(arguments) as connection:
        check_project(connection, arguments.project)
        service = ContainerService(connection)
        plan = planned(arguments, service, order)
        targets = _targets(arguments, connection, level)
        if arguments.dry_run:
            return show_foreseen(arguments, service, plan, targets)
        return work(arguments, service, *begun(arguments, service, order, targets), plan=plan)


def planned(
    arguments: argparse.Namespace, service: "ContainerService", order: Order
) -> "tuple[LiveStep, ...]":
    """The steps as this server will run them; says where it would go on by itself, and what is passed by."""
    from sarcoma_core.launch.bulk.going_on import check_going_on
    from sarcoma_core.launch.bulk.preflight import stages
    from sarcoma_core.launch.work import told_passed_by

    steps = steps_of(order.what)
    plan = stages(service, arguments.project, steps, order.settings, level=order.level, assets=order.assets)
    goes_on = check_going_on(service.connection, arguments.project, plan)
    if goes_on:
        note(arguments, goes_on)
    for stage in plan:
        if stage.absent:
            told = told_passed_by(stage.step.name, stage.absent.reason)
            note(arguments, f"{printable(told)}; the chain goes on without it. {stage.absent.hint}")
    return plan


def begun(
    arguments: argparse.Namespace,
    service: "ContainerService",
    order: Order,
    targets: "Sequence[RemoteTarget]",
) -> "tuple[Ledger, LaunchRun]":
    """A new run in the ledger that the arguments name; nothing is launched yet."""
    from sarcoma_core.launch.bulk.engine import begin

    ledger = open_ledger(arguments)
    run = begin(
        service,
        ledger,
        what=order.what,
        project=arguments.project,
        level=order.level,
        targets=targets,
        settings=order.settings,
        assets=order.assets,
        in_flight=order.in_flight,
        force=arguments.force,
    )
    return ledger, run


def _targets(
    arguments: argparse.Namespace, connection: "Connection", level: "Level"
) -> "tuple[RemoteTarget, ...]":
    """What to launch on: the project itself, sessions of it, or scans of those."""
    from sarcoma_core.xnat.rest.remote import RemoteTarget, chosen, project_sessions, scan_targets

    if level == "project":
        return (RemoteTarget("project", arguments.project, arguments.project, "xnat:projectData"),)
    sessions = chosen(project_sessions(connection, arguments.project), arguments.where)
    if arguments.sessions:
        sessions = listed(sessions, arguments.sessions)
    if level == "scan":
        wanted = arguments.scan or "*"
        return tuple(one for each in sessions for one in scan_targets(connection, each, wanted))
    return tuple(session.target for session in sessions)


def _resume(arguments: argparse.Namespace) -> int:
    from sarcoma_core.xnat.rest.service import ContainerService

    ledger, run = known_run(arguments)
    with connect(arguments) as connection:
        refuse_other_server(connection.server, run)
        return work(arguments, ContainerService(connection), ledger, run)


def refuse_other_server(server: str, run: "LaunchRun") -> None:
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
        UsageError: it is no text file, or a line names none of them.
    """
    from sarcoma_core.errors import UsageError

    named = {name: session for session in sessions for name in (session.label, session.id)}
    by_id: dict[str, RemoteSession] = {}
    try:
        text = path.read_text(encoding="utf-8-sig")  # Windows' editors begin a file with a byte-order mark
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(
            f"--sessions: must be a text file that can be read; found: {why}.",
            hint="Save it as plain text in UTF-8, a label or accession id a line.",
        ) from None
    for number, line in enumerate(text.splitlines(), 1):
        name = line.strip()
        if name and name not in named:
            raise UsageError(
                f"--sessions: every line must be a label or id of a session; line {number} is not.",
                hint="A session that --where leaves out counts as none.",
            )
        if name:
            by_id[named[name].id] = named[name]
    return tuple(by_id.values())


def work(
    arguments: argparse.Namespace,
    service: "ContainerService",
    ledger: "Ledger",
    run: "LaunchRun",
    *,
    plan: "tuple[LiveStep, ...] | None" = None,
    wait: bool = True,
) -> int:
    """Work on a run and show what became of it; gives the exit code.

    Args:
        arguments: of the command line.
        service: the server.
        ledger: where the run is written.
        run: the run.
        plan: its steps as this server runs them, where that was just asked for; None to ask.
        wait: follow each launch to its end.

    Raises:
        KeyboardInterrupt: as it came, with the command that goes on.
        RunError: the server has been away for too long.
        UsageError: a step cannot be launched any more, or another process works on the run.
    """
    from sarcoma_core.cli.xnat_watch import watch
    from sarcoma_core.launch.bulk.engine import Bulk
    from sarcoma_core.launch.bulk.journey import RunContext
    from sarcoma_core.launch.bulk.preflight import stages
    from sarcoma_core.launch.optional_assets import make_room

    note(arguments, f"run {run.id}: {run.what} on project {run.project}")
    if plan is None:
        plan = stages(service, run.project, run.steps, run.settings, level=run.level, assets=run.assets)
    for stage in plan:  # of one that is passed by, too: its asset may come while others run
        make_room(service.connection, run.project, stage.step)
    context = RunContext(service, ledger, run, plan, pace(arguments), wait=wait)
    try:
        Bulk(context, watch(sum(1 for _ in ledger.present(run)), quiet=arguments.quiet)).work()
    except KeyboardInterrupt:
        go_on = f"sarcoma xnat resume {run.id}{again(arguments)}"
        raise KeyboardInterrupt(f"Stopped; what runs on the server goes on. Go on: {go_on}") from None
    return show_run(arguments, ledger, run)
