"""Walk through long sequences of a DICOM file without holding their items.

pydicom keeps an object for each item and each value of a sequence; 10,000 contours would need more memory
than the whole image. Here only the heads of sequences and items are read (PS3.5, 7.1 and 7.5); what stands in
them, pydicom reads, one item at a time.
"""

import struct
from collections.abc import Iterator, MutableSequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import SEEK_END, BytesIO
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.filereader import dcmread, read_dataset, read_partial
from pydicom.tag import BaseTag
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32

from sarcoma_core.archive.inflating import require_no_bomb
from sarcoma_core.archive.values import read_text

_UNDEFINED: Final = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_LONG_VRS = frozenset(vr.encode() for vr in EXPLICIT_VR_LENGTH_32)
_VR_PLACE: Final = slice(4, 6)
"""Of an element's VR, if it has one, behind its tag."""


@dataclass(frozen=True, slots=True)
class DataEncoding:
    """How elements are written.

    Args:
        implicit: without their VR.
        little: little endian.
        characters: Python's names of the character sets.
        size: of the stream, bytes.
    """

    implicit: bool
    little: bool
    characters: str | MutableSequence[str]
    size: int


class ElementHead(NamedTuple):
    """The head of an element whose value is next in the stream.

    Args:
        tag: of the element.
        end: where its value ends; None where a delimiter tells.
        encoding: of the items in it, if it is a sequence.
    """

    tag: int
    end: int | None
    encoding: DataEncoding


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A DICOM file as a stream; one that is deflated is inflated in memory.

    Raises:
        DicomError: too much would come out of a deflated one.
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        require_no_bomb(stream)
        syntax = read_text(read_partial(stream, stop_when=lambda *_: True).file_meta, "TransferSyntaxUID")
        stream.seek(0)
        if syntax != DeflatedExplicitVRLittleEndian:
            yield stream
            return
        inflated, plain = dcmread(stream), BytesIO()
        inflated.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        inflated.save_as(plain, enforce_file_format=True)
    plain.seek(0)
    yield plain


def read_up_to(stream: BinaryIO, tag: int) -> tuple[FileDataset, DataEncoding]:
    """The data set as far as an element of its top level, the stream at the element's head or at its end."""
    dataset = read_partial(stream, stop_when=lambda found, _vr, _length: bool(found == tag))
    place = stream.tell()
    size = stream.seek(0, SEEK_END)
    stream.seek(place)
    implicit, little = dataset.original_encoding
    first: object = next((dataset.get_item(key) for key in dataset.keys()), None)  # noqa: SIM118  its values stay
    if isinstance(first, RawDataElement):  # as pydicom found it, whatever TransferSyntaxUID says
        implicit, little = first.is_implicit_VR, first.is_little_endian
    return dataset, DataEncoding(bool(implicit), little is not False, dataset.original_character_set, size)


def read_rest(stream: BinaryIO, encoding: DataEncoding) -> Dataset:
    """The elements of a data set from here on."""
    return read_dataset(
        stream, encoding.implicit, encoding.little, parent_encoding=encoding.characters, at_top_level=False
    )


def elements(stream: BinaryIO, encoding: DataEncoding, end: int | None) -> Iterator[ElementHead]:
    """The elements of an item, one after another; a value that was not read is skipped.

    Args:
        stream: at the head of the first element.
        encoding: of the item.
        end: where the item ends; None where a delimiter tells.

    Raises:
        EOFError: it ends too early.
    """
    while end is None or stream.tell() < end:
        head = read_head(stream, encoding)
        if head.tag == _ITEM_END:
            return
        start = stream.tell()
        yield head
        if head.end is not None:
            stream.seek(head.end)
        elif stream.tell() == start:
            for item, inner in items(stream, head):
                for _ in elements(stream, item, inner):
                    pass


def items(stream: BinaryIO, sequence: ElementHead) -> Iterator[tuple[DataEncoding, int | None]]:
    """The items of a sequence: how each is written, and where it ends (None where a delimiter tells).

    Who gets one must read an item without a stated end up to its delimiter.

    Raises:
        EOFError: it ends too early.
        ValueError: what stands there is no item.
    """
    order = "<" if sequence.encoding.little else ">"
    while sequence.end is None or stream.tell() < sequence.end:
        tag, length = _unpack(stream, order)
        if tag == _SEQUENCE_END:
            return
        if tag != _ITEM:
            raise ValueError("no item")
        end = None if length == _UNDEFINED else _within(stream, sequence.encoding, length)
        yield sequence.encoding, end
        if end is not None:
            stream.seek(end)


def read_item(stream: BinaryIO, encoding: DataEncoding, end: int | None) -> Dataset:
    """One item as pydicom reads it: what is in it stays as it is written until it is asked for."""
    return read_dataset(
        stream,
        encoding.implicit,
        encoding.little,
        None if end is None else end - stream.tell(),
        parent_encoding=encoding.characters,
        at_top_level=False,
    )


def read_head(stream: BinaryIO, encoding: DataEncoding) -> ElementHead:
    """The next element's head, the stream at its value then.

    Raises:
        EOFError: its value ends too early.
    """
    order = "<" if encoding.little else ">"
    head = _exactly(stream, 8)
    tag, length = _tag_and_length(head, order)
    vr = head[_VR_PLACE]
    # some write implicit items into an explicit file, and delimiters never have a VR
    if encoding.implicit or not b"AA" <= vr <= b"ZZ":
        encoding = replace(encoding, implicit=True)
    elif vr in _LONG_VRS:
        (length,) = struct.unpack(f"{order}L", _exactly(stream, 4))
    else:
        (length,) = struct.unpack(f"{order}H", head[6:])
    if vr == b"UN" and not encoding.implicit:
        encoding = _of_unknown(stream, encoding)
    return ElementHead(tag, None if length == _UNDEFINED else _within(stream, encoding, length), encoding)


def _of_unknown(stream: BinaryIO, encoding: DataEncoding) -> DataEncoding:
    """Items in a sequence that was written as UN: implicit (PS3.5, 6.2.2), but some write explicit ones."""
    start = stream.tell()
    first = stream.read(8 + 6)  # an item's head, an element's tag and its VR
    stream.seek(start)
    return encoding if first[12:].isalpha() else replace(encoding, implicit=True, little=True)


def _unpack(stream: BinaryIO, order: str) -> tuple[int, int]:
    return _tag_and_length(_exactly(stream, 8), order)


def _tag_and_length(head: bytes, order: str) -> tuple[int, int]:
    group, element, length = struct.unpack(f"{order}HHL", head)
    return BaseTag(group << 16 | element), length


def _exactly(stream: BinaryIO, count: int) -> bytes:
    content = stream.read(count)
    if len(content) < count:
        raise EOFError
    return content


def _within(stream: BinaryIO, encoding: DataEncoding, length: int) -> int:
    """Where a value of this length ends, which must be in the stream."""
    end = stream.tell() + length
    if end > encoding.size:
        raise EOFError
    return end
