"""Intensity-based statistical features (IBSI UHIW): how intensities are distributed, wherever they lie.

IBSI says which percentiles, and not how one between two voxels is found. They are interpolated between order
statistics i and i + 1 for i = p (n - 1), as numpy does (type 7 of Hyndman and Fan): on IBSI's phantom that
gives the 4 on which its teams agree for the 90th; type 5 gives the 4.2 of which the manual warns.

Source: IBSI reference manual, arXiv:1612.07003, section 3.3.
"""

import math
from dataclasses import dataclass

import numpy as np

from sarcoma_core.segmentation.radiomics.voxels import Floats, MaskedVoxels

_GAUSSIAN_KURTOSIS = 3.0


@dataclass(frozen=True, slots=True)
class IntensityStatistics:
    """The 18 features of IBSI, under its names. In the unit of the image unless told otherwise.

    Args:
        stat_mean: mean.
        stat_var: variance, of n and not of n - 1; unit squared.
        stat_skew: skewness, no unit; 0 where all are equal.
        stat_kurt: excess kurtosis, 0 for a Gaussian, no unit; 0 where all are equal.
        stat_median: median.
        stat_min: the lowest.
        stat_p10: 10th percentile.
        stat_p90: 90th percentile.
        stat_max: the highest.
        stat_iqr: interquartile range.
        stat_range: from the lowest to the highest.
        stat_mad: mean absolute deviation from the mean.
        stat_rmad: the same, of the intensities from the 10th to the 90th percentile and from their own mean;
            nan where there are none, which is of two voxels that differ.
        stat_medad: mean absolute deviation from the median.
        stat_cov: coefficient of variation, no unit; nan where the mean is 0.
        stat_qcod: quartile coefficient of dispersion, no unit; nan where the quartiles add up to 0.
        stat_energy: sum of squares; unit squared.
        stat_rms: root mean square.
    """

    stat_mean: float
    stat_var: float
    stat_skew: float
    stat_kurt: float
    stat_median: float
    stat_min: float
    stat_p10: float
    stat_p90: float
    stat_max: float
    stat_iqr: float
    stat_range: float
    stat_mad: float
    stat_rmad: float
    stat_medad: float
    stat_cov: float
    stat_qcod: float
    stat_energy: float
    stat_rms: float


def intensity_statistics(voxels: MaskedVoxels) -> IntensityStatistics:
    """All features of the intensities; of one voxel too, which has no dispersion."""
    values = voxels.intensities
    low, p10, p25, median, p75, p90, high = (
        float(found) for found in np.percentile(values, (0, 10, 25, 50, 75, 90, 100))
    )
    mean = _mean(values, low, high)
    deviation = values - mean
    variance = float(np.mean(deviation**2))
    spread = math.sqrt(variance)
    skewness, kurtosis = _shape(deviation, spread)
    energy = float(values @ values)
    return IntensityStatistics(
        stat_mean=mean,
        stat_var=variance,
        stat_skew=skewness,
        stat_kurt=kurtosis,
        stat_median=median,
        stat_min=low,
        stat_p10=p10,
        stat_p90=p90,
        stat_max=high,
        stat_iqr=p75 - p25,
        stat_range=high - low,
        stat_mad=_mean_distance(values, mean),
        stat_rmad=_robust_distance(values, p10, p90),
        stat_medad=_mean_distance(values, median),
        stat_cov=_ratio(spread, mean),
        stat_qcod=_ratio(p75 - p25, p75 + p25),
        stat_energy=energy,
        stat_rms=math.sqrt(energy / len(values)),
    )


def _mean(values: Floats, low: float, high: float) -> float:
    """Never outside of the values: so that equal ones have no deviation, not even by rounding."""
    return min(max(float(values.mean()), low), high)


def _shape(deviation: Floats, spread: float) -> tuple[float, float]:
    """Skewness and excess kurtosis; 0 without spread, as IBSI has it."""
    if not spread:
        return 0.0, 0.0
    squares = (deviation / spread) ** 2
    return float(np.mean(squares * deviation)) / spread, float(np.mean(squares**2)) - _GAUSSIAN_KURTOSIS


def _robust_distance(values: Floats, low: float, high: float) -> float:
    middle = values[(values >= low) & (values <= high)]
    return _mean_distance(middle, _mean(middle, low, high)) if middle.size else math.nan


def _mean_distance(values: Floats, center: float) -> float:
    return float(np.mean(np.abs(values - center)))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
