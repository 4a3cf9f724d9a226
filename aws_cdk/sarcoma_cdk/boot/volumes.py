"""The site's volumes: found by their ids, formatted only when they are blank, mounted, and again at a start.

A volume that holds anything else is refused: a reason on the screen can be mended, a formatted archive
cannot.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from . import files
from .calls import attempt, run, wait_for
from .failure import BootError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from .places import Places

LABELS: Mapping[str, str] = {"archive": "sarcoma-xnat", "database": "sarcoma-db"}
"""Labels of the file systems (XFS takes 12 characters): one volume is not taken for the other."""
PATIENCE = 600
"""Seconds for the stack to attach a volume, which it can only do to a machine that already runs."""
_OPTIONS = "nodev,nosuid,noatime"
_PREFIX = "nvme-Amazon_Elastic_Block_Store_"
_LOOKED_AT = 1 << 20
_IN_PROGRESS = 126
"""Place of `sb_inprogress` in the superblock (XFS Algorithms & Data Structures, "Superblocks")."""
_NOTHING_FOUND = 2
"""Exit status of blkid where it knows no signature; with several it is 8."""


def mount_all(volumes: Mapping[str, str], places: Places, *, patience: float = PATIENCE) -> None:
    """Mount each volume in its place.

    Args:
        volumes: ids of `archive` and `database`.
        places: the machine's folders.
        patience: seconds to wait for a volume.

    Raises:
        BootError: a volume does not come, or holds what is not ours.
        OSError: fstab cannot be written.
    """
    targets = {"archive": places.archive, "database": places.database}
    for role, volume in volumes.items():
        device = _find(volume, places, patience=patience)
        _format_blank(device, volume, role)
        _mount(device, volume, targets[role], places)


def _find(volume: str, places: Places, *, patience: float) -> Path:
    link = places.devices / (_PREFIX + volume.replace("-", ""))
    if not wait_for(link.exists, seconds=patience):
        raise BootError(
            f"volumes: {volume} must be attached to this machine within {patience:.0f} s; {link} is not "
            f"there. Look at it with: aws ec2 describe-volumes --volume-ids {volume}"
        )
    return link.resolve()


def _format_blank(device: Path, volume: str, role: str) -> None:
    """Make the file system of a blank volume, or of one whose making was broken off."""
    found = signature(device)
    label = LABELS[role]
    if (found == {} and _is_zero(device)) or _in_progress(device):
        run("mkfs.xfs", "-q", "-f", "-L", label, str(device))
        run("sync", str(device))
        return
    known = (found.get("TYPE", "an unknown content"), found.get("LABEL", "no label"))
    if known != ("xfs", label):
        raise BootError(
            f"volumes: {volume} must be blank, or xfs with the label {label}; found {' with '.join(known)}. "
            f"It is left as it is. If it is the {role}'s, copy it to a new volume with this label."
        )


def signature(device: Path) -> dict[str, str]:
    """What a device holds by its signatures: none of them for a blank one.

    Args:
        device: the block device.

    Raises:
        BootError: it has several, or cannot be read.
    """
    done = attempt("blkid", "--probe", "--output", "export", str(device))
    if done.returncode == _NOTHING_FOUND:
        return {}
    if done.returncode:
        raise BootError(
            f"volumes: blkid must tell what {device} holds; it answers {done.returncode}. It is left as it "
            f"is. Look at it with: wipefs {device}"
        )
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


def _in_progress(device: Path) -> bool:
    """Whether `mkfs.xfs` was broken off: the last that it does is to clear this flag of the superblock.

    A note of ours beside the volume could outlive what it is about, and would have a filled volume formatted.
    """
    with device.open("rb") as file:
        superblock = file.read(512)
    return superblock.startswith(b"XFSB") and superblock[_IN_PROGRESS : _IN_PROGRESS + 1] not in (b"", b"\0")


def _is_zero(device: Path) -> bool:
    with device.open("rb") as file:
        return not file.read(_LOOKED_AT).strip(b"\0")


def _mount(device: Path, volume: str, target: Path, places: Places) -> None:
    uuid = signature(device).get("UUID", "")
    files.folder(target)
    _note(places.fstab, f"UUID={uuid} {target} xfs {_OPTIONS},nofail 0 2", target)
    source = attempt(
        "findmnt", "--noheadings", "--output", "SOURCE", "--mountpoint", str(target)
    ).stdout.strip()
    if source not in ("", str(device)):
        raise BootError(
            f"volumes: {target} must hold {volume} ({device}); found {source}. Unmount that first."
        )
    if not source:
        run("mount", "-t", "xfs", "-o", _OPTIONS, str(device), str(target))
    run("xfs_growfs", "-d", str(target))  # nothing to do, unless the volume was made larger


def _note(fstab: Path, line: str, target: Path) -> None:
    """Have it mounted at the next start, in one line per place."""
    kept = fstab.read_text(encoding="utf-8").splitlines() if fstab.exists() else []
    kept = [each for each in kept if not re.match(rf"\S+\s+{re.escape(str(target))}\s", each)]
    files.write(fstab, "".join(f"{each}\n" for each in [*kept, line]))
