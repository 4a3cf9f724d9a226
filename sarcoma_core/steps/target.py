"""What a step is launched on, read off the URI that XNAT gives: a project, a session, or one scan of it."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.project import ProjectFolder
from sarcoma_core.errors import UsageError
from sarcoma_core.interface import Level, Step

_URIS: tuple[tuple[Level, re.Pattern[str]], ...] = (
    ("scan", re.compile(r"(?:.*/)?scans/([^/]+)/?")),
    ("session", re.compile(r"(?:.*/)?experiments/([^/]+)/?")),
    ("project", re.compile(r"(?:.*/)?projects/([^/]+)/?")),
)
"""What the URI of each object ends with, and the id in it."""


@dataclass(frozen=True)
class StepTarget:
    """What a step is launched on.

    Args:
        level: which object.
        id: of a scan or a project; of a session it may be empty, as no step needs it.
    """

    level: Level
    id: str = ""

    @property
    def scan(self) -> str:
        """The id of the scan; empty for what is none."""
        return self.id if self.level == "scan" else ""

    def folder(self, path: Path, reads: tuple[str, ...]) -> SessionFolder | ProjectFolder:
        """The object as a step receives it.

        Args:
            path: the folder that is mounted.
            reads: labels of the resources that the step reads.
        """
        if self.level == "project":
            return ProjectFolder(path, self.id, reads)
        return SessionFolder(path, reads, self.scan)


def read_target(step: Step, uri: str) -> StepTarget:
    """Read the URI of what a step is launched on.

    Args:
        step: the step.
        uri: as XNAT tells it, e.g. `/archive/experiments/XNAT_E00001/scans/4`; may be empty for a session.

    Raises:
        UsageError: it is no URI of an object that the step can be launched on.
    """
    if not uri and "session" in step.levels:
        return StepTarget("session")
    for level, pattern in _URIS:
        match = pattern.fullmatch(uri)
        if match and level in step.levels:
            return StepTarget(level, unquote(match[1]))
    examples = {"project": "projects/ID", "session": "experiments/ID", "scan": "experiments/ID/scans/ID"}
    known = " or ".join(f"/archive/{examples[level]}" for level in step.levels)
    raise UsageError(
        f"--object: must be {known} for step {step.name}; found {uri!r}.",
        hint="XNAT gives it; by hand the end is enough, e.g. --object projects/STS",
    )
