"""Masks that the viewer cannot show yet: in no SEG or RTSTRUCT that it shows, and not exported."""

from collections.abc import Collection, Iterator

from sarcoma_core.archive.drawn import roi_collections
from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.masks import COLLECTIONS_LABEL, MASKS_LABEL, SEG_LABEL, read_masks
from sarcoma_core.archive.store import Session
from sarcoma_core.viewer.holdings import place_of


def masks_waiting(session: Session, shown: Collection[str]) -> int:
    """How many masks, in the version that counts, the viewer has neither from who drew them nor from us.

    Args:
        session: whose masks.
        shown: places of what was drawn and is shown, as `ShownFile.place` has them.

    Raises:
        ArchiveError: a resource of masks is damaged.
        OSError: the disk fails.
    """
    folder = SessionFolder(session.path)
    exported = set(_exported(folder))
    return sum(
        place_of(one.origin, session) not in shown and one.sha256 not in exported
        for label in (MASKS_LABEL, SEG_LABEL)
        for one in read_masks(folder, label).current()
    )


def _exported(folder: SessionFolder) -> Iterator[str]:
    """The masks that `export-masks` put into a collection that is still there, by the hash of their files."""
    there = {one.label for one in roi_collections(folder.path)}
    record = folder.record(COLLECTIONS_LABEL)
    for outcome in record.outcomes if record else ():
        for collection in outcome.facts.get("collections", ()):
            if collection.get("held") and collection.get("label") in there:
                yield from collection.get("masks", ())
