"""Medians of patients with quartiles and limits of the bootstrap: the numbers of the study's table."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np

from sarcoma_core.segmentation.evaluation.cases import ModelGroup, ScoredCase, Strata
from sarcoma_core.survival.bootstrap import LEAST_SAMPLES, resamples

MeasureKey = Literal["dice", "f2", "assd_mm", "hd95_mm", "volume_error", "volume_error_ml"]
MEASURES: Final[tuple[MeasureKey, ...]] = get_args(MeasureKey)
"""Fields of `MaskScores`, in the order of the table."""
LARGER_IS_BETTER: Final[frozenset[MeasureKey]] = frozenset({"dice", "f2"})

LEAST_PATIENTS: Final = 5
"""Of fewer nothing is told of a stratum, nothing is tested, and a median has no limits."""
_TAIL: Final = 2.5
"""Percent on either side of the limits."""


@dataclass(frozen=True, slots=True)
class MedianWithLimits:
    """A measure over patients.

    Args:
        n: patients with a value.
        median: of them; None where there are none; so are the quartiles.
        q1: the first quartile; with `q3` the interquartile range.
        q3: the third quartile.
        lower: 95 % limit of the median, percentile bootstrap over patients; None of fewer than five.
        upper: likewise.
    """

    n: int
    median: float | None = None
    q1: float | None = None
    q3: float | None = None
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True)
class ScoredPatient:
    """A patient, who counts once however many sessions there are.

    Args:
        subject: label.
        values: of each measure the median over the patient's cases; one that no case has is left out.
        failed: whether a case failed.
        strata: the level of each variable that all of the patient's cases share.
    """

    subject: str
    values: Mapping[MeasureKey, float]
    failed: bool
    strata: Strata


@dataclass(frozen=True)
class GroupSummary:
    """A line of the study's table.

    Args:
        group: model, sequence, plane and region.
        n: patients.
        n_cases: of these: one for each session and series.
        n_failed: patients with a case that failed.
        all: each measure over all patients, where failed cases count 0 or the diagonal of their image.
        not_failed: over the cases that did not fail.
    """

    group: ModelGroup
    n: int
    n_cases: int
    n_failed: int
    all: Mapping[MeasureKey, MedianWithLimits]
    not_failed: Mapping[MeasureKey, MedianWithLimits]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the bootstrap draws.

    Args:
        samples: of patients.
        seed: of the generator; the same data have the same.
    """

    samples: int = LEAST_SAMPLES
    seed: int = 0


def by_group(cases: Iterable[ScoredCase]) -> Mapping[ModelGroup, tuple[ScoredCase, ...]]:
    """The cases of each line of the table, in the order of region, sequence, plane and model."""
    found: defaultdict[ModelGroup, list[ScoredCase]] = defaultdict(list)
    for one in cases:
        found[one.group].append(one)
    order = sorted(found, key=lambda g: (g.region != "tumour", g.region, g.sequence, g.plane, g.model))
    return {group: tuple(found[group]) for group in order}


def patients_of(cases: Iterable[ScoredCase]) -> tuple[ScoredPatient, ...]:
    """The patients of the cases of one group, by label.

    Args:
        cases: of one model, sequence, plane and region.
    """
    held: defaultdict[str, list[ScoredCase]] = defaultdict(list)
    for one in cases:
        held[one.subject].append(one)
    return tuple(_patient(subject, held[subject]) for subject in sorted(held))


def _patient(subject: str, cases: Sequence[ScoredCase]) -> ScoredPatient:
    values = {}
    for measure in MEASURES:
        known = [value for one in cases if (value := getattr(one.scores, measure)) is not None]
        if known:
            values[measure] = float(np.median(known))
    levels = {name: {one.strata.get(name) for one in cases} for one in cases for name in one.strata}
    shared = {name: next(iter(told)) for name, told in levels.items() if len(told) == 1}
    strata = {name: level for name, level in shared.items() if level is not None}
    return ScoredPatient(subject, values, any(one.scores.failed for one in cases), strata)


def summarise_group(group: ModelGroup, cases: Sequence[ScoredCase], sampling: Sampling) -> GroupSummary:
    """A line of the table.

    Args:
        group: that the cases are of.
        cases: one at least.
        sampling: of the bootstrap.
    """
    whole = patients_of(cases)
    kept = patients_of(one for one in cases if not one.scores.failed)
    return GroupSummary(
        group,
        n=len(whole),
        n_cases=len(cases),
        n_failed=sum(one.failed for one in whole),
        all=measured(whole, sampling),
        not_failed=measured(kept, sampling),
    )


def measured(patients: Sequence[ScoredPatient], sampling: Sampling) -> Mapping[MeasureKey, MedianWithLimits]:
    """Each measure over some patients."""
    values = {name: [one.values[name] for one in patients if name in one.values] for name in MEASURES}
    return {name: median_with_limits(values[name], sampling) for name in MEASURES}


def median_with_limits(values: Sequence[float], sampling: Sampling) -> MedianWithLimits:
    """Median, quartiles and limits.

    Args:
        values: one of each patient.
        sampling: of the bootstrap.
    """
    if not values:
        return MedianWithLimits(0)
    held = np.asarray(values, np.float64)
    q1, median, q3 = (float(one) for one in np.percentile(held, (25, 50, 75)))
    if held.size < LEAST_PATIENTS:
        return MedianWithLimits(held.size, median, q1, q3)
    drawn = resamples(held.size, samples=sampling.samples, seed=sampling.seed)
    lower, upper = np.percentile(np.median(held[drawn], axis=1), (_TAIL, 100 - _TAIL))
    return MedianWithLimits(held.size, median, q1, q3, float(lower), float(upper))
