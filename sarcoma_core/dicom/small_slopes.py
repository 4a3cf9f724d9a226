"""Rescale slopes that the converter cannot tell apart.

dcm2niix compares the slopes of slices by their difference, and takes those that differ by less than float32's
epsilon for one: all slices then get the slope of the first. Where that happens (PET in units in which the
slopes are tiny) it is given slopes that are larger by a power of two, which changes no digit, and the file
gets the rescaling that takes it back.
"""

import math
from collections.abc import Iterable

CONVERTERS_EPSILON = 2.0**-23
"""FLT_EPSILON, as dcm2niix compares slopes (`isSameFloat` in nii_dicom.cpp)."""

_LIFTED_TO = 10
"""Power of two: differences in the last digit of a float32 are then a thousand times the epsilon."""


def lift(rescalings: Iterable[tuple[float, float]]) -> int:
    """The power of two by which the slopes of a scan are to be multiplied for the converter; 0 as a rule.

    Args:
        rescalings: slope and intercept of every plane.
    """
    columns = [sorted(set(column)) for column in zip(*rescalings, strict=True)]
    hidden = any(0 < values[-1] - values[0] <= CONVERTERS_EPSILON for values in columns)
    largest = max(abs(slope) for slope in columns[0])
    if not hidden or largest >= 1:
        return 0
    return _LIFTED_TO - math.floor(math.log2(largest))
