"""The Container Service's answers, read: its quirks end in the client."""

import json
from typing import Any

import pytest

from sarcoma_core.xnat.rest.connection import Connection, ServerError
from sarcoma_core.xnat.rest.service import ContainerService, LiveWrapper, Workflow
from tests.xnat.double import Double, Reply, of_json

COMMAND: dict[str, Any] = {
    "id": 4,
    "name": "sarcoma-convert",
    "version": None,
    "image": "sarcoma/convert:1",
    "xnat": [{"id": 40, "name": "w"}],
}


@pytest.fixture
def service(connection: Connection) -> ContainerService:
    return ContainerService(connection)


def body_of(server: Double, path: str, method: str = "POST") -> Any:
    return json.loads(server.asked(method, path)[-1].body)


def test_commands_are_listed_in_order_with_their_wrappers(server: Double, service: ContainerService) -> None:
    server.answer("GET", "/xapi/commands", of_json([{**COMMAND, "id": 9, "xnat": None}, COMMAND]))
    first, second = service.commands("sarcoma-convert")
    assert (first.id, first.version, first.wrappers) == (4, "", (LiveWrapper(40, "w"),))
    assert (second.id, second.wrappers) == (9, ())
    assert server.asked("GET", "/xapi/commands")[0].query == {"name": ["sarcoma-convert"]}


def test_a_new_command_answers_a_bare_number(server: Double, service: ContainerService) -> None:
    server.answer("POST", "/xapi/commands", Reply(201, b"12"))
    assert service.add({"name": "n", "image": "i:1"}) == 12
    assert body_of(server, "/xapi/commands") == {"name": "n", "image": "i:1"}


def test_a_refused_command_tells_the_services_reasons(server: Double, service: ContainerService) -> None:
    server.answer(
        "POST", "/xapi/commands", Reply(400, b"Invalid command:\n\tname\n\tCommand image is blank.")
    )
    with pytest.raises(ServerError, match=r"Command image is blank\.") as caught:
        service.add({})
    assert caught.value.status == 400


def test_a_bad_request_that_is_not_the_services_own_is_not_repeated(
    server: Double, service: ContainerService
) -> None:
    server.answer("POST", "/xapi/commands", Reply(400, b"<html>hunter2</html>"))
    with pytest.raises(ServerError) as caught:
        service.add({})
    assert "hunter2" not in str(caught.value)


def test_a_replacement_names_its_id_and_the_updates_own_key(
    server: Double, service: ContainerService
) -> None:
    service.replace(4, {"name": "n", "ipcMode": "host"})
    assert body_of(server, "/xapi/commands/4") == {"name": "n", "ipc-mode": "host", "id": 4}


def test_the_site_and_a_project_answer_in_different_shapes(server: Double, service: ContainerService) -> None:
    server.answer("GET", "/xapi/wrappers/40/enabled", of_json(True))  # noqa: FBT003  a bare boolean it is
    assert service.enabled(40) is True
    for site, project, expected in ((True, True, True), (False, True, False), (True, False, False)):
        report = {"enabled-for-site": site, "enabled-for-project": project, "project": "P"}
        server.answer("GET", "/xapi/projects/P/wrappers/40/enabled", of_json(report))
        assert service.enabled(40, "P") is expected
        assert service.enabled_for_site(40, "P") is site


def test_settings_do_not_switch_a_wrapper_on_unless_asked(server: Double, service: ContainerService) -> None:
    service.set_configuration(40, {"inputs": {}}, "P")
    sent = server.asked("POST", "/xapi/projects/P/wrappers/40/config")[0]
    assert sent.query == {"enable": ["false"]}


def test_a_switch_is_a_put_on_the_word(server: Double, service: ContainerService) -> None:
    service.set_enabled(40, on=True)
    service.set_enabled(40, on=False, project="P Q")
    assert server.asked("PUT", "/xapi/wrappers/40/enabled")
    assert server.asked("PUT", "/xapi/projects/P%20Q/wrappers/40/disabled")


LAUNCH = "/xapi/projects/P/wrappers/40/root/session/launch"


def test_a_launch_may_have_no_workflow_yet(server: Double, service: ContainerService) -> None:
    server.answer("POST", LAUNCH, of_json({"status": "success", "workflow-id": "To be assigned"}))
    values = {"session": "/archive/experiments/E1", "shrink": "4"}
    assert service.launch("P", 40, "session", values).workflow_id == "To be assigned"
    assert body_of(server, LAUNCH) == values


def test_a_refused_launch_tells_the_services_message(server: Double, service: ContainerService) -> None:
    server.answer("POST", LAUNCH, of_json({"status": "failure", "message": "no project"}, 500))
    with pytest.raises(ServerError, match="no project") as caught:
        service.launch("P", 40, "session", {})
    assert caught.value.status == 500


def test_an_error_page_of_the_web_server_is_no_message(server: Double, service: ContainerService) -> None:
    server.answer("POST", LAUNCH, Reply(500, b"<html>hunter2</html>"))
    with pytest.raises(ServerError) as caught:
        service.launch("P", 40, "session", {})
    assert "hunter2" not in str(caught.value)


def test_a_bulk_launch_sends_its_list_as_a_text(server: Double, service: ContainerService) -> None:
    path = LAUNCH.replace("launch", "bulklaunch")
    report = {"bulk-launch-id": "bulk-1", "successes": [{}, {}], "failures": [{"message": "queue is full"}]}
    server.answer("POST", path, of_json(report))
    found = service.bulk_launch("P", 40, "session", ["/archive/experiments/E1", "/a/E2"], {"shrink": "4"})
    assert (found.id, found.accepted, found.failures) == ("bulk-1", 2, ("queue is full",))
    sent = body_of(server, path)
    assert sent == {"session": '["/archive/experiments/E1", "/a/E2"]', "shrink": "4"}


def test_workflows_of_a_bulk_launch_are_read_page_by_page(server: Double, service: ContainerService) -> None:
    rows = [
        {"wfid": number, "status": "Running", "id": "E", "comments": "", "jobId": "bulk-1"}
        for number in range(700)
    ]
    server.answer("POST", "/xapi/workflows", of_json(rows[:500]), of_json(rows[500:]))
    assert [workflow.id for workflow in service.workflows("bulk-1")] == list(range(700))
    first, second = (json.loads(seen.body) for seen in server.asked("POST", "/xapi/workflows"))
    assert (first["page"], second["page"]) == (1, 2)
    assert first["filters"] == {"jobId": {"backend": "sql_string", "like": "bulk-1"}}


def test_a_bulk_launch_of_a_login_that_a_filter_refuses_is_found_without_those_of_others(
    server: Double, service: ContainerService
) -> None:
    ours, theirs = "bulk-a@b.org17", "bulk-c@b.org17"
    rows = [{"wfid": n, "status": "Running", "id": "E", "jobId": id_} for n, id_ in enumerate((ours, theirs))]
    server.answer("POST", "/xapi/workflows", of_json(rows))
    assert [workflow.id for workflow in service.workflows(ours)] == [0]
    (seen,) = server.asked("POST", "/xapi/workflows")
    assert json.loads(seen.body)["filters"] == {"jobId": {"backend": "sql_string", "like": "b.org17"}}


@pytest.mark.parametrize(
    ("tree", "container", "reason"),
    [
        ({"comments": "0a1b2c", "details": ""}, "0a1b2c", ""),
        ({"comments": "0a1b2c", "details": "exit code 1"}, "0a1b2c", "exit code 1"),
        ({"comments": "The following fields cannot be resolved: X"}, "", None),
        ({"comments": None, "details": None}, "", ""),
    ],
)
def test_a_workflow_tells_its_container_or_why_there_is_none(
    tree: dict[str, Any], container: str, reason: str | None
) -> None:
    found = Workflow.of({"wfid": 1, "status": "Failed (Staging)", "id": "E", **tree})
    assert (found.container, found.reason) == (container, reason if reason is not None else tree["comments"])


@pytest.mark.parametrize(
    ("status", "terminal", "succeeded"),
    [
        ("_Queued", False, False),
        ("Finalizing", False, False),
        ("Complete", True, True),
        ("Failed (Upload)", True, False),
        ("Killed", True, False),
    ],
)
def test_a_workflow_ends_with_the_services_words(status: str, *, terminal: bool, succeeded: bool) -> None:
    found = Workflow.of({"wfid": 1, "status": status, "id": "E"})
    assert (found.terminal, found.succeeded) == (terminal, succeeded)


def test_containers_of_a_project_may_be_scrubbed(server: Double, service: ContainerService) -> None:
    server.answer(
        "GET",
        "/xapi/projects/P/containers",
        of_json([{"id": 3, "container-id": "0a", "status": "Complete", "wrapper-id": 40, "project": None}]),
    )
    (found,) = service.containers("P")
    assert (found.id, found.container_id, found.wrapper_id, found.project) == (3, "0a", 40, "")


def test_logs_are_plain_text(server: Double, service: ContainerService) -> None:
    server.answer("GET", "/xapi/containers/3/logs/stderr", Reply(200, "error: grün\n".encode()))
    assert service.logs(3, "stderr") == "error: grün\n"


def test_deleting_and_killing_ask_the_paths_of_the_contract(
    server: Double, service: ContainerService
) -> None:
    server.answer("DELETE", "/xapi/commands/4", Reply(204))
    service.delete(4)
    service.kill(3)
    service.kill("0a", "P")
    assert server.asked("POST", "/xapi/containers/3/kill")
    assert server.asked("POST", "/xapi/projects/P/containers/0a/kill")
