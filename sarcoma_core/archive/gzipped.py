"""Compressed files whose bytes depend on their content only."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path
from typing import cast

from isal import igzip


@contextmanager
def gzipped(path: Path) -> Iterator[BufferedIOBase]:
    """A new gzip file to write to; equal content gives equal bytes.

    gzip's header (RFC 1952) gets neither a time nor a file name. On processors of one make, that is: ISA-L
    has code for each generation. It takes an eighth of the time of zlib.

    Raises:
        OSError: the disk is full or read-only.
    """
    with path.open("wb") as raw, igzip.IGzipFile("", "wb", fileobj=raw, mtime=0) as stream:
        yield cast("BufferedIOBase", stream)
