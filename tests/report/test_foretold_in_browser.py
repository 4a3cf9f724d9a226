"""What is foretold, in headless Chromium: limits seen first, tables that stay tables, whole in print."""

from dataclasses import replace
from pathlib import Path

import pytest

from sarcoma_core.archive.predicted import SessionPrediction
from sarcoma_core.report.foretold import tell_foretold
from sarcoma_core.report.page import render
from sarcoma_core.report.session import SessionReport
from tests.report.foretold_made import (
    INPUTS,
    MODEL,
    PREDICTED,
    SAID,
    abstaining,
    baseline,
    filed,
    foretold_endpoint,
)
from tests.report.test_in_browser import WIDTHS, Browser, browser  # noqa: F401  a fixture

pytestmark = pytest.mark.browser

LONG = "PLEOMORPHIC_Sarcoma_" * 8
NETWORKS = 15


def endless() -> SessionPrediction:
    """A document with names without end everywhere, of a synthetic model of all endpoints."""
    ends = tuple(0.3 + 0.02 * number for number in range(NETWORKS))
    names = ("overall_survival", "distant_metastasis", "local_recurrence", LONG)
    return SessionPrediction(
        replace(MODEL, name=LONG, what=LONG, synthetic=True, limits=(LONG,)),
        replace(
            INPUTS, series={LONG: LONG}, variables=(LONG,), lacking=(LONG,), time_zero=LONG, by_person=False
        ),
        replace(
            PREDICTED,
            missing=(LONG,),
            not_known=(LONG,),
            timed=tuple(foretold_endpoint(name, ends, dying=0.2) for name in names),
            graded={LONG: 0.4, "grade G1": 0.6},
            heads={name: {"joint": 0.1, LONG: 0.2} for name in names},
        ),
        baseline=(baseline(), replace(baseline(LONG), absent=LONG)),
        cautions=(LONG, "a caution that goes on " * 10),
        heat=tuple(
            replace(SAID.heat[0], endpoint=name, like_random=0.9, no_dicom=LONG) for name in names[:2]
        ),
    )


DOCUMENTS = {"usual": SAID, "endless": endless(), "abstains": abstaining(LONG), "refused": None}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("foretold")
    written = {}
    for name, said in DOCUMENTS.items():
        written[name] = folder / f"{name}.html"
        told = tell_foretold(filed(said, LONG, current=name != "endless"))
        written[name].write_text(render(SessionReport((), (), foretold=told)), encoding="utf-8")
    return written


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_it_is_silent_alone_and_within_its_width(
    browser: Browser,  # noqa: F811
    pages: dict[str, Path],
    name: str,
    width: int,
    scheme: str,
) -> None:
    browser.show(pages[name], width=width, scheme=scheme)
    assert browser.console() == []
    assert browser.requests() == {pages[name].as_uri()}
    assert browser.ask("document.documentElement.scrollWidth") <= width
    assert browser.outside() == []


@pytest.mark.parametrize("width", WIDTHS)
def test_tables_stay_tables_and_no_word_of_their_heads_is_broken(
    browser: Browser,  # noqa: F811
    pages: dict[str, Path],
    width: int,
) -> None:
    browser.show(pages["usual"], width=width)
    rows = browser.ask("[...document.querySelectorAll('.chances tr')].map(e => getComputedStyle(e).display)")
    assert len(rows) == 10
    assert set(rows) == {"table-row"}
    wide = browser.ask(
        "[...document.querySelectorAll('.chances thead th')].filter(e => e.scrollWidth > e.clientWidth)"
        ".map(e => e.textContent)"
    )
    assert wide == []
    assert (
        browser.ask("getComputedStyle(document.querySelector('.chances thead th')).overflowWrap") == "normal"
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_the_table_stands_beside_its_curves_on_a_desk_and_below_them_on_a_phone(
    browser: Browser,  # noqa: F811
    pages: dict[str, Path],
    width: int,
) -> None:
    browser.show(pages["usual"], width=width)
    places = browser.ask(
        "[...document.querySelectorAll('.endpoint')].map(e => ['.plot', '.chances'].map(s => {"
        "const r = e.querySelector(s).getBoundingClientRect(); return [r.x, r.y, r.right, r.bottom]}))"
    )
    assert len(places) == 2
    for (_, _, right, bottom), (x, y, _, _) in places:
        assert (x >= right) is (width == max(WIDTHS))
        assert (y >= bottom) is (width == min(WIDTHS))


@pytest.mark.parametrize("width", WIDTHS)
def test_alarms_come_before_the_first_number_and_are_red(
    browser: Browser,  # noqa: F811
    pages: dict[str, Path],
    width: int,
) -> None:
    browser.show(pages["endless"], width=width)
    tops = browser.ask(
        "[...document.querySelectorAll('.alarm, .finding')].map(e => e.getBoundingClientRect().top)"
    )
    assert len(tops) == 3
    assert tops == sorted(tops)
    colour = browser.ask("getComputedStyle(document.querySelector('.alarm')).color")
    red, green, blue = (int(part) for part in colour.removeprefix("rgb(").rstrip(")").split(","))
    assert red > 2 * max(green, blue)


def test_networks_are_thinner_than_their_mean_and_the_baseline_is_dashed(
    browser: Browser,  # noqa: F811
    pages: dict[str, Path],
) -> None:
    browser.show(pages["endless"])
    look = (
        "s => { const c = getComputedStyle(document.querySelector(`.plot > svg ${s}`));"
        "return [c.strokeWidth, c.strokeDasharray]}"
    )
    mean, each, base = browser.ask(f"['.drawn-1', '.drawn-9', '.drawn-2'].map({look})")
    assert float(each[0].removesuffix("px")) < float(mean[0].removesuffix("px")) / 2
    assert (mean[1], each[1]) == ("none", "none")
    assert base[1] != "none"
    paths = browser.ask("document.querySelector('.plot > svg .drawn-9').getAttribute('d').split('M').length")
    assert paths == NETWORKS + 1


def test_the_boxes_can_be_read_aloud(browser: Browser, pages: dict[str, Path]) -> None:  # noqa: F811
    for name in ("abstains", "refused"):
        browser.show(pages[name])
        assert browser.ask("document.querySelector('.boxed').getAttribute('role')") == "note"
    browser.show(pages["usual"])
    silent = browser.ask(
        "document.querySelectorAll('#foretold :is(img:not([alt]), .plot > svg:not([aria-label]))').length"
    )
    assert silent == 0


@pytest.mark.parametrize("name", DOCUMENTS)
def test_on_paper_nothing_sticks_out_and_nothing_that_belongs_together_is_cut(
    browser: Browser,  # noqa: F811
    pages: dict[str, Path],
    name: str,
) -> None:
    browser.show(pages[name], width=718)
    browser.on("print")
    wide = browser.outside()
    breaks = browser.ask(
        "[...document.querySelectorAll('.alarm, .boxed, .finding, .endpoint, .map, .chances')]"
        ".map(e => getComputedStyle(e).breakInside)"
    )
    columns = browser.ask(
        "[...document.querySelectorAll('.endpoint')]"
        ".map(e => getComputedStyle(e).gridTemplateColumns.split(' ').length)"
    )
    browser.on("screen")
    assert wide == []
    assert set(breaks) == {"avoid"}
    assert set(columns) <= {2}
