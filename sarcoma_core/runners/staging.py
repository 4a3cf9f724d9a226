"""The folder behind each mount of a resolved command: the archive's own, a copy of it, or an empty one."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from sarcoma_core.xnat.resolution.resolving import ResolvedCommand, ResolvedMount


def stage(command: ResolvedCommand, build: Path) -> Mapping[str, Path]:
    """Make the folder behind each mount ready, as the Container Service does.

    Args:
        command: what is about to run.
        build: an empty folder on the archive's disk; copies and empty folders are made there.

    Returns:
        The folder, or the file, by the mount's name.

    Raises:
        OSError: the disk is full or read-only.
    """
    # Numbered, as a foreign command may call a mount "../elsewhere".
    return {mount.name: _staged(mount, build / str(n)) for n, mount in enumerate(command.mounts)}


def _staged(mount: ResolvedMount, build: Path) -> Path:
    if mount.source is None:
        build.mkdir()
        return build
    if mount.copied and mount.source.is_dir():
        return Path(shutil.copytree(mount.source, build, symlinks=True))
    if mount.copied:
        return Path(shutil.copy2(mount.source, build))
    if not mount.source.exists():  # a session without a file yet
        mount.source.mkdir()
    return mount.source
