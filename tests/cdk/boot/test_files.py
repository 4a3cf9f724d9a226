"""A file appears whole, or not at all."""

import os
from pathlib import Path

import pytest

from sarcoma_cdk.boot import files


def test_a_file_is_written_once_and_has_its_mode_from_the_beginning(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    assert files.write(path, "text", mode=0o600)
    assert not files.write(path, "text", mode=0o600)
    assert files.write(path, "text", mode=0o644)
    assert files.write(path, "other", mode=0o644)
    assert path.read_text() == "other"


def test_a_write_that_is_cut_off_leaves_what_was_there_and_the_next_one_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    files.write(path, "before")
    with monkeypatch.context() as cut:
        cut.setattr(os, "fsync", _cut_off)
        with pytest.raises(KeyboardInterrupt):
            files.write(path, "after")
    assert path.read_text() == "before"
    files.write(path, "after")
    assert path.read_text() == "after"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def _cut_off(_: int) -> None:
    raise KeyboardInterrupt


def test_a_folder_that_a_container_has_taken_stays_as_it_is(tmp_path: Path) -> None:
    taken = tmp_path / "postgres"
    files.folder(taken, mode=0o700, owner=None)
    assert taken.stat().st_mode & 0o777 == 0o700
    taken.chmod(0o750)
    files.folder(taken, mode=0o700, owner=None)
    assert taken.stat().st_mode & 0o777 == 0o750


def test_the_checksum_is_that_of_fips_180(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    assert files.sha256(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
