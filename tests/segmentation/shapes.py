"""Masks of known shape, and the numbers that other packages gave for them (science.md 3.5)."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from sarcoma_core.imaging.volume import Mask


def cube(shift: tuple[int, int, int] = (0, 0, 0)) -> Mask:
    """10 x 10 x 5 voxels."""
    mask = np.zeros((24, 24, 16), bool)
    mask[tuple(slice(5 + by, 5 + by + size) for by, size in zip(shift, (10, 10, 5), strict=True))] = True
    return mask


def ball(radius: int) -> Mask:
    """All voxels up to a radius from the middle of 60 x 60 x 60."""
    steps = np.indices((60, 60, 60)) - 30
    return np.asarray((steps**2).sum(axis=0) <= radius**2)


def voxels(*places: tuple[int, int, int]) -> Mask:
    """Single voxels of 12 x 14 x 10."""
    mask = np.zeros((12, 14, 10), bool)
    for place in places:
        mask[place] = True
    return mask


def blobs(seed: int, shape: tuple[int, int, int] = (14, 12, 9), share: float = 0.5) -> Mask:
    """Noise in which neighbours are alike: holes, thin parts, loose voxels, and some on the edge."""
    values = np.random.default_rng(seed).random(shape)
    for axis in range(3):
        values = values + np.roll(values, 1, axis)
    return np.asarray(values > np.quantile(values, 1 - share))


@contextmanager
def peers() -> Iterator[None]:
    """Packages of other people warn of names that scipy has moved."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
