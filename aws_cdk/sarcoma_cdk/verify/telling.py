"""Tell what the checks found: to a person by subjects, to a program as JSON."""

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TextIO

from sarcoma_cdk.config import Site
from sarcoma_cdk.verify.running import Outcome

_WORDS = {"ok": "ok     ", "wrong": "WRONG  ", "unknown": "unknown", "not applicable": "-      "}


def _lines(outcome: Outcome, site: Site) -> Iterator[str]:
    check = outcome.check
    yield f"  {_WORDS[outcome.status]}  {check.name}: {check.rule}"
    if outcome.note:
        yield f"           {outcome.note}"
    for wrong in outcome.wrong:
        yield f"           found: {wrong.found}"
        yield f"           fix:   {check.fix_for(wrong, site)}"


def is_good(outcomes: Sequence[Outcome]) -> bool:
    """Whether every rule that applies is known to be kept.

    Args:
        outcomes: what the checks found.
    """
    return not any(each.status in {"wrong", "unknown"} for each in outcomes)


def _summary(outcomes: Sequence[Outcome]) -> str:
    counts = {status: sum(each.status == status for each in outcomes) for status in _WORDS}
    words = {"ok": "ok", "wrong": "wrong", "unknown": "unknown", "not applicable": "not applicable"}
    told = ", ".join(f"{counts[status]} {word}" for status, word in words.items() if counts[status])
    return f"{len(outcomes)} checks: {told}"


def tell_person(outcomes: Sequence[Outcome], site: Site, out: TextIO) -> None:
    """Write what a person reads.

    Args:
        outcomes: what the checks found.
        site: the site.
        out: where to.
    """
    out.write(f"site {site.site}, account {site.account}, {site.region}\n")
    for subject, group in groupby(outcomes, key=lambda each: each.check.subject):
        out.write(f"{subject}\n")
        for outcome in group:
            out.writelines(f"{line}\n" for line in _lines(outcome, site))
    out.write(f"{_summary(outcomes)}\n")
    out.write(f"next: {_next(outcomes, site)}\n")


def _next(outcomes: Sequence[Outcome], site: Site) -> str:
    if any(each.status == "wrong" for each in outcomes):
        return f"export AWS_REGION={site.region}, run the fixes, then sarcoma-site verify {site.site}"
    if any("nothing is published" in each.note for each in outcomes):
        return f"sarcoma-site publish {site.site}"
    if any(each.status == "unknown" for each in outcomes):
        return f"use credentials that may read these (ReadOnlyAccess), then sarcoma-site verify {site.site}"
    return f"open https://{site.edge.domain}"


def tell_nothing(site: Site, out: TextIO) -> None:
    """Write that the site is not there at all: every check would say so for itself.

    Args:
        site: the site.
        out: where to.
    """
    out.write(f"Nothing of site {site.site} is deployed in account {site.account}, {site.region}.\n")
    out.write(f"next, in aws_cdk: npx --no-install cdk bootstrap -c site={site.site}, then deploy --all\n")


def tell_program(outcomes: Sequence[Outcome], site: Site, calls: int, out: TextIO) -> None:
    """Write JSON.

    Args:
        outcomes: what the checks found.
        site: the site.
        calls: how many calls of AWS's API it took.
        out: where to.
    """
    checks = [
        {
            "name": each.check.name,
            "status": each.status,
            "rule": each.check.rule,
            **({"note": each.note} if each.note else {}),
            **(
                {"wrong": [{"found": one.found, "fix": each.check.fix_for(one, site)} for one in each.wrong]}
                if each.wrong
                else {}
            ),
        }
        for each in outcomes
    ]
    told = {"site": site.site, "good": is_good(outcomes), "calls": calls, "checks": checks}
    out.write(json.dumps(told, indent=2) + "\n")
