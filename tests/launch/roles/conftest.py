"""An archive whose roles were told."""

import shutil
from pathlib import Path

import pytest

from sarcoma_core.archive.store import Archive
from tests.launch.roles.playing import told_archive


@pytest.fixture(scope="session")
def told(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Two synthetic patients whose roles were told; only copy it."""
    return told_archive(tmp_path_factory.mktemp("told") / "archive", cohort)


@pytest.fixture
def archive(told: Archive, tmp_path: Path) -> Archive:
    """A copy of it."""
    return Archive(Path(shutil.copytree(told.root, tmp_path / "archive")))
