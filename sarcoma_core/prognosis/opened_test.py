"""How well a model does on the patients who were set aside for the test, once somebody asks.

All networks foretell them and their incidences are averaged, as `predict` does; the clinical baseline is
fitted on the whole development. Whoever looks a second time has chosen by what was seen the first time: so
each look is kept on the model's card, with a name and a time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch

from sarcoma_core.errors import InputError
from sarcoma_core.models.card import CardNumber
from sarcoma_core.prognosis.baselines import baseline_named
from sarcoma_core.prognosis.clinical.endpoints import DAYS_OF_YEAR, endpoint
from sarcoma_core.prognosis.clinical_beside import ClinicalBaselines, ClinicalBeside
from sarcoma_core.prognosis.endpoint_study import (
    HORIZON_YEARS,
    BaselineFitting,
    StudyPatients,
    StudyRules,
    patients_of,
)
from sarcoma_core.prognosis.foretold import ForetoldTimes
from sarcoma_core.prognosis.judged import JudgedModels, judge
from sarcoma_core.prognosis.network_judging import BASELINE, MAIN_YEARS, free_of_event
from sarcoma_core.prognosis.network_outputs import Foretold
from sarcoma_core.prognosis.network_plan import PlannedPrognosis
from sarcoma_core.prognosis.network_training import PrognosisTraining, foretell
from sarcoma_core.prognosis.out_of_fold import JudgingPlan, OutOfFold, plan_judging_others
from sarcoma_core.report.measures import WithLimits
from sarcoma_core.survival.aalen_johansen import aalen_johansen
from sarcoma_core.text import counted

IN_THE_LARGE: Final = "Observed less foretold incidence"
"""Calibration in the large: 0 is right, above it too little was foretold."""


@dataclass(frozen=True, eq=False)
class OpenedEndpoint:
    """One timed endpoint on the test set.

    Args:
        name: of the endpoint.
        patients: of the test set who were followed for it.
        judgement: of each head's ensemble, and of the baseline, by name.
        large: observed less foretold incidence at `years`, by name; of those that tell of it.
        years: the main horizon; 0 where the test set is too small for one.
        absent: why there is no baseline; empty where there is one.
    """

    name: str
    patients: StudyPatients
    judgement: JudgedModels
    large: Mapping[str, float]
    years: int
    absent: str = ""


def open_test_set(
    training: PrognosisTraining, baselines: ClinicalBaselines, device: torch.device
) -> tuple[OpenedEndpoint, ...]:
    """Judge a model on its test set; endpoints for which nobody of it was followed are left out.

    Args:
        training: that has ended.
        baselines: of its development.
        device: where to compute.

    Raises:
        InputError: there is no test set, or a value is none of its variable.
    """
    planned = training.planned
    require_test_set(planned)
    patients = planned.patients.of(planned.parts.test)
    told = [foretell(planned, one, patients, device) for one in training.networks]
    return tuple(
        _opened(planned, _foretold_of(planned, told, one.endpoint), one)
        for one in baselines.endpoints
        if any(patient.row.followed(one.endpoint) is not None for patient in patients.patients)
    )


def require_test_set(planned: PlannedPrognosis) -> None:
    """Refuse to open a test set that nobody is in.

    Args:
        planned: a training.

    Raises:
        InputError: nobody was set aside for it.
    """
    if not planned.parts.test:
        raise InputError(
            "--open-test: must find patients who were set aside for the test; nobody was.",
            hint="Leave it out, or train with a test set: --test 15",
        )


@dataclass(frozen=True, eq=False)
class _ForetoldTest:
    """What was foretold of those of the test set who were followed for an endpoint.

    Args:
        test: who they are.
        development: those that models were fitted on.
        plan: how they are judged.
        each: of each head, what each network foretells of all of the test set.
        keep: rows of the former that count.
    """

    test: StudyPatients
    development: StudyPatients
    plan: JudgingPlan
    each: Mapping[str, Sequence[ForetoldTimes]]
    keep: Sequence[int]

    def ensemble(self, head: str) -> OutOfFold:
        """Means over all networks."""
        told, times = self.each[head], self.plan.times
        risk = np.mean([one.risk[self.keep] for one in told], axis=0)[None]
        survival = np.mean([free_of_event(one, times)[self.keep] for one in told], axis=0)[None]
        return OutOfFold(risk, survival, risk > np.median(risk))

    def incidence(self, head: str, days: float) -> float | None:
        """The mean of the event by a time; None where a network does not tell so far."""
        told = self.each[head]
        if any(days > one.days[-1] for one in told):
            return None
        return float(np.mean([one.by(np.array([days]))[self.keep, 0] for one in told]))


def _foretold_of(planned: PlannedPrognosis, told: Sequence[Foretold], name: str) -> _ForetoldTest:
    test, development = (
        patients_of(endpoint(name), [one.row for one in planned.patients.of(part).patients], {})
        for part in (planned.parts.test, planned.parts.development)
    )
    years = [DAYS_OF_YEAR * year for year in HORIZON_YEARS]
    plan = plan_judging_others(
        test.follow_up, development.follow_up, horizons=years, main=DAYS_OF_YEAR * MAIN_YEARS
    )
    followed = set(test.subjects)
    return _ForetoldTest(
        test,
        development,
        plan,
        {head: [one.timed[head][name] for one in told] for head in told[0].timed},
        [row for row, subject in enumerate(told[0].subjects) if subject in followed],
    )


def _opened(planned: PlannedPrognosis, told: _ForetoldTest, beside: ClinicalBeside) -> OpenedEndpoint:
    predicted, main, absent = {head: told.ensemble(head) for head in told.each}, told.plan.main, ""
    try:
        predicted[BASELINE] = _baseline(planned, told)
    except InputError as error:
        absent = error.message
    judgement = judge(told.plan, predicted, seed=planned.order.seed)
    competes = endpoint(beside.endpoint).competes_with_death
    return OpenedEndpoint(
        name=beside.endpoint,
        patients=told.test,
        judgement=judgement.ranks_alone() if competes else judgement,
        large={} if main is None else _in_the_large(told, beside, main),
        years=0 if main is None else round(main / DAYS_OF_YEAR),
        absent=absent,
    )


def _baseline(planned: PlannedPrognosis, told: _ForetoldTest) -> OutOfFold:
    rules = StudyRules(seed=planned.order.seed, when=planned.order.when)
    fitting = BaselineFitting(baseline_named("clinical"), told.development, rules)
    fitted = fitting.model(np.arange(len(told.development.follow_up)))
    risk = fitted.risk(told.test.values)[None]
    high = risk > np.median(fitted.risk(told.development.values))
    return OutOfFold(risk, fitted.survival(told.test.values, told.plan.times)[None], high)


def _in_the_large(told: _ForetoldTest, beside: ClinicalBeside, main: float) -> Mapping[str, float]:
    """Observed less foretold incidence by a time, death competing where it can; of those who tell so far."""
    follow_up = told.test.follow_up
    kinds = np.where(follow_up.event, 1, np.where(told.test.died, 2, 0))
    observed = float(aalen_johansen(follow_up.time, kinds).at(1, main))
    foretold = {head: told.incidence(head, main) for head in told.each}
    if beside.models and main <= beside.days[-1]:
        foretold[BASELINE] = float(beside.incidence(told.test.values, np.array([main]))[:, 0].mean())
    return {model: observed - mean for model, mean in foretold.items() if mean is not None}


def opened_numbers(opened: Sequence[OpenedEndpoint]) -> tuple[CardNumber, ...]:
    """How good a model is on its test set, as its card tells it.

    Args:
        opened: each timed endpoint.
    """
    return tuple(number for one in opened for number in _numbers(one))


def _numbers(one: OpenedEndpoint) -> Iterator[CardNumber]:
    title, n = endpoint(one.name).title, len(one.patients.follow_up)
    for name, found in one.judgement.models.items():
        setting = f"{title}, test set, {name}"
        if found.harrell is not None:
            yield _number(setting, "Harrell's C", n, found.harrell)
        if found.brier is not None:
            yield _number(setting, "Brier score, integrated", n, found.brier)
        if name in one.large:
            yield CardNumber(setting, f"{IN_THE_LARGE} at {counted(one.years, 'year')}", n, one.large[name])
    if one.judgement.null_brier is not None:
        setting = f"{title}, test set, Kaplan-Meier of the development"
        yield CardNumber(setting, "Brier score, integrated", n, one.judgement.null_brier)


def _number(setting: str, measure: str, n: int, found: WithLimits) -> CardNumber:
    return CardNumber(setting, measure, n, found.value, lower=found.lower, upper=found.upper)
