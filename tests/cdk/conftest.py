"""Both example sites, deployed to an emulator of AWS once in a session (with the extra `cdk`)."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cdk.emulator.deploying import Deployment

collect_ignore_glob = (
    [] if find_spec("aws_cdk") and find_spec("moto") else ["test_deploy.py", "emulator/test_*.py"]
)


def _site(name: str, folders: pytest.TempPathFactory) -> "Iterator[Deployment]":
    from tests.cdk.emulator.deploying import deployed  # noqa: PLC0415  of the extra

    with deployed(name, folders.mktemp(name)) as deployment:
        yield deployment


@pytest.fixture(scope="session")
def example_on_aws(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Deployment]":
    """Site `example` on an emulator; a test that breaks something does it in `put_back_after()`."""
    yield from _site("example", tmp_path_factory)


@pytest.fixture(scope="session")
def university_on_aws(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Deployment]":
    """Site `university` on another emulator."""
    yield from _site("university", tmp_path_factory)
