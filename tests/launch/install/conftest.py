"""A server that answers as the Container Service does: a stand-in, over REST."""

from collections.abc import Iterator

import pytest

from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from sarcoma_core.xnat.rest.connection import Connection, Login, at
from sarcoma_core.xnat.rest.service import ContainerService
from tests.xnat.double import PASSWORD


def clear(service: ContainerService) -> None:
    """Delete every command."""
    for command in service.commands():
        service.delete(command.id)


@pytest.fixture(scope="module")
def standin_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerService]:
    """A stand-in with two projects, and its administrator."""
    folder = tmp_path_factory.mktemp("standin")
    with (
        serving(StandIn(StandInSettings(folder, login="mary", password=PASSWORD))) as url,
        Connection(Login(url, "mary", PASSWORD)) as connection,
    ):
        for project in ("P", "Q"):
            connection.put(at("data", "projects", project))
        yield ContainerService(connection)


@pytest.fixture
def service(standin_service: ContainerService) -> ContainerService:
    """The same, without any command."""
    clear(standin_service)
    return standin_service
