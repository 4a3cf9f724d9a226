"""The page in headless Chromium: silent, alone, and within its width on a desk and on a phone."""

import importlib
import importlib.util
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from sarcoma_core.provenance import Outcome
from sarcoma_core.report.page import render
from sarcoma_core.report.session import read_session
from sarcoma_core.report.study import StudyRow, StudyTable, render_study
from tests.report.masked import block, drawn, file_masks
from tests.report.sessions import as_read, full, outcomes_of, prepared, told_role

pytestmark = pytest.mark.browser

WIDTHS = (1280, 390)
TAB = "\ue004"
"""The key, as WebDriver writes it."""


def need(what: str, found: object) -> None:
    """A missing browser is a reason to skip on a desk, and a fault in CI."""
    if found:
        return
    message = f"browser test: {what} was not found; on Debian: apt-get install chromium chromium-driver"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser")
    full(folder / "session")
    path = folder / "report.html"
    path.write_text(render(read_session(as_read(folder / "session"), slices=3)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a session of the whole chain, with a scan whose id is as long as one can be."""
    folder = tmp_path_factory.mktemp("whole")
    builder = prepared(folder / "session")
    long = "9" * 64
    told = told_role(long, "MR", "T2", needs_review="nothing tells whether fat was saturated; " * 6)
    builder.record("SERIES_ROLES", *outcomes_of(builder.path, "SERIES_ROLES"), told)
    builder.record("REGISTERED", *outcomes_of(builder.path, "REGISTERED"))
    path = folder / "report.html"
    path.write_text(render(read_session(as_read(builder.path), slices=1)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def masked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a session with masks: three regions on an MR, one on a PET, and texts without end."""
    folder = tmp_path_factory.mktemp("masked")
    builder = prepared(folder / "session")
    tumour, oedema = (
        block(slice(14, 24), slice(14, 22), slice(3, 9)),
        block(slice(9, 29), slice(10, 26), slice(2, 10)),
    )
    endless = {
        "name": "x" * 400,
        "reader": "\u202e<b>" + "name " * 90,
        "software": "v" * 90,
        "notes": ("n" * 400,),
    }
    versions = (
        drawn(builder, tumour, locked=True),
        drawn(builder, oedema, version=2),
        drawn(builder, oedema, roi="oedema", **endless),
        drawn(builder, tumour, roi="a" * 40, **endless),
        drawn(builder, tumour, scan="5"),
    )
    file_masks(builder, versions, Outcome("8", "SEG", "refused", "r" * 300))
    path = folder / "report.html"
    path.write_text(render(read_session(as_read(builder.path), slices=1)), encoding="utf-8")
    return path


@pytest.fixture(scope="module", params=["session", "whole", "masked", "study"])
def any_page(request: pytest.FixtureRequest, page: Path, whole: Path, masked: Path) -> Path:
    """The reports of three sessions, and the page over a study with long names and reasons."""
    if request.param != "study":
        return {"session": page, "whole": whole, "masked": masked}[request.param]
    long = "a reason that goes on: " * 12
    rows = (
        StudyRow("A-LONG-SESSION-LABEL_20200101_MR", ("failed", "1 refused", long)),
        StudyRow("B", ("complete", "2 done", "")),
    )
    table = StudyTable(
        "sessions", "Sessions", "What became.", ("session", "outcome", "series", "reason"), rows
    )
    path = page.with_name("study.html")
    path.write_text(render_study("A <study>", "1 of 2 sessions complete", [table]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    need("chromium", chromium)
    need("chromedriver", driver)
    need("selenium (the dev extra)", importlib.util.find_spec("selenium"))
    webdriver = importlib.import_module("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = str(chromium)
    options.add_argument("--headless=new")
    for quiet in (
        "hide-scrollbars",
        "disable-background-networking",
        "disable-component-update",
        "no-first-run",
    ):
        options.add_argument(f"--{quiet}")
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium refuses to sandbox as root, which containers are
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driven = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(driver)))
    yield Browser(driven)
    driven.quit()


class Browser:
    """Chromium, with the few questions that these tests ask."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def show(self, page: Path, *, width: int = 1280, scheme: str = "light") -> None:
        """Open a page at a width and in a colour scheme; what was logged before is forgotten."""
        for log in ("browser", "performance"):
            self.driver.get_log(log)
        self.tell(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
        )
        self.tell("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.driver.get(page.as_uri())

    def tell(self, command: str, **arguments: object) -> None:
        """A command of the DevTools protocol."""
        self.driver.execute_cdp_cmd(command, arguments)

    def on(self, media: Literal["screen", "print"]) -> None:
        """Lay the page out for a medium; a busy browser does so a little later than it is told to."""
        self.tell("Emulation.setEmulatedMedia", media="print" if media == "print" else "")
        script = f"""
            const [done] = arguments, ready = () => requestAnimationFrame(() => requestAnimationFrame(done));
            const asked = matchMedia("{media}");
            asked.matches ? ready() : asked.addEventListener("change", ready, {{once: true}});
        """
        self.driver.execute_async_script(script)

    def ask(self, script: str) -> Any:
        """What a script on the page returns."""
        return self.driver.execute_script(f"return {script}")

    def outside(self) -> list[str]:
        """What sticks out to the right of the window, each by its first letters."""
        found: list[str] = self.ask(
            "[...document.querySelectorAll('main *')]"
            ".filter(e => e.getBoundingClientRect().right > innerWidth + 0.5)"
            ".map(e => e.outerHTML.slice(0, 80))"
        )
        return found

    def console(self) -> list[str]:
        """Every message of the console."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> set[str]:
        """Every address that was asked for, pictures in the page itself left out."""
        entries = self.driver.get_log("performance")
        events = [json.loads(entry["message"])["message"] for entry in entries]
        sent = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
        return {url for url in sent if not url.startswith("data:")}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_console_is_silent_and_nothing_else_is_requested(
    browser: Browser, any_page: Path, width: int, scheme: str
) -> None:
    browser.show(any_page, width=width, scheme=scheme)
    assert browser.console() == []
    assert browser.requests() == {any_page.as_uri()}


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_sticks_out_sideways(browser: Browser, any_page: Path, width: int) -> None:
    browser.show(any_page, width=width)
    assert browser.ask("innerWidth") == width
    assert browser.ask("document.documentElement.scrollWidth") <= width
    assert browser.outside() == []


@pytest.mark.parametrize("width", WIDTHS)
def test_every_picture_is_drawn_in_its_proportions(browser: Browser, page: Path, width: int) -> None:
    browser.show(page, width=width)
    sizes = browser.ask(
        "[...document.images].map(i => [i.complete, i.naturalWidth, i.naturalHeight, i.width, i.height])"
    )
    assert len(sizes) == 15
    for complete, natural_width, natural_height, drawn_width, drawn_height in sizes:
        assert complete
        assert drawn_width / drawn_height == pytest.approx(natural_width / natural_height, rel=0.02)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_table_shows_every_series_and_stays_a_table(browser: Browser, page: Path, width: int) -> None:
    browser.show(page, width=width)
    script = (
        "[...document.querySelectorAll('.outcomes tbody tr')].map(r => [r.getAttribute('role'), r.innerText])"
    )
    rows = browser.ask(script)
    assert [text.split()[1] for _, text in rows] == ["2", "3", "4", "5", "10"]
    assert {role for role, _ in rows} == {"row"}
    assert "slice 7 of 25 is missing" in rows[-1][1]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_outline_lies_on_its_picture_and_is_drawn_at_every_stage(
    browser: Browser, page: Path, width: int
) -> None:
    browser.show(page, width=width)
    places = browser.ask(
        "[...document.querySelectorAll('.film')].map(f => ['img', '.border', '.border > *'].map(s => {"
        "const r = f.querySelector(s).getBoundingClientRect(); return [r.x, r.y, r.width, r.height]}))"
    )
    assert len(places) == 15
    for picture, drawing, _ in places:
        assert drawing == pytest.approx(picture, abs=0.5)
    for (x, y, across, height), _, line in places[:9]:  # of the MR: an ellipse in the middle
        left, top = x + 0.1 * across, y + 0.2 * height
        assert line == pytest.approx([left, top, 0.8 * across, 0.6 * height], abs=0.05 * across)


def test_a_series_outline_is_hidden_by_its_switch_alone_with_the_keyboard(
    browser: Browser, page: Path
) -> None:
    browser.show(page)
    script = "[...document.querySelectorAll('.border')].filter(b => b.checkVisibility()).length"
    assert browser.ask(script) == 15
    switch = browser.driver.find_element("css selector", ".switch")
    switch.send_keys(" ")
    assert browser.ask(script) == 15 - 9
    switch.send_keys(" ")
    assert browser.ask(script) == 15


def test_the_switch_is_not_printed_and_what_it_shows_is(browser: Browser, page: Path) -> None:
    browser.show(page)
    browser.on("print")
    seen = browser.ask(
        "['.switch', '.switch + label', '.border'].map(s => document.querySelector(s).checkVisibility())"
    )
    browser.on("screen")
    assert seen == [False, False, True]


def test_the_keyboard_reaches_the_skip_link_first_and_sees_it(browser: Browser, page: Path) -> None:
    browser.show(page)
    browser.driver.switch_to.active_element.send_keys(TAB)
    assert browser.ask("document.activeElement.className") == "skip"
    assert browser.ask("document.activeElement.getBoundingClientRect().left") >= 0


def test_letters_on_paper_are_dark_and_on_film_light(browser: Browser, page: Path) -> None:
    browser.show(page)
    colours = browser.ask(
        "['.film:not(.light) .letter', '.film.light .letter']"
        ".map(s => getComputedStyle(document.querySelector(s)).color)"
    )
    assert colours == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]


@pytest.mark.parametrize("width", WIDTHS)
def test_reasons_are_as_wide_as_a_few_words(browser: Browser, whole: Path, width: int) -> None:
    browser.show(whole, width=width)
    widths = browser.ask(
        "[...document.querySelectorAll('.reason')].map(r => r.getBoundingClientRect().width)"
    )
    assert len(widths) > 20
    assert min(widths) > 90


@pytest.mark.parametrize("width", WIDTHS)
def test_the_pictures_of_a_pair_keep_their_proportions_and_share_one_scale(
    browser: Browser, whole: Path, width: int
) -> None:
    browser.show(whole, width=width)
    sizes = browser.ask(
        "[...document.querySelectorAll('.pairs img')]"
        ".map(i => [i.naturalWidth, i.naturalHeight, i.width, i.height])"
    )
    assert len(sizes) == 27
    scales = [drawn / natural for natural, _, drawn, _ in sizes]
    assert max(scales) / min(scales) < 1.05
    for natural_width, natural_height, drawn_width, drawn_height in sizes:
        assert drawn_width / drawn_height == pytest.approx(natural_width / natural_height, rel=0.03)


def seen(browser: Browser, selector: str) -> list[bool]:
    """Whether each element of a kind is seen."""
    visible = "{contentVisibilityAuto: true, visibilityProperty: true}"
    found = browser.ask(
        f"[...document.querySelectorAll('{selector}')].map(e => e.checkVisibility({visible}) && "
        "e.getBoundingClientRect().height > 0)"
    )
    return list(found)


def test_evidence_is_folded_on_the_screen_open_where_it_is_needed_and_open_in_print(
    browser: Browser, whole: Path
) -> None:
    browser.show(whole)
    assert seen(browser, ".evidence li").count(True) == 2  # of the two series to review
    browser.on("print")
    printed = seen(browser, ".evidence li")
    browser.on("screen")
    assert len(printed) > 7
    assert all(printed)


def test_evidence_is_unfolded_with_the_keyboard(browser: Browser, whole: Path) -> None:
    browser.show(whole)
    unfolded = "document.querySelectorAll('.evidence[open]').length"
    before = browser.ask(unfolded)
    browser.driver.find_element("css selector", ".evidence:not([open]) summary").send_keys(" ")
    assert browser.ask(unfolded) == before + 1


def test_a_role_to_review_is_told_in_words_and_not_by_colour_alone(browser: Browser, whole: Path) -> None:
    browser.show(whole)
    (notes, badges) = browser.ask(
        "['#roles .note', '.review'].map(s => [...document.querySelectorAll(s)].map(e => e.innerText))"
    )
    assert len(notes) == len(badges) == 2
    assert all(note.startswith("To review, scan") for note in notes)
    assert set(badges) == {"to review"}


@pytest.mark.parametrize("width", WIDTHS)
def test_outlines_of_masks_lie_on_the_voxels_of_their_picture(
    browser: Browser, masked: Path, width: int
) -> None:
    browser.show(masked, width=width)
    places = browser.ask(
        "[...document.querySelectorAll('.masked .film')].map(f => ['img', '.outline', '.line-1'].map(s => {"
        "const r = f.querySelector(s).getBoundingClientRect(); return [r.x, r.y, r.width, r.height]}))"
    )
    assert len(places) == 3 + 3
    for (x, y, across, height), drawing, line in places[:3]:
        assert drawing == pytest.approx([x, y, across, height], abs=0.5)
        # 10 x 8 voxels of the 48 x 40; left and front of the patient are at the right and at the top.
        left, top = x + (48 - 24) / 48 * across, y + (40 - 22) / 40 * height
        assert line == pytest.approx([left, top, 10 / 48 * across, 8 / 40 * height], abs=0.015 * across)


def test_lines_of_two_regions_differ_in_colour_and_in_their_strokes_on_film_and_on_paper(
    browser: Browser, masked: Path
) -> None:
    browser.show(masked)
    look = (
        "s => {const c = getComputedStyle(document.querySelector(s)); return [c.stroke, c.strokeDasharray]}"
    )
    lines = browser.ask(f"['.outline .line-1', '.outline .line-2', '.outline .line-3'].map({look})")
    legend = browser.ask(f"['.swatch .line-1', '.swatch .line-2', '.swatch .line-3'].map({look})")
    assert lines == legend
    assert len({colour for colour, _ in lines}) == len({strokes for _, strokes in lines}) == 3
    dark, light = browser.ask(f"['.film:not(.light) .line-1', '.film.light .line-1'].map({look})")
    assert dark[0] != light[0]
    assert dark[1] == light[1]


def test_the_switch_of_the_masks_hides_their_outlines_alone(browser: Browser, masked: Path) -> None:
    browser.show(masked)
    count = (
        "['.outline', '.border'].map("
        "s => [...document.querySelectorAll(s)].filter(e => e.checkVisibility()).length)"
    )
    outlines, borders = browser.ask(count)
    browser.driver.find_element("css selector", ".masked .switch").send_keys(" ")
    assert browser.ask(count) == [outlines - 3, borders]


def test_other_versions_are_folded_on_the_screen_and_open_in_print(browser: Browser, masked: Path) -> None:
    browser.show(masked)
    assert seen(browser, ".versions tr[data-mask]") == [False]
    browser.on("print")
    printed = seen(browser, ".versions tr[data-mask]")
    browser.on("screen")
    assert printed == [True]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_table_of_masks_is_read_row_by_row(browser: Browser, masked: Path, width: int) -> None:
    browser.show(masked, width=width)
    rows = browser.ask("[...document.querySelectorAll('#masks > table tbody tr')].map(r => r.innerText)")
    assert " ".join(rows[0].split()).startswith("Scan 2, tumour")
    labels = browser.ask(
        "[...document.querySelectorAll('#masks > table tbody tr:first-child .label')]"
        ".filter(e => e.checkVisibility()).map(e => e.innerText)"
    )
    told = ["Version", "Drawn", "Volume", "Long axis", "Short axis", "Change"]
    assert labels == (told if width == min(WIDTHS) else [])


@pytest.mark.parametrize("name", ["page", "whole", "masked"])
def test_on_paper_nothing_sticks_out_and_no_picture_is_cut(
    browser: Browser, request: pytest.FixtureRequest, name: str
) -> None:
    across = 718  # of A4 within margins of 10 mm, at 96 pixels an inch
    browser.show(request.getfixturevalue(name), width=across)
    browser.on("print")
    wide = browser.ask(
        "[...document.querySelectorAll('main *')]"
        ".filter(e => e.getBoundingClientRect().right > innerWidth + 0.5).map(e => e.outerHTML.slice(0, 80))"
    )
    breaks = browser.ask(
        "[...document.querySelectorAll('.tile, .evidence, .quality')]"
        ".map(e => getComputedStyle(e).breakInside)"
    )
    browser.on("screen")
    assert wide == []
    assert set(breaks) == {"avoid"}
