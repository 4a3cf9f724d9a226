"""The patients of a training of outcomes: images on a grid, which sequences there are, clinical columns."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.training.outcomes.targets import Targets


@dataclass(frozen=True, eq=False)
class PatientInputs:
    """What a network is given of each patient.

    Args:
        names: of each: what tells one from another.
        images: sequences and the mask of the tumour, shape (n, sequences + 1, x, y, z); None without images.
        present: which sequences there are, shape (n, sequences); None without images.
        columns: clinical values, numbers without a gap, shape (n, columns); None without.

    Raises:
        InputError: they are not of the same patients, there is neither image nor column, or a column is not
            finite.
    """

    names: tuple[str, ...]
    images: NDArray[np.float16] | None
    present: NDArray[np.bool_] | None
    columns: NDArray[np.float32] | None

    def __post_init__(self) -> None:
        told = [one for one in (self.images, self.present, self.columns) if one is not None]
        if not told or (self.images is None) != (self.present is None):
            raise InputError("inputs: must have images with what is present of them, or columns, or both.")
        if {len(one) for one in told} != {len(self.names)} or len(set(self.names)) != len(self.names):
            raise InputError(
                f"inputs: must be one of each for every patient, names distinct; found {len(self.names)} "
                f"names for {[len(one) for one in told]}."
            )
        if self.columns is not None and not np.isfinite(self.columns).all():
            raise InputError("columns: must be finite; some are not.")

    def __len__(self) -> int:
        return len(self.names)

    def of(self, rows: Sequence[int]) -> "PatientInputs":
        """Some of the patients.

        Args:
            rows: which.
        """
        place = np.asarray(rows, np.int64)
        return PatientInputs(
            tuple(self.names[row] for row in rows),
            None if self.images is None else self.images[place],
            None if self.present is None else self.present[place],
            None if self.columns is None else self.columns[place],
        )


@dataclass(frozen=True, eq=False)
class TrainingPatients:
    """Patients with what happened to them.

    Args:
        inputs: what a network is given.
        targets: of the same patients.

    Raises:
        InputError: they are not of the same number of patients, or there is none.
    """

    inputs: PatientInputs
    targets: Targets

    def __post_init__(self) -> None:
        if not 0 < len(self.inputs) == len(self.targets.outcomes):
            raise InputError(
                f"patients: must be one or more, each with outcomes; found {len(self.inputs)} and "
                f"{len(self.targets.outcomes)}."
            )

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True, eq=False)
class PatientBatch:
    """What a network is given of some patients at once; the arguments of `MultimodalNetwork.forward`.

    Args:
        image: patients x (sequences + 1) x three axes; None without images.
        present: patients x sequences; None without images.
        clinical: patients x columns; None without.
    """

    image: torch.Tensor | None
    present: torch.Tensor | None
    clinical: torch.Tensor | None

    def to(self, device: torch.device) -> "PatientBatch":
        """The same on a device."""
        each = (None if one is None else one.to(device) for one in (self.image, self.present, self.clinical))
        return PatientBatch(*each)


def as_they_are(inputs: PatientInputs, rows: Sequence[int]) -> PatientBatch:
    """Some patients, as a network sees them that does not learn from them.

    Args:
        inputs: of all patients.
        rows: which.
    """
    some = inputs.of(rows)
    return PatientBatch(
        None if some.images is None else torch.from_numpy(some.images.astype(np.float32)),
        None if some.present is None else torch.from_numpy(some.present),
        None if some.columns is None else torch.from_numpy(some.columns.astype(np.float32)),
    )
