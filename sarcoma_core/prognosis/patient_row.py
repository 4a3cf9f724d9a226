"""The row of the clinical table that is of a session's patient, or why there is none that can be used.

A table that was pushed (`CLINICAL`) is newer than a cohort that was frozen, so it comes first. It tells rows
by subject; a cohort tells the one session of each patient. Where both labels are known both must fit.
"""

from dataclasses import dataclass
from typing import Final, Literal

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.archive.frozen import cohort_tree
from sarcoma_core.archive.predicted import RowSource
from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.clinical.endpoints import TimeZero
from sarcoma_core.prognosis.clinical.table import (
    HEAD_FILE,
    LABEL,
    TABLE_FILE,
    ClinicalRow,
    ClinicalTable,
    read_clinical,
)
from sarcoma_core.prognosis.frozen import FrozenCohort, read_frozen_cohort

COHORT: Final[RowSource] = "COHORT"
PUSH: Final = "sarcoma clinical push TABLE --project P --write"
"""What puts the table there."""


LearnedFrom = Literal["maybe", "no", "not known"]


@dataclass(frozen=True)
class FoundRow:
    """The row of a patient.

    Args:
        row: of the table.
        source: where it came from.
        learned_from: whether the patient is in the very cohort that the model was made from (`maybe`: some of
            its networks may have learned from this patient); `not known` where the patient is in another.
        time_zero: what the times of the row are counted from.
    """

    row: ClinicalRow
    source: RowSource
    learned_from: LearnedFrom
    time_zero: TimeZero


@dataclass(frozen=True)
class PatientRows:
    """What a project knows of its patients.

    Args:
        table: that was pushed; None where none was.
        frozen: a cohort with rows; None where there is none.
        trained_on: hash of the cohort that the model was made from; empty where it is not known.
    """

    table: ClinicalTable | None
    frozen: FrozenCohort | None
    trained_on: str = ""

    def of(self, session: str, subject: str) -> FoundRow:
        """The row of a session's patient.

        Args:
            session: its label; empty where nobody knows it.
            subject: label of its subject; likewise.

        Raises:
            InputError: there is none, or it is of another session or subject.
        """
        in_cohort = _of_cohort(self.frozen, session, subject) if self.frozen and session else None
        pushed = _of_table(self.table, session, subject) if self.table and subject else None
        learned_from = self._learned_from(session, subject)
        if pushed and self.table:
            return FoundRow(pushed, LABEL, learned_from, self.table.time_zero)
        if in_cohort and self.frozen:
            return FoundRow(in_cohort, COHORT, learned_from, self.frozen.time_zero)
        raise self._nobody(session, subject)

    def _learned_from(self, session: str, subject: str) -> LearnedFrom:
        """Of the cohort that the model was made from; of another one nothing is known."""
        if self.frozen is None or self.frozen.sha256 != self.trained_on:
            return "not known"
        there = any(session == one.session or subject == one.subject for one in self.frozen.members)
        return "maybe" if there else "no"

    def _nobody(self, session: str, subject: str) -> InputError:
        if self.table is None and self.frozen is None:
            return InputError(
                f"{LABEL} or {COHORT}: must be a resource of the project with the patient's row; neither is.",
                hint=f"Push the table: {PUSH}",
            )
        for held, label, what in (
            (self.table, subject, "subject"),
            (self.frozen if self.table is None else None, session, "session"),
        ):
            if held and not label:
                return InputError(
                    f"--{what}-label: must say whose row is taken; nobody has told it.",
                    hint=f"Launch it from XNAT or with sarcoma run; by hand: --{what}-label LABEL",
                )
        held_names = [name for name, one in ((LABEL, self.table), (COHORT, self.frozen)) if one]
        return InputError(
            f"{' or '.join(held_names)}: must have a row of the session's patient; there is none.",
            hint=f"Add the patient to the table, and push it again: {PUSH}",
        )


def patient_rows(
    clinical: AssetFolder | None, cohort: AssetFolder | None, *, trained_on: str = ""
) -> PatientRows:
    """Read what a project knows of its patients; a cohort that was frozen without a table tells nothing.

    Args:
        clinical: the resource CLINICAL; None where there is none.
        cohort: the resource COHORT; likewise.
        trained_on: hash of the cohort that the model was made from; empty where it is not known.

    Raises:
        InputError: one is there and is not as it was written.
    """
    table = frozen = None
    if clinical:
        table = read_clinical(clinical.file(TABLE_FILE).read_bytes(), clinical.file(HEAD_FILE).read_bytes())
    if cohort and cohort_tree(cohort).get("clinical") is not None:
        frozen = read_frozen_cohort(cohort)
    return PatientRows(table, frozen, trained_on)


def _of_table(table: ClinicalTable, session: str, subject: str) -> ClinicalRow | None:
    row = next((one for one in table.rows if one.subject == subject), None)
    if row and row.session and session and row.session != session:
        raise InputError(
            f"{LABEL}: the subject's row must be of this session; it names another one.",
            hint="Run it on the session that the row names, or correct the table and push it again.",
        )
    return row


def _of_cohort(frozen: FrozenCohort, session: str, subject: str) -> ClinicalRow | None:
    member = next((one for one in frozen.members if one.session == session), None)
    if member and subject and member.subject != subject:
        raise InputError(
            f"{COHORT}: the session must be of the subject that it was frozen with; it is of another one.",
            hint="Was the session moved, or two renamed? Freeze the cohort again once that is settled.",
        )
    return member.row if member else None
