"""The page of a training of networks in headless Chromium: silent, alone, within its width, red in time."""

from dataclasses import replace
from pathlib import Path

import pytest

from sarcoma_core.report.facts import Fact
from sarcoma_core.report.network_study import render_network_study
from tests.report.networks import FACTS, FIRST, OS, SECOND
from tests.report.test_in_browser import WIDTHS, Browser, browser  # noqa: F401  a fixture

pytestmark = pytest.mark.browser

LONG = "PLEOMORPHIC_Sarcoma_" * 8


def endless() -> str:
    """The page with names without end everywhere."""
    models = {LONG: OS.models["joint"], **OS.models}
    seen = replace(FIRST.numbers[0], setting=LONG, measure=LONG)
    facts = replace(
        FACTS,
        endpoints=(replace(OS, title=LONG, models=models, absent=LONG),),
        parts=tuple(replace(one, name=LONG, role=LONG) for one in FACTS.parts),
        openings=(replace(FIRST, who=LONG, numbers=(seen,)), SECOND),
        left_out=((LONG, 1_234_567),),
        settings=(Fact(LONG, LONG),),
        limits=(LONG,),
        methods=LONG,
    )
    return render_network_study(LONG, facts)


@pytest.fixture(scope="module", params=["usual", "endless"])
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study") / "study.html"
    usual = render_network_study("MODEL_PROG_STS", replace(FACTS, openings=(FIRST, SECOND)))
    path.write_text(endless() if request.param == "endless" else usual, encoding="utf-8")
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


def test_a_second_opening_is_red_and_the_first_is_not(browser: Browser, page: Path) -> None:  # noqa: F811
    browser.show(page, width=1280, scheme="light")
    colours = browser.ask(
        "[...document.querySelectorAll('.openings > li > p:first-child')].map(p => getComputedStyle(p).color)"
    )
    first, second = colours
    assert first != second
    assert second == "rgb(150, 38, 27)"


def test_no_two_cells_of_a_table_run_into_one_another(browser: Browser, page: Path) -> None:  # noqa: F811
    browser.show(page)
    wide = browser.ask(
        "[...document.querySelectorAll('.measured :is(th, td), .study :is(th, td)')]"
        ".filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
    )
    assert wide == []


def test_on_paper_nothing_sticks_out_and_no_drawing_is_cut(browser: Browser, page: Path) -> None:  # noqa: F811
    browser.show(page, width=718)
    browser.on("print")
    wide = browser.outside()
    breaks = browser.ask(
        "[...document.querySelectorAll('.plot, .finding, .planned')]"
        ".map(e => getComputedStyle(e).breakInside)"
    )
    browser.on("screen")
    assert wide == []
    assert set(breaks) == {"avoid"}
