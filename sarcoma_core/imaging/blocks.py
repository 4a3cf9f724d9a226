"""A volume seen through blocks of voxels: mean, spread and how much of a block a mask covers."""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.imaging.volume import Floats, Mask

Factors = tuple[int, int, int]
Value = TypeVar("Value", bound=np.generic)
Number = TypeVar("Number", bound=np.number[Any])


class Blocks(NamedTuple):
    """Statistics of blocks, each of the shape of the block grid.

    Args:
        mean: of the values inside the mask; 0 where there are none.
        spread: standard deviation over mean, 0 where the mean is not positive.
        coverage: the part of the block that lies inside the mask.
    """

    mean: Floats
    spread: Floats
    coverage: Floats


def block_statistics(volume: Floats, mask: Mask, factors: Factors) -> Blocks:
    """Mean and spread of a masked volume in blocks.

    Args:
        volume: values, shape (x, y, z).
        mask: what counts, of the same shape.
        factors: voxels in a block along each axis. The last block may reach beyond the volume, where nothing
            is covered.
    """
    inside = np.where(mask, volume, np.float32(0)).astype(np.float32, copy=False)
    count = block_sum(mask.astype(np.uint16), factors).astype(np.float32)
    divisor = np.maximum(count, 1)
    mean = block_sum(inside, factors) / divisor
    np.square(inside, out=inside)
    variance = block_sum(inside, factors) / divisor - mean * mean
    positive = mean > 0
    spread = np.sqrt(np.maximum(variance, 0)) / np.where(positive, mean, np.float32(1))
    coverage = np.asarray(count / np.prod(factors), np.float32)
    return Blocks(np.asarray(mean, np.float32), np.where(positive, spread, np.float32(0)), coverage)


def block_sum(values: NDArray[Number], factors: Sequence[int]) -> NDArray[Number]:
    """Sum over blocks, in the type of the values; the grid's shape is ceil(shape / factors).

    A layer of blocks at a time, across what is farthest apart in memory: a layer fits into a processor's
    cache, a volume does not.
    """
    axis = int(np.argmax(values.strides))
    step = factors[axis]
    layers = [
        _layer_sum(values[(*[slice(None)] * axis, slice(start, start + step))], factors)
        for start in range(0, values.shape[axis], step)
    ]
    return np.ascontiguousarray(np.concatenate(layers, axis=axis))


def _layer_sum(values: NDArray[Number], factors: Sequence[int]) -> NDArray[Number]:
    for axis, factor in enumerate(factors):
        along = np.moveaxis(values, axis, 0)
        sums = along[::factor].copy()
        for offset in range(1, factor):
            layer = along[offset::factor]
            np.add(sums[: len(layer)], layer, out=sums[: len(layer)])
        values = np.moveaxis(sums, 0, axis)
    return values


def spread_out(blocks: NDArray[Value], factors: Sequence[int], shape: Sequence[int]) -> NDArray[Value]:
    """Every voxel of the shape gets the value of its block."""
    for axis, (factor, size) in enumerate(zip(factors, shape, strict=True)):
        blocks = np.repeat(blocks, factor, axis=axis).take(np.arange(size), axis=axis)
    return blocks


def grown(mask: Mask, reach: Sequence[int]) -> Mask:
    """A mask and what lies within reach of it along each axis: a box of that half width around each block."""
    for axis, steps in enumerate(reach):
        before, mask = np.moveaxis(mask, axis, 0), mask.copy()
        after = np.moveaxis(mask, axis, 0)
        for step in range(1, steps + 1):
            after[step:] |= before[:-step]
            after[:-step] |= before[step:]
    return mask
