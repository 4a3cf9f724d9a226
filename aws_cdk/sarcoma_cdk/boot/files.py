"""Files that appear whole, or not at all."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK = 1 << 20


def write(path: Path, text: str, *, mode: int = 0o644, owner: int = 0) -> bool:
    """Put a text under a name, unless it is there as wished.

    Args:
        path: the file; its folder is made.
        text: what it is to hold.
        mode: who may read it; kept from its first byte on.
        owner: uid and gid; only root can give a file away, so elsewhere it stays the caller's.

    Returns:
        Whether anything had to be done.

    Raises:
        OSError: it cannot be written.
    """
    if path.is_file() and path.read_bytes() == text.encode() and path.stat().st_mode & 0o777 == mode:
        _give(path, owner)
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(text.encode())
        file.flush()
        os.fchmod(file.fileno(), mode)  # whatever the umask has taken
        os.fsync(file.fileno())
    _give(partial, owner)
    settle(partial, path)
    return True


def settle(partial: Path, path: Path) -> None:
    """Give a file that is whole its name; the name, too, is on the disk when this returns.

    Args:
        partial: the file, its content already on the disk.
        path: its name, in the same folder.

    Raises:
        OSError: it cannot be renamed.
    """
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def folder(path: Path, *, mode: int = 0o755, owner: int | None = 0) -> None:
    """Make a folder that belongs to somebody; what is in it stays as it is.

    Args:
        path: the folder.
        mode: who may enter it.
        owner: uid and gid, as for `write`; None leaves one that is there as it is, as a
            container may have taken it for itself.

    Raises:
        OSError: it cannot be made.
    """
    path.mkdir(mode=mode, parents=True, exist_ok=True)
    if owner is not None:
        path.chmod(mode)
        _give(path, owner)


def sha256(path: Path) -> str:
    """The checksum of a file.

    Args:
        path: the file.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(_CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()


def _give(path: Path, owner: int) -> None:
    if os.geteuid() == 0:
        os.chown(path, owner, owner)
