"""What SERIES_ROLES says of a session, read the same from an archive and from a server."""

import hashlib
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
from sarcoma_core.report.roles import BY, RoleTold, read_role
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
    def open_roles(self) -> tuple[str, ...]:
        """The roles that a person could choose it for, the likeliest first."""
        roles = (self.told.role, *self.runners_up)
        return tuple(role for role in roles if role in CHOSEN_ROLES)


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
        left = (
            one.told for one in self.candidates if one.told.by == BY["person"] or not self.is_decided(one)
        )
        return (*(f"scan {one.series}: {one.needs_review}" for one in left if one.needs_review), *self.of_all)

    @property
    def chosen(self) -> Mapping[str, str]:
        """The series that stands for each role, in the order of the roles."""
        taken = {one.told.role: one.told.series for one in self.candidates if one.told.chosen}
        return {role: taken[role] for role in CHOSEN_ROLES if role in taken}

    def by(self, role: str) -> str:
        """Who told that role's series its role, in words."""
        return next((c.told.by for c in self.candidates if c.told.chosen and c.told.role == role), "")

    def left_open(self, one: RoleCandidate) -> str:
        """The role that a person has to decide because of a series; empty where there is none."""
        return next((role for role in one.open_roles if self.by(role) != BY["person"]), "")

    def is_decided(self, one: RoleCandidate) -> bool:
        """Whether a person has decided every role that a series could be chosen for."""
        return bool(one.open_roles) and not self.left_open(one)

    def for_role(self, role: str) -> tuple[RoleCandidate, ...]:
        """The series that have a role or could have it.

        The chosen one stands first, then they stand as sure as they are; last those that another role has.
        """
        fitting = (one for one in self.candidates if one.fits(role))
        return tuple(sorted(fitting, key=lambda one: _place(one.told, role)))

    def suggestion(self, role: str) -> str:
        """The series to choose for a role, so that every other role keeps its own; empty where none is."""
        free = (one.told.series for one in self.for_role(role) if not _is_elsewhere(one.told, role))
        return next(free, "")


def _is_elsewhere(told: RoleTold, role: str) -> bool:
    return told.chosen and told.role != role


def _place(told: RoleTold, role: str) -> tuple[bool, bool, bool]:
    return _is_elsewhere(told, role), not told.chosen, told.role != role


def read_session_roles(holdings: OwnHoldings) -> SessionTold | None:
    """What SERIES_ROLES of a session says; None where the step has not run.

    Args:
        holdings: of the session.

    Raises:
        ArchiveError: its manifest is damaged, or the file of roles is not the one that it lists.
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
    entry = next((entry for entry in record.files if entry.path == ROLES_FILE), None)
    document = _document(holdings.content(ROLES_LABEL, ROLES_FILE), entry.sha256) if entry else {}
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


def _document(body: bytes | None, digest: str) -> Mapping[str, Any]:
    try:
        document = json.loads(body or b"null")
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise _not_whole("it is damaged or missing")
    if hashlib.sha256(body or b"").hexdigest() != digest:
        raise _not_whole("it is another file than the manifest lists")
    return document


def _not_whole(fault: str) -> ArchiveError:
    return ArchiveError(
        f"{ROLES_LABEL}/{ROLES_FILE}: must be as its step left it; {fault}.",
        hint="Tell the roles anew, without earlier choices: sarcoma roles set SESSION --project P --forget",
    )
