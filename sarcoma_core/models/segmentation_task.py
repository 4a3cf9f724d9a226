"""What a network that segments takes, gives and has seen in its training: `segmentation` of config.json.

Nothing of it is decided where it runs: the grid, the channels, the regions and the thresholds travel with the
weights.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, get_type_hints

from sarcoma_core.archive.masks import is_roi
from sarcoma_core.archive.roles import CHOSEN_ROLES
from sarcoma_core.provenance import typed

ONE_SEQUENCE, ON_ONE_GRID = "NORMALISED", "REGISTERED"
"""The resource that the images of one sequence are taken from, and those of several."""

PERCENTILES: Final = (5, 25, 50, 75, 95)
"""Of the intensity inside the body, for which `SeenInTraining` tells means and deviations."""

SPACINGS: Final = (0.1, 20.0)
"""Bounds of the spacing of a model grid, mm."""
PATCHES: Final = (8, 512)
"""Bounds of the voxels of a patch along each axis."""
MOST_VOXELS: Final = 2**24
"""Of a patch: 256 along each axis."""
MOST_REGIONS: Final = 16
MOST_LEAST_ML: Final = 1000.0
"""Whoever drops components of more than a litre drops tumours."""
MOST_NUMBER: Final = 1e9
"""Of any other number: beyond it nobody's measurement lies."""

_AXES = 3
_SHOWN = 80
_WHAT: Final = {
    "sequences": "a list of texts",
    "label": "a text",
    "regions": "a list of texts",
    "spacing": "three lengths",
    "slices_last": "true or false",
    "patch": "three whole numbers",
    "threshold": "a number",
    "least_ml": "a number",
    "seen": "an object",
    "spacing_mm": "a list of pairs of numbers",
    "intensity": "pairs of numbers by sequence",
    "volume_ml": "pairs of numbers by region",
}


@dataclass(frozen=True)
class SeenInTraining:
    """What a training has seen, by which a step tells what lies outside.

    Args:
        spacing_mm: along each axis of the model grid, the least and the largest native spacing.
        intensity: of each sequence, mean and standard deviation over the patients of the `PERCENTILES` of
            the intensity inside the body.
        volume_ml: of each region, the least and the largest reference volume.

    Raises:
        ValueError: a number is not finite, or a pair is none.
    """

    spacing_mm: tuple[tuple[float, float], ...]
    intensity: Mapping[str, tuple[tuple[float, float], ...]]
    volume_ml: Mapping[str, tuple[float, float]]

    def __post_init__(self) -> None:
        ranges = [*self.spacing_mm, *self.volume_ml.values()]
        _require(
            len(self.spacing_mm) == _AXES and all(len(one) == 2 for one in ranges),  # noqa: PLR2004
            "seen.spacing_mm must be three pairs, and seen.volume_ml one for each region",
            self.spacing_mm,
        )
        _require(
            all(0 <= low <= high <= MOST_NUMBER for low, high in ranges)
            and all(low > 0 for low, _ in self.spacing_mm),
            "seen.spacing_mm and seen.volume_ml must be finite, the least first",
            ranges,
        )
        for role, pairs in self.intensity.items():
            _require(
                len(pairs) == len(PERCENTILES)
                and all(len(pair) == 2 for pair in pairs)  # noqa: PLR2004
                and all(abs(mean) <= MOST_NUMBER and 0 <= sd <= MOST_NUMBER for mean, sd in pairs),
                f"seen.intensity of {role} must be five pairs of mean and deviation, finite",
                pairs,
            )


"""Its name in the contract of issue 15; `launch.doctor` has a class of that name."""


@dataclass(frozen=True)
class SegmentationTask:
    """What a network that segments takes and gives.

    Args:
        sequences: role of each channel, such as `T1CE`.
        label: the resource that the images are taken from: `NORMALISED` for one sequence, `REGISTERED` for
            several, which must lie on one grid.
        regions: key of the region of each output, such as `tumour`; regions may overlap, as each output is
            a logit of its own.
        spacing: mm along the axes of the model grid.
        slices_last: whether the third axis of the model grid goes across the slices of the image; else the
            axes are the patient's, those of the image that are nearest to RAS.
        patch: voxels of a patch along each axis.
        threshold: of the probability, on the native grid.
        least_ml: components of a region that are smaller are dropped.
        seen: what the training has seen.

    Raises:
        ValueError: a field breaks its rule; the text says the rule and what was found.
    """

    sequences: tuple[str, ...]
    label: str
    regions: tuple[str, ...]
    spacing: tuple[float, float, float]
    slices_last: bool
    patch: tuple[int, int, int]
    threshold: float
    least_ml: float
    seen: SeenInTraining

    def __post_init__(self) -> None:
        self._check_channels()
        self._check_grid()
        _require(0 < self.threshold < 1, "threshold must lie between 0 and 1", self.threshold)
        _require(
            0 <= self.least_ml <= MOST_LEAST_ML,
            f"least_ml must be 0 to {MOST_LEAST_ML:g} ml",
            self.least_ml,
        )
        for name, told, known in (
            ("intensity", self.seen.intensity, self.sequences),
            ("volume_ml", self.seen.volume_ml, self.regions),
        ):
            _require(set(told) == set(known), f"seen.{name} must be of {', '.join(known)}", list(told))

    def _check_channels(self) -> None:
        known = ", ".join(CHOSEN_ROLES)
        _require(
            _distinct(self.sequences) and set(self.sequences) <= set(CHOSEN_ROLES),
            f"sequences must be distinct, each one of {known}",
            self.sequences,
        )
        label = ONE_SEQUENCE if len(self.sequences) == 1 else ON_ONE_GRID
        _require(
            self.label == label,
            f"label must be {ONE_SEQUENCE} for one sequence, {ON_ONE_GRID} for several",
            self.label,
        )
        _require(
            _distinct(self.regions) and len(self.regions) <= MOST_REGIONS and all(map(is_roi, self.regions)),
            f"regions must be 1 to {MOST_REGIONS}, distinct, in small letters, digits and underscores",
            self.regions,
        )

    def _check_grid(self) -> None:
        least, most = SPACINGS
        _require(
            len(self.spacing) == _AXES and all(least <= length <= most for length in self.spacing),
            f"spacing must be three finite lengths, {least:g} to {most:g} mm",
            self.spacing,
        )
        smallest, largest = PATCHES
        _require(
            len(self.patch) == _AXES
            and all(smallest <= voxels <= largest for voxels in self.patch)
            and math.prod(self.patch) <= MOST_VOXELS,
            f"patch must be three numbers of voxels, {smallest} to {largest}, {MOST_VOXELS} together at most",
            self.patch,
        )

    @property
    def member(self) -> str:
        """The name of a model of these sequences in a set: `T1CE_T2FS`."""
        return "_".join(self.sequences)


def parse_task(tree: object) -> SegmentationTask:
    """A task of its JSON.

    Raises:
        ValueError: a field is missing, unknown, of another type or breaks its rule.
    """
    given = _fields_of(SegmentationTask, tree, "segmentation")
    seen = SeenInTraining(**_fields_of(SeenInTraining, given["seen"], "seen"))
    return SegmentationTask(**{**given, "seen": seen})


def _fields_of(kind: type[SegmentationTask | SeenInTraining], tree: object, name: str) -> dict[str, Any]:
    known = [one.name for one in fields(kind)]
    if not isinstance(tree, dict):
        raise ValueError(f"{name} must be an object; found {shown(tree)}")  # noqa: TRY004  it is JSON's fault
    if missing := [one for one in known if one not in tree]:
        raise ValueError(f"{name} must have {', '.join(known)}; it lacks {missing[0]}")
    if unknown := [one for one in tree if one not in known]:
        raise ValueError(f"{name} must have {', '.join(known)} alone; found {shown(unknown[0])}")
    hints = get_type_hints(kind)
    return {one: _field(one, hints[one], tree[one]) for one in known}


def _field(name: str, hint: Any, raw: Any) -> Any:  # noqa: ANN401  a type hint has no type of its own, nor has JSON
    if hint is SeenInTraining:
        return raw
    whole = name == "patch"
    try:
        return typed(hint, raw if whole else _with_floats(raw))
    except (TypeError, KeyError):
        raise ValueError(f"{name} must be {_WHAT[name]}; found {shown(raw)}") from None


def _with_floats(raw: Any) -> Any:  # noqa: ANN401  as above
    """The same JSON, a whole number told as the length or volume that it is: 3 mm are 3.0 mm."""
    if isinstance(raw, list):
        return [_with_floats(one) for one in raw]
    if isinstance(raw, dict):
        return {key: _with_floats(one) for key, one in raw.items()}
    if type(raw) is int:
        return float(raw) if abs(raw) <= MOST_NUMBER else math.inf
    return raw


def _distinct(names: Sequence[str]) -> bool:
    return 0 < len(names) == len(set(names))


def _require(good: bool, rule: str, found: object) -> None:  # noqa: FBT001  it reads as an assertion
    if not good:
        raise ValueError(f"{rule}; found {shown(found)}")


def shown(found: object) -> str:
    """What was found, in one short line."""
    text = json.dumps(found, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
