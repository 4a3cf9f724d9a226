"""The folder behind each mount, as the Container Service makes it."""

from pathlib import Path

import pytest

from sarcoma_core.runners.staging import stage
from sarcoma_core.xnat.resolution.objects import session_object
from sarcoma_core.xnat.resolution.resolving import ResolvedCommand, resolve
from tests.xnat.launches import SESSION, command, small_archive


def resolved(root: Path, *, writable: bool, name: str = "in") -> ResolvedCommand:
    """A command whose mount the session feeds, and one that nothing feeds."""
    session = small_archive(root).session("STS", "S1")
    mounts = [{"name": name, "path": "/input", "writable": writable}, {"name": "out", "path": "/output"}]
    feeding = {**SESSION, "provides-files-for-command-mount": name}
    declared = command(mounts=mounts, **{"external-inputs": [feeding]})
    return resolve(declared, None, session_object(session), {})


def test_what_is_only_read_is_the_archives_own_and_what_nothing_feeds_is_empty(tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    folders = stage(resolved(tmp_path, writable=False), tmp_path / "build")
    assert folders["in"] == tmp_path / "STS/arc001/S1"
    assert list(folders["out"].iterdir()) == []


def test_a_writable_mount_is_a_copy_that_the_archive_does_not_see_changes_of(tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    copy = stage(resolved(tmp_path, writable=True), tmp_path / "build")["in"]
    original = tmp_path / "STS/arc001/S1/SCANS/4/DICOM/1.dcm"
    (copy / "SCANS/4/DICOM/1.dcm").write_bytes(b"changed")
    assert copy.is_relative_to(tmp_path / "build")
    assert original.read_bytes() == b"1234"


@pytest.mark.parametrize("name", ["../../elsewhere", "/elsewhere", "a/b"])
def test_the_name_of_a_mount_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    (tmp_path / "build").mkdir()
    folders = stage(resolved(tmp_path, writable=True, name=name), tmp_path / "build")
    assert all(folder.parent == tmp_path / "build" for folder in folders.values())
