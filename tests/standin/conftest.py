"""A stand-in that serves the phantom's cohort, and a connection to it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Archive
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from sarcoma_core.xnat.rest.connection import Connection, Login

PROJECT, LOGIN, PASSWORD = "STS", "admin", "a password of tests"


@pytest.fixture(scope="session")
def imported(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with the cohort in project `STS`; only copy it."""
    folder = tmp_path_factory.mktemp("imported") / "archive"
    import_folder(Archive(folder), PROJECT, cohort)
    return folder


@pytest.fixture(scope="module")
def standin(imported: Path, tmp_path_factory: pytest.TempPathFactory) -> StandIn:
    """A stand-in over an archive of its own, one for each test module; `url` serves and closes it."""
    folder = tmp_path_factory.mktemp("standin") / "archive"
    shutil.copytree(imported, folder)
    return StandIn(StandInSettings(folder, login=LOGIN, password=PASSWORD))


@pytest.fixture(scope="module")
def url(standin: StandIn) -> Iterator[str]:
    """Where it listens."""
    with serving(standin) as address:
        yield address


@pytest.fixture(scope="module")
def connection(url: str) -> Iterator[Connection]:
    """A connection of its administrator."""
    with Connection(Login(url, LOGIN, PASSWORD)) as connected:
        yield connected
