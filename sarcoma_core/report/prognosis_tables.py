"""The tables of the page of a prognosis study: how well models predict, and whom on."""

from dataclasses import dataclass

from sarcoma_core.report.flow_diagram import FlowStep, PatientFlow
from sarcoma_core.report.measures import NOT_ESTIMATED, WithLimits, fixed, limits_text
from sarcoma_core.report.prognosis_facts import EndpointFacts, ModelCoefficients, ModelPerformance
from sarcoma_core.report.step_lines import duration
from sarcoma_core.report.study import StudyRow, StudyTable
from sarcoma_core.text import counted


@dataclass(frozen=True)
class MeasureCell:
    """What a cell says.

    Args:
        value: the number.
        beside: its limits, or what it compares with; empty where there is nothing.
        warned: whether it is a reason not to trust the model.
    """

    value: str
    beside: str = ""
    warned: bool = False


@dataclass(frozen=True)
class PerformanceLine:
    """A model, with a cell for each column."""

    model: str
    cells: tuple[MeasureCell, ...]


@dataclass(frozen=True)
class PerformanceTable:
    """Models below one another, measures beside one another."""

    columns: tuple[str, ...]
    rows: tuple[PerformanceLine, ...]


def performance_table(endpoint: EndpointFacts) -> PerformanceTable:
    """How well each model predicts an endpoint."""
    columns = (
        "Harrell's C",
        "Difference from the first",
        f"Uno's C, to {duration(endpoint.tau, endpoint.time.unit)}",
        f"AUC at {endpoint.time.by}",
        "Brier score, integrated",
        "Calibration slope",
        "ICI",
        "Patients",
        "Events",
        "Events per variable",
    )
    rows = tuple(
        PerformanceLine(one.model, _cells(one, endpoint, first=number == 0))
        for number, one in enumerate(endpoint.models)
    )
    return PerformanceTable(columns, rows)


def _cells(one: ModelPerformance, endpoint: EndpointFacts, *, first: bool) -> tuple[MeasureCell, ...]:
    baseline = endpoint.null_brier
    return (
        measured(one.harrell),
        MeasureCell("reference") if first else measured(one.difference, sign=True),
        measured(one.uno),
        measured(one.auc),
        MeasureCell(fixed(one.brier, 3), "" if baseline is None else f"Kaplan-Meier {fixed(baseline, 3)}"),
        measured(one.slope, decimals=2),
        MeasureCell(fixed(one.ici, 3)),
        MeasureCell(fixed(one.n, 0)),
        MeasureCell(fixed(one.events, 0)),
        MeasureCell(fixed(one.events_per_variable, 1), "too few" if one.crowded else "", one.crowded),
    )


def measured(found: WithLimits | None, *, decimals: int = 3, sign: bool = False) -> MeasureCell:
    """A measure with its limits beside it, or that it was not estimated."""
    if found is None:
        return MeasureCell(NOT_ESTIMATED)
    return MeasureCell(fixed(found.value, decimals, sign=sign), limits_text(found, decimals, sign=sign))


def fit_told(held: ModelCoefficients) -> str:
    """On whom a model was fitted, what was chosen, and how its numbers are read, in sentences."""
    fitted = f"{counted(held.n, 'patient')}, {counted(held.events, 'event')}"
    offered = counted(held.candidates, "candidate")
    if not held.rows:
        return (
            f"In the fit on all patients ({fitted}) none of {offered} was chosen: it predicts the same "
            f"for everybody.{_judged_in_folds(held.chosen_in)}"
        )
    if held.penalised:
        return (
            f"Fitted on {fitted}; {len(held.rows)} of {offered} chosen.{_empty_folds(held.chosen_in)} "
            "A penalty shrinks the hazard ratios towards 1, so they have no limits and no p values."
        )
    return (
        f"Fitted on {fitted}. A hazard ratio above 1 means that the event is expected earlier; 95 % limits "
        "and p of Wald. Of many p values some are below 0.05 by chance."
    )


def _judged_in_folds(chosen_in: tuple[int, int] | None) -> str:
    """Why a model of which nothing was chosen has a C and a calibration all the same."""
    if chosen_in is None:
        return ""
    chosen, folds = chosen_in
    if not chosen:
        knows = "its C and its calibration are those of a model that knows nothing of a patient"
        return f" Nor was any in the {counted(folds, 'fold')}: {knows}."
    rest = "" if chosen == folds else "; in the others it predicts the same for everybody too"
    return f" Its C and its calibration are of the folds: in {chosen} of {folds} some were chosen{rest}."


def _empty_folds(chosen_in: tuple[int, int] | None) -> str:
    if chosen_in is None or chosen_in[0] == chosen_in[1]:
        return ""
    empty, folds = chosen_in[1] - chosen_in[0], counted(chosen_in[1], "fold")
    return f" In {empty} of {folds} none was: it predicts the same for everybody there."


def flow_table(flow: PatientFlow) -> StudyTable:
    """The flow diagram as a table."""
    rows = tuple(_flow_row(step) for step in (*flow.steps, *flow.endpoints))
    caption = "The same as in the diagram; each endpoint is drawn from the last step before it."
    return StudyTable("flow", "Flow of patients", caption, ("step", "patients", "events", "left out"), rows)


def _flow_row(step: FlowStep) -> StudyRow:
    reasons = "; ".join(f"{fixed(number, 0)} {why}" for why, number in step.left_out)
    events = "" if step.events is None else fixed(step.events, 0)
    return StudyRow(step.name, (fixed(step.n, 0), events, reasons))
