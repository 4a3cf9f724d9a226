"""What the page of a study shows, filled from its endpoints: the page itself measures no model."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from sarcoma_core.prognosis.baselines import BaselineName, FittedBaseline, baseline_named
from sarcoma_core.prognosis.clinical.endpoints import DAYS_OF_YEAR, EndpointName
from sarcoma_core.prognosis.clinical.table import ClinicalRow
from sarcoma_core.prognosis.clinical.variables import BY_NAME, VARIABLES, Levels, Quantity
from sarcoma_core.prognosis.design import LevelColumns
from sarcoma_core.prognosis.endpoint_study import EndpointStudy, StudyRules
from sarcoma_core.prognosis.frozen import FrozenCohort
from sarcoma_core.prognosis.judged import SAMPLES, TOLD_REPEAT, JudgedCalibration
from sarcoma_core.report.calibration_plot import CalibrationFacts, CalibrationGroup
from sarcoma_core.report.curves import CompetingEvents, CurveGroup, SurvivalGroups
from sarcoma_core.report.facts import Fact
from sarcoma_core.report.forest_plot import Coefficient
from sarcoma_core.report.measures import WithLimits
from sarcoma_core.report.prognosis_facts import (
    EndpointFacts,
    ModelAtHorizon,
    ModelCoefficients,
    ModelPerformance,
    PrognosisFacts,
    StudyDesign,
)
from sarcoma_core.report.step_lines import Timeline
from sarcoma_core.report.table_one import Characteristic, TableOne, table_one
from sarcoma_core.survival.calibration import ObservedRisk
from sarcoma_core.survival.cox import CoxModel
from sarcoma_core.survival.decision_curve import decision_curve
from sarcoma_core.survival.proportionality import proportionality
from sarcoma_core.text import counted

_LABELS: Final[Mapping[EndpointName, str]] = {
    "overall_survival": "alive",
    "distant_metastasis": "free of distant metastasis",
    "local_recurrence": "free of local recurrence",
    "recurrence_free_survival": "alive and free of recurrence",
}
"""What a curve says of a patient."""
_STRATIFIED: Final = "stratified by event, centre and tertile of time"
_NOTES: Final = (
    "Filling-in, levels, scales, penalty and the cut-off of risk are learned within the training of a fold.",
    "The penalty is chosen by inner folds; above the median risk of the training a patient is of high risk.",
    "Concordance and AUC compare patients of one fold alone, over all repeats.",
    "Uno's C looks to the last time at which in every training one in ten is still observed.",
)
_THRESHOLDS: Final = np.arange(1, 20) / 20
_GROUPED_BY: Final[BaselineName] = "clinical"
"""By its risk patients are parted, chosen before any result; the first model where it is not there."""


@dataclass(frozen=True)
class StudyHead:
    """What is told of the whole study.

    Args:
        cohort: that was read.
        rules: by which every endpoint was studied.
        failed: why an endpoint is not there, by its title.
        cautions: sentences that a reader has to know.
    """

    cohort: FrozenCohort
    rules: StudyRules
    failed: Mapping[str, str]
    cautions: tuple[str, ...] = ()


def study_facts(studies: Sequence[EndpointStudy], head: StudyHead) -> PrognosisFacts:
    """All that the page shows.

    Args:
        studies: in the order of the page; one at least.
        head: of the whole study.
    """
    rows = [member.row for member in head.cohort.members]
    told = [f"{title} was not studied: {reason}" for title, reason in head.failed.items()]
    return PrognosisFacts(
        patients=len(rows),
        flow=head.cohort.flow,
        characteristics=_characteristics(rows),
        endpoints=tuple(_endpoint(study, head) for study in studies),
        design=_design(studies, head),
        cautions=(*head.cautions, *_of_time_zero(head), *told),
    )


def _of_time_zero(head: StudyHead) -> Iterator[str]:
    if head.cohort.time_zero == "diagnosis":
        yield (
            f"Times count from diagnosis, variables are those known {head.rules.when}: in between nobody of "
            "the cohort could have the event (immortal time), so that survival looks better than it is."
        )


def _characteristics(rows: Sequence[ClinicalRow]) -> TableOne:
    """Table 1, of those variables that anybody has."""
    told = [
        Characteristic(
            f"{one.title}, {one.kind.unit}" if isinstance(one.kind, Quantity) else one.title,
            "number" if isinstance(one.kind, Quantity) else "category",
            [row.values.get(one.name) for row in rows],
        )
        for one in VARIABLES
        if any(one.name in row.values for row in rows)
    ]
    centres = [row.centre or None for row in rows]
    groups = centres if len({centre for centre in centres if centre}) > 1 else ()
    return table_one(told, groups, grouped_by="centre" if groups else "")


def _design(studies: Sequence[EndpointStudy], head: StudyHead) -> StudyDesign:
    rules = head.rules
    hashes = [Fact("Cohort", head.cohort.sha256)]
    hashes += [Fact(f"Splits, {study.endpoint.title}", study.splits.sha256) for study in studies]
    return StudyDesign(
        time_zero=f"the day of the {head.cohort.time_zero}",
        prediction_time=rules.when,
        split=f"cross-validation by patient, {_folds(rules)}, {_STRATIFIED}",
        folds=rules.folds,
        seeds=(rules.seed,),
        bootstrap_samples=SAMPLES,
        notes=_NOTES,
        hashes=tuple(hashes),
    )


def _folds(rules: StudyRules) -> str:
    return f"{counted(rules.folds, 'fold')}, dealt {counted(rules.repeats, 'time')}"


def _endpoint(study: EndpointStudy, head: StudyHead) -> EndpointFacts:
    plan, follow_up = study.plan, study.patients.follow_up
    horizon = plan.main if plan.main is not None else DAYS_OF_YEAR * head.rules.horizon_years
    return EndpointFacts(
        name=study.endpoint.title,
        label=_LABELS[study.endpoint.name],
        time=Timeline(head.cohort.time_zero, "years", horizon),
        n=len(follow_up),
        events=follow_up.events,
        groups=_groups(study),
        competing=_competing(study),
        judged=f"out of fold, {_folds(head.rules)}",
        tau=plan.tau,
        null_brier=study.judgement.null_brier,
        models=tuple(_performance(study, name) for name in study.fitted),
        coefficients=tuple(_coefficients(study, one) for one in study.fitted.values()),
        at_horizon=tuple(_at_horizon(study, name) for name in study.fitted) if plan.main else (),
        cautions=tuple(_cautions(study)),
    )


def _cautions(study: EndpointStudy) -> Iterator[str]:
    if "sarculator" in study.fitted:
        yield baseline_named("sarculator").what
    for name, reason in study.absent.items():
        yield f"{baseline_named(name).title} is not there: {reason}"
    if study.plan.main is None:
        yield "No horizon has five patients on each side: there is no AUC, no Brier score and no calibration."


def _groups(study: EndpointStudy) -> SurvivalGroups:
    """High and low risk, out of fold; all patients where the model parts nobody."""
    name = _GROUPED_BY if _GROUPED_BY in study.predicted else next(iter(study.predicted))
    high, follow_up = study.predicted[name].high[TOLD_REPEAT], study.patients.follow_up
    if high.all() or not high.any():
        return SurvivalGroups((CurveGroup("All patients", follow_up),))
    rule = f"High risk is above the median risk of the training, by {baseline_named(name).title}, out of fold"
    low = CurveGroup("Low risk", follow_up.chosen(~high))
    return SurvivalGroups((low, CurveGroup("High risk", follow_up.chosen(high))), rule)


def _competing(study: EndpointStudy) -> CompetingEvents | None:
    """The endpoint and death without it: the hazards of the models are those of the cause alone."""
    if not study.endpoint.competes_with_death:
        return None
    patients = study.patients
    kind = np.where(patients.follow_up.event, 1, np.where(patients.died, 2, 0)).astype(np.int64)
    return CompetingEvents(patients.follow_up.time, kind, (study.endpoint.title, "Death without it"))


def _performance(study: EndpointStudy, name: BaselineName) -> ModelPerformance:
    judged, fitted = study.judgement.models[name], study.fitted[name]
    return ModelPerformance(
        model=fitted.baseline.title,
        harrell=judged.harrell,
        difference=judged.difference,
        uno=judged.uno,
        auc=judged.auc.get(study.plan.main) if study.plan.main else None,
        brier=judged.brier.value if judged.brier else None,
        slope=judged.calibration.slope,
        ici=judged.calibration.curve.ici if judged.calibration.curve else None,
        n=len(study.patients.follow_up),
        events=study.patients.follow_up.events,
        events_per_variable=fitted.events_per_column,
    )


def _coefficients(study: EndpointStudy, fitted: FittedBaseline) -> ModelCoefficients:
    titles = column_titles(fitted)
    found = fitted.hazards.coefficients
    rows: list[Coefficient] = []
    if isinstance(fitted.hazards, CoxModel):
        x = fitted.design.matrix(study.patients.values)
        changing = proportionality(fitted.hazards, x, study.patients.follow_up).p
        lower, upper = fitted.hazards.limits()
        z = found / fitted.hazards.standard_errors
        p = [2 * NormalDist().cdf(-abs(float(one))) for one in z]
        each = zip(titles, np.exp(found), np.exp(lower), np.exp(upper), p, changing, strict=True)
        rows = [
            Coefficient(title, WithLimits(float(value), float(low), float(high)), tail, float(turns))
            for title, value, low, high, tail, turns in each
        ]
    else:
        chosen = zip(titles, found.tolist(), strict=True)
        rows = [Coefficient(title, WithLimits(float(np.exp(one)))) for title, one in chosen if one]
    return ModelCoefficients(
        model=fitted.baseline.title,
        penalised=not isinstance(fitted.hazards, CoxModel),
        rows=tuple(rows),
        candidates=len(titles),
        n=fitted.patients,
        events=fitted.events,
    )


def column_titles(fitted: FittedBaseline) -> tuple[str, ...]:
    """What each column of a model is, for a reader."""
    return tuple(
        title
        for part in fitted.design.parts
        for name, title in zip(part.columns, _titles(fitted, part.name), strict=True)
        if name not in fitted.design.left_out
    )


def _titles(fitted: FittedBaseline, name: str) -> Iterator[str]:
    part = next(one for one in fitted.design.parts if one.name == name)
    variable = BY_NAME.get(name)
    title = variable.title if variable else name
    if isinstance(part, LevelColumns):
        yield from (
            f"{column.replace(f'{name}: ', f'{title}: ', 1)} (against {part.reference})"
            for column in part.columns
        )
        return
    if variable and isinstance(variable.kind, Levels) and len(variable.kind.words) == 2:  # noqa: PLR2004  a pair
        title = f"{title}: {variable.kind.words[1]}"
    unit = variable.kind.unit if variable and isinstance(variable.kind, Quantity) else "per level"
    told = "per standard deviation" if fitted.baseline.penalised else unit
    yield f"{title} ({told}{', of the logarithm' if part.log else ''})"
    if part.tells_missing:
        yield f"{title}: missing"


def _at_horizon(study: EndpointStudy, name: BaselineName) -> ModelAtHorizon:
    follow_up, main = study.patients.follow_up, study.plan.main
    found = study.judgement.models[name].calibration
    decision = None
    if main is not None and found.risk is not None:
        decision = decision_curve(follow_up, found.risk, main, _THRESHOLDS)
    return ModelAtHorizon(
        model=study.fitted[name].baseline.title,
        calibration=_calibration(study, found),
        decision=decision,
        n=len(follow_up),
        events=follow_up.events,
    )


def _calibration(study: EndpointStudy, found: JudgedCalibration) -> CalibrationFacts | None:
    if found.curve is None:
        return None
    points = zip(found.curve.predicted.tolist(), found.curve.observed.tolist(), strict=True)
    groups = (
        CalibrationGroup(one.predicted, _observed(one), one.patients)
        for one in found.groups
        if not np.isnan(one.observed)
    )
    curve, follow_up = found.curve, study.patients.follow_up
    return CalibrationFacts(
        tuple(points), tuple(groups), curve.ici, curve.e50, curve.e90, len(follow_up), follow_up.events
    )


def _observed(one: ObservedRisk) -> WithLimits:
    known = not np.isnan([one.lower, one.upper]).any()
    return WithLimits(one.observed, one.lower, one.upper) if known else WithLimits(one.observed)
