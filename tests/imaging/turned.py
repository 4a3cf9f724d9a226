"""Images in any frame: oblique, and with their axes in any of the 48 orders."""

import itertools

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sarcoma_core.imaging.volume import Spacing, Volume

Turn = tuple[tuple[int, ...], tuple[bool, ...]]
TURNS: list[Turn] = [
    (order, flips)
    for order in itertools.permutations(range(3))
    for flips in itertools.product((False, True), repeat=3)
]
CENTRE = np.array([20.0, -35.0, 400.0])
UPRIGHT = np.eye(3)


def rotation(*degrees: float) -> NDArray[np.float64]:
    return np.asarray(Rotation.from_euler("zyx", degrees, degrees=True).as_matrix())


def lattice(
    shape: tuple[int, int, int], spacing: Spacing, turned: NDArray[np.float64] = UPRIGHT
) -> NDArray[np.float64]:
    """The affine of a grid around `CENTRE`."""
    affine = np.eye(4)
    affine[:3, :3] = turned * spacing
    affine[:3, 3] = CENTRE - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return affine


def places(shape: tuple[int, ...], affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """RAS mm of every voxel, from `CENTRE`."""
    indices = np.moveaxis(np.indices(shape), 0, -1)
    return np.asarray(indices @ affine[:3, :3].T + affine[:3, 3] - CENTRE)


def noise(shape: tuple[int, int, int], spacing: Spacing, turned: NDArray[np.float64] = UPRIGHT) -> Volume:
    values = np.random.default_rng(7).random(shape, np.float32)
    return Volume(values, lattice(shape, spacing, turned))


def reordered(volume: Volume, turn: Turn) -> Volume:
    """The same voxels in another order, in the same place: as nibabel does it, not we."""
    order, flips = turn
    codes = np.array([[order[axis], -1 if flips[axis] else 1] for axis in range(3)])
    array = nib.apply_orientation(volume.array, codes)
    affine = volume.affine @ nib.orientations.inv_ornt_aff(codes, volume.array.shape)
    return Volume(np.ascontiguousarray(array), np.asarray(affine, np.float64))
