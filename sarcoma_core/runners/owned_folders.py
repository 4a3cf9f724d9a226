"""Folders that carry the number of the process that made them: the leftovers of a killed one are known."""

import os
import re
import shutil
from pathlib import Path

from sarcoma_core.runners.processes import lives


def owned_prefix(prefix: str) -> str:
    """How the name of a folder of this process begins.

    Args:
        prefix: of all such folders.
    """
    return f"{prefix}{os.getpid()}-"


def sweep(root: Path, prefix: str) -> None:
    """Delete the folders of processes that are no more, as far as this user may.

    Args:
        root: where they lie.
        prefix: of all such folders.
    """
    name = re.compile(rf"{re.escape(prefix)}(?P<process>[0-9]+)-.*")
    for folder in root.glob(f"{prefix}*"):
        match = name.fullmatch(folder.name)
        if match and not lives(int(match["process"])):
            shutil.rmtree(folder, ignore_errors=True)
