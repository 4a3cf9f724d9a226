"""A disk that is full (a small tmpfs): told, nothing half-written, and going on once there is room."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 300 kB; mounting one needs root."""
    folder = tmp_path / "disk"
    folder.mkdir()
    line = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(line, check=False, capture_output=True).returncode:
        if os.environ.get("CI") == "true":
            pytest.fail("full-disk test: CI must be able to mount a tmpfs; it is not")
        pytest.skip("full-disk test: needs root, to mount a small tmpfs")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def grow(disk: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)


def sarcoma(*words: str | Path) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "sarcoma_core", *map(str, words)]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def test_import_and_run_tell_a_full_disk_and_go_on_when_there_is_room(export: Path, disk: Path) -> None:
    place = ("--archive", disk / "archive", "--project", "P")
    full = sarcoma("archive", "import", export, *place)
    assert full.returncode == 1
    assert full.stderr.splitlines()[-1].endswith("found: No space left on device.")
    assert "same import again" in full.stderr
    assert not list((disk / "archive" / "P" / "database").glob("*.json"))

    grow(disk, "2m")
    assert sarcoma("archive", "import", export, *place).returncode == 0
    used = sum(p.stat().st_size for p in disk.rglob("*") if p.is_file())
    grow(disk, f"{used // 1024 + 400}k")
    stopped = sarcoma("run", "prepare", *place)
    assert stopped.returncode == 3
    assert "the disk is full" in stopped.stdout
    assert "retry: sarcoma run prepare" in stopped.stdout
    assert [p.name for p in (disk / "archive").iterdir()] == ["P"]

    grow(disk, "100m")
    assert sarcoma("run", "prepare", *place).returncode == 0
