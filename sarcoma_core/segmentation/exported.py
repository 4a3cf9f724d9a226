"""How what was exported is known when it comes back: its regions tell their voxels, and its UID tells them.

An object whose UID is another was saved by somebody; a region that tells other voxels was changed.
"""

import hashlib
import re
from collections.abc import Iterable
from typing import Literal

import numpy as np
from pydicom.uid import generate_uid

from sarcoma_core.archive.masks import is_roi
from sarcoma_core.imaging.volume import Mask

ExportKind = Literal["SEG", "RTSTRUCT"]

_TOLD = re.compile(r"\bvoxels (?P<digest>[0-9a-f]{64})\b")


def voxels_sha256(mask: Mask) -> str:
    """SHA-256 of a mask's shape and voxels: that of its file depends on the grid that is written with it."""
    digest = hashlib.sha256(repr(mask.shape).encode())
    digest.update(np.packbits(mask).tobytes())
    return digest.hexdigest()


def telling_voxels(text: str, mask: Mask) -> str:
    """A text that tells the voxels of a mask as well."""
    return f"{text}; voxels {voxels_sha256(mask)}"


def told_roi(text: str) -> str:
    """The key of the region that a text tells as the exported one; empty where it tells none."""
    told = _TOLD.search(text)
    return text.partition(" ")[0] if told and is_roi(text.partition(" ")[0]) else ""


def are_told(mask: Mask, text: str) -> bool:
    """Whether a text tells the voxels of this very mask."""
    told = _TOLD.search(text)
    return told is not None and told["digest"] == voxels_sha256(mask)


def exported_uid(kind: str, what: Literal["series", "instance"], series_uid: str, told: Iterable[str]) -> str:
    """The UID of an object that is made of masks: equal masks on one series give the same.

    Args:
        kind: SEG or RTSTRUCT.
        what: SeriesInstanceUID, or SOPInstanceUID.
        series_uid: of the images.
        told: the descriptions of its regions, in their order.
    """
    return str(generate_uid(entropy_srcs=["sarcoma", kind, what, series_uid, *told]))
