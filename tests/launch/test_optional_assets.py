"""An asset that a step can do without has an empty resource in the project, and stays as good as none."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sarcoma_core.interface import Asset, AssetSpec
from sarcoma_core.launch.assets import choose_assets
from sarcoma_core.launch.optional_assets import make_room
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from sarcoma_core.steps import STEPS
from sarcoma_core.xnat.rest.connection import Connection, Login
from sarcoma_core.xnat.rest.filing import put_resource_file
from sarcoma_core.xnat.rest.holdings import RemoteResources
from sarcoma_core.xnat.rest.remote import RemoteTarget
from tests.standin.conftest import LOGIN, PASSWORD

PROJECT = RemoteTarget("project", "P", "P")


STEP = replace(STEPS[0], assets=(AssetSpec("rules", Asset("RULES", "rules", optional=True)),))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("standin")
    with serving(StandIn(StandInSettings(folder, login=LOGIN, password=PASSWORD))) as address:
        with Connection(Login(address, LOGIN, PASSWORD)) as connection:
            connection.put("/data/projects/P")
            connection.post("/xapi/users", json={"username": "otto", "password": PASSWORD})
            connection.put("/data/projects/P/users/Collaborators/otto")
        yield address


@pytest.fixture
def connection(url: str) -> Iterator[Connection]:
    with Connection(Login(url, LOGIN, PASSWORD)) as connected:
        yield connected
        connected.delete(f"{PROJECT.path}/resources/RULES", {"removeFiles": "true"}, accept=(404,))


def test_it_is_made_once_and_the_step_is_given_nothing(connection: Connection) -> None:
    assert make_room(connection, "P", STEP) == ("RULES",)
    assert make_room(connection, "P", STEP) == ()
    own = RemoteResources(connection, PROJECT)
    assert own.labels() == ("RULES",)
    assert choose_assets(STEP, "P", own, {}) == {}


def test_one_that_is_there_keeps_its_files(connection: Connection) -> None:
    put_resource_file(connection, PROJECT, "RULES", "rules.json", b"{}")
    assert make_room(connection, "P", STEP) == ()
    assert RemoteResources(connection, PROJECT).content("RULES", "rules.json") == b"{}"


@pytest.mark.parametrize(("label", "optional"), [("RULES", False), ("RULES_*", True)])
def test_one_that_the_step_needs_and_one_of_many_names_are_nobodys_to_make(
    connection: Connection, label: str, *, optional: bool
) -> None:
    asset = AssetSpec("rules", Asset(label, "rules", optional=optional))
    assert make_room(connection, "P", replace(STEP, assets=(asset,))) == ()
    assert RemoteResources(connection, PROJECT).labels() == ()


def test_a_user_who_may_not_change_the_project_is_not_stopped_by_it(url: str, connection: Connection) -> None:
    with Connection(Login(url, "otto", PASSWORD)) as otto:
        assert make_room(otto, "P", STEP) == ()
    assert RemoteResources(connection, PROJECT).labels() == ()
