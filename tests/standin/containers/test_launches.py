"""Launches over REST: optimistic answers, the service's states, and what a launch leaves in the archive.

Source: Container Service 3.7.3, its REST interface.
"""

import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from sarcoma_core.archive.store import Session
from sarcoma_core.standin.objects.access import set_member
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from sarcoma_core.steps import step_named
from sarcoma_core.xnat.command.declaring import command_for
from sarcoma_core.xnat.rest.connection import Answer, Connection, Login
from tests.standin.conftest import LOGIN, PASSWORD, PROJECT
from tests.standin.tools import Json, Scripted, tool

EVERY_ERROR = (400, 403, 404, 424, 500)


@pytest.fixture(scope="module")
def runner() -> Scripted:
    return Scripted()


@pytest.fixture(scope="module")
def server(imported: Path, tmp_path_factory: pytest.TempPathFactory, runner: Scripted) -> Iterator[StandIn]:
    folder = shutil.copytree(imported, tmp_path_factory.mktemp("launches") / "archive")
    standin = StandIn(StandInSettings(folder, login=LOGIN, password=PASSWORD, workers=4), runner)
    with serving(standin):
        yield standin


@pytest.fixture(scope="module")
def client(server: StandIn) -> Iterator[Connection]:
    with Connection(Login(server.url, LOGIN, PASSWORD)) as connected:
        yield connected


@pytest.fixture(scope="module")
def wrapper(client: Connection) -> int:
    return add(client, tool())


@pytest.fixture
def session(server: StandIn) -> Session:
    return server.archive.sessions(PROJECT)[0]


def add(client: Connection, command: Json) -> int:
    """The number of the first wrapper of a command that is added."""
    number = client.post("/xapi/commands", json=command).json()
    return int(client.get(f"/xapi/commands/{number}").json()["xnat"][0]["id"])


def launch(client: Connection, wrapper: int, session: str, **values: str) -> str:
    """Launch, and give the workflow's number."""
    body = {"session": session, **values}
    answer = client.post(f"/xapi/projects/{PROJECT}/wrappers/{wrapper}/root/session/launch", json=body)
    assert answer.json()["status"] == "success"
    return str(answer.json()["workflow-id"])


def end_of(server: StandIn, workflow: str) -> tuple[str, str]:
    """The status and the reason with which a workflow ends."""
    ended = server.launches.wait(workflow, 30)
    return ended.status, ended.reason


def container_of(client: Connection, workflow: str) -> Json:
    found: Json = client.get(
        f"/xapi/containers/{client.get(f'/xapi/workflows/{workflow}').json()['comments']}"
    ).json()
    return found


def test_a_launch_goes_through_the_services_states_and_ends_with_its_output_in_the_archive(
    server: StandIn, client: Connection, wrapper: int, session: Session
) -> None:
    workflow = launch(client, wrapper, f"/archive/experiments/{session.id}")
    assert end_of(server, workflow) == ("Complete", "")
    told = client.get(f"/xapi/workflows/{workflow}").json()
    assert [told[key] for key in ("id", "label", "externalId", "pipelineName", "dataType", "createUser")] == [
        session.id,
        session.label,
        PROJECT,
        "tool-session",
        "xnat:mrSessionData",
        LOGIN,
    ]
    history = [event["status"] for event in container_of(client, workflow)["history"]]
    assert history == ["Created", "Running", "die", "Finalizing", "Complete"]
    assert (session.resource("RESULT") / f"{workflow}.txt").read_text() == "made"


def test_outputs_are_merged_and_stale_files_stay(
    server: StandIn, client: Connection, wrapper: int, session: Session
) -> None:
    both = [launch(client, wrapper, session.id) for _ in range(2)]
    assert [end_of(server, workflow)[0] for workflow in both] == ["Complete", "Complete"]
    held = {path.name for path in session.resource("RESULT").glob("*.txt")}
    assert {f"{workflow}.txt" for workflow in both} <= held


@pytest.mark.parametrize(
    "path",
    [
        "/xapi/projects/{p}/wrappers/{w}/root/session/launch",
        "/xapi/projects/{p}/commands/{c}/wrappers/tool-session/root/session/launch",
        "/xapi/wrappers/{w}/root/session/launch",
        "/xapi/commands/{c}/wrappers/tool-session/root/session/launch",
        "/xapi/projects/{p}/wrappers/{w}/launch",
        "/xapi/wrappers/{w}/launch",
        "/xapi/commands/{c}/wrappers/tool-session/launch",
    ],
)
def test_every_form_of_the_path_launches(
    server: StandIn, client: Connection, wrapper: int, session: Session, path: str
) -> None:
    found = server.launches.commands.wrapper(wrapper)
    assert found
    place = path.format(p=PROJECT, w=wrapper, c=found.command["id"])
    known = {w.id for w in server.launches.records.newest()}
    answer = client.post(place, json={"session": f"/archive/experiments/{session.id}"}).json()
    assert answer["status"] == "success"
    (new,) = [w.id for w in server.launches.records.newest() if w.id not in known]
    assert answer["workflow-id"] == (new if "/root/" in path else "To be assigned")
    assert end_of(server, new)[0] == "Complete"


@pytest.mark.parametrize("form", ["{id}", "{label}", "/archive/projects/{p}/experiments/{label}"])
def test_a_session_is_given_by_uri_id_or_label(
    server: StandIn, client: Connection, wrapper: int, session: Session, form: str
) -> None:
    value = form.format(id=session.id, label=session.label, p=PROJECT)
    assert end_of(server, launch(client, wrapper, value))[0] == "Complete"


def test_a_wrapper_that_is_not_there_succeeds_and_nothing_runs(
    server: StandIn, client: Connection, session: Session
) -> None:
    before = len(tuple(server.launches.records.newest()))
    assert launch(client, 99999, session.id) == "To be assigned"
    assert len(tuple(server.launches.records.newest())) == before


def test_a_project_that_is_not_there_is_a_server_error_in_the_services_words(
    client: Connection, wrapper: int, session: Session
) -> None:
    path = f"/xapi/projects/NOWHERE/wrappers/{wrapper}/root/session/launch"
    answer = client.post(path, json={"session": session.id}, accept=EVERY_ERROR)
    assert (answer.status, answer.text) == (500, "There was an error in the request : null")


def test_a_launch_does_not_ask_whether_the_wrapper_is_enabled(
    server: StandIn, client: Connection, wrapper: int, session: Session
) -> None:
    assert client.get(f"/xapi/wrappers/{wrapper}/enabled").json() is False
    assert end_of(server, launch(client, wrapper, session.id))[0] == "Complete"


class Failing(NamedTuple):
    """A launch that fails: its values, the status it ends with, and a part of the reason."""

    values: dict[str, str]
    status: str
    reason: str


@pytest.mark.parametrize(
    "case",
    [
        Failing({"session": "NOBODY"}, "Failed (Command resolution)", "Experiment NOBODY does not exist."),
        Failing({"do": "a;b"}, "Failed (Command resolution)", "illegal"),
        Failing({"do": "fail"}, "Failed", "the volume is empty (exit 3)"),
        Failing({"do": "nothing"}, "Failed (Upload)", "Failed to upload required outputs."),
        Failing({"do": "link"}, "Failed (Upload)", "symbolic links are not uploaded"),
        Failing({"do": "break"}, "Failed", "The stand-in itself failed: ValueError."),
    ],
    ids=lambda case: case.reason,
)
def test_a_launch_that_fails_says_where_and_why(
    server: StandIn, client: Connection, wrapper: int, session: Session, case: Failing
) -> None:
    workflow = launch(client, wrapper, **{"session": session.id, **case.values})
    ended, why = end_of(server, workflow)
    assert ended == case.status
    assert case.reason.lower() in why.lower()
    told = client.get(f"/xapi/workflows/{workflow}").json()
    assert (told["status"], told["details"]) == (ended, why)
    assert not (session.resource("RESULT") / f"{workflow}.txt").exists()


def test_an_output_that_is_not_required_may_be_missing(
    server: StandIn, client: Connection, session: Session
) -> None:
    output = {"name": "result", "mount": "out", "path": "made", "required": False}
    wrapper = add(client, tool(name="optional", outputs=[output]))
    assert end_of(server, launch(client, wrapper, session.id, do="nothing"))[0] == "Complete"


def test_an_output_path_that_is_a_file_uploads_that_file(
    server: StandIn, client: Connection, wrapper: int, session: Session
) -> None:
    assert end_of(server, launch(client, wrapper, session.id, do="single"))[0] == "Complete"
    assert (session.resource("RESULT") / "made").read_text() == "one file"


def test_an_output_path_never_leads_out_of_its_mount(
    server: StandIn, client: Connection, session: Session
) -> None:
    output = {"name": "result", "mount": "out", "path": "#do#", "required": True}
    command = tool(name="escaping", outputs=[output])
    wrapper = add(client, command)
    ended = end_of(server, launch(client, wrapper, session.id, do="../../../STS"))
    assert ended[0] == "Failed (Upload)"
    assert "leads out of it" in ended[1]


def test_a_mount_is_the_sessions_own_folder_and_a_writable_one_a_copy_of_it(
    server: StandIn, client: Connection, runner: Scripted, session: Session
) -> None:
    mounts = [
        {"name": "in", "path": "/input", "writable": True},
        {"name": "out", "path": "/output", "writable": True},
    ]
    copying = add(client, tool(name="copying", mounts=mounts))
    reading = add(client, tool(name="reading"))
    assert runner.given(launch(client, reading, session.id)).folders["in"] == session.path
    runner.release.clear()
    workflow = launch(client, copying, session.id, do="hold")
    copy = runner.given(workflow).folders["in"]
    try:
        assert copy != session.path
        scans = {path.relative_to(copy) for path in (copy / "SCANS").rglob("*")}
        assert scans == {path.relative_to(session.path) for path in (session.path / "SCANS").rglob("*")}
    finally:
        runner.release.set()
    end_of(server, workflow)
    assert not copy.exists()


def test_a_container_gets_an_alias_token_that_ends_with_it(
    server: StandIn, client: Connection, wrapper: int, runner: Scripted, session: Session
) -> None:
    runner.release.clear()
    workflow = launch(client, wrapper, session.id, do="hold")
    given = runner.given(workflow).command.environment
    try:
        assert given["XNAT_HOST"] == server.url
        assert (given["XNAT_WORKFLOW_ID"], bool(given["XNAT_EVENT_ID"])) == (workflow, True)
        who = server.users.check(given["XNAT_USER"], given["XNAT_PASS"])
        assert who
        assert (who.login, who.via_token) == (LOGIN, True)
    finally:
        runner.release.set()
    end_of(server, workflow)
    assert server.users.check(given["XNAT_USER"], given["XNAT_PASS"]) is None


def test_the_password_of_the_token_is_nowhere_but_in_the_container(
    server: StandIn, client: Connection, wrapper: int, runner: Scripted, session: Session
) -> None:
    workflow = launch(client, wrapper, session.id)
    end_of(server, workflow)
    secret = runner.given(workflow).command.environment["XNAT_PASS"]
    assert container_of(client, workflow)["env"]["XNAT_PASS"] == "******"  # noqa: S105  it is the mask
    database = server.settings.archive / ".standin.sqlite"
    kept = b"".join(path.read_bytes() for path in database.parent.glob(f"{database.name}*"))
    assert secret.encode() not in kept


def test_settings_of_the_project_change_the_defaults_of_a_launch(
    server: StandIn, client: Connection, session: Session
) -> None:
    wrapper = add(client, tool(name="configured"))
    settings = {"inputs": {"do": {"default-value": "fail"}}}
    client.post(f"/xapi/projects/{PROJECT}/wrappers/{wrapper}/config", json=settings)
    assert end_of(server, launch(client, wrapper, session.id))[0] == "Failed"
    assert end_of(server, launch(client, wrapper, session.id, do="write"))[0] == "Complete"


def test_kill_ends_what_runs_and_what_is_queued(
    server: StandIn, client: Connection, wrapper: int, runner: Scripted, session: Session
) -> None:
    runner.release.clear()
    running = [launch(client, wrapper, session.id, do="hold") for _ in range(4)]  # every worker is busy
    for workflow in running:
        runner.given(workflow)
    queued = launch(client, wrapper, session.id, do="hold")
    assert client.get(f"/xapi/workflows/{queued}").json()["status"] == "Queued"
    client.post(f"/xapi/workflows/{queued}/kill")
    container = client.get(f"/xapi/workflows/{running[0]}").json()["comments"]
    assert client.post(f"/xapi/containers/{container}/kill").text == container
    assert end_of(server, queued)[0] == end_of(server, running[0])[0] == "Failed (Killed)"
    runner.release.set()
    assert {end_of(server, workflow)[0] for workflow in running[1:]} == {"Failed (Upload)"}
    assert client.post(f"/xapi/containers/{container}/kill", accept=EVERY_ERROR).status == 500


def test_a_bulk_launch_answers_before_anything_is_resolved_and_its_items_are_found_by_its_id(
    server: StandIn, client: Connection, wrapper: int
) -> None:
    sessions = [session.id for session in server.archive.sessions(PROJECT)]
    uris = [f"/archive/experiments/{name}" for name in (*sessions, "NOBODY")]
    answer = client.post(
        f"/xapi/projects/{PROJECT}/wrappers/{wrapper}/root/session/bulklaunch",
        json={"session": json.dumps(uris), "do": "write"},
    ).json()
    assert answer["bulk-launch-id"].startswith(f"bulk-{LOGIN}")
    assert answer["bulk-launch-id"].removeprefix(f"bulk-{LOGIN}").isdigit()
    assert answer["pipeline-name"] == "tool-session"
    assert [one["params"]["session"] for one in answer["successes"]] == uris
    assert {one["workflow-id"] for one in answer["successes"]} == {"To be assigned"}
    assert answer["failures"] == []
    query = {
        "data_type": "xdat:user",
        "sort_col": "wfid",
        "sort_dir": "asc",
        "filters": {"jobId": {"backend": "sql_string", "like": answer["bulk-launch-id"]}},
    }
    items = client.post("/xapi/workflows", json=query).json()
    ends = {item["id"]: end_of(server, str(item["wfid"]))[0] for item in items}
    assert ends == {**dict.fromkeys(sessions, "Complete"), "NOBODY": "Failed (Command resolution)"}


def test_a_list_that_is_no_json_text_is_refused(client: Connection, wrapper: int) -> None:
    path = f"/xapi/projects/{PROJECT}/wrappers/{wrapper}/root/session/bulklaunch"
    assert client.post(path, json={"session": ["E1"]}, accept=EVERY_ERROR).status == 400
    assert client.post(path, json={"session": "E1"}, accept=EVERY_ERROR).status == 500


def listed(client: Connection, **body: object) -> list[Json]:
    found: list[Json] = client.post("/xapi/workflows", json=body).json()
    return found


def test_workflows_are_listed_by_session_and_by_project_page_by_page(
    server: StandIn, client: Connection, wrapper: int, session: Session
) -> None:
    ours = [launch(client, wrapper, session.id) for _ in range(3)]
    for workflow in ours:
        end_of(server, workflow)
    of_session = listed(client, data_type="xnat:mrSessionData", id=session.id, size=3, sort_col="wfid")
    assert [str(row["wfid"]) for row in of_session] == ours[::-1]
    of_project = listed(client, data_type="xnat:projectData", id=PROJECT, size=2, page=2, sort_col="wfid")
    first = listed(client, data_type="xnat:projectData", id=PROJECT, size=4, sort_col="wfid")
    assert of_project == first[2:]
    failed = {"status": {"backend": "sql_string", "like": "Failed"}}
    assert all(
        row["status"].startswith("Failed") for row in listed(client, data_type="xdat:user", filters=failed)
    )


def test_a_listing_that_does_not_say_of_what_breaks_as_the_plugin_does(client: Connection) -> None:
    assert client.post("/xapi/workflows", json={"page": 1}, accept=EVERY_ERROR).status == 500


def test_logs_grow_while_a_container_runs_and_are_there_afterwards(
    server: StandIn, client: Connection, wrapper: int, runner: Scripted, session: Session
) -> None:
    runner.release.clear()
    workflow = launch(client, wrapper, session.id, do="hold")
    runner.given(workflow)
    place = f"/xapi/containers/{container_of(client, workflow)['id']}"
    growing = client.get(f"{place}/logSince/stdout").json()
    assert (growing["content"], growing["fromFile"]) == ("it began\n", False)
    runner.release.set()
    end_of(server, workflow)
    since = {"since": growing["timestamp"]}
    assert client.get(f"{place}/logSince/stdout", since).json() == {
        "content": "",
        "fromFile": True,
        "timestamp": "-1",
        "bytesRead": 0,
    }
    assert client.get(f"{place}/logs/stdout").text == "it began\n"
    assert client.get(f"/xapi/workflows/{workflow}/logs/stdout").text == "it began\n"
    with zipfile.ZipFile(io.BytesIO(client.get(f"{place}/logs").content)) as both:
        assert sorted(both.namelist()) == ["stderr.log", "stdout.log"]
    assert client.get("/xapi/containers/99999/logs/stdout", accept=EVERY_ERROR).status == 500


@pytest.fixture(scope="module")
def others(server: StandIn) -> Iterator[dict[str, Connection]]:
    """Users of the project's groups, and one of none."""
    for group in ("Members", "Collaborators"):
        server.users.add(group, "p")
        set_member(server.documents, PROJECT, group, group)
    server.users.add("stranger", "p")
    logins = ("Members", "Collaborators", "stranger")
    connections = {login: Connection(Login(server.url, login, "p")) for login in logins}
    yield connections
    for connection in connections.values():
        connection.close()


def test_others_see_a_scrubbed_record_and_strangers_no_log(
    server: StandIn, client: Connection, wrapper: int, session: Session, others: dict[str, Connection]
) -> None:
    workflow = launch(client, wrapper, session.id)
    end_of(server, workflow)
    own = container_of(client, workflow)
    place = f"/xapi/containers/{own['id']}"
    told = others["Members"].get(place).json()
    assert (told["command-line"], told["env"], told["mounts"], told["history"]) == ("[REDACTED]", {}, [], [])
    assert (told["status"], told["user-id"]) == (own["status"], LOGIN)
    assert "container-id" not in told
    assert others["Members"].get("/xapi/containers").json() == []
    assert others["Collaborators"].get(f"{place}/logs/stdout").text == "it began\n"
    assert others["stranger"].get(f"{place}/logs/stdout", accept=EVERY_ERROR).status == 403
    assert others["stranger"].get(f"{place}/logs", accept=EVERY_ERROR).status == 403
    assert others["stranger"].get(f"/xapi/workflows/{workflow}", accept=EVERY_ERROR).status == 404
    for verb in (others["Members"].delete, others["stranger"].delete):
        assert verb(place, accept=EVERY_ERROR).status == 403
    assert client.delete(place).status == 204
    assert client.get(place, accept=EVERY_ERROR).status == 404


def refused(answer: Answer) -> bool:
    return answer.status in (403, 404)


def test_a_launch_needs_the_right_to_read_and_its_output_the_right_to_write(
    server: StandIn, wrapper: int, session: Session, others: dict[str, Connection]
) -> None:
    path = f"/xapi/projects/{PROJECT}/wrappers/{wrapper}/root/session/launch"
    body = {"session": session.id}
    assert refused(others["stranger"].post(path, json=body, accept=EVERY_ERROR))
    reader = others["Collaborators"].post(path, json=body).json()["workflow-id"]
    assert end_of(server, reader)[0] == "Failed (Command resolution)"
    writer = others["Members"].post(path, json=body).json()["workflow-id"]
    assert end_of(server, writer)[0] == "Complete"


def test_a_session_that_a_user_may_not_see_is_as_good_as_none(
    server: StandIn, wrapper: int, session: Session, others: dict[str, Connection]
) -> None:
    """At site level no project is checked before the launch is queued."""
    path = f"/xapi/wrappers/{wrapper}/root/session/launch"

    def told(value: str) -> tuple[str, str, str]:
        workflow = others["stranger"].post(path, json={"session": value}).json()["workflow-id"]
        status, reason = end_of(server, workflow)
        return status, reason.replace(value, "it"), server.launches.wait(workflow).label

    assert told(session.id) == told("NOBODY")


def test_containers_are_listed_for_their_owner_and_paged_for_everybody(
    server: StandIn, client: Connection, wrapper: int, session: Session
) -> None:
    workflow = launch(client, wrapper, session.id)
    end_of(server, workflow)
    newest = container_of(client, workflow)
    for path in ("/xapi/containers", f"/xapi/projects/{PROJECT}/containers"):
        assert client.get(path).json()[0] == newest
        assert client.get(path, {"nonfinalized": "true"}).json() == []
    assert client.post("/xapi/containers", json={"size": 1}).json() == [newest]
    assert client.get(f"/xapi/projects/{PROJECT}/containers/{newest['id']}").json() == newest
    other = client.get(f"/xapi/projects/OTHER/containers/{newest['id']}", accept=EVERY_ERROR)
    assert other.status == 404


def test_what_a_stopped_server_left_open_has_failed_when_the_next_one_starts(
    imported: Path, tmp_path: Path
) -> None:
    archive = shutil.copytree(imported, tmp_path / "archive")
    settings = StandInSettings(archive, login=LOGIN, password=PASSWORD, workers=1)
    first = StandIn(settings, Scripted())
    number = first.launches.commands.add(tool())
    wrapper = first.launches.commands.get(number)["xnat"][0]["id"]
    values = {"session": first.archive.sessions(PROJECT)[0].id, "do": "hold"}
    user = first.users.get(LOGIN)
    started = [first.launches.launch(user, PROJECT, wrapper, values) for _ in range(2)]
    first.close()
    second = StandIn(settings, Scripted())
    ends = {second.launches.records.get(workflow or "").status for workflow in started}  # type: ignore[union-attr]
    second.close()
    assert ends == {"Failed (Shutdown)"}
    assert list(archive.glob(".build-*")) == []


def test_what_a_killed_server_left_open_has_failed_when_the_next_one_starts(
    imported: Path, tmp_path: Path
) -> None:
    archive = shutil.copytree(imported, tmp_path / "archive")
    settings = StandInSettings(archive, login=LOGIN, password=PASSWORD)
    runner = Scripted()
    killed = StandIn(settings, runner)  # it never closes its files before the next one starts
    wrapper = killed.launches.commands.get(killed.launches.commands.add(tool()))["xnat"][0]["id"]
    values = {"session": killed.archive.sessions(PROJECT)[0].id, "do": "hold"}
    workflow = killed.launches.launch(killed.users.get(LOGIN), PROJECT, wrapper, values) or ""
    runner.given(workflow)
    following = StandIn(settings, Scripted())
    ended = following.launches.wait(workflow, 0)
    assert ended.status == "Failed (Shutdown)"
    container = following.launches.records.container(ended.container)
    assert container
    assert container.status == "Failed (Shutdown)"
    following.close()
    runner.release.set()
    killed.close()


def test_what_only_a_real_service_has_is_refused_and_not_passed_over(
    server: StandIn, client: Connection, session: Session
) -> None:
    secret = {
        "source": {"type": "system-property", "identifier": "key"},
        "destination": {"type": "environment-variable", "identifier": "KEY"},
    }
    wrapper = add(client, tool(name="secretive", secrets=[secret]))
    ended = end_of(server, launch(client, wrapper, session.id))
    assert ended == ("Failed (Command resolution)", "This stand-in serves no secrets.")


def test_a_wrapper_without_an_object_runs_at_the_site_and_uploads_nothing(
    server: StandIn, client: Connection
) -> None:
    number = add(client, tool(name="at-site", outputs=[], xnat=[{"name": "site", "contexts": ["site"]}]))
    known = {w.id for w in server.launches.records.newest()}
    answer = client.post(f"/xapi/wrappers/{number}/launch", json={"do": "write"}).json()
    assert answer["workflow-id"] == "To be assigned"
    (new,) = [w.id for w in server.launches.records.newest() if w.id not in known]
    assert end_of(server, new) == ("Complete", "")
    rows = client.get("/xapi/commands/available/site", {"xsiType": "site"}).json()
    assert [(row["wrapper-id"], row["root-element-name"]) for row in rows] == [(number, "")]


def test_a_real_step_runs_as_a_process_and_a_foreign_image_never_does(
    standin: StandIn, connection: Connection
) -> None:
    session = standin.archive.sessions(PROJECT)[0]
    convert = add(connection, command_for(step_named("convert")).to_json())
    workflow = launch(connection, convert, f"/archive/experiments/{session.id}")
    assert end_of(standin, workflow) == ("Complete", "")
    record = json.loads((session.resource("NIFTI") / "run.json").read_text())
    assert record["step"] == "convert"
    foreign = add(connection, tool(image="foreign/tool:1.0"))
    ended = end_of(standin, launch(connection, foreign, session.id))
    assert ended[0] == "Failed (Container launch)"
    assert "the image must be one of our steps" in ended[1]
