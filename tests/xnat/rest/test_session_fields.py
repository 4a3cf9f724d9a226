"""Custom fields of sessions over REST: what is kept, what is emptied, and servers that refuse or are old."""

from collections.abc import Iterator

import pytest

from sarcoma_core.archive.store import Archive
from sarcoma_core.xnat.fields.platform import FieldsTold, NoFieldPlace
from sarcoma_core.xnat.rest.connection import Connection, Login
from sarcoma_core.xnat.rest.custom_fields import FieldOwner, put_fields, read_fields
from sarcoma_core.xnat.rest.session_fields import RemoteSessionFields
from tests.archive.filed import served, session
from tests.xnat.double import PASSWORD, Double, Reply, of_json, running

A = "/xapi/custom-fields/projects/P/experiments/A_MR/fields"
B = "/xapi/custom-fields/projects/P/experiments/B_MR/fields"
WHOLE = "/xapi/custom-fields/projects/P/fields"
VALUES = {"seg_dice": 0.9123, "seg_failed": False, "seg_model": "M T1CE", "seg_f2": None}


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    archive = Archive(tmp_path_factory.mktemp("fields") / "archive")
    for subject in ("A", "B"):
        session(archive, subject, f"{subject}_MR")
    with served(archive) as connected:
        yield connected


@pytest.fixture
def double() -> Iterator[Double]:
    with running() as double:
        yield double


@pytest.fixture
def scripted(double: Double) -> Iterator[RemoteSessionFields]:
    with Connection(Login(double.url, "mary", PASSWORD), timeout=5) as connected:
        yield RemoteSessionFields(connected, "P")


def owner(label: str) -> FieldOwner:
    return FieldOwner("P", "experiments", label, "session")


def test_fields_are_there_beside_those_of_others_and_are_emptied_where_nothing_is_told_any_more(
    connection: Connection,
) -> None:
    put_fields(connection, owner("A_MR"), {"own": "of a person", "seg_dice": 0.1})
    put_fields(connection, owner("B_MR"), {"own": 1, "seg_dice": 0.2, "seg_f2": None})
    told = RemoteSessionFields(connection, "P").put({"A_MR": VALUES, "B_MR": {}}, prefix="seg_")
    assert told == FieldsTold(("A_MR", "B_MR"))
    assert read_fields(connection, owner("A_MR")) == {"own": "of a person", **VALUES}
    assert read_fields(connection, owner("B_MR")) == {"own": 1, "seg_dice": None, "seg_f2": None}


def test_a_session_that_is_not_there_stops_no_other(connection: Connection) -> None:
    told = RemoteSessionFields(connection, "P").put({"GONE": VALUES, "A_MR": VALUES}, prefix="seg_")
    assert told.kept == ("A_MR",)
    assert told.failed == {"GONE": "The session must be the project's own; the server answers 404."}


def test_a_server_that_knows_no_custom_fields_is_told_once(
    double: Double, scripted: RemoteSessionFields
) -> None:
    double.answer("PUT", A, Reply(404))
    double.answer("GET", WHOLE, Reply(404))
    told = scripted.put({"A_MR": VALUES, "B_MR": VALUES}, prefix="seg_")
    assert (told.kept, told.failed) == ((), {})
    assert "XNAT 1.8.6 or later" in told.nowhere
    assert not told.nowhere.endswith(".")


def test_no_right_is_told_for_the_session_and_the_next_one_is_tried(
    double: Double, scripted: RemoteSessionFields
) -> None:
    double.answer("PUT", A, Reply(403))
    double.answer("PUT", B, of_json(VALUES))
    told = scripted.put({"A_MR": VALUES, "B_MR": VALUES}, prefix="seg_")
    assert told.kept == ("B_MR",)
    assert "403" in told.failed["A_MR"]


def test_a_log_in_that_ended_for_good_ends_all(double: Double, scripted: RemoteSessionFields) -> None:
    double.answer("PUT", A, Reply(401))
    told = scripted.put({"A_MR": VALUES, "B_MR": VALUES}, prefix="seg_")
    assert told.kept == ()
    assert told.failed["B_MR"].startswith("not tried: ")


def test_an_answer_that_holds_something_else_is_no_success(
    double: Double, scripted: RemoteSessionFields
) -> None:
    double.answer("PUT", A, of_json({**VALUES, "seg_dice": 0.5}))
    double.answer("PUT", B, of_json(VALUES))
    told = scripted.put({"A_MR": VALUES, "B_MR": VALUES}, prefix="seg_")
    assert told.kept == ("B_MR",)
    assert "must keep what was sent" in told.failed["A_MR"]


def test_an_archive_of_ours_has_no_place_for_them_and_says_why() -> None:
    assert NoFieldPlace("a reason").put({"A_MR": VALUES}, prefix="seg_") == FieldsTold(nowhere="a reason")
