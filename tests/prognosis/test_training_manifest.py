"""The manifest of a training: each patient once, with part, fold, what was there, and the hashes of it."""

import csv
from dataclasses import replace

import numpy as np
import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.prognosis.network_patients import network_patients  # noqa: E402
from sarcoma_core.prognosis.network_plan import PlannedPrognosis, plan_prognosis  # noqa: E402
from sarcoma_core.prognosis.training_manifest import COLUMNS, training_manifest  # noqa: E402
from tests.prognosis.made_networks import DM, OS, order, pictures, rows_of  # noqa: E402
from tests.prognosis.made_training import IMAGES, MASKS, small_cohort, small_training  # noqa: E402


def told(planned: PlannedPrognosis, members: object = None) -> list[dict[str, str]]:
    found = small_cohort().members if members is None else members
    lines = training_manifest(planned, found).decode().splitlines()  # type: ignore[arg-type]
    assert lines[0].split(",") == list(COLUMNS)
    return list(csv.DictReader(lines))


def test_each_patient_is_told_once_with_the_part_of_the_splits() -> None:
    planned = small_training().planned
    rows = told(planned)
    parts = planned.parts
    assert [row["subject"] for row in rows] == list(planned.patients.subjects)
    for row in rows:
        subject = row["subject"]
        expected = "test" if subject in parts.test else "calibration"
        dealt = parts.folds.repeats[0]
        assert row["part"] == ("development" if subject in dealt else expected)
        assert row["fold"] == str(dealt.get(subject, ""))
        assert row["session"] == f"{subject}_MR"
    assert {row["part"] for row in rows} == {"development", "calibration", "test"}


def test_without_images_no_image_is_told() -> None:
    for row in told(small_training().planned):
        assert (row["sequences"], row["images"], row["images_sha256"], row["masks_sha256"]) == ("",) * 4


def test_sequences_that_were_there_and_the_hashes_of_the_cohort_are_told() -> None:
    rows, asked = rows_of(5, 100), order(endpoints=(OS,), modalities="both")
    images = pictures(rows)
    planned = plan_prognosis(network_patients(rows, images, (OS,), least_events=5), asked)
    members = small_cohort().members
    aligned = replace(members[0], labels={**members[0].labels, "REGISTERED": "c" * 64})
    found = {row["subject"]: row for row in told(planned, (aligned, *members[1:]))}
    for number, row in enumerate(rows):
        has_both = number % 5 != 0
        assert np.asarray(images[row.subject].present).tolist() == [True, has_both]
        assert found[row.subject]["sequences"] == ("T1CE T2FS" if has_both else "T1CE")
        assert found[row.subject]["masks_sha256"] == MASKS
    assert (found["S000"]["images"], found["S000"]["images_sha256"]) == ("REGISTERED", "c" * 64)
    assert (found["S001"]["images"], found["S001"]["images_sha256"]) == ("NORMALISED", IMAGES)


def test_only_endpoints_that_are_known_of_a_patient_are_told() -> None:
    training = small_training()
    patients = training.planned.patients
    first = patients.patients[0]
    events = {key: value for key, value in first.row.events.items() if key != DM}
    values = {key: value for key, value in first.row.values.items() if key != "grade"}
    changed = replace(first, row=replace(first.row, events=events, values=values))
    other = replace(patients, patients=(changed, *patients.patients[1:]))
    rows = told(replace(training.planned, patients=other))
    assert rows[0]["endpoints"] == OS
    assert rows[1]["endpoints"] == f"{OS} {DM} grade"
