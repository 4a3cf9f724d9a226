"""Commands and wrappers over REST, as Container Service 3.7.3 answers.

Source of texts and statuses: Container Service 3.7.3 (``CommandRestApi``, ``CommandConfigurationRestApi``).
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sarcoma_core.standin.objects.access import set_member
from sarcoma_core.standin.server import StandIn
from sarcoma_core.standin.users import CONTAINER_MANAGER, PRIVILEGED
from sarcoma_core.steps import step_named
from sarcoma_core.xnat.command.declaring import command_for
from sarcoma_core.xnat.command.model import Command
from sarcoma_core.xnat.rest.connection import Answer, Connection, Login
from sarcoma_core.xnat.validation.rules import validate
from tests.standin.conftest import PROJECT

Json = dict[str, Any]
EVERY_ERROR = (400, 403, 404, 500)


def tree(name: str, **parts: object) -> Json:
    """A command with one wrapper `w` on sessions."""
    session = {"name": "session", "type": "Session", "required": True}
    wrapper = {"name": "w", "contexts": ["xnat:imageSessionData"], "external-inputs": [session]}
    return {"name": name, "image": "tool:1.0", "version": "1", "xnat": [wrapper], **parts}


def post(connection: Connection, path: str, body: object = None) -> Answer:
    return connection.post(path, json=body, accept=EVERY_ERROR)


def add(connection: Connection, body: Json) -> Json:
    """Add a command; the server's own listing of it."""
    number = connection.post("/xapi/commands", json=body).json()
    found: Json = connection.get(f"/xapi/commands/{number}").json()
    return found


@pytest.fixture(scope="module")
def owner(standin: StandIn, url: str) -> Iterator[Connection]:
    """A user who owns the project and manages nothing else."""
    standin.users.add("owner", "o")
    set_member(standin.documents, PROJECT, "owner", "Owners")
    with Connection(Login(url, "owner", "o")) as connected:
        yield connected


@pytest.fixture(scope="module")
def manager(standin: StandIn, url: str) -> Iterator[Connection]:
    """A user who manages containers and is in no project."""
    standin.users.add("manager", "m", frozenset({CONTAINER_MANAGER, PRIVILEGED}))
    with Connection(Login(url, "manager", "m")) as connected:
        yield connected


def test_a_new_command_answers_its_bare_number_and_lists_as_it_was_declared(connection: Connection) -> None:
    declared = command_for(step_named("bias-field"))
    answer = connection.post("/xapi/commands", json=declared.to_json())
    assert answer.status == 201
    listed = connection.get(f"/xapi/commands/{int(answer.text)}").json()
    assert listed["id"] == int(answer.text)
    assert Command.from_json(listed) == declared


def test_every_wrapper_has_a_number_and_no_two_are_equal(connection: Connection) -> None:
    two = tree("two-wrappers")
    two["xnat"].append({**two["xnat"][0], "name": "other"})
    add(connection, two)
    listed = connection.get("/xapi/commands").json()
    numbers = [wrapper["id"] for command in listed for wrapper in command["xnat"]]
    assert len(numbers) == len(set(numbers)) >= 2


def test_what_is_invalid_is_refused_in_the_services_own_words_all_at_once(connection: Connection) -> None:
    wrong = tree("bad name is fine", mounts=[{"name": "", "path": ""}], visibility="nobody")
    told = validate(json.dumps(wrong)).messages
    assert len(told) > 1
    answer = post(connection, "/xapi/commands", wrong)
    assert (answer.status, answer.text) == (400, "Invalid command:\n\t" + "\n\t".join(told))


def test_a_text_that_is_no_json_is_refused(connection: Connection) -> None:
    answer = connection.post(
        "/xapi/commands", data=b'{"name": "x",}', content_type="application/json", accept=EVERY_ERROR
    )
    assert answer.status == 400


def test_an_image_without_a_tag_becomes_latest_at_creation_only(connection: Connection) -> None:
    listed = add(connection, tree("untagged", image="tool"))
    assert listed["image"] == "tool:latest"
    answer = post(connection, f"/xapi/commands/{listed['id']}", tree("untagged", image="tool"))
    assert answer.status == 500


def test_creation_reads_ipcmode_and_everything_else_the_hyphenated_key(connection: Connection) -> None:
    assert "ipc-mode" not in add(connection, tree("ipc-hyphen", **{"ipc-mode": "host"}))
    listed = add(connection, tree("ipc-camel", ipcMode="host"))
    assert listed["ipc-mode"] == "host"
    connection.post(f"/xapi/commands/{listed['id']}", json={**listed, "ipcMode": "private", "label": "new"})
    again = connection.get(f"/xapi/commands/{listed['id']}").json()
    assert (again["ipc-mode"], again["label"]) == ("host", "new")


def test_an_input_type_that_the_service_does_not_know_is_listed_as_string(connection: Connection) -> None:
    listed = add(connection, tree("odd-type", inputs=[{"name": "n", "type": "int"}]))
    assert listed["inputs"][0]["type"] == "string"


def test_a_secret_keeps_where_it_comes_from_and_goes_to(connection: Connection) -> None:
    secret = {
        "source": {"type": "system-property", "identifier": "key"},
        "destination": {"type": "environment-variable", "identifier": "KEY"},
    }
    assert add(connection, tree("secretive", secrets=[secret]))["secrets"] == [secret]


def test_the_same_name_image_and_version_twice_is_refused(connection: Connection) -> None:
    add(connection, tree("twice"))
    answer = post(connection, "/xapi/commands", tree("twice"))
    assert answer.status == 400
    assert answer.text == "Bad request:\nThis command duplicates a command already in the database."
    assert add(connection, tree("twice", version="2"))["version"] == "2"


def test_commands_are_found_by_name_image_and_version(connection: Connection) -> None:
    add(connection, tree("sought", version="7"))
    add(connection, tree("sought", version="8"))

    def names(query: dict[str, str]) -> list[tuple[str, str]]:
        return [(c["name"], c["version"]) for c in connection.get("/xapi/commands", query).json()]

    assert names({"name": "sought"}) == [("sought", "7"), ("sought", "8")]
    assert names({"name": "sought", "version": "8"}) == [("sought", "8")]
    assert names({"name": "sought", "image": "other:1"}) == []
    assert connection.get("/xapi/commands", {"version": "8"}, accept=EVERY_ERROR).status == 400


def test_a_replacement_keeps_the_number_of_a_wrapper_by_its_name_or_by_the_number_given(
    connection: Connection,
) -> None:
    before = add(connection, tree("kept"))
    number = before["xnat"][0]["id"]
    connection.post(f"/xapi/commands/{before['id']}", json=tree("kept", label="a label"))
    same_name = connection.get(f"/xapi/commands/{before['id']}").json()
    assert (same_name["xnat"][0]["id"], same_name["label"]) == (number, "a label")
    renamed = {**same_name["xnat"][0], "name": "w2"}
    connection.post(f"/xapi/commands/{before['id']}", json={**same_name, "xnat": [renamed]})
    after = connection.get(f"/xapi/commands/{before['id']}").json()["xnat"]
    assert [(w["name"], w["id"]) for w in after] == [("w2", number)]


def test_a_replacement_without_wrappers_deletes_them_with_their_switches(connection: Connection) -> None:
    before = add(connection, tree("stripped"))
    number = before["xnat"][0]["id"]
    connection.put(f"/xapi/wrappers/{number}/enabled")
    body = {key: value for key, value in tree("stripped").items() if key != "xnat"}
    assert post(connection, f"/xapi/commands/{before['id']}", body).status == 200
    assert connection.get(f"/xapi/commands/{before['id']}").json()["xnat"] == []
    assert connection.get(f"/xapi/wrappers/{number}/enabled", accept=EVERY_ERROR).status == 404


def test_replacing_a_command_that_is_not_there_is_a_server_error(connection: Connection) -> None:
    assert post(connection, "/xapi/commands/99999", tree("nowhere")).status == 500
    assert connection.get("/xapi/commands/99999", accept=EVERY_ERROR).status == 404


def test_an_invalid_replacement_changes_nothing(connection: Connection) -> None:
    before = add(connection, tree("firm"))
    assert post(connection, f"/xapi/commands/{before['id']}", tree("")).status == 400
    assert connection.get(f"/xapi/commands/{before['id']}").json() == before


def test_deleting_is_the_same_answer_whether_it_was_there_or_not(connection: Connection) -> None:
    path = f"/xapi/commands/{add(connection, tree('gone'))['id']}"
    assert [connection.delete(path).status for _ in range(2)] == [204, 204]


def test_wrappers_are_added_replaced_and_deleted_one_by_one(connection: Connection) -> None:
    command = add(connection, tree("piecewise"))
    extra = {**tree("x")["xnat"][0], "name": "extra"}
    answer = connection.post(f"/xapi/commands/{command['id']}/wrappers", json=extra)
    assert answer.status == 201
    place = f"/xapi/commands/{command['id']}/wrappers/{answer.text}"
    connection.post(place, json={**extra, "label": "now with a label"})
    listed = connection.get(f"/xapi/commands/{command['id']}").json()["xnat"]
    assert [(w["name"], w.get("label")) for w in listed] == [("w", None), ("extra", "now with a label")]
    assert listed[1]["id"] == int(answer.text)
    connection.delete(f"/xapi/wrappers/{answer.text}")
    assert len(connection.get(f"/xapi/commands/{command['id']}").json()["xnat"]) == 1


def test_visibility_is_one_of_three_words(connection: Connection) -> None:
    command = add(connection, tree("visible"))
    connection.post(f"/xapi/command/{command['id']}/visibility/private")
    assert connection.get(f"/xapi/commands/{command['id']}").json()["visibility"] == "private"
    assert post(connection, f"/xapi/command/{command['id']}/visibility/secret").status == 400


def test_only_a_container_manager_changes_commands_and_everybody_reads_them(
    connection: Connection, owner: Connection, manager: Connection
) -> None:
    command = add(connection, tree("guarded"))
    path = f"/xapi/commands/{command['id']}"
    assert post(owner, "/xapi/commands", tree("not allowed")).status == 403
    assert post(owner, path, tree("guarded")).status == 403
    assert owner.delete(path, accept=EVERY_ERROR).status == 403
    assert owner.put(f"/xapi/wrappers/{command['xnat'][0]['id']}/enabled", accept=EVERY_ERROR).status == 403
    assert owner.get(path).json() == command
    assert post(manager, path, tree("guarded", label="managed")).status == 200


def test_being_a_site_administrator_is_not_enough(standin: StandIn, url: str) -> None:
    standin.users.add("site-admin", "s", frozenset({"Administrator"}))
    with Connection(Login(url, "site-admin", "s")) as administrator:
        assert post(administrator, "/xapi/commands", tree("admin")).status == 403


def test_a_new_wrapper_is_off_at_the_site_and_in_projects_and_each_is_switched_alone(
    connection: Connection,
) -> None:
    number = add(connection, tree("switched"))["xnat"][0]["id"]
    site, project = f"/xapi/wrappers/{number}", f"/xapi/projects/{PROJECT}/wrappers/{number}"
    off = {"enabled-for-site": False, "enabled-for-project": False, "project": PROJECT}
    assert connection.get(f"{site}/enabled").json() is False
    assert connection.get(f"{project}/enabled").json() == off
    connection.put(f"{site}/enabled")
    assert connection.get(f"{site}/enabled").json() is True
    assert connection.get(f"{project}/enabled").json() == {**off, "enabled-for-site": True}
    connection.put(f"{project}/enabled")
    connection.put(f"{site}/disabled")
    assert connection.get(f"{project}/enabled").json() == {**off, "enabled-for-project": True}


def test_a_wrapper_is_named_by_its_command_and_name_as_well(connection: Connection) -> None:
    command = add(connection, tree("by-name"))
    connection.put(f"/xapi/commands/{command['id']}/wrappers/w/enabled")
    assert connection.get(f"/xapi/wrappers/{command['xnat'][0]['id']}/enabled").json() is True
    assert connection.get("/xapi/wrappers/99999/enabled", accept=EVERY_ERROR).status == 404


def test_enabling_in_a_project_that_is_not_there_is_silent(connection: Connection) -> None:
    number = add(connection, tree("silent"))["xnat"][0]["id"]
    assert connection.put(f"/xapi/projects/NOWHERE/wrappers/{number}/enabled").status == 200


def test_an_owner_sets_up_the_own_project_and_no_other(connection: Connection, owner: Connection) -> None:
    number = add(connection, tree("owned"))["xnat"][0]["id"]
    assert owner.put(f"/xapi/projects/{PROJECT}/wrappers/{number}/enabled").status == 200
    other = owner.put(f"/xapi/projects/OTHER/wrappers/{number}/enabled", accept=EVERY_ERROR)
    assert other.status in (403, 404)


def test_settings_enable_unless_told_not_to_and_a_projects_lie_over_the_sites(connection: Connection) -> None:
    command = add(connection, tree("set-up", inputs=[{"name": "n", "default-value": "1"}]))
    number = command["xnat"][0]["id"]
    site, project = f"/xapi/wrappers/{number}", f"/xapi/projects/{PROJECT}/wrappers/{number}"
    assert connection.get(f"{site}/config").json()["inputs"]["n"]["default-value"] == "1"
    body = {"inputs": {"n": {"default-value": "2"}}}
    assert connection.post(f"{site}/config", query={"enable": "false"}, json=body).status == 201
    assert connection.get(f"{site}/enabled").json() is False
    assert connection.get(f"{project}/config").json()["inputs"]["n"]["default-value"] == "2"
    connection.post(f"{project}/config", json={"inputs": {"n": {"default-value": "3"}}})
    assert connection.get(f"{project}/enabled").json()["enabled-for-project"] is True
    assert connection.get(f"{project}/config").json()["inputs"]["n"]["default-value"] == "3"
    assert connection.delete(f"{project}/config").status == 204
    assert connection.get(f"{project}/config").json()["inputs"]["n"]["default-value"] == "2"


def test_a_context_matches_its_own_type_and_those_below_it(connection: Connection) -> None:
    """The examples of ``CommandServiceImpl.xsiTypesMatch``, and an assessor's."""
    contexts = {
        "on-mr": "xnat:mrSessionData",
        "on-any-session": "xnat:imageSessionData",
        "on-scans": "xnat:imageScanData",
        "on-regions": "icr:roiCollectionData",
        "on-assessors": "xnat:imageAssessorData",
    }
    for name, context in contexts.items():
        body = tree(name)
        body["xnat"][0]["contexts"] = [context]
        add(connection, body)

    def shown(xsi_type: str) -> set[str]:
        query = {"project": PROJECT, "xsiType": xsi_type}
        found = connection.get("/xapi/commands/available", query).json()
        assert found == connection.get(f"/xapi/projects/{PROJECT}/commands/available", query).json()
        return {row["command-name"] for row in found} & set(contexts)

    assert shown("xnat:mrSessionData") == {"on-mr", "on-any-session"}
    assert shown("xnat:petSessionData") == {"on-any-session"}
    assert shown("xnat:imageSessionData") == {"on-any-session"}
    assert shown("xnat:mrScanData") == {"on-scans"}
    assert shown("icr:roiCollectionData") == {"on-regions", "on-assessors"}


def test_available_says_whether_both_switches_are_on(connection: Connection) -> None:
    command = add(connection, tree("listed", label="Listed"))
    number = command["xnat"][0]["id"]

    def row() -> Json:
        query = {"xsiType": "xnat:mrSessionData"}
        rows = connection.get(f"/xapi/projects/{PROJECT}/commands/available", query).json()
        return next(each for each in rows if each["wrapper-id"] == number)

    told = ("command-id", "command-label", "image-name", "image-type", "root-element-name", "enabled")
    assert [row()[key] for key in told] == [command["id"], "Listed", "tool:1.0", "docker", "session", False]
    connection.put(f"/xapi/wrappers/{number}/enabled")
    assert row()["enabled"] is False
    connection.put(f"/xapi/projects/{PROJECT}/wrappers/{number}/enabled")
    assert row()["enabled"] is True


def test_nothing_is_available_in_a_project_that_a_user_does_not_see(
    manager: Connection, connection: Connection
) -> None:
    add(connection, tree("unseen"))
    query = {"xsiType": "xnat:mrSessionData"}
    assert manager.get(f"/xapi/projects/{PROJECT}/commands/available", query).json() == []
