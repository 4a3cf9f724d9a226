"""Tables of what is foretold: a row for each horizon; the group with its rule; parts and grade."""

from dataclasses import replace

import pytest

from sarcoma_core.report.foretold_tables import NOT_TOLD, chances_table, grade_table, group_told, parts_told
from tests.report.foretold_made import PREDICTED, SAID, baseline, foretold_endpoint


def cells(rows: object) -> list[list[str]]:
    return [[cell.replace("\u00a0", " ") for cell in (row.name, *row.cells)] for row in rows]  # type: ignore[attr-defined]


def test_a_row_for_each_horizon_and_a_column_for_each_teller() -> None:
    one = foretold_endpoint()
    table = chances_table(replace(one, years=tuple(reversed(one.years))), baseline())
    assert table.columns == ("By", "Mean of networks", "Spread between models", "Clinical baseline")
    assert [row[0] for row in cells(table.rows)] == ["1 year", "2 years", "3 years", "5 years"]
    assert cells(table.rows)[-1] == ["5 years", "50 %", "40 to 60 %", "45 %"]


def test_death_before_it_has_a_column_where_it_competes() -> None:
    table = chances_table(foretold_endpoint("local_recurrence", dying=0.25), None)
    assert table.columns[-1] == "Death before it"
    assert [row[-1] for row in cells(table.rows)] == ["5 %", "10 %", "15 %", "25 %"]
    assert {row[3] for row in cells(table.rows)} == {NOT_TOLD}


@pytest.mark.parametrize(
    ("years", "told"), [({"1": 0.2}, ["20 %", NOT_TOLD, NOT_TOLD, NOT_TOLD]), ({}, 4 * [NOT_TOLD])]
)
def test_what_the_baseline_does_not_tell_is_not_filled_in(years: dict[str, float], told: list[str]) -> None:
    table = chances_table(foretold_endpoint(), replace(baseline(), years=years))
    assert [row[3] for row in cells(table.rows)] == told


def test_one_network_has_no_spread() -> None:
    assert {row[2] for row in cells(chances_table(foretold_endpoint(ends=(0.4,)), None).rows)} == {
        "one model"
    }


@pytest.mark.parametrize(("group", "words"), [("high", "0.312, above 0.287"), ("low", "0.312, not above 0.")])
def test_a_group_is_told_with_its_rule(group: str, words: str) -> None:
    told = group_told(replace(foretold_endpoint(), group=group))  # type: ignore[arg-type]
    assert told.startswith(f"{group.capitalize()}-risk group: a risk score of {words}")
    assert "the median of the patients that the model was developed on" in told


def test_the_parts_of_the_model_are_told_in_one_order() -> None:
    heads = {"overall_survival": {"clinical": 0.341, "other": 0.1, "image": 0.255, "joint": 0.312}}
    assert parts_told(replace(PREDICTED, heads=heads), "overall_survival") == (
        "Risk scores of the parts of the model: image and clinical variables together 0.312, the image alone "
        "0.255, the clinical variables alone 0.341, other 0.100."
    )


def test_two_parts_are_told() -> None:
    heads = {"overall_survival": {"image": 0.255, "joint": 0.312}}
    told = parts_told(replace(PREDICTED, heads=heads), "overall_survival")
    assert told.endswith("together 0.312, the image alone 0.255.")


@pytest.mark.parametrize("heads", [{}, {"overall_survival": {"clinical": 0.3}}])
def test_a_model_of_one_part_has_none_to_tell(heads: dict[str, dict[str, float]]) -> None:
    assert parts_told(replace(PREDICTED, heads=heads), "overall_survival") == ""


def test_a_grade_has_a_row_for_each_level() -> None:
    table = grade_table(replace(SAID.prediction, graded={"grade G1": 0.004, "grade G3": 0.996}))
    assert table
    assert cells(table.rows) == [["grade G1", "< 1 %"], ["grade G3", "> 99 %"]]
    assert grade_table(SAID.prediction) is None
