"""A case of an evaluation: one region, as one model drew it on one series, against the locked reference.

What could not be compared is a case too, of a kind that is counted: nothing drops out silently.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from sarcoma_core.segmentation.evaluation.planes import Plane
from sarcoma_core.segmentation.metrics import MaskScores

RegionKey = Literal["tumour", "oedema"]
REGIONS: Final[tuple[RegionKey, ...]] = get_args(RegionKey)

VariableKey = Literal["site", "histology", "centre", "scanner"]
VARIABLES: Final[Mapping[VariableKey, str]] = {
    "site": "Anatomical site",
    "histology": "Histology",
    "centre": "Centre",
    "scanner": "Scanner",
}
"""By what patients are parted, with what a reader calls it."""

Strata = Mapping[VariableKey, str]
"""The level of each variable that is told."""

NOT_TOLD: Final = "not told"
"""The role of a series or the level of a patient that nothing tells."""

LackKind = Literal[
    "no locked reference",
    "reference changed since the cohort was frozen",
    "not segmented",
    "segmentation refused",
    "drawn on another series than the reference",
    "not drawn by this model",
    "another grid than the reference",
    "cannot be read",
]
"""Why there are no scores."""

FOUND_NOTHING: Final = "found nothing"
FOUND_TOO_MUCH: Final = "found something where the reference is empty"


@dataclass(frozen=True, slots=True)
class ModelGroup:
    """What is a line of the study's table.

    Args:
        model: name of the algorithm, as the masks tell it.
        sequence: role of the series, such as `T1CE`.
        plane: of its slices.
        region: key of the region.
    """

    model: str
    sequence: str
    plane: Plane
    region: RegionKey


@dataclass(frozen=True)
class ScoredCase:
    """A case that was compared.

    Args:
        subject: label.
        session: label.
        series: that both masks lie on, as `Outcome.series` names it.
        group: model, sequence, plane and region.
        scores: of the automatic mask against the reference.
        reference: handle of the reference.
        reference_sha256: of its file.
        mask: handle of the automatic mask; empty where the model found nothing, and wrote none.
        mask_sha256: of its file; empty likewise.
        strata: the level of each variable by which cases are parted; those that are not told are left out.
        doubts: how many reasons the quality gate of the segmentation gave to look at it.
        earlier: whether it was carried forward from an earlier evaluation.
    """

    subject: str
    session: str
    series: str
    group: ModelGroup
    scores: MaskScores
    reference: str
    reference_sha256: str
    mask: str
    mask_sha256: str
    strata: Strata = field(default_factory=dict)
    doubts: int = 0
    earlier: bool = False

    @property
    def key(self) -> tuple[str, str, RegionKey, str]:
        """What tells it from every other case: session, series, region and model."""
        return self.session, self.series, self.group.region, self.group.model

    @property
    def failure(self) -> str:
        """In which way it failed; empty where it did not."""
        if not self.scores.failed:
            return ""
        return FOUND_TOO_MUCH if self.scores.other_ml else FOUND_NOTHING


@dataclass(frozen=True)
class LackingCase:
    """A case without scores.

    Args:
        subject: label.
        session: label.
        region: key of the region.
        kind: why, as it is counted.
        model: name of the algorithm; empty where it concerns every model.
        why: more of it, in a sentence without a full stop; may be empty.
    """

    subject: str
    session: str
    region: RegionKey
    kind: LackKind
    model: str = ""
    why: str = ""
