"""The page of a training in headless Chromium: silent, alone, within its width, and whole in print."""

from dataclasses import replace
from pathlib import Path

import pytest

from sarcoma_core.report.training_curves import render_training
from tests.report.test_in_browser import WIDTHS, Browser, browser  # noqa: F401  a fixture
from tests.report.trained import FACTS, PLAN, T1CE, T2FS, network

pytestmark = pytest.mark.browser

LONG = "PLEOMORPHIC_Sarcoma_" * 8


def endless() -> str:
    """The page with names without end everywhere, and more networks than kinds of lines."""
    case = replace(T1CE.judged[2], subject=LONG, session=LONG)
    member = replace(
        T1CE,
        name=LONG,
        regions=(LONG, "oedema"),
        left_out=((LONG, 1_234_567),),
        judged=tuple(replace(one, scores={LONG: one.scores["tumour"]}) for one in (case, *T1CE.judged)),
        networks=tuple(network(n % 5 + 1) for n in range(12)),
        of_networks=12,
        plan=replace(PLAN, why=(LONG,), widths=(320,) * 20),
    )
    unfinished = replace(T2FS, next_command=f"sarcoma run {LONG}")
    facts = replace(
        FACTS, members=(member, unfinished), refused=((LONG, LONG),), limits=(LONG,), methods=LONG
    )
    return render_training(LONG, facts)


@pytest.fixture(scope="module", params=["usual", "endless"])
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("training") / "training.html"
    text = endless() if request.param == "endless" else render_training("MODEL_SEG_STS", FACTS)
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


@pytest.mark.parametrize("width", WIDTHS)
def test_numbers_of_the_axes_can_be_read(browser: Browser, page: Path, width: int) -> None:  # noqa: F811
    browser.show(page, width=width)
    sizes = browser.ask(
        "[...document.querySelectorAll('.plot > svg')].map(s => 11 * s.getBoundingClientRect().width / 400)"
    )
    assert len(sizes) >= 4
    assert min(sizes) > 9  # pixels of a letter


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
        "[...document.querySelectorAll('.plot, .strips, .finding, .planned')]"
        ".map(e => getComputedStyle(e).breakInside)"
    )
    browser.on("screen")
    assert wide == []
    assert set(breaks) == {"avoid"}
