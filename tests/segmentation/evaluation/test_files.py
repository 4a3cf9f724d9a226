"""The files of an evaluation, and what is read again of them."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.errors import InputError
from sarcoma_core.segmentation.evaluation.cases import LackingCase, ScoredCase
from sarcoma_core.segmentation.evaluation.earlier import read_earlier
from sarcoma_core.segmentation.evaluation.evaluation import SegmentationEvaluation, evaluate
from sarcoma_core.segmentation.evaluation.files import (
    CASE_COLUMNS,
    EvaluationHead,
    cases_bytes,
    evaluation_bytes,
    summary_bytes,
)
from sarcoma_core.segmentation.evaluation.medians import Sampling
from sarcoma_core.segmentation.evaluation.reading import CaseRules
from sarcoma_core.segmentation.evaluation.session_numbers import PREFIX, session_numbers
from tests.segmentation.evaluation.planted import SHAPE, T1CE, PlantedCohort, case

RULES = CaseRules()
HEAD = EvaluationHead("P", "c" * 64, 10, RULES, Sampling(), {"they are of another cohort": 2})
LACKING = (LackingCase("S9", "S9_MR", "tumour", "segmentation refused", "", "a reason, with a comma"),)
MASK = np.zeros(SHAPE, bool)
MASK[4:8, 4:8, 4:8] = True


@pytest.fixture(scope="module")
def found() -> SegmentationEvaluation:
    cases = [*PlantedCohort(1, 11).cases(lambda _: 2.0), case("X", MASK, MASK & False)]
    cases[3] = replace(cases[3], doubts=2, earlier=True)
    cases[-1] = replace(cases[-1], mask="", mask_sha256="")
    empty = case("Y", MASK & False, MASK, replace(T1CE, region="oedema"))
    return evaluate([*cases, empty], LACKING, Sampling())


def written(folder: Path, found: SegmentationEvaluation) -> AssetFolder:
    folder.mkdir(exist_ok=True)
    (folder / "evaluation.json").write_bytes(evaluation_bytes(found, HEAD))
    (folder / "cases.csv").write_bytes(cases_bytes(found))
    return AssetFolder(folder, None, "e")


def test_every_case_reads_as_the_very_same_one_again(tmp_path: Path, found: SegmentationEvaluation) -> None:
    """To the last digit: of a model that is compared with itself there must be no difference."""
    told = read_earlier(written(tmp_path / "E", found), "c" * 64, RULES)
    assert told.cases == tuple(replace(one, earlier=True) for one in found.cases)
    assert (told.reason, told.number) == ("", 13)


def test_only_the_regions_that_are_asked_for_are_read(tmp_path: Path, found: SegmentationEvaluation) -> None:
    asset = written(tmp_path / "E", found)
    told = read_earlier(asset, "c" * 64, CaseRules(("oedema",)))
    assert [one.subject for one in told.cases] == ["Y"]


@pytest.mark.parametrize(
    ("cohort", "rules", "reason"),
    [
        ("d" * 64, RULES, "they are of another cohort"),
        ("c" * 64, CaseRules(definition="pooled"), "they were measured by another definition or tolerance"),
        ("c" * 64, CaseRules(tolerance_mm=2.5), "they were measured by another definition or tolerance"),
    ],
)
def test_cases_of_another_cohort_or_definition_are_left_out_with_the_reason(
    tmp_path: Path, found: SegmentationEvaluation, cohort: str, rules: CaseRules, reason: str
) -> None:
    told = read_earlier(written(tmp_path / "E", found), cohort, rules)
    assert (told.cases, told.reason, told.number) == ((), reason, 13)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("evaluation.json", '"schema": 1', '"schema": 2'),
        ("evaluation.json", "{", "["),
        ("cases.csv", "dice", "dyce"),
        ("cases.csv", "axial", "diagonal"),
        ("cases.csv", "tumour", "necrosis"),
        ("cases.csv", ",0.", ",zero."),
        ("cases.csv", ",0.", ",nan,0."),
        ("cases.csv", "S000,", '"S000,'),
    ],
)
def test_what_the_step_did_not_write_is_refused(
    tmp_path: Path, found: SegmentationEvaluation, name: str, old: str, new: str
) -> None:
    asset = written(tmp_path / "E", found)
    path = asset.path / name
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(InputError, match="--earlier: must be as the step evaluate-segmentation wrote it"):
        read_earlier(asset, "c" * 64, RULES)


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_cases_csv_has_a_line_for_each_case_and_for_each_that_lacks(found: SegmentationEvaluation) -> None:
    told = rows(cases_bytes(found))
    assert tuple(told[0]) == CASE_COLUMNS
    assert len(told) == len(found.cases) + 1
    by_subject = {one["subject"]: one for one in told}
    assert by_subject["X"]["status"] == "found nothing"
    assert by_subject["Y"]["status"] == "found something where the reference is empty"
    assert by_subject["Y"]["volume_error"] == ""
    assert by_subject["S003"]["doubts"] == "2"
    assert by_subject["S003"]["earlier"] == "1"
    assert by_subject["S9"]["status"] == "segmentation refused"
    assert by_subject["S9"]["why"] == "a reason, with a comma"
    assert by_subject["S9"]["dice"] == by_subject["S9"]["mask_sha256"] == ""


def test_summary_csv_is_the_table_twice(found: SegmentationEvaluation) -> None:
    told = rows(summary_bytes(found))
    assert [(one["region"], one["among"], one["patients"], one["failed"]) for one in told] == [
        ("tumour", "all", "12", "1"),
        ("tumour", "not failed", "12", "1"),
        ("oedema", "all", "1", "1"),
        ("oedema", "not failed", "1", "1"),
    ]
    first = told[0]
    assert float(first["dice_q1"]) <= float(first["dice_median"]) <= float(first["dice_q3"])
    assert float(first["dice_median"]) == pytest.approx(found.table[0].all["dice"].median, rel=1e-5)
    assert (first["dice_n"], told[1]["dice_n"], told[3]["dice_n"], told[3]["dice_median"]) == (
        "12",
        "11",
        "0",
        "",
    )
    assert told[2]["dice_lower"] == ""  # one patient has no limits


def test_the_numbers_tell_what_was_done_and_name_no_patient(found: SegmentationEvaluation) -> None:
    content = evaluation_bytes(found, HEAD)
    tree = json.loads(content)
    assert (tree["schema"], tree["patients"], tree["sessions"]) == (1, 13, 10)
    assert (tree["definition"], tree["tolerance_mm"]) == ("directed", 2.0)
    assert tree["earlier_cases"] == 1
    assert tree["earlier_cases_dropped"] == {"they are of another cohort": 2}
    assert tree["without_scores_or_failed"] == [
        {"model": "", "region": "tumour", "kinds": {"segmentation refused": 1}},
        {
            "model": T1CE.model,
            "region": "oedema",
            "kinds": {"found something where the reference is empty": 1},
        },
        {"model": T1CE.model, "region": "tumour", "kinds": {"found nothing": 1}},
    ]
    assert not any(one.subject.encode() + b'"' in content for one in found.cases)
    assert b"_MR" not in content + summary_bytes(found)


def test_equal_cases_in_another_order_give_equal_files(found: SegmentationEvaluation) -> None:
    again = evaluate(reversed(found.cases), LACKING, Sampling())
    assert evaluation_bytes(again, HEAD) == evaluation_bytes(found, HEAD)
    assert cases_bytes(again) == cases_bytes(found)
    assert summary_bytes(again) == summary_bytes(found)


# Custom fields.


def test_a_session_has_a_few_numbers_by_region_and_none_where_a_region_has_none() -> None:
    one = case("A", MASK, np.roll(MASK, 1, 0))
    told = session_numbers([one], ("tumour", "oedema"))
    names = ("dice", "f2", "assd_mm", "hd95_mm", "volume_ml", "failed", "model", "scan")
    assert set(told) == {f"{PREFIX}{region}_{name}" for region in ("tumour", "oedema") for name in names}
    assert told["sarcoma_seg_tumour_dice"] == 0.75
    assert told["sarcoma_seg_tumour_volume_ml"] == 1.024
    assert told["sarcoma_seg_tumour_failed"] is False
    assert told["sarcoma_seg_tumour_model"] == T1CE.model
    assert {value for name, value in told.items() if "oedema" in name} == {None}


def test_of_several_series_the_worst_counts() -> None:
    cases: list[ScoredCase] = [
        case("A", MASK, np.roll(MASK, shift, 0), series=str(shift)) for shift in (0, 2, 1)
    ]
    assert session_numbers(cases, ("tumour",))["sarcoma_seg_tumour_scan"] == "2"
