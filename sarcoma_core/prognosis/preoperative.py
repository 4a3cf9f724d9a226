"""Which session of a patient shows the tumour before time zero: the one that the row names, or the latest.

A patient's dates may be shifted, all by the same number of days: differences are used, never a date itself.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sarcoma_core.errors import UsageError
from sarcoma_core.prognosis.clinical.endpoints import TimeZero
from sarcoma_core.text import counted

DAYS_BEFORE: Final = 180
"""A session that is older says little of what was operated: within half a year, unless a user says so."""
LONGEST_BEFORE: Final = 3650

JoinKey = Literal["", "subject", "subject and date", "subject and session"]
"""What told a session: it is the subject's only one, its date, or the row by name; empty for none."""


@dataclass(frozen=True)
class ImagingSession:
    """A session that a patient may be joined to.

    Args:
        subject: label of its subject.
        session: its label.
        date: of the study; None where XNAT has none.
        labelled: whether it holds a series of the label that is needed.
    """

    subject: str
    session: str
    date: dt.date | None = None
    labelled: bool = True


@dataclass(frozen=True)
class SessionRule:
    """Which sessions count.

    Args:
        time_zero: of the table.
        days_before: of a session before time zero, at most.

    Raises:
        UsageError: days_before is not 0 to 3650.
    """

    time_zero: TimeZero = "surgery"
    days_before: int = DAYS_BEFORE

    def __post_init__(self) -> None:
        if not 0 <= self.days_before <= LONGEST_BEFORE:
            raise UsageError(f"days_before: must be 0 to {LONGEST_BEFORE} days; found {self.days_before}.")

    def before(self, days: int) -> str:
        """How long before time zero, in words."""
        return (
            f"{counted(days, 'day')} before {self.time_zero}" if days else f"on the day of {self.time_zero}"
        )

    @property
    def after(self) -> str:
        """The reason of what is after time zero."""
        return f"session after {self.time_zero}"

    @property
    def too_early(self) -> str:
        """The reason of what is too long before it."""
        return f"session more than {counted(self.days_before, 'day')} before {self.time_zero}"

    @property
    def neither(self) -> str:
        """The reason where some sessions are after it, and all others too long before."""
        return f"no session within {counted(self.days_before, 'day')} before {self.time_zero}"

    @property
    def unchecked(self) -> str:
        """What is told where a date is missing."""
        return f"no date to check against {self.time_zero}"

    def misfits(self, days: int) -> str:
        """Why a session does not count; empty where it does."""
        if days < 0:
            return self.after
        return self.too_early if days > self.days_before else ""


@dataclass(frozen=True)
class SessionChoice:
    """Which session, and why; or none, and why.

    Args:
        session: None where it is refused.
        reason: the same words for all patients to whom it happened, as far as it is refused.
        key: what told the session.
        notes: more of it.
        compared: whether the dates of row and session could be compared.
        contradicts: whether they contradict.
        days: of the session before time zero; None where that is not known.
    """

    session: ImagingSession | None
    reason: str
    key: JoinKey = ""
    notes: tuple[str, ...] = ()
    compared: bool = False
    contradicts: bool = False
    days: int | None = None


def choose_session(
    wanted: str, date: dt.date | None, sessions: Sequence[ImagingSession], rule: SessionRule
) -> SessionChoice:
    """The session of a patient before time zero.

    Of several that fit, those that hold the needed label count, and of these the latest.

    Args:
        wanted: label of the session that the row names; empty where it names none.
        date: of time zero; None where the row has none.
        sessions: all of the patient's that may be taken, at least one.
        rule: which count.
    """
    if wanted:
        return _named(wanted, date, sessions, rule)
    if date is None or all(one.date is None for one in sessions):
        if len(sessions) > 1:
            return SessionChoice(None, f"several sessions, and {rule.unchecked}")
        return SessionChoice(sessions[0], "the only session", "subject", (rule.unchecked,))
    return _by_date(date, sessions, rule)


def _by_date(date: dt.date, sessions: Sequence[ImagingSession], rule: SessionRule) -> SessionChoice:
    days = {one.session: (date - one.date).days for one in sessions if one.date is not None}
    fits = [one for one in sessions if one.date is None or not rule.misfits(days[one.session])]
    if not fits:
        return _none_fits(days.values(), rule)
    pool = [one for one in fits if one.labelled] or fits
    if any(one.date is None for one in pool):
        return SessionChoice(None, "several sessions, and one without a date", compared=True)
    least = min(days[one.session] for one in pool)
    latest = [one for one in pool if days[one.session] == least]
    if len(latest) > 1:
        why = f"several sessions on the latest day before {rule.time_zero}"
        return SessionChoice(None, why, notes=(rule.before(least),), compared=True)
    notes = tuple(_of_several(fits, pool))
    key: JoinKey = "subject and date"
    return SessionChoice(latest[0], rule.before(least), key, notes, compared=True, days=least)


def _named(
    wanted: str, date: dt.date | None, sessions: Iterable[ImagingSession], rule: SessionRule
) -> SessionChoice:
    found = next((one for one in sessions if one.session == wanted), None)
    if found is None:
        return SessionChoice(None, "the session that the row names is none of its subject")
    if date is None or found.date is None:
        return SessionChoice(found, "named by the row", "subject and session", (rule.unchecked,))
    days = (date - found.date).days
    if rule.misfits(days):
        return _none_fits((days,), rule)
    key: JoinKey = "subject and session"
    return SessionChoice(found, rule.before(days), key, ("named by the row",), compared=True, days=days)


def _none_fits(days: Iterable[int], rule: SessionRule) -> SessionChoice:
    reasons = {rule.misfits(one) for one in days}
    reason = reasons.pop() if len(reasons) == 1 else rule.neither
    nearest = min(days, key=abs)
    told = f"{counted(-nearest, 'day')} after {rule.time_zero}" if nearest < 0 else rule.before(nearest)
    return SessionChoice(None, reason, notes=(told,), compared=True, contradicts=True)


def _of_several(fits: Sequence[ImagingSession], pool: Sequence[ImagingSession]) -> Iterable[str]:
    if len(pool) > 1:
        yield f"the latest of {counted(len(pool), 'session')}"
    if len(fits) > len(pool):
        yield f"{counted(len(fits) - len(pool), 'session')} without the needed label passed over"
