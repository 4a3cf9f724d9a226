"""What the page of a study shows, filled from its endpoints: the page itself measures no model."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sarcoma_core.prognosis.baselines import BaselineName, baseline_named
from sarcoma_core.prognosis.clinical.endpoints import DAYS_OF_YEAR, EndpointName
from sarcoma_core.prognosis.clinical.table import ClinicalRow
from sarcoma_core.prognosis.clinical.variables import VARIABLES, Quantity
from sarcoma_core.prognosis.covariates import model_coefficients
from sarcoma_core.prognosis.endpoint_study import EndpointStudy, StudyRules
from sarcoma_core.prognosis.frozen import FrozenCohort
from sarcoma_core.prognosis.judged import SAMPLES, TOLD_REPEAT, JudgedCalibration
from sarcoma_core.report.calibration_plot import CalibrationFacts, CalibrationGroup
from sarcoma_core.report.curves import CompetingEvents, CurveGroup, SurvivalGroups
from sarcoma_core.report.facts import Fact
from sarcoma_core.report.measures import WithLimits
from sarcoma_core.report.prognosis_facts import (
    EndpointFacts,
    ModelAtHorizon,
    ModelPerformance,
    PrognosisFacts,
    StudyDesign,
)
from sarcoma_core.report.step_lines import Timeline
from sarcoma_core.report.table_one import Characteristic, TableOne, table_one
from sarcoma_core.survival.calibration import ObservedRisk
from sarcoma_core.survival.decision_curve import decision_curve
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
        flow_notes=tuple(_not_studied(studies, head)),
    )


def _not_studied(studies: Sequence[EndpointStudy], head: StudyHead) -> Iterator[str]:
    """Endpoints of the flow for which there is nothing below, and why; those that failed are told above."""
    known = {study.endpoint.title for study in studies} | set(head.failed)
    for step in head.cohort.flow.endpoints:
        if step.name not in known:
            yield f"{step.name} has no section: no baselines are trained for it."


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
        coefficients=tuple(
            model_coefficients(study, one, chosen_in=_chosen_in(study, name))
            for name, one in study.fitted.items()
        ),
        at_horizon=tuple(_at_horizon(study, name) for name in study.fitted) if plan.main else (),
        cautions=tuple(_cautions(study)),
    )


def _cautions(study: EndpointStudy) -> Iterator[str]:
    if "sarculator" in study.fitted:
        yield baseline_named("sarculator").what
    for name, reason in study.absent.items():
        yield f"{baseline_named(name).title} is not there: {reason.removesuffix('.')}."
    if study.plan.main is None:
        yield "No horizon has five patients on each side: there is no AUC, no Brier score and no calibration."


def _groups(study: EndpointStudy) -> SurvivalGroups:
    """High and low risk, out of fold; all patients where the model parts nobody."""
    planned = _GROUPED_BY in study.predicted
    name = _GROUPED_BY if planned else next(iter(study.fitted))
    title = baseline_named(name).title
    high, follow_up = study.predicted[name].high[TOLD_REPEAT], study.patients.follow_up
    varied, folds = _varied_folds(study, name, TOLD_REPEAT)
    if high.all() or not high.any():
        reason = (
            "all lie on one side of the median of the training" if varied else "it predicts one risk for all"
        )
        told = f"Nobody is parted from the others by {title}: in every fold {reason}"
        return SurvivalGroups((CurveGroup("All patients", follow_up),), told)
    why = "was chosen before any result" if planned else "is the first, as the chosen one is not there"
    rule = (
        f"High risk is above the median risk of the training, by {title}, out of fold; a risk equal to the "
        f"median counts as low. Of the models this one is shown: it {why}"
    )
    if varied < folds:
        rule += (
            f". In {folds - varied} of {counted(folds, 'fold')} it predicts the same for everybody, and all "
            "of these patients count as low"
        )
    low = CurveGroup("Low risk", follow_up.chosen(~high))
    return SurvivalGroups((low, CurveGroup("High risk", follow_up.chosen(high))), rule)


def _varied_folds(study: EndpointStudy, name: BaselineName, repeat: int | None = None) -> tuple[int, int]:
    """In how many folds a model tells patients apart, and of how many; of one repeat or of all."""
    risk = study.predicted[name].risk
    folds = [fold for fold in study.plan.folds if repeat is None or fold.repeat == repeat]
    return sum(bool(np.ptp(risk[fold.repeat, fold.test]) > 0) for fold in folds), len(folds)


def _chosen_in(study: EndpointStudy, name: BaselineName) -> tuple[int, int] | None:
    """In how many folds a penalised model chose anything: where it does not, all risks are the same."""
    return _varied_folds(study, name) if study.fitted[name].baseline.penalised else None


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


def _at_horizon(study: EndpointStudy, name: BaselineName) -> ModelAtHorizon:
    follow_up, main = study.patients.follow_up, study.plan.main
    found = study.judgement.models[name].calibration
    decision = None
    if main is not None and found.risk is not None:
        died = study.patients.died if study.endpoint.competes_with_death else None
        curve = decision_curve(follow_up, found.risk, main, _THRESHOLDS, died=died)
        decision = curve if curve.thresholds.size > 1 else None
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
