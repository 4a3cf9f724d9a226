"""The pixels of a segmentation, decoded frame by frame: as numbers they would be 8 to 64 times as large.

Native frames are taken from the bytes of the file here; frames of one bit need not begin at a byte (PS3.5,
8.1.1). Compressed ones are decoded by pydicom, with what is installed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID, JPEGLSLossless

from sarcoma_core.archive.values import attempt, read_text, read_whole, uid
from sarcoma_core.errors import DicomError, SeriesRefused
from sarcoma_core.imaging.volume import Mask

SegKind = Literal["BINARY", "FRACTIONAL", "LABELMAP"]
"""SegmentationType (PS3.3, C.8.20.2)."""

LARGEST_FRAME = 2**26
"""Pixels of a frame: 8192 x 8192; what a few bytes may ask for else is 4 GB."""
_BITS: dict[SegKind, tuple[int, ...]] = {"BINARY": (1, 8), "FRACTIONAL": (8,), "LABELMAP": (8, 16)}
"""BitsAllocated (PS3.3, C.8.20.2.3); some write a binary one in bytes."""
_LABEL_MAP_STORAGE = "1.2.840.10008.5.1.4.1.1.66.7"
_START_OF_FRAME, _START_OF_SCAN = 0xF7, 0xDA
"""Markers of JPEG-LS: SOF55 and SOS (ISO 14495-1, C.1.1)."""


@dataclass(frozen=True, slots=True, eq=False)
class SegPixels:
    """The pixel data of a segmentation.

    Args:
        kind: SegmentationType.
        fraction: SegmentationFractionalType, or empty.
        rows: of a frame.
        columns: of a frame.
        bits: BitsAllocated.
        frames: NumberOfFrames.
        most: MaximumFractionalValue; 1 where it has none.
        dataset: the object, with PixelData.
        decoder: the transfer syntax that it needs a decoder for; None where it is native.
    """

    kind: SegKind
    fraction: str
    rows: int
    columns: int
    bits: int
    frames: int
    most: int
    dataset: Dataset
    decoder: UID | None

    def masks(self, indices: Sequence[int], number: int) -> Iterator[Mask]:
        """Where a segment is in frames, one after the other; of a fraction, where it is a half or more.

        Args:
            indices: of the frames, from 0.
            number: of the segment, which matters in a label map only.

        Yields:
            shape (rows, columns).

        Raises:
            SeriesRefused: a compressed frame is of another size.
        """
        for index in indices:
            values = self._native(index) if self.decoder is None else self._decoded(index, self.decoder)
            if self.kind == "LABELMAP":
                yield values == number
            elif self.kind == "FRACTIONAL":
                yield 2 * values.astype(np.uint16) >= self.most
            else:
                yield values != 0

    def _native(self, index: int) -> NDArray[np.generic]:
        count = self.rows * self.columns
        content, shape = self.dataset.PixelData, (self.rows, self.columns)
        if self.bits > 1:
            kind = np.dtype("<u2") if self.bits > 8 else np.dtype("u1")  # noqa: PLR2004  a byte
            return np.frombuffer(content, kind, count, index * count * kind.itemsize).reshape(shape)
        start = index * count
        first, behind = start // 8, -(-(start + count) // 8)
        packed = np.frombuffer(content, np.uint8, behind - first, first)
        bits = np.unpackbits(packed, bitorder="little")
        return bits[start - 8 * first :][:count].reshape(shape)

    def _decoded(self, index: int, syntax: UID) -> NDArray[np.generic]:
        if syntax == JPEGLSLossless:
            content = get_frame(self.dataset.PixelData, index, number_of_frames=self.frames)
            if _size_of_jpeg_ls(content) != (self.rows, self.columns):
                raise SeriesRefused("a compressed frame is not of Rows and Columns")
        values, _ = get_decoder(syntax).as_array(self.dataset, index=index, raw=True)
        if values.shape != (self.rows, self.columns):
            raise SeriesRefused("a compressed frame is not of Rows and Columns")
        return cast("NDArray[np.generic]", values)


def read_pixels(dataset: FileDataset) -> SegPixels:
    """The pixel data, with what says how to read them.

    Raises:
        DicomError: it contradicts itself, is too short or too large, or is encoded as nothing here decodes.
    """
    kind = _kind(dataset)
    bits, rows, columns, frames = (
        _count(dataset, keyword) for keyword in ("BitsAllocated", "Rows", "Columns", "NumberOfFrames")
    )
    if bits not in _BITS[kind]:
        wanted = " or ".join(map(str, _BITS[kind]))
        raise DicomError(f"BitsAllocated: must be {wanted} for SegmentationType {kind}; found {bits}.")
    if rows * columns > LARGEST_FRAME:
        raise DicomError(f"Rows x Columns: must be {LARGEST_FRAME} at most; found {rows * columns}.")
    if (read_whole(dataset, "SamplesPerPixel") or 1) != 1:
        raise DicomError("SamplesPerPixel: must be 1 in a segmentation; found another value.")
    content = dataset.get("PixelData")
    if not isinstance(content, bytes):
        raise DicomError("PixelData: must be present; found none.")
    decoder = _decoder(dataset)
    needed = -(-rows * columns * frames * bits // 8)
    if decoder is None and len(content) < needed:
        raise DicomError(f"PixelData: must be {needed} bytes for NumberOfFrames; found {len(content)}.")
    most = _count(dataset, "MaximumFractionalValue") if kind == "FRACTIONAL" else 1
    if most >= 2**bits:
        raise DicomError(f"MaximumFractionalValue: must be less than {2**bits}; found {most}.")
    fraction = read_text(dataset, "SegmentationFractionalType") if kind == "FRACTIONAL" else ""
    return SegPixels(kind, fraction, rows, columns, bits, frames, most, dataset, decoder)


def _kind(dataset: Dataset) -> SegKind:
    told = read_text(dataset, "SegmentationType")
    if not told and read_text(dataset, "SOPClassUID") == _LABEL_MAP_STORAGE:
        told = "LABELMAP"
    if told not in get_args(SegKind):
        found = "another" if told else "none"
        raise DicomError(f"SegmentationType: must be BINARY, FRACTIONAL or LABELMAP; found {found}.")
    return cast("SegKind", told)


def _count(dataset: Dataset, keyword: str) -> int:
    count = read_whole(dataset, keyword)
    if count is None or count < 1:
        raise DicomError(
            f"{keyword}: must be a whole number of 1 or more; found {'none' if count is None else count}."
        )
    return count


def _decoder(dataset: FileDataset) -> UID | None:
    """The transfer syntax that needs a decoder.

    Raises:
        DicomError: nothing that is installed decodes it, or it is big endian, which was retired in 2006.
    """
    if dataset.original_encoding[1] is False:
        raise DicomError("TransferSyntaxUID: must be little endian; found the retired big endian.")
    syntax = uid(read_text(dataset.file_meta, "TransferSyntaxUID"))
    if not attempt(lambda: syntax.is_compressed):
        return None
    if not attempt(lambda: get_decoder(syntax).is_available):
        raise DicomError(f"TransferSyntaxUID: must be one that can be decoded here; found {syntax.name}.")
    return syntax


def _size_of_jpeg_ls(content: bytes) -> tuple[int, int]:
    """Rows and columns of a JPEG-LS image, as a decoder would allocate them; 0 and 0 where it has no head."""
    place = 2
    while place + 9 <= len(content) and content[place] == 0xFF:  # noqa: PLR2004  every marker begins so
        marker = content[place + 1]
        if marker == _START_OF_FRAME:
            words: Any = np.frombuffer(content, ">u2", 2, place + 5)
            return int(words[0]), int(words[1])
        if marker == _START_OF_SCAN:
            break
        place += 2 + int.from_bytes(content[place + 2 : place + 4], "big")
    return 0, 0
