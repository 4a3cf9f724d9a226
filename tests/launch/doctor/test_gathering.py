"""Gathering facts: whatever a server answers, each fact is had or unknown, and nothing is raised."""

from typing import cast

import pytest

from sarcoma_core.launch.doctor import check, examine, has_faults
from sarcoma_core.launch.doctor.facts import CheckScope, Unknown
from sarcoma_core.launch.doctor.gathering import asked, gather
from sarcoma_core.xnat.rest.connection import Answer, Connection, ServerError
from sarcoma_core.xnat.rest.service import ContainerService


class Answers:
    """A connection to a server that answers every request alike."""

    server, user, version = "https://xnat.example.org", "manager", "1.9.3"

    def __init__(self, body: str, status: int = 200) -> None:
        self._body = body
        self._status = status

    def get(self, path: str, query: object = None, *, accept: tuple[int, ...] = ()) -> Answer:
        del path, query
        if self._status >= 400 and self._status not in accept:
            raise ServerError("GET: the server answered.", status=self._status, hint="Ask it again.")
        return Answer(self._status, self._body, self._body.encode())

    post = put = delete = get

    def service(self) -> ContainerService:
        return ContainerService(cast("Connection", self))


@pytest.mark.parametrize(
    "body", ["", "<html></html>", "null", "42", "[]", "{}", "[1]", '"x"', '[{"id": null}]']
)
def test_a_server_that_answers_nonsense_is_no_traceback(body: str) -> None:
    findings = examine(Answers(body).service(), CheckScope(project="P"))
    assert any(finding.verdict == "unknown" for finding in findings)


@pytest.mark.parametrize("status", [0, 401, 403, 500, 503])
def test_what_a_user_may_not_ask_is_unknown_and_no_fault(status: int) -> None:
    # A failing ping of the backend is a fault, but without the backend itself it is not looked at.
    facts = gather(
        Answers("", status or 599).service(), CheckScope(project="P"), image_id=lambda _: "", probe=None
    )
    assert isinstance(facts.site, Unknown)
    assert isinstance(facts.backend, Unknown)
    assert not has_faults(check(facts))


def test_a_backend_that_was_never_set_up_is_a_fact() -> None:
    facts = gather(
        Answers("Set up Docker server first.", 424).service(), CheckScope(), image_id=lambda _: "", probe=None
    )
    assert facts.backend is None


def test_an_unknown_fact_has_the_reason_and_what_to_do() -> None:
    def refuse() -> int:
        raise ServerError("it was refused.", hint="Ask an administrator.")

    assert asked(refuse) == Unknown("it was refused.", "Ask an administrator.")
    assert asked(lambda: 1) == 1
