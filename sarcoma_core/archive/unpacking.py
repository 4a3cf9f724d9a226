"""Unpack what a client sent: zip, tar or tar.gz, which may have been made to do harm.

Nothing is written outside the target (zip-slip), no link or device is made, and a bomb is stopped by what
really comes out of it, never by what its listing says. A refused archive leaves nothing behind.
"""

import bz2
import errno
import gzip
import lzma
import re
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

from sarcoma_core.errors import InputError, OutputError

_MEBI = 2**20
_BLOCK = _MEBI
_LARGEST_READ = 16 * _MEBI
"""Bytes at once: tarfile reads a pax header whole, whatever length it declares."""
_LONGEST_NAME = 255
"""Bytes of one part of a path, on the file systems that servers use."""
_DRIVE = re.compile("[A-Za-z]:.*")
_ENTRY = b"PK\x01\x02"
"""What each entry of the listing of a zip begins with (APPNOTE 4.3.12)."""
_GZIP, _BZIP2 = b"\x1f\x8b", b"BZh"

_DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    ValueError,
    OverflowError,
    NotImplementedError,  # a compression that zipfile does not know
    RuntimeError,  # an encrypted member
)


class UnpackError(InputError):
    """An archive of files is not taken; nothing of it is left."""


class TooLargeError(UnpackError):
    """More would come out of an archive of files than is allowed."""


@dataclass(frozen=True)
class Limits:
    """How much may come out of one archive.

    Args:
        members: files and folders in it.
        size: bytes that they may fill.
        reserve: bytes that have to stay free on the disk.
        ratio: bytes out for each byte in; DICOM seldom reaches 10, deflate's most is 1032.
        ratio_from: bytes from which on the ratio counts: a small file of zeros is no bomb.
    """

    members: int = 200_000
    size: int = 200 * 1024 * _MEBI
    reserve: int = 64 * _MEBI
    ratio: int = 100
    ratio_from: int = 256 * _MEBI


LIMITS = Limits()


class _ArchiveMember(NamedTuple):
    """A regular file of an archive: its name as it stands there, and its content."""

    name: str
    content: IO[bytes]


class _Meter:
    """Counts what comes out, and stops it at the limits."""

    def __init__(self, archive: Path, target: Path, limits: Limits) -> None:
        self._limits = limits
        self._packed = archive.stat().st_size
        self._free = shutil.disk_usage(target).free - limits.reserve
        self._members = 0
        self._bytes = 0

    def member(self) -> None:
        self._members += 1
        if self._members > self.most:
            raise self.too_many()

    @property
    def most(self) -> int:
        """How many members there may be."""
        return self._limits.members

    def too_many(self) -> TooLargeError:
        return TooLargeError(f"Archive refused: it holds more than {self.most} members.")

    def grown_by(self, count: int) -> None:
        self.reached(self._bytes + count)
        self._bytes += count

    def reached(self, count: int) -> None:
        """Some layer of the archive is `count` bytes long so far."""
        if count > self._limits.size:
            raise TooLargeError(f"Archive refused: unpacked it exceeds {self._limits.size} bytes.")
        if count > self._free:
            raise OutputError("Archive refused: unpacked it exceeds the free space of the server.")
        if count > self._limits.ratio_from and count > self._limits.ratio * self._packed:
            raise UnpackError(
                f"Archive refused: it unpacks to more than {self._limits.ratio} times its size."
            )


def unpack(archive_path: Path, target: Path, *, limits: Limits = LIMITS) -> tuple[Path, ...]:
    """Unpack an archive into a folder.

    Args:
        archive_path: a zip, tar, tar.gz or tar.bz2 file, told by its content and not by its name.
        target: the folder; created, and it must be empty: it is emptied again when the archive is refused.
        limits: how much may come out.

    Returns:
        The files, in the archive's order; where a name comes twice the later one counts.

    Raises:
        UnpackError: it is damaged, no archive, encrypted, holds a link or device or a path that leads out of
            the folder, or is a bomb.
        TooLargeError: it is beyond the limits.
        OutputError: the disk is too small for it.
        OSError: the target cannot be written.
    """
    target.mkdir(parents=True, exist_ok=True)
    if any(target.iterdir()):
        raise ValueError("target must be an empty folder")
    try:
        return _unpack(archive_path, target, _Meter(archive_path, target, limits))
    except BaseException:
        _empty(target)
        raise


def _unpack(archive_path: Path, target: Path, meter: _Meter) -> tuple[Path, ...]:
    paths: dict[Path, None] = {}
    with _telling_damage():
        for name, content in _members(archive_path, meter):
            path = target.joinpath(*_parts(name))
            _write(path, content, meter)
            paths[path] = None
    return tuple(paths)


@contextmanager
def _telling_damage() -> Iterator[None]:
    """Turn what the readers of archives raise into a refusal; no name of a member stands in it."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OutputError("Archive refused: the server's disk is full.") from None
        if error.errno in (errno.EISDIR, errno.ENOTDIR, errno.EEXIST):
            raise UnpackError("Archive refused: one name is that of a file and a folder.") from None
        if error.errno is not None:
            raise
        raise _damaged() from None  # gzip's and bz2's own have no number
    except _DAMAGED:
        raise _damaged() from None


def _damaged() -> UnpackError:
    return UnpackError("Archive refused: it is damaged, cut short or encrypted.")


def _members(archive_path: Path, meter: _Meter) -> Iterator[_ArchiveMember]:
    if zipfile.is_zipfile(archive_path):
        return _zip_members(archive_path, meter)
    return _tar_members(archive_path, meter)


def _zip_members(archive_path: Path, meter: _Meter) -> Iterator[_ArchiveMember]:
    if _listed(archive_path, meter.most) > meter.most:
        raise meter.too_many()
    with zipfile.ZipFile(archive_path) as archive:
        for info in archive.infolist():
            meter.member()
            kind = stat.S_IFMT(info.external_attr >> 16)  # 0 when a system without kinds wrote it
            if info.is_dir():
                _parts(info.filename)
                continue
            if kind not in (0, stat.S_IFREG):
                raise _no_file()
            with archive.open(info) as content:
                yield _ArchiveMember(info.filename, content)


def _listed(archive_path: Path, most: int) -> int:
    """How many members the listing of a zip may have, counted until they are too many.

    zipfile reads the listing as a whole, and makes of 50 bytes an object of a thousand. Where the listing
    begins is only said by the file itself, so its entries are looked for in all of it.
    """
    entries, tail = 0, b""
    with archive_path.open("rb") as stream:
        while entries <= most and (block := stream.read(_BLOCK)):
            entries += (tail + block).count(_ENTRY)
            tail = (tail + block)[1 - len(_ENTRY) :]
    return entries


def _tar_members(archive_path: Path, meter: _Meter) -> Iterator[_ArchiveMember]:
    with archive_path.open("rb") as raw, _decompressed(raw) as stream:
        layer = _Layer(stream, meter)
        try:
            archive = tarfile.open(fileobj=layer, mode="r:")  # type: ignore[call-overload]  # noqa: SIM115  as a file
        except tarfile.ReadError:
            raise UnpackError("Archive refused: it is no zip, tar or tar.gz file.") from None
        with archive:
            for info in archive:
                meter.member()
                if info.isdir():
                    _parts(info.name)
                    continue
                content = archive.extractfile(info) if info.isreg() and not info.issparse() else None
                if content is None:
                    raise _no_file()
                yield _ArchiveMember(info.name, content)
        while layer.read(_BLOCK):  # to the end, where the checksum of a compressed stream stands
            pass


def _decompressed(raw: IO[bytes]) -> IO[bytes]:
    head = raw.read(3)
    raw.seek(0)
    if head.startswith(_GZIP):
        return gzip.open(raw)  # type: ignore[return-value]
    return bz2.open(raw) if head == _BZIP2 else raw


class _Layer:
    """A decompressed tar as tarfile reads it: no huge read at once, no end without a limit."""

    def __init__(self, stream: IO[bytes], meter: _Meter) -> None:
        self._stream = stream
        self._meter = meter

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _LARGEST_READ:
            raise UnpackError("Archive refused: a header of it is too long.")
        block = self._stream.read(size)
        self._meter.reached(self._stream.tell())
        return block

    def seek(self, place: int, whence: int = 0) -> int:
        if whence == 0:
            self._meter.reached(place)
        return self._stream.seek(place, whence)

    def tell(self) -> int:
        return self._stream.tell()


def _parts(name: str) -> tuple[str, ...]:
    """A member's name as parts of a path below the target.

    Raises:
        UnpackError: it is absolute, leads out, or is no name on every system.
    """
    if name == "" or name.rstrip("/") == ".":  # the folder itself, as xnatpy and `tar .` list it
        return ()
    parts = tuple(part for part in name.removesuffix("/").split("/") if part != ".")
    if not parts or not all(map(_is_name, parts)) or _DRIVE.fullmatch(parts[0]):
        raise UnpackError("Archive refused: a path in it is not a legal path below its folder.")
    return parts


def _is_name(part: str) -> bool:
    short = len(part.encode(errors="surrogatepass")) <= _LONGEST_NAME
    return part not in ("", "..") and short and not {"\\", "\0"} & set(part)


def _no_file() -> UnpackError:
    return UnpackError(
        "Archive refused: it holds a link or device; only files and folders are taken.",
    )


def _write(path: Path, content: IO[bytes], meter: _Meter) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as copy:
        while block := content.read(_BLOCK):
            meter.grown_by(len(block))
            copy.write(block)


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        with suppress(OSError):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
