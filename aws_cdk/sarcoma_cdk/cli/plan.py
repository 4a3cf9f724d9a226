"""`sarcoma-site plan`: what stands in the way of a site, before anything is made.

Exit codes: 0 nothing, 1 something does, 2 wrong usage.
"""

import argparse
import sys
from typing import Any

from sarcoma_cdk.cli.arguments import add_json, add_site, named_site, publication_of, show_json


def add(verbs: Any) -> None:  # noqa: ANN401  argparse gives its sub-parsers no public type
    """Add the verb.

    Args:
        verbs: the sub-parsers.
    """
    parser: argparse.ArgumentParser = verbs.add_parser(
        "plan",
        help="say what stands in the way: quotas, zones, addresses, certificate",
        description="Check quotas, zones, addresses, the certificate and this computer before a site is "
        "built; makes "
        "nothing.",
        epilog="Exit codes: 0 nothing stands in the way, 1 something does, 2 wrong usage.",
    )
    add_site(parser)
    add_json(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from sarcoma_cdk.cloud import connect
    from sarcoma_cdk.plan import examine, page

    named = named_site(arguments)
    site, published = named.site, publication_of(named) is not None
    findings = examine(connect(site), published=published)
    if arguments.json:
        show_json({"site": site.site, "findings": [finding._asdict() for finding in findings]})
    else:
        sys.stdout.write(page(site, findings))
    return 0 if all(finding.ok for finding in findings) else 1
