"""Where a long training keeps its checkpoints while it runs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

CHECKPOINTS: Final = "SARCOMA_CHECKPOINTS"
"""Names a folder in which checkpoints outlive a run that is killed; the local runner names one."""


@contextmanager
def kept_checkpoints(project: str) -> Iterator[Path]:
    """A folder for the checkpoints of a project: one that outlives a kill, where one is named.

    Args:
        project: id of the project.
    """
    named = os.environ.get(CHECKPOINTS)
    if named:
        place = Path(named) / project
        place.mkdir(parents=True, exist_ok=True)
        yield place
        return
    with TemporaryDirectory(prefix="sarcoma-train-") as aside:
        yield Path(aside)
