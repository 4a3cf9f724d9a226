"""The numbers of a session as custom fields, so that XNAT can search for them."""

from collections.abc import Iterable, Mapping
from typing import Final

from sarcoma_core.segmentation.evaluation.cases import RegionKey, ScoredCase

PREFIX: Final = "sarcoma_seg_"
"""What the names of the fields begin with."""
_DECIMALS: Final = 4
_NUMBERS: Final = ("dice", "f2", "assd_mm", "hd95_mm")

FieldValues = Mapping[str, "str | float | bool | None"]
"""Values by the name of the field; None empties it."""


def session_numbers(main: Iterable[ScoredCase], regions: tuple[RegionKey, ...]) -> FieldValues:
    """The numbers of a session; None in those of a region that has none.

    Of a region that lies on several series the case of the lowest Dice counts.

    Args:
        main: its cases of the masks that stand for the session; one at least.
        regions: keys of the regions that were asked for.
    """
    worst_last = sorted(main, key=lambda one: (-one.scores.dice, one.scores.hd95_mm))
    chosen = {one.group.region: one for one in worst_last}
    values: dict[str, str | float | bool | None] = {}
    for region in regions:
        told = _of_case(chosen[region]) if region in chosen else dict.fromkeys(_NAMES)
        values |= {f"{PREFIX}{region}_{name}": value for name, value in told.items()}
    return values


def _of_case(one: ScoredCase) -> FieldValues:
    numbers = {name: round(float(getattr(one.scores, name)), _DECIMALS) for name in _NUMBERS}
    return {
        **numbers,
        "volume_ml": round(one.scores.other_ml, _DECIMALS),
        "failed": one.scores.failed,
        "model": one.group.model,
        "scan": one.series,
    }


_NAMES: Final = (*_NUMBERS, "volume_ml", "failed", "model", "scan")
"""Of the fields of a region, after the prefix and its key."""
