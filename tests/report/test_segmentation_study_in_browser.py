"""The page of a segmentation study in headless Chromium: silent, alone, within its width, whole in print."""

from dataclasses import replace
from pathlib import Path

import pytest

from sarcoma_core.report.segmentation_study import SegmentationStudyFacts, render_segmentation_study
from sarcoma_core.segmentation.evaluation.cases import LackingCase
from sarcoma_core.segmentation.evaluation.evaluation import evaluate
from sarcoma_core.segmentation.evaluation.medians import Sampling
from tests.report.test_in_browser import WIDTHS, Browser, browser  # noqa: F401  a fixture
from tests.report.test_segmentation_study import cases

pytestmark = pytest.mark.browser

LONG = "MODEL_SEG_WITHOUT_ANY_END_" * 5


@pytest.fixture(scope="module", params=["usual", "endless"])
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    held, cautions, title = cases(), ("Look at this.",), "STS"
    if request.param == "endless":
        cautions, title = (LONG,), LONG
        held = [
            replace(one, group=replace(one.group, model=f"{LONG}{one.group.model}"), strata={"site": LONG})
            for one in held
        ]
    lacks = [LackingCase("S9", "S9_MR", "tumour", "not segmented", held[0].group.model, LONG)]
    found = evaluate(held, lacks, Sampling())
    path = tmp_path_factory.mktemp("segmentation") / "evaluation.html"
    facts = SegmentationStudyFacts(found, 33, "directed", 1000, (), cautions)
    path.write_text(render_segmentation_study(title, facts), encoding="utf-8")
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


def test_no_two_cells_of_a_table_run_into_one_another(browser: Browser, page: Path) -> None:  # noqa: F811
    browser.show(page)
    wide = browser.ask(
        "[...document.querySelectorAll('.measured :is(th, td)')]"
        ".filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
    )
    assert wide == []


@pytest.mark.parametrize("width", WIDTHS)
def test_letters_of_drawings_can_be_read(browser: Browser, page: Path, width: int) -> None:  # noqa: F811
    browser.show(page, width=width)
    sizes = browser.ask(
        "[...document.querySelectorAll('.strips tfoot svg')]"
        ".map(s => 11 * s.getBoundingClientRect().width / 300)"
    )
    assert len(sizes) == 2
    assert min(sizes) > 9  # pixels of a letter


def test_on_paper_tables_are_tables_and_nothing_sticks_out(browser: Browser, page: Path) -> None:  # noqa: F811
    browser.show(page, width=718)
    browser.on("print")
    wide = browser.outside()
    rows = browser.ask(
        "[...document.querySelectorAll('.form-table tr')].filter(e => e.checkVisibility())"
        ".map(e => getComputedStyle(e).display)"
    )
    browser.on("screen")
    assert wide == []
    assert set(rows) == {"table-row"}
