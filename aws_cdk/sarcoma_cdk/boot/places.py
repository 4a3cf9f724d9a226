"""Where everything is on the machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

USER = 10001
"""Uid and gid of XNAT, of the containers that it starts and of what they file: nobody who logs in has it."""


@dataclass(frozen=True)
class Places:
    """The machine's folders.

    Args:
        root: `/`; another one in tests.
        bundle: the unpacked bundle, with `boot/` and `compose/` in it.
    """

    root: Path
    bundle: Path

    @property
    def archive(self) -> Path:
        """Mount of the archive's volume: what XNAT and its containers call `/data/xnat` too."""
        return self.root / "data" / "xnat"

    @property
    def database(self) -> Path:
        """Mount of the database's volume."""
        return self.root / "data" / "database"

    @property
    def fstab(self) -> Path:
        """What is mounted when the machine starts."""
        return self.root / "etc" / "fstab"

    @property
    def devices(self) -> Path:
        """Links to the volumes by their ids, which udev makes."""
        return self.root / "dev" / "disk" / "by-id"

    @property
    def state(self) -> Path:
        """What a later boot has to know."""
        return self.root / "var" / "lib" / "sarcoma"

    @property
    def site(self) -> Path:
        """The compose project; it stays where it is when the bundle changes, so that mounts do too."""
        return self.state / "site"

    @property
    def plugin(self) -> Path:
        """Compose, where the `docker` command looks for its plug-ins."""
        return self.root / "usr" / "local" / "lib" / "docker" / "cli-plugins" / "docker-compose"

    @property
    def told(self) -> Path:
        """What the admin image is told; mounted there, so readable by `USER`."""
        return self.root / "etc" / "sarcoma"

    @property
    def log(self) -> Path:
        """The boot's log, which is sent to CloudWatch."""
        return self.root / "var" / "log" / "sarcoma" / "boot.log"
