"""Build folders: where a step's outputs lie until they are whole, on the archive's own disk."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sarcoma_core.archive.store import unwritable
from sarcoma_core.runners.owned_folders import owned_prefix

BUILD_PREFIX = ".build-"
"""How their names begin (`owned_folders`)."""


@contextmanager
def build_folder(root: Path) -> Iterator[Path]:
    """An empty folder below the archive, gone afterwards.

    Raises:
        OutputError: the archive is read-only or full.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix=owned_prefix(BUILD_PREFIX), dir=root))
    except OSError as error:
        raise unwritable(error, again="command again") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
