"""Scores of several cases in one table: with the failed ones, and without."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from sarcoma_core.errors import InputError
from sarcoma_core.segmentation.metrics import MaskScores

MEASURES: Final = (
    "dice",
    "f2",
    "assd_mm",
    "hd95_mm",
    "hd_mm",
    "surface_dice",
    "volume_error_ml",
    "volume_error",
)
"""The fields of `MaskScores` that are summed up."""

Among = Literal["all", "not failed"]


@dataclass(frozen=True, slots=True)
class MeasureSummary:
    """One measure over several cases.

    Args:
        measure: one of `MEASURES`.
        cases: whether the failed ones are among them.
        n: number of cases with a value.
        mean: None where there are none; so are the others.
        median: the middle one.
        q1: the first quartile; with `q3` the interquartile range.
        q3: the third quartile.
    """

    measure: str
    cases: Among
    n: int
    mean: float | None
    median: float | None
    q1: float | None
    q3: float | None


@dataclass(frozen=True, slots=True)
class CasesSummary:
    """Several cases.

    Args:
        n: number of cases.
        n_failed: of these, where one mask is empty and the other is not.
        measures: each measure twice: over all cases, where the failed ones count 0 or the diagonal of their
            image; and without these.
    """

    n: int
    n_failed: int
    measures: tuple[MeasureSummary, ...]


def summarise(cases: Sequence[MaskScores]) -> CasesSummary:
    """Mean, median and quartiles of every measure, with the failed cases and without them.

    Both are told: without the failed ones a method looks better the more it fails (MONAI issue 9095).

    Args:
        cases: one for each pair of masks, all by one definition and one tolerance.

    Raises:
        InputError: there are none, or they are of several definitions or tolerances.
    """
    settings = {(case.definition, case.tolerance_mm) for case in cases}
    if len(settings) != 1:
        raise InputError(
            f"cases: must be of one definition and tolerance; found {len(settings)} of them.",
            hint="Compare all pairs with the same settings.",
        )
    kept = [case for case in cases if not case.failed]
    among: tuple[tuple[Among, Sequence[MaskScores]], ...] = (("all", cases), ("not failed", kept))
    measures = tuple(_summary(measure, name, chosen) for measure in MEASURES for name, chosen in among)
    return CasesSummary(len(cases), len(cases) - len(kept), measures)


def _summary(measure: str, name: Among, cases: Sequence[MaskScores]) -> MeasureSummary:
    values = [value for case in cases if (value := getattr(case, measure)) is not None]
    if not values:
        return MeasureSummary(measure, name, 0, None, None, None, None)
    q1, median, q3 = (float(value) for value in np.percentile(values, (25, 50, 75)))
    return MeasureSummary(measure, name, len(values), float(np.mean(values)), median, q1, q3)
