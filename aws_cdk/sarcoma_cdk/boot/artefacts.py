"""XNAT's war, its plugins and Compose, from the site's bucket, each with the publication's SHA-256."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from . import files
from .calls import aws
from .failure import BootError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from .places import Places

COMPOSE = "docker-compose"
LOCK = "artefacts.lock"
"""What `xnat/Dockerfile` compares the files with, once more."""


def bring_all(artefacts: Mapping[str, str], bucket: str, places: Places) -> None:
    """Have every file in its place, and in the folder of the image's build nothing else.

    Args:
        artefacts: SHA-256 of each file.
        bucket: the site's bucket.
        places: the machine's folders.

    Raises:
        BootError: the bucket does not give a file, or gives another content.
        OSError: the disk is full.
    """
    _bring(places.plugin, artefacts[COMPOSE], bucket, name=COMPOSE, mode=0o755)
    built = {name: digest for name, digest in sorted(artefacts.items()) if name != COMPOSE}
    folder = places.site / "artefacts"
    files.folder(folder)
    for name, digest in built.items():
        _bring(folder / name, digest, bucket, name=name)
    files.write(folder / LOCK, "".join(f"{digest}  {name}\n" for name, digest in built.items()))
    for path in folder.iterdir():
        if path.name not in (*built, LOCK):
            path.unlink()


def _bring(path: Path, digest: str, bucket: str, *, name: str, mode: int = 0o644) -> None:
    if path.is_file() and path.stat().st_mode & 0o777 == mode and files.sha256(path) == digest:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    aws("s3", "cp", "--only-show-errors", f"s3://{bucket}/artefacts/{digest}/{name}", str(partial))
    found = files.sha256(partial)
    if found != digest:
        partial.unlink()
        raise BootError(
            f"artefacts: {name} must have the SHA-256 {digest}; the bucket gave {found}. It was deleted. "
            "Publish again from files that fetch.py has verified."
        )
    partial.chmod(mode)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    files.settle(partial, path)
