"""What networks drew, in headless Chromium: pictures in pairs, lines that show, nothing that sticks out."""

from pathlib import Path

import numpy as np
import pytest

from sarcoma_core.provenance import Outcome
from sarcoma_core.report.page import render
from sarcoma_core.report.session import read_session
from tests.report.masked import drawn, file_masks
from tests.report.segmented import AROUND, FACTS, TUMOUR, file_segmentation, network_mask
from tests.report.sessions import as_read, prepared
from tests.report.test_in_browser import WIDTHS, Browser, browser  # noqa: F401  a fixture

pytestmark = pytest.mark.browser

LONG = "MODEL_SEG_" + "LONG" * 40


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two regions of two members on one series, a person's masks, and texts without end."""
    folder = tmp_path_factory.mktemp("segmented")
    builder = prepared(folder / "session")
    file_masks(builder, (drawn(builder, TUMOUR, locked=True), drawn(builder, AROUND, roi="oedema")))
    one, files = network_mask(builder, np.roll(TUMOUR, 1, 0))
    two, more = network_mask(builder, AROUND, roi="oedema")
    three, last = network_mask(builder, TUMOUR, roi="tumour_t1ce_t2fs", member="T1CE_T2FS")
    facts = {**FACTS, "model": LONG, "device": LONG, "needs_review": ["a reason that goes on " * 12, LONG]}
    facts["beside"] = [{**FACTS, "member": "T1CE_T2FS", "others": {}}]
    outcome = Outcome("2", "MR", "done", "so", (*files, *more, *last), facts)
    file_segmentation(builder, [one, two, three], outcome)
    path = folder / "report.html"
    path.write_text(render(read_session(as_read(builder.path), slices=1)), encoding="utf-8")
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


@pytest.mark.parametrize("width", WIDTHS)
def test_uncertainty_lies_below_its_outlines_on_a_desk_and_beside_them_on_a_phone(
    browser: Browser,  # noqa: F811
    page: Path,
    width: int,
) -> None:
    browser.show(page, width=width)
    pairs = browser.ask(
        "[...document.querySelectorAll('.plane')].map(p => [...p.querySelectorAll('img')].map(i => {"
        "const r = i.getBoundingClientRect(); return [r.x, r.y, r.width, r.height]}))"
    )
    assert len(pairs) == 3
    for (x, y, wide, high), (other_x, other_y, other_wide, other_high) in pairs:
        assert (other_wide, other_high) == pytest.approx((wide, high), abs=1)
        if width == min(WIDTHS):
            assert other_y == pytest.approx(y, abs=0.5)
            assert other_x >= x + wide
        else:
            assert other_x == pytest.approx(x, abs=0.5)
            assert other_y >= y + high


@pytest.mark.parametrize("width", WIDTHS)
def test_outlines_lie_on_their_pictures(browser: Browser, page: Path, width: int) -> None:  # noqa: F811
    browser.show(page, width=width)
    places = browser.ask(
        "[...document.querySelectorAll('.planes .film')].map(f => ['img', '.outline'].map(s => {"
        "const r = f.querySelector(s).getBoundingClientRect(); return [r.x, r.y, r.width, r.height]}))"
    )
    assert len(places) == 6
    for picture, outline in places:
        assert outline == pytest.approx(picture, abs=0.5)


def test_the_line_on_the_colours_is_none_of_the_colours(browser: Browser, page: Path) -> None:  # noqa: F811
    browser.show(page)
    look = "s => getComputedStyle(document.querySelector(s)).stroke"
    plain, warm = browser.ask(f"['.planes .film:not(.heat) .line-1', '.planes .heat .line-1'].map({look})")
    assert plain != warm
    red, _, blue = (int(part) for part in warm.removeprefix("rgb(").rstrip(")").split(","))
    assert blue > 2 * red  # the scale goes from black over red and yellow to white


def test_the_switch_hides_the_outlines_of_its_series_alone(browser: Browser, page: Path) -> None:  # noqa: F811
    browser.show(page)
    count = "[...document.querySelectorAll('.outline')].filter(e => e.checkVisibility()).length"
    before = browser.ask(count)
    browser.driver.find_element("css selector", "#segmentation .switch").send_keys(" ")
    assert browser.ask(count) == before - 6


def test_on_paper_nothing_sticks_out_and_no_plane_or_verdict_is_cut(
    browser: Browser,  # noqa: F811
    page: Path,
) -> None:
    browser.show(page, width=718)
    browser.on("print")
    wide = browser.outside()
    breaks = browser.ask(
        "[...document.querySelectorAll('.plane, .verdicts, .heat-scale')]"
        ".map(e => getComputedStyle(e).breakInside)"
    )
    exact = browser.ask(
        "getComputedStyle(document.querySelector('.heat-scale svg')).getPropertyValue('print-color-adjust')"
    )
    browser.on("screen")
    assert wide == []
    assert set(breaks) == {"avoid"}
    assert exact == "exact"
