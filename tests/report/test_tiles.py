"""A tile is the slice itself: its grey levels, in true proportions, with a true scale."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from sarcoma_core.report.planes import AXIAL, CORONAL, Upright, ViewPlane
from sarcoma_core.report.tiles import LONGEST_SIDE, png, scale_bar, tile
from sarcoma_core.report.windows import Window

WINDOW = Window(0.0, 255.0)


def decode_image(uri: str) -> Image.Image:
    head, _, data = uri.partition(",")
    assert head == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def decode(uri: str) -> np.ndarray:
    return np.asarray(decode_image(uri))


def ramp(*shape: int) -> np.ndarray:
    return (np.arange(np.prod(shape)) % 256).reshape(shape).astype(np.float32)


def test_the_picture_holds_the_very_grey_levels() -> None:
    levels = ramp(40, 60).astype(np.uint8)
    assert (decode(png(levels, (60, 40))) == levels).all()


@pytest.mark.parametrize(("colours", "mode"), [(256, "P"), (257, "RGB")])
def test_a_picture_in_colours_holds_the_very_colours_few_or_many(colours: int, mode: str) -> None:
    numbers = np.arange(40 * 60) % colours
    picture = (
        np.stack([numbers % 256, numbers // 256, numbers % 7], axis=-1).reshape(40, 60, 3).astype(np.uint8)
    )
    image = decode_image(png(picture, (60, 40)))
    assert image.mode == mode
    assert (np.asarray(image.convert("RGB")) == picture).all()


def test_a_tile_of_square_pixels_is_the_slice_pixel_by_pixel() -> None:
    volume = Upright(ramp(30, 20, 4), (1.0, 1.0, 5.0), 0.0)
    drawn = tile(volume, AXIAL, 2, WINDOW, title="Converted", subject="scan 3")
    assert (decode(drawn.source) == AXIAL.cut(volume.array, 2)).all()


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 5.0), (0.5, 0.5, 0.7), (0.78, 1.5, 7.0)])
@pytest.mark.parametrize("plane", [AXIAL, CORONAL])
def test_proportions_are_those_of_the_patient(spacing: tuple[float, float, float], plane: ViewPlane) -> None:
    volume = Upright(ramp(400, 300, 40), spacing, 0.0)
    drawn = tile(volume, plane, 10, WINDOW, title="Converted", subject="scan 3")
    height = (300 * spacing[1]) if plane is AXIAL else (40 * spacing[2])
    assert drawn.width / drawn.height == pytest.approx(400 * spacing[0] / height, rel=0.02)
    assert max(drawn.width, drawn.height) <= LONGEST_SIDE


@pytest.mark.parametrize("width_mm", [3, 60, 145, 400, 1000])
def test_the_scale_bar_is_a_round_length_of_at_most_a_third(width_mm: float) -> None:
    bar = scale_bar(width_mm)
    assert str(bar).strip("0") in ("1", "2", "5")
    assert bar <= max(1, width_mm / 3)


def test_the_scale_bar_is_true_to_the_picture() -> None:
    drawn = tile(Upright(ramp(100, 80, 4), (2.0, 2.0, 5.0), 0.0), AXIAL, 0, WINDOW, title="A", subject="b")
    assert drawn.bar_percent / 100 * 200 == pytest.approx(drawn.bar_mm)


def test_the_text_alternative_tells_series_stage_slice_and_sides() -> None:
    drawn = tile(Upright(ramp(9, 9, 4), (1.0, 1.0, 5.0), 0.0), AXIAL, 0, WINDOW, title="A", subject="scan 3")
    for word in ("A, scan 3", "axial slice 1 of 4", "R at the left"):
        assert word in drawn.alt
