"""How well networks foretell patients that they have not seen, beside the clinical baseline of the folds.

Over the seeds of a fold networks are an ensemble: their incidences are averaged. Each seed is judged by
itself, too, so that the spread is told; none is picked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.baselines import baseline_named
from sarcoma_core.prognosis.clinical.endpoints import DAYS_OF_YEAR, endpoint
from sarcoma_core.prognosis.endpoint_study import (
    HORIZON_YEARS,
    BaselineFitting,
    StudyPatients,
    StudyRules,
    patients_of,
)
from sarcoma_core.prognosis.foretold import ForetoldTimes
from sarcoma_core.prognosis.judged import JudgedModels, judge
from sarcoma_core.prognosis.network_outputs import Foretold
from sarcoma_core.prognosis.network_plan import PlannedPrognosis
from sarcoma_core.prognosis.out_of_fold import JudgingPlan, OutOfFold, plan_judging, predict_out_of_fold
from sarcoma_core.survival.concordance import harrell
from sarcoma_core.survival.follow_up import Floats1

BASELINE: Final = "clinical baseline"
"""The elastic-net Cox model of all clinical variables, fitted on the patients of the same folds."""
MAIN_YEARS: Final = 3
"""Of calibration and curves."""


@dataclass(frozen=True, eq=False)
class JudgedEndpoint:
    """One endpoint that comes with time.

    Args:
        name: of the endpoint.
        patients: of the development who were followed for it.
        plan: how they are judged.
        predicted: by each head's ensemble, and by the baseline, by name.
        judgement: of these.
        seeds: Harrell's C of the main head of each seed alone, over the folds' pairs.
        cut: the risk above which a patient of the development is one of high risk: the median.
        absent: why there is no baseline; empty where there is one.
    """

    name: str
    patients: StudyPatients
    plan: JudgingPlan
    predicted: Mapping[str, OutOfFold]
    judgement: JudgedModels
    seeds: tuple[float, ...]
    cut: float
    absent: str = ""


def judge_endpoint(
    planned: PlannedPrognosis, told: Sequence[tuple[int, Foretold]], name: str
) -> JudgedEndpoint:
    """Judge all networks by one endpoint.

    Args:
        planned: how they were trained.
        told: each network's number, and what it foretells of the fold that judges it.
        name: of a timed endpoint.

    Raises:
        InputError: nobody was followed for it.
    """
    development = planned.patients.of(planned.parts.development)
    patients = patients_of(endpoint(name), [one.row for one in development.patients], {})
    folds = list(planned.parts.folds.rows(patients.subjects))
    years = [DAYS_OF_YEAR * year for year in HORIZON_YEARS]
    plan = plan_judging(patients.follow_up, folds, horizons=years, main=DAYS_OF_YEAR * MAIN_YEARS)
    heads = tuple(told[0][1].timed)
    place = {subject: row for row, subject in enumerate(patients.subjects)}
    predicted = {head: _ensemble(planned, told, (head, name), place, plan) for head in heads}
    absent = ""
    rules = StudyRules(seed=planned.order.seed, when=planned.order.when)
    try:
        fitting = BaselineFitting(baseline_named("clinical"), patients, rules)
        predicted[BASELINE] = predict_out_of_fold(plan, fitting.on)
    except InputError as error:
        absent = error.message
    main = predicted[heads[0]]
    judgement = judge(plan, predicted, seed=planned.order.seed)
    return JudgedEndpoint(
        name=name,
        patients=patients,
        plan=plan,
        predicted=predicted,
        judgement=judgement.ranks_alone() if endpoint(name).competes_with_death else judgement,
        seeds=_seeds(planned, told, (heads[0], name), place, patients),
        cut=float(np.median(main.risk[0])),
        absent=absent,
    )


def _ensemble(
    planned: PlannedPrognosis,
    told: Sequence[tuple[int, Foretold]],
    which: tuple[str, str],
    place: Mapping[str, int],
    plan: JudgingPlan,
) -> OutOfFold:
    """Means over the seeds of a fold.

    Args:
        planned: how they were trained.
        told: of each network.
        which: head and endpoint.
        place: row of each subject that counts.
        plan: with the times.
    """
    seeds, rows = planned.order.seeds, len(place)
    risk, survival = np.zeros((1, rows)), np.zeros((1, rows, plan.times.size))
    for found in (one for _, one in told):
        of = found.timed[which[0]][which[1]]
        at, keep = _rows(found.subjects, place)
        risk[0, at] += of.risk[keep] / seeds
        survival[0, at] += free_of_event(of, plan.times)[keep] / seeds
    return OutOfFold(risk, survival, risk > np.median(risk))


def free_of_event(told: ForetoldTimes, days: Floats1) -> NDArray[np.float64]:
    """The chance not to have had the event itself by each time, shape (n, times).

    Args:
        told: of an endpoint.
        days: times.
    """
    return np.asarray(1 - told.by(days)[:, 0])


def _seeds(
    planned: PlannedPrognosis,
    told: Sequence[tuple[int, Foretold]],
    which: tuple[str, str],
    place: Mapping[str, int],
    patients: StudyPatients,
) -> tuple[float, ...]:
    """Mean over folds of Harrell's C of each seed alone."""
    found: list[float] = []
    for seed in range(planned.order.seeds):
        each = []
        for number, one in told:
            if number // planned.order.folds != seed:
                continue
            at, keep = _rows(one.subjects, place)
            some = patients.follow_up.chosen(np.array(at, np.int64))
            try:
                each.append(harrell(some, one.timed[which[0]][which[1]].risk[keep]).index)
            except InputError:
                continue  # of a fold in which no two can be compared
        found += [float(np.mean(each))] if each else []
    return tuple(found)


def _rows(subjects: Sequence[str], place: Mapping[str, int]) -> tuple[list[int], list[int]]:
    """Rows of the endpoint, and of what was foretold, of those who count."""
    keep = [row for row, subject in enumerate(subjects) if subject in place]
    return [place[subjects[row]] for row in keep], keep
