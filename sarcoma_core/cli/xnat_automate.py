"""`sarcoma xnat automate`: let the server launch a step or a chain by itself when a session is archived."""

import argparse
from typing import TYPE_CHECKING

from sarcoma_core.chains import CHAINS
from sarcoma_core.cli.xnat_arguments import (
    Verbs,
    add_connection,
    add_dry_run,
    add_yes,
    check_project,
    confirm,
    connect,
    note,
    show,
)
from sarcoma_core.errors import UsageError

if TYPE_CHECKING:
    from sarcoma_core.xnat.rest.connection import Connection

_OCCASIONS = ("session-archived", "session-updated")


def add(verbs: Verbs) -> None:
    """Add the verb."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "automate",
        help="let the server launch a step or a chain whenever a session is archived",
        description="Let the server launch a step or a chain by itself whenever a session is archived.",
    )
    chains = "; ".join(f"{name} = {', '.join(steps)}" for name, steps in CHAINS.items())
    parser.add_argument("what", nargs="?", metavar="STEP|CHAIN", help=f"what to launch; {chains}")
    parser.add_argument("--project", default="", metavar="ID", help="the project")
    parser.add_argument("--on", choices=_OCCASIONS, default=_OCCASIONS[0], help="when to launch it")
    parser.add_argument(
        "--filter",
        default="",
        metavar="PREDICATE",
        help="only for sessions that fit, e.g. \"(@.xsiType=='xnat:mrSessionData')\"",
    )
    parser.add_argument(
        "--enable-event-service",
        action="store_true",
        help="turn the Event Service on for the whole site (administrators)",
    )
    parser.add_argument("--list", action="store_true", help="show what is launched automatically")
    parser.add_argument("--remove", type=int, metavar="NUMBER", help="launch this one no more")
    add_dry_run(parser)
    add_yes(parser)
    add_connection(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    asked = [arguments.what is not None, arguments.list, arguments.remove is not None]
    if sum(asked) != 1:
        raise UsageError(
            "automate: must be given STEP|CHAIN, or --list, or --remove NUMBER, and only one of them.",
            hint="For example: sarcoma xnat automate prepare --project STS --on session-archived",
        )
    if arguments.what is not None and not arguments.project:
        raise UsageError("--project: must be given: an automation belongs to a project.")
    with connect(arguments) as connection:
        check_project(connection, arguments.project)
        if arguments.list:
            return _list(arguments, connection)
        return _automate(arguments, connection) if arguments.what else _remove(arguments, connection)


def _automate(arguments: argparse.Namespace, connection: "Connection") -> int:
    from sarcoma_core.launch.automation import Wanted, carry_out, plan

    wanted = Wanted(arguments.what, arguments.project, arguments.on, arguments.filter)
    planned = plan(connection, wanted, enable=arguments.enable_event_service)
    done = planned.parts if arguments.dry_run else carry_out(connection, planned)
    show(arguments, "Automation", done, ids="id")
    if arguments.dry_run:
        note(arguments, "dry run: nothing was changed")
    elif not planned.changes:
        note(arguments, "it was there already: nothing was changed")
    elif len(planned.wrapper_ids) > 1:
        note(
            arguments,
            "Each session that is archived from now on goes through all steps; so does each launch of the "
            "first step by hand. A step that fails ends its chain.",
        )
    return 0


def _list(arguments: argparse.Namespace, connection: "Connection") -> int:
    from sarcoma_core.launch.automation import automations

    automated = automations(connection, arguments.project)
    show(arguments, "Automations", automated, ids="id")
    if not automated:
        note(arguments, "none; a server whose Event Service is off shows none")
    return 0


def _remove(arguments: argparse.Namespace, connection: "Connection") -> int:
    from sarcoma_core.launch.automation import removal, remove

    planned = removal(connection, arguments.remove, arguments.project)
    show(arguments, "To be removed", planned.parts, ids="id")
    if arguments.dry_run:
        note(arguments, "dry run: nothing was changed")
        return 0
    confirm(arguments, "Remove it? Sessions that are archived later are not processed.")
    remove(connection, planned)
    note(arguments, "removed")
    return 0
