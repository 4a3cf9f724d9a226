"""What the boot says: to the log that CloudWatch gets, and to systemd."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Journal:
    """A log of a boot's steps.

    Args:
        path: the file; its folder is made.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path

    def tell(self, text: str) -> None:
        """Write one line.

        Args:
            text: what happened; never a secret, never a patient's value.

        Raises:
            OSError: the disk is full.
        """
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{now} {text}\n")
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
