"""Deflated DICOM (PS3.5, A.5): an honest file is read, one that would fill the memory is not."""

import zlib
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from sarcoma_core.archive import inflating
from sarcoma_core.archive.inflating import require_no_bomb
from sarcoma_core.archive.instance import read_instance
from sarcoma_core.errors import DicomError

LIMIT = 3 * 2**20


def deflated(export: Path, size: int, syntax: UID = DeflatedExplicitVRLittleEndian) -> bytes:
    """A DICOM file with a private element of zeros."""
    dataset = pydicom.dcmread(next(p for p in sorted(export.rglob("*")) if p.is_file()))
    del dataset.PixelData
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.private_block(0x0011, "zeros", create=True).add_new(1, "OB", b"\0" * size)
    made = BytesIO()
    dataset.save_as(made, enforce_file_format=True)
    return made.getvalue()


@pytest.mark.parametrize("size", [0, 2 * 2**20])
def test_an_honest_file_passes_and_is_at_its_start_again(export: Path, size: int) -> None:
    stream = BytesIO(deflated(export, size))
    require_no_bomb(stream, largest=LIMIT)
    assert stream.tell() == 0


def test_a_bomb_is_refused(export: Path) -> None:
    bomb = deflated(export, 4 * 2**20)
    assert len(bomb) < 2**16
    with pytest.raises(DicomError, match="deflated data set must be"):
        require_no_bomb(BytesIO(bomb), largest=LIMIT)


def test_a_bomb_without_the_length_of_its_meta_information_is_refused(export: Path) -> None:
    bomb = deflated(export, 4 * 2**20)
    without = bomb[:132] + bomb[144:]  # (0002,0000) is the first element: 12 bytes
    with pytest.raises(DicomError, match="deflated data set must be"):
        require_no_bomb(BytesIO(without), largest=LIMIT)


def test_what_is_not_deflated_may_be_as_large_as_it_is(export: Path) -> None:
    require_no_bomb(BytesIO(deflated(export, 4 * 2**20, ExplicitVRLittleEndian)), largest=LIMIT)


@pytest.mark.parametrize("content", [b"", b"DICM", b"\0" * 128 + b"DICM", b"x" * 1000, zlib.compress(b"x")])
def test_what_is_no_dicom_is_left_to_who_reads_it(content: bytes) -> None:
    require_no_bomb(BytesIO(content), largest=LIMIT)


def test_a_bomb_is_no_instance_of_an_archive(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(deflated(export, 2 * 2**20))
    assert read_instance(path).series_uid
    monkeypatch.setattr(inflating.require_no_bomb, "__kwdefaults__", {"largest": 2**20})
    with pytest.raises(DicomError, match="deflated data set must be"):
        read_instance(path)
