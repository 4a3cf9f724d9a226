"""What is known of patients, for a network that learns several endpoints at once.

Not every patient was followed for every endpoint. A patient who was not adds nothing to its loss: choose the
rows first, of the labels and of what the network says alike, as in
`hazard_loss(logits[labels.known], *interval_labels(labels, cuts).of(labels.known))`. All losses here are 0,
with a slope of 0, where no row is left.
"""

from dataclasses import dataclass
from typing import Final

import torch

from sarcoma_core.errors import InputError

CENSORED: Final = 0
EVENT: Final = 1
COMPETED: Final = 2
"""The causes of `TimedLabels`."""


@dataclass(frozen=True, slots=True, eq=False)
class TimedLabels:
    """The follow-up of each patient for one endpoint.

    Args:
        time: days from time zero to what ended the watch for it, shape (B,), float64; of no matter where it
            is not known.
        cause: what ended it, shape (B,), int64: 0 the last look, 1 the event, 2 what competes with it, as
            death does before a metastasis.
        known: whether the patient was followed for this endpoint, shape (B,), bool.

    Raises:
        InputError: there is not one of each for every patient, or one is not of its kind.
    """

    time: torch.Tensor
    cause: torch.Tensor
    known: torch.Tensor

    def __post_init__(self) -> None:
        _one_each({"time": self.time, "cause": self.cause, "known": self.known})
        _kinds({"time": (self.time, torch.float64), "cause": (self.cause, torch.int64)})
        _kinds({"known": (self.known, torch.bool)})
        watched = self.time[self.known]
        wrong = int((~(watched.isfinite() & (watched >= 0))).sum())
        if wrong:
            raise InputError(f"time: must be 0 or more and finite; {wrong} of {watched.numel()} are not.")
        if ((self.cause < CENSORED) | (self.cause > COMPETED)).any():
            raise InputError(
                "cause: must be 0 censored, 1 the event or 2 what competes; found another value."
            )

    def of(self, index: torch.Tensor) -> "TimedLabels":
        """Some of the patients.

        Args:
            index: which, bool of shape (B,) or numbers of rows.
        """
        return TimedLabels(self.time[index], self.cause[index], self.known[index])

    def of_cause(self, cause: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Time, and whether it was this cause, where any other is a censoring: for its hazard alone.

        Assumes nothing of how the causes go together: so is the hazard of one cause told, but no incidence.

        Args:
            cause: 1 the event, or 2 what competes.

        Raises:
            InputError: it is neither.
        """
        if cause not in (EVENT, COMPETED):
            raise InputError(f"cause: must be 1 the event or 2 what competes; found {cause}.")
        return self.time, self.cause == cause


@dataclass(frozen=True, slots=True, eq=False)
class GradeLabels:
    """The grade of each patient's tumour.

    Args:
        level: from 0, shape (B,), int64; of no matter where it is not known.
        known: whether it was graded, shape (B,), bool.

    Raises:
        InputError: there is not one of each for every patient, or one is not of its kind.
    """

    level: torch.Tensor
    known: torch.Tensor

    def __post_init__(self) -> None:
        _one_each({"level": self.level, "known": self.known})
        _kinds({"level": (self.level, torch.int64), "known": (self.known, torch.bool)})
        if (self.level[self.known] < 0).any():
            raise InputError("level: must be 0 or more where it is known; found one below.")

    def of(self, index: torch.Tensor) -> "GradeLabels":
        """Some of the patients.

        Args:
            index: which, bool of shape (B,) or numbers of rows.
        """
        return GradeLabels(self.level[index], self.known[index])


def _one_each(columns: dict[str, torch.Tensor]) -> None:
    shapes = [tuple(column.shape) for column in columns.values()]
    if len(set(shapes)) > 1 or len(shapes[0]) != 1:
        raise InputError(
            f"{', '.join(columns)}: must be one of each for every patient; found shapes {shapes}."
        )


def _kinds(columns: dict[str, tuple[torch.Tensor, torch.dtype]]) -> None:
    for name, (column, kind) in columns.items():
        if column.dtype != kind:
            raise InputError(f"{name}: must be {kind}; found {column.dtype}.")
