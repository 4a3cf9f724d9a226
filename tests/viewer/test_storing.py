"""Files on their way into Orthanc, on a double: what it refuses, what cannot be read, what stops it all."""

import json
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import SimpleNamespace

import pytest

from sarcoma_core.errors import OutputError, RunError
from sarcoma_core.viewer import storing
from sarcoma_core.viewer.holdings import HEAT_MAP, ShownFile, told
from sarcoma_core.viewer.orthanc import Orthanc
from sarcoma_core.viewer.storing import store
from tests.viewer.upstream import upstream


def takes_images(handler: BaseHTTPRequestHandler) -> None:
    """As Orthanc answers `/instances`: it takes what begins as an image, and has had one before."""
    content = handler.rfile.read(int(handler.headers["Content-Length"]))
    status = {b"image": "Success", b"again": "AlreadyStored", b"never": "FilteredOut"}.get(content)
    body = json.dumps({"Status": status}).encode()
    handler.send_response(200 if status else 400)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture
def orthanc(tmp_path: Path) -> Iterator[Orthanc]:
    with upstream(takes_images, tmp_path) as running:
        yield running


def file(folder: Path, name: str, content: bytes) -> ShownFile:
    path = folder / name
    path.write_bytes(content)
    return ShownFile(path, f"scan {name} of S")


def test_a_damaged_and_an_unreadable_file_stop_no_other(orthanc: Orthanc, tmp_path: Path) -> None:
    contents = {"1": b"image", "2": b"damaged", "3": b"again", "4": b"never"}
    files = [*(file(tmp_path, *one) for one in contents.items()), ShownFile(tmp_path, "scan 5 of S")]
    seen: list[None] = []
    stored = store(orthanc, files, done=lambda: seen.append(None))
    assert [one.file for one in stored] == files
    reasons = [one.reason for one in stored]
    assert reasons[0] == reasons[2] == ""
    assert "no DICOM" in reasons[1]
    assert "does not keep it" in reasons[3]
    assert "cannot be read" in reasons[4]
    assert len(seen) == len(files)


def test_no_reason_names_a_file(orthanc: Orthanc, tmp_path: Path) -> None:
    stored = store(orthanc, [file(tmp_path, "Doe_Jane", b"damaged")])
    assert "Doe" not in stored[0].reason


def test_a_damaged_seg_is_refused_before_it_is_sent(orthanc: Orthanc, tmp_path: Path) -> None:
    damaged = replace(file(tmp_path, "1", b"image"), kind="SEG")
    assert "the SEG" in store(orthanc, [damaged])[0].reason


@pytest.mark.parametrize(("spare", "fits"), [(0.9, False), (1.15, True)])
def test_a_disk_without_room_is_told_before_the_first_file(
    orthanc: Orthanc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, spare: float, fits: bool
) -> None:
    image = file(tmp_path, "1", b"image")
    free = SimpleNamespace(free=spare * len(b"image"))
    monkeypatch.setattr(storing.shutil, "disk_usage", lambda _: free)
    if fits:
        assert store(orthanc, [image])[0].reason == ""
    else:
        with pytest.raises(OutputError, match="TMPDIR"):
            store(orthanc, [image])


def test_an_orthanc_that_is_gone_ends_it(tmp_path: Path) -> None:
    with upstream(takes_images, tmp_path) as orthanc:
        pass
    with pytest.raises(RunError, match="does not answer"):
        store(orthanc, [file(tmp_path, "1", b"image")])


def test_what_is_shown_is_counted_in_words(tmp_path: Path) -> None:
    images = [ShownFile(tmp_path, "scan 1 of S")] * 2
    drawn = [ShownFile(tmp_path, "scan 2 of S", kind) for kind in ("SEG", "RTSTRUCT", "SEG")]
    assert told(2, [*images, *drawn]) == "2 sessions, 2 images, 3 SEG or RTSTRUCT"
    maps = [ShownFile(tmp_path, "PREDICTION M of S", HEAT_MAP)]
    assert told(1, [*images, *maps]) == "1 session, 2 images, 0 SEG or RTSTRUCT, 1 heat map"
    assert told(1, images[:1]) == "1 session, 1 image, 0 SEG or RTSTRUCT"
