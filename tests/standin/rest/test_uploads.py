"""Files on their way in: all of them or none, and none but where it belongs."""

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import requests

from sarcoma_core.standin.server import StandIn
from tests.standin.conftest import LOGIN, PASSWORD, PROJECT

Named = list[tuple[str, tuple[str, bytes]]]


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture
def target(url: str, request: pytest.FixtureRequest) -> str:
    """URL of the files of a resource that is not there yet, one for each test."""
    label = "".join(c if c.isalnum() else "_" for c in request.node.name)[-40:]
    return f"{url}/data/projects/{PROJECT}/resources/R{label}/files"


def put(target: str, files: Named) -> int:
    return requests.post(target, files=files, auth=(LOGIN, PASSWORD), timeout=30).status_code


def held(target: str) -> set[str]:
    answer = requests.get(f"{target}?format=json", auth=(LOGIN, PASSWORD), timeout=30)
    if answer.status_code == 404:
        return set()
    return {row["Name"] for row in answer.json()["ResultSet"]["Result"]}


def beside(standin: StandIn) -> set[str]:
    """The files in the archive's folder and around it."""
    found = (path for path in standin.settings.archive.parent.rglob("*") if path.is_file())
    return {str(path) for path in found if not path.name.startswith(".standin.sqlite")}


@pytest.mark.parametrize("name", ["../../../x", "/etc/x", "a/../../x", "..\\x", "a//b", "a/./b", "x" * 300])
def test_a_part_of_a_form_with_a_hostile_name_is_refused_whole(
    standin: StandIn, target: str, name: str
) -> None:
    before = beside(standin)
    assert put(target, [("a", ("good", b"x")), ("b", (name, b"x"))]) == 400
    assert held(target) == set()
    assert beside(standin) == before


@pytest.mark.parametrize("names", [("dup", "dup/x"), ("dup/x", "dup"), ("a/b/c", "a/b")])
def test_a_name_that_is_a_file_and_a_folder_in_one_upload_is_refused_whole(
    target: str, names: tuple[str, ...]
) -> None:
    files: Named = [("f", (name, b"x")) for name in ("good", *names)]
    assert put(target, files) == 409
    assert held(target) == set()


def test_a_form_that_does_not_say_its_length_is_refused(target: str) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\nx\r\n--b--\r\n'

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = requests.post(target, data=pieces(), headers=headers, auth=(LOGIN, PASSWORD), timeout=30)
    assert answer.status_code == 411


def test_a_disk_without_room_refuses_an_upload_and_keeps_nothing_of_it(
    standin: StandIn, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = beside(standin)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: Usage(2**40, 2**40, 2**20))
        assert put(target, [("f", ("f", b"x" * 1000))]) == 507
        whole = requests.put(f"{target}/f", data=b"x" * 1000, auth=(LOGIN, PASSWORD), timeout=30)
        assert whole.status_code == 507
        zipped = f"{target.split('/data/', maxsplit=1)[0]}/data/services/import?project={PROJECT}"
        assert requests.post(zipped, data=b"x", auth=(LOGIN, PASSWORD), timeout=30).status_code == 507
    assert held(target) == set()
    assert beside(standin) == before


def test_a_disk_that_fills_up_while_files_are_put_in_place_leaves_the_earlier_ones_as_they_were(
    target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert put(target, [("f", ("kept", b"first"))]) == 200

    def full(_source: object, _target: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfileobj", full)
        assert put(f"{target}?overwrite=true", [("f", ("kept", b"second"))]) >= 500
    content = requests.get(f"{target}/kept", auth=(LOGIN, PASSWORD), timeout=30).content
    assert content == b"first"


@pytest.mark.parametrize(
    ("name", "kind"), [("x.html", "text/html"), ("x.svg", "image/svg+xml"), ("x.xml", "application/xml")]
)
def test_a_stored_page_is_shown_and_cannot_act(target: str, name: str, kind: str) -> None:
    assert put(target, [("f", (name, b"<script>alert(1)</script>"))]) == 200
    answer = requests.get(f"{target}/{name}", auth=(LOGIN, PASSWORD), timeout=30)
    assert answer.headers["Content-Type"].partition(";")[0] == kind
    policy = answer.headers["Content-Security-Policy"]
    assert "sandbox;" in policy
    assert "allow-scripts" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_link_in_the_archive_is_neither_shown_nor_written_through(
    standin: StandIn, target: str, tmp_path: Path
) -> None:
    assert put(target, [("f", ("good", b"x"))]) == 200
    label = target.split("/")[-2]
    folder = standin.settings.archive / PROJECT / "resources" / label
    (tmp_path / "secret").write_text("of the host")
    (folder / "link").symlink_to(tmp_path)
    (folder / "file").symlink_to(tmp_path / "secret")
    assert held(target) == {"good"}
    for name in ("link/secret", "file"):
        assert requests.get(f"{target}/{name}", auth=(LOGIN, PASSWORD), timeout=30).status_code == 404
        assert put(f"{target}/{name}?overwrite=true", [("f", ("x", b"changed"))]) == 404
    assert (tmp_path / "secret").read_text() == "of the host"
