"""The repository itself: no DICOM, and documentation that holds."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def refuse(*paths: Path) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, str(ROOT / "tools" / "no_dicom.py"), *map(str, paths)]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def test_no_tracked_file_is_dicom() -> None:
    assert refuse(*tracked()).returncode == 0


def test_the_hook_refuses_dicom_under_any_name(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"\0" * 128 + b"DICM")
    done = refuse(path)
    assert done.returncode == 1
    assert "must not be committed" in done.stderr
