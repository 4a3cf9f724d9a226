"""`sarcoma generate`: write what is read off the steps, or check that it is up to date."""

import argparse
from pathlib import Path
from typing import Any

from sarcoma_core.cli.arguments import named_path


def add(verbs: Any) -> None:  # noqa: ANN401  argparse gives its sub-parsers no public type
    """Add the verb."""
    parser = verbs.add_parser(
        "generate", help="for developers: command JSON, docs pages, labels from the steps"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file has drifted")
    parser.add_argument(
        "--root", type=named_path, default=Path(), metavar="DIR", help="the repository (default: here)"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from sarcoma_core import generate

    if arguments.check:
        drifted = generate.drift(arguments.root)
        for path in drifted:
            print(f"drifted: {path}")
        if drifted:
            print("next: sarcoma generate, then review and commit what changed")
        return 1 if drifted else 0
    changed = generate.write(arguments.root)
    print(f"{len(changed)} of {len(generate.files())} generated files changed")
    for path in changed:
        print(path)
    return 0
