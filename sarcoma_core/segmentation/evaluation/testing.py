"""The tests of an evaluation, in two families: models against one another, and parts of the patients.

Of each family the p values are adjusted together (Holm), over all regions, lines of the table and measures.
One measure of overlap and one of distance are tested, since the others follow these closely.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

from sarcoma_core.segmentation.evaluation.cases import ModelGroup, VariableKey
from sarcoma_core.segmentation.evaluation.medians import (
    LEAST_PATIENTS,
    MeasureKey,
    MedianWithLimits,
    Sampling,
    ScoredPatient,
    median_with_limits,
)
from sarcoma_core.segmentation.evaluation.ranks import RankTest, holm, kruskal_wallis, signed_rank
from sarcoma_core.segmentation.evaluation.strata import StratifiedGroup

TESTED: Final[tuple[MeasureKey, ...]] = ("dice", "hd95_mm")
"""The measures that are tested."""
ALPHA: Final = 0.05
"""Below which a p value of its family counts as a finding."""
_TWO: Final = 2


@dataclass(frozen=True)
class StrataTest:
    """Whether a measure differs between the parts of a group that are shown (Kruskal-Wallis).

    Args:
        group: a line of the table.
        variable: that parts them.
        measure: that was tested.
        levels: that were compared.
        n: patients in them.
        statistic: H.
        p: by itself.
        adjusted: within the family.
    """

    group: ModelGroup
    variable: VariableKey
    measure: MeasureKey
    levels: tuple[str, ...]
    n: int
    statistic: float
    p: float
    adjusted: float = 1.0


@dataclass(frozen=True)
class ModelsTest:
    """Whether two lines of the table differ on the patients that both have (Wilcoxon, signed ranks).

    Args:
        first: a line.
        second: another one of the same region.
        measure: that was tested.
        difference: the first less the second, over patients.
        statistic: W.
        p: by itself.
        adjusted: within the family.
    """

    first: ModelGroup
    second: ModelGroup
    measure: MeasureKey
    difference: MedianWithLimits
    statistic: float
    p: float
    adjusted: float = 1.0


def strata_tests(parted: Iterable[StratifiedGroup]) -> tuple[StrataTest, ...]:
    """The family of the parts; what has fewer than two parts to show is not tested."""
    found = [test for one in parted for test in _of_parts(one)]
    return tuple(
        replace(one, adjusted=p) for one, p in zip(found, holm([one.p for one in found]), strict=True)
    )


def _of_parts(parted: StratifiedGroup) -> Iterator[StrataTest]:
    for measure in TESTED:
        held = {level: values for level, values in parted.values.get(measure, {}).items() if values}
        if len(held) < _TWO:
            continue
        test: RankTest = kruskal_wallis(tuple(held.values()))
        yield StrataTest(
            *(parted.group, parted.variable, measure, tuple(held), test.n, test.statistic, test.p)
        )


def models_tests(
    patients: Mapping[ModelGroup, Sequence[ScoredPatient]], sampling: Sampling
) -> tuple[ModelsTest, ...]:
    """The family of the models: each two lines of one region that share five patients or more.

    Args:
        patients: of each line of the table.
        sampling: of the bootstrap.
    """
    found = [
        test
        for first, second in combinations(patients, _TWO)
        if first.region == second.region
        for test in _of_models(first, second, patients, sampling)
    ]
    return tuple(
        replace(one, adjusted=p) for one, p in zip(found, holm([one.p for one in found]), strict=True)
    )


def _of_models(
    first: ModelGroup,
    second: ModelGroup,
    patients: Mapping[ModelGroup, Sequence[ScoredPatient]],
    sampling: Sampling,
) -> Iterator[ModelsTest]:
    ones, others = ({one.subject: one for one in patients[group]} for group in (first, second))
    for measure in TESTED:
        differences = [
            ones[subject].values[measure] - others[subject].values[measure]
            for subject in sorted(ones.keys() & others.keys())
            if measure in ones[subject].values and measure in others[subject].values
        ]
        if len(differences) < LEAST_PATIENTS:
            continue
        test = signed_rank(differences)
        told = median_with_limits(differences, sampling)
        yield ModelsTest(first, second, measure, told, test.statistic, test.p)
