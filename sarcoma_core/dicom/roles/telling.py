"""The role of every series of a session: what a person chose, then the site's rules, then the rule table."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sarcoma_core.archive.folder import natural
from sarcoma_core.archive.roles import CHOSEN_ROLES, ROLE_TITLES, Role
from sarcoma_core.dicom.roles.choosing import Candidate, rank
from sarcoma_core.dicom.roles.facts import SeriesFacts
from sarcoma_core.dicom.roles.persons import resolved
from sarcoma_core.dicom.roles.site_rules import SiteRule, site_rule_for
from sarcoma_core.dicom.roles.weighing import REVIEW_BELOW, Verdict, runners_up, unsure, verdict_of
from sarcoma_core.text import counted

By = Literal["rules", "site rules", "person"]
_SET_ASIDE: tuple[Role, ...] = ("DERIVED", "MAP", "LOCALIZER")
_KIN: tuple[frozenset[Role], ...] = (frozenset(("T1CE", "T1")), frozenset(("T2FS", "T2")))


@dataclass(frozen=True)
class ToldSeries:
    """What is told of one series.

    Args:
        facts: what is known of it.
        verdict: what the rule table says.
        role: what it is.
        confidence: from 0 to 1.
        by: who says so.
        evidence: why, in sentences.
        needs_review: what a person has to look at, in a sentence; empty where nothing is.
        chosen: whether it is the one that models take for its role.
    """

    facts: SeriesFacts
    verdict: Verdict
    role: Role
    confidence: float
    by: By
    evidence: tuple[str, ...]
    needs_review: str = ""
    chosen: bool = False

    @property
    def name(self) -> str:
        """Its name in the session."""
        return self.facts.series

    def as_json(self) -> dict[str, Any]:
        """The facts of its outcome."""
        return {
            "role": self.role,
            "chosen": self.chosen,
            "confidence": round(self.confidence, 3),
            "by": self.by,
            "evidence": list(self.evidence),
            "runners_up": [] if self.by == "person" else runners_up(self.verdict.shares, self.role),
            "needs_review": self.needs_review,
        }


@dataclass(frozen=True)
class ToldSession:
    """The roles of a session.

    Args:
        series: of every series, in natural order of their names.
        needs_review: what a person has to look at, in sentences.
        choices: what persons chose: the series of each role.
        patients: how many patients the session's images name.
    """

    series: tuple[ToldSeries, ...]
    needs_review: tuple[str, ...]
    choices: Mapping[Role, str]
    patients: int = 1

    @property
    def chosen(self) -> Mapping[Role, str]:
        """The chosen series of each role."""
        found = {told.role: told.name for told in self.series if told.chosen}
        return {role: found[role] for role in CHOSEN_ROLES if role in found}


def tell_session(
    facts: Sequence[SeriesFacts],
    *,
    choices: Mapping[Role, str] | None = None,
    chosen_now: Collection[Role] = (),
    site_rules: Iterable[SiteRule] = (),
    patients: int = 1,
) -> ToldSession:
    """Tell the role of every series, and choose one for each role that models take.

    Args:
        facts: of all series of the session.
        choices: the series that persons chose, by role: a series' name, or the id of its scan.
        chosen_now: the roles of those choices that are made now: what cannot be meant is refused; of
            earlier ones it is told.
        site_rules: what the site's protocols are called.
        patients: how many patients its images name.

    Raises:
        UsageError: a choice that is made now names no series, one of another modality, or one that is
            chosen for another role.
    """
    ordered = sorted(facts, key=lambda one: natural(one.series))
    rules = tuple(site_rules)
    told = [_told(one, ordered, rules) for one in ordered]
    persons = resolved(choices or {}, ordered, {one.name: one.verdict.shares for one in told})
    persons.refuse_lost(chosen_now)
    told = _with_originals([_by_person(one, persons.roles) for one in told])
    told = _choose(told, persons.roles)
    review = [f"scan {one.name}: {one.needs_review}" for one in told if one.needs_review]
    if patients > 1:
        review.insert(
            0, f"the session has images of {counted(patients, 'patient')}: nothing of it is to be used"
        )
    return ToldSession(tuple(told), (*review, *persons.sentences), dict(choices or {}), patients)


def _told(facts: SeriesFacts, others: Sequence[SeriesFacts], rules: Sequence[SiteRule]) -> ToldSeries:
    verdict = verdict_of(facts, others)
    # Of what is no volume, or was refused, nothing can be chosen: nobody has to look at it.
    review = unsure(verdict.shares, verdict.role) if facts.usable and not facts.not_a_volume else ""
    told = ToldSeries(facts, verdict, verdict.role, verdict.confidence, "rules", verdict.evidence, review)
    rule = site_rule_for(facts, rules)
    if rule is None or (verdict.role in _SET_ASIDE and rule.role not in _SET_ASIDE):
        return told
    sure = (
        ""
        if rule.confidence >= REVIEW_BELOW
        else f"the site's rule has {counted(rule.sessions, 'session')} only"
    )
    against = verdict.role not in (rule.role, "OTHER") and verdict.confidence >= REVIEW_BELOW
    if against and not any({verdict.role, rule.role} <= kin for kin in _KIN):
        sure = f"the site's rule says {ROLE_TITLES[rule.role]}, the headers say {ROLE_TITLES[verdict.role]}"
    words = f"the site's rule for {rule.field}, learned from {counted(rule.sessions, 'session')}"
    return replace(
        told,
        role=rule.role,
        confidence=rule.confidence,
        by="site rules",
        evidence=(words, *verdict.evidence),
        needs_review=sure,
    )


def _by_person(told: ToldSeries, persons: Mapping[str, Role]) -> ToldSeries:
    role = persons.get(told.name)
    if role is None:
        return told
    review = "" if told.facts.usable else "a person chose it, and no volume of it was converted"
    words = "a person chose it"
    return replace(
        told, role=role, confidence=1.0, by="person", evidence=(words, *told.evidence), needs_review=review
    )


def _with_originals(told: list[ToldSeries]) -> list[ToldSeries]:
    """Derived copies, with what they show and whether the original is there."""
    said = []
    for one in told:
        if one.role != "DERIVED" or one.verdict.anatomy == "OTHER":
            said.append(one)
            continue
        shown = one.verdict.anatomy
        same = [o for o in told if o.role == shown or {o.role, shown} in map(set, _KIN)]
        originals = ", ".join(original.name for original in same)
        where = f"the original may be scan {originals}" if same else "the original is not in this session"
        words = f"a derived copy of a {ROLE_TITLES[shown]}; {where}"
        said.append(replace(one, evidence=(words, *one.evidence)))
    return said


def _choose(told: Sequence[ToldSeries], persons: Mapping[str, Role]) -> list[ToldSeries]:
    """One series for each role; where others are as good, that is told."""
    candidates = [
        Candidate(
            one.facts, one.role, one.by == "site rules", one.confidence >= REVIEW_BELOW, _has_no_fat(one)
        )
        for one in told
        if one.role in CHOSEN_ROLES and one.facts.usable and one.name not in persons
    ]
    taken = {role: name for name, role in persons.items()}
    notes: dict[str, str] = {}
    reviews: dict[str, list[str]] = {}
    for role in CHOSEN_ROLES:
        of_role = [candidate for candidate in candidates if candidate.role == role]
        if not of_role:
            continue
        if role in taken:
            notes |= {c.facts.series: f"not chosen: a person chose scan {taken[role]}" for c in of_role}
            continue
        ranking = rank(of_role, candidates)
        taken[role] = ranking.first.facts.series
        notes |= ranking.notes()
        reviews[taken[role]] = ranking.reviews()
    return [
        replace(
            one,
            chosen=taken.get(one.role) == one.name,
            evidence=(*one.evidence, *(note for note in (notes.get(one.name),) if note)),
            needs_review="; ".join((*filter(None, (one.needs_review,)), *reviews.get(one.name, ()))),
        )
        for one in told
    ]


def _has_no_fat(told: ToldSeries) -> bool:
    return told.verdict.answers["fat-suppressed"] > told.verdict.answers["not fat-suppressed"]
