"""Build folders: where a step's outputs lie until they are whole, on the archive's own disk.

Each carries the number of the process that made it, so that the leftovers of a killed one are known as such.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sarcoma_core.archive.store import unwritable
from sarcoma_core.runners.processes import lives

_NAME = re.compile(r"\.build-(?P<process>[0-9]+)-.*")


@contextmanager
def build_folder(root: Path) -> Iterator[Path]:
    """An empty folder below the archive, gone afterwards.

    Raises:
        OutputError: the archive is read-only or full.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".build-{os.getpid()}-", dir=root))
    except OSError as error:
        raise unwritable(error, again="command again") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(root: Path) -> None:
    """Delete the build folders of processes that are no more."""
    for folder in root.glob(".build-*"):
        match = _NAME.fullmatch(folder.name)
        if match and not lives(int(match["process"])):
            shutil.rmtree(folder, ignore_errors=True)
