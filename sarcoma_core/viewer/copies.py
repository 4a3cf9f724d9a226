"""The folder of the copy of the images, below `TMPDIR`: gone at the end, or swept by the next start.

Its name carries the number of the process that made it, so that what a killed one left is known as such.
"""

import shlex
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sarcoma_core.errors import OutputError
from sarcoma_core.runners.owned_folders import owned_prefix, sweep

COPY_PREFIX = "sarcoma-view-"
_TRIES = 30
"""A program that was just killed may lay a file in while the folder is being deleted."""
_BEAT = 0.1


@contextmanager
def copy_folder() -> Iterator[Path]:
    """An empty folder that this user alone may read, gone afterwards; what killed ones left goes first.

    Raises:
        OSError: there is no folder for temporary files.
        OutputError: it cannot be deleted.
    """
    sweep(Path(tempfile.gettempdir()), COPY_PREFIX)
    folder = Path(tempfile.mkdtemp(prefix=owned_prefix(COPY_PREFIX)))
    try:
        yield folder
    finally:
        _delete(folder)


def _delete(folder: Path) -> None:
    for _ in range(_TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(_BEAT)
    raise OutputError(
        "TMPDIR: must let the copy of the images be deleted; some of it is still there.",
        hint=f"Delete it: rm -r {shlex.quote(str(folder))}",
    )
