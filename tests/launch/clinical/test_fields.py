"""A table put into the fields of subjects, and read from there: the same table, whatever fails in between."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sarcoma_core.archive.store import Archive
from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.launch.clinical import fields
from sarcoma_core.launch.clinical.fields import (
    FieldWork,
    check_fields_of,
    field_works,
    fields_of_project,
    put_fields,
)
from sarcoma_core.prognosis.clinical.how_to_read import HowToRead
from sarcoma_core.prognosis.clinical.table import ClinicalRow, ClinicalTable, table_text
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.connection import Connection
from sarcoma_core.xnat.rest.custom_fields import NoCustomFieldsError
from sarcoma_core.xnat.rest.subject_fields import custom_fields, put_custom_fields
from tests.archive.filed import served, session

SUBJECTS = ("S1", "S2", "S10")


def row(subject: str, age: float, **values: Any) -> ClinicalRow:
    return ClinicalRow(
        subject,
        session=f"{subject}_MR",
        centre="A",
        values={
            "age_years": age,
            "sex": "F",
            "location": "lower limb",
            "grade": "2",
            "size_cm": 7.5,
            **values,
        },
        events={"death": False, "distant_metastasis": True, "local_recurrence": False},
        days={
            "overall_survival_days": 900.0,
            "distant_metastasis_days": 200.5,
            "local_recurrence_days": 900.0,
        },
    )


TABLE = ClinicalTable(
    (row("S1", 63.5, radiotherapy="none"), row("S2", 41.0, diagnosis="myxofibrosarcoma"), row("S10", 77.0)),
    "diagnosis",
)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    archive = Archive(tmp_path / "archive")
    for subject in SUBJECTS:
        session(archive, subject, f"{subject}_MR")
    with served(archive) as connected:
        yield connected


def works(connection: Connection, table: ClinicalTable = TABLE, *, empty: bool = False) -> list[FieldWork]:
    return list(field_works(connection, "P", table, SUBJECTS, empty=empty))


def named(connection: Connection, subject: str, values: Mapping[str, str]) -> None:
    connection.put(f"/data/projects/P/subjects/{subject}", query=values)


def test_a_table_that_is_put_is_read_back_as_the_same_table(connection: Connection) -> None:
    results = list(put_fields(connection, "P", works(connection)))
    assert [(one.subject, one.failure) for one in results] == [(subject, "") for subject in SUBJECTS]
    checked = check_fields_of(connection, "P", HowToRead())
    assert checked.table is not None
    assert table_text(checked.table) == table_text(TABLE)
    assert checked.table.time_zero == "diagnosis"


def test_what_is_there_already_is_not_put_again(connection: Connection) -> None:
    list(put_fields(connection, "P", works(connection)))
    assert [one.put for one in works(connection)] == [{}, {}, {}]
    changed = replace(TABLE, rows=(row("S1", 64.0, radiotherapy="none"), *TABLE.rows[1:]))
    assert [one.put for one in works(connection, changed)] == [{"age_years": 64}, {}, {}]


def test_fields_that_the_table_lacks_stay_unless_they_are_to_be_emptied(connection: Connection) -> None:
    list(put_fields(connection, "P", works(connection)))
    put_custom_fields(connection, "P", "S1", {"consent": "given"})
    fewer = replace(TABLE, rows=(row("S1", 63.5), *TABLE.rows[1:]))
    assert [(one.put, one.stale) for one in works(connection, fewer)] == [({}, 1), ({}, 0), ({}, 0)]
    list(put_fields(connection, "P", works(connection, fewer, empty=True)))
    assert custom_fields(connection, "P", "S1")["radiotherapy"] is None
    assert custom_fields(connection, "P", "S1")["consent"] == "given"
    found = check_fields_of(connection, "P", HowToRead()).table
    assert found is not None
    assert table_text(found) == table_text(fewer)


def test_a_row_without_a_subject_is_no_work(connection: Connection) -> None:
    found = field_works(connection, "P", TABLE, ["S2", "S3"], empty=False)
    assert [one.subject for one in found] == ["S2"]


def test_a_subject_that_fails_does_not_stop_the_others_and_is_the_one_that_is_left(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, {"S2": 403})
    results = list(put_fields(connection, "P", works(connection)))
    assert [one.failure for one in results] == ["", "no 403", ""]
    monkeypatch.undo()
    assert [one.subject for one in works(connection) if one.put] == ["S2"]


@pytest.mark.parametrize("status", [0, 401])
def test_a_server_that_is_gone_is_not_asked_for_each_subject(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    todo = works(connection)
    tried = failing(monkeypatch, {"S1": status})
    results = list(put_fields(connection, "P", todo))
    assert [one.failure for one in results] == [
        f"no {status}",
        f"not tried: no {status}",
        f"not tried: no {status}",
    ]
    assert tried == ["S1"]


def test_a_server_that_keeps_something_else_is_a_failure(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fields, "put_custom_fields", lambda *_: {"age_years": "63,5"})
    [one] = put_fields(connection, "P", [FieldWork("S1", {"age_years": 63.5})])
    assert "must keep what was sent" in one.failure
    assert "63" not in one.failure


def failing(monkeypatch: pytest.MonkeyPatch, statuses: Mapping[str, int]) -> list[str]:
    """Let some subjects fail; gives those that are tried."""
    tried: list[str] = []

    def put(connection: Connection, project: str, subject: str, values: Mapping[str, Any]) -> Any:
        tried.append(subject)
        if subject in statuses:
            raise ServerError(f"no {statuses[subject]}", status=statuses[subject])
        return put_custom_fields(connection, project, subject, values)

    monkeypatch.setattr(fields, "put_custom_fields", put)
    return tried


def old_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Any:
        raise NoCustomFieldsError("too old", status=404)

    monkeypatch.setattr(fields, "custom_fields", refuse)


def test_an_old_server_takes_no_fields(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    old_server(monkeypatch)
    with pytest.raises(NoCustomFieldsError):
        works(connection)


def test_an_old_server_is_read_by_its_custom_variables_as_far_as_they_are_named(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_server(monkeypatch)
    for subject in SUBJECTS:
        variables = {"size": "7.5", "tumour_grade": "G2"}
        paths = {f"xnat:subjectData/fields/field[name={n}]/field": v for n, v in variables.items()}
        named(connection, subject, {"gender": "female", **paths})
    how = HowToRead(columns={"grade": "tumour_grade", "size_cm": "size"}, units={"size_cm": "cm"})
    checked = check_fields_of(connection, "P", how)
    assert [dict(one.values) for one in checked.patients.rows] == [
        {"sex": "F", "grade": "2", "size_cm": 7.5}
    ] * len(SUBJECTS)
    assert "no custom fields" in [one.kind for one in checked.findings if one.severity == "warning"]


def test_a_shared_subject_is_told_of_and_the_others_are_read(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(put_fields(connection, "P", works(connection)))

    def shared(connection: Connection, project: str, subject: str) -> Any:
        if subject == "S2":
            raise ServerError("not the project's own", status=404)
        return custom_fields(connection, project, subject)

    monkeypatch.setattr(fields, "custom_fields", shared)
    checked = check_fields_of(connection, "P", HowToRead())
    assert [one.subject for one in checked.patients.rows] == ["S1", "S10"]
    assert "shared subject" in [one.kind for one in checked.findings]
    assert [one.failure for one in works(connection) if one.failure] == ["not the project's own"]


def test_a_refusal_of_another_kind_ends_the_reading(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Any:
        raise ServerError("no right", status=403)

    monkeypatch.setattr(fields, "custom_fields", refuse)
    with pytest.raises(ServerError, match="no right"):
        fields_of_project(connection, "P")


def test_subjects_without_fields_are_an_error_with_the_command_that_fills_them(
    connection: Connection,
) -> None:
    with pytest.raises(InputError, match="P has 0 subjects with any") as told:
        check_fields_of(connection, "P", HowToRead())
    assert "sarcoma clinical push TABLE --project P --custom-fields" in told.value.hint


def test_time_zero_that_contradicts_the_fields_is_an_error(connection: Connection) -> None:
    list(put_fields(connection, "P", works(connection)))
    checked = check_fields_of(connection, "P", HowToRead(time_zero="surgery"))
    assert [one.kind for one in checked.findings if one.severity == "error"] == ["time zero"]
    assert check_fields_of(connection, "P", HowToRead(time_zero="diagnosis")).table is not None


def test_a_sheet_is_none_of_a_server(connection: Connection) -> None:
    with pytest.raises(UsageError, match="--sheet"):
        check_fields_of(connection, "P", HowToRead(sheet="Patients"))
