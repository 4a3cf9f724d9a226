"""What a server knows of subjects, asked of the stand-in, and of servers that refuse, are old, or lie."""

from collections.abc import Iterator

import pytest

from sarcoma_core.archive.store import Archive
from sarcoma_core.errors import UsageError
from sarcoma_core.xnat.rest.answering import ServerError
from sarcoma_core.xnat.rest.connection import Connection, Login
from sarcoma_core.xnat.rest.custom_fields import NoCustomFieldsError
from sarcoma_core.xnat.rest.subject_fields import (
    RemoteSubject,
    custom_fields,
    project_subjects,
    put_custom_fields,
)
from tests.archive.filed import served, session
from tests.xnat.double import PAGE, PASSWORD, Double, Reply, of_json, running

SUBJECTS = "/data/projects/P/subjects"
WHOLE = "/xapi/custom-fields/projects/P/fields"
FIELDS = "/xapi/custom-fields/projects/P/subjects/S1/fields"


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    archive = Archive(tmp_path_factory.mktemp("fields") / "archive")
    for subject in ("S1", "S2"):
        session(archive, subject, f"{subject}_MR")
    with served(archive) as connected:
        yield connected


@pytest.fixture
def double() -> Iterator[Double]:
    with running() as double:
        yield double


@pytest.fixture
def scripted(double: Double) -> Iterator[Connection]:
    with Connection(Login(double.url, "mary", PASSWORD), timeout=5) as connected:
        yield connected


def test_subjects_have_gender_age_and_the_variables_that_were_asked_for(connection: Connection) -> None:
    path = f"{SUBJECTS}/S1"
    named = {"gender": "female", "age": "63", "yob": "1961"}
    connection.put(path, query={**named, "xnat:subjectData/fields/field[name=tumour_grade]/field": "G2"})
    by_label = {one.label: one for one in project_subjects(connection, "P", ["tumour_grade", "other"])}
    assert by_label["S1"] == RemoteSubject(
        "S1", "female", "63", has_birth=True, variables={"tumour_grade": "G2"}
    )
    assert by_label["S2"] == RemoteSubject("S2")
    assert project_subjects(connection, "P")[0].variables == {}


def test_the_year_of_birth_itself_is_not_kept(double: Double, scripted: Connection) -> None:
    rows = [{"label": "S1", "dob": "1961-05-04"}, {"label": "S2", "yob": ""}]
    double.answer("GET", SUBJECTS, of_json({"ResultSet": {"Result": rows}}))
    told = project_subjects(scripted, "P")
    assert [one.has_birth for one in told] == [True, False]
    assert "1961" not in repr(told)


@pytest.mark.parametrize("name", ["a,label", "a]/field", "x/y", "", "a=b"])
def test_a_name_that_would_ask_for_something_else_is_refused(connection: Connection, name: str) -> None:
    with pytest.raises(UsageError, match="custom variable"):
        project_subjects(connection, "P", [name])


def test_fields_that_are_put_are_there_and_the_others_stay(connection: Connection) -> None:
    assert custom_fields(connection, "P", "S2") == {}
    assert put_custom_fields(connection, "P", "S2", {"size_cm": 7.5, "a": "ü"}) == {"size_cm": 7.5, "a": "ü"}
    assert put_custom_fields(connection, "P", "S2", {"a": None}) == {"size_cm": 7.5, "a": None}
    assert custom_fields(connection, "P", "S2") == {"size_cm": 7.5, "a": None}


def test_an_unknown_subject_is_told_as_one_and_not_as_an_old_server(connection: Connection) -> None:
    for ask in (
        lambda: custom_fields(connection, "P", "NOBODY"),
        lambda: put_custom_fields(connection, "P", "NOBODY", {"a": 1}),
    ):
        with pytest.raises(ServerError, match="must be the project's own") as refused:
            ask()
        assert not isinstance(refused.value, NoCustomFieldsError)
        assert "NOBODY" not in str(refused.value)


@pytest.mark.parametrize("status", [404, 405])
def test_a_server_that_knows_the_path_of_no_project_is_too_old(
    double: Double, scripted: Connection, status: int
) -> None:
    double.answer("GET", FIELDS, Reply(status))
    double.answer("GET", WHOLE, Reply(status))
    with pytest.raises(NoCustomFieldsError, match=r"XNAT 1\.8\.6 or later; this one \(1\.9\.3\)"):
        custom_fields(scripted, "P", "S1")


def test_no_right_is_an_error_that_names_no_subject(double: Double, scripted: Connection) -> None:
    double.answer("PUT", FIELDS, Reply(403))
    with pytest.raises(ServerError, match="403") as refused:
        put_custom_fields(scripted, "P", "S1", {"age_years": 63})
    assert refused.value.status == 403
    assert "S1" not in str(refused.value)
    assert "63" not in str(refused.value)


@pytest.mark.parametrize("body", [PAGE, b"[]", b"null"])
def test_an_answer_that_is_no_object_is_an_error(double: Double, scripted: Connection, body: bytes) -> None:
    double.answer("GET", FIELDS, Reply(200, body))
    with pytest.raises(ServerError, match="must be"):
        custom_fields(scripted, "P", "S1")
