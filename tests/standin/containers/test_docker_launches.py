"""Launches in real containers: foreign commands, the service's mounts and environment, kill, image labels."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sarcoma_core.runners.docker import DockerRunner
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from sarcoma_core.steps import step_named
from sarcoma_core.xnat.command.declaring import command_for, image_reference
from sarcoma_core.xnat.command.model import Command
from sarcoma_core.xnat.rest.connection import Connection, Login
from tests.standin.conftest import LOGIN, PASSWORD, PROJECT
from tests.standin.containers.test_launches import add, container_of, end_of, launch
from tests.standin.tools import tool

pytestmark = pytest.mark.docker

CONVERT = command_for(step_named("convert"))


@pytest.fixture(scope="module")
def server(imported: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    folder = shutil.copytree(imported, tmp_path_factory.mktemp("docker") / "archive")
    standin = StandIn(StandInSettings(folder, login=LOGIN, password=PASSWORD), DockerRunner())
    with serving(standin):
        yield standin


@pytest.fixture(scope="module")
def client(server: StandIn) -> Iterator[Connection]:
    with Connection(Login(server.url, LOGIN, PASSWORD)) as connected:
        yield connected


def shell(name: str, line: str) -> dict[str, object]:
    """A foreign command: a line for the shell of an image."""
    return tool(
        name=name,
        image=image_reference("core"),
        **{"command-line": line, "override-entrypoint": True, "inputs": []},
    )


def test_a_foreign_command_gets_the_services_mounts_and_variables(
    server: StandIn, client: Connection
) -> None:
    session = server.archive.sessions(PROJECT)[0]
    before = sorted(path.name for path in session.path.iterdir())
    line = "mkdir /output/made && ls /input > /output/made/seen && env > /output/made/env; touch /input/x"
    workflow = launch(client, add(client, shell("seeing", f"{line}; true")), session.id)
    assert end_of(server, workflow) == ("Complete", "")
    made = session.resource("RESULT")
    assert (made / "seen").read_text().split() == before
    given = dict(line.split("=", 1) for line in (made / "env").read_text().splitlines() if "=" in line)
    assert given["XNAT_HOST"] == server.url
    assert given["XNAT_WORKFLOW_ID"] == workflow
    assert not (session.path / "x").exists()
    (made / "env").unlink()


def test_a_container_that_is_killed_ends(server: StandIn, client: Connection) -> None:
    session = server.archive.sessions(PROJECT)[0]
    workflow = launch(client, add(client, shell("sleeping", "echo began; exec sleep 60")), session.id)
    while not client.get(f"/xapi/workflows/{workflow}/logs/stdout").text:
        assert not server.launches.wait(workflow, 0.05).ended
    client.post(f"/xapi/containers/{container_of(client, workflow)['id']}/kill")
    assert end_of(server, workflow)[0] == "Failed (Killed)"


def test_an_image_that_is_not_there_fails_at_the_launch(server: StandIn, client: Connection) -> None:
    session = server.archive.sessions(PROJECT)[0]
    workflow = launch(client, add(client, tool(name="absent", image="sarcoma/absent:0")), session.id)
    ended, reason = end_of(server, workflow)
    assert ended == "Failed (Container launch)"
    assert "sarcoma/absent:0 must be on this machine" in reason


def test_the_command_of_an_images_label_is_saved_and_is_the_steps_own(client: Connection) -> None:
    assert client.get("/xapi/docker/server/ping").text == "OK"
    held = client.get("/xapi/docker/images").json()
    assert CONVERT.image in [tag for image in held for tag in image["tags"]]
    (saved,) = client.post("/xapi/docker/images/save", query={"image": CONVERT.image}).json()
    labels = next(image["labels"] for image in held if CONVERT.image in image["tags"])
    (labelled,) = json.loads(labels["org.nrg.commands"])
    assert Command.from_json(saved) == Command.from_json(labelled, image=CONVERT.image)
