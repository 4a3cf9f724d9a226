"""Run the checks, and keep what each found."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sarcoma_cdk.verify import (
    alerts,
    audit,
    boot,
    database,
    doors,
    edge,
    endpoints,
    identity,
    keeping,
    machine,
    network,
    receiver,
    registry,
    storage,
)
from sarcoma_cdk.verify.checks import Check, Wrong, put_back
from sarcoma_cdk.verify.facts import AbsentError, Facts, NotNowError, UnknownError

CHECKS: tuple[Check, ...] = (
    *boot.CHECKS,
    *network.CHECKS,
    *doors.CHECKS,
    *endpoints.CHECKS,
    *machine.CHECKS,
    *identity.CHECKS,
    *storage.CHECKS,
    *registry.CHECKS,
    *edge.CHECKS,
    *receiver.CHECKS,
    *database.CHECKS,
    *keeping.CHECKS,
    *alerts.CHECKS,
    *audit.CHECKS,
)
"""All checks, in the order in which they are told."""

Status = Literal["ok", "wrong", "unknown", "not applicable"]


@dataclass(frozen=True)
class Outcome:
    """What one check found.

    Args:
        check: the check.
        status: how it ended.
        wrong: what breaks the rule.
        note: why it is unknown, or does not apply.
    """

    check: Check
    status: Status
    wrong: tuple[Wrong, ...] = ()
    note: str = ""


def run(facts: Facts) -> Iterator[Outcome]:
    """Run every check.

    Args:
        facts: what is there.
    """
    for check in CHECKS:
        yield run_one(check, facts)


def run_one(check: Check, facts: Facts) -> Outcome:
    """Run one check.

    Args:
        check: the check.
        facts: what is there.
    """
    reason = check.why_not(facts.site)
    if reason:
        return Outcome(check, "not applicable", note=reason)
    try:
        wrong = tuple(check.look(facts))
    except UnknownError as error:
        return Outcome(check, "unknown", note=str(error))
    except NotNowError as error:
        return Outcome(check, "not applicable", note=str(error))
    except AbsentError as error:
        step = error.fix or f"put it back: {put_back(facts.site)['back_' + error.part]}"
        return Outcome(check, "wrong", (Wrong(str(error), step),))
    return Outcome(check, "wrong" if wrong else "ok", wrong)
