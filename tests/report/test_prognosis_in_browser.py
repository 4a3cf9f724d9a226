"""The page of a prognosis study in headless Chromium: silent, alone, within its width, and whole in print."""

from dataclasses import replace
from pathlib import Path

import pytest

from sarcoma_core.report.curves import CurveGroup, SurvivalGroups
from sarcoma_core.report.flow_diagram import FlowStep, PatientFlow
from sarcoma_core.report.prognosis import render_prognosis
from sarcoma_core.report.table_one import Characteristic, table_one
from tests.report.test_curves import MERCAPTOPURINE, PLACEBO, TIME
from tests.report.test_in_browser import WIDTHS, Browser, browser  # noqa: F401  a fixture
from tests.report.test_prognosis import AT_HORIZON, COEFFICIENTS, ENDPOINT, FACTS, MODELS

pytestmark = pytest.mark.browser

LONG = "PLEOMORPHIC_Sarcoma_" * 8


def endless() -> str:
    """The page with names without end everywhere."""
    named = replace(
        ENDPOINT,
        name=LONG,
        label=LONG,
        groups=SurvivalGroups((CurveGroup(LONG, MERCAPTOPURINE), CurveGroup("b", PLACEBO)), LONG),
        time=replace(TIME, origin=LONG),
        models=tuple(replace(one, model=LONG, n=1_234_567, events=1_234_567) for one in MODELS),
        coefficients=tuple(
            replace(one, model=LONG, rows=tuple(replace(row, name=LONG, p=None) for row in one.rows))
            for one in COEFFICIENTS
        ),
        at_horizon=(replace(AT_HORIZON, model=LONG),),
        cautions=(LONG,),
    )
    flow = PatientFlow(
        (FlowStep(LONG, 50), FlowStep("局所再発" * 20, 42, ((LONG, 7), ("no follow-up", 1)))),
        tuple(FlowStep(name, 40, ((LONG, 2),), 30) for name in (LONG, "WMWMWM" * 20, "Recurrence")),
    )
    table = table_one(
        [Characteristic(LONG, "category", 7 * [LONG]), Characteristic("n", "number", 7 * [123456.7])],
        [LONG, *"abcdef"],
        grouped_by=LONG,
    )
    facts = replace(FACTS, flow=flow, characteristics=table, endpoints=(named,), cautions=(LONG,))
    return render_prognosis(LONG, facts)


@pytest.fixture(scope="module", params=["usual", "endless"])
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("prognosis") / "prognosis.html"
    path.write_text(render_prognosis("STS", FACTS) if request.param == "usual" else endless(), "utf-8")
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


def test_text_of_the_flow_diagram_lies_in_its_boxes(browser: Browser, page: Path) -> None:  # noqa: F811
    browser.show(page)
    astray = browser.ask(
        "[...document.querySelectorAll('.flow > svg text')].filter(t => { const b = t.getBBox();"
        "return ![...document.querySelectorAll('.flow rect')].some(r => { const c = r.getBBox();"
        "return b.x >= c.x && b.x + b.width <= c.x + c.width && b.y >= c.y && "
        "b.y + b.height <= c.y + c.height})}).map(t => t.textContent)"
    )
    assert astray == []
    assert browser.ask("document.querySelectorAll('.flow > svg text').length") > 8


def test_a_phone_has_the_flow_as_a_list_and_a_desk_as_a_drawing(browser: Browser, page: Path) -> None:  # noqa: F811
    seen = "['.flow > svg', '.flow-list'].map(s => document.querySelector(s).checkVisibility())"
    browser.show(page, width=1280)
    assert browser.ask(seen) == [True, False]
    browser.show(page, width=390)
    assert browser.ask(seen) == [False, True]


@pytest.mark.parametrize("width", WIDTHS)
def test_numbers_at_risk_stand_below_their_ticks_and_can_be_read(
    browser: Browser,  # noqa: F811
    page: Path,
    width: int,
) -> None:
    browser.show(page, width=width)
    middles = browser.ask(
        "[...document.querySelectorAll('.plot')].filter(p => p.querySelector('.at-risk')).map(p => {"
        "const middle = e => { const r = e.getBoundingClientRect(); return r.x + r.width / 2 };"
        "return [[...p.querySelectorAll('text.across')].map(middle), "
        "[...p.querySelectorAll('.at-risk tbody tr')].map(t => [...t.querySelectorAll('td')].map(middle))]})"
    )
    assert len(middles) == 2
    for ticks, rows in middles:
        assert rows
        for row in rows:
            assert row == pytest.approx(ticks, abs=1.0)
    sizes = browser.ask(
        "[...document.querySelectorAll('.plot > svg')].map(s => 11 * s.getBoundingClientRect().width / 400)"
    )
    assert min(sizes) > 9  # pixels of a letter


def test_no_two_cells_of_a_table_run_into_one_another(browser: Browser, page: Path) -> None:  # noqa: F811
    browser.show(page)
    wide = browser.ask(
        "[...document.querySelectorAll('.measured :is(th, td)')]"
        ".filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
    )
    assert wide == []


def test_on_paper_tables_are_tables_and_nothing_sticks_out(browser: Browser, page: Path) -> None:  # noqa: F811
    browser.show(page, width=718)
    browser.on("print")
    wide = browser.outside()
    rows = browser.ask("[...document.querySelectorAll('.measured tr')].map(e => getComputedStyle(e).display)")
    breaks = browser.ask(
        "[...document.querySelectorAll('.plot, .flow')].map(e => getComputedStyle(e).breakInside)"
    )
    drawn = browser.ask("document.querySelector('.flow > svg').checkVisibility()")
    browser.on("screen")
    assert wide == []
    assert set(rows) == {"table-row"}
    assert set(breaks) == {"avoid"}
    assert drawn
