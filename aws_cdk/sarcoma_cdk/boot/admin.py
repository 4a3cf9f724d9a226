"""What XNAT is told over REST, by the suite's own image `admin`: set up, install, see that it is well."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from . import files
from .calls import attempt, last_words
from .engine import bridge
from .failure import BootError
from .places import USER

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from .places import Places
    from .settings import Settings

_CONTAINER = "sarcoma-admin"
_GPU = Path("/proc/driver/nvidia/version")
"""There where the driver is loaded, as it is on AWS's GPU images."""


class Admin:
    """The admin image, which talks to this machine's XNAT.

    Args:
        settings: how the site is to be.
        places: the machine's folders.
    """

    def __init__(self, settings: Settings, places: Places) -> None:
        self._settings = settings
        self._places = places

    def write(self) -> None:
        """Write what the image is told.

        Raises:
            BootError: the engine does not tell its address.
            OSError: the disk is full.
        """
        settings = self._settings
        site = {
            "site_url": settings.site_url,
            "processing_url": f"http://{bridge()}:8080",
            "inside": "/data/xnat",
            "outside": str(self._places.archive),
            "container_user": f"{USER}:{USER}",
            "engine": "http://engine:2375",
            "password_file": "/etc/sarcoma/admin_password",
            "ae_title": settings.ae_title,
            "smtp": settings.smtp,
        }
        images = {name: settings.images[name].at(settings.registry) for name in settings.steps}
        for name, tree in (("site.json", site), ("images.json", images)):
            text = json.dumps(tree, indent=2, sort_keys=True) + "\n"
            files.write(self._places.told / name, text, mode=0o600, owner=USER)

    def bootstrap(self) -> None:
        """Site, password, roles, compute backend, events, viewer.

        Raises:
            BootError: XNAT refuses.
        """
        self._run("bootstrap", "--settings", "/etc/sarcoma/site.json")

    def install(self) -> None:
        """Our commands, by the publication's digests, and switched on.

        Raises:
            BootError: XNAT refuses.
        """
        self._run(*self._installing())

    def _installing(self) -> tuple[str, ...]:
        gpu = self._settings.gpu if self._settings.gpu is not None else _GPU.exists()
        return ("install", "--images", "/etc/sarcoma/images.json", "--gpu", "docker" if gpu else "none")

    def automate(self, tell: Callable[[str], None]) -> None:
        """Let XNAT prepare the archived sessions of projects, as far as they are there.

        Args:
            tell: takes a line for each project of which it could not be.

        Raises:
            BootError: the engine does not run the image.
        """
        for project in self._settings.automate:
            here = ("--project", project)
            done = self._attempt(*self._installing(), *here)  # a step is switched on in each project
            if not done.returncode:
                done = self._attempt("automate", "prepare", *here, "--on", "session-archived", "--yes")
            if done.returncode:
                tell(f"warning: {project} is not automated: {last_words(done)}")

    def doctor(self) -> None:
        """See that the site will run the steps.

        Raises:
            BootError: something stands in the way.
        """
        done = self._attempt("doctor", "--output", "json")
        if done.returncode:
            raise BootError(
                f"xnat doctor failed ({done.returncode}): {faults(done.stdout) or last_words(done)}"
            )

    def _run(self, verb: str, *arguments: str) -> None:
        done = self._attempt(verb, *arguments)
        if done.returncode:
            raise BootError(f"xnat {verb} failed ({done.returncode}): {last_words(done)}")

    def _attempt(self, verb: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        # The container of a boot that was killed goes on without it.
        attempt("docker", "rm", "--force", _CONTAINER)
        done = attempt(
            *("docker", "run", "--rm", "--name", _CONTAINER, "--network=host", f"--user={USER}:{USER}"),
            *("--read-only", "--tmpfs=/tmp", f"--env-file={self._places.told / 'admin.env'}"),
            *("--volume", f"{self._places.told}:/etc/sarcoma:ro"),
            self._settings.images["admin"].at(self._settings.registry),
            *("xnat", verb, *arguments),
        )
        sys.stdout.write(f"xnat {verb}:\n{done.stdout}{done.stderr}")  # to systemd alone
        return done


def faults(told: str) -> str:
    """What stands in the way, of all that the doctor has found.

    Args:
        told: its JSON.

    Returns:
        A sentence a fault, empty where it told none.
    """
    try:
        findings = json.loads(told)["findings"]
        return " ".join(
            f"{each['check']}: {each['found']}" for each in findings if each["verdict"] == "fault"
        )
    except (ValueError, KeyError, TypeError):
        return ""
