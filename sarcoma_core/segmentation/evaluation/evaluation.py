"""A whole evaluation: the table of the study, the parts of the patients, the tests, and what is lacking."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sarcoma_core.archive.folder import natural
from sarcoma_core.segmentation.evaluation.cases import VARIABLES, LackingCase, RegionKey, ScoredCase
from sarcoma_core.segmentation.evaluation.medians import (
    GroupSummary,
    Sampling,
    by_group,
    patients_of,
    summarise_group,
)
from sarcoma_core.segmentation.evaluation.strata import StratifiedGroup, sizes, stratify
from sarcoma_core.segmentation.evaluation.testing import (
    ModelsTest,
    StrataTest,
    models_tests,
    strata_tests,
)


@dataclass(frozen=True)
class SegmentationEvaluation:
    """What came of the cases of a cohort.

    Args:
        cases: those that were compared, in the order of subject, session, series, region and model.
        lacking: those that could not be.
        table: a line for each model, sequence, plane and region.
        strata: each line in parts, by each variable.
        strata_tests: between parts.
        models_tests: between lines.
    """

    cases: tuple[ScoredCase, ...]
    lacking: tuple[LackingCase, ...]
    table: tuple[GroupSummary, ...]
    strata: tuple[StratifiedGroup, ...]
    strata_tests: tuple[StrataTest, ...]
    models_tests: tuple[ModelsTest, ...]

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models that drew anything that was compared."""
        return tuple(sorted({one.group.model for one in self.cases}))

    @property
    def regions(self) -> tuple[RegionKey, ...]:
        """Keys of the regions of the table, in its order."""
        return tuple(dict.fromkeys(one.group.region for one in self.table))

    @property
    def patients(self) -> int:
        """How many patients have a case that was compared."""
        return len({one.subject for one in self.cases})

    @property
    def worst_first(self) -> tuple[ScoredCase, ...]:
        """The cases, the lowest Dice first, then the largest distance."""
        return tuple(sorted(self.cases, key=lambda one: (one.scores.dice, -one.scores.hd95_mm, one.key)))

    def kinds(self) -> Mapping[tuple[str, RegionKey], Mapping[str, int]]:
        """How often each model failed or lacks a mask, by kind; under "" what concerns every model."""
        found: dict[tuple[str, RegionKey], Counter[str]] = {}
        for one in self.cases:
            if one.failure:
                found.setdefault((one.group.model, one.group.region), Counter())[one.failure] += 1
        for lack in self.lacking:
            found.setdefault((lack.model, lack.region), Counter())[lack.kind] += 1
        return {key: dict(sorted(found[key].items())) for key in sorted(found)}


def evaluate(
    cases: Iterable[ScoredCase],
    lacking: Iterable[LackingCase],
    sampling: Sampling,
) -> SegmentationEvaluation:
    """Sum up cases.

    Args:
        cases: that were compared; one that has the key of another is told once.
        lacking: that were not.
        sampling: of the bootstrap.
    """
    told = {one.key: one for one in cases}
    ordered = tuple(told[key] for key in sorted(told, key=lambda k: (*map(natural, k[:2]), k[2:])))
    groups = by_group(ordered)
    patients = {group: patients_of(held) for group, held in groups.items()}
    whole = {variable: sizes(patients.values(), variable) for variable in VARIABLES}
    parted = [
        found
        for variable in VARIABLES
        for group, held in patients.items()
        if (found := stratify(group, variable, held, whole[variable], sampling)) is not None
    ]
    return SegmentationEvaluation(
        ordered,
        tuple(lacking),
        tuple(summarise_group(group, held, sampling) for group, held in groups.items()),
        tuple(parted),
        strata_tests(parted),
        models_tests(patients, sampling),
    )
