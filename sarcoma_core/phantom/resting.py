"""The limb at rest on a fine lattice, and its values at any points: how a moved limb comes onto slices."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.phantom.anatomy import Anatomy
from sarcoma_core.phantom.grid import Grid
from sarcoma_core.phantom.motion import Motion, Points
from sarcoma_core.phantom.reception import Image
from sarcoma_core.phantom.slices import Slices
from sarcoma_core.phantom.tissue import Labels

# 225 x 225 x 265 mm. Fibres run along the limb, where a coarser step is enough; 1.2 s on one core
LATTICE = Grid(shape=(150, 150, 106), spacing=(1.5, 1.5, 2.5), slice_thickness=2.5)

Index = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Samples:
    """How often each voxel is sampled along i, j and k; the samples of a slice fill its thickness."""

    i: int = 1
    j: int = 1
    k: int = 1


def labels_on(anatomy: Anatomy, slices: Slices, motion: Motion) -> Labels:
    """The tissue at the centre of each voxel of a series, shape (i, j, k).

    Args:
        anatomy: the limb at rest, its lattice centred on the limb.
        slices: of the series.
        motion: of the limb in the series.
    """
    labels = np.empty(slices.shape, np.uint8)
    for k, points in enumerate(_planes(slices, Samples())):
        index = [
            np.rint(axis).astype(np.intp)
            for axis in _index(anatomy.grid, motion.inverse(points.astype(np.float32)))
        ]
        labels[..., k] = anatomy.labels[tuple(index)].reshape(slices.shape[:2])
    return labels


def sampled(values: Image, anatomy: Anatomy, slices: Slices, motion: Motion, samples: Samples) -> Image:
    """A field of the limb at rest at each sample of a series, linear in between.

    Args:
        values: of the field on the anatomy's lattice.
        anatomy: the limb at rest, its lattice centred on the limb.
        slices: of the series.
        motion: of the limb in the series.
        samples: how many in each voxel.

    Returns:
        Shape (i, j, k) times the numbers of samples.
    """
    columns, rows, count = slices.shape
    shape = (columns * samples.i, rows * samples.j, count * samples.k)
    field = np.empty(shape, np.float32)
    for k, points in enumerate(_planes(slices, samples)):
        field[..., k] = _linear(
            values, _index(anatomy.grid, motion.inverse(points.astype(np.float32)))
        ).reshape(shape[:2])
    return field


def voxel_means(field: Image, samples: Samples) -> Image:
    """The mean of the samples of each voxel."""
    i, j, k = (n // s for n, s in zip(field.shape, (samples.i, samples.j, samples.k), strict=True))
    parts = field.reshape(i, samples.i, j, samples.j, k, samples.k)
    return np.asarray(parts.mean(axis=(1, 3, 5), dtype=np.float32))


def _planes(slices: Slices, samples: Samples) -> list[Points]:
    """The points of each plane of samples, LPS mm, i before j."""
    across, down, along = slices.directions().T
    columns, rows, count = slices.shape
    step_i, step_j, step_k = slices.spacing
    i = _positions(columns, step_i, samples.i, step_i)
    j = _positions(rows, step_j, samples.j, step_j)
    k = _positions(count, step_k, samples.k, slices.slice_thickness)
    plane = (i[:, None, None] * across + j[None, :, None] * down).reshape(-1, 3) + np.array(slices.centre)
    return [plane + depth * along for depth in k]


def _positions(voxels: int, step: float, samples: int, width: float) -> NDArray[np.float64]:
    """Of the samples along one axis, mm from the middle: evenly in the width of each voxel."""
    centres = (np.arange(voxels) - (voxels - 1) / 2) * step
    within = ((np.arange(samples) + 0.5) / samples - 0.5) * width
    return np.asarray((centres[:, None] + within).ravel())


def _index(lattice: Grid, points: Points) -> list[Index]:
    """Where points lie on the lattice, in voxels; beyond its ends the limb goes on as it ends there."""
    return [
        np.clip(points[:, axis] / step + (n - 1) / 2, 0, n - 1).astype(np.float32)
        for axis, (n, step) in enumerate(zip(lattice.shape, lattice.spacing, strict=True))
    ]


def _linear(values: Image, index: list[Index]) -> Image:
    flat, (_, rows, depth) = values.ravel(), values.shape
    low = [np.minimum(axis.astype(np.int32), n - 2) for axis, n in zip(index, values.shape, strict=True)]
    i, j, k = (axis - base for axis, base in zip(index, low, strict=True))
    base = ((low[0] * rows + low[1]) * depth + low[2]).astype(np.intp)

    def along_k(start: int) -> Image:
        near, far = flat.take(base + start), flat.take(base + (start + 1))
        return np.asarray(near + (far - near) * k, np.float32)

    def along_j(start: int) -> Image:
        near, far = along_k(start), along_k(start + depth)
        return np.asarray(near + (far - near) * j, np.float32)

    near, far = along_j(0), along_j(rows * depth)
    return np.asarray(near + (far - near) * i, np.float32)
