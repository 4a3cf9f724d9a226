"""Confidence limits by resampling patients; of a difference, by resampling them for both at once.

Which patients stand in which sample is drawn before anything is measured, and depends on the seed alone.

Source: Efron and Tibshirani, An Introduction to the Bootstrap, 13 (percentile limits).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from sarcoma_core.errors import InputError
from sarcoma_core.survival.follow_up import Counts, Floats1

LEAST_SAMPLES: Final = 1000
"""Below which percentile limits are not steady enough to be reported."""
_MOST_FAILED = 0.05
"""The part of samples that may tell nothing, as they hold no event: more of it misleads."""


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
    """Rows of patients, drawn with replacement, shape (samples, patients)."""
    return np.random.default_rng(seed).integers(0, patients, (samples, patients))


def bootstrap(measure: Callable[[Counts], float], drawn: Counts, *, level: float = 0.95) -> BootstrapLimits:
    """Confidence limits of a measure.

    Args:
        measure: of some rows of patients, repeated ones included; for a difference of two models that of both
            on the same rows. It raises `InputError` where the rows tell nothing.
        drawn: from `resamples`; the same for all measures that are to be compared.
        level: of the limits.

    Raises:
        InputError: there are fewer than a thousand samples, or too many tell nothing.
    """
    if drawn.shape[0] < LEAST_SAMPLES:
        raise InputError(f"samples: must be {LEAST_SAMPLES} or more; found {drawn.shape[0]}.")
    found = []
    for rows in drawn:
        try:
            found.append(measure(rows))
        except InputError:  # no event among them, or none that can be compared
            continue
    failed = 1 - len(found) / drawn.shape[0]
    if failed > _MOST_FAILED:
        raise InputError(
            f"samples: must tell something in {1 - _MOST_FAILED:.0%} of cases; {failed:.0%} do not.",
            hint="There are too few events for confidence limits.",
        )
    values = np.array(found)
    lower, upper = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    whole = measure(np.arange(drawn.shape[1]))
    return BootstrapLimits(whole, float(lower), float(upper), float(values.std(ddof=1)), values)
