"""A lock is read whole and of its own site, or refused; it is written whole or not at all."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from sarcoma_cdk.config import Publication, lock_path, read_publication, write_publication
from sarcoma_cdk.errors import ConfigError

pytestmark = pytest.mark.cdk

SHA = "0123456789abcdef" * 4
LOCK = Publication(
    site="example",
    machine_image="ami-0123456789abcdef0",
    publication=SHA,
    bundle=SHA,
    images={"convert": f"sarcoma-example/convert:0.4.0@sha256:{SHA}"},
    artefacts={"docker-compose": SHA},
)


def written(folder: Path, **changes: Any) -> Path:
    path = folder / "example.lock.json"
    path.write_text(json.dumps({**dataclasses.asdict(LOCK), **changes}), "utf-8")
    return path


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = lock_path(tmp_path / "example.yaml")
    write_publication(path, LOCK)
    assert path.name == "example.lock.json"
    assert read_publication(path, "example") == LOCK
    assert [each.name for each in tmp_path.iterdir()] == ["example.lock.json"]


def test_before_the_first_publication_there_is_none(tmp_path: Path) -> None:
    assert read_publication(tmp_path / "example.lock.json", "example") is None


def test_the_lock_of_another_site_is_refused_by_both_names(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"must be the lock of site muhc; it is that of example\."):
        read_publication(written(tmp_path), "muhc")


@pytest.mark.parametrize(
    "changes",
    [
        {"machine_image": "ami-1"},
        {"machine_image": None},
        {"publication": SHA[:-1]},
        {"bundle": SHA.upper()},
        {"bundle": 7},
        {"images": {"convert": "sarcoma-example/convert:0.4.0"}},
        {"images": {"convert": f"sarcoma-example/convert@sha256:{SHA}"}},
        {"images": []},
        {"artefacts": {"docker-compose": "x"}},
        {"artefacts": None},
        {"more": 1},
    ],
    ids=str,
)
def test_a_damaged_lock_is_refused_with_what_to_do(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(
        ConfigError, match=r"as `sarcoma-site publish` writes it; it is not\. Restore it from git"
    ):
        read_publication(written(tmp_path, **changes), "example")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"site": "example"}'])
def test_half_a_lock_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "example.lock.json"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match="as `sarcoma-site publish` writes it"):
        read_publication(path, "example")


def test_a_lock_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space"):
        write_publication(path, dataclasses.replace(LOCK, site="other"))
    assert path.read_bytes() == before
