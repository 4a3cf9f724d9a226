"""The Container Service over REST as our own client relies on it; no container is started.

The words are those of Container Service 3.7.3, read in its source. Needs ContainerManager on a real server.
"""

import time
import uuid
from collections.abc import Iterator

import pytest
import requests

from sarcoma_core.xnat.rest.connection import Connection, Login, ServerError
from sarcoma_core.xnat.rest.service import ContainerService
from tests.contracts.xnat.conftest import Server

PATIENCE = 120


def command(**changes: object) -> dict[str, object]:
    """A command with one wrapper for sessions; its image need not exist, as nothing is run."""
    return {
        "name": f"sarcoma-contract-{uuid.uuid4().hex[:8]}",
        "image": "example/contract:1.0",
        "version": "1.0",
        "command-line": "true #speed#",
        "inputs": [
            {"name": "speed", "type": "select-one", "select-values": ["1", "2"], "default-value": "1"}
        ],
        "xnat": [
            {
                "name": "contract-session",
                "contexts": ["xnat:imageSessionData"],
                "external-inputs": [{"name": "session", "type": "Session"}],
            }
        ],
        **changes,
    }


@pytest.fixture
def service(server: Server) -> Iterator[ContainerService]:
    with Connection(Login(*server)) as connection:
        yield ContainerService(connection)


@pytest.fixture
def added(service: ContainerService) -> Iterator[int]:
    number = service.add(command())
    yield number
    service.delete(number)


def test_anybody_may_ask_for_the_version(server: Server) -> None:
    answer = requests.get(f"{server.url}/xapi/siteConfig/buildInfo", timeout=30)
    assert answer.status_code == 200
    assert answer.json()["version"].split(".")[0] == "1"


def test_a_command_comes_back_as_it_was_sent_with_numbers_for_it_and_its_wrapper(
    service: ContainerService, added: int
) -> None:
    live = service.command(added)
    assert live.id == added
    assert (live.image, live.version) == ("example/contract:1.0", "1.0")
    (wrapper,) = live.wrappers
    assert wrapper.name == "contract-session"
    assert wrapper.id > 0
    (speed,) = live.tree["inputs"]
    assert (speed["type"], speed["select-values"], speed["default-value"]) == ("select-one", ["1", "2"], "1")
    assert any(found.id == added for found in service.commands(live.name))


def test_an_invalid_command_is_refused_with_every_message_at_once(server: Server) -> None:
    broken = command(mounts=[{"name": "", "path": ""}])
    answer = requests.post(f"{server.url}/xapi/commands", json=broken, auth=server[1:], timeout=30)
    assert answer.status_code == 400
    head, *messages = answer.text.split("\n\t")
    assert head == "Invalid command:"
    assert len(messages) == 2


def test_the_same_name_image_and_version_are_there_once_only(
    server: Server, service: ContainerService
) -> None:
    once = command()
    number = service.add(once)
    try:
        answer = requests.post(f"{server.url}/xapi/commands", json=once, auth=server[1:], timeout=30)
        assert answer.status_code == 400
        assert "duplicates" in answer.text
    finally:
        service.delete(number)


def test_a_new_wrapper_is_off_for_the_site_and_for_projects_until_both_are_on(
    service: ContainerService, added: int, project: str
) -> None:
    wrapper = service.command(added).wrappers[0].id
    assert not service.enabled(wrapper)
    assert not service.enabled(wrapper, project)
    service.set_enabled(wrapper, True)
    service.set_enabled(wrapper, True, project)
    assert service.enabled(wrapper)
    assert service.enabled(wrapper, project)
    service.set_enabled(wrapper, False, project)
    assert service.enabled(wrapper)
    assert not service.enabled(wrapper, project)


def test_a_replaced_command_keeps_the_number_of_its_wrapper(service: ContainerService, added: int) -> None:
    before = service.command(added)
    service.replace(added, {**before.tree, "description": "another"})
    after = service.command(added)
    assert after.tree["description"] == "another"
    assert after.wrappers == before.wrappers


def test_a_deleted_command_is_gone(service: ContainerService) -> None:
    number = service.add(command())
    service.delete(number)
    with pytest.raises(ServerError) as error:
        service.command(number)
    assert error.value.status == 404


def test_a_bulk_launch_that_cannot_resolve_is_accepted_at_first_and_fails_later(
    server: Server, service: ContainerService, project: str
) -> None:
    place = f"{server.url}/data/projects/{project}/subjects/S1"
    requests.put(place, auth=server[1:], timeout=30).raise_for_status()
    kind = {"xsiType": "xnat:mrSessionData"}
    made = requests.put(f"{place}/experiments/S1_MR", params=kind, auth=server[1:], timeout=30)
    made.raise_for_status()
    asking = command()
    asking["xnat"][0]["derived-inputs"] = [  # type: ignore[index]
        {"name": "scan", "type": "Scan", "derived-from-wrapper-input": "session", "matcher": "@.id == 'none'"}
    ]
    number = service.add(asking)
    try:
        wrapper = service.command(number).wrappers[0].id
        uri = f"/archive/experiments/{made.text.strip()}"
        launched = service.bulk_launch(project, wrapper, "session", [uri], {})
        assert launched.accepted == 1
        until = time.monotonic() + PATIENCE
        found = service.workflows(launched.id)
        while time.monotonic() < until and not (found and all(w.terminal for w in found)):
            time.sleep(0.2)
            found = service.workflows(launched.id)
        assert [workflow.status.split(" ")[0] for workflow in found] == ["Failed"]
    finally:
        service.delete(number)
