"""How a page names the models, lines and measures of a segmentation study."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from sarcoma_core.segmentation.evaluation.cases import NOT_TOLD, ModelGroup, RegionKey
from sarcoma_core.segmentation.evaluation.medians import MeasureKey

MEASURE_TITLES: Final[Mapping[MeasureKey, str]] = {
    "dice": "Dice",
    "f2": "F2",
    "assd_mm": "ASSD, mm",
    "hd95_mm": "HD95, mm",
    "volume_error": "Volume error, %",
    "volume_error_ml": "Volume error, ml",
}
DECIMALS: Final[Mapping[MeasureKey, int]] = {
    "dice": 3,
    "f2": 3,
    "assd_mm": 2,
    "hd95_mm": 1,
    "volume_error": 1,
    "volume_error_ml": 1,
}
SCALES: Final[Mapping[MeasureKey, float]] = {"volume_error": 100.0}
"""What a measure is multiplied by to be shown; 1 for the others."""
SIGNED: Final[frozenset[MeasureKey]] = frozenset({"volume_error", "volume_error_ml"})

REGION_TITLES: Final[Mapping[RegionKey, str]] = {"tumour": "Tumour", "oedema": "Oedema"}

_HASH: Final = re.compile(r" [0-9a-f]{12}")


class ModelNames:
    """What models are called on one page: without the hash of their weights where no two are alike without.

    Args:
        models: names of all of them, as their masks have them.
    """

    def __init__(self, models: Iterable[str]) -> None:
        held = tuple(models)
        short = [_short(one) for one in held]
        self._names = {
            one: name if short.count(name) == 1 else one for one, name in zip(held, short, strict=True)
        }

    def model(self, name: str) -> str:
        """A model."""
        return self._names.get(name, name)

    def line(self, group: ModelGroup) -> str:
        """A line of the table, e.g. `MODEL_SEG_STS T1CE on axial T1CE`."""
        return f"{self.model(group.model)} on {images(group)}"


def images(group: ModelGroup) -> str:
    """The images of a line, e.g. `axial T1CE`."""
    sequence = f"images whose sequence is {NOT_TOLD}" if group.sequence == NOT_TOLD else group.sequence
    return f"{group.plane} {sequence}"


def _short(name: str) -> str:
    head, digest = name[:-13], name[-13:]
    return head if head and _HASH.fullmatch(digest) else name
