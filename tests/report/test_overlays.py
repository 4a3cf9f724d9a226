"""Lines lie on edges, squares come from both pictures, and what is light stays light in grey print."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.report.overlays import (
    COOL_LINE,
    LINE,
    SQUARE_MM,
    Levels,
    chequered,
    coarse,
    edges,
    grey,
    resized,
    traced,
    warm,
    warmed,
)

SIDE = 120


def disc(centre: tuple[float, float] = (60, 60), radius: float = 30, level: float = 0.8) -> Levels:
    rows, columns = np.ogrid[:SIDE, :SIDE]
    inside = np.hypot(rows - centre[0], columns - centre[1]) < radius
    return np.where(inside, level, 0.1).astype(np.float32)


def distance_from_rim(centre: tuple[float, float] = (60, 60), radius: float = 30) -> np.ndarray:
    rows, columns = np.ogrid[:SIDE, :SIDE]
    return np.asarray(np.abs(np.hypot(rows - centre[0], columns - centre[1]) - radius))


def luminance(colours: np.ndarray) -> np.ndarray:
    """What is left of colours in grey print (Rec. 709)."""
    return np.asarray(colours @ np.array([0.2126, 0.7152, 0.0722]))


def test_lines_lie_on_the_edge_and_go_all_around_it() -> None:
    lines = edges(disc(), 1.0)
    assert (distance_from_rim()[lines] < 2).all()
    rows, columns = np.nonzero(lines)
    angles = np.degrees(np.arctan2(rows - 60, columns - 60))
    assert len(np.unique(np.round(angles / 20))) >= 18


def test_lines_are_thin() -> None:
    assert edges(disc(), 1.0).sum() < 1.5 * 2 * np.pi * 30


def test_the_lines_of_a_shifted_copy_lie_elsewhere_and_those_of_an_aligned_one_on_the_edges() -> None:
    lies = distance_from_rim() < 2
    assert lies[edges(disc(), 1.0)].all()
    assert lies[edges(disc((60, 72)), 1.0)].mean() < 0.3


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_a_flat_picture_has_no_lines(level: float) -> None:
    assert not edges(np.full((40, 40), level, np.float32), 1.0).any()


def test_noise_below_what_the_eye_sees_has_no_lines() -> None:
    noise = np.random.default_rng(0).normal(0.5, 0.02, (80, 80)).astype(np.float32)
    assert not edges(noise, 1.0).any()


@pytest.mark.parametrize("mm", [0.3, 1.0, 2.0])
def test_the_same_edge_is_found_whatever_the_size_of_a_pixel(mm: float) -> None:
    lines = edges(disc(), mm)
    assert (distance_from_rim()[lines] < 4).all()
    assert lines.any()


@pytest.mark.parametrize(("side", "found"), [(3, False), (4, True)])
def test_a_picture_of_few_pixels_is_drawn_without_lines_and_without_a_fault(side: int, found: bool) -> None:  # noqa: FBT001
    narrow = np.zeros((side, 40), np.float32)
    narrow[:, 20:] = 1
    assert edges(narrow, 1.0).any() == found


def test_the_rim_of_dark_tissue_has_its_line_although_what_is_in_it_is_bright() -> None:
    limb = np.maximum(disc(radius=50, level=0.28), disc(level=0.9))
    limb[limb <= 0.1] = 0.0
    rim = distance_from_rim(radius=50) < 3
    drawn = traced(np.zeros_like(limb), limb, 1.0)
    lines = (drawn == np.array(LINE, np.float32)).all(axis=-1)
    assert (lines & rim).sum() > 250
    assert not edges(limb, 1.0)[rim].any()  # but for the gamma


@given(st.floats(0, 1))
def test_a_line_is_lighter_than_all_that_lies_under_it_in_colour_and_in_grey_print(level: float) -> None:
    drawn = traced(np.full((SIDE, SIDE), level, np.float32), disc(), 1.0)
    lines = (drawn == np.array(LINE, np.float32)).all(axis=-1)
    assert lines.any()
    assert luminance(drawn[lines]).min() > luminance(drawn[~lines]).max() + 0.1


def test_warm_colours_keep_their_order_in_grey_print() -> None:
    levels = np.linspace(0, 1, 200, dtype=np.float32)[np.newaxis]
    light = luminance(warm(levels))[0]
    assert (np.diff(light) > 0).all()
    assert (warm(levels)[0, 0] == 0).all()
    assert (warm(levels)[0, -1] == 1).all()


def test_where_there_is_no_uptake_the_reference_is_seen_as_it_is() -> None:
    below = np.random.default_rng(0).random((SIDE, SIDE)).astype(np.float32)
    above = np.where(disc() > 0.5, 0.8, 0.0).astype(np.float32)
    drawn = warmed(below, above, 1.0)
    lines = (drawn == np.array(COOL_LINE, np.float32)).all(axis=-1)
    cold = (above == 0) & ~lines
    assert lines.any()
    assert np.allclose(drawn[cold], grey(below)[cold])
    hot = (above > 0) & ~lines
    assert (drawn[hot][:, 0] > drawn[hot][:, 2]).all()


@pytest.mark.parametrize("mm", [0.5, 1.0, 1.7])
def test_a_checkerboard_takes_squares_from_both_by_turns(mm: float) -> None:
    one, other = grey(np.zeros((SIDE, SIDE), np.float32)), grey(np.ones((SIDE, SIDE), np.float32))
    drawn = chequered(one, other, mm)[..., 0]
    assert drawn[0, 0] == 0
    assert 0.2 < drawn.mean() < 0.8
    pixels = SQUARE_MM / mm
    for row, column in ((0, 1), (1, 0), (1, 1), (1, 2)):
        middle = tuple(int((place + 0.5) * pixels) for place in (row, column))
        assert drawn[middle] == (row + column) % 2


def test_a_checkerboard_of_a_picture_and_itself_is_the_picture() -> None:
    picture = grey(disc())
    assert (chequered(picture, picture, 1.0) == picture).all()


def test_another_size_keeps_values_between_those_that_there_are() -> None:
    drawn = resized(disc(), (301, 77))
    assert drawn.shape == (77, 301)
    assert (drawn.min(), drawn.max()) == pytest.approx((0.1, 0.8), abs=1e-3)


@given(st.floats(-1, 2))
def test_a_picture_is_stored_to_a_hundredth(level: float) -> None:
    stored = coarse(np.full((1, 1, 3), level, np.float32))
    assert stored.dtype == np.uint8
    assert abs(stored / 255 - np.clip(level, 0, 1)).max() <= 0.5 / 51 + 0.5 / 255
