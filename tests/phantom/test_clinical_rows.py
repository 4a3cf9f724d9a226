"""The clinical table tells what the patients are and what happens to them, and contradicts nothing."""

import csv
import datetime as dt
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from sarcoma_core.errors import OutputError, UsageError
from sarcoma_core.phantom.clinical_rows import DIAGNOSES, PhantomRow, clinical_rows, write_clinical_rows
from sarcoma_core.phantom.competing import COURSE, draw_stories
from sarcoma_core.phantom.patient import draw_patient

SEEDS = range(2000)
ROWS = clinical_rows(SEEDS)
PATIENTS = [draw_patient(seed) for seed in SEEDS]
COLUMNS = (
    "subject,session,surgery_date,age_years,sex,location,diagnosis,neoadjuvant_chemotherapy,size_cm,volume_cm3,"
    "depth,grade,metastasis_at_presentation,radiotherapy,death,overall_survival_days,distant_metastasis,"
    "distant_metastasis_days,local_recurrence,local_recurrence_days"
)


def within_3_errors(count: int, part: float) -> bool:
    return abs(count / len(ROWS) - part) < 3 * np.sqrt(part * (1 - part) / len(ROWS))


def test_a_row_is_that_of_its_seed_alone() -> None:
    assert clinical_rows([1234]) == (ROWS[1234],)
    assert clinical_rows([9, 3]) == (ROWS[9], ROWS[3])


def test_a_row_tells_what_its_patient_is() -> None:
    for row, patient in zip(ROWS, PATIENTS, strict=True):
        assert row.subject == patient.patient_id
        assert (row.age_years, row.sex) == (patient.age, patient.sex)
        assert row.depth == ("superficial" if patient.superficial else "deep")
        assert row.volume_cm3 == pytest.approx(patient.target_volume, abs=0.05)
        assert (row.location, row.session) == ("lower limb", "")


def test_surgery_is_weeks_after_the_study_and_months_after_it_where_something_came_before() -> None:
    for row, patient in zip(ROWS, PATIENTS, strict=True):
        days = (row.surgery_date - patient.study_start.date()).days
        before = row.neoadjuvant_chemotherapy == "yes" or row.radiotherapy == "preoperative"
        assert (84 <= days <= 112) if before else (14 <= days <= 42)


def test_the_largest_diameter_fits_an_elongated_tumour_of_its_volume() -> None:
    size = np.array([row.size_cm for row in ROWS])
    ball = np.cbrt(6 / np.pi * np.array([row.volume_cm3 for row in ROWS]))
    # axes of 1.9 to 1 at most: the longest is 1.9^(2/3) = 1.53 balls; a ruler is 5 % off, and 20 % never
    assert (size / ball > 0.85).all()
    assert (size / ball < 1.53 * 1.2).all()
    assert np.corrcoef(np.log(size), np.log(ball))[0, 1] > 0.9
    assert 8 < np.median(size) < 13


def test_grades_have_their_shares_and_are_the_uptake_seen_dimly() -> None:
    grade = np.array([row.grade for row in ROWS])
    assert {type(row.grade) for row in ROWS} == {int}
    for value, part in ((1, 0.15), (2, 0.35), (3, 0.50)):
        assert within_3_errors(int((grade == value).sum()), part)
    latents = np.array([patient.latents for patient in PATIENTS])
    related = [np.corrcoef(grade, column)[0, 1] for column in latents.T]
    # uncut 1 / sqrt(1 + 0.6^2) = 0.86; the cuts take some, and leave most
    assert 0.7 < related[2] < 0.86
    assert max(abs(one) for n, one in enumerate(related) if n != 2) < 3 / np.sqrt(len(ROWS))


def test_diagnoses_have_their_shares() -> None:
    counts = Counter(row.diagnosis for row in ROWS)
    assert set(counts) == {name for name, _ in DIAGNOSES}
    assert sum(part for _, part in DIAGNOSES) == pytest.approx(1)
    assert all(within_3_errors(counts[name], part) for name, part in DIAGNOSES)


def test_large_deep_tumours_of_high_grade_are_treated_more() -> None:
    grave = [row for row in ROWS if row.grade == 3 and row.size_cm > 5 and row.depth == "deep"]
    mild = [row for row in ROWS if row.grade == 1]
    for treated in (
        lambda row: row.neoadjuvant_chemotherapy == "yes",
        lambda row: row.radiotherapy != "none",
    ):
        much, little = (sum(map(treated, rows)) / len(rows) for rows in (grave, mild))
        assert much > 2 * little > 0
    assert {row.radiotherapy for row in ROWS} == {"none", "preoperative", "postoperative"}


def test_days_are_those_of_the_stories_counted_up() -> None:
    stories = draw_stories(SEEDS)
    for drawn, event, days in (
        (stories.death, "death", "overall_survival_days"),
        (stories.metastasis, "distant_metastasis", "distant_metastasis_days"),
        (stories.recurrence, "local_recurrence", "local_recurrence_days"),
    ):
        told = np.array([getattr(row, days) for row in ROWS])
        assert ((told - drawn.time >= 0) & (told - drawn.time < 1)).all()
        assert [getattr(row, event) for row in ROWS] == drawn.event.astype(int).tolist()


def test_no_row_contradicts_itself() -> None:
    for row in ROWS:
        assert row.overall_survival_days >= 1
        assert row.distant_metastasis_days <= row.overall_survival_days
        assert 1 <= row.local_recurrence_days <= row.overall_survival_days
        if not row.distant_metastasis:
            assert row.distant_metastasis_days == row.overall_survival_days
        if not row.local_recurrence:
            assert row.local_recurrence_days == row.overall_survival_days
        came = row.metastasis_at_presentation == "yes"
        assert came == (row.distant_metastasis_days == 0)
        assert row.distant_metastasis or not came
    came = sum(row.metastasis_at_presentation == "yes" for row in ROWS)
    assert within_3_errors(came, 0.05)


def test_in_the_null_cohort_the_same_patients_have_other_fates() -> None:
    null = clinical_rows(SEEDS[:100], course=COURSE.null())
    cut = PhantomRow._fields.index("death")
    assert [row[:cut] for row in null] == [row[:cut] for row in ROWS[:100]]
    assert [row[cut:] for row in null] != [row[cut:] for row in ROWS[:100]]


def test_the_file_holds_the_canonical_columns_and_the_rows(tmp_path: Path) -> None:
    path = tmp_path / "new" / "clinical.csv"
    write_clinical_rows(path, ROWS[:50])
    text = path.read_bytes().decode("utf-8")
    assert text.splitlines()[0] == COLUMNS
    with path.open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    assert len(read) == 50
    for cells, row in zip(read, ROWS, strict=False):
        assert cells == {name: str(value) for name, value in row._asdict().items()}
        assert dt.date.fromisoformat(cells["surgery_date"]) == row.surgery_date
        assert float(cells["size_cm"]) == row.size_cm


def test_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "clinical.csv"
    path.write_text("of others\n")
    with pytest.raises(OutputError, match="path: must be a new file"):
        write_clinical_rows(path, ROWS[:1])
    assert path.read_text() == "of others\n"


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(UsageError, match="seed: must be 0 or more; found -1"):
        clinical_rows([-1])
