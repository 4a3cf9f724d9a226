"""What a model of networks is trained with: endpoints, head, parts of the cohort, size and settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from sarcoma_core.errors import InputError
from sarcoma_core.models.prognosis_task import GRADE, OutcomeHead
from sarcoma_core.prognosis.clinical.endpoints import ENDPOINTS
from sarcoma_core.prognosis.clinical.variables import Known
from sarcoma_core.prognosis.tumour_image import CubeRules
from sarcoma_core.training.outcomes.loop import OutcomeSettings

EndpointChoice = Literal["os", "dm", "lr", "rfs", "grade"]
ENDPOINT_OF: Final[Mapping[str, str]] = {one.short.lower(): one.name for one in ENDPOINTS} | {GRADE: GRADE}
"""The endpoint of each choice."""
Modalities = Literal["both", "image", "clinical"]
MODALITIES: Final[tuple[Modalities, ...]] = get_args(Modalities)


@dataclass(frozen=True)
class NetworkSize:
    """How large a network is: arguments of `MultimodalNetwork`.

    Args:
        width: channels that the stem gives.
        growth: channels that each layer adds.
        blocks: layers of each block.
        bottleneck: channels within a layer, as a multiple of `growth`.
        stem: edge of the first convolution, its stride, and 1 where pooling follows.
        regions: whether maps are averaged over the tumour and around it.
        groups: of the normalisations of the image's part; 0 normalises in batches.
        dropout_percent: in both parts.
        features: of each part.
        clinical_widths: of the layers of the clinical part.
        clinical_groups: of its normalisations; 0 normalises in batches, as published.
    """

    width: int
    growth: int
    blocks: tuple[int, ...]
    bottleneck: int
    stem: tuple[int, int, int]
    regions: bool
    groups: int
    dropout_percent: int
    features: int
    clinical_widths: tuple[int, ...]
    clinical_groups: int = 0

    @property
    def least_edge(self) -> int:
        """Voxels along an axis of which the last block still sees one.

        Stem and pooling halve an axis and round up, each transition rounds down.
        """
        _, stride, pooled = self.stem
        edge: int = 2 ** (len(self.blocks) - 1)
        for _ in range((stride == 2) + pooled):  # noqa: PLR2004  a stride that halves
            edge = 2 * edge - 1
        return edge


SIZES: Final[Mapping[str, NetworkSize]] = {
    "tiny": NetworkSize(
        width=16,
        growth=8,
        blocks=(2, 3),
        bottleneck=2,
        stem=(3, 2, 1),
        regions=True,
        groups=4,
        dropout_percent=20,
        features=12,
        clinical_widths=(16,),
    ),
    "small": NetworkSize(
        width=32,
        growth=16,
        blocks=(6, 12, 4),
        bottleneck=4,
        stem=(3, 2, 0),
        regions=True,
        groups=8,
        dropout_percent=10,
        features=12,
        clinical_widths=(32, 16),
    ),
    "121": NetworkSize(
        width=64,
        growth=32,
        blocks=(6, 12, 24, 16),
        bottleneck=4,
        stem=(7, 2, 1),
        regions=True,
        groups=8,
        dropout_percent=20,
        features=12,
        clinical_widths=(32, 16, 8, 8, 8),
    ),
}
"""By name. `121` has the widths of Bozzo et al. 2024, in groups and with regions, which are ours."""


@dataclass(frozen=True)
class PrognosisOrder:
    """What a model is trained with.

    Args:
        endpoints: names, the first of which deals patients to parts; `grade` among them or not.
        head: of timed endpoints.
        cohort: SHA-256 of the cohort.
        cube: that images are laid on.
        size: of the networks.
        settings: of their training.
        modalities: that they take.
        intervals: of time, at most.
        seed: of parts, weights and views.
        folds: of those who are not set aside.
        seeds: networks of each fold, which differ by their seed alone.
        test_percent: of the patients in the test set.
        calibration_percent: in the calibration set.
        least_events: that an endpoint must have.
        when: the prediction is made.

    Raises:
        InputError: the cube is too small for the networks.
    """

    endpoints: tuple[str, ...]
    head: OutcomeHead
    cohort: str
    cube: CubeRules
    size: NetworkSize
    settings: OutcomeSettings = field(default_factory=OutcomeSettings)
    modalities: Modalities = "both"
    intervals: int = 10
    seed: int = 0
    folds: int = 5
    seeds: int = 3
    test_percent: int = 15
    calibration_percent: int = 15
    least_events: int = 10
    when: Known = "before surgery"

    def __post_init__(self) -> None:
        least = self.size.least_edge
        if self.modalities != "clinical" and self.cube.edge < least:
            raise InputError(
                f"edge: must be {least} voxels or more for networks of this size; found {self.cube.edge}.",
                hint="Ask for a smaller size, such as --size tiny, or a larger edge.",
            )

    @property
    def timed(self) -> tuple[str, ...]:
        """Names of the endpoints that come with time."""
        return tuple(name for name in self.endpoints if name != GRADE)

    @property
    def networks(self) -> int:
        """How many are trained."""
        return self.folds * self.seeds

    def arguments(self, *, columns: int, outputs: int) -> dict[str, Any]:
        """Of `MultimodalNetwork`.

        Args:
            columns: of clinical values.
            outputs: of each head.
        """
        size = self.size
        return {
            "channels": 0 if self.modalities == "clinical" else len(self.cube.sequences),
            "columns": 0 if self.modalities == "image" else columns,
            "outputs": outputs,
            "masked": True,
            "regions": size.regions,
            "features": size.features,
            "width": size.width,
            "growth": size.growth,
            "blocks": size.blocks,
            "bottleneck": size.bottleneck,
            "groups": size.groups,
            "dropout_percent": size.dropout_percent,
            "stem": size.stem,
            "clinical_widths": size.clinical_widths,
            "clinical_groups": size.clinical_groups,
        }
