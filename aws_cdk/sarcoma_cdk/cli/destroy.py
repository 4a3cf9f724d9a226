"""`sarcoma-site destroy`: how a site is taken down, and what stays and goes on costing."""

import argparse
import sys
from typing import Any

from sarcoma_cdk.cli.arguments import add_site, answer_to, named_site
from sarcoma_cdk.errors import RefusedError


def add(verbs: Any) -> None:  # noqa: ANN401  argparse gives its sub-parsers no public type
    """Add the verb.

    Args:
        verbs: the sub-parsers.
    """
    parser: argparse.ArgumentParser = verbs.add_parser(
        "destroy",
        help="say how a site is taken down, what stays, and what that costs",
        description="Say what stays and goes on costing when a site is taken down; then, once its name "
        "is typed, the "
        "commands in their order. It deletes nothing itself, and asks AWS nothing.",
    )
    add_site(parser)
    parser.add_argument("--confirm", metavar="NAME", help="the site's name: do not ask for it")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from sarcoma_cdk.destroy import commands, staying

    named = named_site(arguments)
    sys.stdout.write(staying(named.site))
    typed = arguments.confirm
    if typed is None:
        sys.stdout.flush()
        typed = answer_to("Type the site's name to see the commands: ", option="--confirm NAME")
    if typed != named.site.site:
        raise RefusedError(
            f"Nothing is shown: the site's name must be typed, {named.site.site}; found {typed!r}."
        )
    sys.stdout.write(commands(named.site, named.path))
    return 0
