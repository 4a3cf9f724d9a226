"""XNAT and what is around it, by Compose: the bundle's two files, with this site's values in `.env`."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
from typing import TYPE_CHECKING

from . import files
from .calls import docker, run, wait_for
from .engine import bridge
from .failure import BootError
from .images import is_here
from .places import USER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from .places import Places
    from .settings import Settings

PATIENCE = 1200
"""Seconds for XNAT to answer: at its first start it makes its tables."""
FILES = ("docker-compose.yml", "site.yml", "xnat/Dockerfile", "xnat/start.sh", "xnat/healthy.sh")
"""What the project is made of, in the bundle's `compose/`."""
FOLDERS = ("archive", "build", "cache", "ftp", "inbox", "pipeline", "prearchive")
"""What XNAT keeps below its data folder, as `prepare.py` makes them."""
_GIB = 1 << 30


class Project:
    """The site's containers.

    Args:
        settings: how the site is to be.
        places: the machine's folders.
    """

    def __init__(self, settings: Settings, places: Places) -> None:
        self._settings = settings
        self._places = places

    @property
    def services(self) -> tuple[str, ...]:
        """Those that run here: with RDS no database."""
        return (*(() if self._settings.database else ("database",)), "engine", "orthanc", "xnat")

    def prepare(self) -> None:
        """Lay out the project: its files, its folders on the volumes, and `.env`.

        Raises:
            BootError: the engine does not tell its address.
            OSError: the disk is full.
        """
        source = self._places.bundle / "compose"
        for name in FILES:
            mode = 0o755 if name.endswith(".sh") else 0o644
            files.write(self._places.site / name, (source / name).read_text(encoding="utf-8"), mode=mode)
        for name in FOLDERS:
            files.folder(self._places.archive / name, owner=USER)
        files.folder(self._places.archive / "orthanc", mode=0o700, owner=None)
        if self._settings.database is None:
            files.folder(self._places.database / "postgres", mode=0o700, owner=None)
        values = {**self.values(), "XNAT_IMAGE": self._image()}
        files.write(self._places.site / ".env", "".join(f"{key}={value}\n" for key, value in values.items()))

    def values(self) -> Mapping[str, str]:
        """What the compose files take from `.env`, but for the image that is built here.

        Raises:
            BootError: the engine does not tell its address.
        """
        settings, there = self._settings, self._settings.database
        by_digest = {
            f"{name.upper()}_IMAGE": settings.images[name].at(settings.registry)
            for name in ("database", "engine", "orthanc")
        }
        url = f"//{there.host}:{there.port}/{there.name}?sslmode=require" if there else "//database:5432/xnat"
        return {
            "XNAT_DATA": str(self._places.archive),
            "DATABASE_DATA": str(self._places.database / "postgres"),
            "XNAT_UID": str(USER),
            "XNAT_GID": str(USER),
            "XNAT_HEAP": f"{heap(_memory())}m",
            "XNAT_DATABASE_URL": f"jdbc:postgresql:{url}",
            "XNAT_DATABASE_USER": there.user if there else "xnat",
            "DICOM_PORT": str(settings.dicom_port),
            "DOCKER_BRIDGE": bridge(),
            "MACHINE_ADDRESS": own_address(),
            "SECRETS_WRITTEN": self._secrets_written(),
            **by_digest,
        }

    def _secrets_written(self) -> str:
        """A mark of which secrets there are, and since when: what has read others is replaced (`up`)."""
        folders = (self._places.site / name for name in ("secrets", "auth"))
        paths = sorted(path for folder in folders for path in folder.glob("[!.]*"))
        told = [f"{path.parent.name}/{path.name} {path.stat().st_mtime_ns}" for path in paths]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]

    def build(self) -> None:
        """Build XNAT's image from the verified files, unless it is there.

        Raises:
            BootError: a file is not what the lock says, or the build fails.
        """
        name = self._image()
        if is_here(name):
            return
        arguments = {
            "BASE_IMAGE": self._settings.images["tomcat"].at(self._settings.registry),
            "XNAT_UID": str(USER),
            "XNAT_GID": str(USER),
        }
        told = [part for key, value in arguments.items() for part in ("--build-arg", f"{key}={value}")]
        context = self._context()
        try:
            docker(
                "build",
                "--network=none",
                "--tag",
                name,
                "--file",
                str(context / "xnat" / "Dockerfile"),
                *told,
                str(context),
            )
        finally:
            shutil.rmtree(context)

    def _context(self) -> Path:
        """The build's own folder, which holds no secret that a COPY could take."""
        context = self._places.state / "build"
        shutil.rmtree(context, ignore_errors=True)
        shutil.copytree(self._places.site / "artefacts", context / "artefacts", copy_function=os.link)
        shutil.copytree(self._places.site / "xnat", context / "xnat")
        return context

    def _image(self) -> str:
        """XNAT's image, named by all that goes into it."""
        settings, site = self._settings, self._places.site
        parts = {
            "base": settings.images["tomcat"].digest,
            "artefacts": {name: sha for name, sha in settings.artefacts.items() if name != "docker-compose"},
            "files": {name: files.sha256(site / name) for name in FILES if name.startswith("xnat/")},
            "user": USER,
        }
        digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
        return f"sarcoma/xnat:{digest[:16]}"

    def up(self) -> None:
        """Start what does not run, replace what has changed; what is as it is to be stays untouched.

        Raises:
            BootError: Compose fails.
        """
        docker(*self._compose(), "up", "--detach", "--no-build", *self.services)

    def container(self, service: str) -> str:
        """Id of a service's container.

        Args:
            service: its name.

        Raises:
            BootError: there is none.
        """
        found = docker(*self._compose(), "ps", "--all", "--quiet", service).split()
        if not found:
            raise BootError(f"compose: {service} must have a container; it has none. Run this boot again.")
        return found[0]

    def wait_healthy(self, *services: str, patience: float = PATIENCE) -> None:
        """Wait until services are well.

        Args:
            services: their names; all of them when none is named.
            patience: seconds to wait, for each.

        Raises:
            BootError: one is not well in time.
        """
        for service in services or self.services:
            identity = self.container(service)
            states: list[str] = []

            def is_well(identity: str = identity, states: list[str] = states) -> bool:
                states.append(state_of(identity))
                return states[-1] in ("running", "running healthy")

            if not wait_for(is_well, seconds=patience):
                raise BootError(
                    f"compose: {service} must be well within {patience:.0f} s; it is {states[-1]}. "
                    f"On the machine: docker logs {identity[:12]}"
                )

    def _compose(self) -> tuple[str, ...]:
        site = self._places.site
        named = (part for name in FILES[:2] for part in ("--file", str(site / name)))
        return ("compose", "--project-name", "sarcoma", "--project-directory", str(site), *named)


def state_of(container: str) -> str:
    """What the engine says of a container: `running`, or `running healthy` where it can tell.

    Args:
        container: its id.

    Raises:
        BootError: there is none.
    """
    asked = "{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{end}}"
    return docker("container", "inspect", "--format", asked, container).strip()


def own_address() -> str:
    """The machine's address in its subnet, at which the load balancers reach it.

    It is the one that the way out starts from; 192.0.2.1 (RFC 5737) is nobody's, and no packet is sent.

    Raises:
        BootError: there is no way out of this machine.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError as error:
            raise BootError(f"network: this machine must have a default route; {error.strerror}.") from None
        return str(probe.getsockname()[0])


def heap(memory: int) -> int:
    """MiB of memory for XNAT: a quarter of the machine's, which the steps share, and 2 to 16 GiB of it.

    Args:
        memory: bytes that the machine has.
    """
    return int(min(max(memory // 4, 2 * _GIB), 16 * _GIB)) >> 20


def _memory() -> int:
    lines = dict(line.split(":", 1) for line in run("cat", "/proc/meminfo").splitlines())
    return int(lines["MemTotal"].split()[0]) << 10
