"""What the members of a set draw in one session: the chosen one, what the others think, and the doubts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

from sarcoma_core.archive.folder import SeriesFiles
from sarcoma_core.errors import InputError
from sarcoma_core.imaging.grids import grid_difference
from sarcoma_core.models.segmentation_task import ON_ONE_GRID
from sarcoma_core.segmentation.inference.finding import FoundRegions, find
from sarcoma_core.segmentation.inference.gate import doubts
from sarcoma_core.segmentation.inference.predicting import Segmenter
from sarcoma_core.segmentation.inference.session import MemberView, SessionViews
from sarcoma_core.segmentation.metrics import dice


@dataclass(frozen=True, eq=False)
class SetMember:
    """A member of a set, ready to look.

    Args:
        name: such as `T1CE`.
        segmenter: its networks.
        synthetic: whether it has seen synthetic patients only.
    """

    name: str
    segmenter: Segmenter
    synthetic: bool


@dataclass(frozen=True, eq=False)
class DrawnMember:
    """What a member has drawn, with all that is told of it.

    Args:
        member: which.
        series: on whose grid it lies.
        finding: masks and probabilities.
        needs_review: what a person has to look at, in sentences.
        others: Dice with the masks of other members, by their names.
        seconds: that it took.
    """

    member: SetMember
    series: SeriesFiles
    finding: FoundRegions
    needs_review: tuple[str, ...]
    others: Mapping[str, float]
    seconds: float


def draw(views: SessionViews, member: SetMember, others: Sequence[SetMember]) -> DrawnMember:
    """What a member draws, and whether the others agree.

    Args:
        views: of the session.
        member: that draws.
        others: that are asked; one whose series do not lie on one grid with the member's cannot tell.

    Raises:
        InputError: an image cannot be used.
    """
    started = perf_counter()
    view = views.view(member.segmenter.task)
    finding = find(view.images, member.segmenter)
    agreed = dict(_opinions(views, member, (view, finding), others))
    said = doubts(member.segmenter.task, finding.for_gate, agreed, synthetic=member.synthetic)
    return DrawnMember(member, view.series, finding, said, agreed, perf_counter() - started)


def _opinions(
    views: SessionViews,
    member: SetMember,
    drawn: tuple[MemberView, FoundRegions],
    others: Sequence[SetMember],
) -> Iterator[tuple[str, float]]:
    """Dice of the member's mask with those of the others, all in the series as they were registered."""
    own = _registered(views, member, drawn) if others else None
    for other in others if own else ():
        theirs = _registered(views, other)
        dice = _agreement(own, theirs) if own and theirs else None
        if dice is not None:
            yield other.name, dice


def _registered(
    views: SessionViews, member: SetMember, drawn: tuple[MemberView, FoundRegions] | None = None
) -> FoundRegions | None:
    """What a member finds in the registered series; None where it has none of them."""
    try:
        view = views.view(member.segmenter.task, ON_ONE_GRID)
    except InputError:
        return None
    if drawn and drawn[0].same_images(view):
        return drawn[1]
    return find(view.images, member.segmenter)


def _agreement(one: FoundRegions, other: FoundRegions) -> float | None:
    """Dice of the first regions; None where they lie on two grids."""
    if grid_difference(one.images[0], other.images[0]):
        return None
    return dice(one.kept[one.region].mask, other.kept[other.region].mask)
