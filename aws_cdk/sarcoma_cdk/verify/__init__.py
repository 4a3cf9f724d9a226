"""`sarcoma-site verify`: what is really there, by reading alone, and for each fault its fix.

One check is one function, given the `Facts`, that tells what breaks its rule; one module holds a subject.
"""

import datetime as dt
from typing import TextIO

import boto3

from sarcoma_cdk.config import Publication, Site
from sarcoma_cdk.naming import FIRST
from sarcoma_cdk.verify.checks import Check, Wrong
from sarcoma_cdk.verify.facts import AbsentError, Facts, UnknownError
from sarcoma_cdk.verify.running import CHECKS, Outcome, run
from sarcoma_cdk.verify.telling import is_good, tell_nothing, tell_person, tell_program

__all__ = ["CHECKS", "Check", "Facts", "Outcome", "Wrong", "run", "verify_command"]


def verify_command(
    site: Site,
    session: boto3.Session,
    *,
    publication: Publication | None,
    as_json: bool,
    out: TextIO,
    now: dt.datetime | None = None,
) -> int:
    """Run every check, and tell what was found.

    Args:
        site: the site.
        session: credentials that may read.
        publication: what its lock says; None where nothing was published.
        as_json: for a program, rather than for a person.
        out: where to.
        now: the time, for ages; now by default.

    Returns:
        0 if every rule that applies is known to be kept, else 1.
    """
    facts = Facts(session, site, publication, now or dt.datetime.now(tz=dt.UTC))
    if not as_json and not _stands(facts):
        tell_nothing(site, out)
        return 1
    outcomes = tuple(run(facts))
    if as_json:
        tell_program(outcomes, site, facts.calls, out)
    else:
        tell_person(outcomes, site, out)
    return 0 if is_good(outcomes) else 1


def _stands(facts: Facts) -> bool:
    """Whether any of the site's first stacks is there, or it cannot be told."""
    for part in FIRST:
        try:
            facts.stack(part.lower())
        except AbsentError:
            continue
        except UnknownError:
            return True
        return True
    return False
