"""How well the readers of a project agree: every case with two readings or more, one at a time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sarcoma_core.archive.folder import natural
from sarcoma_core.errors import InputError
from sarcoma_core.imaging.volume import Mask
from sarcoma_core.launch.readers.doubting import ModelDoubt
from sarcoma_core.launch.readers.standing import CaseStatus
from sarcoma_core.segmentation.readers.agreement import (
    CaseAgreement,
    PairSummary,
    ReaderBias,
    pair_scores,
    pair_summaries,
    reader_biases,
    volumes_of,
)
from sarcoma_core.segmentation.readers.consensus import (
    LEAST_FOR_STAPLE,
    ConsensusMask,
    ReaderPerformance,
    consensus,
)
from sarcoma_core.segmentation.readers.ranking import CaseStanding
from sarcoma_core.segmentation.readers.readings import CaseReadings, read_on_one_grid
from sarcoma_core.segmentation.readers.records import ReadingTarget

_TWO = 2


class LeftOutCase(NamedTuple):
    """A case that could not be compared.

    Attributes:
        case: label of the session.
        why: in a sentence without a full stop.
    """

    case: str
    why: str


class PerformanceRow(NamedTuple):
    """A reader against the consensus, over all cases with three readers or more.

    Attributes:
        reader: id.
        n: number of cases.
        sensitivity: mean.
        specificity: mean; it depends on the margin around the region.
    """

    reader: str
    n: int
    sensitivity: float
    specificity: float


@dataclass(frozen=True)
class ProjectAgreement:
    """The readers of a project.

    Args:
        roi: key of the region.
        readers: ids.
        cases: those that two or more have read; one that is drawn on two series is two.
        missing: case and reader of each reading that is not there.
        left_out: the cases that could not be compared, or not with all their readers.
    """

    roi: str
    readers: tuple[str, ...]
    cases: tuple[CaseAgreement, ...]
    missing: tuple[tuple[str, str], ...]
    left_out: tuple[LeftOutCase, ...]

    @property
    def pairs(self) -> tuple[PairSummary, ...]:
        """Each two readers over all cases."""
        return pair_summaries(self.cases, self.readers)

    @property
    def biases(self) -> tuple[ReaderBias, ...]:
        """Whose volumes are larger."""
        return reader_biases(self.cases, self.readers)

    @property
    def performance(self) -> tuple[PerformanceRow, ...]:
        """Each reader against the consensus."""
        rows = []
        for reader in self.readers:
            held = [one for case in self.cases for one in case.performance if one.reader == reader]
            if held:
                rows.append(PerformanceRow(reader, len(held), *_means(held)))
        return tuple(rows)

    @property
    def worst_first(self) -> tuple[CaseAgreement, ...]:
        """The cases, those that disagree most at the top."""
        return tuple(sorted(self.cases, key=lambda one: (one.worst.scores.dice, -one.worst.scores.hd95_mm)))


def _means(held: Sequence[ReaderPerformance]) -> tuple[float, float]:
    n = len(held)
    return sum(one.sensitivity for one in held) / n, sum(one.specificity for one in held) / n


def project_agreement(
    readings: Iterable[CaseReadings], readers: tuple[str, ...], roi: str
) -> ProjectAgreement:
    """Compare the readers of every case.

    Args:
        readings: of each case.
        readers: ids.
        roi: key of the region.

    Raises:
        OSError: the disk fails.
    """
    cases: list[CaseAgreement] = []
    missing: list[tuple[str, str]] = []
    left_out: list[LeftOutCase] = []
    for one in readings:
        if one.fault:
            left_out.append(LeftOutCase(one.case, one.fault.rstrip(".")))
            continue
        missing += [(one.case, reader) for reader in one.missing]
        left_out += [
            LeftOutCase(
                one.case, f"{reader} has read scan {series}, and not scan {one.series} as others have"
            )
            for reader, series in one.elsewhere.items()
            if len(one.by_series[series]) < _TWO
        ]
        for series in sorted(one.by_series, key=natural):
            try:
                found = case_agreement(one, series)
            except InputError as error:
                left_out.append(LeftOutCase(one.case, error.message.rstrip(".")))
                continue
            if found:
                cases.append(found)
                left_out += _without_consensus(found)
    return ProjectAgreement(roi, readers, tuple(cases), tuple(missing), tuple(left_out))


def _without_consensus(found: CaseAgreement) -> Iterator[LeftOutCase]:
    if len(found.volumes_ml) >= LEAST_FOR_STAPLE and not found.performance:
        yield LeftOutCase(found.target.case, "there is no consensus: the readers agree too little")


def case_agreement(readings: CaseReadings, series: str = "") -> CaseAgreement | None:
    """Compare the readers of one case; None where fewer than two have read one series.

    Args:
        readings: of the case.
        series: which one; empty for that which most have read.

    Raises:
        InputError: a reading is no mask, or they lie on several grids.
        OSError: the disk fails.
    """
    chosen = series or readings.series
    versions = readings.by_series.get(chosen, {})
    if len(versions) < _TWO:
        return None
    masks, grid = read_on_one_grid(readings.masks, versions)
    whole = _staple(masks)
    return CaseAgreement(
        ReadingTarget(readings.case, chosen, readings.roi),
        {reader: version.handle for reader, version in versions.items()},
        volumes_of(masks, grid.spacing),
        pair_scores(masks, grid.spacing),
        whole.performance if whole else (),
        whole.prior if whole else None,
    )


def _staple(masks: Mapping[str, Mask]) -> ConsensusMask | None:
    """The consensus of three readers or more; None of two, and where they agree too little for one."""
    if len(masks) < LEAST_FOR_STAPLE:
        return None
    try:
        return consensus(masks, "staple")
    except InputError:
        return None


def case_standing(status: CaseStatus, doubt: ModelDoubt) -> CaseStanding:
    """Where a case stands, for the ranking, by the worst of its series; what cannot be compared has no Dice.

    Args:
        status: of the case.
        doubt: what a network said of it.

    Raises:
        OSError: the disk fails.
    """
    readings = status.readings
    found = () if status.locked else project_agreement((readings,), (), readings.roi).worst_first
    scores = found[0].worst.scores if found else None
    return CaseStanding(
        status.case,
        len(readings.missing),
        scores.dice if scores else None,
        scores.hd95_mm if scores else None,
        status.settled,
        status.locked and not readings.gone,  # of which something is left to do
        doubt.uncertainty,
        doubt.needs_review,
    )
