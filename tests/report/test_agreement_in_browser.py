"""The page over readers in headless Chromium: silent, alone, within its width, and whole in print."""

from pathlib import Path

import pytest

from sarcoma_core.report.agreement import render_agreement
from tests.report.test_agreement import facts
from tests.report.test_in_browser import WIDTHS, Browser, browser  # noqa: F401  a fixture

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("agreement") / "agreement.html"
    text = render_agreement("A_PROJECT_WITH_A_LONG_NAME_" * 3, facts("C11", "C03", "C01"))
    path.write_text(text.replace("C99", "A_LONG_SESSION_LABEL_20200101_MR" * 3), encoding="utf-8")
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
    assert browser.outside() == []


@pytest.mark.parametrize("width", WIDTHS)
def test_outlines_lie_on_their_pictures_and_letters_of_plots_can_be_read(
    browser: Browser,  # noqa: F811
    page: Path,
    width: int,
) -> None:
    browser.show(page, width=width)
    places = browser.ask(
        "[...document.querySelectorAll('.masked .film')].map(f => ['img', '.outline'].map(s => {"
        "const r = f.querySelector(s).getBoundingClientRect(); return [r.x, r.y, r.width, r.height]}))"
    )
    assert len(places) == 2
    for picture, drawing in places:
        assert drawing == pytest.approx(picture, abs=0.5)
    sizes = browser.ask(
        "[...document.querySelectorAll('#volumes svg')].map(s => 11 * s.getBoundingClientRect().width / 340)"
    )
    assert len(sizes) == 3
    assert min(sizes) > 9  # pixels of a letter


def test_on_paper_nothing_sticks_out_and_no_picture_is_cut(browser: Browser, page: Path) -> None:  # noqa: F811
    browser.show(page, width=718)
    browser.on("print")
    wide = browser.ask(
        "[...document.querySelectorAll('main *')]"
        ".filter(e => e.getBoundingClientRect().right > innerWidth + 0.5).map(e => e.outerHTML.slice(0, 80))"
    )
    breaks = browser.ask("[...document.querySelectorAll('.tile')].map(e => getComputedStyle(e).breakInside)")
    browser.on("screen")
    assert wide == []
    assert set(breaks) == {"avoid"}
