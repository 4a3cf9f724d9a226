"""What networks drew in a session, in words: what a person has to look at first, then which model drew it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sarcoma_core.archive.folder import SessionFolder, natural
from sarcoma_core.archive.masks import SEG_LABEL, SessionMasks, read_masks
from sarcoma_core.errors import ArchiveError
from sarcoma_core.provenance import Outcome, Outcomes
from sarcoma_core.report.mask_pictures import Ground
from sarcoma_core.report.masks import millilitres, shown
from sarcoma_core.report.measures import fixed
from sarcoma_core.report.segmentation_compared import ComparedRegion, NetworkSeries
from sarcoma_core.report.segmentation_pictures import SegmentationPictures, picture_segmentation
from sarcoma_core.report.segmentation_verdicts import (
    LONGEST_SENTENCE,
    MemberVerdict,
    members_of,
    told_text,
    verdict_of,
)
from sarcoma_core.report.stages import StageRun

_SPACE: Final = "\u00a0"


@dataclass(frozen=True)
class AutomaticMasks:
    """The resource SEG as it is, and the masks of persons to compare it with.

    Args:
        masks: that networks drew; none where there is no SEG.
        persons: masks of the session in MASKS.
        run: what its manifest says; None where there is none that can be read.
        fault: why it cannot be read; empty where it can.
    """

    masks: SessionMasks
    persons: SessionMasks
    run: StageRun | None
    fault: str = ""

    def is_on(self, series: str) -> bool:
        """Whether anybody, or any network, drew on a series."""
        return bool(self.persons.of(series)) or any(one.series == series for one in self.outcomes)

    @property
    def outcomes(self) -> Outcomes:
        """What became of each series; none where it cannot be read."""
        return self.run.record.outcomes if self.run and self.run.record and not self.fault else ()


@dataclass(frozen=True)
class RegionRow:
    """A region in the table: its key, and the other columns."""

    name: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class RegionTable:
    """The regions of a series; `columns` has one word for the name and one for each cell."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[RegionRow, ...]


@dataclass(frozen=True)
class SegmentedSeries:
    """A series on which something was drawn.

    Args:
        name: of the series.
        verdicts: of the members, the one that counts first; one at least.
        table: of the regions.
        pictures: outlines and uncertainty.
        compared: whether a person has drawn on the series as well.
        assisted: whether such a mask was drawn by a person with a program.
    """

    name: str
    verdicts: tuple[MemberVerdict, ...]
    table: RegionTable
    pictures: SegmentationPictures
    compared: bool
    assisted: bool

    @property
    def verdict(self) -> MemberVerdict:
        """Of the member that counts."""
        return self.verdicts[0]

    @property
    def synthetic(self) -> bool:
        """Whether it has to be said that the model is not for patients: no doubt says it yet."""
        told = any("synthetic patients only" in doubt for one in self.verdicts for doubt in one.doubts)
        return any(one.synthetic for one in self.verdicts) and not told


@dataclass(frozen=True)
class SegmentationTold:
    """What the page tells of the masks of networks.

    Args:
        series: on which something was drawn, the series of the member that counts first.
        undrawn: why nothing was drawn, in sentences without a full stop.
        fault: why SEG cannot be read; empty where it can.
        current_run: whether nothing has changed since.
    """

    series: tuple[SegmentedSeries, ...] = ()
    undrawn: tuple[str, ...] = ()
    fault: str = ""
    current_run: bool = True

    @property
    def told(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.series or self.undrawn or self.fault)

    @property
    def doubted(self) -> int:
        """On how many series a person has to look at the masks."""
        return sum(any(one.doubts for one in series.verdicts) for series in self.series)


NO_SEGMENTATION = SegmentationTold()


def read_automatic(session: SessionFolder, persons: SessionMasks, runs: Iterable[StageRun]) -> AutomaticMasks:
    """The masks that networks drew: a network can draw them again, so a damaged SEG stops no page.

    Args:
        session: the session.
        persons: its masks in MASKS.
        runs: its stages.
    """
    run = next((one for one in runs if one.stage.label == SEG_LABEL), None)
    try:
        return AutomaticMasks(read_masks(session, SEG_LABEL), persons, run)
    except ArchiveError as error:
        return AutomaticMasks(
            SessionMasks(()), persons, run, shown(error.message, LONGEST_SENTENCE).rstrip(".")
        )


def picture_series(found: AutomaticMasks, series: str, ground: Ground | None) -> SegmentationPictures | None:
    """What networks drew on one series; None where they drew nothing.

    Args:
        found: of the session.
        series: its name.
        ground: what masks are drawn over; None where the series has no volume.
    """
    outcome = next((one for one in found.outcomes if one.series == series and one.status == "done"), None)
    if outcome is None:
        return None
    members = tuple(filter(None, (told_text(facts, "member") for facts in members_of(outcome))))
    return picture_segmentation(NetworkSeries(outcome, members, found.masks, found.persons), ground)


def tell_segmentation(
    found: AutomaticMasks, pictures: Mapping[str, SegmentationPictures]
) -> SegmentationTold:
    """Put what networks drew into words.

    Args:
        found: of the session.
        pictures: of each series that the session still has and on which they drew.
    """
    drawn = (one for one in found.outcomes if one.status == "done")
    pairs = ((one, pictures.get(one.series) or picture_series(found, one.series, None)) for one in drawn)
    series = tuple(_series(outcome, one) for outcome, one in pairs if one)
    return SegmentationTold(
        series,
        () if series else _undrawn(found.outcomes),
        found.fault,
        current_run=found.run is None or found.run.current,
    )


def _undrawn(outcomes: Iterable[Outcome]) -> tuple[str, ...]:
    """Why nothing was drawn, each reason once with its scans."""
    reasons: dict[str, list[str]] = {}
    for one in outcomes:
        if one.status != "done":
            reasons.setdefault(shown(one.reason, LONGEST_SENTENCE).rstrip("."), []).append(one.series)
    named = {reason: sorted(filter(None, series), key=natural) for reason, series in reasons.items()}
    return tuple(f"Scan {', '.join(held)}: {reason}" if held else reason for reason, held in named.items())


def _series(outcome: Outcome, pictures: SegmentationPictures) -> SegmentedSeries:
    regions = pictures.regions
    return SegmentedSeries(
        name=outcome.series,
        verdicts=tuple(verdict_of(facts) for facts in members_of(outcome)),
        table=_table(regions),
        pictures=pictures,
        compared=any(one.scores for one in regions),
        assisted=any(one.person and one.person.algorithm == "SEMIAUTOMATIC" for one in regions),
    )


def _table(regions: Sequence[ComparedRegion]) -> RegionTable:
    compared = any(one.person for one in regions)
    columns = ("region", "drawn by", "volume")
    beside = ("a person's mask", "Dice", "HD95", "network less person") if compared else ()
    rows = tuple(
        RegionRow(one.roi, (*_drawn_by(one), *(_against(one) if compared else ()))) for one in regions
    )
    return RegionTable("Volumes of what the network drew.", (*columns, *beside), rows)


def _drawn_by(one: ComparedRegion) -> tuple[str, str]:
    volume = millilitres(one.version) if one.version else "nothing found"
    return one.member, f"{volume}, not drawn: {one.fault}" if one.fault else volume


def _against(one: ComparedRegion) -> tuple[str, str, str, str]:
    if one.person is None:
        return "none", "", "", ""
    lock = "locked" if one.person.locked else "not locked"
    person = f"v{one.person.version}, {lock}, {millilitres(one.person)}"
    found = one.scores
    if found is None:
        return f"{person}: {one.apart or one.fault}", "", "", ""
    change = f"{fixed(found.volume_error_ml, 1, sign=True)}{_SPACE}ml"
    far = "one is empty" if found.failed else f"{fixed(found.hd95_mm, 1)}{_SPACE}mm"
    return person, fixed(found.dice, 3), far, change
