"""Which intensities are drawn from black to white: one window for a volume before and after a step."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]

CT_CENTRE, CT_WIDTH = 40, 400
"""The usual soft-tissue window, in HU."""

SUV_HIGH = 10.0
"""Upper end of the PET window, in SUV: one for all, so that patients compare."""

PERCENTILES = (0.5, 99.5)


@dataclass(frozen=True)
class Window:
    """A linear grey scale.

    Args:
        low: the value drawn at one end.
        high: the value drawn at the other.
        unit: of both, as a reader writes it; empty for arbitrary MR units.
        inverted: whether high values are dark, as PET is read.
        rule: how the window was chosen.
    """

    low: float
    high: float
    unit: str = ""
    inverted: bool = False
    rule: str = ""

    def grey(self, values: Array) -> npt.NDArray[np.uint8]:
        """Values as grey levels, 0 black to 255 white; what is not a number is drawn as `low`."""
        level = np.rint(self.share(values) * 255).astype(np.uint8)
        return 255 - level if self.inverted else level

    def share(self, values: Array) -> Array:
        """Values as shares of the window, 0 at `low` to 1 at `high`, inverted or not."""
        inside = np.clip(np.nan_to_num(values.astype(np.float64), nan=self.low), self.low, self.high)
        return np.asarray((inside - self.low) / (self.high - self.low))


def window_for(modality: str, unit: str, values: Array) -> Window:
    """The window of a converted volume, which its later versions share.

    Args:
        modality: DICOM Modality.
        unit: of the voxels, e.g. HU, SUV or BQML; empty when arbitrary.
        values: the voxels.
    """
    if modality == "CT" and unit == "HU":
        low, high = CT_CENTRE - CT_WIDTH / 2, CT_CENTRE + CT_WIDTH / 2
        return Window(low, high, "HU", rule=f"soft tissue, W {CT_WIDTH} L {CT_CENTRE}")
    inverted = modality == "PT"
    if inverted and unit.upper().startswith("SUV"):
        return Window(0.0, SUV_HIGH, "SUV", inverted=True, rule="high uptake is dark")
    window = percentile_window(unit, values, "converted")
    if inverted:
        return replace(
            window,
            low=0.0,
            inverted=True,
            rule=f"up to the {PERCENTILES[1]:g} percentile; high uptake is dark",
        )
    return window


def percentile_window(unit: str, values: Array, which: str) -> Window:
    """The window between two percentiles of a volume; `which` names it."""
    low, high = between_percentiles(values, PERCENTILES)
    rule = f"{PERCENTILES[0]:g} to {PERCENTILES[1]:g} percentile of the {which} volume"
    return Window(low, high, unit, rule=rule)


def between_percentiles(values: Array, percentiles: tuple[float, float]) -> tuple[float, float]:
    """Two percentiles of the finite values, at least a little apart."""
    flat = values.ravel(order="K")  # percentiles ask for no order, and that of the memory is the fastest
    finite = flat[np.isfinite(flat)]
    if not finite.size:
        return 0.0, 1.0
    low, high = (float(v) for v in np.percentile(finite, percentiles, overwrite_input=True))
    return (low, high) if high > low else (low, low + 1.0)
