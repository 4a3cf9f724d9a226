"""OHIF in headless Chromium, with what a user does in it, and the pixels that it shows."""

import importlib
import importlib.util
import io
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.report.test_in_browser import need

_HOVER = 5
"""Seconds until what opens under the mouse must be there, before it is moved again."""
PATIENCE = 90
"""Seconds: without a GPU the first image takes 13."""
_SWITCHES = (
    "headless=new",
    "use-angle=swiftshader",
    "enable-unsafe-swiftshader",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
    "no-first-run",
    "hide-scrollbars",
    "force-device-scale-factor=1",
    "window-size=1280,900",
)
_VIEWPORT = "window.services.cornerstoneViewportService.getRenderingEngine().getViewports()[0]"
_VIVID = 40
"""By how much red exceeds blue where the region's colour is; in grey, and in OHIF's letters, it does not."""

Pixels = NDArray[np.bool_]


@contextmanager
def chromium(profile: Path) -> Iterator["Ohif"]:
    """A browser with an empty profile."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    need("chromium", program)
    need("chromedriver", driver)
    need("selenium (the dev extra)", importlib.util.find_spec("selenium"))
    webdriver = importlib.import_module("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = str(program)
    for switch in (*_SWITCHES, f"user-data-dir={profile}"):
        options.add_argument(f"--{switch}")
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium refuses to sandbox as root, which containers are
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driven = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(driver)))
    try:
        yield Ohif(driven)
    finally:
        driven.quit()


class Ohif:
    """The viewer, as a user has it before him."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def until(self, told: Callable[[], Any], what: str) -> Any:
        """What is told once it is true; an element that is redrawn meanwhile is looked for again."""
        stale = importlib.import_module("selenium.common.exceptions").WebDriverException
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                found = told()
            except stale:
                found = None
            if found:
                return found
            time.sleep(0.1)
        return pytest.fail(f"did not happen in {PATIENCE} s: {what}")

    def find(self, selector: str, text: str = "") -> Any:
        """The first element that holds a text, or None."""
        found = (one for one in self.driver.find_elements("css selector", selector) if text in one.text)
        return next(found, None)

    def press(self, selector: str, text: str = "") -> None:
        """Click on an element once it is there."""

        def pressed() -> bool:
            found = self.find(selector, text)
            if found:
                found.click()
            return bool(found)

        self.until(pressed, f"{selector} {text} is pressed")

    def ask(self, script: str) -> Any:
        """What a script on the page returns."""
        return self.driver.execute_script(f"return {script}")

    def open_study(self, url: str, patient: str) -> None:
        """From the address that was printed through the list of studies into the viewer, past its tour."""
        self.driver.get(url)
        self.press("tr", patient)
        self.press("[data-cy^='mode-viewer-']")
        self.press("button", "Skip all")
        self.press("[data-cy=confirm-and-hide-button]")
        self.until(lambda: self.ask(f"{_VIEWPORT}.viewportStatus") == "rendered", "an image is shown")
        self.press("[data-cy=panelSegmentation-btn]")

    def open_entry(self, name: str) -> None:
        """Double-click on a SEG or RTSTRUCT."""
        actions = importlib.import_module("selenium.webdriver").ActionChains

        def opened() -> bool:
            entry = self.find("[data-cy=study-browser-thumbnail-no-image]", name)
            if entry:
                actions(self.driver).double_click(entry).perform()
            return bool(entry)

        self.until(opened, f"{name} is opened")  # once: each time it is loaded anew

    def load(self, name: str) -> None:
        """Open a SEG or RTSTRUCT, say yes, and go to its region."""
        self.open_entry(name)
        self.press("[data-cy=yes-hydrate-btn]")
        self.press("[data-cy=data-row]", "tumour")

    def colour_told(self) -> str:
        """The colour beside the region's name, as CSS has it."""
        row = self.until(lambda: self.find("[data-cy=data-row] span[style]"), "the region is listed")
        return str(row.value_of_css_property("background-color"))

    def measured(self, what: str) -> float:
        """What OHIF measures of the region, such as its `Voxel Count`: beside its name, under the mouse."""

        def told() -> re.Match[str] | None:
            self.rest()  # a mouse that was there before it was measured opens nothing
            self._move_to(self.find("[data-cy=data-row]"))
            end = time.monotonic() + _HOVER
            while time.monotonic() < end:
                if found := re.search(rf"{what}\s+([0-9.]+)", self.find("body").text):
                    return found
            return None

        return float(self.until(told, f"{what} is shown")[1])

    def hide(self) -> None:
        """Press the eye of the region."""
        self.press("[data-cy=data-row] [data-cy=data-row-visibility-toggle]")
        self.rest()

    def rest(self) -> None:
        """Move the mouse to where nothing opens under it."""
        self._move_to(self.find("[data-cy=side-panel-header-left]"))

    def _move_to(self, element: Any) -> None:
        importlib.import_module("selenium.webdriver").ActionChains(self.driver).move_to_element(
            element
        ).perform()

    def asked(self) -> set[str]:
        """Machine and port of every request of the page."""
        entries = self.driver.get_log("performance")
        events = [json.loads(entry["message"])["message"] for entry in entries]
        urls = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
        return {urlsplit(url).netloc for url in urls if url.startswith(("http", "ws"))}

    def picture(self) -> NDArray[np.int16]:
        """What the viewport shows, rows x columns x (red, green, blue)."""
        png = self.driver.find_element("css selector", ".viewport-element").screenshot_as_png
        return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(np.int16)

    def coloured(self) -> Pixels:
        """The pixels that have the region's colour."""
        shown = self.picture()
        return np.asarray(shown[..., 0] - shown[..., 2] > _VIVID)

    def map_voxels(self) -> NDArray[np.float64]:
        """The voxels of a parametric map that are not 0, as OHIF holds them: LPS mm and value, (n, 4)."""
        script = """
            const map = window.cornerstone.cache.getVolumes().find((one) => one.volumeId.startsWith("pmap"));
            if (!map?.loadStatus?.loaded) return null;
            const [columns, rows] = map.dimensions;
            return [...map.voxelManager.getCompleteScalarDataArray()].flatMap((value, n) => value ? [[
              ...map.imageData.indexToWorld([
                n % columns, Math.floor(n / columns) % rows, Math.floor(n / columns / rows)]), value]] : []);
        """
        return np.array(self.until(lambda: self.driver.execute_script(script), "the map is loaded"), float)

    def drawn(self) -> Pixels:
        """The same once there are some, and two looks find the same."""
        last: list[Pixels] = [np.zeros((1, 1), np.bool_)]

        def settled() -> bool:
            before, last[0] = last[0], self.coloured()
            return bool(last[0].any()) and np.array_equal(before, last[0])

        self.until(settled, "the region is drawn")
        return last[0]

    def focus(self) -> NDArray[np.float64]:
        """The point that the camera looks at: LPS mm, in the plane of the slice that is shown."""
        return np.array(self.ask(f"{_VIEWPORT}.getCamera().focalPoint"), float)

    def on_screen(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points in LPS mm as columns and rows of `picture`."""
        script = f"arguments[0].map(p => {_VIEWPORT}.worldToCanvas(p))"
        return np.array(self.driver.execute_script(f"return {script}", points.tolist()), float)
