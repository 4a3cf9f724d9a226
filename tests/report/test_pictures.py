"""The pictures of a series: the same slices, under the same window, before and after."""

from dataclasses import replace
from itertools import permutations, product
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from sarcoma_core.report.pictures import Pictures, draw
from sarcoma_core.report.planes import Upright, upright
from sarcoma_core.report.stages import Stage
from tests.report.sessions import STAGES
from tests.report.test_borders import filled
from tests.report.test_tiles import decode

orientations: Any = nib.orientations  # nibabel does not annotate these functions
NIFTI, N4, NORMALISED = STAGES


def volume(factor: float = 1.0) -> Upright:
    array = np.random.default_rng(0).normal(500, 100, (20, 16, 12)) * factor
    return Upright(array, (1.0, 1.0, 5.0), 0.0)


def drawn(*versions: tuple[Stage, Upright], slices: int = 3, mask: np.ndarray | None = None) -> Pictures:
    inside = np.ones((20, 16, 12), dtype=bool) if mask is None else mask
    return draw(versions, inside, name="2", modality="MR", unit="", slices=slices)


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


CODES = ["".join(c) for order in permutations(("RL", "AP", "SI")) for c in product(*order)]


@pytest.mark.parametrize("codes", CODES)
def test_the_outline_goes_around_the_bright_pixels_however_the_volume_is_stored(codes: str) -> None:
    body = np.zeros((12, 10, 9), dtype=bool)
    body[1:10, 1:8, 1:7] = True
    body[5:, 4:, 3:] = False  # an L from every side, in RAS, and nearer to one edge than to the other
    turns = orientations.ornt_transform(orientations.axcodes2ornt("RAS"), orientations.axcodes2ornt(codes))
    affine = orientations.inv_ornt_aff(turns, body.shape)
    affine[:3, 2] *= 3  # slices are cut across the last stored axis, their pixels are square
    stored = orientations.apply_orientation(body, turns)
    shown = upright(np.where(stored, 900, 100).astype(np.float32), affine)
    pictures = drawn((NIFTI, shown), mask=upright(stored, affine).array)
    assert len(pictures.borders) == len(pictures.rows) == 3
    for row, line in zip(pictures.rows, pictures.borders, strict=True):
        bright = decode(row[0].source) > 128
        assert bright.any()
        assert (bright != bright[::-1]).any()
        assert (bright != bright[:, ::-1]).any()
        assert (filled(line) == bright).all()


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
    assert (pictures.borders, pictures.part) == ((), 0)
    assert len(pictures.rows) == 3


def test_the_part_of_the_volume_in_the_mask_is_told() -> None:
    half = np.zeros((20, 16, 12), dtype=bool)
    half[:10] = True
    assert drawn((NIFTI, volume()), mask=half).part == 0.5


@pytest.mark.parametrize("slices", [1, 9])
def test_as_many_slices_as_asked_for(slices: int) -> None:
    assert len(drawn((NIFTI, volume()), slices=slices).rows) == slices
