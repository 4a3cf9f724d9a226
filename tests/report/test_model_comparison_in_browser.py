"""The page of a comparison in headless Chromium: silent, alone, within its width, and whole in print."""

from dataclasses import replace
from pathlib import Path

import pytest

from sarcoma_core.report.facts import Fact
from sarcoma_core.report.model_comparison import render_comparison
from tests.report.compared import ABSENT, FACTS, OVERALL
from tests.report.test_in_browser import WIDTHS, Browser, browser  # noqa: F401  a fixture

pytestmark = pytest.mark.browser

LONG = "PLEOMORPHIC_Sarcoma_" * 8


def endless() -> str:
    """The page with names without end everywhere, and as many endpoints as there can be."""
    lines = tuple(replace(line, model=LONG, flat=5) for line in OVERALL.lines if not line.absent)
    whole = replace(OVERALL, name=LONG, lines=(replace(ABSENT, model=LONG, absent=LONG), *lines))
    endpoints = tuple(replace(whole, short=short) for short in ("OS", "DM", "LR", "RFS"))
    facts = replace(
        FACTS,
        model=LONG,
        endpoints=endpoints,
        features=LONG,
        cautions=(LONG,),
        limits=(LONG,),
        hashes=(Fact(LONG, "c" * 64),),
    )
    return render_comparison(LONG, facts)


@pytest.fixture(scope="module", params=["usual", "endless"])
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("comparison") / "compared.html"
    text = endless() if request.param == "endless" else render_comparison("MODEL_PROG_STS in STS", FACTS)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_it_is_silent_alone_and_within_its_width(
    browser: Browser,  # noqa: F811
    page: Path,
    width: int,
    scheme: str,
) -> None:
    browser.show(page, width=width, scheme=scheme)
    assert browser.console() == []
    assert browser.requests() == {page.as_uri()}
    assert browser.ask("document.documentElement.scrollWidth") <= width
    assert browser.outside() == []


def test_a_desk_shows_axes_below_the_strips_and_a_phone_each_row_for_itself(
    browser: Browser,  # noqa: F811
    page: Path,
) -> None:
    wide = "document.querySelector('.compared tbody tr').getBoundingClientRect().height"
    beside = "getComputedStyle(document.querySelector('.compared tbody td')).display"
    browser.show(page, width=1280)
    assert browser.ask(beside) == "table-cell"
    assert browser.ask(wide) < 400
    browser.show(page, width=390)
    assert browser.ask(beside) == "block"
