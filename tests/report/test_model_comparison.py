"""The page of a comparison: the paper's form, what cannot be told apart, and what was not run."""

import re
from dataclasses import replace

import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.report.measures import WithLimits
from sarcoma_core.report.model_comparison import render_comparison
from sarcoma_core.report.model_comparison_tables import absent_table, paper_form
from sarcoma_core.report.model_comparison_terms import COMPARISON_TERMS
from tests.report.compared import ABSENT, FACTS, LAST, LIKE, OVERALL

MINUS = "\u2212"
LIMITS = f"{MINUS}0.250 to {MINUS}0.070"
PAGE = render_comparison("MODEL_PROG_STS in STS", FACTS)


def test_equal_facts_give_equal_text_and_the_page_loads_nothing() -> None:
    assert render_comparison("MODEL_PROG_STS in STS", FACTS) == PAGE
    assert "<script" not in PAGE
    assert not re.findall(r'(?:src|href)="(?!#|data:,|https://doi\.org|https://www\.jstor\.org)', PAGE)


def test_names_are_escaped() -> None:
    odd = replace(LIKE, model="<odd-model>")
    endpoint = replace(OVERALL, name="<odd-endpoint>", lines=(odd, LAST))
    facts = replace(FACTS, model="<odd-name>", cautions=("<odd-caution>",), endpoints=(endpoint,))
    page = render_comparison("<odd-title>", facts)
    assert "<odd" not in page
    assert all(f"&lt;odd-{what}&gt;" in page for what in ("title", "name", "caution", "endpoint", "model"))


def test_the_form_has_the_papers_column_where_the_paper_has_the_endpoint() -> None:
    form = paper_form(FACTS)
    assert form.columns == ("C, OS", "In the paper: C (SD), OS", "C, LR")
    [part] = form.parts
    assert part.name == "OS: 150 patients, 61 events; LR: 148 patients, 30 events"
    cells = {line.name: [cell.value for cell in line.cells] for line in part.lines}
    assert cells["Sarculator's variables, refitted (Cox)"] == ["0.690", "0.614 (0.117)", "0.690"]
    assert cells["Clinical, random survival forest"] == ["not run", "0.655 (0.111)", "not run"]
    assert cells["Radiomics, elastic-net Cox"] == ["0.550", "none", "0.550"]
    assert part.lines[0].cells[0].beside == "0.600 to 0.770"


def test_what_was_not_run_is_told_with_its_reason_and_no_section_stands_where_all_was() -> None:
    table = absent_table(FACTS)
    assert table is not None
    assert [(row.name, row.cells) for row in table.rows] == [
        ("Clinical, random survival forest", ("OS and LR", "it is not installed"))
    ]
    assert 'id="not-run"' in PAGE
    whole = replace(FACTS, endpoints=(replace(OVERALL, lines=(LIKE, LAST)),))
    assert absent_table(whole) is None
    assert 'id="not-run"' not in render_comparison("A", whole)


def test_every_row_that_was_run_is_drawn_and_told_in_numbers_with_its_difference() -> None:
    section = PAGE.partition('<section id="endpoint-1"')[2].partition("</section>")[0]
    assert section.count('class="ratio"') == 5  # three rows, of which the last has no difference
    for told in (f"{MINUS}0.160", LIMITS, "0.004", "0.690", "0.600 to 0.770", "reference"):
        assert told in section
    assert ABSENT.model not in section
    alt = f"Radiomics, elastic-net Cox, difference in C: {MINUS}0.160 ({LIMITS})"
    assert f'aria-label="{alt}"' in section
    assert "Uno's C, to 5.2 years" in section.replace("&#39;", "'")


def test_a_row_that_tells_the_same_of_everybody_in_a_fold_is_a_caution() -> None:
    assert "Radiomics, elastic-net Cox: in 2 of 5 folds it tells the same of everybody" in PAGE
    assert PAGE.count("it tells the same of everybody") == 1


def test_who_was_in_it_and_that_the_test_set_was_not_looked_at_stand_there() -> None:
    who = PAGE.partition('<section id="who"')[2].partition("</section>")[0]
    assert "152 patients of the development" in who
    assert "the test set, 34 patients. No model was fitted on it or judged by it." in who
    assert "150 followed for OS with 61 events, 148 followed for LR with 30 events" in who


def test_every_word_that_is_explained_is_used_and_linked() -> None:
    for term in COMPARISON_TERMS:
        assert f'id="{term.id}"' in PAGE
        assert f'href="#{term.id}"' in PAGE


def test_a_row_that_was_not_run_can_have_no_number() -> None:
    with pytest.raises(InputError, match="must be empty of a row with numbers"):
        replace(ABSENT, harrell=WithLimits(0.5))
