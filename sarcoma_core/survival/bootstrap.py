"""Confidence limits by resampling patients; of a difference, by resampling them for both at once.

Which patients stand in which sample is drawn before anything is measured, and depends on the seed alone.

Source: Efron and Tibshirani, An Introduction to the Bootstrap, 13 (percentile limits).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from sarcoma_core.errors import InputError
from sarcoma_core.survival.arguments import checked_level
from sarcoma_core.survival.follow_up import Counts, Floats1

LEAST_SAMPLES: Final = 1000
"""Below which percentile limits are not steady enough to be reported."""
_MOST_FAILED = 0.05
"""The part of samples that may tell nothing, e.g. as they hold no event: more of it misleads."""


@dataclass(frozen=True, slots=True, eq=False)
class BootstrapLimits:
    """What a measure is, and how sure that is.

    Args:
        value: of all patients.
        lower: confidence limit.
        upper: likewise.
        standard_deviation: of the samples.
        samples: the measure of each in which it could be taken, shape (samples,).
    """

    value: float
    lower: float
    upper: float
    standard_deviation: float
    samples: Floats1


def resamples(patients: int, *, samples: int = LEAST_SAMPLES, seed: int) -> Counts:
    """Rows of patients, drawn with replacement, shape (samples, patients).

    Raises:
        InputError: there is no patient, or a number is below 0.
    """
    if patients < 1 or samples < 0 or seed < 0:
        raise InputError(
            f"patients, samples and seed: must be 1, 0 and 0 or more; found {patients}, {samples} and {seed}."
        )
    return np.random.default_rng(seed).integers(0, patients, (samples, patients))


def bootstrap(measure: Callable[[Counts], float], drawn: Counts, *, level: float = 0.95) -> BootstrapLimits:
    """Confidence limits of a measure.

    Args:
        measure: of some rows of patients, repeated ones included; for a difference of two models that of both
            on the same rows. It raises `InputError`, or is NaN, where the rows tell nothing.
        drawn: from `resamples`; the same for all measures that are to be compared.
        level: of the limits.

    Raises:
        InputError: there are fewer than a thousand samples, too many tell nothing or all patients together
            do, or the level is not above 0 and below 1.
    """
    tail = (1 - checked_level(level)) / 2
    if drawn.shape[0] < LEAST_SAMPLES:
        raise InputError(f"samples: must be {LEAST_SAMPLES} or more; found {drawn.shape[0]}.")
    found = []
    for rows in drawn:
        try:
            found.append(measure(rows))
        except InputError:  # no event among them, or none that can be compared
            continue
    values = np.array(found, np.float64)
    values = values[~np.isnan(values)]
    failed = 1 - values.size / drawn.shape[0]
    if failed > _MOST_FAILED:
        raise InputError(
            f"samples: must tell something in {1 - _MOST_FAILED:.0%} of cases; {failed:.0%} do not.",
            hint="There are too few events for confidence limits.",
        )
    lower, upper = np.quantile(values, [tail, 1 - tail])
    whole = measure(np.arange(drawn.shape[1]))
    if np.isnan(whole):
        raise InputError("measure: must be a number for all patients; it is NaN.")
    return BootstrapLimits(whole, float(lower), float(upper), float(values.std(ddof=1)), values)
