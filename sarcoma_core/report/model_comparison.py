"""The page of a comparison: networks beside the other models of the paper's table, on the same patients."""

from dataclasses import dataclass

from sarcoma_core import __version__
from sarcoma_core.report import model_comparison_strips as strips
from sarcoma_core.report.measures import fixed, listed, p_text
from sarcoma_core.report.model_comparison_facts import ComparedLine, EndpointComparison, ModelComparison
from sarcoma_core.report.model_comparison_strips import CHANCE, NOTHING, ComparisonAxis, ComparisonStrip
from sarcoma_core.report.model_comparison_tables import absent_table, measured_cell, paper_form
from sarcoma_core.report.model_comparison_terms import COMPARISON_TERMS
from sarcoma_core.report.model_comparison_verdict import compared_sentences, compared_verdict, flat_sentences
from sarcoma_core.report.page import environment
from sarcoma_core.report.step_lines import duration
from sarcoma_core.report.terms import FirstUses
from sarcoma_core.text import counted


@dataclass(frozen=True)
class ShownLine:
    """A row as the page draws it: C, and its difference where there is one."""

    line: ComparedLine
    concordance: ComparisonStrip | None
    difference: ComparisonStrip | None


@dataclass(frozen=True)
class ShownComparison:
    """An endpoint as the page shows it.

    Args:
        facts: of it.
        id: of its section.
        verdict: what came of it, a sentence.
        sentences: how the rows stand to the networks.
        flat: rows that tell the same of everybody in a fold or more.
        axes: of C, and of the difference.
        lines: that were run.
        tau: to which Uno's C looks, in words.
    """

    facts: EndpointComparison
    id: str
    verdict: str
    sentences: tuple[str, ...]
    flat: tuple[str, ...]
    axes: tuple[ComparisonAxis, ComparisonAxis]
    lines: tuple[ShownLine, ...]
    tau: str


def render_comparison(title: str, facts: ModelComparison) -> str:
    """The page, as text; equal arguments give equal text.

    Args:
        title: name of the model and the project.
        facts: what there is to show.
    """
    page = environment().get_template("model_comparison.html")
    return page.render(
        title=title,
        facts=facts,
        lede=_lede(facts),
        endpoints=tuple(_shown(one, number, facts.folds) for number, one in enumerate(facts.endpoints, 1)),
        form=paper_form(facts),
        absent=absent_table(facts),
        strip=strips,
        measured_cell=measured_cell,
        p_text=p_text,
        fixed=fixed,
        counted=counted,
        first_use=FirstUses(COMPARISON_TERMS),
        terms=COMPARISON_TERMS,
        version=__version__,
    )


def _lede(facts: ModelComparison) -> str:
    most = max(len(one.judged) for one in facts.endpoints)
    each = listed([one.name for one in facts.endpoints])
    who = f"{counted(most, 'model')} on the same {counted(facts.development, 'patient')}"
    return f"{who}, out of fold: {each}"


def _shown(one: EndpointComparison, number: int, folds: int) -> ShownComparison:
    lines = one.judged
    axes = (
        ComparisonAxis.of("Harrell's C", CHANCE, [line.harrell for line in lines]),
        ComparisonAxis.of("difference in C", NOTHING, [line.difference for line in lines]),
    )
    return ShownComparison(
        one,
        f"endpoint-{number}",
        compared_verdict(one),
        compared_sentences(one),
        flat_sentences(one, folds),
        axes,
        tuple(
            ShownLine(
                line,
                axes[0].strip(line.model, line.harrell),
                axes[1].strip(line.model, line.difference, sign=True),
            )
            for line in lines
        ),
        duration(one.tau, "years"),
    )
