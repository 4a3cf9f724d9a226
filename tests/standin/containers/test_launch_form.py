"""The JSON of the launch dialog, as Container Service 3.7.3's ``LaunchUi`` makes it."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from sarcoma_core.archive.store import Session
from sarcoma_core.standin.server import StandIn
from sarcoma_core.xnat.rest.connection import Connection, Login
from tests.standin.conftest import PROJECT
from tests.standin.tools import model_tool

Json = dict[str, Any]
MODEL_A, MODEL_B = (f"/archive/projects/{PROJECT}/resources/MODEL_{letter}" for letter in "AB")
EVERY_ERROR = (400, 403, 404, 500)

COMMAND: Json = {
    "name": "form",
    "image": "tool:1.0",
    "command-line": "#switch# #choice# #number# #scan-id#",
    "inputs": [
        {
            "name": "switch",
            "label": "A switch",
            "type": "boolean",
            "default-value": "true",
            "true-value": "--on",
            "false-value": "--off",
        },
        {
            "name": "choice",
            "type": "select-one",
            "select-values": ["a", "b"],
            "default-value": "b",
            "required": True,
        },
        {"name": "number", "type": "number", "description": "a number", "default-value": "4"},
        {"name": "secret", "sensitive": True},
        {"name": "scan-id"},
    ],
    "xnat": [
        {
            "name": "w",
            "label": "Form",
            "contexts": ["xnat:imageSessionData"],
            "external-inputs": [{"name": "session", "type": "Session"}],
            "derived-inputs": [
                {
                    "name": "any-scan",
                    "type": "Scan",
                    "derived-from-wrapper-input": "session",
                    "required": False,
                },
                {
                    "name": "one-scan",
                    "type": "Scan",
                    "derived-from-wrapper-input": "session",
                    "matcher": "@.id == '4'",
                },
                {
                    "name": "scan-number",
                    "type": "string",
                    "derived-from-wrapper-input": "one-scan",
                    "derived-from-xnat-object-property": "id",
                    "provides-value-for-command-input": "scan-id",
                },
            ],
        }
    ],
}


@pytest.fixture(scope="module")
def wrapper(connection: Connection) -> int:
    number = connection.post("/xapi/commands", json=COMMAND).json()
    return int(connection.get(f"/xapi/commands/{number}").json()["xnat"][0]["id"])


@pytest.fixture(scope="module")
def session(standin: StandIn) -> Session:
    return standin.archive.sessions(PROJECT)[0]


@pytest.fixture(scope="module")
def form(connection: Connection, wrapper: int, session: Session) -> Json:
    path = f"/xapi/projects/{PROJECT}/wrappers/{wrapper}/launch"
    found: Json = connection.get(path, {"session": f"/archive/experiments/{session.id}"}).json()
    return found


def flat(trees: list[Json]) -> Iterator[Json]:
    for tree in trees:
        yield tree
        yield from flat(tree["children"])


def shown_as(form: Json) -> Mapping[str, str]:
    return {each["name"]: each["input-type"] for each in flat(form["input-config"])}


def test_each_input_is_shown_as_its_kind_and_what_is_known_is_not_asked_again(form: Json) -> None:
    assert shown_as(form) == {
        "session": "static",
        "any-scan": "select-one",
        "one-scan": "static",
        "scan-number": "static",
        "switch": "boolean",
        "choice": "select-one",
        "number": "text",
        "secret": "password",
    }


def test_a_field_carries_its_words_and_choices(form: Json) -> None:
    by_name = {each["name"]: each for each in flat(form["input-config"])}
    assert by_name["switch"]["label"] == "A switch"
    assert by_name["number"]["label"] == "number"
    assert by_name["number"]["description"] == "a number"
    assert (by_name["choice"]["select-values"], by_name["choice"]["required"]) == (["a", "b"], True)
    assert all(each["user-settable"] for each in by_name.values())
    assert form["meta"]["wrapper-label"] == "Form"


def test_values_are_those_that_a_field_holds_and_follow_each_other(form: Json, session: Session) -> None:
    values = {tree["name"]: tree["values"] for tree in form["input-values"]}
    assert [value["value"] for value in values["switch"]] == ["true"]
    assert [value["value"] for value in values["choice"]] == ["b"]
    (root,) = values["session"]
    assert (root["value"], root["label"]) == (f"/archive/experiments/{session.id}", session.label)
    below = {tree["name"]: tree["values"] for tree in root["children"]}
    assert len(below["any-scan"]) == len(session.scans)
    (scan,) = below["one-scan"]
    assert scan["value"].endswith("/scans/4")
    assert scan["children"][0]["values"][0]["value"] == "4"


def test_in_bulk_what_follows_from_the_object_is_derived(
    connection: Connection, wrapper: int, session: Session
) -> None:
    query = {"rootElement": "session", "sampleTarget": f"/archive/experiments/{session.id}"}
    found = connection.get(f"/xapi/projects/{PROJECT}/wrappers/{wrapper}/bulklaunch", query).json()
    assert shown_as(found)["any-scan"] == "derived"
    assert shown_as(found)["choice"] == "select-one"


def test_settings_make_a_value_the_default_and_a_field_unsettable(
    connection: Connection, wrapper: int, session: Session
) -> None:
    place = f"/xapi/projects/{PROJECT}/wrappers/{wrapper}"
    changed = {"inputs": {"choice": {"default-value": "a", "user-settable": False}}}
    connection.post(f"{place}/config", json=changed)
    found = connection.get(f"{place}/launch", {"session": session.id}).json()
    connection.delete(f"{place}/config")
    values = {tree["name"]: tree["values"][0]["value"] for tree in found["input-values"] if tree["values"]}
    settable = {each["name"]: each["user-settable"] for each in flat(found["input-config"])}
    assert (values["choice"], settable["choice"]) == ("a", False)


def test_a_required_input_without_a_match_is_told_in_the_services_words(
    connection: Connection, session: Session
) -> None:
    (wrapper,) = COMMAND["xnat"]
    derived = [{**wrapper["derived-inputs"][1], "matcher": "@.id == 'none'"}]
    command = {**COMMAND, "name": "unmatched", "xnat": [{**wrapper, "derived-inputs": derived}]}
    number = connection.post("/xapi/commands", json=command).json()
    path = f"/xapi/projects/{PROJECT}/commands/{number}/wrappers/w/launch"
    answer = connection.get(path, {"session": session.id}, accept=EVERY_ERROR)
    assert answer.status == 400
    assert answer.text == (
        "The following required fields cannot be resolved using the provided data: one-scan"
    )


def test_there_is_no_form_of_what_is_not_there_or_not_for_ones_eyes(
    standin: StandIn, connection: Connection, wrapper: int, session: Session
) -> None:
    path = f"/xapi/wrappers/{wrapper}/launch"
    assert connection.get(path, {"session": "NOBODY"}, accept=EVERY_ERROR).status == 404
    assert connection.get("/xapi/wrappers/9999/launch", accept=EVERY_ERROR).status == 404
    standin.users.add("nobody", "n")
    with Connection(Login(connection.server, "nobody", "n")) as stranger:
        assert stranger.get(path, {"session": session.id}, accept=EVERY_ERROR).status == 404


@pytest.fixture
def models(standin: StandIn) -> Iterator[None]:
    """Two models and a cohort among the project's own resources, for one test."""
    folders = [standin.archive.resources_path(PROJECT) / name for name in ("MODEL_A", "MODEL_B", "COHORT")]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "file.bin").write_bytes(b"1")
    yield
    for folder in folders:
        standin.tree.resources.forget(folder)
        (folder / "file.bin").unlink()
        folder.rmdir()


def form_of(
    connection: Connection, command: Json, root: str, uri: str, *, accept: tuple[int, ...] = ()
) -> Any:
    """The answer to a request for the form of a command that is added for it."""
    number = connection.post("/xapi/commands", json=command).json()
    path = f"/xapi/projects/{PROJECT}/commands/{number}/wrappers/{command['xnat'][0]['name']}"
    return connection.get(f"{path}/root/{root}/launch", {root: uri}, accept=accept)


@pytest.mark.parametrize("root", ["Session", "Scan"])
@pytest.mark.usefixtures("models")
def test_a_resource_of_the_project_is_chosen_among_those_that_match(
    connection: Connection, session: Session, root: str
) -> None:
    uri = f"/archive/experiments/{session.id}" + (f"/scans/{session.scans[0].id}" if root == "Scan" else "")
    form = form_of(connection, model_tool(f"chosen-{root}", root), root.lower(), uri).json()
    by_name = {each["name"]: each for each in flat(form["input-config"])}
    assert by_name["model"]["input-type"] == "select-one"
    assert (by_name["model"]["label"], by_name["model"]["required"]) == ("Model", True)
    assert [each["name"] for each in by_name["project"]["children"]] == ["model"]
    (on,) = next(tree["values"] for tree in form["input-values"] if tree["name"] == root.lower())
    ((project,),) = (tree["values"] for tree in on["children"])
    ((model_a, model_b),) = (tree["values"] for tree in project["children"])
    assert (project["value"], project["label"]) == (f"/archive/projects/{PROJECT}", PROJECT)
    assert (model_a["value"], model_a["label"]) == (MODEL_A, "MODEL_A")
    assert (model_b["value"], model_b["label"]) == (MODEL_B, "MODEL_B")


@pytest.mark.usefixtures("models")
def test_a_resource_of_a_project_is_chosen_on_the_project_itself(connection: Connection) -> None:
    command = model_tool("on-project", "Session")
    (wrapper,) = command["xnat"]
    wrapper["contexts"] = ["xnat:projectData"]
    wrapper["external-inputs"] = [{"name": "project", "type": "Project"}]
    wrapper["derived-inputs"] = wrapper["derived-inputs"][1:]
    wrapper["output-handlers"][0]["as-a-child-of"] = "project"
    form = form_of(connection, command, "project", f"/archive/projects/{PROJECT}").json()
    assert shown_as(form)["model"] == "select-one"
    ((project,),) = (tree["values"] for tree in form["input-values"] if tree["name"] == "project")
    assert [value["value"] for value in project["children"][0]["values"]] == [MODEL_A, MODEL_B]


@pytest.mark.usefixtures("models")
def test_the_value_that_a_form_gives_back_is_the_one_that_is_told_again(
    connection: Connection, session: Session
) -> None:
    command = model_tool("given-back", "Session")
    number = connection.post("/xapi/commands", json=command).json()
    path = f"/xapi/projects/{PROJECT}/commands/{number}/wrappers/given-back/launch"
    form = connection.get(path, {"session": session.id, "model": MODEL_B}).json()
    assert shown_as(form)["model"] == "static"
    ((on,),) = (tree["values"] for tree in form["input-values"] if tree["name"] == "session")
    (model,) = on["children"][0]["values"][0]["children"][0]["values"]
    assert model["value"] == MODEL_B


@pytest.mark.parametrize("required", [True, False])
def test_without_a_model_the_form_is_refused_where_it_needs_one_and_else_takes_a_text(
    connection: Connection, session: Session, *, required: bool
) -> None:
    command = model_tool(f"without-{required}", "Session", required=required)
    uri = f"/archive/experiments/{session.id}"
    answer = form_of(connection, command, "session", uri, accept=EVERY_ERROR)
    if required:
        assert answer.status == 400
        told = "The following required fields cannot be resolved using the provided data: model"
        assert answer.text == told
    else:
        assert shown_as(answer.json())["model"] == "text"
