"""Every paper that a step cites can be printed."""

import pytest

from sarcoma_core.interface import Step
from sarcoma_core.report.references import REFERENCES, Reference, reference
from sarcoma_core.steps import STEPS


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_every_citation_of_a_step_is_known(step: Step) -> None:
    assert set(step.cites) <= set(REFERENCES)


@pytest.mark.parametrize("paper", REFERENCES.values(), ids=lambda paper: paper.key)
def test_a_key_is_author_and_year_and_a_doi_resolves(paper: Reference) -> None:
    text, key = paper.text, paper.key
    assert text.lower().startswith(key.rstrip("0123456789"))
    assert f"{key[-4:]}." in text
    assert paper.url.startswith("https://doi.org/10.")


def test_an_unknown_key_stands_for_itself() -> None:
    assert reference("someone2099").text == "someone2099"
    assert not reference("someone2099").url
