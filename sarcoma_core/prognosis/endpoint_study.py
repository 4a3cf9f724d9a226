"""One endpoint from its patients to judged models: folds are dealt first, and all is fitted within them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.baselines import (
    BASELINES,
    LEAST_EVENTS,
    Baseline,
    BaselineName,
    FittedBaseline,
    fit_baseline,
)
from sarcoma_core.prognosis.clinical.endpoints import DAYS_OF_YEAR, Endpoint
from sarcoma_core.prognosis.clinical.table import ClinicalRow
from sarcoma_core.prognosis.clinical.variables import Known
from sarcoma_core.prognosis.design import Values
from sarcoma_core.prognosis.judged import JudgedModels, judge
from sarcoma_core.prognosis.out_of_fold import (
    FoldModel,
    JudgingPlan,
    OutOfFold,
    plan_judging,
    predict_out_of_fold,
)
from sarcoma_core.survival.follow_up import Counts, Flags, Floats1, FollowUp
from sarcoma_core.text import counted
from sarcoma_core.training.splits import RepeatedFolds, repeated_folds

HORIZON_YEARS: Final = (1, 2, 3, 5)
"""At which models are judged, as far as the data allow."""


@dataclass(frozen=True)
class StudyRules:
    """How every endpoint is studied.

    Args:
        seed: of folds and samples.
        folds: of cross-validation.
        repeats: of it.
        horizon_years: of calibration and curves.
        least_events: below which no model is fitted.
        features: names of features of the image; none where they are not used.
        no_features: why; empty where they are.
        when: the prediction is made.
    """

    seed: int = 0
    folds: int = 5
    repeats: int = 3
    horizon_years: int = 3
    least_events: int = LEAST_EVENTS
    features: tuple[str, ...] = ()
    no_features: str = ""
    when: Known = "before surgery"


@dataclass(frozen=True, eq=False)
class StudyPatients:
    """The patients of an endpoint, in the order of the cohort.

    Args:
        rows: of the clinical table.
        values: what is known of each, features of the image included.
        follow_up: of each, in days.
        died: whether death ended it, where that is another event, shape (n,).
    """

    rows: tuple[ClinicalRow, ...]
    values: tuple[Values, ...]
    follow_up: FollowUp
    died: Flags

    @property
    def subjects(self) -> tuple[str, ...]:
        """Their labels."""
        return tuple(row.subject for row in self.rows)


@dataclass(frozen=True, eq=False)
class EndpointStudy:
    """What came of an endpoint.

    Args:
        endpoint: which.
        patients: who was followed for it.
        splits: the fold of each.
        plan: how it was judged.
        fitted: each model, on all patients.
        predicted: its predictions of patients that it had not seen.
        judgement: of these.
        absent: why a model is not there, by its name.
    """

    endpoint: Endpoint
    patients: StudyPatients
    splits: RepeatedFolds
    plan: JudgingPlan
    fitted: Mapping[BaselineName, FittedBaseline]
    predicted: Mapping[str, OutOfFold]
    judgement: JudgedModels
    absent: Mapping[BaselineName, str]


def patients_of(
    endpoint: Endpoint, rows: Sequence[ClinicalRow], features: Mapping[str, Mapping[str, float]]
) -> StudyPatients:
    """Who was followed for an endpoint.

    Args:
        endpoint: which.
        rows: of the clinical table.
        features: of the image, by subject and name.

    Raises:
        InputError: nobody was.
    """
    told = [(row, followed) for row in rows if (followed := row.followed(endpoint.name)) is not None]
    if not told:
        raise InputError(f"{endpoint.title}: must be told of one patient at least; it is told of none.")
    follow_up = FollowUp.of([one.days for _, one in told], [one.event for _, one in told])
    values = tuple({**row.values, **features.get(row.subject, {})} for row, _ in told)
    died = np.array([one.died for _, one in told], np.bool_)
    return StudyPatients(tuple(row for row, _ in told), values, follow_up, died)


def study_endpoint(endpoint: Endpoint, patients: StudyPatients, rules: StudyRules) -> EndpointStudy:
    """Deal folds, predict out of fold, judge, and fit on all.

    Args:
        endpoint: which.
        patients: who was followed for it.
        rules: how it is studied.

    Raises:
        InputError: there are too few events, or no model can be fitted.
    """
    follow_up = patients.follow_up
    if follow_up.events < rules.least_events:
        raise InputError(
            f"{endpoint.title}: must have {counted(rules.least_events, 'event')} or more; found "
            f"{follow_up.events} in {counted(len(follow_up), 'patient')}.",
            hint="Wait for longer follow-up, or for more patients.",
        )
    splits = repeated_folds(
        patients.subjects,
        follow_up,
        seed=rules.seed,
        folds=rules.folds,
        repeats=rules.repeats,
        centres=[row.centre for row in patients.rows],
    )
    years = [DAYS_OF_YEAR * year for year in HORIZON_YEARS]
    folds = list(splits.rows(patients.subjects))
    plan = plan_judging(follow_up, folds, horizons=years, main=DAYS_OF_YEAR * rules.horizon_years)
    predicted: dict[str, OutOfFold] = {}
    fitted, absent = {}, {}
    for baseline in BASELINES:
        if baseline.radiomics and not rules.features:
            absent[baseline.name] = rules.no_features or "no features of the image"
            continue
        try:
            fitting = BaselineFitting(baseline, patients, rules)
            predicted[baseline.name] = predict_out_of_fold(plan, fitting.on)
            fitted[baseline.name] = fitting.model(np.arange(len(follow_up)))
        except InputError as error:
            predicted.pop(baseline.name, None)
            absent[baseline.name] = error.message
    if not fitted:
        raise InputError(f"{endpoint.title}: no model can be fitted. " + " ".join(absent.values()))
    judgement = judge(plan, predicted, seed=rules.seed)
    return EndpointStudy(endpoint, patients, splits, plan, fitted, predicted, judgement, absent)


@dataclass(frozen=True)
class BaselineFitting:
    """Fits a kind of model on rows of the patients.

    Args:
        baseline: which kind.
        patients: of the endpoint.
        rules: of the study.
    """

    baseline: Baseline
    patients: StudyPatients
    rules: StudyRules

    def model(self, rows: Counts) -> FittedBaseline:
        """The model of some rows.

        Raises:
            InputError: see `fit_baseline`.
        """
        return fit_baseline(
            self.baseline,
            [self.patients.values[row] for row in rows],
            [self.patients.rows[row].subject for row in rows],
            self.patients.follow_up.chosen(rows),
            features=self.rules.features,
            when=self.rules.when,
            seed=self.rules.seed,
        )

    def on(self, rows: Counts) -> FoldModel:
        """The same, as out-of-fold prediction takes it.

        Raises:
            InputError: see `fit_baseline`.
        """
        return _OnRows(self.model(rows), self.patients.values)


@dataclass(frozen=True)
class _OnRows:
    """A fitted model that predicts rows of the patients."""

    fitted: FittedBaseline
    values: tuple[Values, ...]

    def risk(self, rows: Counts) -> Floats1:
        return self.fitted.risk([self.values[row] for row in rows])

    def survival(self, rows: Counts, days: Floats1) -> NDArray[np.float64]:
        return self.fitted.survival([self.values[row] for row in rows], days)
