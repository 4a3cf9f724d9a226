"""Send a collection once, under a name that is free."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from sarcoma_core.xnat.roi.platform import HeldCollection, Platform
from sarcoma_core.xnat.roi.rules import LABEL_TAKEN, RoiRefusedError

_ILLEGAL = re.compile(r"[^A-Za-z0-9_-]")
_MOST_VERSIONS = 1000
"""More collections of one name are no versions: something else is wrong."""


class SentCollection(NamedTuple):
    """A collection that the platform holds.

    Attributes:
        label: under which it is found there.
        is_new: whether it was sent now, and was not there before.
    """

    label: str
    is_new: bool


def collection_label(*words: str) -> str:
    """A label that XNAT takes, of these words: letters, digits, `_` and `-`."""
    return "_".join(_ILLEGAL.sub("_", word) for word in words)


def send_collection(platform: Platform, content: bytes, *, uid: str, label: str) -> SentCollection:
    """Put a collection where it is not yet; where its label is taken, as the next version of that name.

    Args:
        platform: what keeps the session.
        content: of a DICOM SEG or RTSTRUCT.
        uid: its SOPInstanceUID, by which it is known again.
        label: how it is called where that is free, else `<label>_v2`, `<label>_v3` ...

    Raises:
        DicomError: it is neither SEG nor RTSTRUCT.
        RoiRefusedError: the platform does not take it, whatever it is called.
        ServerError: the server does not answer.
        OSError: the disk fails.
    """
    held = platform.collections()
    if there := _known(held, uid):
        return there
    taken = {one.label for one in held}
    names = (label, *(f"{label}_v{number}" for number in range(2, _MOST_VERSIONS)))
    for name in (name for name in names if name not in taken):
        try:
            platform.put_roi(content, label=name)
        except RoiRefusedError as error:  # another session's label, or one that was taken just now
            if not error.refused.label_taken:
                raise
            if there := _known(platform.collections(), uid):
                return there
        else:
            return SentCollection(name, is_new=True)
    raise RoiRefusedError(LABEL_TAKEN)


def _known(held: Iterable[HeldCollection], uid: str) -> SentCollection | None:
    return next((SentCollection(one.label, is_new=False) for one in held if one.uid == uid), None)
