"""A scripted server for what the client says and how it takes faults."""

from collections.abc import Iterator

import pytest

from sarcoma_core.xnat.rest.connection import Connection, Login
from tests.xnat.double import PASSWORD, Double, running


@pytest.fixture
def server() -> Iterator[Double]:
    with running() as double:
        yield double


@pytest.fixture
def connection(server: Double) -> Iterator[Connection]:
    with Connection(Login(server.url, "mary", PASSWORD)) as connected:
        yield connected
