import math

import numpy as np
import pytest

from sarcoma_core.errors import UsageError
from sarcoma_core.phantom.anatomy import Anatomy
from sarcoma_core.phantom.randomness import stream
from sarcoma_core.phantom.reception import Reception, rician
from sarcoma_core.phantom.signal import T2FS, acquire
from tests.phantom.conftest import COARSE

CHANNELS = [1, 2, 4, 8, 16]


def chi(channels: int) -> tuple[float, float]:
    """Mean and standard deviation of chi with two degrees of freedom for each channel."""
    mean = math.sqrt(2) * math.exp(math.lgamma(channels + 0.5) - math.lgamma(channels))
    return mean, math.sqrt(2 * channels - mean**2)


@pytest.mark.parametrize("channels", CHANNELS)
def test_noise_without_signal_is_chi(channels: int) -> None:
    noise = rician(np.zeros((60, 60, 60), np.float32), 10.0, stream(1, "law"), channels=channels)
    mean, sd = chi(channels)
    assert noise.mean() == pytest.approx(10 * mean, rel=0.01)
    assert noise.std() == pytest.approx(10 * sd, rel=0.01)


def test_the_spread_of_air_is_that_of_the_literature() -> None:
    """Rayleigh for one channel; Constantinides et al. 1997 for more."""
    spreads = [chi(channels)[1] / chi(channels)[0] for channels in CHANNELS]
    assert spreads == pytest.approx([0.523, 0.363, 0.254, 0.178, 0.126], abs=0.001)


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("signal", [5.0, 50.0])
def test_squares_of_signal_and_noise_add_up(signal: float, channels: int) -> None:
    received = rician(np.full((60, 60, 60), signal, np.float32), 10.0, stream(1, "law"), channels=channels)
    squares = received.astype(np.float64) ** 2
    assert squares.mean() == pytest.approx(signal**2 + 2 * channels * 10.0**2, rel=0.01)


def test_one_channel_is_rician_noise_from_the_same_numbers() -> None:
    signal = np.linspace(0, 90, 1000, dtype=np.float32).reshape(10, 10, 10)
    real, imaginary = stream(3, "law").standard_normal((2, 10, 10, 10), dtype=np.float32) * np.float32(7)
    assert (rician(signal, 7.0, stream(3, "law")) == np.hypot(signal + real, imaginary)).all()


def test_an_acquisition_has_one_channel_and_no_rim_unless_told(anatomies: list[Anatomy]) -> None:
    plain = acquire(anatomies[0], T2FS).image
    assert (plain == acquire(anatomies[0], T2FS, reception=Reception(1, 0.0, 0.5)).image).all()
    assert (plain != acquire(anatomies[0], T2FS, reception=Reception(2)).image).any()


@pytest.mark.parametrize("gain", [0.0, 0.2])
def test_a_rim_of_the_image_is_darkened_in_plane(anatomies: list[Anatomy], gain: float) -> None:
    """5 mm are two voxels of 2.75 mm; stored values are rounded."""
    plain = acquire(anatomies[0], T2FS).image.astype(np.float64)
    rimmed = acquire(anatomies[0], T2FS, reception=Reception(rim=5.0, rim_gain=gain)).image
    assert (rimmed[2:-2, 2:-2] == plain[2:-2, 2:-2]).all()
    edge = np.ones(COARSE.shape, np.bool_)
    edge[2:-2, 2:-2] = False
    assert np.abs(rimmed[edge] - gain * plain[edge]).max() < 0.7


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"channels": 0}, "channels: must be 1 or more; found 0"),
        ({"rim": -1.0}, "rim: must be 0 mm or more; found -1"),
        ({"rim_gain": 1.1}, "rim_gain: must be within 0 to 1; found 1.1"),
        ({"rim_gain": -0.1}, "rim_gain: must be within 0 to 1; found -0.1"),
    ],
)
def test_a_reception_that_cannot_be_is_refused(arguments: dict[str, float], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Reception(**arguments)
