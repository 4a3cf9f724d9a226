"""Custom fields of a subject, as a client without any library of ours asks for them."""

from typing import Any

import pytest
import requests

from tests.contracts.xnat.conftest import Server


@pytest.fixture
def fields(server: Server, project: str) -> Any:
    """Asks for the fields of a new subject, or of another one."""
    login = (server.user, server.password)
    subject = f"{server.url}/data/projects/{project}/subjects/S1"
    requests.put(subject, auth=login, timeout=30).raise_for_status()

    def ask(method: str, body: object = None, subject: str = "S1") -> requests.Response:
        path = f"{server.url}/xapi/custom-fields/projects/{project}/subjects/{subject}/fields"
        return requests.request(method, path, json=body, auth=login, timeout=30)

    return ask


def test_fields_are_an_object_and_a_put_writes_over_what_it_names_alone(fields: Any) -> None:
    assert fields("GET").json() == {}
    assert fields("PUT", {"size_cm": 7.5, "centre": "A", "form": {"x": 1}}).status_code == 200
    assert fields("PUT", {"centre": "B", "form": {"y": 2}}).json() == {
        "size_cm": 7.5,
        "centre": "B",
        "form": {"y": 2},
    }
    assert fields("GET").json()["size_cm"] == 7.5


def test_the_fields_of_an_unknown_subject_are_not_found(fields: Any) -> None:
    assert fields("GET", subject="NOBODY").status_code == 404
    assert fields("PUT", {"a": 1}, subject="NOBODY").status_code == 404
