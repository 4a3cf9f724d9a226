"""A server for unmodified clients: the stand-in, or the one that SARCOMA_TEST_XNAT names.

Nothing here or in the tests beside relies on what the stand-in is inside.
"""

import os
import secrets
import uuid
from collections.abc import Iterator
from typing import NamedTuple

import pytest
import requests

from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving


class Server(NamedTuple):
    """Where the clients connect to."""

    url: str
    user: str
    password: str


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server."""
    named = os.environ.get("SARCOMA_TEST_XNAT")
    if named:
        yield Server(named.rstrip("/"), os.environ["XNAT_USER"], os.environ["XNAT_PASS"])
        return
    settings = StandInSettings(tmp_path_factory.mktemp("contract") / "archive", password=secrets.token_hex())
    with serving(StandIn(settings)) as url:
        yield Server(url, settings.login, settings.password)


@pytest.fixture
def project(server: Server) -> Iterator[str]:
    """A new project, deleted with all that is in it."""
    name = f"T{uuid.uuid4().hex[:10]}"
    login = (server.user, server.password)
    requests.put(f"{server.url}/data/projects/{name}", auth=login, timeout=30).raise_for_status()
    yield name
    requests.delete(
        f"{server.url}/data/projects/{name}", params={"removeFiles": "true"}, auth=login, timeout=30
    ).raise_for_status()
