"""Who and what networks have learned from: a line for each patient, by pseudonym. It stays at the site."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from sarcoma_core.archive.masks import MASKS_LABEL
from sarcoma_core.prognosis.drawn_session import image_label
from sarcoma_core.prognosis.frozen import CohortMember
from sarcoma_core.prognosis.network_patients import NetworkPatient
from sarcoma_core.prognosis.network_plan import PlannedPrognosis
from sarcoma_core.text import csv_bytes

MANIFEST_FILE: Final = "training_manifest.csv"
COLUMNS: Final = (
    *("subject", "session", "part", "fold", "sequences"),
    *("images", "images_sha256", "masks_sha256", "endpoints"),
)


def training_manifest(planned: PlannedPrognosis, members: Sequence[CohortMember]) -> bytes:
    """The manifest as a file.

    Hashes are those of the cohort, one over all files of a resource: each file was read only after it was
    found to be the one that was frozen.

    Args:
        planned: whose patients and parts count.
        members: of the cohort.
    """
    by_subject = {one.subject: one for one in members}
    rows = (_row(planned, one, by_subject[one.row.subject]) for one in planned.patients.patients)
    return csv_bytes(COLUMNS, rows)


def _row(planned: PlannedPrognosis, patient: NetworkPatient, member: CohortMember) -> tuple[object, ...]:
    dealt, subject = planned.parts.folds.repeats[0], patient.row.subject
    part = "test" if subject in planned.parts.test else "calibration"
    label = image_label(member) if patient.image is not None else ""
    return (
        subject,
        member.session,
        "development" if subject in dealt else part,
        dealt.get(subject, ""),
        " ".join(_sequences(planned, patient)),
        label,
        member.labels[label] if label else "",
        member.labels[MASKS_LABEL] if label else "",
        " ".join(name for name in planned.order.endpoints if patient.is_known(name)),
    )


def _sequences(planned: PlannedPrognosis, patient: NetworkPatient) -> Iterator[str]:
    if patient.image is not None:
        present = np.asarray(patient.image.present).tolist()
        yield from (role for role, there in zip(planned.task.sequences, present, strict=True) if there)
