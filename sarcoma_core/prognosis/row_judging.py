"""How well the rows of a table rank patients, and how each stands to one of them, on the same patients.

Limits and p values are of the sampling of patients: the models of a fold are held as they are.

Source: Efron and Tibshirani, An Introduction to the Bootstrap, 13 (percentile limits) and 16; Holm 1979.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.judged import limits
from sarcoma_core.prognosis.out_of_fold import JudgingPlan
from sarcoma_core.prognosis.pairs import PairSums, harrell_pairs, uno_pairs
from sarcoma_core.report.measures import WithLimits
from sarcoma_core.segmentation.evaluation.ranks import holm
from sarcoma_core.survival.bootstrap import bootstrap, resamples
from sarcoma_core.survival.follow_up import Counts, Floats1


@dataclass(frozen=True)
class PairedDifference:
    """Of a row's Harrell's C from that of the row that all are compared with, on the same samples.

    Args:
        c: above 0 where the row ranks better; without limits where too few samples tell something.
        p: of no difference, two-sided; None without limits.
        adjusted: the same after Holm over the rows of the endpoint.
    """

    c: WithLimits
    p: float | None = None
    adjusted: float | None = None


@dataclass(frozen=True)
class JudgedRow:
    """How well a row ranks patients; None where the data do not tell.

    Args:
        harrell: Harrell's C, over the pairs of one fold.
        uno: Uno's C, likewise, up to the tau of the plan.
        difference: from the row that all are compared with; None of that row itself.
    """

    harrell: WithLimits | None
    uno: WithLimits | None
    difference: PairedDifference | None


def judge_rows(
    plan: JudgingPlan, risks: Mapping[str, Floats1], *, against: str, samples: int, seed: int
) -> Mapping[str, JudgedRow]:
    """Judge all rows of an endpoint.

    Args:
        plan: with patients and folds, dealt once.
        risks: of each row the risk of every patient, out of fold, shape (n,).
        against: name of the row that all are compared with; where it is not there, nothing is compared.
        samples: of patients.
        seed: of these.
    """
    drawn = resamples(len(plan.follow_up), samples=samples, seed=seed)
    sums = {name: harrell_pairs(plan.follow_up, risk[None], plan.judged) for name, risk in risks.items()}
    found = {}
    for name, risk in risks.items():
        uno = uno_pairs(plan.follow_up, risk[None], plan.judged, tau=plan.tau)
        compared = name != against and against in sums
        found[name] = JudgedRow(
            limits(sums[name].of, drawn),
            limits(uno.of, drawn),
            _difference(sums[name], sums[against], drawn) if compared else None,
        )
    return _adjusted(found)


def two_sided_p(samples: Floats1) -> float:
    """P of no difference, of bootstrap samples of one: twice the part of them on the rarer side of 0.

    Below 0.05 it is where 0 lies outside the 95 % percentile limits. The value itself counts as a sample, so
    that p is never 0. Of 300 comparisons of noise with noise, 100 patients each, 4 % had p below 0.05.

    Args:
        samples: of the difference, shape (samples,).
    """
    below, above = (1 + int(np.count_nonzero(side)) for side in (samples <= 0, samples >= 0))
    return min(1.0, 2 * min(below, above) / (samples.size + 1))


def _difference(one: PairSums, other: PairSums, drawn: Counts) -> PairedDifference | None:
    def apart(rows: Counts) -> float:
        return one.of(rows) - other.of(rows)

    try:
        found = bootstrap(apart, drawn)
    except InputError:
        alone = limits(apart, drawn)
        return None if alone is None else PairedDifference(alone)
    return PairedDifference(WithLimits(found.value, found.lower, found.upper), two_sided_p(found.samples))


def _adjusted(rows: Mapping[str, JudgedRow]) -> Mapping[str, JudgedRow]:
    """Holm over all that were tested."""
    tested = {
        name: one.difference
        for name, one in rows.items()
        if one.difference is not None and one.difference.p is not None
    }
    adjusted = holm([one.p if one.p is not None else 1.0 for one in tested.values()])
    told = {
        name: replace(rows[name], difference=replace(one, adjusted=p))
        for (name, one), p in zip(tested.items(), adjusted, strict=True)
    }
    return {**rows, **told}
