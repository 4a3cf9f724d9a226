"""How a scanner receives a signal: with how many channels, and what it leaves of the image's edge."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import UsageError
from sarcoma_core.phantom.grid import Grid
from sarcoma_core.phantom.slices import Slices

Image = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Reception:
    """One receive channel and the whole image, unless told otherwise.

    Args:
        channels: whose magnitudes are summed as squares; noise grows with them where there is no signal.
        rim: width in mm, in plane, of the image's edge that filters or a correction for distortion darken.
        rim_gain: what is left there of signal and noise, 0 to 1; 0 is padding.

    Raises:
        UsageError: an argument breaks its rule.
    """

    channels: int = 1
    rim: float = 0.0
    rim_gain: float = 0.0

    def __post_init__(self) -> None:
        if self.channels < 1:
            raise UsageError(f"channels: must be 1 or more; found {self.channels}.")
        if self.rim < 0:
            raise UsageError(f"rim: must be 0 mm or more; found {self.rim:g}.")
        if not 0 <= self.rim_gain <= 1:
            raise UsageError(f"rim_gain: must be within 0 to 1; found {self.rim_gain:g}.")

    def darken_edge(self, image: Image, grid: Grid | Slices) -> Image:
        """The image with its rim, shape (i, j, k) of the grid."""
        columns, rows = (round(self.rim / step) for step in grid.spacing[:2])
        gain = np.full((*image.shape[:2], 1), self.rim_gain, np.float32)
        gain[columns : len(gain) - columns, rows : gain.shape[1] - rows] = 1
        return np.asarray(image * gain, np.float32)


def rician(signal: Image, noise_sd: float, rng: np.random.Generator, *, channels: int = 1) -> Image:
    """Magnitude of a signal with Gaussian noise in the real and the imaginary part of each channel.

    The root of the channels' summed squares depends on the signal's summed squares only, however the coils
    share it: noncentral chi with 2 n degrees of freedom, which is Rician for one channel.

    Source: Gudbjartsson and Patz, Magn Reson Med 1995; 34:910-914. Constantinides, Atalar and McVeigh,
    Magn Reson Med 1997; 38:852-857.
    """
    image = signal + _noise(signal.shape, noise_sd, rng)
    for _ in range(2 * channels - 1):
        image = np.hypot(image, _noise(signal.shape, noise_sd, rng))
    return np.asarray(image, np.float32)


def _noise(shape: tuple[int, ...], noise_sd: float, rng: np.random.Generator) -> Image:
    return rng.standard_normal(shape, dtype=np.float32) * np.float32(noise_sd)
