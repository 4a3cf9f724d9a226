"""The real OHIF over the real Orthanc: the phantom's true tumour is seen where it is, and nowhere else.

SARCOMA_PICTURES=DIR keeps the picture of the how-to there.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from numpy.typing import NDArray
from selenium.common.exceptions import WebDriverException

from sarcoma_core.imaging.volume import Volume
from tests.viewer import needed
from tests.viewer.command import ViewCommand, viewing
from tests.viewer.driving import Ohif, Pixels, chromium
from tests.viewer.phantom_study import (
    COLOUR,
    HEAT_NAME,
    LOST_NAME,
    RTSTRUCT_NAME,
    SEG_NAME,
    PhantomStudy,
    add_heat,
    add_lost,
    write_study,
)

pytestmark = [pytest.mark.browser, pytest.mark.orthanc]

LINE = 3
"""Pixels by which a line of the outline may lie off the edge of a voxel: its width, and rounding."""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> PhantomStudy:
    folder = tmp_path_factory.mktemp("study")
    written = write_study(folder)
    add_lost(written, folder / "lost")
    return written


@pytest.fixture(scope="module")
def heat(study: PhantomStudy) -> Volume:
    """A heat map of the session, before the viewer starts."""
    return add_heat(study)


@pytest.fixture(scope="module")
def command(
    study: PhantomStudy, heat: Volume, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ViewCommand]:
    assert heat.array.any()
    needed.programs()
    needed.build()
    with viewing(study.archive, tmp_path_factory.mktemp("view")) as started:
        yield started


def in_ohif(url: str, patient: str, profiles: Path, look: Callable[[Ohif], None]) -> None:
    """Look at a study in a browser that has never seen OHIF; once more where it did not come so far in time.

    What is seen is never given a second look: an assertion that fails has failed.
    """
    for profile in ("first", "second"):
        try:
            with chromium(profiles / profile) as ohif:
                ohif.open_study(url, patient)
                look(ohif)
        except (WebDriverException, pytest.fail.Exception):
            if profile == "second":
                raise
        else:
            return


def shown_slice(ohif: Ohif, study: PhantomStudy) -> int:
    """Which slice of the truth is shown."""
    x, y, z = ohif.focus()
    index = np.linalg.inv(np.array(study.truth.affine_lps)) @ (x, y, z, 1)
    assert index[2] == pytest.approx(round(index[2]), abs=0.05)
    return round(index[2])


def box_on_screen(ohif: Ohif, study: PhantomStudy) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least and greatest column and row of the tumour's box in the slice that is shown."""
    corners = ohif.on_screen(study.box(shown_slice(ohif, study)))
    return corners.min(axis=0), corners.max(axis=0)


def within(pixels: Pixels, least: NDArray[np.float64], most: NDArray[np.float64]) -> Pixels:
    rows, columns = np.nonzero(pixels)
    inside = (columns >= least[0] - LINE) & (columns <= most[0] + LINE)
    return inside & (rows >= least[1] - LINE) & (rows <= most[1] + LINE)


def require_seen_where_it_is(ohif: Ohif, study: PhantomStudy) -> None:
    """The region is drawn within the tumour's box, up to its sides; hidden, it is not drawn."""
    assert ohif.colour_told() == f"rgba{(*COLOUR, 1)}"
    ohif.rest()
    seen = ohif.drawn()
    least, most = box_on_screen(ohif, study)
    assert within(seen, least, most).all()
    rows, columns = np.nonzero(seen)
    assert (columns.min(), rows.min()) == pytest.approx(tuple(least), abs=LINE)
    assert (columns.max(), rows.max()) == pytest.approx(tuple(most), abs=LINE)
    ohif.hide()
    ohif.until(lambda: not ohif.coloured().any(), "the region is hidden")


def test_a_seg_is_seen_where_the_tumour_is_and_ohif_counts_its_voxels(
    study: PhantomStudy, command: ViewCommand, tmp_path: Path
) -> None:
    def look(ohif: Ohif) -> None:
        assert not ohif.coloured().any()
        ohif.load(SEG_NAME)
        voxels, volume = ohif.measured("Voxel Count"), ohif.measured("Volume")
        if folder := os.environ.get("SARCOMA_PICTURES"):
            ohif.driver.save_screenshot(str(Path(folder) / "ohif.png"))
        assert voxels == study.truth.tumour_voxels
        assert volume == pytest.approx(1000 * study.truth.tumour_volume, abs=0.5)  # mm3
        require_seen_where_it_is(ohif, study)

    in_ohif(command.url, study.truth.patient_id, tmp_path, look)


def test_an_rtstruct_is_seen_where_the_tumour_is_one_without_its_images_is_told_and_nobody_else_is_asked(
    study: PhantomStudy, command: ViewCommand, tmp_path: Path
) -> None:
    def look(ohif: Ohif) -> None:
        assert not ohif.coloured().any()
        ohif.load(RTSTRUCT_NAME)
        require_seen_where_it_is(ohif, study)
        ohif.open_entry(LOST_NAME)
        ohif.until(lambda: "cannot be shown" in ohif.find("body").text, "it is told")
        assert ohif.find("[data-cy=study-browser-thumbnail-no-image]", SEG_NAME)  # the page is still there
        assert ohif.asked() == {urlsplit(command.url).netloc}

    in_ohif(command.url, study.truth.patient_id, tmp_path, look)


def test_a_heat_map_is_seen_on_the_tumour_each_voxel_where_it_lies_and_the_image_below_it(
    study: PhantomStudy, command: ViewCommand, heat: Volume, tmp_path: Path
) -> None:
    """The map lies on the tumour alone, another value in each slice: frames in another order would show."""

    def look(ohif: Ohif) -> None:
        assert not ohif.coloured().any()
        ohif.open_entry(HEAT_NAME)
        found = ohif.map_voxels()
        places = found[:, :3] * (-1, -1, 1)
        voxels = np.column_stack([places, np.ones(len(places))]) @ np.linalg.inv(heat.affine).T
        assert np.abs(voxels - np.rint(voxels)).max() < 0.01
        held = heat.array[tuple(np.rint(voxels[:, :3]).astype(int).T)]
        np.testing.assert_allclose(found[:, 3], 100 * held, rtol=1e-5)
        assert len(found) == np.count_nonzero(heat.array)
        seen = ohif.drawn()
        if folder := os.environ.get("SARCOMA_PICTURES"):
            ohif.driver.save_screenshot(str(Path(folder) / "ohif-heat.png"))
        assert within(seen, *box_on_screen(ohif, study)).all()
        assert np.ptp(ohif.picture()[seen].sum(axis=-1)) > 60  # of one colour, on what is dark and bright

    in_ohif(command.url, study.truth.patient_id, tmp_path, look)
