"""Which series is which, in words: read off the facts of SERIES_ROLES, whoever wrote them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sarcoma_core.archive.roles import CHOSEN_ROLES, ROLE_TITLES, ROLES_LABEL
from sarcoma_core.provenance import RunRecord
from sarcoma_core.report.facts import may_identify, value_text
from sarcoma_core.report.stages import StageRun

BY: Mapping[str, str] = {
    "rules": "the rules",
    "site rules": "the rules of the site",
    "person": "a person",
}
"""Who told a role, as a reader is told."""

_TITLES: Mapping[str, str] = {str(role): title for role, title in ROLE_TITLES.items()}
_ROLE = re.compile(r"[A-Z][A-Z0-9_]{0,15}")
_LONGEST = 300
"""Characters of a sentence at most: ours are shorter."""

_MOST = 12
"""Sentences of a series at most."""


@dataclass(frozen=True)
class RoleTold:
    """What SERIES_ROLES says of one series.

    Args:
        series: its name.
        role: as `archive.roles` names it, or as a later version does.
        chosen: whether it is the one that stands for its role.
        by: who told the role, in words; empty when it is not known.
        confidence: in percent; empty when it is not known.
        evidence: why, in sentences.
        runners_up: the roles that it could have had instead, with their confidence.
        needs_review: what a person has to look at, in a sentence; empty where nothing is.
    """

    series: str
    role: str
    chosen: bool
    by: str = ""
    confidence: str = ""
    evidence: tuple[str, ...] = ()
    runners_up: tuple[str, ...] = ()
    needs_review: str = ""

    @property
    def title(self) -> str:
        """The role in words."""
        return role_title(self.role)

    @property
    def words(self) -> str:
        """The role, whether the series is chosen for it and by whom, without a full stop."""
        of = f"told by {self.by}" if self.by else ""
        if self.role in CHOSEN_ROLES:
            by = f" by {self.by}" if self.by else ""
            of = f"chosen{by}" if self.chosen else "not chosen"
        parts = (self.title, of, f"confidence {self.confidence}" if self.confidence else "")
        return ", ".join(part for part in parts if part)

    @property
    def command(self) -> str:
        """What to type where the role has to be looked at."""
        option = self.role.lower() if self.role in CHOSEN_ROLES else "ROLE"
        series = f'"{self.series}"' if " " in self.series else self.series
        return f"sarcoma roles set SESSION --project PROJECT --{option} {series}"


@dataclass(frozen=True)
class SessionRoles:
    """The roles of all series of a session.

    Args:
        told: of each series, in the order of the page.
    """

    told: tuple[RoleTold, ...]

    @property
    def chosen(self) -> tuple[RoleTold, ...]:
        """The series that stand for a role, in the order of the roles."""
        order: Mapping[str, int] = {role: place for place, role in enumerate(CHOSEN_ROLES)}
        taken = (one for one in self.told if one.chosen)
        return tuple(sorted(taken, key=lambda one: order.get(one.role, len(order))))

    @property
    def others(self) -> tuple[RoleTold, ...]:
        """The series that stand for none."""
        return tuple(one for one in self.told if not one.chosen)

    @property
    def to_review(self) -> tuple[RoleTold, ...]:
        """Those that a person has to look at."""
        return tuple(one for one in self.told if one.needs_review)

    @property
    def line(self) -> str:
        """The chosen series in one line, e.g. `T1CE 5, PET 9; 1 to review`; empty where nothing was told."""
        chosen = ", ".join(f"{one.role} {one.series}" for one in self.chosen) or "none chosen"
        review = f"; {len(self.to_review)} to review" if self.to_review else ""
        return f"{chosen}{review}" if self.told else ""


NO_ROLES = SessionRoles(())


def read_roles(runs: Iterable[StageRun], names: Iterable[str]) -> SessionRoles:
    """The roles of series, as the manifest of SERIES_ROLES tells them; none where it was not written.

    Args:
        runs: the stages of the session.
        names: of the series, in the order of the page.
    """
    record = next((run.record for run in runs if run.stage.label == ROLES_LABEL), None)
    return roles_of(record, names)


def roles_of(record: RunRecord | None, names: Iterable[str] | None = None) -> SessionRoles:
    """The roles of series, as a manifest of SERIES_ROLES tells them.

    Args:
        record: the manifest; None where the step has not run.
        names: of the series in order; that of the manifest if not given.
    """
    if record is None:
        return NO_ROLES
    order = [o.series for o in record.outcomes] if names is None else names
    outcomes = ((name, record.outcome(name)) for name in order)
    told = (read_role(name, outcome.facts) for name, outcome in outcomes if outcome)
    return SessionRoles(tuple(one for one in told if one))


def read_role(series: str, facts: Mapping[str, Any]) -> RoleTold | None:
    """What facts of any shape say of the role of a series; None when they say nothing."""
    role = facts.get("role")
    if not isinstance(role, str) or not _ROLE.fullmatch(role):
        return None
    by = facts.get("by")
    return RoleTold(
        series=series,
        role=role,
        chosen=facts.get("chosen") is True,
        by=BY.get(by, "") if isinstance(by, str) else "",
        confidence=_percent(facts.get("confidence")),
        evidence=_sentences(facts.get("evidence")),
        runners_up=_runners_up(facts.get("runners_up")),
        needs_review=next(iter(_sentences([facts.get("needs_review")])), ""),
    )


def _runners_up(told: object) -> tuple[str, ...]:
    """Roles with their confidence, e.g. `T1 (12 %)`."""
    listed = told if isinstance(told, list | tuple) else ()
    roles = ((one.get("role"), one.get("confidence")) for one in listed if isinstance(one, Mapping))
    named = ((role_title(role), _percent(sure)) for role, sure in roles if isinstance(role, str))
    fit = ((title, sure) for title, sure in named if title)
    return tuple(f"{title} ({sure})" if sure else title for title, sure in fit)[:_MOST]


def _sentences(told: object) -> tuple[str, ...]:
    """The sentences of a list, without their full stops; what could tell who the patient is is left out."""
    listed = told if isinstance(told, list | tuple) else [told]
    texts = (one.strip().rstrip(".") for one in listed if isinstance(one, str))
    return tuple(text[:_LONGEST] for text in texts if text and not may_identify(text))[:_MOST]


def _percent(share: object) -> str:
    """A share of 1 in percent; empty for what is none."""
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        return ""
    return f"{value_text(round(100 * share))}\u202f%"


def role_title(role: str) -> str:
    """A role in words; a later version's role stands for itself."""
    return _TITLES.get(role) or (role if _ROLE.fullmatch(role) else "")
