"""The fields of a server's subjects, laid out as a file would hold them."""

from collections.abc import Mapping
from typing import Any

import pytest

from sarcoma_core.prognosis.clinical.checking import CheckedTable, check_sheets
from sarcoma_core.prognosis.clinical.field_sheet import FieldSheet, SubjectFields, field_sheet
from sarcoma_core.prognosis.clinical.how_to_read import HowToRead

FULL: Mapping[str, Any] = {"age_years": 63, "size_cm": 7.5, "death": 0, "overall_survival_days": 900}


def texts(found: FieldSheet) -> list[list[str]]:
    return [[cell.text for cell in line.cells] for line in found.sheet.lines]


def kinds(found: FieldSheet, severity: str) -> list[str]:
    return [one.kind for one in found.sheet.findings if one.severity == severity]


def checked(*subjects: SubjectFields, **how: Any) -> CheckedTable:
    found = field_sheet(subjects)
    return check_sheets([found.sheet], HowToRead(**how), found.sha256)


def test_a_heading_is_the_name_of_a_field_and_a_line_a_subject_by_label() -> None:
    found = field_sheet(
        [
            SubjectFields("S10", fields={"size_cm": 7.5, "grade": "2"}),
            SubjectFields("S9", fields={"grade": "3"}),
        ]
    )
    assert texts(found) == [["subject", "grade", "size_cm"], ["S9", "3", ""], ["S10", "2", "7.5"]]
    assert [line.number for line in found.sheet.lines] == [1, 2, 3]


def test_fields_of_a_form_lie_below_its_id_and_count_by_their_own_name() -> None:
    found = field_sheet([SubjectFields("S1", fields={"0a1b": {"size_cm": 7.5, "more": {"grade": "2"}}})])
    assert texts(found) == [["subject", "size_cm", "grade"], ["S1", "7.5", "2"]]


def test_one_name_in_two_forms_is_two_columns_and_so_an_error_as_in_a_file() -> None:
    table = checked(SubjectFields("S1", fields={**FULL, "form": {"size_cm": 8}}))
    assert [(one.kind, one.column) for one in table.findings if one.severity == "error"] == [
        ("repeated heading", "size_cm")
    ]


def test_gender_and_age_of_the_subject_are_sex_and_age() -> None:
    row = checked(SubjectFields("S1", "female", "63", fields={"size_cm": 7.5})).patients.rows[0]
    assert row.values == {"sex": "F", "age_years": 63.0, "size_cm": 7.5}


def test_the_age_of_a_server_is_told_as_one_whose_date_is_not_known() -> None:
    assert kinds(field_sheet([SubjectFields("S1", age="63")]), "warning") == ["age of the server"]
    assert kinds(field_sheet([SubjectFields("S1", age="63", fields={"age_years": 61})]), "warning") == []


def test_the_age_of_a_server_is_not_mixed_into_a_field_for_age() -> None:
    found = field_sheet(
        [SubjectFields("S1", fields={"age": 63}), SubjectFields("S2", age="70", fields={"x": 1})]
    )
    assert texts(found) == [["subject", "age", "x"], ["S1", "63", ""], ["S2", "", "1"]]


def test_a_field_wins_over_gender_and_age_and_gender_fills_where_it_is_blank() -> None:
    rows = checked(
        SubjectFields("S1", "female", "70", fields={**FULL, "sex": "F"}),
        SubjectFields("S2", "male", "70", fields=FULL),
    ).patients.rows
    assert [(row.values["sex"], row.values["age_years"]) for row in rows] == [("F", 63.0), ("M", 63.0)]


def test_a_field_that_contradicts_gender_is_an_error_in_the_line_of_the_subject() -> None:
    table = checked(
        SubjectFields("S0", "male", fields={**FULL, "sex": "M"}),
        SubjectFields("S1", "female", fields={**FULL, "sex": "M"}),
    )
    [error] = [one for one in table.findings if one.severity == "error"]
    assert (error.kind, error.line, error.column) == ("two genders", 3, "sex")
    assert table.table is None


def test_a_gender_that_is_unknown_contradicts_nothing() -> None:
    assert checked(SubjectFields("S1", "unknown", fields={**FULL, "sex": "M"})).table is not None


def test_a_subject_without_any_field_is_left_out_and_counted() -> None:
    found = field_sheet(
        [SubjectFields("S1", fields=FULL), SubjectFields("S2"), SubjectFields("S3", fields={"x": None})]
    )
    assert [line[0] for line in texts(found)] == ["subject", "S1"]
    assert [one.message for one in found.sheet.findings] == ["2 subjects without any field: left out"]


def test_a_date_of_birth_is_told_of_and_not_laid_out() -> None:
    found = field_sheet([SubjectFields("S1", has_birth=True, fields=FULL)])
    assert kinds(found, "note") == ["date of birth"]
    assert texts(found)[0] == ["subject", *FULL]


@pytest.mark.parametrize("name", ["Patient ID", "case", "submitter_id"])
def test_a_field_that_is_another_label_does_not_take_the_place_of_the_subjects_own(name: str) -> None:
    found = field_sheet([SubjectFields("S1", fields={name: "X7", **FULL})])
    assert texts(found)[0] == ["subject", *FULL]
    assert [(one.kind, one.column) for one in found.sheet.findings] == [("second label", name)]


@pytest.mark.parametrize(
    ("value", "text", "fault"),
    [
        (True, "true", ""),
        (3, "3", ""),
        (3.25, "3.25", ""),
        ("  a \n b ", "a b", ""),
        (["a", "b"], "", "several values"),
        (10**400, "", "a number that is far too large"),
    ],
)
def test_a_value_of_json_is_a_cell(value: object, text: str, fault: str) -> None:
    cell = field_sheet([SubjectFields("S1", fields={"x": value})]).sheet.lines[1].cells[1]
    assert (cell.text, cell.fault) == (text, fault)


def test_nothing_chosen_in_a_list_is_blank() -> None:
    assert texts(field_sheet([SubjectFields("S1", fields={"x": [], "y": 1})])) == [
        ["subject", "y"],
        ["S1", "1"],
    ]


def test_time_zero_is_what_all_fields_say_and_no_column() -> None:
    subjects = [SubjectFields(f"S{n}", fields={**FULL, "time_zero": "diagnosis"}) for n in range(2)]
    found = field_sheet(subjects)
    assert found.time_zero == "diagnosis"
    assert texts(found)[0] == ["subject", *FULL]
    assert field_sheet([SubjectFields("S1", fields=FULL)]).time_zero is None


@pytest.mark.parametrize("zeros", [("diagnosis", "surgery"), ("treatment",)])
def test_time_zeros_that_differ_or_are_none_are_an_error(zeros: tuple[str, ...]) -> None:
    found = field_sheet([SubjectFields(zero, fields={**FULL, "time_zero": zero}) for zero in zeros])
    assert found.time_zero is None
    assert kinds(found, "error") == ["time zero"]


def test_the_checksum_tells_one_content_from_another_in_whatever_order_it_comes() -> None:
    one, two = SubjectFields("S1", fields=FULL), SubjectFields("S2", fields=FULL)
    assert field_sheet([one, two]).sha256 == field_sheet([two, one]).sha256
    assert field_sheet([one]).sha256 != field_sheet([SubjectFields("S1", fields={**FULL, "death": 1})]).sha256


def test_no_finding_holds_a_value() -> None:
    told = field_sheet(
        [
            SubjectFields(
                "S1", "female", "63.5", has_birth=True, fields={"sex": "M", "case": "X7", "time_zero": "ever"}
            )
        ]
    )
    words = " ".join(one.message for one in told.sheet.findings)
    assert told.sheet.findings
    assert not [value for value in ("63.5", "X7", "ever ", "female", "S1") if value in words]
