"""What a network that foretells takes and gives: `prognosis` of config.json.

Which endpoints, in how many intervals of time, of an image of what size: all that must be known before a
network is built. What was learned besides weights, as cut points and how columns are scaled, is no part of
it, and differs between the networks of an ensemble.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Literal, get_args

from sarcoma_core.archive.roles import CHOSEN_ROLES
from sarcoma_core.models.segmentation_task import shown
from sarcoma_core.provenance import typed

OutcomeHead = Literal["logistic-hazard", "cox", "deephit", "pc-hazard", "cox-time"]
"""What the outputs for an endpoint are: `survival.incidence` says how each becomes an incidence."""
OUTCOME_HEADS: Final[tuple[OutcomeHead, ...]] = get_args(OutcomeHead)
RELATIVE_HEADS: Final[tuple[OutcomeHead, ...]] = ("cox", "cox-time")
"""Those that give log hazard ratios, and need a baseline hazard beside the weights."""
GRADE: Final = "grade"

EDGES: Final = (8, 256)
"""Bounds of the voxels along each axis of the image."""
MOST_INTERVALS: Final = 64
MOST_CAUSES: Final = 2
MOST_LEVELS: Final = 8
MOST_SPACING_MM: Final = 20.0
MOST_MARGIN_MM: Final = 100.0
_MOST_ENDPOINTS = 8


@dataclass(frozen=True)
class TimedOutcome:
    """An endpoint that comes with time.

    Args:
        endpoint: its name.
        causes: what ends the watch for it and is foretold: the event, then what competes with it, as death.
        intervals: of time, for each of which the network has an output; 1 where the head has one output for
            all times.

    Raises:
        ValueError: a field breaks its rule.
    """

    endpoint: str
    causes: tuple[str, ...]
    intervals: int

    def __post_init__(self) -> None:
        if not 1 <= len(self.causes) <= MOST_CAUSES or len(set(self.causes)) != len(self.causes):
            raise ValueError(f"causes must be 1 or {MOST_CAUSES}, distinct; found {shown(self.causes)}")
        if not 1 <= self.intervals <= MOST_INTERVALS:
            raise ValueError(f"intervals must be 1 to {MOST_INTERVALS}; found {self.intervals}")

    @property
    def outputs(self) -> int:
        """How many numbers the network gives for it."""
        return len(self.causes) * self.intervals


@dataclass(frozen=True)
class GradedOutcome:
    """A grade.

    Args:
        levels: from low to high.
        ordinal: whether they are told as the chances of going on to the next one; else as classes.

    Raises:
        ValueError: a field breaks its rule.
    """

    levels: tuple[str, ...]
    ordinal: bool = True

    def __post_init__(self) -> None:
        if not 1 < len(self.levels) <= MOST_LEVELS or len(set(self.levels)) != len(self.levels):
            raise ValueError(f"levels must be 2 to {MOST_LEVELS}, distinct; found {shown(self.levels)}")

    @property
    def outputs(self) -> int:
        """How many numbers the network gives for it."""
        return len(self.levels) - self.ordinal


@dataclass(frozen=True)
class PrognosisTask:
    """What a network that foretells takes and gives.

    Args:
        head: what the outputs of timed endpoints are.
        timed: endpoints that come with time.
        graded: the grade; None where it is not foretold.
        sequences: role of each channel of the image, such as `T1CE`; none where it takes no image.
        edge: voxels along each axis of the image.
        spacing_mm: of these.
        margin_mm: around the drawn tumour that is seen besides, at most.

    Raises:
        ValueError: a field breaks its rule; the text says the rule and what was found.
    """

    head: OutcomeHead
    timed: tuple[TimedOutcome, ...]
    graded: GradedOutcome | None
    sequences: tuple[str, ...]
    edge: int
    spacing_mm: float
    margin_mm: float

    def __post_init__(self) -> None:
        names = self.endpoints
        if not 1 <= len(names) <= _MOST_ENDPOINTS or len(set(names)) != len(names):
            raise ValueError(f"endpoints must be 1 to {_MOST_ENDPOINTS}, distinct; found {shown(names)}")
        if len(set(self.sequences)) != len(self.sequences) or not set(self.sequences) <= set(CHOSEN_ROLES):
            raise ValueError(
                f"sequences must be distinct, each one of {', '.join(CHOSEN_ROLES)}; found "
                f"{shown(self.sequences)}"
            )
        least, most = EDGES
        if not least <= self.edge <= most:
            raise ValueError(f"edge must be {least} to {most} voxels; found {self.edge}")
        if not (0 < self.spacing_mm <= MOST_SPACING_MM and 0 <= self.margin_mm <= MOST_MARGIN_MM):
            raise ValueError(
                f"spacing_mm and margin_mm must be above 0 to {MOST_SPACING_MM:g}, and 0 to "
                f"{MOST_MARGIN_MM:g}; found {shown([self.spacing_mm, self.margin_mm])}"
            )

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Names of all that is foretold, the grade last."""
        return (*(one.endpoint for one in self.timed), *((GRADE,) if self.graded else ()))

    def outcome(self, endpoint: str) -> TimedOutcome:
        """The endpoint of a name, one of those that come with time."""
        (found,) = (one for one in self.timed if one.endpoint == endpoint)
        return found

    @property
    def outputs(self) -> int:
        """How many numbers each head of the network gives."""
        return sum(one.outputs for one in self.timed) + (self.graded.outputs if self.graded else 0)

    @property
    def places(self) -> Mapping[str, slice]:
        """Where those of each endpoint lie, the causes of one behind each other."""
        sizes = [one.outputs for one in self.timed] + ([self.graded.outputs] if self.graded else [])
        found, start = {}, 0
        for name, size in zip(self.endpoints, sizes, strict=True):
            found[name] = slice(start, start + size)
            start += size
        return found


def parse_prognosis(tree: object) -> PrognosisTask:
    """A task of its JSON.

    Raises:
        ValueError: a field is missing, unknown, of another type or breaks its rule.
    """
    known = [one.name for one in fields(PrognosisTask)]
    if not isinstance(tree, dict) or sorted(tree) != sorted(known):
        raise ValueError(f"prognosis must have {', '.join(known)} alone; found {shown(tree)}")
    lengths = {name: _with_point(tree[name]) for name in ("spacing_mm", "margin_mm")}
    try:
        found: PrognosisTask = typed(PrognosisTask, {**tree, **lengths})
    except (TypeError, KeyError):
        raise ValueError(f"prognosis must have fields of their types; found {shown(tree)}") from None
    return found


def _with_point(raw: Any) -> Any:  # noqa: ANN401  JSON has no type
    """A length that JSON tells as 5 is 5.0."""
    return float(raw) if type(raw) is int and abs(raw) < MOST_MARGIN_MM * 2 else raw
