"""`sarcoma commands`: judge any Container Service command JSON offline, or show what a launch would run."""

import argparse
from typing import Any

from sarcoma_core.cli.arguments import named_path


def add(verbs: Any) -> None:  # noqa: ANN401  argparse gives its sub-parsers no public type
    """Add the verb and its sub-commands."""
    parser = verbs.add_parser(
        "commands", help="validate, lint and resolve any command JSON", description=__doc__
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    validate = actions.add_parser(
        "validate",
        help="the Container Service's own verdict",
        description="The verdict that the Container Service would give, all messages at once. "
        "A line for each command: FILE, ACCEPT | REJECT(n) | BIND-ERROR | UNPARSABLE, messages. "
        "Exit: 0 all accepted, 1 findings, 2 a file could not be read.",
    )
    lint = actions.add_parser(
        "lint",
        help="what is legal but wrong",
        description="What the Container Service accepts and then fails on, late or in silence. "
        "Exit: 0 clean, 1 findings, 2 a file could not be read.",
    )
    for action, run in ((validate, _validate), (lint, _lint)):
        action.add_argument("files", nargs="+", type=named_path, metavar="FILE", help="command JSON")
        action.add_argument("--json", action="store_true", help="print JSON")
        action.set_defaults(run=run)
    _add_resolve(actions)


def _add_resolve(actions: Any) -> None:  # noqa: ANN401
    resolve = actions.add_parser(
        "resolve",
        help="what a launch would run",
        description="What the Container Service would run for this command on this session: "
        "image, command line, mounts, environment, outputs.",
    )
    resolve.add_argument("file", type=named_path, metavar="FILE", help="command JSON")
    resolve.add_argument(
        "--archive", type=named_path, required=True, metavar="DIR", help="the archive folder"
    )
    resolve.add_argument("--session", required=True, metavar="LABEL", help="label or accession id")
    resolve.add_argument("--project", metavar="NAME", help="id of the project, when there are several")
    resolve.add_argument("--wrapper", metavar="NAME", help="which wrapper, when there are several")
    resolve.add_argument("--set", action="append", default=[], metavar="K=V", help="a value; may be repeated")
    resolve.add_argument("--json", action="store_true", help="print JSON")
    resolve.set_defaults(run=_resolve)


def _validate(arguments: argparse.Namespace) -> int:
    from sarcoma_core.cli.commands_check import validate_files

    return validate_files(arguments.files, as_json=arguments.json)


def _lint(arguments: argparse.Namespace) -> int:
    from sarcoma_core.cli.commands_check import lint_files

    return lint_files(arguments.files, as_json=arguments.json)


def _resolve(arguments: argparse.Namespace) -> int:
    from sarcoma_core.cli.commands_resolve import resolve_file

    return resolve_file(
        arguments.file,
        archive=arguments.archive,
        project=arguments.project,
        session=arguments.session,
        sets=arguments.set,
        wrapper=arguments.wrapper,
        as_json=arguments.json,
    )
