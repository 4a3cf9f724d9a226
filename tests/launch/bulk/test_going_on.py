"""Where the server goes on by itself: what is refused, what is only told, and what is no finding."""

from collections.abc import Iterator
from typing import Any

import pytest

from sarcoma_core.errors import UsageError
from sarcoma_core.launch.bulk.going_on import check_going_on
from sarcoma_core.launch.bulk.preflight import LiveStep, stages
from sarcoma_core.xnat.rest.connection import Connection, Login
from sarcoma_core.xnat.rest.event_service import EventService
from tests.launch.fake_xnat import FakeXnat
from tests.xnat.double import PASSWORD, Double, Reply, of_json, running

PATH = "/xapi/orchestration/project/P"


@pytest.fixture
def double() -> Iterator[Double]:
    with running() as server:
        yield server


@pytest.fixture
def connection(double: Double) -> Iterator[Connection]:
    with Connection(Login(double.url, "mary", PASSWORD)) as connected:
        yield connected


def plan(*steps: str) -> tuple[LiveStep, ...]:
    return stages(FakeXnat({}), "P", steps, {})  # type: ignore[arg-type]


def chosen(*steps: str, name: str = "sarcoma some", **changes: Any) -> Reply:
    """A project's choice: an orchestration of these steps."""
    wrapper_ids = [stage.wrapper_id for stage in plan(*steps)]
    found = {"id": 3, "name": name, "wrapperIds": wrapper_ids, "enabled": True, **changes}
    return of_json({"availableOrchestrations": [found], "selectedOrchestrationId": 3})


def test_a_chain_that_would_start_the_orchestration_is_refused(
    double: Double, connection: Connection
) -> None:
    double.answer("GET", PATH, chosen("convert", "bias-field"))
    with pytest.raises(
        UsageError, match="each launch of convert starts orchestration 'sarcoma some'"
    ) as told:
        check_going_on(connection, "P", plan("convert", "bias-field"))
    assert told.value.hint.startswith("sarcoma xnat bulk convert --project P and the orchestration does")
    assert "sarcoma xnat automate --remove" in told.value.hint


def test_a_chain_that_starts_it_later_is_to_be_launched_up_to_there(
    double: Double, connection: Connection
) -> None:
    double.answer("GET", PATH, chosen("bias-field", "report", name="theirs"))
    with pytest.raises(UsageError, match="each launch of bias-field") as told:
        check_going_on(connection, "P", plan("convert", "bias-field", "normalise"))
    first, _, second = told.value.hint.partition(" && ")
    assert first == "sarcoma xnat bulk convert --project P"
    assert second.startswith("sarcoma xnat bulk bias-field --project P and")
    assert "automate --remove" not in told.value.hint  # it takes away only what it made
    assert "Command Orchestration" in told.value.hint


def test_one_step_goes_on_and_it_is_told_that_the_server_does_too(
    double: Double, connection: Connection
) -> None:
    double.answer("GET", PATH, chosen("convert", "bias-field"))
    said = check_going_on(connection, "P", plan("convert"))
    assert "convert" in said
    assert "'sarcoma some'" in said


@pytest.mark.parametrize("steps", [("bias-field", "report"), ("report",), ("bias-field",)])
def test_steps_in_the_middle_of_it_start_nothing(
    double: Double, connection: Connection, steps: tuple[str, ...]
) -> None:
    double.answer("GET", PATH, chosen("convert", "bias-field", "report"))
    assert check_going_on(connection, "P", plan(*steps)) == ""


@pytest.mark.parametrize(
    "reply",
    [
        Reply(404, b""),
        Reply(403, b""),
        of_json({"availableOrchestrations": [], "selectedOrchestrationId": None}),
        chosen("convert", "bias-field", enabled=False),
        chosen("convert", "bias-field", id=4),
    ],
    ids=["no endpoint", "may not ask", "none", "disabled", "another one chosen"],
)
def test_what_starts_nothing_is_no_finding(double: Double, connection: Connection, reply: Reply) -> None:
    double.answer("GET", PATH, reply)
    assert check_going_on(connection, "P", plan("convert", "bias-field")) == ""


def test_an_orchestration_of_no_wrapper_starts_with_none(double: Double, connection: Connection) -> None:
    double.answer("GET", PATH, chosen("convert", "report", wrapperIds=[]))
    found = EventService(connection).chosen("P")
    assert found is not None
    assert not found.starts_with(plan("convert")[0].wrapper_id)
