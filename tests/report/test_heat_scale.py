"""Colours of heat: their order is seen by everybody, on a screen and in grey, over any image."""

import numpy as np
import pytest

from sarcoma_core.report.heat_scale import LIGHTNESS, heat_colours, heated

LEVELS = np.linspace(0, 1, 101, dtype=np.float32)
BLINDNESS = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
"""Of linear sRGB: Machado, Oliveira and Fernandes, IEEE TVCG 15(6), 2009, severity 1."""


def linear(colours: np.ndarray) -> np.ndarray:
    """IEC 61966-2-1."""
    values = colours.astype(float)
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lightness(linear_rgb: np.ndarray) -> np.ndarray:
    """L* of a colour: CIE 15, from its luminance."""
    luminance = np.clip(linear_rgb @ [0.2126, 0.7152, 0.0722], 0, None)
    return 116 * np.cbrt(luminance) - 16


def test_lightness_rises_evenly_from_dark_to_light() -> None:
    found = lightness(linear(heat_colours(LEVELS)))
    assert (found[0], found[-1]) == (
        pytest.approx(LIGHTNESS[0], abs=0.5),
        pytest.approx(LIGHTNESS[1], abs=0.5),
    )
    steps = np.diff(found)
    assert steps.min() > 0.7 * steps.mean()
    assert steps.max() < 1.3 * steps.mean()


@pytest.mark.parametrize("kind", BLINDNESS)
def test_whoever_cannot_tell_hues_apart_sees_the_same_order(kind: str) -> None:
    seen = np.clip(linear(heat_colours(LEVELS)) @ np.array(BLINDNESS[kind]).T, 0, 1)
    assert (np.diff(lightness(seen)[::5]) > 1).all()


def test_all_colours_can_be_shown() -> None:
    found = heat_colours(LEVELS)
    assert found.dtype == np.float32
    assert found.min() >= 0
    assert found.max() <= 1


def test_what_is_0_hides_nothing_and_the_image_is_seen_below_the_hottest() -> None:
    below = np.array([[0.0, 1.0]], np.float32)
    for heat in (0.0, 1.0):
        drawn = heated(below, np.full_like(below, heat))
        dark, bright = drawn[0].sum(axis=-1)
        assert bright - dark > 0.5  # of three colours
        is_grey = np.ptp(drawn, axis=-1).max() < 1e-6
        assert is_grey == (heat == 0)


@pytest.mark.parametrize("below", [0.0, 0.5, 1.0])
def test_hotter_is_lighter_over_an_image_of_one_grey_up_from_where_it_hides_as_much(below: float) -> None:
    levels = np.linspace(0.3, 1, 15, dtype=np.float32)
    drawn = heated(np.full_like(levels, below), levels)
    assert (np.diff(lightness(linear(drawn))) > 0).all()
