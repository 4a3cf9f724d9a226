"""`sarcoma-site verify`: read what is really there, and judge it."""

import argparse
import sys
from typing import Any

from sarcoma_cdk.cli.arguments import add_json, add_site, named_site, publication_of


def add(verbs: Any) -> None:  # noqa: ANN401  argparse gives its sub-parsers no public type
    """Add the verb.

    Args:
        verbs: the sub-parsers.
    """
    parser: argparse.ArgumentParser = verbs.add_parser(
        "verify",
        help="check a site that is there: network, encryption, doors, backups",
        description="Read what is really there, and judge it; each fault is told with its fix. Changes "
        "nothing.",
        epilog="Exit codes: 0 all is well, 1 something is not, 2 wrong usage.",
    )
    add_site(parser)
    add_json(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from sarcoma_cdk.cloud import connect, errors_told
    from sarcoma_cdk.verify import verify_command

    named = named_site(arguments)
    publication = publication_of(named)
    cloud = connect(named.site)
    with errors_told():
        return verify_command(
            named.site,
            cloud.session,
            publication=publication,
            as_json=arguments.json,
            out=sys.stdout,
        )
