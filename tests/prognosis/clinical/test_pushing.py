"""What a push would change, told from what the project holds."""

import dataclasses
import json

import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.clinical.pushing import (
    UNFINISHED,
    TablePush,
    changed_fields,
    fields_beyond,
    plan_push,
    row_fields,
    table_files,
)
from sarcoma_core.prognosis.clinical.table import ClinicalRow, ClinicalTable, read_clinical

ROW = ClinicalRow(
    "S1",
    values={"age_years": 63.0, "grade": "2"},
    events={"death": True},
    days={"overall_survival_days": 400.5},
)
TABLE = ClinicalTable((ROW, ClinicalRow("S2", values={"sex": "F"})))
FILES = table_files(TABLE, "0" * 64)
OTHER = table_files(ClinicalTable((ROW,), "diagnosis"), "1" * 64)


def plan(held: dict[str, bytes | None], subjects: tuple[str, ...] = ()) -> TablePush:
    return plan_push(TABLE, FILES, held, subjects)


@pytest.mark.parametrize(
    ("held", "state"),
    [
        ({}, "nothing"),
        (dict(FILES), "same"),
        (dict(OTHER), "earlier"),
        ({**FILES, "clinical.json": OTHER["clinical.json"]}, "other"),
        ({**OTHER, "clinical.csv": OTHER["clinical.csv"] + b"\n"}, "other"),
        ({**OTHER, "clinical.csv": OTHER["clinical.csv"].replace(b"63", b"64")}, "other"),
        ({**OTHER, "clinical.json": b'{"schema": 1}'}, "other"),
        ({**OTHER, "clinical.json": b'{"schema": 0}'}, "other"),
        ({**OTHER, "clinical.json": OTHER["clinical.json"].replace(b'"schema": 1', b'"schema": 2')}, "other"),
        ({"clinical.json": OTHER["clinical.json"]}, "other"),
        ({"clinical.json": UNFINISHED}, "earlier"),
        ({**FILES, "clinical.json": UNFINISHED}, "earlier"),
        ({**FILES, "notes.txt": None}, "other"),
        ({"clinical.csv": FILES["clinical.csv"]}, "other"),
        ({"clinical.csv": b"a;b", "clinical.json": b"{}"}, "other"),
        ({"clinical.csv": b"a;b", "clinical.json": b"[1]"}, "other"),
        ({"clinical.csv": b"a;b", "clinical.json": b"\xff"}, "other"),
        ({"patients.xlsx": None}, "other"),
    ],
)
def test_what_a_resource_holds_is_told_by_its_names_its_head_and_the_hash_in_it(
    held: dict[str, bytes | None], state: str
) -> None:
    assert plan(held).state == state


def test_no_reader_takes_a_head_that_is_unfinished() -> None:
    assert read_clinical(FILES["clinical.csv"], FILES["clinical.json"]).time_zero == "surgery"
    with pytest.raises(InputError):
        read_clinical(FILES["clinical.csv"], UNFINISHED)


def test_the_files_are_the_table() -> None:
    read = read_clinical(FILES["clinical.csv"], FILES["clinical.json"])
    assert [dataclasses.replace(row, line=0) for row in read.rows] == list(TABLE.rows)
    assert json.loads(FILES["clinical.json"])["source_sha256"] == "0" * 64


def test_columns_are_those_with_a_value() -> None:
    assert plan({}).columns == ("subject", "age_years", "sex", "grade", "death", "overall_survival_days")


def test_who_is_where_is_told_by_label() -> None:
    found = plan({}, ("S1", "S10", "S9", "s_02"))
    assert (found.strangers, found.near, found.without) == (("S2",), 1, ("S9", "S10", "s_02"))


def test_fields_are_the_cells_by_column_with_time_zero_where_there_are_times() -> None:
    assert row_fields(ROW, "diagnosis") == {
        "age_years": 63,
        "grade": "2",
        "death": 1,
        "overall_survival_days": 400.5,
        "time_zero": "diagnosis",
    }
    assert row_fields(TABLE.rows[1], "surgery") == {"sex": "F"}


def test_what_a_subject_has_already_is_not_put_again() -> None:
    wanted = row_fields(ROW, "surgery")
    assert changed_fields(wanted, {**wanted, "more": 1}) == {}
    assert changed_fields(wanted, {**wanted, "grade": "3"}) == {"grade": "2"}
    assert changed_fields(wanted, {**wanted, "grade": None}) == {"grade": "2"}
    assert changed_fields(wanted, {}) == wanted


def test_fields_beyond_a_row_are_those_of_columns_alone() -> None:
    held = {"size_cm": 7, "time_zero": "surgery", "subject": "S1", "consent": "yes", "volume_cm3": None}
    assert fields_beyond(row_fields(ROW, "surgery"), held) == {"size_cm": None}
    assert fields_beyond(row_fields(TABLE.rows[1], "surgery"), held) == {"size_cm": None, "time_zero": None}
