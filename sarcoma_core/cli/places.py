"""Which project a command works on, and where it is: an archive folder, or a server."""

import argparse
import shlex
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sarcoma_core.cli.arguments import named_path
from sarcoma_core.cli.xnat_arguments import add_connection, again, check_project, connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sarcoma_core.archive.store import Archive
    from sarcoma_core.xnat.rest.connection import Connection


def add_place(parser: argparse.ArgumentParser) -> None:
    """Add which project it is, and where."""
    parser.add_argument("--project", required=True, metavar="ID", help="the project")
    parser.add_argument(
        "--archive", type=named_path, metavar="DIR", help="an archive folder (default: an XNAT server)"
    )
    add_connection(parser)


def place_words(arguments: argparse.Namespace) -> tuple[str, ...]:
    """What a command names to find the same project."""
    where = ("--archive", str(arguments.archive)) if arguments.archive else shlex.split(again(arguments))
    return "--project", arguments.project, *where


@contextmanager
def archive_or_server(arguments: argparse.Namespace) -> "Iterator[Archive | Connection]":
    """What the arguments name.

    Raises:
        UsageError: they name both an archive and a server, or neither, or the server has no such project.
        ServerError: the server does not answer.
    """
    from sarcoma_core.archive.store import Archive
    from sarcoma_core.errors import UsageError

    if arguments.archive:
        if arguments.server or arguments.profile:
            raise UsageError("--archive: must be left out where a server is named; found both.")
        yield Archive(arguments.archive)
        return
    with connect(arguments) as connection:
        check_project(connection, arguments.project)
        yield connection
