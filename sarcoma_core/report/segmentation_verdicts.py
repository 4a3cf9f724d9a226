"""What each member of a model set says of a series: its doubts first; a manifest may be anybody's."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from sarcoma_core.provenance import Outcome
from sarcoma_core.report.facts import Fact, value_text
from sarcoma_core.report.masks import shown
from sarcoma_core.report.measures import fixed
from sarcoma_core.segmentation.inference.gate import NEAR_MM

LONGEST_SENTENCE: Final = 300
"""Characters of a sentence at most: ours are shorter."""
_HASH: Final = 12
"""Characters of a hash that masks.json tells as well."""
_SPACE: Final = "\u00a0"


@dataclass(frozen=True)
class MemberVerdict:
    """What a member of a model set says of one series.

    Args:
        member: its name, such as `T1CE`; empty where the manifest does not tell it.
        doubts: what a person has to look at, in sentences without a full stop; none where nothing is odd.
        asked: other members whose masks were compared with its own, with the Dice of both.
        synthetic: whether it has seen synthetic patients only.
        facts: model, why this member, hash, device and seconds.
    """

    member: str
    doubts: tuple[str, ...]
    asked: tuple[tuple[str, float], ...]
    synthetic: bool
    facts: tuple[Fact, ...]

    @property
    def agreed(self) -> str:
        """How the others agree, in words; empty where none was asked."""
        return ", ".join(f"{name} (Dice {fixed(dice, 2)})" for name, dice in self.asked)


def members_of(outcome: Outcome) -> Iterator[Mapping[str, Any]]:
    """The facts of each member: what further ones have drawn on the series stands in `beside`.

    Args:
        outcome: of `segment` on a series.
    """
    yield outcome.facts
    beside = outcome.facts.get("beside")
    yield from (one for one in beside if isinstance(one, dict)) if isinstance(beside, list) else ()


def verdict_of(facts: Mapping[str, Any]) -> MemberVerdict:
    """What a member says, as far as its facts are of the kinds that they should be.

    Args:
        facts: of one member.
    """
    doubts, others = facts.get("needs_review"), facts.get("others")
    asked = others.items() if isinstance(others, dict) else ()
    return MemberVerdict(
        member=told_text(facts, "member"),
        doubts=tuple(
            text
            for one in (doubts if isinstance(doubts, list) else ())
            if isinstance(one, str) and (text := shown(one, LONGEST_SENTENCE).rstrip("."))
        ),
        asked=tuple((shown(name), float(dice)) for name, dice in asked if _is_number(dice)),
        synthetic=facts.get("synthetic") is True,
        facts=tuple(_facts(facts)),
    )


def _facts(facts: Mapping[str, Any]) -> Iterator[Fact]:
    """What a reader who cites the masks has to write down."""
    member, why = told_text(facts, "member"), told_text(facts, "member_why")
    model = " ".join(filter(None, (told_text(facts, "model"), member)))
    seconds, unsure = facts.get("seconds"), facts.get("uncertainty")
    told = (
        ("Model", model),
        ("Why this one", f"{why[:1].upper()}{why[1:]}"),
        ("SHA-256 of the model set", told_text(facts, "set_sha256")[:_HASH]),
        ("Computed on", told_text(facts, "device")),
        ("Time", f"{fixed(seconds, 1)}{_SPACE}s" if _is_number(seconds) else ""),
        (
            "Uncertainty at the surface",
            f"mean variance {value_text(float(unsure))} within {NEAR_MM:g}{_SPACE}mm of it; 0.25 is a toss-up"
            if _is_number(unsure)
            else "",
        ),
    )
    yield from (Fact(label, value) for label, value in told if value)


def told_text(facts: Mapping[str, Any], name: str) -> str:
    """A fact that is a text, as the page shows it; empty where it is none.

    Args:
        facts: of one member.
        name: of the fact.
    """
    value = facts.get(name)
    return shown(value, LONGEST_SENTENCE) if isinstance(value, str) else ""


def _is_number(value: object) -> TypeGuard[float]:
    """Whether a fact is a number that a float can hold; JSON knows larger ones."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= sys.float_info.max
