"""Custom fields of subjects, as XNAT's own source has them: who may, what is kept, what is refused."""

from typing import Any

import pytest
import requests

from sarcoma_core.standin.server import StandIn
from tests.standin.conftest import LOGIN, PASSWORD, PROJECT

WORD = "a password of a user"


class Fields:
    """Requests to the fields of one subject."""

    def __init__(self, url: str, subject: str, login: str = LOGIN, password: str = PASSWORD) -> None:
        self.path = f"{url}/xapi/custom-fields/projects/{PROJECT}/subjects/{subject}/fields"
        self._login = (login, password)

    def get(self) -> requests.Response:
        return requests.get(self.path, auth=self._login, timeout=30)

    def put(self, body: Any = None, **more: Any) -> requests.Response:
        return requests.put(self.path, json=body, auth=self._login, timeout=30, **more)


@pytest.fixture
def subject(standin: StandIn) -> str:
    return standin.tree.subjects.of(PROJECT)[0].label


def test_a_put_writes_over_what_it_names_and_answers_all(url: str, subject: str) -> None:
    fields = Fields(url, subject)
    assert fields.get().json() == {}
    assert fields.put({"a": 1.5, "form": {"b": "x"}}).json() == {"a": 1.5, "form": {"b": "x"}}
    assert fields.put({"form": {"c": None}}).json() == {"a": 1.5, "form": {"c": None}}
    assert fields.get().json() == {"a": 1.5, "form": {"c": None}}


def test_a_subject_is_named_by_label_or_id_and_keeps_its_fields_under_another_label(
    standin: StandIn, url: str
) -> None:
    made = standin.tree.subjects.ensure(PROJECT, "RENAMED", LOGIN)
    Fields(url, "RENAMED").put({"a": 1})
    assert Fields(url, made.id).get().json() == {"a": 1}
    standin.tree.subjects.relabel(standin.tree.subjects.labelled(PROJECT, "RENAMED"), "OTHER")
    assert Fields(url, "OTHER").get().json() == {"a": 1}
    assert Fields(url, "RENAMED").get().status_code == 404


def test_a_subject_that_is_deleted_and_made_again_has_none(url: str) -> None:
    place = f"{url}/data/projects/{PROJECT}/subjects/GONE"
    for method in ("PUT", "DELETE", "PUT"):
        if method == "DELETE":
            Fields(url, "GONE").put({"a": 1})
        assert requests.request(method, place, auth=(LOGIN, PASSWORD), timeout=30).ok
    assert Fields(url, "GONE").get().json() == {}


@pytest.mark.parametrize("content", [b"[1]", b'"a"', b"{", b"", b"null"])
def test_what_is_no_json_object_is_a_bad_request(url: str, subject: str, content: bytes) -> None:
    told = {"Content-Type": "application/json"}
    assert Fields(url, subject).put(data=content, headers=told).status_code == 400


def test_what_is_no_json_is_not_taken(url: str, subject: str) -> None:
    answer = Fields(url, subject).put(data=b"a=1", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("group", "statuses"), [("Members", (200, 200)), ("Collaborators", (200, 403)), ("", (404, 404))]
)
def test_who_may_read_and_who_may_change(
    standin: StandIn, url: str, subject: str, group: str, statuses: tuple[int, int]
) -> None:
    login = group.lower() or "stranger"
    standin.users.add(login, WORD)
    if group:
        place = f"{url}/data/projects/{PROJECT}/users/{group}/{login}"
        assert requests.put(place, auth=(LOGIN, PASSWORD), timeout=30).ok
    fields = Fields(url, subject, login, WORD)
    assert (fields.get().status_code, fields.put({"a": 2}).status_code) == statuses


def test_an_unknown_subject_and_an_unknown_project_are_not_found(url: str) -> None:
    assert Fields(url, "NOBODY").get().status_code == Fields(url, "NOBODY").put({}).status_code == 404
    place = f"{url}/xapi/custom-fields/projects/NONE/fields"
    assert requests.get(place, auth=(LOGIN, PASSWORD), timeout=30).status_code == 404
    assert requests.get(place.replace("NONE", PROJECT), auth=(LOGIN, PASSWORD), timeout=30).json() == {}


class SessionRequests(Fields):
    """Requests to the fields of one session."""

    def __init__(self, url: str, session: str, login: str = LOGIN, password: str = PASSWORD) -> None:
        super().__init__(url, session, login, password)
        self.path = self.path.replace("/subjects/", "/experiments/")


def test_a_session_is_named_by_label_or_id_in_its_project_and_keeps_fields_of_its_own(
    standin: StandIn, url: str
) -> None:
    first = standin.tree.sessions(PROJECT)[0]
    assert SessionRequests(url, first.label).get().json() == {}
    assert SessionRequests(url, first.label).put({"a": 1, "b": "x"}).json() == {"a": 1, "b": "x"}
    assert SessionRequests(url, first.id).put({"b": None}).json() == {"a": 1, "b": None}
    assert "b" not in Fields(url, first.subject).get().json()
    place = SessionRequests(url, first.label).path.replace(f"/{PROJECT}/", "/NONE/")
    assert requests.get(place, auth=(LOGIN, PASSWORD), timeout=30).status_code == 404


def test_what_is_no_json_object_or_no_session_is_refused(standin: StandIn, url: str) -> None:
    label = standin.tree.sessions(PROJECT)[0].label
    told = {"Content-Type": "application/json"}
    assert SessionRequests(url, label).put(data=b"[1]", headers=told).status_code == 400
    assert (
        SessionRequests(url, label).put(data=b"a=1", headers={"Content-Type": "text/plain"}).status_code
        == 415
    )
    assert SessionRequests(url, "NOBODY").put({}).status_code == 404
    assert SessionRequests(url, "NOBODY").get().status_code == 404


@pytest.mark.parametrize(("group", "status"), [("Members", 200), ("Collaborators", 403), ("", 404)])
def test_who_may_change_a_session(standin: StandIn, url: str, group: str, status: int) -> None:
    login = f"session-{group.lower() or 'stranger'}"
    standin.users.add(login, WORD)
    if group:
        place = f"{url}/data/projects/{PROJECT}/users/{group}/{login}"
        assert requests.put(place, auth=(LOGIN, PASSWORD), timeout=30).ok
    label = standin.tree.sessions(PROJECT)[0].label
    assert SessionRequests(url, label, login, WORD).put({"a": 2}).status_code == status


def test_a_session_that_is_deleted_takes_its_fields_along(url: str) -> None:
    subject = f"{url}/data/projects/{PROJECT}/subjects/SHORT"
    place, told = f"{subject}/experiments/SHORT_MR", {"xsiType": "xnat:mrSessionData"}
    assert requests.put(subject, auth=(LOGIN, PASSWORD), timeout=30).ok
    for method in ("PUT", "DELETE", "PUT"):
        if method == "DELETE":
            assert SessionRequests(url, "SHORT_MR").put({"a": 1}).json() == {"a": 1}
        assert requests.request(method, place, params=told, auth=(LOGIN, PASSWORD), timeout=30).ok
    assert SessionRequests(url, "SHORT_MR").get().json() == {}
