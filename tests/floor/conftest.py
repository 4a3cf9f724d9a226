"""An archive with the phantom's cohort, and the steps of the tests among ours in this process."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Archive
from tests.floor.tools import ALL, PROJECT, Site, served


@pytest.fixture(scope="module")
def known() -> Iterator[None]:
    """`step_named` finds the steps of the tests too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sarcoma_core.steps.STEPS", ALL)
        yield


@pytest.fixture(scope="session")
def floor_import(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of two patients with two scans each; only copy it."""
    root = tmp_path_factory.mktemp("floor") / "archive"
    import_folder(Archive(root), PROJECT, cohort)
    return root


@pytest.fixture(scope="module")
def module_archive(floor_import: Path, tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """A copy for one module."""
    return Archive(Path(shutil.copytree(floor_import, tmp_path_factory.mktemp("copy") / "archive")))


@pytest.fixture
def archive(floor_import: Path, tmp_path: Path) -> Archive:
    """A copy for one test."""
    return Archive(Path(shutil.copytree(floor_import, tmp_path / "archive")))


@pytest.fixture
def site(archive: Archive, tmp_path: Path) -> Iterator[Site]:
    """A stand-in over the archive."""
    with served(archive.root, tmp_path) as found:
        yield found
