"""How good a registration is, in words: read off the facts of REGISTERED, whoever wrote them."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from sarcoma_core.report.facts import value_text

TOLD = frozenset(
    {
        "role",
        "reference",
        "reference_role",
        "transform",
        "shift_mm",
        "rotation_degrees",
        "mutual_information_before",
        "mutual_information_after",
        "mask_overlap_before",
        "mask_overlap_after",
        "jacobian_min",
        "jacobian_max",
    }
)
"""Facts that the page tells of a pair in words; a receipt need not repeat them."""


def quality(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Sentences about one pair, without full stops; of a number that is not told there is none."""
    return (*_moved(facts), *_gain(facts), *_overlap(facts), *_volume(facts))


def number(facts: Mapping[str, Any], name: str) -> float | None:
    """A fact that is a finite number; None for any other."""
    value = facts.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def _moved(facts: Mapping[str, Any]) -> Iterator[str]:
    if facts.get("transform") == "identity":
        yield "Not moved: it lay on the reference as well as any motion would lay it"
        return
    shift, turn = number(facts, "shift_mm"), number(facts, "rotation_degrees")
    ways = [
        *([f"{value_text(round(shift, 1))} mm"] if shift is not None else []),
        *([f"turned by {value_text(round(turn, 1))}°"] if turn is not None else []),
    ]
    if ways:
        how = {"rigid": ", as a rigid body", "deformable": ", and bent"}.get(str(facts.get("transform")), "")
        yield f"Moved by {' and '.join(ways)}{how}"


def _gain(facts: Mapping[str, Any]) -> Iterator[str]:
    before, after = (number(facts, f"mutual_information_{when}") for when in ("before", "after"))
    if before is None or after is None:
        return
    way = "rose" if after > before else "fell" if after < before else "stayed"
    yield f"Mutual information {way}: {_three(before)} before, {_three(after)} after"


def _overlap(facts: Mapping[str, Any]) -> Iterator[str]:
    before, after = (number(facts, f"mask_overlap_{when}") for when in ("before", "after"))
    if before is not None and after is not None:
        yield f"Overlap of the two bodies: {_percent(before)} before, {_percent(after)} after"


def _volume(facts: Mapping[str, Any]) -> Iterator[str]:
    least, greatest = number(facts, "jacobian_min"), number(facts, "jacobian_max")
    if least is None or greatest is None or least == greatest == 1:
        return
    yield f"Volumes changed locally to {_three(least)} to {_three(greatest)} times what they were (Jacobian)"


def _three(value: float) -> str:
    return value_text(float(f"{value:.3g}"))


def _percent(share: float) -> str:
    return f"{value_text(round(100 * share))}\u202f%"
