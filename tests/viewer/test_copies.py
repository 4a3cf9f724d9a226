"""The copy of the images: nobody else reads it, and it is gone, at the end or at the next start."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sarcoma_core.errors import OutputError
from sarcoma_core.runners.owned_folders import sweep
from sarcoma_core.viewer import copies
from sarcoma_core.viewer.copies import COPY_PREFIX, copy_folder

PATIENCE = 20


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def ended() -> int:
    """The number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait(PATIENCE)
    return process.pid


def left_by(process: int, root: Path) -> Path:
    folder = root / f"sarcoma-view-{process}-abc"
    folder.mkdir()
    (folder / "image").write_bytes(b"a patient's")
    return folder


def test_it_is_this_users_alone_and_gone_afterwards(temporary: Path) -> None:
    with copy_folder() as folder:
        assert folder.parent == temporary
        assert folder.stat().st_mode & 0o077 == 0
        (folder / "image").write_bytes(b"a patient's")
    assert not list(temporary.iterdir())


def test_it_is_gone_after_an_error_too(temporary: Path) -> None:
    with pytest.raises(KeyError), copy_folder():
        raise KeyError
    assert not list(temporary.iterdir())


def test_a_start_sweeps_what_a_killed_one_left_and_nothing_else(temporary: Path) -> None:
    left, living = left_by(ended(), temporary), left_by(os.getppid(), temporary)
    others = [temporary / f"sarcoma-view-{name}" for name in ("notes", f"{ended()}")]
    for one in others:
        one.mkdir()
    with copy_folder() as folder:
        assert not left.exists()
        assert all(one.is_dir() for one in (folder, living, *others))


def test_a_link_of_that_name_is_not_followed(
    temporary: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "file").touch()
    (temporary / f"sarcoma-view-{ended()}-abc").symlink_to(elsewhere)
    sweep(temporary, COPY_PREFIX)
    assert (elsewhere / "file").is_file()


def test_a_file_that_comes_while_it_is_deleted_goes_as_well(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []
    delete = copies.shutil.rmtree

    def rmtree(folder: Path, *, ignore_errors: bool) -> None:
        tries.append("")
        if len(tries) > 1:  # the first time something was laid in
            delete(folder, ignore_errors=ignore_errors)

    monkeypatch.setattr(copies.shutil, "rmtree", rmtree)
    with copy_folder():
        pass
    assert not list(temporary.iterdir())


def test_a_copy_that_cannot_be_deleted_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies.shutil, "rmtree", lambda *_, **__: None)
    monkeypatch.setattr(copies, "_BEAT", 0)
    with pytest.raises(OutputError, match="still there") as told, copy_folder() as folder:
        pass
    assert str(folder) in (told.value.hint or "")


def test_two_at_once_are_apart() -> None:
    with copy_folder() as one, copy_folder() as other:
        assert one != other
        assert one.is_dir()
