"""What the verbs of `sarcoma xnat` share: the connection, `-o table|json`, `--quiet`, confirmation."""

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sarcoma_core.errors import UsageError

if TYPE_CHECKING:
    from sarcoma_core.xnat.rest.connection import Connection


def add_connection(parser: argparse.ArgumentParser) -> None:
    """Add which server it is, and how results are shown."""
    where = parser.add_argument_group(
        "connection",
        "XNAT_HOST, XNAT_USER and XNAT_PASS (or XNAT_PASS_FILE), a profile, or ~/.netrc; never a password in "
        "a command",
    )
    where.add_argument("--server", metavar="URL", help="the XNAT server (default: XNAT_HOST)")
    where.add_argument("--profile", metavar="NAME", help="a section of ~/.config/sarcoma/xnat.toml")
    add_output(parser)


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add how results are shown."""
    shown = parser.add_argument_group("output")
    shown.add_argument(
        "-o",
        "--output",
        choices=("table", "json"),
        default="table",
        help="table for people, json for programs",
    )
    shown.add_argument("-q", "--quiet", action="store_true", help="print ids only, one a line")


def add_dry_run(parser: argparse.ArgumentParser) -> None:
    """Add `--dry-run`: for every verb that changes something."""
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and change nothing")


def add_yes(parser: argparse.ArgumentParser) -> None:
    """Add `--yes`: for every verb that destroys something."""
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")


def connect(arguments: argparse.Namespace) -> "Connection":
    """The connection that the arguments, the environment or a profile name.

    Raises:
        UsageError: they name none.
        ServerError: the server does not answer, or refuses the log-in.
    """
    from sarcoma_core.xnat.rest.connection import Connection
    from sarcoma_core.xnat.rest.profile import find_login

    return Connection(find_login(server=arguments.server, profile=arguments.profile))


def again(arguments: argparse.Namespace) -> str:
    """What a command that is printed to be pasted needs, too: the ledger, server and profile given."""
    names = ("ledger", "server", "profile")
    given = [(name, getattr(arguments, name, None)) for name in names]
    words = [word for name, value in given if value for word in (f"--{name}", str(value))]
    return f" {shlex.join(words)}" if words else ""


def check_project(connection: "Connection", project: str) -> None:
    """Refuse a project that is not there, in the words of the argument and not of a URL.

    Raises:
        UsageError: it is not there, or not for this user.
    """
    from sarcoma_core.launch.install.installing import check_projects
    from sarcoma_core.xnat.rest.service import ContainerService

    check_projects(ContainerService(connection), [project] if project else [])


def show(arguments: argparse.Namespace, title: str, rows: Sequence[NamedTuple], *, ids: str) -> None:
    """Show rows as the arguments ask: a table, JSON, or one id a line.

    Args:
        arguments: of `add_connection`.
        title: the table's title.
        rows: all of one kind; may be none.
        ids: the field that `--quiet` prints.
    """
    from sarcoma_core.cli import screen

    if arguments.quiet:
        for row in rows:
            print(getattr(row, ids))
    elif arguments.output == "json":
        print(json.dumps([row._asdict() for row in rows], indent=1))
    elif rows:
        cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
        screen.table(title, rows[0]._fields, cells)


def confirm(arguments: argparse.Namespace, question: str) -> None:
    """Ask before something is destroyed.

    Raises:
        UsageError: the answer is no, or there is nobody to ask.
    """
    if arguments.yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(
            "--yes: must be given where nobody can be asked.", hint="Add --dry-run to see what it would do."
        )
    if input(f"{question} [y/N] ").strip().lower() not in ("y", "yes"):
        raise UsageError("Not confirmed: nothing was changed.")


def note(arguments: argparse.Namespace, text: str) -> None:
    """Say something to a person: not to a program that reads JSON or ids."""
    if not arguments.quiet and arguments.output == "table":
        print(text)


Verbs = Any
"""What argparse's `add_subparsers` gives; it has no public type."""
