"""From what was seen of one series to its role: rules that fired add their weights, and odds become shares.

Each question is answered on its own: an answer's share is exp(its weight) over the sum for all answers. The
share of a role is the product of the answers that make it, such as anatomy, T1 and contrast for T1CE; shares
of all roles add up to 1, and the role's own is its confidence.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sarcoma_core.archive.roles import ROLE_TITLES, ROLES, Role
from sarcoma_core.dicom.roles.facts import SeriesFacts
from sarcoma_core.dicom.roles.rule import KINDS, QUESTIONS, Reply, RoleRule, Sight, sight_of
from sarcoma_core.dicom.roles.rules import RULES

REVIEW_BELOW = 0.75
"""Confidence below which a person is asked."""
LEAST_RUNNER_UP = 0.01


@dataclass(frozen=True)
class Verdict:
    """What the rules say of a series.

    Args:
        shares: of every role; they add up to 1.
        evidence: sentences, in the order of their kinds; of contrast agents only where the series shows T1.
        answers: the share of each answer to the questions.
        anatomy: the role that it would have, were it no copy, map or localizer.
    """

    shares: Mapping[Role, float]
    evidence: tuple[str, ...]
    answers: Mapping[Reply, float]
    anatomy: Role

    @property
    def role(self) -> Role:
        """The role of the largest share."""
        return max(ROLES, key=lambda role: self.shares[role])

    @property
    def confidence(self) -> float:
        """The share of the role."""
        return self.shares[self.role]


def verdict_of(
    facts: SeriesFacts, others: Iterable[SeriesFacts] = (), rules: Iterable[RoleRule] = RULES
) -> Verdict:
    """Weigh what is known of a series.

    Args:
        facts: of the series.
        others: the series of its session; it may be among them.
        rules: the rule table.
    """
    sight = sight_of(facts, others)
    fired = [rule for rule in rules if rule.fires(sight)]
    answers = _answers(fired)
    if_anatomy = _of_anatomy(facts.modality, answers)
    shares = dict.fromkeys(ROLES, 0.0)
    for role, share in if_anatomy.items():
        shares[role] += answers["anatomy"] * share
    for reply, role in _SET_ASIDE.items():
        shares[role] += answers[reply]
    anatomy = max(if_anatomy, key=lambda role: if_anatomy[role])
    telling = [rule for rule in fired if anatomy in _T1 or not set(rule.gives) <= _OF_CONTRAST]
    return Verdict(shares, _evidence(facts, telling, sight), answers, anatomy)


_T1: tuple[Role, ...] = ("T1CE", "T1")
_OF_CONTRAST = set(QUESTIONS["contrast agent"])
"""What matters to T1 alone."""

_SET_ASIDE: Mapping[Reply, Role] = {
    "copy": "DERIVED",
    "map": "MAP",
    "localizer": "LOCALIZER",
    "no anatomy": "OTHER",
}


def _answers(fired: Iterable[RoleRule]) -> Mapping[Reply, float]:
    """The share of each answer; of one kind of evidence only the heaviest rule counts for an answer."""
    weights: dict[Reply, dict[str, float]] = {}
    for rule in fired:
        for reply, weight in rule.gives.items():
            kinds = weights.setdefault(reply, {})
            kinds[rule.kind] = max(kinds.get(rule.kind, 0.0), weight)
    shares: dict[Reply, float] = {}
    for before in QUESTIONS.values():
        odds = {reply: math.exp(w + sum(weights.get(reply, {}).values())) for reply, w in before.items()}
        shares |= {reply: value / sum(odds.values()) for reply, value in odds.items()}
    return shares


def _of_anatomy(modality: str, answers: Mapping[Reply, float]) -> Mapping[Role, float]:
    if modality in ("PT", "CT"):
        return {"PET" if modality == "PT" else "CT": 1.0}
    if modality != "MR":
        return {"OTHER": 1.0}
    t1, t2 = answers["T1"], answers["T2"]
    return {
        "T1CE": t1 * answers["contrast"],
        "T1": t1 * answers["no contrast"],
        "T2FS": t2 * answers["fat-suppressed"],
        "T2": t2 * answers["not fat-suppressed"],
        "DWI": answers["diffusion"],
        "OTHER": answers["proton density"] + answers["other sequence"],
    }


def _evidence(facts: SeriesFacts, fired: Iterable[RoleRule], sight: Sight) -> tuple[str, ...]:
    """Sentences, without one that is said twice; a series of which nothing is known has one as well."""
    told = [rule.told(sight) for rule in sorted(fired, key=lambda rule: KINDS.index(rule.kind))]
    if facts.modality in ("PT", "CT"):
        told.insert(0, f"Modality {facts.modality}")
    if facts.images == 0:
        told.append("none of its headers can be read")
    return tuple(dict.fromkeys(told)) or ("nothing in its headers says what it is",)


def runners_up(shares: Mapping[Role, float], role: Role) -> list[dict[str, object]]:
    """The other roles that are not out of the question, likeliest first."""
    rest = [other for other in ROLES if other != role and shares[other] >= LEAST_RUNNER_UP]
    return [
        {"role": other, "confidence": round(shares[other], 3)}
        for other in sorted(rest, key=lambda other: -shares[other])
    ]


def unsure(shares: Mapping[Role, float], role: Role) -> str:
    """Why a person is asked; empty where the role is sure enough."""
    if shares[role] >= REVIEW_BELOW:
        return ""
    likely = sorted(ROLES, key=lambda other: -shares[other])[:2]
    told = ", ".join(f"{ROLE_TITLES[other]} {shares[other]:.2f}" for other in likely)
    return f"the role is not sure: {told}"
