"""Points of the body whose place in every series is known: what an error of registration is measured at."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.phantom.grid import Shape
from sarcoma_core.phantom.motion import Motion, Points, corresponding
from sarcoma_core.phantom.randomness import stream
from sarcoma_core.phantom.tissue import Labels, Mask, body_mask

_AT_ONCE = 2048  # points: to try all voxels of a body would take seconds where it is bent


class SeriesPlace(NamedTuple):
    """Where the voxels of a series lie, and how the limb lay in it.

    Args:
        shape: number of voxels along i, j, k.
        affine_ras: 4x4, from voxels to RAS mm.
        motion: of the patient's limb; None where another limb was scanned.
    """

    shape: Shape
    affine_ras: NDArray[np.float64]
    motion: Motion | None

    def sees(self, points_ras: Points) -> Mask:
        """Which points, RAS mm, lie in its voxels."""
        inverse = np.linalg.inv(self.affine_ras)
        voxels = points_ras @ inverse[:3, :3].T + inverse[:3, 3]
        return np.asarray(((voxels > -1 / 2) & (voxels < np.array(self.shape) - 1 / 2)).all(axis=1))


def same_tissue(points_ras: Points, *, of: SeriesPlace, to: SeriesPlace) -> Points:
    """Where the tissue at points of one series lies in another: RAS mm, shape (n, 3), in both.

    Raises:
        InputError: another limb is in one of them.
    """
    if of.motion is None or to.motion is None:
        raise InputError("series: must both be of the same limb; found the other limb in one of them.")
    return corresponding(points_ras, of=of.motion, to=to.motion)


def draw_body_points(
    place: SeriesPlace, labels: Labels, *, count: int, seed: int, seen_by: tuple[SeriesPlace, ...] = ()
) -> Points:
    """Points of the body, anywhere in the voxels of a series: RAS mm, shape (count, 3).

    Args:
        place: of the series.
        labels: the tissue in each of its voxels.
        count: how many.
        seed: of the choice.
        seen_by: other series in whose field of view the same tissue must lie.

    Raises:
        InputError: none of the body is in all fields of view.
    """
    voxels = np.argwhere(body_mask(labels))
    rng = stream(seed, "body points")
    rng.shuffle(voxels)
    seen = np.empty((0, 3))
    for start in range(0, len(voxels), _AT_ONCE):
        some = voxels[start : start + _AT_ONCE]
        within = some + rng.uniform(-1 / 2, 1 / 2, some.shape)
        points = within @ place.affine_ras[:3, :3].T + place.affine_ras[:3, 3]
        for other in seen_by:
            points = points[other.sees(same_tissue(points, of=place, to=other))]
        seen = np.concatenate([seen, points])
        if len(seen) >= count:
            return np.asarray(seen[:count])
    if not len(seen):
        raise InputError("seen_by: must see a part of the body that the series sees; they share nothing.")
    return np.asarray(seen[rng.integers(len(seen), size=count)])
