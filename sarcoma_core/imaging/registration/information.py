"""Mutual information of two volumes, and how it changes where a point of one lands in the other.

Of the values at the points of a fixed sample, and the moving volume's values where a transform puts these
points. One joint histogram: a fixed value falls into one bin, a moving one is spread over four by a cubic
B-spline, so that the information has a derivative.

Source: Mattes et al., PET-CT image registration in the chest using free-form deformations, IEEE Trans Med
Imaging 2003; 22:120-128. ITK's metric of that name is the same estimator; this one takes all samples at once.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.imaging.volume import Floats

Points = NDArray[np.float64]
"""Shape (n, 3)."""

_FEWEST = 200
"""Samples; fewer say nothing."""
_SUPPORT = 4


class Shared(NamedTuple):
    """What two volumes tell about each other.

    Args:
        information: mutual, in nats; 0 where too few samples fell into the moving volume.
        part: of the samples that did, 0 to 1.
        slope: of the information by the place of each sample in the moving volume, in voxels of it; shape
            (n, 3), 0 for samples outside. Empty where it was not asked for.
    """

    information: float
    part: float
    slope: Floats


_NONE = np.zeros((0, 3), np.float32)


class Information:
    """The mutual information of a fixed sample and a moving volume.

    Args:
        fixed: values of the sample, 0 to 1, shape (n,).
        moving: values on a grid, 0 to 1, shape (x, y, z), 2 voxels or more along each axis.
        bins: of each of the two.
    """

    def __init__(self, fixed: Floats, moving: Floats, bins: int) -> None:
        self.bins = bins
        self._rows = np.minimum((np.clip(fixed, 0, 1) * bins).astype(np.intp), bins - 1)
        self._moving = _Trilinear(moving)

    def at(self, places: Points, *, slope: bool = False) -> Shared:
        """The information when the samples lie at these places of the moving volume.

        Args:
            places: in voxels of the moving volume, shape (n, 3).
            slope: whether its derivative is wanted.
        """
        inside, values, gradient = self._moving.at(places, gradient=slope)
        part = len(values) / max(len(places), 1)
        if len(values) < _FEWEST:
            return Shared(0.0, part, np.zeros((len(places), 3), np.float32) if slope else _NONE)
        scaled = 1 + np.clip(values, 0, 1) * np.float32(self.bins - 1)
        first = np.minimum(scaled.astype(np.intp), self.bins - 1)
        u = scaled - first
        width = self.bins + _SUPPORT - 1
        cell = self._rows[inside] * width + first - 1
        logs, information = _logs(cell, _weights(u), (self.bins, width), len(values))
        if not slope:
            return Shared(information, part, _NONE)
        change = np.zeros_like(u)
        for offset, weight in enumerate(_weight_slopes(u)):
            change += weight * logs[cell + offset]
        change *= np.float32((self.bins - 1) / len(values))
        change[(values < 0) | (values > 1)] = 0
        whole = np.zeros((len(places), 3), np.float32)
        whole[inside] = gradient * change[:, None]
        return Shared(information, part, whole)


def _logs(
    cell: NDArray[np.intp], weights: tuple[Floats, ...], shape: tuple[int, int], count: int
) -> tuple[Floats, float]:
    """Of each cell the logarithm of its share over that of independent values; and the information."""
    joint = np.zeros(shape[0] * shape[1])
    for offset, weight in enumerate(weights):
        joint += np.bincount(cell + offset, weights=weight, minlength=joint.size)
    share = (joint / count).reshape(shape)
    apart = share.sum(axis=1, keepdims=True) * share.sum(axis=0, keepdims=True)
    filled = share > 0
    logs = np.zeros(shape)
    logs[filled] = np.log(share[filled] / apart[filled])
    return logs.ravel().astype(np.float32), float((share * logs).sum())


def _weights(u: Floats) -> tuple[Floats, ...]:
    v = 1 - u
    weights = (v**3 / 6, (3 * u - 6) * u**2 / 6 + 2 / 3, (3 * v - 6) * v**2 / 6 + 2 / 3, u**3 / 6)
    return tuple(np.asarray(weight, np.float32) for weight in weights)


def _weight_slopes(u: Floats) -> tuple[Floats, ...]:
    v = 1 - u
    slopes = (-(v**2) / 2, (1.5 * u - 2) * u, (2 - 1.5 * v) * v, u**2 / 2)
    return tuple(np.asarray(slope, np.float32) for slope in slopes)


class _Trilinear:
    """A volume between its voxels, and its gradient there."""

    def __init__(self, values: Floats) -> None:
        self._shape = np.array(values.shape)
        self._values = np.ascontiguousarray(values, np.float32).ravel()

    def at(self, places: Points, *, gradient: bool) -> tuple[NDArray[np.bool_], Floats, Floats]:
        """Which places lie inside; of these the values, and the gradients by voxel, shape (inside, 3)."""
        inside = np.asarray(((places >= 0) & (places <= self._shape - 1)).all(axis=1), np.bool_)
        within = places[inside]
        corner = np.minimum(within.astype(np.intp), self._shape - 2)
        x, y, z = (within - corner).astype(np.float32).T
        _, rows, columns = self._shape
        first = (corner[:, 0] * rows + corner[:, 1]) * columns + corner[:, 2]
        near, across = self._face(first, columns, z), self._face(first + rows * columns, columns, z)
        low, high = (face[0] + (face[1] - face[0]) * y for face in (near, across))
        values = np.asarray(low + (high - low) * x, np.float32)
        if not gradient:
            return inside, values, _NONE
        by_y = (near[1] - near[0]) * (1 - x) + (across[1] - across[0]) * x
        by_z = [face[2] + (face[3] - face[2]) * y for face in (near, across)]
        along = (high - low, by_y, by_z[0] + (by_z[1] - by_z[0]) * x)
        return inside, values, np.asarray(np.stack(along, axis=1), np.float32)

    def _face(
        self, first: NDArray[np.intp], columns: int, z: Floats
    ) -> tuple[Floats, Floats, Floats, Floats]:
        """Values along z on two edges of a face, and how they rise."""
        low, lower = self._values[first], self._values[first + columns]
        rise, riser = self._values[first + 1] - low, self._values[first + columns + 1] - lower
        return low + rise * z, lower + riser * z, rise, riser
