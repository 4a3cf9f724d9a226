"""Whether the features that a model takes from an image lie where those of its training lie.

The squared Mahalanobis distance tells, with a covariance that is shrunk to equal variances, so that few
patients, and features that say the same, are no trouble. From where on a distance is far is told by held-out
patients: of patients like them no more than a known part is refused, whatever the features are like. That is
all: a patient who is near is not judged rightly for that.

Whatever is kept is of many patients and rounded, before any distance is measured: rounding costs nobody a
false alarm.

Source: Lee et al., NeurIPS 2018 (arXiv 1807.03888), for distances of features; Ledoit and Wolf, Journal of
Multivariate Analysis 2004; Bates et al., Annals of Statistics 2023, for the rate of false alarms.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.design import DIGITS, LEAST, rounded
from sarcoma_core.survival.cox_likelihood import Matrix
from sarcoma_core.survival.follow_up import Flags, Floats1

REFUSED: Final = 0.04
"""The part of patients like those of the training that may be called far."""
LEAST_LEARNED: Final = 2 * LEAST
"""Patients whose features have a mean."""
_RIDGE: Final = 1e-3
"""Variance that each direction has at least, of standardised features: two that are equal differ by none."""
_SIZES: Final = (1e-100, 1e100)
"""Of the spread of a feature that counts, and of a feature: their squares are numbers."""
_ROUNDING: Final = 9
"""So many digits of a sum or product count: 0.96 times 25 is not quite 24."""


@dataclass(frozen=True)
class SeenFeatures:
    """Where the features of the training lie; nobody's own are in it.

    Args:
        mean: of each feature, shape (p,).
        whitening: what makes features that are centred uncorrelated, of variance 1, shape (p, p); the row and
            column of one in which fewer than five patients differ from the others are 0: it tells nothing.
        threshold: a squared distance above it is far; rounded up, so that it is nobody's own.
        rate: of patients like the held-out ones at most such a part is far.
        patients: whose features the mean and whitening are of.
        held_out: whose distances the threshold is of.

    Raises:
        InputError: shapes do not fit, or a number is not finite or below 0 that cannot be.
    """

    mean: tuple[float, ...]
    whitening: tuple[tuple[float, ...], ...]
    threshold: float
    rate: float
    patients: int
    held_out: int

    def __post_init__(self) -> None:
        sizes = {len(row) for row in self.whitening} | {len(self.whitening)}
        if sizes != {len(self.mean)} or not self.mean:
            raise InputError(f"whitening: must be square, of {len(self.mean)} features or one; it is not.")
        numbers = [*self.mean, *(one for row in self.whitening for one in row), self.threshold]
        if not (np.isfinite(numbers).all() and self.threshold >= 0):
            raise InputError("mean, whitening and threshold: must be finite, and a distance 0 or more.")

    def distance(self, features: Matrix) -> Floats1:
        """The squared distance of each patient from the mean of the training, shape (n,).

        Of patients of the training it is about p on average.

        Args:
            features: of each patient, in the order of the training, shape (n, p).

        Raises:
            InputError: features are of another shape, or not finite.
        """
        found = _checked("features", features, len(self.mean))
        return _distances(found, np.array(self.mean), np.array(self.whitening))

    def is_far(self, features: Matrix) -> Flags:
        """Whether each patient is unlike those of the training, shape (n,).

        Raises:
            InputError: see `distance`.
        """
        return np.asarray(self.distance(features) > self.threshold, np.bool_)


def seen_features(learned: Matrix, held_out: Matrix, *, rate: float = REFUSED) -> SeenFeatures:
    """Learn where the features of the training lie.

    Assumes that the held-out patients are drawn like those whom the model will judge, and that the network
    was not fitted to them: it pulls the features of its own patients together.

    Args:
        learned: features of patients of the training, ten or more, shape (m, p).
        held_out: of other patients of the same cohort, shape (n, p).
        rate: of patients like the held-out ones at most such a part may be called far.

    Raises:
        InputError: the rate is not above 0 and below 1, there are too few patients for it, features are not
            finite, their numbers differ, or none varies.
    """
    if not 0 < rate < 1:
        raise InputError(f"rate: must be above 0 and below 1; found {rate:g}.")
    inside = _checked("learned", learned)
    outside = _checked("held_out", held_out, inside.shape[1])
    needed = max(LEAST, math.ceil(round(1 / rate, _ROUNDING)) - 1)
    if len(inside) < LEAST_LEARNED or len(outside) < needed:
        raise InputError(
            f"learned and held_out: must be {LEAST_LEARNED} and {needed} patients or more for a rate of "
            f"{rate:g}; found {len(inside)} and {len(outside)}."
        )
    inside = inside[np.lexsort(inside.T)]  # sums depend on the order of their parts
    mean, whitening = _mean_and_whitening(inside)
    distances = np.sort(_distances(outside, mean, whitening))
    # The k-th smallest: a patient to come is beyond it with a chance of 1 - k / (n + 1) at most
    k = math.ceil(round((1 - rate) * (len(outside) + 1), _ROUNDING))
    return SeenFeatures(
        mean=tuple(mean.tolist()),
        whitening=tuple(tuple(row) for row in whitening.tolist()),
        threshold=rounded_up(float(distances[k - 1])),
        rate=rate,
        patients=len(inside),
        held_out=len(outside),
    )


def shrunk_covariance(values: Matrix) -> Matrix:
    """The covariance, shrunk to equal variances as much as Ledoit and Wolf find best, shape (p, p).

    Args:
        values: of each patient, shape (n, p).
    """
    patients, features = values.shape
    centred = values - values.mean(axis=0)
    covariance = centred.T @ centred / patients
    equal = np.trace(covariance) / features * np.eye(features)
    apart = np.sum((covariance - equal) ** 2)
    noise = np.sum((centred**2).T @ centred**2) / patients - np.sum(covariance**2)
    part = min(1.0, noise / patients / apart) if apart > 0 else 1.0
    return np.asarray((1 - part) * covariance + part * equal)


def rounded_up(value: float) -> float:
    """The next number of two digits: nobody's own; a negative one comes nearer to 0."""
    if value == 0:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(abs(value))) + 1 - DIGITS)
    return float(f"{math.ceil(round(value / step, _ROUNDING)) * step:.{DIGITS + 1}g}")


def _checked(name: str, features: Matrix, columns: int | None = None) -> Matrix:
    found = np.asarray(features, np.float64)
    wanted = "one or more" if columns is None else str(columns)
    if found.ndim != 2 or not found.shape[1] or found.shape[1] != (columns or found.shape[1]):  # noqa: PLR2004
        raise InputError(f"{name}: must be a row of {wanted} numbers for each patient; found {found.shape}.")
    wrong = np.count_nonzero(~(np.abs(found) < _SIZES[1]))  # NaN is neither
    if wrong:
        raise InputError(f"{name}: must be finite, below {_SIZES[1]:g} in size; {wrong} are not.")
    return found


def _distances(features: Matrix, mean: Floats1, whitening: Matrix) -> Floats1:
    return np.asarray(np.sum(((features - mean) @ whitening.T) ** 2, axis=1))


def _mean_and_whitening(features: Matrix) -> tuple[Floats1, Matrix]:
    patients, columns = features.shape
    common = np.array([np.unique(column, return_counts=True)[1].max() for column in features.T])
    centre, spread = features.mean(axis=0), features.std(axis=0)
    vary = np.flatnonzero((patients - common >= LEAST) & (spread > _SIZES[0]))
    if not vary.size:
        raise InputError(f"learned: must vary between {LEAST} patients at least; no feature does.")
    centre, spread = centre[vary], spread[vary]
    covariance = shrunk_covariance((features[:, vary] - centre) / spread) + _RIDGE * np.eye(vary.size)
    whitening = np.zeros((columns, columns))
    whitening[np.ix_(vary, vary)] = np.linalg.inv(np.linalg.cholesky(covariance)) / spread
    mean = np.zeros(columns)
    # A digit that is a tenth of the spread, or less
    digits = 1 - np.floor(np.log10(spread)).astype(int)
    mean[vary] = [round(one, place) for one, place in zip(centre.tolist(), digits.tolist(), strict=True)]
    return mean, np.vectorize(rounded)(whitening)
