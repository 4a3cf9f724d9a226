"""Table 1 against numbers worked out by hand."""

import math

import numpy as np
import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.report.table_one import NOBODY, Characteristic, TableOne, table_one

AGES = Characteristic("Age, years", "number", [1, 2, 3, 4, 10, None, math.nan])
SEX = Characteristic("Sex", "category", ["f", "f", "m", "f", None, "m", "m"])
GROUPS = ["A", "A", "A", "B", "B", "B", None]


def rows(table: TableOne) -> dict[str, tuple[str, ...]]:
    return {
        row.name: tuple(cell.replace("\u00a0", " ") for cell in row.cells)
        for part in table.parts
        for row in part.rows
    }


def test_numbers_have_mean_deviation_quartiles_and_range() -> None:
    """1, 2, 3, 4, 10: mean 4, variance (9 + 4 + 1 + 0 + 36) / 4; quartiles are the second and the fourth."""
    found = rows(table_one([AGES]))
    assert found["Mean ± SD"] == ("4.0 ± 3.5",)
    assert found["Median [Q1 to Q3] (range)"] == ("3.0 [2.0 to 4.0] (1.0 to 10.0)",)
    assert found["Missing"] == ("2",)


def test_quartiles_are_those_of_definition_7() -> None:
    """1 to 4: by definition 7 the first quartile is 1 + 0.75; by others 1.5, 1.25 or 1.42."""
    found = rows(table_one([Characteristic("x", "number", [4, 3, 2, 1], decimals=2)]))
    assert found["Median [Q1 to Q3] (range)"] == ("2.50 [1.75 to 3.25] (1.00 to 4.00)",)


def test_groups_are_columns_and_who_is_in_none_counts_among_all() -> None:
    table = table_one([AGES, SEX], GROUPS, grouped_by="centre")
    assert [one.replace("\u00a0", " ") for one in table.columns] == ["All (n = 7)", "A (n = 3)", "B (n = 3)"]
    assert table.grouped_by == "centre"
    found = rows(table)
    assert found["Mean ± SD"] == ("4.0 ± 3.5", "2.0 ± 1.0", "7.0 ± 4.2")
    assert found["f"] == ("3/6 (50.0 %)", "2/3 (66.7 %)", "1/2 (50.0 %)")
    assert found["m"] == ("3/6 (50.0 %)", "1/3 (33.3 %)", "1/2 (50.0 %)")


def test_missing_values_are_counted_in_each_column_and_are_no_category() -> None:
    table = table_one([SEX, AGES], GROUPS)
    sex, age = table.parts
    assert [row.name for row in sex.rows] == ["f", "m", "Missing"]
    assert sex.rows[-1].cells == ("1", "0", "1")
    assert age.rows[-1].cells == ("2", "0", "1")


def test_nothing_missing_has_no_line() -> None:
    table = table_one([Characteristic("x", "number", [1, 2]), Characteristic("y", "category", ["a", "b"])])
    assert all(row.name != "Missing" for part in table.parts for row in part.rows)


def test_one_value_has_no_deviation_and_none_is_told() -> None:
    one = Characteristic("x", "number", [5, None])
    assert rows(table_one([one], ["A", "B"]))["Mean ± SD"] == ("5.0", "5.0", NOBODY)
    other = Characteristic("y", "category", ["a", None])
    assert rows(table_one([other], ["A", "B"]))["a"] == ("1/1 (100.0 %)", "1/1 (100.0 %)", NOBODY)


def test_levels_keep_their_order_and_those_that_nobody_has_are_shown() -> None:
    grade = Characteristic("Grade", "category", ["3", "1", "3"], levels=("3", "2", "1"))
    [part] = table_one([grade]).parts
    assert [(row.name, row.cells[0].replace("\u00a0", " ")) for row in part.rows] == [
        ("3", "2/3 (66.7 %)"),
        ("2", "0/3 (0.0 %)"),
        ("1", "1/3 (33.3 %)"),
    ]


def test_a_category_that_is_no_level_is_refused_without_being_told() -> None:
    with pytest.raises(InputError, match="1 are not among them") as caught:
        table_one([Characteristic("Grade", "category", ["secret", "1"], levels=("1",))])
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("groups", [["A"], ["A", "B", "A"]])
def test_there_is_one_value_for_each_patient(groups: list[str]) -> None:
    with pytest.raises(InputError, match="one for each patient"):
        table_one([Characteristic("x", "number", [1, 2])], groups)


def test_arrays_are_values_too() -> None:
    found = rows(table_one([Characteristic("x", "number", np.array([1.0, 3.0, math.nan]).tolist())]))
    assert found["Mean ± SD"] == ("2.0 ± 1.4",)
