"""The masks of a network on one series, each beside that of a person, and how far the two agree."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from sarcoma_core.archive.masks import MaskVersion, SessionMasks, is_roi
from sarcoma_core.errors import InputError
from sarcoma_core.imaging.volume import Floats, Mask, read_nifti
from sarcoma_core.provenance import Outcome
from sarcoma_core.report.mask_pictures import Ground, mask_on
from sarcoma_core.report.planes import same_grid, upright
from sarcoma_core.segmentation.metrics import MaskScores, compare

FIRST: Final = "tumour"
"""The region that stands first."""

ONE_VIEW: Final = "the image was looked at in one view only, so nothing tells how sure the network is"

_UNCERTAINTY: Final = "-uncertainty.nii.gz"
"""How the name of a region's uncertainty ends."""


@dataclass(frozen=True)
class ComparedRegion:
    """A region that a network was asked for, beside that of a person on the same series.

    Args:
        roi: its key in SEG.
        member: of the model set that drew it; empty where nothing says which.
        version: what masks.json says of it; None where the network has found nothing.
        fault: why it cannot be drawn, in a sentence without a full stop; empty where it can be.
        person: the version of a person that counts; None where no person has drawn the region.
        scores: of the network's mask against the person's; None where there is nothing to compare.
        apart: why there are no scores, though a person has drawn it; else empty.
    """

    roi: str
    member: str
    version: MaskVersion | None
    fault: str = ""
    person: MaskVersion | None = None
    scores: MaskScores | None = None
    apart: str = ""


class OwnedMask(NamedTuple):
    """A mask on the page.

    Attributes:
        roi: key of its region, as its own resource has it.
        owner: who drew it.
        mask: in RAS order.
    """

    roi: str
    owner: str
    mask: Mask


@dataclass(frozen=True)
class NetworkSeries:
    """What SEG and MASKS hold of one series.

    Args:
        outcome: of `segment` on it.
        members: names of the models that have drawn on it, the one that counts first.
        automatic: masks of the session that networks drew.
        persons: masks of the session in MASKS.
    """

    outcome: Outcome
    members: tuple[str, ...]
    automatic: SessionMasks
    persons: SessionMasks

    @property
    def drawn(self) -> Mapping[str, MaskVersion | None]:
        """The mask of each region that was looked for, the tumour first; None where nothing was found."""
        versions = self.automatic.of(self.outcome.series)
        found: dict[str, MaskVersion | None] = {one.roi: one for one in versions}
        uncertain = (file for file in self.outcome.files if file.endswith(_UNCERTAINTY))
        for file in uncertain:
            roi = file.removeprefix(self._stem).removesuffix(_UNCERTAINTY)
            if is_roi(roi):
                found.setdefault(roi, None)
        return dict(sorted(found.items(), key=lambda item: (item[0] != FIRST, item[0])))

    def member(self, roi: str) -> str:
        """Which member drew a region: the one whose name its key ends with, else the first."""
        named = [one for one in self.members if roi.endswith(f"_{one.lower()}")]
        return max(named, key=len, default=next(iter(self.members), ""))

    def person(self, roi: str) -> MaskVersion | None:
        """The version that counts of the same region on the series, where a person has a hand in it."""
        region = roi.removesuffix(f"_{self.member(roi).lower()}")
        current = (one for one in self.persons.current() if one.series == self.outcome.series)
        return next((one for one in current if one.roi == region and one.algorithm != "AUTOMATIC"), None)

    def variance(self, roi: str, ground: Ground) -> tuple[Floats | None, str]:
        """How the views of the image differ, in RAS order; none where that cannot be shown, and why.

        Args:
            roi: key of the region in SEG.
            ground: what it is drawn over.
        """
        try:
            volume = read_nifti(self.automatic.folder / f"{self._stem}{roi}{_UNCERTAINTY}")
        except InputError as error:
            return None, f"the uncertainty cannot be read: {error.message.rstrip('.')}"
        except OSError:
            return None, "the uncertainty was not written"
        if not same_grid(volume, ground.converted):
            return None, "the grid of the uncertainty is not that of the volume that is there now"
        if not np.isfinite(volume.array).all():
            return None, "the uncertainty holds values that are not finite"
        turned = np.asarray(upright(volume.array, volume.affine).array, np.float32)
        return (turned, "") if turned.any() else (None, ONE_VIEW)

    @property
    def _stem(self) -> str:
        """How the paths of its files begin, as `archive.masks.mask_path` has them."""
        of = self.outcome
        return f"{of.scan}/{of.part}_" if of.part else f"{of.scan}/"


def compare_region(
    found: NetworkSeries, roi: str, version: MaskVersion | None, ground: Ground
) -> tuple[ComparedRegion, tuple[OwnedMask, ...]]:
    """A region with its scores, and the masks of it that hold a voxel, the network's first.

    Args:
        found: on the series.
        roi: key of the region in SEG.
        version: of the network; None where it has found nothing.
        ground: what masks are drawn over, in RAS order.
    """
    person = found.person(roi)
    nothing = np.zeros(ground.shown.array.shape, np.bool_)
    automatic, fault = (nothing, "") if version is None else mask_on(found.automatic, version, ground)
    theirs, apart = (None, "") if person is None else mask_on(found.persons, person, ground)
    told = ComparedRegion(roi, found.member(roi), version, fault, person, apart=apart)
    if automatic is not None and theirs is not None:
        told = replace(told, scores=compare(theirs, automatic, ground.shown.spacing))
    held = [OwnedMask(roi, f"network {told.member}".rstrip(), automatic)] if automatic is not None else []
    if person is not None and theirs is not None:
        held.append(OwnedMask(person.roi, f"person, v{person.version}", theirs))
    return told, tuple(one for one in held if one.mask.any())
