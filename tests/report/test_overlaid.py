"""The pictures of a pair: three planes through the body, to one scale, before and after and in squares."""

import numpy as np
import pytest

from sarcoma_core.report.overlaid import AFTER, BEFORE, LONGEST, Layer, middle, overlay
from sarcoma_core.report.overlays import LINE
from sarcoma_core.report.planes import Upright
from sarcoma_core.report.tiles import Tile
from sarcoma_core.report.windows import Window
from tests.report.test_tiles import decode_image

WINDOW = Window(0.0, 1.0)
SHAPE = (60, 50, 12)
SPACING = (2.0, 2.0, 5.0)


def ball(centre: tuple[float, float, float] = (60, 50, 30), radius: float = 25) -> np.ndarray:
    """A bright ball, its centre and radius in mm."""
    axes = np.ogrid[tuple(slice(0, size) for size in SHAPE)]
    squares = ((axis * mm - place) ** 2 for axis, mm, place in zip(axes, SPACING, centre, strict=True))
    return np.where(sum(squares) < radius**2, 0.9, 0.0).astype(np.float32)


def drawn(*layers: tuple[str, np.ndarray], warm: bool = False) -> tuple[tuple[Tile, ...], ...]:
    grid = Upright(ball(), SPACING, 0.0)
    return overlay(
        grid,
        Layer(ball(), WINDOW),
        tuple((name, Layer(array, WINDOW, warm)) for name, array in layers),
        at=(30, 25, 6),
        subject="scan 3 on scan 2",
    )


def coloured(source: str) -> np.ndarray:
    return np.asarray(decode_image(source).convert("RGB"))


def lines(tile: Tile) -> np.ndarray:
    picture = coloured(tile.source).astype(int)
    return np.asarray(np.abs(picture - np.rint(255 * np.array(LINE))).max(axis=-1) < 8)


def test_three_planes_are_drawn_that_of_the_slices_first() -> None:
    rows = drawn((BEFORE, ball()), (AFTER, ball()))
    assert [[tile.title for tile in row] for row in rows] == [
        [f"{what}, {plane}" for what in ("Before", "After", "Squares")]
        for plane in ("axial", "coronal", "sagittal")
    ]


def test_the_plane_of_acquisition_comes_first() -> None:
    grid = Upright(np.zeros((40, 8, 40)), (1.0, 6.0, 1.0), 0.0, across=1)
    layer = Layer(grid.array, WINDOW)
    rows = overlay(grid, layer, ((BEFORE, layer),), at=(20, 4, 20), subject="")
    assert [row[0].title for row in rows] == ["Before, coronal", "Before, axial", "Before, sagittal"]


def test_all_planes_are_drawn_to_one_scale() -> None:
    rows = drawn((BEFORE, ball()))
    sizes = {row[0].title.split()[1]: (row[0].width, row[0].height) for row in rows}
    per_mm = LONGEST / 120
    assert sizes["axial"] == pytest.approx((120 * per_mm, 100 * per_mm), abs=1)
    assert sizes["coronal"] == pytest.approx((120 * per_mm, 60 * per_mm), abs=1)
    assert sizes["sagittal"] == pytest.approx((100 * per_mm, 60 * per_mm), abs=1)


@pytest.mark.parametrize("shift", [(12, 0, 0), (0, 12, 0), (0, 0, 15)])
def test_a_shift_along_any_axis_is_seen_before_and_not_after(shift: tuple[int, int, int]) -> None:
    x, y, z = shift
    rows = drawn((BEFORE, ball((60 + x, 50 + y, 30 + z))), (AFTER, ball()))
    seen = sum(row[0].source != row[1].source for row in rows)
    assert seen >= 2
    aligned = drawn((BEFORE, ball()), (AFTER, ball()))
    assert all(row[0].source == row[1].source for row in aligned)
    assert all(row[1].source == same[1].source for row, same in zip(rows, aligned, strict=True))


def test_after_it_was_aligned_the_lines_run_along_the_rim_of_the_reference() -> None:
    before, after, _ = drawn((BEFORE, ball((76, 50, 30))), (AFTER, ball()))[0]
    per_mm = LONGEST / 120
    rows, columns = np.nonzero(lines(after))
    # in the convention: column 0 is the patient's left... of an RAS array its last, and row 0 is the front
    radius = np.hypot(columns / per_mm - (120 - 61), rows / per_mm - (100 - 51))
    assert len(rows) > 100
    assert np.abs(radius - 25).max() < 3
    rows, columns = np.nonzero(lines(before))
    radius = np.hypot(columns / per_mm - (120 - 61), rows / per_mm - (100 - 51))
    assert np.abs(radius - 25).max() > 10


def test_a_pair_that_was_refused_is_drawn_before_only() -> None:
    assert [len(row) for row in drawn((BEFORE, ball()))] == [1, 1, 1]


def test_squares_of_a_series_that_equals_the_reference_show_the_reference() -> None:
    picture = coloured(drawn((BEFORE, ball()), (AFTER, ball()))[0][2].source).astype(int)
    assert (picture[..., 0] == picture[..., 2]).all()
    assert picture[::20, ::20].max() > 200
    row = picture[picture.shape[0] // 2, :, 0]
    levels = np.unique(row[np.nonzero(row)[0][0] : np.nonzero(row)[0][-1]][8:-8])
    assert len(levels) == 1  # no square is seen within the ball


def test_pet_is_warm_and_the_rest_is_grey_with_yellow_lines() -> None:
    (cold, *_), *_ = drawn((BEFORE, ball()))
    (hot, *_), *_ = drawn((BEFORE, ball()), warm=True)
    middle_of = tuple(size // 2 for size in coloured(hot.source).shape[:2])
    red, green, blue = coloured(hot.source)[middle_of].astype(int)
    assert red > blue + 50
    assert lines(cold).any()
    assert not lines(hot).any()
    assert green >= blue


def test_every_picture_tells_the_pair_the_plane_and_the_sides() -> None:
    rows = drawn((BEFORE, ball()), (AFTER, ball()))
    alternatives = [tile.alt for row in rows for tile in row]
    assert len(set(alternatives)) == 9
    assert alternatives[0].startswith("Before, axial, scan 3 on scan 2: axial slice 7 of 12; A at the top")


def test_the_planes_go_through_the_middle_of_the_body() -> None:
    mask = np.zeros((20, 20, 20), dtype=bool)
    mask[2:7, 10:15, 16:19] = True
    assert middle(mask) == (4, 12, 17)
    assert middle(np.zeros((20, 10, 6), dtype=bool)) == (10, 5, 3)


def test_nine_pictures_of_a_noisy_pair_stay_small() -> None:
    noise = np.random.default_rng(0).random((256, 256, 40)).astype(np.float32)
    grid = Upright(noise, (1.0, 1.0, 4.0), 0.0)
    layer = Layer(noise, WINDOW)
    rows = overlay(grid, layer, ((BEFORE, layer), (AFTER, layer)), at=(128, 128, 20), subject="")
    assert sum(len(tile.source) for row in rows for tile in row) < 600_000
