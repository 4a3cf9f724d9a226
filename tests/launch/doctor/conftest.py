"""A stand-in on which everything is installed: each test plants one fault."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from sarcoma_core.archive.store import Archive, Scan, Session
from sarcoma_core.launch.doctor import CheckScope, Finding, examine
from sarcoma_core.launch.doctor.facts import Probed
from sarcoma_core.launch.doctor.probing import run_probe
from sarcoma_core.launch.install.installing import carry_out, shipped_steps
from sarcoma_core.launch.install.plan import plan_install
from sarcoma_core.launch.install.reading import read_for_install
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from sarcoma_core.steps import step_named
from sarcoma_core.xnat.command.declaring import image_reference
from sarcoma_core.xnat.rest.connection import Connection, Login
from sarcoma_core.xnat.rest.service import ContainerService

PROJECT, SESSION, LOGIN, PASSWORD = "STS", "S1_MR", "admin", "a password of tests"


def install(service: ContainerService) -> None:
    """Every step, on for the site and the project."""
    shipped = shipped_steps()
    live = read_for_install(service, [one.step for one in shipped], [PROJECT], shipped[0].version)
    carry_out(service, plan_install(shipped, live, [PROJECT]))


@dataclass(frozen=True)
class Server:
    """A stand-in that listens, and a way to ask it."""

    standin: StandIn
    service: ContainerService

    @property
    def connection(self) -> Connection:
        return self.service.connection

    def set_backend(self, **changes: str) -> None:
        """Configure the compute backend."""
        body = {"name": "local", "host": "process://localhost", "backend": "docker"}
        named = {key.replace("_", "-"): value for key, value in changes.items()}
        self.connection.post("/xapi/docker/server", json={**body, **named})

    def probe(self, *, session: str = "") -> Probed:
        """Launch the probe."""
        image = image_reference("convert")
        return run_probe(self.service, PROJECT, step_named("convert"), image, session=session, seconds=60)

    def examine(self, *, with_probe: bool = False, **wishes: float) -> tuple[Finding, ...]:
        """Examine it."""
        scope = CheckScope(project=PROJECT, **wishes)  # type: ignore[arg-type]  # only numbers are wished for here
        return examine(self.service, scope, probe=self.probe if with_probe else None)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A stand-in with which nothing is wrong."""
    archive = Archive(tmp_path_factory.mktemp("standin") / "archive")
    scans = (Scan("1", "1.2", 1, "MR", "AX T1", 3),)
    path = archive.session_path(PROJECT, SESSION)
    path.mkdir(parents=True)
    archive.write(Session(PROJECT, SESSION, "SARCOMA_E1", "S1", "1.1", "", "20200101", scans, path))
    standin = StandIn(StandInSettings(archive.root, login=LOGIN, password=PASSWORD))
    with serving(standin) as url, Connection(Login(url, LOGIN, PASSWORD)) as connection:
        connected = Server(standin, ContainerService(connection))
        install(connected.service)
        connection.put("/xapi/events/prefs", json={"enabled": True})
        yield connected


@pytest.fixture
def server(shared: Server) -> Iterator[Server]:
    """The same, as it was before any test: what the server keeps is put back after each."""
    users, base = shared.standin.users, shared.standin.documents._base
    life, rows = users.token_life, base.execute("SELECT kind, key, body FROM document").fetchall()
    yield shared
    users.token_life = life
    base.execute("DELETE FROM document")
    base.executemany("INSERT INTO document (kind, key, body) VALUES (?, ?, ?)", rows)
    archive = shared.standin.archive
    shutil.rmtree(archive.session(PROJECT, SESSION).path / "RESOURCES", ignore_errors=True)
