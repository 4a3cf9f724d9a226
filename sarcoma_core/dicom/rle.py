"""Whether run-length encoded pixels are whole: both readers fill in what is lacking, and agree on it."""

import struct
from collections.abc import Iterator
from pathlib import Path

import pydicom
from pydicom.encaps import generate_frames

from sarcoma_core.archive.fence import reading_quietly
from sarcoma_core.archive.values import read_whole
from sarcoma_core.errors import SeriesRefused

_HEAD = 64
"""Bytes of the header: the number of segments, and up to 15 offsets (PS3.5, G.3.2)."""


def require_whole_runs(path: Path) -> None:
    """Require that every segment of a file in RLE Lossless decodes to just the pixels of its plane.

    Raises:
        SeriesRefused: a segment is not where its header says, or decodes to another number of bytes.
        OSError: the file cannot be read.
    """
    with reading_quietly():
        dataset = pydicom.dcmread(path)
        rows, columns, bits = (read_whole(dataset, k) or 0 for k in ("Rows", "Columns", "BitsAllocated"))
        planes = (read_whole(dataset, "SamplesPerPixel") or 1) * bits // 8
        frames = read_whole(dataset, "NumberOfFrames") or 1
        size = rows * columns
        for frame in generate_frames(dataset.PixelData, number_of_frames=frames):
            if any(_decoded(segment, size) != size for segment in _segments(frame, planes)):
                raise SeriesRefused("a segment of RLE Lossless does not decode to the pixels of its image")


def _segments(frame: bytes, planes: int) -> Iterator[bytes]:
    count, *offsets = struct.unpack("<16I", frame[:_HEAD])
    ends = [*offsets[1:planes], len(frame)]
    starts = offsets[:planes]
    in_order = all(start < end for start, end in zip(starts, ends, strict=True))
    if count != planes or starts[0] != _HEAD or not in_order:
        raise SeriesRefused("the header of RLE Lossless does not lead to its segments")
    yield from (frame[start:end] for start, end in zip(starts, ends, strict=True))


def _decoded(segment: bytes, wanted: int) -> int:
    """How many bytes a segment decodes to; it is read no further than it is wanted, for it may be padded."""
    place = decoded = 0
    while decoded < wanted and place < len(segment):
        run = segment[place]
        if run < 128:  # noqa: PLR2004  so many bytes and one more, as they are (PS3.5, G.3.1)
            decoded, place = decoded + run + 1, place + run + 2
        elif run > 128:  # noqa: PLR2004  one byte, repeated
            decoded, place = decoded + 257 - run, place + 2
        else:
            place += 1
    return decoded if place <= len(segment) else -1
