"""What two volumes have in common under a transform: bodies, fields of view, information."""

from typing import NamedTuple

import numpy as np

from sarcoma_core.imaging.registration.information import Information, Points
from sarcoma_core.imaging.registration.views import Lattice, Sample
from sarcoma_core.imaging.volume import Mask


class Common(NamedTuple):
    """Two bodies in the field of view that both volumes have.

    Args:
        dice: of the bodies there, 0 to 1.
        part: of the smaller body, that lies in it, 0 to 1.
    """

    dice: float
    part: float


def places_in(moving: Lattice, points: Points) -> Points:
    """Points of the moving volume, LPS mm, in voxels of its lattice."""
    to_voxels = np.linalg.inv(moving.to_lps[:3, :3])
    return np.asarray((points - moving.to_lps[:3, 3]) @ to_voxels.T)


def common(fixed: Lattice, moving: Lattice, moved: Points) -> Common:
    """Compare two bodies.

    Args:
        fixed: the one.
        moving: the other.
        moved: where all points of the fixed lattice lie in the moving volume, LPS mm, in C order.
    """
    places = places_in(moving, moved)
    seen = _inside(moving, places)
    nearest = np.rint(places[seen]).astype(np.intp)
    here, there = fixed.body.ravel(), np.zeros(len(places), np.bool_)
    there[seen] = moving.body[tuple(nearest.T)]
    both, either = np.count_nonzero(here & there), np.count_nonzero(here & seen) + np.count_nonzero(there)
    voxel = abs(np.linalg.det(fixed.to_lps[:3, :3]))
    smaller = min(
        np.count_nonzero(here) * voxel,
        np.count_nonzero(moving.body) * abs(np.linalg.det(moving.to_lps[:3, :3])),
    )
    part = np.count_nonzero(here & seen) * voxel / smaller if smaller else 0.0
    return Common(2 * both / either if either else 0.0, min(1.0, float(part)))


def information(
    sample: Sample, moving: Lattice, before: Points, after: Points, *, bins: int
) -> tuple[float, float]:
    """Mutual information before and after, at the samples that are seen both times; nats.

    Args:
        sample: of the fixed volume.
        moving: the other.
        before: where the samples lie in the moving volume, LPS mm.
        after: likewise.
        bins: of the joint histogram.
    """
    places = [places_in(moving, points) for points in (before, after)]
    seen = _inside(moving, places[0]) & _inside(moving, places[1])
    told = Information(sample.values[seen], moving.values, bins)
    first = told.at(places[0][seen]).information
    if first == 0:  # nothing is seen before: what is seen after is told all the same
        return 0.0, Information(sample.values, moving.values, bins).at(places[1]).information
    return first, told.at(places[1][seen]).information


def _inside(moving: Lattice, places: Points) -> Mask:
    return np.asarray(((places >= 0) & (places <= np.array(moving.values.shape) - 1)).all(axis=1))
