"""Patients made with numpy: what the table tells of them, and a follow-up that it foretells or does not."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from sarcoma_core.prognosis.clinical.table import ClinicalRow
from sarcoma_core.prognosis.design import Values
from sarcoma_core.survival.follow_up import FollowUp

HISTOLOGIES = ("leiomyosarcoma", "myxofibrosarcoma", "synovial sarcoma")
SITES = ("upper limb", "lower limb", "trunk")


@dataclass(frozen=True, eq=False)
class MadePatients:
    """A cohort, and the log hazard ratio that made its follow-up."""

    subjects: list[str]
    values: list[Values]
    follow_up: FollowUp
    eta: np.ndarray

    def rows(self) -> tuple[ClinicalRow, ...]:
        """The same as rows of the table: who dies had a metastasis before."""
        time, event = self.follow_up.time.tolist(), self.follow_up.event.tolist()
        return tuple(
            ClinicalRow(
                subject,
                f"{subject}_MR",
                "",
                None,
                values,
                {"death": died, "distant_metastasis": died, "local_recurrence": False},
                {
                    "overall_survival_days": days,
                    "distant_metastasis_days": days * 0.9,
                    "local_recurrence_days": days,
                },
            )
            for subject, values, days, died in zip(self.subjects, self.values, time, event, strict=True)
        )


def made(seed: int, patients: int = 200, *, strength: float = 1.0) -> MadePatients:
    """Age, size and grade tell something of death, as much as `strength` says; 0 gives a null cohort.

    Values and times are whole numbers nowhere, so that a number that is somebody's own is found.
    """
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(patients, 3))
    grade = 1 + np.clip(np.rint(z[:, 2] + 1), 0, 2).astype(int)
    values = [
        {
            "age_years": float(55 + 12 * z[i, 0]),
            "sex": str(rng.choice(["F", "M"])),
            "location": str(rng.choice(SITES)),
            "diagnosis": str(rng.choice(HISTOLOGIES)),
            "neoadjuvant_chemotherapy": str(rng.choice(["no", "yes"])),
            "size_cm": float(np.exp(2 + 0.5 * z[i, 1])),
            "volume_cm3": float(np.exp(5 + z[i, 1] + 0.3 * rng.normal())),
            "depth": str(rng.choice(["superficial", "deep"])),
            "grade": str(grade[i]),
            "metastasis_at_presentation": "no",
        }
        for i in range(patients)
    ]
    eta = strength * (0.5 * z[:, 0] + 0.6 * z[:, 1] + 0.5 * (grade - 2))
    died = rng.exponential(1200 * np.exp(-eta))
    ended = rng.uniform(300, 3200, patients)
    follow_up = FollowUp.of(np.minimum(died, ended), died <= ended)
    return MadePatients([f"S{n:03}" for n in range(patients)], values, follow_up, eta)


def unmeasured(rows: Iterable[ClinicalRow]) -> tuple[ClinicalRow, ...]:
    """Rows without volumes, which those of made masks would contradict."""
    return tuple(
        replace(row, values={name: one for name, one in row.values.items() if name != "volume_cm3"})
        for row in rows
    )
