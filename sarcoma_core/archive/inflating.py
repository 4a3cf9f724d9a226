"""Deflated DICOM at the door: how much comes out of it is found out before it is read.

A data set of the transfer syntax Deflated Explicit VR Little Endian is one deflate stream (PS3.5, A.5), and
pydicom inflates it whole: a file of 600 kB may ask for 600 MB of memory.
"""

import struct
import zlib
from typing import BinaryIO

from pydicom.filereader import data_element_generator
from pydicom.tag import BaseTag
from pydicom.uid import DeflatedExplicitVRLittleEndian

from sarcoma_core.errors import DicomError

LARGEST = 512 * 2**20
"""Bytes of a data set; a whole-body segmentation is a tenth of it."""
_BLOCK = 2**20
_PREAMBLE = 132
"""Bytes of the preamble and the prefix DICM (PS3.10, 7.1)."""
_TRANSFER_SYNTAX = 0x00020010


def require_no_bomb(stream: BinaryIO, *, largest: int = LARGEST) -> None:
    """Refuse a deflated file out of which too much would come.

    Args:
        stream: a DICOM file, or what claims to be one; it is at its start again afterwards.
        largest: bytes that its data set may have.

    Raises:
        DicomError: it inflates to more.
    """
    try:
        if _transfer_syntax(stream) == DeflatedExplicitVRLittleEndian and _inflates_beyond(stream, largest):
            raise DicomError(f"a deflated data set must be {largest} bytes at most; found a larger one")
    finally:
        stream.seek(0)


def _transfer_syntax(stream: BinaryIO) -> str:
    """As pydicom finds it, which leaves the stream where the data set begins; empty when it finds none."""
    stream.seek(_PREAMBLE)
    try:
        elements = data_element_generator(
            stream, is_implicit_VR=False, is_little_endian=True, stop_when=_is_no_meta
        )
        meta = {element.tag: element.value for element in elements}
    except (EOFError, NotImplementedError, ValueError, struct.error):  # reading it will tell
        return ""
    value = meta.get(BaseTag(_TRANSFER_SYNTAX))
    return value.decode("ascii", errors="replace").strip("\0 ") if isinstance(value, bytes) else ""


def _is_no_meta(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return tag.group != 2  # noqa: PLR2004  the group of file meta information (PS3.10, 7.1)


def _inflates_beyond(stream: BinaryIO, largest: int) -> bool:
    inflater, size = zlib.decompressobj(-zlib.MAX_WBITS), 0
    try:
        while size <= largest and not inflater.eof:
            block = inflater.unconsumed_tail or stream.read(_BLOCK)
            if not block:
                break
            size += len(inflater.decompress(block, _BLOCK))
    except zlib.error:  # reading it will tell
        return False
    return size > largest
