"""The tables of the page of a prognosis study: how well models predict, and whom on."""

from dataclasses import dataclass

from sarcoma_core.report.flow_diagram import FlowStep, PatientFlow
from sarcoma_core.report.measures import NOT_ESTIMATED, WithLimits, fixed, limits_text
from sarcoma_core.report.prognosis_facts import EndpointFacts, ModelPerformance
from sarcoma_core.report.step_lines import duration
from sarcoma_core.report.study import StudyRow, StudyTable


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
        _measured(one.harrell),
        MeasureCell("reference") if first else _measured(one.difference, sign=True),
        _measured(one.uno),
        _measured(one.auc),
        MeasureCell(fixed(one.brier, 3), "" if baseline is None else f"Kaplan-Meier {fixed(baseline, 3)}"),
        _measured(one.slope, decimals=2),
        MeasureCell(fixed(one.ici, 3)),
        MeasureCell(fixed(one.n, 0)),
        MeasureCell(fixed(one.events, 0)),
        MeasureCell(fixed(one.events_per_variable, 1), "too few" if one.crowded else "", one.crowded),
    )


def _measured(found: WithLimits | None, *, decimals: int = 3, sign: bool = False) -> MeasureCell:
    if found is None:
        return MeasureCell(NOT_ESTIMATED)
    return MeasureCell(fixed(found.value, decimals, sign=sign), limits_text(found, decimals, sign=sign))


def flow_table(flow: PatientFlow) -> StudyTable:
    """The flow diagram as a table."""
    rows = tuple(_flow_row(step) for step in (*flow.steps, *flow.endpoints))
    caption = "The same as in the diagram; each endpoint is drawn from the last step before it."
    return StudyTable("flow", "Flow of patients", caption, ("step", "patients", "events", "left out"), rows)


def _flow_row(step: FlowStep) -> StudyRow:
    reasons = "; ".join(f"{fixed(number, 0)} {why}" for why, number in step.left_out)
    events = "" if step.events is None else fixed(step.events, 0)
    return StudyRow(step.name, (fixed(step.n, 0), events, reasons))
