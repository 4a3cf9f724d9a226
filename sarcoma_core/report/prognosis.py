"""The page of a prognosis study: who was in it, how they fared, and how well models foretell it."""

from collections.abc import Iterator
from dataclasses import dataclass

from sarcoma_core import __version__
from sarcoma_core.report import flow_diagram as flow
from sarcoma_core.report import forest_plot as forest
from sarcoma_core.report import line_plot
from sarcoma_core.report.calibration_plot import calibration_plot
from sarcoma_core.report.curves import NOT_REACHED, incidence_plot, survival_plot
from sarcoma_core.report.decision_plot import decision_plot
from sarcoma_core.report.forest_plot import ForestPlot, forest_plot
from sarcoma_core.report.line_plot import LinePlot
from sarcoma_core.report.measures import fixed, listed, measure_text, p_text
from sarcoma_core.report.page import environment
from sarcoma_core.report.prognosis_facts import (
    LEAST_EVENTS_PER_VARIABLE,
    EndpointFacts,
    ModelCoefficients,
    PrognosisFacts,
)
from sarcoma_core.report.prognosis_tables import PerformanceTable, fit_told, flow_table, performance_table
from sarcoma_core.report.prognosis_terms import TERMS
from sarcoma_core.report.prognosis_verdict import at_chance, comparisons, verdict
from sarcoma_core.report.step_lines import DAYS
from sarcoma_core.report.terms import FirstUses
from sarcoma_core.text import counted


@dataclass(frozen=True)
class ShownModel:
    """The coefficients of a model, and whom it was fitted on; those of a penalised one are not drawn."""

    held: ModelCoefficients
    told: str
    plot: ForestPlot | None


@dataclass(frozen=True, eq=False)
class ShownEndpoint:
    """An endpoint as the page shows it.

    Args:
        facts: of it.
        id: of its section.
        verdict: what came of it, a sentence.
        comparisons: how the later models stand to the first, sentences.
        lede: patients, events and follow-up in words.
        curves: Kaplan-Meier, then cumulative incidence; none where there is nothing to draw.
        performance: of the models; None where there is none.
        models: what is in them.
        at_horizon: calibration and decision curve of each model that has them.
    """

    facts: EndpointFacts
    id: str
    verdict: str
    comparisons: tuple[str, ...]
    lede: str
    curves: tuple[LinePlot, ...]
    performance: PerformanceTable | None
    models: tuple[ShownModel, ...]
    at_horizon: tuple[LinePlot, ...]


def render_prognosis(title: str, facts: PrognosisFacts) -> str:
    """The page, as text; equal arguments give equal text.

    Args:
        title: name of the study.
        facts: what there is to show.
    """
    page = environment().get_template("prognosis.html")
    return page.render(
        title=title,
        facts=facts,
        lede=_lede(facts),
        diagram=flow.flow_diagram(facts.flow),
        flow=flow,
        flow_table=flow_table(facts.flow),
        endpoints=tuple(_shown(one, number) for number, one in enumerate(facts.endpoints, 1)),
        plot=line_plot,
        first_use=FirstUses(TERMS),
        terms=TERMS,
        forest=forest,
        fixed=fixed,
        measure_text=measure_text,
        p_text=p_text,
        counted=counted,
        seeds=listed([fixed(seed, 0) for seed in facts.design.seeds]),
        least=fixed(LEAST_EVENTS_PER_VARIABLE, 0),
        version=__version__,
    )


def _lede(facts: PrognosisFacts) -> str:
    each = [
        f"{one.name} ({counted(one.events, 'event')} of {counted(one.n, 'patient')})"
        for one in facts.endpoints
    ]
    told = f"{counted(facts.patients, 'patient')}, {counted(len(each), 'endpoint')}"
    return f"{told}: {listed(each)}" if each else told


def _shown(one: EndpointFacts, number: int) -> ShownEndpoint:
    return ShownEndpoint(
        one,
        f"endpoint-{number}",
        verdict(one),
        comparisons(one),
        _endpoint_lede(one),
        tuple(_curves(one)),
        performance_table(one) if one.models else None,
        tuple(
            ShownModel(
                held, fit_told(held), forest_plot(held.rows) if held.rows and not held.penalised else None
            )
            for held in one.coefficients
        ),
        tuple(_at_horizon(one)),
    )


def _endpoint_lede(one: EndpointFacts) -> str:
    told = f"{counted(one.n, 'patient')}, {counted(one.events, 'event')}"
    followed = one.competing or one.groups
    if followed is None:
        return told
    unit = one.time.unit
    median = fixed(followed.median_follow_up() / DAYS[unit], 1, endless=NOT_REACHED)
    how = "reverse Kaplan-Meier, deaths censored" if one.competing else "reverse Kaplan-Meier"
    return f"{told}, median follow-up {median if median == NOT_REACHED else f'{median} {unit}'} ({how})"


def _curves(one: EndpointFacts) -> Iterator[LinePlot]:
    if one.groups is not None and one.groups.events:
        yield survival_plot(one.groups, one.name, one.label, one.time)
    if one.competing is not None and one.competing.kind.any():
        yield incidence_plot(one.competing, one.name, one.time)


def _at_horizon(one: EndpointFacts) -> Iterator[LinePlot]:
    chance = {model.model: at_chance(model.harrell) for model in one.models}
    for model in one.at_horizon:
        if model.calibration is not None:
            yield calibration_plot(model.model, one.time.by, model.calibration)
        if model.decision is not None:
            yield decision_plot(
                model.model,
                one.time.by,
                model.decision,
                model.n,
                model.events,
                at_chance=chance.get(model.model, True),
            )
