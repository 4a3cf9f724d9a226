"""The tables of the page of a comparison: the form of the paper, and what was not run."""

from sarcoma_core.report.measures import NOT_ESTIMATED, WithLimits, fixed, limits_text, listed
from sarcoma_core.report.model_comparison_facts import ComparedLine, EndpointComparison, ModelComparison
from sarcoma_core.report.prognosis_tables import MeasureCell
from sarcoma_core.report.segmentation_tables import FormLine, FormPart, FormTable
from sarcoma_core.report.study import StudyRow, StudyTable
from sarcoma_core.text import counted

NOT_RUN = "not run"
DECIMALS = 3


def paper_form(facts: ModelComparison) -> FormTable:
    """A line for each model, a column for each endpoint; beside it the paper's, where it has one."""
    columns = []
    for one in facts.endpoints:
        columns.append(f"C, {one.short}")
        columns += [f"In the paper: C (SD), {one.short}"] if _is_published(one) else []
    lines = tuple(
        FormLine(
            facts.endpoints[0].lines[number].model,
            tuple(cell for one in facts.endpoints for cell in _cells(one, one.lines[number])),
        )
        for number in range(len(facts.endpoints[0].lines))
    )
    each = [
        f"{one.short}: {counted(one.patients, 'patient')}, {counted(one.events, 'event')}"
        for one in facts.endpoints
    ]
    return FormTable("Model", tuple(columns), (FormPart("; ".join(each), lines),))


def published_text(published: tuple[float, float]) -> str:
    """A C of the paper and its standard deviation, e.g. `0.614 (0.117)`."""
    value, deviation = (fixed(one, DECIMALS) for one in published)
    return f"{value} ({deviation})"


def absent_table(facts: ModelComparison) -> StudyTable | None:
    """Which rows were not run, by reason; None where all were."""
    held: dict[tuple[str, str], list[str]] = {}
    for one in facts.endpoints:
        for line in one.lines:
            if line.absent:
                held.setdefault((line.model, line.absent.rstrip(".")), []).append(one.short)
    rows = [StudyRow(model, (listed(short), reason)) for (model, reason), short in held.items()]
    if not rows:
        return None
    return StudyTable("not-run", "What was not run", "", ("model", "endpoint", "why"), tuple(rows))


def measured_cell(found: WithLimits | None, *, sign: bool = False) -> MeasureCell:
    """A measure with its limits beside it.

    Args:
        found: None where it was not estimated.
        sign: whether one above 0 gets a plus.
    """
    if found is None:
        return MeasureCell(NOT_ESTIMATED)
    return MeasureCell(fixed(found.value, DECIMALS, sign=sign), limits_text(found, DECIMALS, sign=sign))


def _is_published(one: EndpointComparison) -> bool:
    return any(line.published for line in one.lines)


def _cells(one: EndpointComparison, line: ComparedLine) -> tuple[MeasureCell, ...]:
    mine = MeasureCell(NOT_RUN) if line.absent else measured_cell(line.harrell)
    if not _is_published(one):
        return (mine,)
    return (mine, MeasureCell(published_text(line.published) if line.published else "none"))
