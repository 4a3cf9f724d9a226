"""Whether two volumes lie on one grid, and what differs where they do not."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.imaging.volume import Volume

_SAME = 0.01
"""Of the smallest spacing: single precision moves a voxel by less, a wrong grid by more."""
_TOLD_SPACING, _TOLD_DEGREES = 1e-3, 0.01
"""From which ratio of spacings, and from which angle of axes, these are told as what differs."""


def grid_difference(one: Volume, other: Volume, *, within: float = _SAME) -> str:
    """What keeps two volumes from lying on one grid, in words; empty where they do.

    Args:
        one: of which only shape and affine matter.
        other: likewise; it is told after the first.
        within: how far voxels may be apart, of the smallest spacing of the first.
    """
    if one.array.shape != other.array.shape:
        return f"the shapes {_numbers(one.array.shape)} and {_numbers(other.array.shape)}"
    step = min(one.spacing)
    corners = np.array([(*corner, 1) for corner in product(*((0, size - 1) for size in one.array.shape))])
    apart = float(np.linalg.norm(corners @ (one.affine - other.affine).T, axis=1).max())
    if apart <= within * step:
        return ""
    if not np.allclose(one.spacing, other.spacing, rtol=_TOLD_SPACING, atol=0):
        return f"the spacings {_numbers(one.spacing)} mm and {_numbers(other.spacing)} mm"
    angle = _angle(one.affine, other.affine)
    if angle > _TOLD_DEGREES:
        return f"axes that are turned by up to {angle:.4g} degrees"
    return f"voxels that are up to {apart:.4g} mm apart"


def _angle(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    first, second = (affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0) for affine in (one, other))
    halves = np.linalg.norm(first - second, axis=0) / 2  # exact for small angles, where a cosine is not
    return float(np.degrees(2 * np.arcsin(np.clip(halves, 0, 1))).max())


def _numbers(values: tuple[float, ...]) -> str:
    return " x ".join(f"{value:.4g}" for value in values)
