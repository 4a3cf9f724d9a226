"""`sarcoma-site cost`: what a site costs in a month, and an hour with a GPU; by a list of prices."""

import argparse
import sys
from typing import Any

from sarcoma_cdk.cli.arguments import add_json, add_site, named_site, show_json


def add(verbs: Any) -> None:  # noqa: ANN401  argparse gives its sub-parsers no public type
    """Add the verb.

    Args:
        verbs: the sub-parsers.
    """
    parser: argparse.ArgumentParser = verbs.add_parser(
        "cost",
        help="estimate a month's cost: awake always, awake for some hours, and a GPU's hour",
        description="Estimate what a site costs in a month and what an hour with a GPU costs, from a "
        "list of prices with "
        "its date. Asks nobody: no AWS account is needed.",
    )
    add_site(parser)
    parser.add_argument(
        "--awake",
        type=_hours,
        default=260.0,
        metavar="HOURS",
        help="how long the machine is awake in a month of 730 hours (default: 260, working days of 12 hours)",
    )
    parser.add_argument(
        "--stored",
        type=_gibibytes,
        metavar="GIB",
        help="how much of the volumes is filled, which is what backups are billed by (default: a guess, the "
        "whole archive; 0 for a new site)",
    )
    add_json(parser)
    parser.set_defaults(run=_run)


def _hours(text: str) -> float:
    return _number(text, 0, 730, "hours from 0 to 730")


def _gibibytes(text: str) -> float:
    return _number(text, 0, 65536, "GiB from 0 to 65536")


def _number(text: str, low: float, high: float, what: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not low <= number <= high:
        raise argparse.ArgumentTypeError(f"must be a number of {what}; found {text!r}")
    return number


def _run(arguments: argparse.Namespace) -> int:
    from sarcoma_cdk.cost import as_json, estimate, table

    site = named_site(arguments).site
    found = estimate(site, awake=arguments.awake, stored=arguments.stored)
    if arguments.json:
        show_json(as_json(found))
    else:
        sys.stdout.write(table(found))
    return 0
