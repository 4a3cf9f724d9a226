"""Bring the site up: `python3 -m boot SETTINGS OUTCOME`, in the folder of the bundle.

The runner (`runner.py`) calls it, and tells CloudFormation what stands in OUTCOME.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from . import artefacts, calls, database, engine, files, images, passwords, volumes, watch
from .admin import Admin
from .compose import Project
from .failure import BootError
from .journal import Journal
from .places import Places
from .settings import Settings, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def steps(
    settings: Settings, places: Places, tell: Callable[[str], None]
) -> Mapping[str, Callable[[], None]]:
    """The boot's steps, by name and in order; each can be run again.

    Args:
        settings: how the site is to be.
        places: the machine's folders.
        tell: takes a line for the log.
    """
    project, admin = Project(settings, places), Admin(settings, places)
    return {
        "watch": lambda: watch.start_agent(settings.log_group, places, tell),  # the log of a failure, too
        "volumes": lambda: volumes.mount_all(settings.volumes, places),
        "engine": engine.check_engine,
        "images": lambda: images.pull_all(settings.images, settings.registry, settings.region, tell),
        "artefacts": lambda: artefacts.bring_all(settings.artefacts, settings.bucket, places),
        "secrets": lambda: passwords.fetch_all(settings, places),
        "project": project.prepare,
        "build": project.build,
        "up": project.up,
        "database": lambda: _database(settings, project),
        "healthy": project.wait_healthy,
        "settings": admin.write,
        "bootstrap": admin.bootstrap,
        "install": admin.install,
        "automate": lambda: admin.automate(tell),
        "doctor": admin.doctor,
    }


def _database(settings: Settings, project: Project) -> None:
    if settings.database is None:
        project.wait_healthy("database")
    database.set_role(settings, project)


def boot(told: Path, places: Places) -> Mapping[str, str]:
    """Run every step; the first that fails is the last.

    Args:
        told: what the runner has fetched.
        places: the machine's folders.

    Returns:
        The failed `step` and its `reason`, both empty when the site is up.

    Raises:
        OSError: the log cannot be written.
    """
    journal, name = Journal(places.log), "settings"
    try:
        calls.make_ready()
        settings = read_settings(told)
        for name, step in steps(settings, places, journal.tell).items():
            began = time.monotonic()
            step()
            journal.tell(f"step {name}: done in {time.monotonic() - began:.1f} s")
    except (BootError, OSError, ValueError, KeyError) as error:
        reason = str(error) if isinstance(error, (BootError, OSError)) else f"{type(error).__name__}: {error}"
        journal.tell(f"step {name}: FAILED. {reason}")
        return {"step": name, "reason": reason}
    return {"step": "", "reason": ""}


def main(arguments: list[str]) -> int:
    """Run, and write the outcome.

    Args:
        arguments: the settings' file and the outcome's.

    Raises:
        OSError: the outcome cannot be written.
    """
    told, outcome = Path(arguments[0]), Path(arguments[1])
    found = boot(told, Places(Path("/"), Path.cwd()))
    files.write(outcome, json.dumps(found))
    return 1 if found["reason"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
