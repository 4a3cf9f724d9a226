"""Whether a DICOM file is whole: pydicom reads a cut one without a word."""

import struct
from typing import BinaryIO

from pydicom.dataset import FileDataset
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    MRImageStorage,
    MRSpectroscopyStorage,
    PositronEmissionTomographyImageStorage,
    RawDataStorage,
)

from sarcoma_core.archive.values import is_there, read_text, read_whole, uid
from sarcoma_core.errors import DicomError

_UNDEFINED_LENGTH = 0xFFFFFFFF
_ITEM = (0xFFFE, 0xE000)
_ELEMENT_HEAD = 8
"""Bytes of a tag and its length (PS3.5, 7.1.3); explicit long forms have 12."""
_NO_PIXELS = (MRSpectroscopyStorage, RawDataStorage)
_LONG_VRS = (b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"UN")


def require_whole(dataset: FileDataset, sop_class: str, stream: BinaryIO, size: int) -> int:
    """Find a cut.

    Args:
        dataset: the header, read from the stream up to the pixel data.
        sop_class: SOPClassUID.
        stream: the file, where the header ended.
        size: of the file, bytes.

    Returns:
        Bytes of native pixel data beyond those that the header tells of; 0 for all other files.

    Raises:
        DicomError: the file ends too early, or an attribute that says how much it should hold is damaged.
    """
    if read_text(dataset.file_meta, "TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
        return 0  # inflated whole, or not at all
    little = dataset.original_encoding[1] is not False
    implicit = bool(dataset.original_encoding[0])
    order = "<" if little else ">"
    start = stream.tell()
    head = stream.read(12)
    if len(head) < _ELEMENT_HEAD:  # no pixel data follows
        _require_whole_header(dataset, sop_class, start, size)
        return 0
    if implicit or head[4:6] not in _LONG_VRS:
        (length,) = struct.unpack(order + "I", head[4:8])
        stream.seek(start + 8)
    else:
        (length,) = struct.unpack(order + "I", head[8:12])
    if length == _UNDEFINED_LENGTH:
        _require_whole_fragments(stream, size)
        return 0
    there = size - stream.tell()
    stated = _pixel_bytes(dataset)
    needed = max(length, stated)
    if there < needed or length < stated:
        raise DicomError(f"cut short: the pixel data must be {needed} bytes; found {min(there, length)}")
    return int(length) - stated


def _require_whole_header(dataset: FileDataset, sop_class: str, read_to: int, size: int) -> None:
    has_size = read_whole(dataset, "Rows") and read_whole(dataset, "Columns")
    if _stores_images(sop_class) or (has_size and _has_pixels(sop_class)):
        raise DicomError("cut short: an image must have pixel data; found none")
    last = max(dataset.keys(), default=None)
    raw = dataset.get_item(last) if last is not None else None
    value = getattr(raw, "value", None)
    length = getattr(raw, "length", None)
    cut = isinstance(value, bytes) and length not in (None, _UNDEFINED_LENGTH) and len(value) < length
    if cut or read_to > size:
        raise DicomError("cut short: the last element's value is incomplete")


def _require_whole_fragments(stream: BinaryIO, size: int) -> None:
    """Walk the items of encapsulated pixel data to its delimiter (PS3.5, A.4); always little endian."""
    while True:
        head = stream.read(_ELEMENT_HEAD)
        if len(head) < _ELEMENT_HEAD:
            raise DicomError("cut short: the compressed pixel data has no end")
        group, element, length = struct.unpack("<HHI", head)
        if (group, element) != _ITEM:
            return
        if stream.tell() + length > size:
            raise DicomError("cut short: a compressed frame is incomplete")
        stream.seek(length, 1)


def _stores_images(sop_class: str) -> bool:
    return sop_class in (CTImageStorage, MRImageStorage, PositronEmissionTomographyImageStorage)


def _has_pixels(sop_class: str) -> bool:
    """Whether objects with Rows and Columns must have pixels: spectra, raw data, private ones need not."""
    return not uid(sop_class).is_private and sop_class not in _NO_PIXELS


def _pixel_bytes(dataset: FileDataset) -> int:
    """Bytes of native pixel data, by the Image Pixel module (PS3.3, C.7.6.3)."""
    rows, columns, bits = (_count(dataset, k) or 0 for k in ("Rows", "Columns", "BitsAllocated"))
    samples = _count(dataset, "SamplesPerPixel") or 1
    if read_text(dataset, "PhotometricInterpretation") == "YBR_FULL_422":
        samples = 2
    return rows * columns * bits * samples * (_count(dataset, "NumberOfFrames") or 1) // 8


def _count(dataset: FileDataset, keyword: str) -> int | None:
    count = read_whole(dataset, keyword)
    if count is None and is_there(dataset, keyword):
        raise DicomError(f"{keyword} must be one whole number; found another form")
    return count
