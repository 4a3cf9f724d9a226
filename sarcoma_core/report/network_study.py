"""The page of a training of networks that foretell: it stays at the site."""

from dataclasses import dataclass

from sarcoma_core import __version__
from sarcoma_core.models.card import CardOpening, opened_before
from sarcoma_core.report import flow_diagram as flow
from sarcoma_core.report import line_plot
from sarcoma_core.report.measures import listed
from sarcoma_core.report.network_study_facts import HeadsFacts, NetworkStudyFacts
from sarcoma_core.report.network_study_plots import network_plots
from sarcoma_core.report.network_study_tables import heads_table, opening_table, parts_table
from sarcoma_core.report.network_study_verdict import again_told, heads_verdict, seeds_told, study_cautions
from sarcoma_core.report.page import environment
from sarcoma_core.report.prognosis_tables import PerformanceTable, flow_table
from sarcoma_core.report.prognosis_terms import TERMS
from sarcoma_core.report.study import StudyTable
from sarcoma_core.report.terms import ExplainedTerm, FirstUses
from sarcoma_core.text import counted

_SHARED = ("term-elastic-net", "term-out-of-fold", "term-c", "term-brier", "term-ici")
NETWORK_TERMS = (
    *(one for one in TERMS if one.id in _SHARED),
    ExplainedTerm(
        "term-head",
        "Head",
        (r"\b[Hh]eads?\b",),
        "what foretells: the joint head reads image and table, the others one of both alone.",
    ),
    ExplainedTerm(
        "term-seed",
        "Seed",
        (r"\b[Ss]eeds?\b",),
        "what decides the weights that a network begins with; another seed gives another network.",
    ),
    ExplainedTerm(
        "term-blending",
        "Gradient blending",
        ("[Gg]radient blending",),
        "losses of heads are weighted by how much each gains and how little it overfits.",
        "https://arxiv.org/abs/1905.12681",
    ),
)
"""In the order of the page."""


@dataclass(frozen=True)
class ShownHeads:
    """An endpoint as the page shows it: what came of it, its table, and the spread over seeds."""

    facts: HeadsFacts
    id: str
    verdict: str
    seeds: str
    table: PerformanceTable


@dataclass(frozen=True)
class ShownOpening:
    """An opening as the page shows it, and whether the same patients had been opened before."""

    facts: CardOpening
    before: bool
    table: StudyTable | None


def render_network_study(title: str, facts: NetworkStudyFacts) -> str:
    """The page, as text; equal arguments give equal text.

    Args:
        title: name of the model and the project.
        facts: what there is to show.
    """
    page = environment().get_template("network_study.html")
    return page.render(
        title=title,
        facts=facts,
        lede=_lede(facts),
        again=again_told(facts.openings),
        cautions=study_cautions(facts),
        diagram=flow.flow_diagram(facts.flow),
        flow=flow,
        flow_table=flow_table(facts.flow),
        parts=parts_table(facts.parts),
        endpoints=tuple(_shown(one, number) for number, one in enumerate(facts.endpoints, 1)),
        plots=network_plots(facts.networks, facts.epochs),
        plot=line_plot,
        openings=_openings(facts),
        first_use=FirstUses(NETWORK_TERMS),
        terms=NETWORK_TERMS,
        counted=counted,
        version=__version__,
    )


def _lede(facts: NetworkStudyFacts) -> str:
    each = [
        f"{one.title} ({counted(one.events, 'event')} of {counted(one.patients, 'patient')})"
        for one in facts.endpoints
    ]
    told = f"{counted(len(facts.networks), 'network')}, {counted(len(each), 'endpoint')} with time"
    return f"{told}: {listed(each)}" if each else told


def _shown(one: HeadsFacts, number: int) -> ShownHeads:
    return ShownHeads(one, f"endpoint-{number}", heads_verdict(one), seeds_told(one), heads_table(one))


def _openings(facts: NetworkStudyFacts) -> tuple[ShownOpening, ...]:
    pairs = zip(facts.openings, opened_before(facts.openings), strict=True)
    return tuple(
        ShownOpening(
            one,
            before,
            opening_table(one.numbers, what=f"What was seen at opening {number}.") if one.numbers else None,
        )
        for number, (one, before) in enumerate(pairs, 1)
    )
