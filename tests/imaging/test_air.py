"""Air: the darkest, or noise; each rule just inside and just outside, on blocks of exact statistics."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.air import _climb, _find_noise, _variation, threshold
from sarcoma_core.imaging.blocks import Blocks

CUBES = (3.0, 3.0, 3.0)


def voxels(levels: np.ndarray, spread: float) -> np.ndarray:
    """Two voxels along x for each block; mean and spread of the pair are as given."""
    pair = np.array([1 - spread, 1 + spread])
    return (levels[:, None] * pair[:, None, None]).reshape(-1, *levels.shape[1:]).astype(np.float32)


def of_pairs(levels: np.ndarray, spread: float = 0.1) -> float | None:
    return threshold(voxels(levels, spread), (1.5, 3.0, 3.0))


def blocks_of(*groups: tuple[float, int]) -> np.ndarray:
    """A thousand blocks, too few to fill wide places, so noise is not looked at."""
    levels = np.concatenate([np.full(count, level) for level, count in groups])
    return levels.reshape(10, 10, 10)


def test_air_is_eight_times_darker_than_the_body() -> None:
    assert of_pairs(blocks_of((100, 400), (780, 600))) is None
    found = of_pairs(blocks_of((100, 400), (820, 600)))
    assert found == pytest.approx(100 * 8.2**0.4)


def test_or_air_is_as_noisy_as_one_channel() -> None:
    levels = blocks_of((100, 400), (550, 600))
    assert of_pairs(levels, 0.39) is None
    assert of_pairs(levels, 0.41) == pytest.approx(100 * 5.5**0.4)


def test_the_noise_of_most_dark_blocks_counts() -> None:
    volume = voxels(blocks_of((100, 400), (550, 600)), 0.41)
    volume[0] = volume[1] = 100
    assert threshold(volume, (1.5, 3.0, 3.0)) is not None


def test_what_is_three_times_brighter_than_air_is_body() -> None:
    assert of_pairs(blocks_of((100, 300), (290, 400), (1000, 300))) == pytest.approx(100 * 10**0.4)
    assert of_pairs(blocks_of((100, 300), (310, 400), (1000, 300))) is None


def test_what_is_two_and_a_half_times_the_darkest_is_dark_with_it() -> None:
    assert of_pairs(blocks_of((100, 30), (240, 370), (3000, 600))) == pytest.approx(240 * 12.5**0.4)
    assert of_pairs(blocks_of((100, 30), (260, 370), (3000, 600))) == pytest.approx(100 * 30**0.4)


def test_the_darkest_are_two_hundredths_of_the_blocks() -> None:
    assert of_pairs(blocks_of((5, 19), (100, 381), (3000, 600))) == pytest.approx(100 * 30**0.4)
    assert of_pairs(blocks_of((5, 22), (100, 378), (3000, 600))) == pytest.approx(5 * 600**0.4)


def test_padding_tells_nothing() -> None:
    levels = blocks_of((0, 300), (100, 200), (820, 500))
    assert of_pairs(levels) == pytest.approx(100 * 8.2**0.4)
    levels = blocks_of((0, 500), (100, 200), (550, 300))
    assert of_pairs(levels, 0.39) is None
    assert of_pairs(levels, 0.41) == pytest.approx(100 * 5.5**0.4)


@pytest.mark.parametrize("gain", [2.0**-14, 2.0**14])
def test_the_threshold_grows_with_the_gain(gain: float) -> None:
    """Air is dark, or loud, or lies beside padding, or is noise that is the same everywhere."""
    dark, loud = blocks_of((100, 400), (820, 600)), blocks_of((100, 400), (550, 600))
    padded = beside_padding(20, 20, *[820.0] * 30)
    for levels, spread in ((dark, 0.1), (loud, 0.41), (padded, 0.1), (scene(0.5, 12), 0.1)):
        found = of_pairs(levels, spread)
        assert found is not None
        assert of_pairs(levels * gain, spread) == pytest.approx(found * gain)
    fringe = beside_padding(20, *[820.0] * 30)
    assert of_pairs(fringe * gain) is None


def beside_padding(*columns: float) -> np.ndarray:
    """Columns of 200 blocks; the padding before them is three wide."""
    levels = np.array([0, 0, 0, *columns], dtype=float)
    return np.broadcast_to(levels[:, None, None], (levels.size, 20, 10)).copy()


@pytest.mark.parametrize("axis", [0, 1])
def test_what_is_dark_along_padding_only_is_its_fringe(axis: int) -> None:
    body = [820.0] * 30
    assert of_pairs(beside_padding(20, *body).swapaxes(0, axis)) is None
    assert of_pairs(beside_padding(20, 20, *body).swapaxes(0, axis)) == pytest.approx(20 * 41**0.4)


def test_a_slice_is_no_fringe_of_an_empty_one() -> None:
    levels = beside_padding(20, *[820.0] * 30).swapaxes(0, 2)
    assert of_pairs(levels) == pytest.approx(20 * 41**0.4)


@pytest.mark.parametrize(("count", "found"), [(115, False), (125, True)])
def test_air_is_two_hundredths_of_what_is_away_from_padding(count: int, *, found: bool) -> None:
    levels = beside_padding(20, *[820.0] * 30)  # 6000 blocks are away
    levels[10:].flat[:count] = 20
    assert (of_pairs(levels) is not None) == found


@pytest.mark.parametrize(("count", "found"), [(55, False), (65, True)])
def test_single_blocks_without_a_signal_are_not_counted(count: int, *, found: bool) -> None:
    levels = beside_padding(20, *[820.0] * 30)
    levels[4:, ::2] = 0  # 3000 blocks of 6000
    levels[10:, 1::2].flat[:count] = 20
    assert (of_pairs(levels) is not None) == found


def test_single_blocks_without_a_signal_are_no_padding() -> None:
    levels = beside_padding(20, 20, *[820.0] * 30)
    levels[5:, ::4, ::2] = 0
    assert of_pairs(levels) is not None


@pytest.mark.parametrize(
    ("step", "pattern"), [(1.1, (0.498, 1, 1.502)), (1.25, (0.59, 1.41))], ids=["3 voxels", "2 voxels"]
)
def test_blocks_are_of_about_three_millimetres(step: float, pattern: tuple[float, ...]) -> None:
    """The patterns are noisy enough, and of mean 1, in blocks of just their length."""
    line = np.concatenate([np.tile(pattern, 24), np.full(48, 5.5)])
    volume = np.broadcast_to(100 * line[:, None, None], (line.size, 8, 8)).astype(np.float32)
    assert threshold(volume, (step, 3.0, 3.0)) == pytest.approx(100 * 5.5**0.4, rel=1e-3)


def test_fat_a_third_as_bright_as_the_body_stays_above_the_threshold_or_the_volume_is_refused() -> None:
    """Magnitudes add as squares: sqrt(1 + (5^2 - 1) / 3^2) is 1.91 times the air, 5^0.4 is 1.90 times."""
    assert of_pairs(blocks_of((100, 400), (500, 600)), 0.45) == pytest.approx(100 * 5**0.4)
    with pytest.raises(InputError, match=r"a body 4\.8 times as bright as the air, with a threshold at 1\.9"):
        of_pairs(blocks_of((100, 400), (480, 600)), 0.45)


def test_a_volume_without_anything_positive_is_refused() -> None:
    with pytest.raises(InputError, match="must hold positive intensities; found none"):
        threshold(np.zeros((8, 8, 8), np.float32), CUBES)


def noise(shape: tuple[int, int, int], apart: float = 0.0) -> np.ndarray:
    """Block means of 100 with a standard deviation of 1, and wide places that are that far apart."""
    i, j, k = np.indices(shape)
    places = (-1.0) ** (i // 8 + j // 8 + k // 2)
    return (100 + (-1.0) ** (i + j + k) + apart * places).astype(np.float32)


def rimmed(middle: np.ndarray, width: int, level: float) -> np.ndarray:
    return np.pad(middle, width, constant_values=level)


def found_in(
    mean: np.ndarray, spread: float = 0.1, spacing: tuple[float, float, float] = CUBES
) -> float | None:
    plateau = _find_noise(Blocks(mean, np.full_like(mean, spread), np.ones_like(mean)), spacing, (1, 1, 1))
    return plateau and round(plateau.level, -1)


MIDDLE = (32, 32, 8)


def test_noise_is_the_same_everywhere() -> None:
    """Places of 128 blocks; 1.4826 is the standard deviation over the median of its size (normal law)."""
    inside = np.ones(MIDDLE, np.bool_)
    for apart in (0.05, 0.2, 1.0):
        expected = 1.4826 * apart * math.sqrt(128) / math.sqrt(1 + apart**2)
        assert _variation(noise(MIDDLE, apart), inside) == pytest.approx(expected, rel=1e-3)
    for variation, found in ((1.65, 100), (1.75, None)):
        apart = 1 / math.sqrt((1.4826 * math.sqrt(128) / variation) ** 2 - 1)
        assert found_in(rimmed(noise(MIDDLE, apart), 3, 20)) == found


def test_most_places_decide() -> None:
    mean = noise(MIDDLE)
    mean[:8, :8] += 2
    assert _variation(mean, np.ones(MIDDLE, np.bool_)) < 0.1


def test_noise_has_a_spread() -> None:
    mean = rimmed(noise(MIDDLE), 3, 20)
    assert found_in(mean, 0.069) is None
    assert found_in(mean, 0.071) == 100


def test_the_spread_of_noise_is_that_of_most_blocks_without_the_bias_of_few_voxels() -> None:
    mean = rimmed(noise(MIDDLE), 3, 20)
    spread = np.full_like(mean, 0.1)
    spread[::3] = 0.5
    found = _find_noise(Blocks(mean, spread, np.ones_like(mean)), (1.5, 1.5, 3.0), (2, 2, 1))
    assert found
    assert found.spread == pytest.approx(0.1 * math.sqrt(4 / 3))


def test_nine_millimetres_at_the_edge_are_left_out() -> None:
    """What is one block wide fills no place, so it is no noise, but the darkest."""
    middle = noise((20, 20, 20))
    assert found_in(rimmed(middle[1:-1, 1:-1, 1:-1], 9, 20), spacing=(1.0, 1.0, 1.0)) == 100
    thicker = rimmed(noise((22, 22, 22)), 10, 20)
    assert found_in(thicker, spacing=(1.0, 1.0, 1.0)) is None


def test_a_thin_stack_gives_up_a_quarter_of_its_slices_at_most() -> None:
    assert found_in(np.pad(noise((32, 32, 4)), ((3, 3), (3, 3), (2, 2)), constant_values=20)) == 100


@pytest.mark.parametrize(("part", "found"), [(0.049, 100), (0.051, None)])
def test_a_fringe_between_padding_and_air_is_no_plateau(part: float, found: int | None) -> None:
    mean = noise(MIDDLE)
    scattered = np.random.default_rng(1).permutation(mean.size)[: round(part * mean.size)]
    mean.ravel()[scattered] = 30
    assert found_in(rimmed(mean, 3, 20)) == found


@pytest.mark.parametrize(("blocks", "found"), [(95, None), (97, 100)])
def test_noise_fills_three_quarters_of_its_places(blocks: int, found: int | None) -> None:
    place = np.arange(128).reshape(8, 8, 2) < blocks
    filled = np.tile(place, (4, 4, 4))
    assert found_in(rimmed(np.where(filled, noise(MIDDLE), 300), 3, 20)) == found


@pytest.mark.parametrize(("places", "found"), [(7, None), (8, 100)])
def test_noise_fills_eight_places(places: int, found: int | None) -> None:
    mean = np.full((32, 16, 2), 300, np.float32)
    shown = noise(mean.shape)
    for n in range(places):
        i, j = n % 4 * 8, n // 4 * 8
        mean[i : i + 8, j : j + 8] = shown[i : i + 8, j : j + 8]
    mean = np.pad(mean, ((3, 3), (3, 3), (1, 1)), constant_values=20)
    assert found_in(mean) == found


def test_nothing_of_nothing_is_noise() -> None:
    assert found_in(np.zeros((20, 20, 20), np.float32)) is None


def test_a_plateau_reaches_three_standard_deviations_to_either_side() -> None:
    normal = np.array([NormalDist(100, 2).inv_cdf((n + 0.5) / 4000) for n in range(4000)])
    levels = np.sort(np.concatenate([normal, np.full(900, 130.0)]))
    level, low, high = _climb(levels)
    assert level == pytest.approx(100, abs=0.1)
    assert low == pytest.approx(94, abs=0.2)
    assert high == pytest.approx(106, abs=0.2)


def test_a_climb_leaves_a_darker_tail() -> None:
    tail, air = np.linspace(20, 99, 400), np.linspace(98, 102, 4000)
    assert _climb(np.sort(np.concatenate([tail, air])))[0] == pytest.approx(100, abs=0.3)


def test_levels_that_are_alike_make_a_plateau_of_three_hundredths() -> None:
    assert _climb(np.linspace(99.9, 100.1, 1001)) == pytest.approx((100, 99.9, 103), abs=0.01)


def test_levels_of_which_none_is_darker_make_a_plateau_of_three_hundredths() -> None:
    assert _climb(np.repeat([100.0, 150.0], [600, 400])) == pytest.approx((100, 100, 103))


def scene(rim: float, body: float) -> np.ndarray:
    """Block means: a rim of three blocks, which are most of what is dark, then noise around a body."""
    mean = rimmed(noise((36, 36, 10)), 3, rim * 100)
    mean[17:25, 17:25, 6:10] = body * 100
    return mean


@pytest.mark.parametrize(("rim", "by_noise"), [(0.81, False), (0.79, True)])
def test_the_darkest_at_four_fifths_of_the_noise_are_the_same_air(rim: float, by_noise: bool) -> None:  # noqa: FBT001
    found = of_pairs(scene(rim, 12), 0.1)
    expected = 1 + 2.8 * 0.1 * math.sqrt(2) if by_noise else rim * (12 / rim) ** 0.4
    assert found == pytest.approx(100 * expected, rel=0.01)


def test_noise_under_a_body_that_is_not_eight_times_brighter_is_air() -> None:
    assert of_pairs(scene(1, 4)) == pytest.approx(100 * (1 + 2.8 * 0.1 * math.sqrt(2)), rel=0.01)


def test_noise_under_nothing_is_no_air() -> None:
    assert of_pairs(scene(1, 1)) is None


@pytest.mark.parametrize("body", [1.5, 2.5])
def test_noise_under_a_body_that_fat_would_not_show_in_is_refused(body: float) -> None:
    with pytest.raises(InputError, match=rf"a body {body} times as bright"):
        of_pairs(scene(1, body), 0.1)
