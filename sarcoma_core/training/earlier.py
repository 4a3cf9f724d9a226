"""What an earlier training has left: members that are done, and checkpoints of those that are not."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sarcoma_core.archive.asset import AssetFolder
from sarcoma_core.archive.folder import visible_files
from sarcoma_core.provenance import MANIFEST
from sarcoma_core.training import checkpoint

TRAINING: Final = "training.json"
"""What a training tells of itself; its `keys` say which one it was."""


@dataclass(frozen=True)
class EarlierSet:
    """A model set, or a lone model, as an earlier training has left it.

    Args:
        asset: the resource; None where there is none.
    """

    asset: AssetFolder | None

    @property
    def members(self) -> tuple[str, ...]:
        """Names of the members that it holds, done or not."""
        return tuple(sorted({name.split("/")[0] for name in self._names() if "/" in name}))

    def has_done(self, member: str, keys: Sequence[str]) -> bool:
        """Whether this very training of a member was done: with equal keys, weights are equal.

        Args:
            member: its name; empty for a lone model.
            keys: of each network.
        """
        name = _place(member) + TRAINING
        if self.asset is None or name not in self._names():
            return False
        try:
            told = json.loads((self.asset.path / name).read_bytes())
            return bool(told["keys"] == list(keys))
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def resume(self, member: str, networks: Path) -> None:
        """Put the checkpoints of a member where its training goes on; nothing where it has none.

        Args:
            member: its name; empty for a lone model.
            networks: to fill.

        Raises:
            InputError: a checkpoint is damaged.
            OSError: the disk is full or read-only.
        """
        if self.asset and _place(member) + checkpoint.STATE in self._names():
            checkpoint.unpack(self.asset.path / member, networks)

    def carry(self, member: str, folder: Path) -> tuple[str, ...]:
        """Copy a member as it is.

        Args:
            member: its name; empty for a lone model.
            folder: of the new resource.

        Returns:
            The files, as paths below the resource.

        Raises:
            OSError: the disk is full or read-only.
        """
        names = tuple(name for name in self._names() if name.startswith(_place(member)))
        for name in names:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.asset.path / name, target) if self.asset else None
        return names

    def _names(self) -> tuple[str, ...]:
        """The files that its manifest lists; all where no step wrote it."""
        if self.asset is None:
            return ()
        if self.asset.record:
            return tuple(entry.path for entry in self.asset.record.files)
        root = self.asset.path
        found = (path.relative_to(root).as_posix() for path in visible_files(root))
        return tuple(name for name in found if name != MANIFEST)


def _place(member: str) -> str:
    """The folder of a member, with a `/` at its end; a lone model has none."""
    return f"{member}/" if member else ""
