"""What the page of a prognosis study shows; whoever fitted the models fills it."""

from collections.abc import Iterator
from dataclasses import dataclass

from sarcoma_core.errors import InputError
from sarcoma_core.report.calibration_plot import CalibrationFacts
from sarcoma_core.report.curves import CompetingEvents, SurvivalGroups
from sarcoma_core.report.facts import Fact
from sarcoma_core.report.flow_diagram import PatientFlow
from sarcoma_core.report.forest_plot import Coefficient
from sarcoma_core.report.measures import WithLimits, fixed, p_equation
from sarcoma_core.report.step_lines import Timeline
from sarcoma_core.report.table_one import TableOne
from sarcoma_core.survival.decision_curve import DecisionCurve

LEAST_EVENTS_PER_VARIABLE = 10.0
"""Below this, what a model says is not to be trusted (Peduzzi et al. 1995; a rule of thumb)."""
LEAST_P_PROPORTIONAL = 0.05
"""Below this, the page says that a hazard ratio changes with time."""


@dataclass(frozen=True, kw_only=True)
class ModelPerformance:
    """How well a model predicts an endpoint.

    Args:
        model: its name, e.g. `Clinical, elastic-net Cox`.
        harrell: Harrell's C.
        difference: of that from the first model's, on the same bootstrap samples; None of the first.
        uno: Uno's C, up to tau.
        auc: cumulative/dynamic, at the horizon.
        brier: integrated Brier score.
        slope: of calibration at the horizon.
        ici: integrated calibration index at the horizon.
        n: patients on whom it was judged.
        events: of these.
        events_per_variable: events of the training for each candidate parameter.
    """

    model: str
    harrell: WithLimits | None
    difference: WithLimits | None
    uno: WithLimits | None
    auc: WithLimits | None
    brier: float | None
    slope: WithLimits | None
    ici: float | None
    n: int
    events: int
    events_per_variable: float

    @property
    def crowded(self) -> bool:
        """Whether there are too few events for its parameters."""
        return self.events_per_variable < LEAST_EVENTS_PER_VARIABLE


@dataclass(frozen=True, kw_only=True)
class ModelCoefficients:
    """What a fitted model holds.

    Args:
        model: its name.
        penalised: whether a penalty shrank the coefficients; they have no limits then.
        rows: of the covariates in the model.
        candidates: covariates that were offered to it.
        n: patients that it was fitted on.
        events: of these.
        chosen_in: in how many folds any covariate was chosen, and of how many; None where it is not known.

    Raises:
        InputError: a penalised coefficient has limits or a p value.
    """

    model: str
    penalised: bool
    rows: tuple[Coefficient, ...]
    candidates: int
    n: int
    events: int
    chosen_in: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.penalised and any(
            one.hazard_ratio.lower is not None or one.p is not None for one in self.rows
        ):
            raise InputError(f"rows: a penalised model has no limits and no p values; {self.model!r} has.")


@dataclass(frozen=True, eq=False)
class ModelAtHorizon:
    """The predictions of one model at the horizon.

    Args:
        model: its name.
        calibration: None where it could not be estimated.
        decision: likewise.
        n: patients on whom it was judged.
        events: of these.
    """

    model: str
    calibration: CalibrationFacts | None
    decision: DecisionCurve | None
    n: int
    events: int


@dataclass(frozen=True, eq=False, kw_only=True)
class EndpointFacts:
    """One endpoint.

    Args:
        name: e.g. `Overall survival`.
        label: what its curve says of a patient, e.g. `alive`.
        time: how it is told.
        n: patients of the analysis.
        events: of these.
        groups: whose survival is drawn; None where there is nobody.
        competing: events of which each ends the follow-up of the others; None where there are none.
        judged: on which patients the models were judged, e.g. `out of fold, five folds`.
        tau: to which Uno's C looks, days.
        null_brier: integrated Brier score of the Kaplan-Meier curve, which knows no covariate.
        models: the first is what the others are compared with.
        coefficients: of those that have some.
        at_horizon: of those whose predictions are drawn.
        cautions: sentences that a reader has to know before using the numbers.
    """

    name: str
    label: str
    time: Timeline
    n: int
    events: int
    groups: SurvivalGroups | None
    competing: CompetingEvents | None
    judged: str
    tau: float
    null_brier: float | None
    models: tuple[ModelPerformance, ...]
    coefficients: tuple[ModelCoefficients, ...]
    at_horizon: tuple[ModelAtHorizon, ...]
    cautions: tuple[str, ...] = ()

    @property
    def all_cautions(self) -> tuple[str, ...]:
        """Those given, and those that its own numbers call for."""
        return (*self.cautions, *self._crowded(), *self._changing())

    def _crowded(self) -> Iterator[str]:
        for one in self.models:
            if one.crowded:
                yield (
                    f"{one.model}: {fixed(one.events_per_variable, 1)} events per variable, fewer than "
                    f"{fixed(LEAST_EVENTS_PER_VARIABLE, 0)}: its coefficients are not steady."
                )

    def _changing(self) -> Iterator[str]:
        for model in self.coefficients:
            for row in model.rows:
                if row.proportional_p is not None and row.proportional_p < LEAST_P_PROPORTIONAL:
                    yield (
                        f"{model.model}: the hazard ratio of {row.name} seems to change with time "
                        f"(test of proportional hazards, {p_equation(row.proportional_p)})."
                    )


@dataclass(frozen=True, kw_only=True)
class StudyDesign:
    """How it was measured.

    Args:
        time_zero: from when time counts, e.g. `the day of the surgery`.
        prediction_time: what is known when a prediction is made, e.g. `before the surgery`.
        split: how patients were parted, a sentence without its full stop.
        folds: of cross-validation; 0 where there is none.
        seeds: of all that is drawn at random.
        bootstrap_samples: of patients, for limits.
        notes: further sentences.
        hashes: what they are of, and SHA-256.
        software: names and versions.
    """

    time_zero: str
    prediction_time: str
    split: str
    folds: int
    seeds: tuple[int, ...]
    bootstrap_samples: int
    notes: tuple[str, ...] = ()
    hashes: tuple[Fact, ...] = ()
    software: tuple[Fact, ...] = ()


@dataclass(frozen=True, eq=False)
class PrognosisFacts:
    """All that the page shows.

    Args:
        patients: of the study.
        flow: from the whole table to the endpoints.
        characteristics: Table 1; None where there is none.
        endpoints: in the order of the page.
        design: how it was measured.
        cautions: about the whole study, sentences.
        flow_notes: about the flow, sentences.
    """

    patients: int
    flow: PatientFlow
    characteristics: TableOne | None
    endpoints: tuple[EndpointFacts, ...]
    design: StudyDesign
    cautions: tuple[str, ...] = ()
    flow_notes: tuple[str, ...] = ()
