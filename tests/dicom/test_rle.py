"""RLE Lossless, by the rules of PS3.5, annex G; files are compressed by pydicom."""

import struct
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import RLELossless

from sarcoma_core.dicom.convert import convert_scan
from sarcoma_core.dicom.rle import require_whole_runs
from sarcoma_core.dicom.scan import Status
from sarcoma_core.errors import SeriesRefused
from tests.dicom.series_maker import Stack, save
from tests.dicom.truth import assert_same_image

STACK = Stack()


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    (tmp_path / "out").mkdir()
    paths = save(STACK.datasets(), tmp_path / "in")
    for path in paths:
        dataset = pydicom.dcmread(path)
        dataset.compress(RLELossless)
        dataset.save_as(path)
    return paths


def edit(path: Path, change: Callable[[bytearray], None]) -> None:
    """Change the one frame of a file, header and segments."""
    content = bytearray(path.read_bytes())
    start = content.rfind(b"\xfe\xff\x00\xe0") + 8
    frame = content[start:-8]
    change(frame)
    path.write_bytes(bytes(content[:start] + frame + content[-8:]))


def put(place: int, number: int) -> Callable[[bytearray], None]:
    def change(frame: bytearray) -> None:
        frame[place : place + 4] = struct.pack("<I", number)

    return change


def swap(frame: bytearray) -> None:
    frame[4:8], frame[8:12] = frame[8:12], frame[4:8]


def overwrite(frame: bytearray) -> None:
    frame[64:84] = b"\x7f" * 20


def test_whole_runs_are_converted(files: list[Path], tmp_path: Path) -> None:
    conversion = convert_scan(files, tmp_path / "out", name="1")

    assert conversion.status is Status.CONVERTED
    assert_same_image(conversion.files[0], STACK.stored, STACK.affine)


@pytest.mark.parametrize(
    "damage",
    [put(0, 1), put(0, 3), put(4, 60), put(8, 64), put(8, 2**20), swap, overwrite],
    ids=["one segment", "three", "early", "twice the first", "beyond the end", "swapped", "overwritten"],
)
def test_damaged_runs_refuse_the_scan(
    files: list[Path], tmp_path: Path, damage: Callable[[bytearray], None]
) -> None:
    edit(files[3], damage)

    with pytest.raises(SeriesRefused, match="RLE Lossless"):
        require_whole_runs(files[3])
    assert convert_scan(files, tmp_path / "out", name="1").status is Status.REFUSED
