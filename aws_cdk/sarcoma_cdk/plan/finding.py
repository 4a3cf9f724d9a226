"""One finding of the plan."""

from typing import NamedTuple


class PlanFinding(NamedTuple):
    """One rule, and what was found.

    Attributes:
        rule: what must be.
        ok: whether it is.
        found: what was found.
        do: what to do when it is not; empty when it is.
    """

    rule: str
    ok: bool
    found: str
    do: str = ""


def judged(rule: str, found: str, do: str, *, ok: bool) -> PlanFinding:
    """A finding that says what to do only when something has to be done.

    Args:
        rule: what must be.
        found: what was found.
        do: what to do when it is not so.
        ok: whether it is so.
    """
    return PlanFinding(rule, ok, found, "" if ok else do)
