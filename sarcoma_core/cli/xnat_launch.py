"""`sarcoma xnat launch`, `status`, `logs`, `cancel` and `clean`: one session, and what became of launches."""

import argparse
import shlex
from typing import TYPE_CHECKING, NamedTuple

from sarcoma_core.cli.arguments import add_asset
from sarcoma_core.cli.xnat_arguments import (
    Verbs,
    add_connection,
    add_dry_run,
    add_yes,
    again,
    check_project,
    confirm,
    connect,
    note,
    show,
)
from sarcoma_core.cli.xnat_bulk import (
    Order,
    add_ledger,
    add_patience,
    add_run,
    begun,
    known_run,
    open_ledger,
    planned,
    refuse_other_server,
    work,
)
from sarcoma_core.cli.xnat_outcomes import NOTHING_DONE, show_foreseen, show_run
from sarcoma_core.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sarcoma_core.archive.holdings import Held
    from sarcoma_core.interface import Level, Step
    from sarcoma_core.launch.bulk.ledger import Ledger
    from sarcoma_core.xnat.rest.connection import Connection
    from sarcoma_core.xnat.rest.remote import RemoteSession, RemoteTarget


def add(verbs: Verbs) -> None:
    """Add the verbs."""
    _add_launch(verbs)
    _add_status(verbs)
    _add_logs(verbs)
    _add_cancel(verbs)
    _add_clean(verbs)


def _add_launch(verbs: Verbs) -> None:
    parser: argparse.ArgumentParser = verbs.add_parser(
        "launch",
        help="launch a step on one session, one scan, or the project",
        description="Launch a step on one session, on one scan of it, or on the project.",
    )
    parser.add_argument("step", metavar="STEP", help="name of the step")
    parser.add_argument(
        "session",
        nargs="?",
        metavar="SESSION",
        help="label in the project, or accession id; none for a step on the project",
    )
    parser.add_argument("--scan", default="", metavar="ID", help="launch on that scan of the session only")
    parser.add_argument("--project", required=True, metavar="ID", help="the project")
    parser.add_argument("--set", action="append", default=[], metavar="PARAM=VALUE", help="e.g. shrink=2")
    add_asset(parser)
    parser.add_argument(
        "--wait", action=argparse.BooleanOptionalAction, default=True, help="follow it to its end"
    )
    parser.add_argument("--force", action="store_true", help="do it again although it is already done")
    add_patience(parser)
    add_dry_run(parser)
    add_connection(parser)
    parser.set_defaults(run=_launch)


def _add_status(verbs: Verbs) -> None:
    parser: argparse.ArgumentParser = verbs.add_parser(
        "status", help="what became of a run", description="What became of each session of a run."
    )
    add_run(parser)
    add_ledger(parser)
    add_connection(parser)
    parser.set_defaults(run=_status)


def _add_logs(verbs: Verbs) -> None:
    parser: argparse.ArgumentParser = verbs.add_parser(
        "logs", help="what a step said", description="What the last launch on a session said."
    )
    parser.add_argument("of", metavar="SESSION|WORKFLOW", help="label, accession id or workflow id")
    parser.add_argument("--project", metavar="ID", help="the project, for a label that is in no ledger")
    add_ledger(parser)
    add_connection(parser)
    parser.set_defaults(run=_logs)


def _add_cancel(verbs: Verbs) -> None:
    parser: argparse.ArgumentParser = verbs.add_parser(
        "cancel", help="stop a run and kill its containers", description="Stop a run, kill its containers."
    )
    add_run(parser)
    add_ledger(parser)
    add_yes(parser)
    add_dry_run(parser)
    add_connection(parser)
    parser.set_defaults(run=_cancel)


def _add_clean(verbs: Verbs) -> None:
    parser: argparse.ArgumentParser = verbs.add_parser(
        "clean",
        help="delete files that earlier runs left in our resources",
        description="Delete files of our resources that run.json does not list.",
    )
    parser.add_argument("--project", required=True, metavar="ID", help="the project")
    add_yes(parser)
    add_dry_run(parser)
    add_connection(parser)
    parser.set_defaults(run=_clean)


def _launch(arguments: argparse.Namespace) -> int:
    from sarcoma_core.launch.assets import parse_assets
    from sarcoma_core.launch.levels import level_of, require_whole
    from sarcoma_core.launch.step_settings import settings_of
    from sarcoma_core.xnat.rest.service import ContainerService

    step = _step(arguments)
    level = level_of((step,), scan=arguments.scan)
    require_whole(level, {"SESSION": bool(arguments.session), "--scan": bool(arguments.scan)})
    settings, assets = settings_of((step.name,), arguments.set), parse_assets((step,), arguments.asset)
    order = Order(step.name, level, settings, assets)
    with connect(arguments) as connection:
        service = ContainerService(connection)
        target = _target(arguments, connection, level)
        plan = planned(arguments, service, order)
        if arguments.dry_run:
            return show_foreseen(arguments, service, plan, (target,))
        ledger, run = begun(arguments, service, order, (target,))
        code = work(arguments, service, ledger, run, plan=plan, wait=arguments.wait)
        left = next(ledger.present(run))
        if not left.ended(run.steps) and not ledger.cancel_asked(run):
            note(
                arguments,
                f"workflow {left.workflow or 'not known yet'}; follow it: sarcoma xnat resume {run.id}"
                f"{again(arguments)}",
            )
            return 0
        return code


def _target(arguments: argparse.Namespace, connection: "Connection", level: "Level") -> "RemoteTarget":
    """What the arguments name: the project, a session of it, or a scan of that.

    Raises:
        UsageError: they name none, or one that is not there.
    """
    from sarcoma_core.errors import UsageError
    from sarcoma_core.xnat.rest.remote import RemoteTarget, scan_targets

    if level == "project":
        check_project(connection, arguments.project)
        return RemoteTarget("project", arguments.project, arguments.project, "xnat:projectData")
    if not arguments.session or (level == "scan" and not arguments.scan):
        what = "--scan" if arguments.session else "SESSION"
        raise UsageError(
            f"{what}: must be given for a step that is launched on a {level}.",
            hint=f"sarcoma xnat launch {arguments.step} SESSION --project {arguments.project}"
            + (" --scan ID" if level == "scan" else ""),
        )
    session = find_session(connection, arguments.project, arguments.session)
    if level == "session":
        return session.target
    found = scan_targets(connection, session, "*")
    scan = next((one for one in found if one.scan == arguments.scan), None)
    if scan is None:
        known = ", ".join(one.scan for one in found) or "none"
        raise UsageError(
            f"--scan: must be a scan of session {session.label} ({known}); found {arguments.scan!r}."
        )
    return scan


def _step(arguments: argparse.Namespace) -> "Step":
    """The step that the arguments name.

    Raises:
        UsageError: it is no step.
    """
    from sarcoma_core.chains import CHAINS
    from sarcoma_core.errors import UsageError
    from sarcoma_core.steps import step_named

    if arguments.step in CHAINS:
        words = [arguments.step, "--project", arguments.project]
        words += ["--where", f"label={arguments.session}"] if arguments.session else []
        raise UsageError(
            f"STEP: must be one step; {arguments.step!r} is a chain.",
            hint=f"sarcoma xnat bulk {shlex.join(words)}",
        )
    return step_named(arguments.step)


def find_session(connection: "Connection", project: str, name: str) -> "RemoteSession":
    """A session of a project, by its label or accession id.

    Raises:
        UsageError: there is no such project or session.
        ServerError: the server does not answer.
    """
    from sarcoma_core.errors import UsageError
    from sarcoma_core.xnat.rest.remote import project_sessions

    check_project(connection, project)
    sessions = project_sessions(connection, project)
    session = next((s for s in sessions if name in (s.label, s.id)), None)
    if session is None:
        raise UsageError(
            f"SESSION: must be an image session of project {project}, by label or accession id; "
            f"found {name!r}, it has {counted(len(sessions), 'session')}.",
            hint=f"List them: sarcoma xnat bulk convert --project {project} --dry-run",
        )
    return session


def _status(arguments: argparse.Namespace) -> int:
    show_run(arguments, *known_run(arguments))
    return 0


class Said(NamedTuple):
    """What a launch said."""

    workflow: str
    status: str
    reason: str
    stdout: str
    stderr: str


def _logs(arguments: argparse.Namespace) -> int:
    from sarcoma_core.errors import UsageError
    from sarcoma_core.xnat.rest.service import ContainerService

    with connect(arguments) as connection:
        service = ContainerService(connection)
        workflow = service.workflow(_workflow(connection, open_ledger(arguments), arguments))
        note(arguments, f"workflow {workflow.id}: {workflow.status} {workflow.reason}".rstrip())
        if not workflow.container:
            raise UsageError(f"workflow {workflow.id}: must have a container; it has none.")
        said = Said(
            str(workflow.id),
            workflow.status,
            workflow.reason,
            *(service.logs(workflow.container, stream) for stream in ("stdout", "stderr")),
        )
        if arguments.quiet or arguments.output == "json":
            show(arguments, "Logs", [said], ids="workflow")
        else:
            print(said.stdout, said.stderr, sep="", end="")
    return 0


def _workflow(connection: "Connection", ledger: "Ledger", arguments: argparse.Namespace) -> str:
    """The id of the workflow that is asked for: a number is one, a session has its last."""
    from sarcoma_core.errors import UsageError
    from sarcoma_core.launch.bulk.following import latest_workflow

    name: str = arguments.of
    known = ledger.latest_workflow(connection.server, name)
    if not known and arguments.project:
        session = find_session(connection, arguments.project, name)
        known = latest_workflow(connection, session.id, session.xsi_type)
    if known or name.isdecimal():
        return known or name
    raise UsageError(
        f"SESSION: must have a launch in the ledger; {name!r} has none.",
        hint=f"Ask the server: sarcoma xnat logs {name} --project P",
    )


def _cancel(arguments: argparse.Namespace) -> int:
    from sarcoma_core.launch.bulk.engine import cancel
    from sarcoma_core.xnat.rest.service import ContainerService

    ledger, run = known_run(arguments)
    left = sum(not item_state.ended(run.steps) for item_state in ledger.present(run))
    if arguments.dry_run or not left:
        note(
            arguments,
            f"run {run.id}: {counted(left, 'session')} not ended, {'would be' if left else 'none'} cancelled",
        )
        if arguments.output == "json" or arguments.quiet:
            show_run(arguments, ledger, run)
        return 0 if left else NOTHING_DONE
    with connect(arguments) as connection:
        refuse_other_server(connection.server, run)
        confirm(arguments, f"Cancel {counted(left, 'session')} of run {run.id}, and kill their containers?")
        cancel(ContainerService(connection), ledger, run)
    show_run(arguments, ledger, run)
    return 0


class Stale(NamedTuple):
    """Stale files of one resource; their names are not told, as they may be a patient's."""

    session: str
    resource: str
    files: int
    bytes: int


def _clean(arguments: argparse.Namespace) -> int:
    from sarcoma_core.xnat.rest.filing import delete_file

    with connect(arguments) as connection:
        check_project(connection, arguments.project)
        resources = list(_stale(connection, arguments.project))
        rows = [
            Stale(s.label, label, len(files), sum(f.size for f in files)) for s, label, files in resources
        ]
        show(arguments, "Stale files", rows, ids="session")
        files = [(s, label, file) for s, label, stale in resources for file in stale]
        if arguments.dry_run or not files:
            note(arguments, f"{counted(len(files), 'stale file')}{'; none was deleted' if files else ''}")
            return 0
        confirm(arguments, f"Delete {counted(len(files), 'file')} that no manifest lists?")
        for target, label, file in files:
            delete_file(connection, target, label, file.path)
        note(arguments, f"{counted(len(files), 'file')} deleted")
    return 0


def _stale(connection: "Connection", project: str) -> "Iterator[tuple[RemoteTarget, str, tuple[Held, ...]]]":
    """Object, label and stale files of each resource of ours that has some."""
    from sarcoma_core.errors import ArchiveError
    from sarcoma_core.launch.work import manifest, stale_files
    from sarcoma_core.xnat.rest.holdings import RemoteResources

    for target, labels in _filled(connection, project):
        holdings = RemoteResources(connection, target)
        for label in labels:
            try:
                stale = stale_files(manifest(holdings, label), holdings.files(label))
            except ArchiveError:
                continue  # a damaged manifest: the next run of its step mends it
            if stale:
                yield target, label, stale


def _filled(connection: "Connection", project: str) -> "Iterator[tuple[RemoteTarget, tuple[str, ...]]]":
    """The project, its sessions and their scans, each with the labels of ours that it has."""
    from sarcoma_core.steps import LABELS
    from sarcoma_core.xnat.rest.holdings import RemoteHoldings, RemoteResources
    from sarcoma_core.xnat.rest.remote import RemoteTarget, project_sessions

    whole = RemoteTarget("project", project, project)
    yield whole, tuple(filter(LABELS.__contains__, RemoteResources(connection, whole).labels()))
    for session in project_sessions(connection, project):
        holdings = RemoteHoldings(connection, session.id)
        yield session.target, tuple(filter(LABELS.__contains__, holdings.labels()))
        for scan, labels in holdings.scan_labels().items():
            target = RemoteTarget("scan", f"{session.id}/scans/{scan}", f"{session.label}/{scan}")
            yield target, tuple(filter(LABELS.__contains__, labels))
