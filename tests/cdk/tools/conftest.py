"""An AWS account that is none (moto), and a site's file for it."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cdk.tools.account import Account
    from tests.cdk.tools.planning import Ready

# Without the extra `cdk` these modules could not even be read.
collect_ignore_glob = [] if find_spec("boto3") and find_spec("moto") else ["test_*.py"]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> "Iterator[Account]":
    """An empty account."""
    from moto import mock_aws  # noqa: PLC0415  of the extra

    from tests.cdk.tools.account import Account  # noqa: PLC0415  as above

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # ten thousand of them, for each test
    with mock_aws():
        yield Account(tmp_path)


@pytest.fixture
def ready(account: "Account", monkeypatch: pytest.MonkeyPatch) -> "Ready":
    """The account made ready for a site: gives what the plan finds wrong there, by its rule."""
    from tests.cdk.tools.planning import prepare  # noqa: PLC0415  of the extra

    return prepare(account, monkeypatch)
