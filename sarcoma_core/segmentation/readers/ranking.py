"""What a coordinator looks at next."""

from collections.abc import Iterable
from typing import NamedTuple

from sarcoma_core.archive.folder import natural


class CaseStanding(NamedTuple):
    """Where a case stands.

    Attributes:
        case: label of the session.
        missing: how many of its readings are not there yet.
        dice: the lowest of two readers; None where no two have read it.
        hd95_mm: of the same two.
        settled: whether something was adjudicated.
        locked: whether it has a reference.
        uncertainty: of what a network drew there, 0 to 0.25; None where none did.
        doubted: whether the gate of the network asked for a person.
    """

    case: str
    missing: int
    dice: float | None = None
    hd95_mm: float | None = None
    settled: bool = False
    locked: bool = False
    uncertainty: float | None = None
    doubted: bool = False


def ranked(cases: Iterable[CaseStanding]) -> tuple[CaseStanding, ...]:
    """What is to be done, the most urgent first.

    Locked cases are out. What is missing comes first, the most missing at the top, and of these what a
    network's gate doubts, then what it was most uncertain of; then what disagrees most, by the lowest Dice,
    then by the largest HD95; what is adjudicated and only waits for its lock comes last.
    """
    return tuple(sorted((case for case in cases if not case.locked), key=_urgency))


def _urgency(case: CaseStanding) -> tuple[int, int, bool, float, float, float, object]:
    waits = 0 if case.missing else 2 if case.settled else 1
    dice = 1.0 if case.dice is None else case.dice
    doubted, uncertainty = (case.doubted, case.uncertainty or 0.0) if case.missing else (False, 0.0)
    far = -(case.hd95_mm or 0.0)
    return waits, -case.missing, not doubted, -uncertainty, dice, far, natural(case.case)
