"""The JSON of the launch dialog, as Container Service 3.7.3's ``LaunchUi`` makes it."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from sarcoma_core.archive.store import Session
from sarcoma_core.standin.server import StandIn
from sarcoma_core.xnat.rest.connection import Connection, Login
from tests.standin.conftest import PROJECT

Json = dict[str, Any]
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
