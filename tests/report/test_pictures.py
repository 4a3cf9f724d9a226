"""The pictures of a series: the same slices, under the same window, before and after."""

from dataclasses import replace

import numpy as np
import pytest

from sarcoma_core.report.pictures import Pictures, draw
from sarcoma_core.report.planes import Upright
from sarcoma_core.report.stages import STAGES, Stage

NIFTI, N4, NORMALISED = STAGES


def volume(factor: float = 1.0) -> Upright:
    array = np.random.default_rng(0).normal(500, 100, (20, 16, 12)) * factor
    return Upright(array, (1.0, 1.0, 5.0), 0.0)


def drawn(*versions: tuple[Stage, Upright], slices: int = 3, mask: np.ndarray | None = None) -> Pictures:
    inside = np.ones((20, 16, 12), dtype=bool) if mask is None else mask
    return draw(versions, inside, scan="2", modality="MR", unit="", slices=slices)


def test_each_row_is_one_slice_in_every_version() -> None:
    pictures = drawn((NIFTI, volume()), (N4, volume(1.1)), (NORMALISED, volume(0.01)))
    assert [len(row) for row in pictures.rows] == [3, 3, 3]
    for row in pictures.rows:
        assert len({tile.place for tile in row}) == 1
        assert [tile.title for tile in row] == ["Converted", "Bias-corrected", "Normalised"]


def test_a_version_that_changed_nothing_is_drawn_the_same() -> None:
    pictures = drawn((NIFTI, volume()), (N4, volume()))
    assert all(row[0].source == row[1].source for row in pictures.rows)


def test_a_version_that_is_brighter_is_drawn_brighter_under_the_shared_window() -> None:
    pictures = drawn((NIFTI, volume()), (N4, volume(1.5)))
    assert pictures.rows[0][0].source != pictures.rows[0][1].source
    (line,) = pictures.windows
    assert line.startswith("Converted, bias-corrected: ")


def test_z_scoring_changes_the_numbers_and_not_the_picture() -> None:
    before = volume()
    after = replace(before, array=(before.array - 500) / 100)
    pictures = drawn((NIFTI, before), (NORMALISED, after))
    assert all(row[0].source == row[1].source for row in pictures.rows)
    assert "sd (0.5 to 99.5 percentile of the normalised volume)" in pictures.windows[1]


def test_scanner_units_and_standard_deviations_have_an_axis_each() -> None:
    pictures = drawn((NIFTI, volume()), (N4, volume(1.1)), (NORMALISED, volume(0.01)))
    assert [[c.name for c in h.curves] for h in pictures.histograms] == [
        ["Converted", "Bias-corrected"],
        ["Normalised"],
    ]


def test_histograms_count_the_body_only() -> None:
    body = np.zeros((20, 16, 12), dtype=bool)
    body[5:15] = True
    bright = volume()
    np.copyto(bright.array, -9999.0, where=~body)
    pictures = drawn((NIFTI, bright), mask=body)
    assert pictures.masked == body.sum()
    assert "9999" not in pictures.histograms[0].alt


def test_without_a_body_there_are_slices_and_no_histogram() -> None:
    pictures = drawn((NIFTI, volume()), mask=np.zeros((20, 16, 12), dtype=bool))
    assert pictures.histograms == ()
    assert len(pictures.rows) == 3


@pytest.mark.parametrize("slices", [1, 9])
def test_as_many_slices_as_asked_for(slices: int) -> None:
    assert len(drawn((NIFTI, volume()), slices=slices).rows) == slices
