"""The join of a clinical table and a project: clinical row, subject, and the session before surgery.

One result for each row and one for each session that no row takes, each with its reason. Nothing is guessed:
what is ambiguous, or contradicts its images, is refused, and a person corrects the table.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from sarcoma_core.archive.cohort import CohortRules, LeftOut
from sarcoma_core.archive.folder import natural
from sarcoma_core.archive.near_labels import difference, loose_forms, near_labels
from sarcoma_core.archive.register import RegisteredSession
from sarcoma_core.prognosis.clinical.table import ClinicalRow, ClinicalTable
from sarcoma_core.prognosis.preoperative import (
    DAYS_BEFORE,
    ImagingSession,
    JoinKey,
    SessionRule,
    choose_session,
)
from sarcoma_core.prognosis.witness import ImageFacts, check_against_images

JoinOutcome = Literal["joined", "left out", "refused"]
"""Refused is what a person has to correct: it is ambiguous, or contradicts what else is known."""
JoinStage = Literal["", "project", "consent", "session", "images", "usable"]

STAGES: Final[Mapping[JoinStage, str]] = {
    "project": "In the project",
    "consent": "Consent, and on no exclusion list",
    "session": "With a session before time zero",
    "images": "Not contradicted by their images",
    "usable": "With a usable session of the needed label",
}
"""What a row has to pass, in this order."""

SHIFTED: Final = "dates of the table and of the images seem to be shifted differently"
_MORE_THAN_HALF: Final = 0.5
_TWICE = "its subject stands in the table twice"
_STRANGER = "no such subject in the project"
_EXCLUDED = "on the exclusion list"

Look = Callable[[ImagingSession], ImageFacts]
"""What the images of a session say of its patient; asked for sessions that a row is joined to."""


@dataclass(frozen=True)
class JoinRules:
    """What decides besides the table and the sessions.

    Args:
        cohort: consent and exclusions.
        days_before: of a session before time zero, at most.
    """

    cohort: CohortRules
    days_before: int = DAYS_BEFORE


@dataclass(frozen=True)
class JoinedRow:
    """What became of a row of the table.

    Args:
        row: the row.
        session: that it is joined to, or was refused with; empty for none.
        outcome: what became of it.
        key: by which it was joined.
        reason: why; the same words for all rows to which it happened, as far as they are not joined.
        notes: more of it.
        fell: what it did not pass; empty where it is joined.
        compared: whether its dates and those of the images could be compared.
        contradicts: whether they contradict.
    """

    row: ClinicalRow
    session: str
    outcome: JoinOutcome
    key: JoinKey
    reason: str
    notes: tuple[str, ...] = ()
    fell: JoinStage = ""
    compared: bool = False
    contradicts: bool = False

    @property
    def subject(self) -> str:
        """Label of the subject, as the row has it."""
        return self.row.subject

    @property
    def told(self) -> str:
        """The reason with all that belongs to it."""
        return "; ".join((self.reason, *self.notes))

    def unusable(self, reason: str) -> "JoinedRow":
        """The row, where its session turned out to be of no use."""
        return replace(self, outcome="left out", reason=reason, notes=(), fell="usable")


@dataclass(frozen=True)
class CohortJoin:
    """What became of all rows and sessions.

    Args:
        rows: each row of the table, in order of subjects.
        sessions: each session that no row takes, and why.
    """

    rows: tuple[JoinedRow, ...]
    sessions: tuple[LeftOut, ...]

    @property
    def hints(self) -> tuple[str, ...]:
        """What is odd about all of them together."""
        compared = sum(one.compared for one in self.rows)
        contradicting = sum(one.contradicts for one in self.rows)
        return (SHIFTED,) if contradicting > compared * _MORE_THAN_HALF else ()

    def in_order(self) -> tuple[JoinedRow | LeftOut, ...]:
        """Rows and sessions in order of their labels: the order of rows or of folders does not show."""
        both: tuple[JoinedRow | LeftOut, ...] = (*self.rows, *self.sessions)
        return tuple(sorted(both, key=lambda one: (natural(one.subject), natural(one.session))))


@dataclass(frozen=True)
class _Joiner:
    table: ClinicalTable
    rules: JoinRules
    look: Look
    sessions: Mapping[str, Sequence[ImagingSession]]
    near: Mapping[str, str]
    counts: Mapping[str, int] = field(default_factory=dict)

    def row(self, row: ClinicalRow) -> JoinedRow:
        if self.counts[row.subject] > 1:
            return _fallen(row, "project", _TWICE, outcome="refused")
        if row.subject not in self.sessions:
            return self._stranger(row)
        own, near = self.sessions[row.subject], self._near_line(row)
        if why := self.rules.cohort.why_not(RegisteredSession(row.subject, "")) or near:
            return _fallen(row, "consent", why, outcome="refused" if why == near else "left out")
        allowed = [one for one in own if not self._excluded(one)]
        if row.session in {one.session for one in own} - {one.session for one in allowed}:
            return _fallen(row, "consent", _EXCLUDED, session=row.session)
        if not allowed:
            return _fallen(row, "consent", _EXCLUDED) if own else _fallen(row, "session", "no image session")
        return self._with_session(row, allowed)

    def _near_line(self, row: ClinicalRow) -> str:
        """That a line of the lists may mean the subject, or a session of it, whichever would be taken."""
        own = (RegisteredSession(one.subject, one.session) for one in self.sessions[row.subject])
        return next(filter(None, map(self.rules.cohort.near_line, own)), "")

    def _excluded(self, one: ImagingSession) -> bool:
        return (one.subject, one.session) in self.rules.cohort.exclusions

    def _stranger(self, row: ClinicalRow) -> JoinedRow:
        near = sorted(self.near[form] for form in loose_forms(row.subject) if form in self.near)
        if not near:
            return _fallen(row, "project", _STRANGER)
        reason = (
            f"differs only in {difference(row.subject, near[0])} from a subject of the project; "
            "correct the table"
        )
        return _fallen(row, "project", reason, outcome="refused")

    def _with_session(self, row: ClinicalRow, allowed: Sequence[ImagingSession]) -> JoinedRow:
        rule = SessionRule(self.table.time_zero, self.rules.days_before)
        choice = choose_session(row.session, row.date, allowed, rule)
        session = choice.session.session if choice.session else ""
        joined = JoinedRow(
            row,
            session,
            "joined",
            choice.key,
            choice.reason,
            choice.notes,
            compared=choice.compared,
            contradicts=choice.contradicts,
        )
        if choice.session is None:
            return replace(joined, outcome="refused", fell="session")
        seen = self.look(choice.session)
        report = check_against_images(row, seen, days_before=choice.days or 0)
        if report.reason:
            return replace(joined, outcome="refused", fell="images", reason=report.reason, notes=())
        return replace(joined, notes=(*choice.notes, report.note, *_noted(seen)))


def join(
    table: ClinicalTable,
    sessions: Iterable[ImagingSession],
    rules: JoinRules,
    *,
    look: Look = lambda _: ImageFacts(),
    subjects: Iterable[str] = (),
) -> CohortJoin:
    """Join a clinical table to the sessions of a project.

    Args:
        table: one row for each patient.
        sessions: all image sessions of the project, in any order.
        rules: what else decides.
        look: what the images of a session say of its patient.
        subjects: of the project that have no session.

    Raises:
        UsageError: days_before is out of bounds.
    """
    held: dict[str, list[ImagingSession]] = {subject: [] for subject in subjects}
    for one in sorted(sessions, key=lambda each: natural(each.session)):
        held.setdefault(one.subject, []).append(one)
    counts = Counter(row.subject for row in table.rows)
    registered = [RegisteredSession(one.subject, one.session) for own in held.values() for one in own]
    rules = replace(rules, cohort=rules.cohort.among(registered))
    joiner = _Joiner(table, rules, look, held, near_labels(held), counts)
    rows = tuple(joiner.row(row) for row in sorted(table.rows, key=lambda row: natural(row.subject)))
    return CohortJoin(rows, tuple(_spare(held, rows, rules)))


def _spare(
    held: Mapping[str, Sequence[ImagingSession]], rows: Sequence[JoinedRow], rules: JoinRules
) -> Iterator[LeftOut]:
    told = {(one.subject, one.session) for one in rows}
    joined = {one.subject for one in rows if one.outcome == "joined"}
    named = {one.subject for one in rows}
    for subject, sessions in held.items():
        for session in (one.session for one in sessions if (subject, one.session) not in told):
            why = rules.cohort.why_not(RegisteredSession(subject, session))
            if not why and subject not in named:
                why = "no row of the clinical table"
            elif not why:
                is_joined = subject in joined
                why = "another session of its patient is taken" if is_joined else "its patient is not joined"
            yield LeftOut(subject, session, why)


def _fallen(
    row: ClinicalRow,
    stage: JoinStage,
    reason: str,
    *,
    outcome: JoinOutcome = "left out",
    session: str = "",
) -> JoinedRow:
    return JoinedRow(row, session, outcome, "", reason, fell=stage)


def _noted(seen: ImageFacts) -> Iterator[str]:
    if seen.tumours > 1:
        yield f"{seen.tumours} tumours are drawn"
    yield from seen.notes
