"""The automatic masks of a session, those included in which a model found nothing: of these SEG has no file.

What a model was asked for stands in the facts of its outcome. Were an empty mask taken for one that is not
there, a model would look better the more often it finds nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sarcoma_core.archive.masks import MaskVersion, SessionMasks
from sarcoma_core.provenance import Outcome, RunRecord
from sarcoma_core.segmentation.evaluation.cases import REGIONS, RegionKey

UNNAMED: Final = "unnamed model"
"""What a mask is said to be of that names no algorithm."""
_HASH: Final = 12
"""So much of the hash of a model set stands in the name of its algorithm."""


@dataclass(frozen=True)
class AutomaticMask:
    """A mask of a model on one series.

    Args:
        path: of its file; None where the model found nothing.
        handle: of its version; empty likewise.
        sha256: of the file; empty likewise.
        doubts: how many reasons the quality gate gave to look at it.
        is_main: whether it stands for the session: it has the plain name of its region.
    """

    path: Path | None
    handle: str
    sha256: str
    doubts: int
    is_main: bool


Drawn = Mapping[tuple[str, RegionKey, str], AutomaticMask]
"""By model, region and series."""


def automatic_masks(
    masks: SessionMasks, segmented: RunRecord | None, regions: tuple[RegionKey, ...] = REGIONS
) -> Drawn:
    """The automatic masks; of one model and series the one of the plain name counts.

    Args:
        masks: of SEG.
        segmented: its manifest; None where there is none.
        regions: those that are looked for.
    """
    found: dict[tuple[str, RegionKey, str], AutomaticMask] = {}
    for one in sorted(masks.current(), key=lambda version: len(version.roi)):
        if region := region_of(one, regions):
            key = one.algorithm_name or UNNAMED, region, one.series
            mask = AutomaticMask(masks.path(one), one.handle, one.sha256, len(one.notes), one.roi == region)
            found.setdefault(key, mask)
    for outcome in segmented.outcomes if segmented else ():
        for model, region, mask in _empty(outcome, regions):
            found.setdefault((model, region, outcome.series), mask)
    return found


def region_of(version: MaskVersion, regions: tuple[RegionKey, ...] = REGIONS) -> RegionKey | None:
    """The region that an automatic mask is of: `tumour`, or `tumour_t2fs` of the member T2FS.

    Args:
        version: of SEG.
        regions: those that are looked for.
    """
    words = {word.lower() for word in version.algorithm_name.split()}
    for region in regions:
        head, _, member = version.roi.partition(f"{region}_")
        if version.roi == region or (not head and member and member in words):
            return region
    return None


def _empty(
    outcome: Outcome, regions: tuple[RegionKey, ...]
) -> Iterator[tuple[str, RegionKey, AutomaticMask]]:
    """What each member was asked for on a series; whatever has a mask is told by it before."""
    if outcome.status != "done":
        return
    beside = outcome.facts.get("beside")
    for number, facts in enumerate((outcome.facts, *(beside if isinstance(beside, list) else ()))):
        if not isinstance(facts, Mapping) or not isinstance(facts.get("regions"), Mapping):
            continue
        doubts = facts.get("needs_review")
        mask = AutomaticMask(None, "", "", len(doubts) if isinstance(doubts, list) else 0, number == 0)
        yield from ((_algorithm(facts), region, mask) for region in regions if region in facts["regions"])


def _algorithm(facts: Mapping[str, Any]) -> str:
    """The name that the masks of a member carry."""
    words = (str(facts.get(name) or "") for name in ("model", "member"))
    return " ".join((*words, str(facts.get("set_sha256") or "")[:_HASH])).strip() or UNNAMED
