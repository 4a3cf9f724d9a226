"""How well readers agree: pair by pair in each case, then over all cases, and whose volumes are larger."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from sarcoma_core.imaging.volume import Mask, Spacing
from sarcoma_core.segmentation.metrics import MaskScores, compare, volume_ml
from sarcoma_core.segmentation.readers.bland_altman import BlandAltman, bland_altman
from sarcoma_core.segmentation.readers.consensus import ReaderPerformance
from sarcoma_core.segmentation.readers.records import ReadingTarget


@dataclass(frozen=True, slots=True)
class PairScores:
    """Two readers of one case.

    Args:
        first: id of the reader that stands for the reference in `scores`.
        second: id of the other.
        scores: how well they agree; all but volume errors are the same the other way round.
    """

    first: str
    second: str
    scores: MaskScores


@dataclass(frozen=True, slots=True)
class CaseAgreement:
    """The readers of one case.

    Args:
        target: which region of which case.
        handles: of the version of each reader.
        volumes_ml: of each reader.
        pairs: of all readers, two and two.
        performance: of each reader against the consensus; none where there are fewer than three.
        prior: what part of the box STAPLE took for the region beforehand; None as above.
    """

    target: ReadingTarget
    handles: Mapping[str, str]
    volumes_ml: Mapping[str, float]
    pairs: tuple[PairScores, ...]
    performance: tuple[ReaderPerformance, ...] = field(default=())
    prior: float | None = None

    @property
    def worst(self) -> PairScores:
        """The two who agree least: the lowest Dice, then the largest HD95."""
        return min(self.pairs, key=lambda pair: (pair.scores.dice, -pair.scores.hd95_mm))

    @property
    def failed(self) -> bool:
        """Whether one marked nothing where another did."""
        return any(pair.scores.failed for pair in self.pairs)

    @property
    def spread_ml(self) -> float:
        """The largest volume minus the smallest."""
        return max(self.volumes_ml.values()) - min(self.volumes_ml.values())


@dataclass(frozen=True, slots=True)
class PairSummary:
    """Two readers over all cases that both have read.

    Args:
        first: id of one reader.
        second: id of the other.
        n: number of cases.
        n_failed: of these, where one marked nothing and the other did.
        dice: mean over all, the failed ones with 0.
        hd95_mm: mean over those that did not fail; None where all did.
        assd_mm: likewise.
        volumes: Bland-Altman of the volumes in ml, the first minus the second.
        cases: labels in the order of `volumes.points`.
    """

    first: str
    second: str
    n: int
    n_failed: int
    dice: float
    hd95_mm: float | None
    assd_mm: float | None
    volumes: BlandAltman
    cases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReaderBias:
    """How much larger a reader draws than the others do.

    Args:
        reader: id.
        n: number of cases that somebody else has read too.
        bias_ml: mean of the reader's volume minus the mean of the others' volumes in the same case.
        n_percent: of these, where the others' mean is not 0.
        bias_percent: mean of the same difference in % of the others' mean; None where there is none.
    """

    reader: str
    n: int
    bias_ml: float
    n_percent: int
    bias_percent: float | None


def pair_scores(masks: Mapping[str, Mask], spacing: Spacing) -> tuple[PairScores, ...]:
    """Compare all readers of a case, two and two.

    Args:
        masks: of each reader, on one grid whose axes are at right angles; booleans, shape (x, y, z).
        spacing: of the voxels, mm.
    """
    return tuple(
        PairScores(one, two, compare(masks[one], masks[two], spacing)) for one, two in combinations(masks, 2)
    )


def volumes_of(masks: Mapping[str, Mask], spacing: Spacing) -> Mapping[str, float]:
    """The volume of each reader's mask, ml; see `pair_scores`."""
    return {reader: volume_ml(mask, spacing) for reader, mask in masks.items()}


def pair_summaries(cases: Sequence[CaseAgreement], readers: Sequence[str]) -> tuple[PairSummary, ...]:
    """Each two readers over the cases that both have read; those who share none are left out."""
    return tuple(
        summary
        for one, two in combinations(readers, 2)
        if (summary := _pair_summary(one, two, cases)) is not None
    )


def _pair_summary(one: str, two: str, cases: Iterable[CaseAgreement]) -> PairSummary | None:
    shared = [case for case in cases if {one, two} <= case.volumes_ml.keys()]
    if not shared:
        return None
    scores = [
        pair.scores for case in shared for pair in case.pairs if {pair.first, pair.second} == {one, two}
    ]
    kept = [score for score in scores if not score.failed]
    return PairSummary(
        one,
        two,
        n=len(scores),
        n_failed=len(scores) - len(kept),
        dice=_mean([score.dice for score in scores]) or 0.0,
        hd95_mm=_mean([score.hd95_mm for score in kept]),
        assd_mm=_mean([score.assd_mm for score in kept]),
        volumes=bland_altman(
            [case.volumes_ml[one] for case in shared], [case.volumes_ml[two] for case in shared]
        ),
        cases=tuple(case.target.case for case in shared),
    )


def reader_biases(cases: Sequence[CaseAgreement], readers: Sequence[str]) -> tuple[ReaderBias, ...]:
    """How much larger each reader draws than the others; who shares no case with anybody is left out."""
    found = []
    for reader in readers:
        pairs = list(_against_others(reader, cases))
        shares = [100 * (own - others) / others for own, others in pairs if others]
        if pairs:
            mean_ml = math.fsum(own - others for own, others in pairs) / len(pairs)
            found.append(ReaderBias(reader, len(pairs), mean_ml, len(shares), _mean(shares)))
    return tuple(found)


def _against_others(reader: str, cases: Iterable[CaseAgreement]) -> Iterator[tuple[float, float]]:
    for case in cases:
        others = [ml for other, ml in case.volumes_ml.items() if other != reader]
        if reader in case.volumes_ml and others:
            yield case.volumes_ml[reader], math.fsum(others) / len(others)


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
