"""Endpoints are told by what happens; terms have an entry each, which their use on the page leads to."""

import pytest

from sarcoma_core.prognosis.clinical.endpoints import ENDPOINTS, Endpoint
from sarcoma_core.report.foretold_terms import FORETOLD_TERMS, SURVIVAL, endpoint_words
from sarcoma_core.report.terms import FirstUses
from tests.report.foretold_made import drawn_page
from tests.report.test_page import Page


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: one.short)
def test_every_endpoint_of_the_clinical_table_has_words_of_its_own(endpoint: Endpoint) -> None:
    words = endpoint_words(endpoint.name)
    assert endpoint.title.startswith(words.title)
    assert words.competing is endpoint.competes_with_death
    assert "_" not in f"{words.title}{words.event}{words.had}"


def test_survival_is_told_as_death() -> None:
    words = endpoint_words(SURVIVAL)
    assert (words.event, words.within, words.had) == ("Death", "death", "Died")


@pytest.mark.parametrize(
    ("name", "title"), [("limb_loss", "Limb loss"), ("", "Event"), ("\u202ex", "\ufffdx")]
)
def test_another_endpoint_keeps_its_own_name(name: str, title: str) -> None:
    assert endpoint_words(name).title == title


def test_each_entry_has_its_own_place_and_is_found_by_its_title() -> None:
    assert len({term.id for term in FORETOLD_TERMS}) == len(FORETOLD_TERMS)
    for term in FORETOLD_TERMS:
        assert any(piece.id == term.id for piece in FirstUses(FORETOLD_TERMS)(term.title))


def test_every_term_is_explained_once_and_used_on_the_page() -> None:
    page = Page(drawn_page())
    led_to = [a["href"][1:] for a in page.all("a") if str(a.get("href")).startswith("#term-")]
    ids = [a["id"] for _, a in page.elements if str(a.get("id")).startswith("term-")]
    assert ids == [term.id for term in FORETOLD_TERMS]
    assert set(led_to) <= set(ids)
    assert {"term-spread", "term-lower-bound", "term-risk-score", "term-heat-map", "term-untrained"} <= set(
        led_to
    )
