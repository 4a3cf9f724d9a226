"""Launches that reach for what is not theirs: other projects, and the machine that the server runs on."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from sarcoma_core.standin.objects.access import set_member
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from sarcoma_core.steps import step_named
from sarcoma_core.xnat.command.declaring import command_for
from tests.standin.conftest import LOGIN, PASSWORD, PROJECT
from tests.standin.tools import tool

STRANGER = ("stranger", "a word")


@pytest.fixture(scope="module")
def server(imported: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """With its own runner: processes of this machine."""
    folder = shutil.copytree(imported, tmp_path_factory.mktemp("launch") / "archive")
    standin = StandIn(StandInSettings(folder, login=LOGIN, password=PASSWORD))
    standin.users.add(*STRANGER)
    with serving(standin):
        yield standin


@pytest.fixture(scope="module")
def wrapper(server: StandIn) -> int:
    added = server.launches.commands.add(tool())
    return int(server.launches.commands.get(added)["xnat"][0]["id"])


@pytest.mark.parametrize(
    "root",
    ["/archive/experiments/{id}", "{id}", f"/archive/projects/{PROJECT}/experiments/{{label}}/scans/99"],
)
def test_nothing_is_resolved_on_a_session_that_is_not_seen(server: StandIn, wrapper: int, root: str) -> None:
    session = server.archive.sessions(PROJECT)[0]
    there = root.format(id=session.id, label=session.label)
    missing = root.format(id="MISSING", label="MISSING")
    answers = [
        requests.get(
            f"{server.url}/xapi/wrappers/{wrapper}/launch", {"session": uri}, auth=STRANGER, timeout=20
        )
        for uri in (there, missing)
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    names = (session.id, session.label)
    told = answers[0].text
    for name in names:
        told = told.replace(name, "MISSING")
    assert told == answers[1].text
    path = f"{server.url}/xapi/wrappers/{wrapper}/root/session/launch"
    ended = []
    for uri in (there, missing):
        launched = requests.post(path, json={"session": uri}, auth=STRANGER, timeout=20).json()
        ended.append(server.launches.wait(launched["workflow-id"], 30))
    assert {workflow.status for workflow in ended} == {"Failed (Command resolution)"}
    assert {workflow.label for workflow in ended} == {""}


@pytest.mark.parametrize(
    "injected",
    ["--out {host}", "--out={host}", "--session {host}", "--out ../../{host}", "--out /output/../../../x"],
)
def test_a_value_cannot_lead_a_step_out_of_its_mounts(server: StandIn, tmp_path: Path, injected: str) -> None:
    commands, host = server.launches.commands, tmp_path / "host"
    found = commands.all(name="sarcoma-bias-field")
    number = found[0]["id"] if found else commands.add(command_for(step_named("bias-field")).to_json())
    added = commands.get(number)["xnat"][0]
    root = added["external-inputs"][0]["name"]
    session = server.archive.sessions(PROJECT)[0]
    answer = requests.post(
        f"{server.url}/xapi/projects/{PROJECT}/wrappers/{added['id']}/root/{root}/launch",
        json={root: f"/archive/experiments/{session.id}", "shrink": f"4 {injected.format(host=host)}"},
        auth=(LOGIN, PASSWORD),
        timeout=20,
    )
    ended = server.launches.wait(answer.json()["workflow-id"], 30)
    assert ended.status == "Failed (Container launch)"
    assert "must be in one of its mounts" in ended.reason
    assert not host.exists()


@pytest.mark.parametrize("scope", ["", f"/projects/{PROJECT}"])
def test_what_takes_no_object_is_launched_only_by_who_may_change_the_place(
    server: StandIn, scope: str
) -> None:
    commands = server.launches.commands
    rootless = tool(name=f"rootless{len(scope)}", outputs=[])
    rootless["xnat"][0] |= {"external-inputs": [], "output-handlers": [], "contexts": ["site"]}
    wrapper = commands.get(commands.add(rootless))["xnat"][0]["id"]
    server.users.add("collaborator", "a word")
    set_member(server.documents, PROJECT, "collaborator", "Collaborators")
    ends = {}
    for login, password in ((LOGIN, PASSWORD), ("collaborator", "a word")):
        answer = requests.post(
            f"{server.url}/xapi{scope}/wrappers/{wrapper}/launch", json={}, auth=(login, password), timeout=20
        )
        assert answer.status_code == 200
        newest = next(each for each in server.launches.records.newest() if each.login == login)
        ends[login] = server.launches.wait(newest.id, 30)
    assert ends["collaborator"].reason.endswith("does not have permission to run this here.")
    # The runner is the one that runs our own steps only: so far it came.
    assert ends[LOGIN].status == "Failed (Container launch)"
