"""Imports that were made to do harm: by names, by headers, and by what comes out of them."""

import io
import shutil
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest
import requests
from pydicom.uid import DeflatedExplicitVRLittleEndian

from sarcoma_core.archive import inflating
from sarcoma_core.standin.server import StandIn, StandInSettings
from sarcoma_core.standin.serving import serving
from tests.standin.conftest import LOGIN, PASSWORD, PROJECT

_CONTENT = 0x0040A730
"""ContentSequence."""
_ITEM, _END_OF_ITEM, _END = (
    struct.pack("<HHI", 0xFFFE, e, n) for e, n in ((0xE000, 2**32 - 1), (0xE00D, 0), (0xE0DD, 0))
)
_SEQUENCE = struct.pack("<HH2sHI", _CONTENT >> 16, _CONTENT & 0xFFFF, b"SQ", 0, 2**32 - 1)


@pytest.fixture
def server(imported: Path, tmp_path: Path) -> Iterator[StandIn]:
    folder = shutil.copytree(imported, tmp_path / "place" / "archive")
    with serving(standin := StandIn(StandInSettings(folder, login=LOGIN, password=PASSWORD))):
        yield standin


@pytest.fixture
def dataset(export: Path) -> pydicom.Dataset:
    """The header of an MR image; what is set to no legal value is written as it is."""
    first = next(path for path in sorted(export.rglob("*")) if path.is_file())
    found = pydicom.dcmread(first)
    found.PatientID, found.StudyInstanceUID = "NOBODY", "1.2.3"
    return found


def as_file(dataset: pydicom.Dataset) -> bytes:
    made = io.BytesIO()
    dataset.save_as(made, enforce_file_format=True)
    return made.getvalue()


def send(server: StandIn, members: dict[str, bytes], **query: str) -> requests.Response:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return requests.post(
        f"{server.url}/data/services/import",
        params={"project": PROJECT, **query},
        data=packed.getvalue(),
        headers={"Content-Type": "application/zip"},
        auth=(LOGIN, PASSWORD),
        timeout=60,
    )


def outside(server: StandIn) -> set[Path]:
    """What lies where nothing may: beside the archive, and in it beside the project's sessions."""
    root = server.settings.archive
    beside = {path for path in root.parent.rglob("*") if root not in path.parents}
    return beside | {path for path in root.iterdir() if not path.name.startswith(".standin")}


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
@pytest.mark.parametrize(
    "hostile",
    [
        {"PatientID": "../../../x"},
        {"PatientID": ".."},
        {"PatientID": "/etc/x"},
        {"PatientID": "x\x00y/../.."},
        {"Modality": "../../x"},
        {"StudyDate": "../../.."},
        {"SeriesDescription": "../<script>alert(1)</script>"},
        {"SeriesNumber": "-5"},
    ],
)
def test_no_value_of_a_header_leads_out_of_the_archive(
    server: StandIn, dataset: pydicom.Dataset, hostile: dict[str, Any]
) -> None:
    before = outside(server)
    for keyword, value in hostile.items():
        setattr(dataset, keyword, value)
    answer = send(server, {"a.dcm": as_file(dataset)})
    assert answer.status_code == 200, answer.text
    # The folder in which uploads wait.
    assert outside(server) - before <= {server.settings.archive / ".prearchive"}
    label = answer.text.strip().rpartition("/")[2]
    assert server.tree.session(label, PROJECT).path.parent == server.settings.archive / PROJECT / "arc001"


@pytest.mark.parametrize(
    "query",
    [
        {"session": "../../x"},
        {"subject": "../../x", "session": ".."},
        {"dest": "/archive/projects/STS/subjects/../experiments/.."},
        {"dest": "/archive/projects/../../etc/subjects/x"},
        {"project": "../STS"},
        {"project": ".."},
    ],
)
def test_no_name_of_a_request_leads_out_of_the_archive(
    server: StandIn, dataset: pydicom.Dataset, query: dict[str, str]
) -> None:
    before = outside(server)
    answer = send(server, {"a.dcm": as_file(dataset)}, **query)
    assert answer.status_code in (200, 400, 404)
    assert ".." not in answer.text or answer.status_code != 200
    assert outside(server) - before <= {server.settings.archive / ".prearchive"}


def nested(dataset: pydicom.Dataset, depth: int) -> bytes:
    """A file that has, before its pixels, a sequence in a sequence in a sequence."""
    before = pydicom.Dataset({element.tag: element for element in dataset if element.tag < _CONTENT})
    before.file_meta = dataset.file_meta
    pixels = struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OW", 0, len(dataset.PixelData)) + bytes(
        dataset.PixelData
    )
    return as_file(before) + (_SEQUENCE + _ITEM) * depth + (_END_OF_ITEM + _END) * depth + pixels


def test_a_header_without_an_end_or_one_that_fills_the_memory_stops_no_other_file(
    server: StandIn, dataset: pydicom.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, deep = as_file(dataset), nested(dataset, 5000)
    assert send(server, {"a.dcm": nested(dataset, 2)}, session="CONTROL").status_code == 200
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dataset.private_block(0x0011, "zeros", create=True).add_new(1, "OB", b"\0" * (2 * 2**20))
    bomb = as_file(dataset)
    monkeypatch.setattr(inflating.require_no_bomb, "__kwdefaults__", {"largest": 2**20})
    for harm, reason in ((deep, "RecursionError"), (bomb, "deflated data set")):
        refused = send(server, {"a.dcm": harm}, **{"import-handler": "DICOM-zip"})
        assert refused.status_code == 400
        assert reason in refused.text
    answer = send(server, {"a.dcm": deep, "b.dcm": good, "c.dcm": bomb}, session="GOOD")
    assert answer.status_code == 200
    (scan,) = server.tree.session("GOOD", PROJECT).scans
    assert scan.frames == 1
