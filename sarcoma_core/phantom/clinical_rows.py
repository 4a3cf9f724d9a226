"""The clinical table of synthetic patients: one row for each, as a hospital's register would tell it.

What a row tells besides age is about the same tumour that images show: its size and volume are the volume
latent, its grade is the uptake latent seen dimly. Diagnosis, sex and treatment tell nothing of the outcome
that these do not.
"""

import csv
import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import NormalDist
from typing import Literal, NamedTuple

import numpy as np

from sarcoma_core.errors import OutputError
from sarcoma_core.phantom.competing import COURSE, CourseOfDisease, draw_stories
from sarcoma_core.phantom.lesion import draw_lesion
from sarcoma_core.phantom.outcomes import DrawnTimes
from sarcoma_core.phantom.patient import Patient, draw_patient
from sarcoma_core.phantom.randomness import stream
from sarcoma_core.phantom.thigh import draw_thigh

DIAGNOSES = (
    ("undifferentiated pleomorphic sarcoma", 0.27),
    ("myxofibrosarcoma", 0.22),
    ("leiomyosarcoma", 0.14),
    ("dedifferentiated liposarcoma", 0.12),
    ("myxoid liposarcoma", 0.12),
    ("synovial sarcoma", 0.08),
    ("malignant peripheral nerve sheath tumour", 0.05),
)
"""WHO's names with the part of patients that has each: about what series of limb sarcomas hold."""

_GRADE_NOISE = 0.6
"""Of the grade against the uptake latent, in its standard deviations: correlation 0.86 before the cuts."""
_LOW_GRADE, _BELOW_HIGH_GRADE = 0.15, 0.50
_MEASUREMENT_ERROR = 0.05
"""Of the largest diameter, as a part of it: a ruler across the tumour that the images show."""
_LARGE_CM = 5.0
"""From here on a deep tumour of higher grade is irradiated, most often."""
_WAIT_DAYS, _TREATMENT_DAYS = (14, 42), 70


class PhantomRow(NamedTuple):
    """One patient; the fields are the columns of the table, in order.

    Days are whole and counted from surgery. An event is 1; where it is 0, its days are those of the last look
    or of the death that forestalled it. A metastasis at presentation is an event at 0 days.
    """

    subject: str
    session: str
    surgery_date: dt.date
    age_years: int
    sex: Literal["F", "M"]
    location: str
    diagnosis: str
    neoadjuvant_chemotherapy: Literal["yes", "no"]
    size_cm: float
    volume_cm3: float
    depth: Literal["superficial", "deep"]
    grade: int
    metastasis_at_presentation: Literal["yes", "no"]
    radiotherapy: Literal["none", "preoperative", "postoperative"]
    death: int
    overall_survival_days: int
    distant_metastasis: int
    distant_metastasis_days: int
    local_recurrence: int
    local_recurrence_days: int


def clinical_rows(seeds: Sequence[int], *, course: CourseOfDisease = COURSE) -> tuple[PhantomRow, ...]:
    """The rows of the patients of these seeds; a row depends on its seed alone.

    Args:
        seeds: of the patients.
        course: the hazards of what happens; `COURSE.null()` gives the null cohort.

    Raises:
        UsageError: a seed is negative.
    """
    stories = draw_stories(seeds, course=course)
    days = [_whole(times) for times in (stories.death, stories.metastasis, stories.recurrence)]
    return tuple(
        _row(draw_patient(seed), came=bool(stories.at_presentation[n]), events=[one[n] for one in days])
        for n, seed in enumerate(seeds)
    )


def write_clinical_rows(path: Path, rows: Iterable[PhantomRow]) -> None:
    """Write the table as CSV in UTF-8: a header, then one row for each patient.

    Args:
        path: of the new file; its folder is made if need be.
        rows: of the patients.

    Raises:
        OutputError: the file exists, or cannot be written.
    """
    write_csv(path, [PhantomRow._fields, *rows])


def write_csv(path: Path, lines: Iterable[Iterable[object]]) -> None:
    """Write rows of cells as a new CSV file in UTF-8.

    Raises:
        OutputError: the file exists, or cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(lines)
    except OSError as error:
        raise OutputError(
            f"path: must be a new file in a folder that can be written to; found {path}: {error.strerror}.",
            hint="Choose another place.",
        ) from error


def _whole(times: DrawnTimes) -> list[tuple[int, int]]:
    """Events with their day, counted up: so nobody dies on the day of surgery, and no order is turned."""
    days = np.ceil(times.time).astype(int).tolist()
    return list(zip(times.event.astype(int).tolist(), days, strict=True))


def _row(patient: Patient, *, came: bool, events: list[tuple[int, int]]) -> PhantomRow:
    rng = stream(patient.seed, "clinical")
    grade = _grade(patient.latents.uptake, rng.normal())
    longest_mm = 2 * max(draw_lesion(patient, draw_thigh(patient)).semi_axes)
    size = longest_mm / 10 * np.exp(_MEASUREMENT_ERROR * rng.normal())
    named, drugs, rays, wait = rng.random(4)
    chemotherapy = drugs < (0.35 if grade == 3 and size > _LARGE_CM else 0.05)  # noqa: PLR2004  the highest
    radiotherapy = _radiotherapy(rays, likely=grade > 1 and size > _LARGE_CM and not patient.superficial)
    before_surgery = _TREATMENT_DAYS if chemotherapy or radiotherapy == "preoperative" else 0
    earliest, latest = _WAIT_DAYS
    waited = before_surgery + earliest + int((latest - earliest + 1) * wait)
    (death, death_days), (metastasis, metastasis_days), (recurrence, recurrence_days) = events
    return PhantomRow(
        subject=patient.patient_id,
        session="",
        surgery_date=patient.study_start.date() + dt.timedelta(days=waited),
        age_years=patient.age,
        sex=patient.sex,
        location="lower limb",
        diagnosis=_diagnosis(named),
        neoadjuvant_chemotherapy="yes" if chemotherapy else "no",
        size_cm=round(float(size), 1),
        volume_cm3=round(patient.target_volume, 1),
        depth="superficial" if patient.superficial else "deep",
        grade=grade,
        metastasis_at_presentation="yes" if came else "no",
        radiotherapy=radiotherapy,
        death=death,
        overall_survival_days=death_days,
        distant_metastasis=metastasis,
        distant_metastasis_days=metastasis_days,
        local_recurrence=recurrence,
        local_recurrence_days=recurrence_days,
    )


def _grade(uptake: float, noise: float) -> int:
    """FNCLCC's grade: the uptake latent with noise, cut where 15 % lie below grade 2 and 50 % below 3."""
    seen = (uptake + _GRADE_NOISE * noise) / np.hypot(1, _GRADE_NOISE)
    return 1 + sum(bool(seen > NormalDist().inv_cdf(part)) for part in (_LOW_GRADE, _BELOW_HIGH_GRADE))


def _diagnosis(part: float) -> str:
    names = [name for name, _ in DIAGNOSES]
    ends = np.cumsum([share for _, share in DIAGNOSES])
    return names[min(int(np.searchsorted(ends, part, side="right")), len(names) - 1)]


def _radiotherapy(part: float, *, likely: bool) -> Literal["none", "preoperative", "postoperative"]:
    none, preoperative = (0.15, 0.65) if likely else (0.70, 0.80)
    return "none" if part < none else "preoperative" if part < preoperative else "postoperative"
