"""The page of a training of networks: its numbers, openings in red, what was left out, and whole HTML."""

import re
from dataclasses import replace

import pytest

from sarcoma_core.report.facts import Fact
from sarcoma_core.report.flow_diagram import FlowStep, PatientFlow
from sarcoma_core.report.network_study import render_network_study
from sarcoma_core.report.network_study_facts import HeadsFacts, NetworkStudyFacts, PartFacts
from tests.report.networks import FACTS, FIRST, OS, SECOND
from tests.report.test_masks import HOSTILE, section
from tests.report.test_page import Page, words


def page_of(**changes: object) -> str:
    return render_network_study("MODEL_PROG_STS", replace(FACTS, **changes))  # type: ignore[arg-type]


def test_every_part_of_the_page_tells_its_facts() -> None:
    text = page_of()
    assert "6 networks, 2 endpoints with time: Overall survival (97 events of 307 patients)" in words(text)
    flow = words(section(text, "flow"))
    assert "19 patients: MASKS: must hold a mask of the region tumour." in flow
    assert "In this training" in flow
    assert "Test set" in words(section(text, "parts"))
    survival = words(section(text, "endpoint-1"))
    assert "0.712 0.652 to 0.772" in survival
    assert "clinical baseline" in survival
    assert "0.701, 0.715 and 0.708; 0.014 apart. None was picked." in survival
    learning = section(text, "learning")
    assert learning.count('<figure class="plot">') == 12
    assert "Of one project." in words(section(text, "limits"))
    assert "0" * 64 in section(text, "how")
    assert "Networks were trained." in words(section(text, "how"))


def test_one_opening_is_told_and_is_no_reason_for_red() -> None:
    text = page_of()
    opened = words(section(text, "test-set"))
    assert "2026-01-31T12:00:00+00:00, by ada: 66 patients." in opened
    assert "0.710 (0.600 to 0.800)" in opened
    for digest in ("1", "2", "3"):
        assert digest * 64 in opened
    assert 'class="again"' not in text


def test_a_second_opening_of_the_same_patients_is_in_red_and_in_words() -> None:
    text = page_of(openings=(FIRST, SECOND))
    opened = section(text, "test-set")
    assert opened.count('<p class="again">') == 1
    assert "by bo: 66 patients. Again: the same patients had been opened before." in words(opened)
    assert '<li class="again">1 opening of the test set came after another' in text
    other = replace(SECOND, test_sha256="9" * 64)
    assert 'class="again"' not in page_of(openings=(FIRST, other))


def test_where_nobody_has_looked_it_says_so() -> None:
    assert "Nobody has opened it" in words(section(page_of(openings=()), "test-set"))


def test_a_page_without_anything_is_a_page() -> None:
    bare = NetworkStudyFacts(
        flow=PatientFlow((FlowStep("Patients of the cohort", 0),), ()),
        parts=(),
        endpoints=(),
        graded=False,
        epochs=1,
        networks=(),
    )
    text = render_network_study("nothing", bare)
    assert "0 networks, 0 endpoints with time." in words(text)
    assert "No epoch is told." in words(text)
    assert '<ul class="cautions">' not in text


def test_an_endpoint_that_nobody_judged_says_so() -> None:
    none: HeadsFacts = replace(OS, models={})
    assert "No head was judged." in words(page_of(endpoints=(none,)))


def test_the_page_is_whole() -> None:
    text = page_of(openings=(FIRST, SECOND))
    page = Page(text)
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for a in page.all("a") if a["href"].startswith("#")} <= set(ids)
    assert len(page.all("table")) == len(page.all("caption"))
    assert not page.all("script")
    assert not re.search(r'(src|href)="(?!#|https://(doi\.org|arxiv\.org)/|data:)', text)


def test_equal_facts_give_equal_text() -> None:
    assert page_of() == page_of()


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_breaks_the_page(text: str) -> None:
    held = text.encode("utf-8", "replace").decode()
    page = Page(
        page_of(
            endpoints=(replace(OS, title=held, absent=held, horizon=held),),
            openings=(replace(FIRST, who=held),),
            parts=(PartFacts(held, 1, {held: 1}, held),),
            left_out=((held, 2),),
            settings=(Fact(held, held),),
            limits=(held,),
            methods=held,
        )
    )
    assert not page.all("script")
    assert not page.all("img")
    assert not [a for _, attributes in page.elements for a in attributes if a.startswith("on")]
