"""What the tests of the floor share: a command line and a stand-in that have the steps of the tests."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.runners.local import LocalRunner
from sarcoma_core.runners.running import Runner
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from sarcoma_core.steps import STEPS
from sarcoma_core.xnat.command.declaring import command_for
from sarcoma_core.xnat.rest.connection import Connection, Login
from sarcoma_core.xnat.rest.service import ContainerService
from tests.floor.steps import FLOOR

PROJECT, LOGIN, PASSWORD = "STS", "admin", "a password of tests"
PROGRAM = (sys.executable, str(Path(__file__).with_name("run.py")))
"""Our command line, which knows the steps of the tests too."""
ALL = (*STEPS, *FLOOR)

Json = dict[str, Any]


def local() -> LocalRunner:
    """Runs our steps and those of the tests."""
    return LocalRunner(PROGRAM, ALL)


@dataclass(frozen=True)
class Said:
    """How a command line ended."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[Json]:
        """The rows that it told programs (`-o json`)."""
        found: list[Json] = json.loads(self.out)
        return found


def sarcoma(*words: object, **variables: str) -> Said:
    """A command line, to its end."""
    ended = subprocess.run(
        [*PROGRAM, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **variables},
    )
    return Said(ended.returncode, ended.stdout, ended.stderr)


def put_asset(archive: Archive, label: str, text: str = "") -> Path:
    """A resource of the project with one file, as a person puts it there by hand."""
    folder = archive.resources_path(PROJECT) / label
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights.txt").write_text(text or label, encoding="utf-8")
    return folder


def told(folder: Path) -> Json:
    """What a step of the tests wrote."""
    found: Json = json.loads((folder / "told.json").read_text(encoding="utf-8"))
    return found


@dataclass(frozen=True)
class Site:
    """A stand-in that serves with all steps enabled, and its administrator."""

    standin: StandIn
    connection: Connection
    folder: Path

    @property
    def archive(self) -> Archive:
        return self.standin.archive

    @property
    def sessions(self) -> tuple[Session, ...]:
        return self.archive.sessions(PROJECT)

    @property
    def service(self) -> ContainerService:
        return ContainerService(self.connection)

    @property
    def variables(self) -> dict[str, str]:
        """What tells our command line where the server is, and where its ledger."""
        return {
            "XNAT_HOST": self.connection.server,
            "XNAT_USER": LOGIN,
            "XNAT_PASS": PASSWORD,
            "XDG_STATE_HOME": str(self.folder / "state"),
        }

    def xnat(self, verb: str, *words: object) -> Said:
        """`sarcoma xnat VERB ... -o json` in the project, to its end."""
        return sarcoma("xnat", verb, *words, "--project", PROJECT, "-o", "json", **self.variables)

    def outcomes(self, verb: str, *words: object) -> dict[str, str]:
        """What it said became of each object."""
        said = self.xnat(verb, *words)
        assert said.out, said.err
        return {row["session"]: row["outcome"] for row in said.rows}

    def launches(self) -> Counter[tuple[str, str]]:
        """How many workflows there are, by wrapper and the object in whose history they are shown."""
        found = self.standin.launches.records.newest(project=PROJECT)
        return Counter((workflow.pipeline, workflow.session) for workflow in found)

    def file(self, path: str) -> bytes:
        """A file below `/data`, over REST."""
        return self.connection.get(f"/data/{path}").content

    def wrapper(self, name: str) -> int:
        """The number of a wrapper."""
        held = (wrapper for command in self.service.commands() for wrapper in command.wrappers)
        return next(wrapper.id for wrapper in held if wrapper.name == name)

    def click(self, name: str, root: str, uri: str, **values: str) -> tuple[str, str]:
        """Launch a wrapper as the page does, and wait; gives the status and the reason of the workflow."""
        launched = self.service.launch(PROJECT, self.wrapper(name), root, {root: uri, **values})
        ended = self.standin.launches.wait(launched.workflow_id, 120)
        assert ended.ended
        return ended.status, ended.reason


@contextmanager
def served_copy(archive: Archive, folder: Path) -> Iterator[Site]:
    """A stand-in over a copy of an archive, which lies in a folder with all that it writes."""
    shutil.copytree(archive.root, folder / "archive")
    with served(folder / "archive", folder) as found:
        yield found


@contextmanager
def served(archive: Path, folder: Path, runner: Runner | None = None) -> Iterator[Site]:
    """A stand-in over an archive, with all steps enabled for the site and the project."""
    settings = StandInSettings(archive, login=LOGIN, password=PASSWORD)
    standin = StandIn(settings, runner or local())
    with serving(standin) as url, Connection(Login(url, LOGIN, PASSWORD)) as connection:
        service = ContainerService(connection)
        for step in ALL:
            for wrapper in service.command(service.add(command_for(step).to_json())).wrappers:
                service.set_enabled(wrapper.id, True)
                service.set_enabled(wrapper.id, True, PROJECT)
        yield Site(standin, connection, folder)
