"""Turn and shift one volume so that it tells most about another."""

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from sarcoma_core.imaging.registration.climbing import Vector, climb
from sarcoma_core.imaging.registration.information import Information, Points
from sarcoma_core.imaging.registration.views import Lattice, Sample

_ARM = 60.0  # mm: a turn by one radian moves the skin of a limb by about so much
_FIRST_STEP = 4.0  # mm
_PRECISION, _ROUGH = 0.02, 0.2  # mm
_ROUNDS = 40
_SEARCHED_WITH = 3000  # samples, spread evenly
_APART = 16.0  # mm between starts
_FAR, _NEAR = 48.0, 16.0  # mm that starts reach along the longest axis of the body, and across
_TURNS = (-0.26, 0.0, 0.26)  # radians about that axis: 15 degrees
_TURNED, _CLIMBED = 8, 4  # best starts
_MOST_STEPS = 40  # starts to either side, along an axis


class RigidTransform(NamedTuple):
    """p -> rotation (p - centre) + centre + shift, from fixed to moving, LPS mm.

    Args:
        rotation: shape (3, 3); of a mirrored copy its determinant is -1.
        centre: of the fixed body.
        shift: mm.
    """

    rotation: NDArray[np.float64]
    centre: Vector
    shift: Vector

    @property
    def degrees(self) -> float:
        """How far it turns."""
        return float(np.degrees(np.arccos(np.clip((np.trace(self.rotation) - 1) / 2, -1, 1))))

    @property
    def millimetres(self) -> float:
        """How far it shifts the centre of the body."""
        return float(np.linalg.norm(self.shift))

    def from_there(self, other: "RigidTransform") -> tuple[float, float]:
        """By how many degrees and mm it moves the body on from where another puts it."""
        between = RigidTransform(
            self.rotation @ other.rotation.T,
            self.centre,
            (self.moved(self.centre[None]) - other.moved(self.centre[None]))[0],
        )
        return between.degrees, between.millimetres

    def moved(self, points: Points) -> Points:
        """Where points of the fixed volume lie in the moving one."""
        return np.asarray((points - self.centre) @ self.rotation.T + self.centre + self.shift)

    def as_itk(self) -> sitk.Transform:
        """The same as ITK has it."""
        transform = sitk.VersorRigid3DTransform()
        transform.SetCenter([float(value) for value in self.centre])
        transform.SetMatrix([float(value) for value in self.rotation.ravel()], 1e-9)
        transform.SetTranslation([float(value) for value in self.shift])
        return transform


class RigidFit(NamedTuple):
    """A transform and how well it fits.

    Args:
        transform: from fixed to moving.
        information: mutual, nats, at the level at which it was looked for.
        part: of the samples that fall into the moving volume.
    """

    transform: RigidTransform
    information: float
    part: float

    @property
    def score(self) -> float:
        """Information, worth less where only few samples tell of it."""
        return self.information * math.sqrt(self.part)


class RigidLevel:
    """The fixed sample and the moving volume at one resolution.

    Args:
        sample: of the fixed volume.
        moving: the other.
        bins: of the joint histogram.
        centre: of the fixed body, LPS mm.
    """

    def __init__(self, sample: Sample, moving: Lattice, *, bins: int, centre: Vector) -> None:
        self.centre = centre
        self._from_centre = sample.points - centre
        self._to_voxels = np.linalg.inv(moving.to_lps[:3, :3])
        self._origin = moving.to_lps[:3, 3]
        self._information = Information(sample.values, moving.values, bins)
        every = max(1, len(sample.points) // _SEARCHED_WITH)
        self._few_from_centre = self._from_centre[::every]
        self._few = Information(sample.values[::every], moving.values, bins)

    def search(self, shifts: Sequence[Vector], long_axis: int, flip: NDArray[np.float64]) -> RigidFit:
        """Of many starts the best, and climb from these.

        Args:
            shifts: of the centre.
            long_axis: about which starts are turned as well: 0, 1 or 2 of LPS.
            flip: which copy of the moving volume is looked at: the identity is the volume as it is.
        """
        shifted = [self._glance(flip, shift) for shift in shifts]
        shifted.sort(key=lambda fit: -fit.score)
        axis = np.eye(3)[long_axis]
        turns = [turned(angle * axis) @ flip for angle in _TURNS]
        starts = [self._glance(turn, fit.transform.shift) for fit in shifted[:_TURNED] for turn in turns]
        starts.sort(key=lambda fit: -fit.score)
        best = starts[: _CLIMBED if np.allclose(flip, np.eye(3)) else 1]
        climbs = [self.climb(start.transform, first=_FIRST_STEP, precision=_ROUGH) for start in best]
        return max(climbs, key=lambda fit: fit.score)

    def climb(self, start: RigidTransform, *, first: float = 1.0, precision: float = _PRECISION) -> RigidFit:
        """To the nearest maximum of information, in steps of mm."""

        def slope(place: Vector) -> tuple[float, Vector]:
            rotation = turned(place[:3] / _ARM) @ start.rotation
            there = self._information.at(self._places(rotation, start.shift + place[3:]), slope=True)
            by_voxel = (self._from_centre.T @ there.slope) @ self._to_voxels
            lever = rotation @ by_voxel
            twist = np.array(
                [lever[1, 2] - lever[2, 1], lever[2, 0] - lever[0, 2], lever[0, 1] - lever[1, 0]]
            )
            pull = there.slope.sum(axis=0, dtype=np.float64) @ self._to_voxels
            return there.information, np.concatenate(
                [_left_jacobian(place[:3] / _ARM).T @ twist / _ARM, pull]
            )

        place = climb(slope, np.zeros(6), first=first, rounds=_ROUNDS, precision=precision).place
        return self.at(
            RigidTransform(turned(place[:3] / _ARM) @ start.rotation, self.centre, start.shift + place[3:])
        )

    def at(self, transform: RigidTransform) -> RigidFit:
        """How well a transform fits."""
        there = self._information.at(self._places(transform.rotation, transform.shift))
        return RigidFit(transform, there.information, there.part)

    def _glance(self, rotation: NDArray[np.float64], shift: Vector) -> RigidFit:
        """How well it fits, by few samples."""
        places = self._few_from_centre @ (self._to_voxels @ rotation).T + self._to_voxels @ (
            self.centre + shift - self._origin
        )
        there = self._few.at(places)
        return RigidFit(RigidTransform(rotation, self.centre, shift), there.information, there.part)

    def _places(self, rotation: NDArray[np.float64], shift: Vector) -> Points:
        onto = self._to_voxels @ (self.centre + shift - self._origin)
        return np.asarray(self._from_centre @ (self._to_voxels @ rotation).T + onto)


def starts_around(middle: Vector, spare: Vector, long_axis: int) -> list[Vector]:
    """Shifts on a lattice of 16 mm around one: 48 mm along the longest axis, 16 mm across, and what is spare.

    Args:
        middle: a shift, mm.
        spare: how far the fixed body can move within the moving one, to either side, mm.
        long_axis: 0, 1 or 2.
    """
    reach = [(_FAR if axis == long_axis else _NEAR) + max(0.0, float(spare[axis])) for axis in range(3)]
    steps = [min(int(distance // _APART), _MOST_STEPS) for distance in reach]
    offsets = itertools.product(*(range(-count, count + 1) for count in steps))
    return [middle + _APART * np.array(offset, np.float64) for offset in offsets]


def turned(vector: Vector) -> NDArray[np.float64]:
    """The rotation by the length of a vector, in radians, about its direction (Rodrigues)."""
    angle = float(np.linalg.norm(vector))
    x, y, z = vector / max(angle, np.finfo(float).tiny)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


def _left_jacobian(vector: Vector) -> NDArray[np.float64]:
    """How a change of the vector of a rotation turns what is rotated already."""
    angle = float(np.linalg.norm(vector))
    x, y, z = vector
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    if angle < 1e-6:  # noqa: PLR2004  the series' first term
        return np.asarray(np.eye(3) + cross / 2)
    return np.asarray(
        np.eye(3)
        + (1 - np.cos(angle)) / angle**2 * cross
        + (angle - np.sin(angle)) / angle**3 * cross @ cross
    )
