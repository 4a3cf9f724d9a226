"""The patients of a training of networks: what is known of each, its tumour, and what happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from sarcoma_core.errors import InputError
from sarcoma_core.models.prognosis_task import GRADE
from sarcoma_core.prognosis.clinical.endpoints import endpoint
from sarcoma_core.prognosis.clinical.table import ClinicalRow
from sarcoma_core.prognosis.clinical.variables import BY_NAME, Levels
from sarcoma_core.prognosis.design import Design, Values
from sarcoma_core.prognosis.tumour_image import TumourImage
from sarcoma_core.survival.follow_up import FollowUp
from sarcoma_core.text import counted
from sarcoma_core.training.outcomes.labels import CENSORED, COMPETED, EVENT, GradeLabels, TimedLabels
from sarcoma_core.training.outcomes.patients import PatientInputs
from sarcoma_core.training.outcomes.targets import PatientOutcomes


@dataclass(frozen=True)
class NetworkPatient:
    """A patient.

    Args:
        row: of the clinical table.
        image: of the tumour; None where networks take none.
    """

    row: ClinicalRow
    image: TumourImage | None

    def is_known(self, name: str) -> bool:
        """Whether what became of the patient is known for an endpoint, the grade among them."""
        return _is_known(name, self.row)


@dataclass(frozen=True)
class NetworkPatients:
    """All patients of whom at least one endpoint is known.

    Args:
        patients: in the order of their subjects.
        endpoints: names.
    """

    patients: tuple[NetworkPatient, ...]
    endpoints: tuple[str, ...]

    @property
    def subjects(self) -> tuple[str, ...]:
        """Their labels."""
        return tuple(one.row.subject for one in self.patients)

    def of(self, subjects: Sequence[str]) -> "NetworkPatients":
        """Some of them, in the order that is told.

        Args:
            subjects: labels.
        """
        by = {one.row.subject: one for one in self.patients}
        return NetworkPatients(tuple(by[subject] for subject in subjects), self.endpoints)

    def seen_by(self, pattern: str, sequences: Sequence[str]) -> "NetworkPatients":
        """Those who have some sequences, as if they had no others; all of them where networks take none.

        Args:
            pattern: the sequences, as `pattern_of` names them.
            sequences: role of each channel.
        """
        if not pattern:
            return self
        seen = ((one, one.image.seen_by(pattern, sequences) if one.image else None) for one in self.patients)
        kept = tuple(replace(one, image=image) for one, image in seen if image is not None)
        return NetworkPatients(kept, self.endpoints)

    def outcomes(self) -> PatientOutcomes:
        """What happened to them, with a label for each endpoint."""
        rows = [one.row for one in self.patients]
        timed = {name: _timed(name, rows) for name in self.endpoints if name != GRADE}
        return PatientOutcomes(timed, _graded(rows) if GRADE in self.endpoints else None)

    def any_cause(self, name: str) -> FollowUp:
        """The follow-up of those who were followed for a timed endpoint, until the first of its causes."""
        labels = self.outcomes().timed[name]
        known = labels.known.numpy()
        return FollowUp(labels.time.numpy()[known], labels.cause.numpy()[known] != CENSORED)

    def dealt_by(self) -> FollowUp:
        """What deals them to parts: the first endpoint; who was not followed for it is lost at once."""
        outcomes, first = self.outcomes(), self.endpoints[0]
        if outcomes.graded is not None and first == GRADE:
            level = torch.where(outcomes.graded.known, outcomes.graded.level, 0).numpy().astype(np.float64)
            return FollowUp(level, level == len(grade_levels()) - 1)
        labels = outcomes.timed[first]
        time = torch.where(labels.known, labels.time, 0.0).numpy()
        return FollowUp(time, ((labels.cause == EVENT) & labels.known).numpy())

    def inputs(self, design: Design | None, *, columns: int) -> PatientInputs:
        """What a network is given of them.

        Args:
            design: of the clinical columns; None where the network takes none.
            columns: that it takes: a design of fewer is filled up with 0.

        Raises:
            InputError: a value is none of its variable.
        """
        images = [one.image for one in self.patients if one.image is not None]
        if images and len(images) < len(self.patients):
            raise InputError("image: must be of each patient, or of none; some have none.")
        clinical = None
        if design is not None:
            clinical = filled_matrix(design, [one.row.values for one in self.patients], columns)
        return patient_inputs(self.subjects, images, clinical)


def network_patients(
    rows: Sequence[ClinicalRow],
    images: Mapping[str, TumourImage] | None,
    endpoints: Sequence[str],
    *,
    least_events: int,
) -> NetworkPatients:
    """Those who can be learned from.

    Args:
        rows: of the clinical table.
        images: of their tumours, by subject; None where networks take none.
        endpoints: names, the grade among them or not.
        least_events: that each timed endpoint must have, and patients that each of two grades at least.

    Raises:
        InputError: an endpoint has too few events, or nobody is left.
    """
    chosen = [row for row in rows if images is None or row.subject in images]
    chosen = [row for row in chosen if any(_is_known(name, row) for name in endpoints)]
    chosen.sort(key=lambda row: row.subject)
    found = NetworkPatients(
        tuple(NetworkPatient(row, images[row.subject] if images is not None else None) for row in chosen),
        tuple(endpoints),
    )
    if not chosen:
        raise InputError(
            "cohort: must have a patient with a drawn tumour and an outcome; found none.",
            hint="Draw the tumours, and freeze the cohort with a clinical table.",
        )
    outcomes = found.outcomes()
    for name, labels in outcomes.timed.items():
        events = int(((labels.cause == EVENT) & labels.known).sum())
        if events < least_events:
            raise InputError(
                f"{endpoint(name).title}: must have {counted(least_events, 'event')} or more among those who "
                f"have a drawn tumour; found {events} in {counted(int(labels.known.sum()), 'patient')}.",
                hint="Leave it out of --endpoints, or wait for longer follow-up.",
            )
    if outcomes.graded is not None:
        _, counts = np.unique(outcomes.graded.level[outcomes.graded.known].numpy(), return_counts=True)
        if (counts >= least_events).sum() < 2:  # noqa: PLR2004  one level tells nothing
            raise InputError(
                f"grade: must have two levels of {counted(least_events, 'patient')} or more; it has not.",
                hint="Leave it out of --endpoints.",
            )
    return found


def grade_levels() -> tuple[str, ...]:
    """The levels of the grade, from low to high."""
    kind = BY_NAME[GRADE].kind
    return kind.words if isinstance(kind, Levels) else ()


def filled_matrix(
    design: Design, patients: Sequence[Values], columns: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """The columns of a design, filled up with 0, shape (n, columns).

    Args:
        design: of the training.
        patients: what is known of each.
        columns: as many as the design has, or more.

    Raises:
        InputError: a value is none of its variable.
    """
    found = design.matrix(patients).astype(np.float32)
    return np.pad(found, ((0, 0), (0, columns - found.shape[1])))


def patient_inputs(
    names: Sequence[str],
    images: Sequence[TumourImage],
    clinical: np.ndarray[tuple[int, ...], np.dtype[np.float32]] | None,
) -> PatientInputs:
    """What a network is given of patients, in training and at work.

    Args:
        names: of each: what tells one from another.
        images: of the tumour of each; none where the network takes none.
        clinical: of `filled_matrix`; None where the network takes none.

    Raises:
        InputError: there is not one of each for every patient.
    """
    return PatientInputs(
        tuple(names),
        np.stack([one.array for one in images]) if images else None,
        np.stack([one.present for one in images]) if images else None,
        clinical,
    )


def _is_known(name: str, row: ClinicalRow) -> bool:
    return row.values.get(GRADE) is not None if name == GRADE else row.followed(name) is not None


def _timed(name: str, rows: Sequence[ClinicalRow]) -> TimedLabels:
    followed = [row.followed(name) for row in rows]
    competes = endpoint(name).competes_with_death
    causes = [
        CENSORED if one is None else EVENT if one.event else COMPETED if competes and one.died else CENSORED
        for one in followed
    ]
    days = [0.0 if one is None else one.days for one in followed]
    known = [one is not None for one in followed]
    return TimedLabels(torch.tensor(days, dtype=torch.float64), torch.tensor(causes), torch.tensor(known))


def _graded(rows: Sequence[ClinicalRow]) -> GradeLabels:
    levels = grade_levels()
    told = [str(row.values.get(GRADE, "")) for row in rows]
    level = [levels.index(one) if one in levels else 0 for one in told]
    return GradeLabels(torch.tensor(level), torch.tensor([one in levels for one in told]))
