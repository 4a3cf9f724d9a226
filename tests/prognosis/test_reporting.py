"""Checklists that a run fills: facts stand in their items, and what it does not know is for the authors."""

import json
from dataclasses import replace
from typing import get_args

import pytest

from sarcoma_core.prognosis.reporting import (
    FOR_THE_AUTHORS,
    VERIFY,
    filled,
    reporting_json,
    reporting_text,
)
from sarcoma_core.prognosis.reporting_answers import ANSWERS, ReportedEndpoint, ReportedTraining
from sarcoma_core.prognosis.reporting_items import CLAIM, TRIPOD_AI, Told

SURVIVAL = ReportedEndpoint(
    title="Overall survival",
    patients=301,
    events=97,
    death_competes=False,
    performance={"joint": "0.712 (0.6 to 0.8)", "clinical baseline": "0.701"},
    seeds="",
)
METASTASIS = ReportedEndpoint(
    title="Distant metastasis",
    patients=299,
    events=83,
    death_competes=True,
    performance={"joint": "0.688"},
    seeds="0.68 and 0.69",
)
RUN = ReportedTraining(
    project="STS",
    time_zero="surgery",
    prediction_time="before surgery",
    members=440,
    patients=421,
    left_out=(("MASKS: must hold a mask.", 19),),
    endpoints=(SURVIVAL, METASTASIS),
    graded=True,
    development=307,
    calibration=54,
    test=60,
    folds=5,
    seeds=3,
    variables=("age_years", "size_cm"),
    columns=23,
    images="T1CE, T2FS in a cube of 64 voxels of 2 mm",
    layers="6, 12, 24, 16",
    head="logistic-hazard",
    blending="online",
    training="60 epochs at most",
    splits_sha256="1" * 64,
    cohort_sha256="2" * 64,
    openings=(),
    limits=("Of one project.", "Of groups."),
    version="9.9",
)


def tripod(run: ReportedTraining = RUN) -> dict[str, str]:
    return {one.number: one.told for one in filled(TRIPOD_AI, run)}


def claim(run: ReportedTraining = RUN) -> dict[str, str]:
    return {one.number: one.told for one in filled(CLAIM, run)}


def test_each_kind_of_answer_is_there_and_says_something() -> None:
    assert set(ANSWERS) == set(get_args(Told))
    assert all(answer(RUN).strip() for answer in ANSWERS.values())


@pytest.mark.parametrize(
    ("items", "number", "facts"),
    [
        ("tripod", "5a", ("STS", "2" * 64)),
        ("tripod", "8a", ("Overall survival, Distant metastasis, Grade", "surgery", "with: Distant meta")),
        ("tripod", "9a", ("age_years, size_cm", "before surgery", "T1CE, T2FS")),
        ("tripod", "10", ("421 patients", "307", "54", "60")),
        ("tripod", "12a", ("Test set 60", "calibration set 54", "307 in 5 folds", "1" * 64)),
        ("tripod", "12c", ("6, 12, 24, 16 layers", "23 columns", "logistic-hazard")),
        ("tripod", "13", ("Overall survival: 97 of 301", "Distant metastasis: 83 of 299")),
        ("tripod", "15", ("bounds of survival time",)),
        ("tripod", "20a", ("421 of 440 patients", "19: MASKS: must hold a mask.")),
        ("tripod", "21", ("Overall survival: 301 patients, 97 events",)),
        ("tripod", "23a", ("joint 0.712 (0.6 to 0.8), clinical baseline 0.701", "was not opened")),
        ("tripod", "26", ("Of one project. Of groups.",)),
        ("claim", "19", ("Test set 60",)),
        ("claim", "20", ("Patients: nobody is in two parts",)),
        ("claim", "22", ("6, 12, 24, 16 layers",)),
        ("claim", "23", ("sarcoma 9.9", "run.json")),
        ("claim", "25", ("60 epochs at most", "online")),
        ("claim", "27", ("15 networks (5 folds, 3 seeds of each)", "Distant metastasis: 0.68 and 0.69")),
        ("claim", "32", ("307 patients", "test set of 60, not opened")),
        ("claim", "35", ("421 of 440 patients",)),
        ("claim", "37", ("0.712",)),
    ],
)
def test_a_fact_of_the_run_stands_in_its_item(items: str, number: str, facts: tuple[str, ...]) -> None:
    told = {"tripod": tripod, "claim": claim}[items]()[number]
    for fact in facts:
        assert fact in told


def test_openings_are_told_where_performance_is() -> None:
    run = replace(RUN, openings=("2026-01-31, by ada: the test set of 60 patients was opened",))
    assert "by ada" in tripod(run)["23a"]
    assert "not opened" not in tripod(run)["23a"]
    assert "test set of 60, opened 1 time." in claim(run)["32"]


def test_without_images_none_are_told_and_without_the_table_no_columns() -> None:
    table = replace(RUN, images="", layers="")
    assert "T1CE" not in tripod(table)["9a"] + tripod(table)["12c"]
    assert claim(table)["10"] == claim(table)["16"] == FOR_THE_AUTHORS
    image = replace(RUN, columns=0, variables=())
    assert "age_years" not in tripod(image)["9a"]
    assert "column" not in tripod(image)["12c"]
    assert tripod(image)["12b"] == FOR_THE_AUTHORS
    assert tripod(image)["11"].startswith("A sequence")


def test_without_a_calibration_set_no_bounds_are_told() -> None:
    assert "bounds" not in tripod(replace(RUN, calibration=0))["15"]


@pytest.mark.parametrize("number", ["2", "3c", "5b", "8c", "14", "17", "18a", "18c", "19", "25", "27c"])
def test_what_a_run_cannot_know_is_for_the_authors(number: str) -> None:
    assert tripod()[number] == FOR_THE_AUTHORS


def test_both_lists_are_written_for_people_and_for_programs_with_the_same_answers() -> None:
    tree = json.loads(reporting_json(RUN))
    assert tree["verify"] == VERIFY
    assert {one["number"]: one["told"] for one in tree["tripod_ai"]} == tripod()
    assert {one["number"]: one["told"] for one in tree["claim_2024"]} == claim()
    text = reporting_text(replace(RUN, project="A|B")).decode()
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + 52 + 44
    assert all(row.count("|") == 4 for row in rows)
    assert VERIFY in text
