"""Uniform cubic B-splines, as ITK parametrises them: known at block centres, wanted at every voxel.

ITK's own `GetLogBiasFieldAsImage` stretches the spline over whatever grid it is asked for, from the centre of
the first voxel to the centre of the last: on the full grid a field fitted at shrink 4 is off by up to one and
a half voxels at the border. Here the field is put where it was fitted.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

BLAS_THREADS = 2
"""BLAS shares sums among threads, so the last digits depend on their number: fixed, they are the same on any
number of cores. One core has to do the work of two then, which takes it some seconds on a large volume."""

Matrix = NDArray[np.float64]


class Axis(NamedTuple):
    """One axis of a spline and of the voxels it is wanted at.

    Args:
        voxels: their number.
        start: the voxel that the first block begins with.
        factor: voxels in a block.
        blocks: their number; the spline reaches from the centre of the first to the centre of the last.
        spans: pieces of the spline.
    """

    voxels: int
    start: int
    factor: int
    blocks: int
    spans: int


def basis(position: Matrix, spans: int) -> Matrix:
    """The cubic B-spline functions at positions, shape (positions, spans + 3).

    Args:
        position: 0 where the first span begins, 1 where the last one ends; beyond, the end pieces go on.
        spans: pieces of the spline.
    """
    scaled = np.asarray(position, np.float64) * spans
    span = np.clip(np.floor(scaled), 0, spans - 1).astype(int)
    u = scaled - span
    pieces = ((1 - u) ** 3, 3 * u**3 - 6 * u**2 + 4, -3 * u**3 + 3 * u**2 + 3 * u + 1, u**3)
    functions = np.zeros((len(scaled), spans + 3))
    for offset, piece in enumerate(pieces):
        functions[np.arange(len(scaled)), span + offset] = piece / 6
    return functions


def from_blocks_to_voxels(axis: Axis) -> Matrix:
    """The matrix from the spline at block centres to the spline at voxel centres, shape (voxels, blocks).

    It is exact where the blocks are at least as many as the basis functions, or blocks are voxels. Outside of
    the blocks the value at the nearest voxel inside goes on: a cubic would run away there.
    """
    if axis.blocks == 1:
        return np.ones((axis.voxels, 1))
    reach = (axis.factor - 1) / (2 * axis.factor)
    wanted = (np.arange(axis.voxels) - axis.start + 0.5) / axis.factor - 0.5
    wanted = np.clip(wanted, -reach, axis.blocks - 1 + reach) / (axis.blocks - 1)
    known = np.linspace(0, 1, axis.blocks)
    return np.asarray(basis(wanted, axis.spans) @ np.linalg.pinv(basis(known, axis.spans)))


def evaluate(samples: NDArray[np.float32], axes: tuple[Axis, Axis, Axis]) -> NDArray[np.float32]:
    """A tensor-product spline, given at block centres, at every voxel; shape as the axes say.

    In memory x varies fastest, as in the NIfTI files that it is applied to.
    """
    with threadpool_limits(BLAS_THREADS, user_api="blas"):
        along_x, along_y, along_z = (from_blocks_to_voxels(axis).astype(np.float32) for axis in axes)
        planes = np.tensordot(along_x, samples, axes=(1, 0))
        return np.asfortranarray(np.matmul(along_y, planes) @ along_z.T, np.float32)
