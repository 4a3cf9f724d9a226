"""A heat map as a picture: what is hot is coloured where it lies, the tumour is outlined, words say it."""

import io

import numpy as np
import pytest
from PIL import Image

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.volume import Volume
from sarcoma_core.report.heat_picture import WIDTH, heat_picture
from tests.imaging.turned import TURNS, lattice, reordered

SHAPE, SPACING = (40, 40, 16), (2.0, 2.0, 5.0)
TITLE = "Where the networks looked"


def made(hot: tuple[int, int, int] | None = (24, 18, 9)) -> tuple[Volume, np.ndarray, np.ndarray]:
    """A box in noise, and heat in one voxel and its neighbours."""
    rng = np.random.default_rng(1)
    image = Volume(rng.normal(size=SHAPE).astype(np.float32), lattice(SHAPE, SPACING))
    mask = np.zeros(SHAPE, bool)
    mask[14:28, 12:26, 5:12] = True
    heat = np.zeros(SHAPE, np.float32)
    if hot:
        i, j, k = hot
        heat[i - 2 : i + 3, j - 2 : j + 3, k - 1 : k + 2] = 0.6
        heat[hot] = 1
    return image, mask, heat


def drawn(content: bytes) -> np.ndarray:
    picture = Image.open(io.BytesIO(content))
    assert picture.format == "PNG"
    return np.asarray(picture.convert("RGB")).astype(int)


def warm(picture: np.ndarray) -> np.ndarray:
    """Pixels of a hot colour above the legend: red exceeds green and blue; the letters are yellow."""
    panels = picture[60:440]
    return (panels[..., 0] - panels[..., 1] > 50) & (panels[..., 0] - panels[..., 2] > 20)


def test_equal_maps_give_equal_bytes_and_it_is_as_wide_as_told() -> None:
    first, again = heat_picture(*made(), title=TITLE), heat_picture(*made(), title=TITLE)
    assert first == again
    assert drawn(first).shape[1] == WIDTH
    assert len(first) < 400_000


def test_what_is_hot_is_coloured_in_all_three_planes_and_what_is_not_is_grey() -> None:
    hot = warm(drawn(heat_picture(*made(), title=TITLE)))
    thirds = [hot[:, start : start + WIDTH // 3].sum() for start in (0, WIDTH // 3, 2 * (WIDTH // 3))]
    assert min(thirds) > 200
    assert not warm(drawn(heat_picture(*made(None), title=TITLE))).any()


def test_heat_lies_on_the_side_of_the_patient_that_it_is_on() -> None:
    """In the axial plane the patient's right is at the left, the front at the top."""
    picture = warm(drawn(heat_picture(*made((26, 24, 9)), title=TITLE)))[:, : WIDTH // 3]
    outline = drawn(heat_picture(*made((26, 24, 9)), title=TITLE))[60:440, : WIDTH // 3]
    cyan = (outline[..., 2] - outline[..., 0] > 120) & (outline[..., 1] - outline[..., 0] > 120)
    (rows, columns), (line_rows, line_columns) = np.nonzero(picture), np.nonzero(cyan)
    assert columns.mean() < line_columns.mean()  # index 26 of 40 to the right is the patient's right: RAS
    assert rows.mean() < line_rows.mean()


@pytest.mark.parametrize("turn", TURNS[::11], ids=str)
def test_the_order_of_the_axes_does_not_matter(turn: tuple[tuple[int, ...], tuple[bool, ...]]) -> None:
    image, mask, heat = made()
    others = [reordered(image.with_array(one.astype(np.float32)), turn) for one in (image.array, mask, heat)]
    picture = heat_picture(others[0], others[1].array > 0, others[2].array, title=TITLE)
    assert picture == heat_picture(image, mask, heat, title=TITLE)


def test_the_outline_is_that_of_the_tumour_light_in_black() -> None:
    """As wide as 14 voxels of 2 mm, in a panel that shows the tumour and 30 mm around it."""
    picture = drawn(heat_picture(*made(None), title=TITLE))[60:440, : WIDTH // 3]
    cyan = (picture[..., 2] - picture[..., 0] > 120) & (picture[..., 1] - picture[..., 0] > 120)
    columns = np.flatnonzero(cyan.any(axis=0))
    panel = (WIDTH - 4 * 16) // 3
    shown = min(40, 14 + 2 * 15) * 2.0
    assert np.ptp(columns) == pytest.approx(14 * 2.0 / shown * panel, abs=6)
    beside = picture[:, columns[0] - 3 : columns[0]][cyan.any(axis=1)]
    assert beside.min(axis=1).max() < 30


def test_a_map_of_0_says_so_and_has_no_scale() -> None:
    with_scale, without = (drawn(heat_picture(*made(hot), title=TITLE)) for hot in ((24, 18, 9), None))
    legends = [(np.ptp(one[-70:, WIDTH // 2 :], axis=-1) > 60).sum() for one in (with_scale, without)]
    assert legends[0] > 2000
    assert legends[1] == 0


def test_shapes_that_differ_and_an_empty_mask_are_refused() -> None:
    image, mask, heat = made()
    with pytest.raises(InputError, match="mask: must have the shape of the image"):
        heat_picture(image, mask[1:], heat, title=TITLE)
    with pytest.raises(InputError, match="heat: must have the shape of the image"):
        heat_picture(image, mask, heat[1:], title=TITLE)
    with pytest.raises(InputError, match="mask: must hold at least one voxel"):
        heat_picture(image, mask & False, heat * 0, title=TITLE)
