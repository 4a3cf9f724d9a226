"""What SERIES_ROLES says of a session, read the same from an archive and from a server."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sarcoma_core.archive.folder import natural
from sarcoma_core.archive.holdings import OwnHoldings
from sarcoma_core.archive.roles import CHOSEN_ROLES, ROLES_LABEL
from sarcoma_core.dicom.roles.session import ROLES_FILE
from sarcoma_core.errors import ArchiveError
from sarcoma_core.launch.work import manifest
from sarcoma_core.report.roles import RoleTold, read_role
from sarcoma_core.text import printable


@dataclass(frozen=True)
class RoleCandidate:
    """A series that has a role, or could have it.

    Args:
        told: what is said of the series.
        runners_up: the roles that it could have had instead, the likeliest first.
    """

    told: RoleTold
    runners_up: tuple[str, ...] = ()

    def fits(self, role: str) -> bool:
        """Whether it has that role, or could have."""
        return role == self.told.role or role in self.runners_up

    @property
    def open_role(self) -> str:
        """The role that a person would choose it for; empty where there is none."""
        roles = (self.told.role, *self.runners_up)
        return next((role for role in roles if role in CHOSEN_ROLES), "")


class RoleRow(NamedTuple):
    """The series that stands for a role, as a table shows it."""

    role: str
    series: str
    by: str
    remembered: str


@dataclass(frozen=True)
class SessionTold:
    """What is said of the series of one session.

    Args:
        candidates: every series.
        of_all: what a person has to look at that is of no single series, in sentences.
        choices: the series that persons chose, by role.
        patients: how many patients the images name.
    """

    candidates: tuple[RoleCandidate, ...]
    of_all: tuple[str, ...] = ()
    choices: Mapping[str, str] = field(default_factory=dict)
    patients: int = 1

    @property
    def needs_review(self) -> tuple[str, ...]:
        """What a person has to look at, in sentences."""
        told = (one.told for one in self.candidates)
        return (*(f"scan {one.series}: {one.needs_review}" for one in told if one.needs_review), *self.of_all)

    @property
    def chosen(self) -> Mapping[str, str]:
        """The series that stands for each role, in the order of the roles."""
        taken = {one.told.role: one.told.series for one in self.candidates if one.told.chosen}
        return {role: taken[role] for role in CHOSEN_ROLES if role in taken}

    def by(self, role: str) -> str:
        """Who told that role's series its role, in words."""
        return next((c.told.by for c in self.candidates if c.told.chosen and c.told.role == role), "")

    def for_role(self, role: str) -> tuple[RoleCandidate, ...]:
        """The series that have a role or could have it: the chosen one first, then as sure as they are."""
        fitting = (one for one in self.candidates if one.fits(role))
        return tuple(sorted(fitting, key=lambda one: (not one.told.chosen, one.told.role != role)))


def read_session_roles(holdings: OwnHoldings) -> SessionTold | None:
    """What SERIES_ROLES of a session says; None where the step has not run.

    Args:
        holdings: of the session.

    Raises:
        ArchiveError: its manifest is damaged, or a file that it lists.
        ServerError: a server does not answer.
    """
    record = manifest(holdings, ROLES_LABEL)
    if record is None:
        return None
    candidates = tuple(
        RoleCandidate(told, tuple(_roles(outcome.facts.get("runners_up"))))
        for outcome in sorted(record.outcomes, key=lambda outcome: natural(outcome.series))
        if (told := read_role(outcome.series, outcome.facts))
    )
    listed = any(entry.path == ROLES_FILE for entry in record.files)
    document = _document(holdings.content(ROLES_LABEL, ROLES_FILE)) if listed else {}
    of_series = {f"scan {one.told.series}: {one.told.needs_review}".rstrip(".") for one in candidates}
    choices, patients = document.get("choices"), document.get("patients")
    return SessionTold(
        candidates,
        tuple(text for text in _texts(document.get("needs_review")) if text.rstrip(".") not in of_series),
        {str(role): str(series) for role, series in choices.items()} if isinstance(choices, dict) else {},
        patients if isinstance(patients, int) else 1,
    )


def _roles(told: object) -> Iterator[str]:
    """The roles of runners-up, as `[{"role": ..., "confidence": ...}]`."""
    for one in told if isinstance(told, list | tuple) else ():
        role = one.get("role") if isinstance(one, Mapping) else None
        if isinstance(role, str):
            yield role


def _texts(told: object) -> Iterator[str]:
    yield from (
        (printable(one) for one in told if isinstance(one, str) and one) if isinstance(told, list) else ()
    )


def _document(body: bytes | None) -> Mapping[str, Any]:
    try:
        document = json.loads(body or b"null")
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise ArchiveError(
            f"resource {ROLES_LABEL}: {ROLES_FILE} must be as its step wrote it; it is damaged.",
            hint="Run the step again: sarcoma run series-roles --force, or sarcoma xnat bulk series-roles.",
        )
    return document
