"""How a limb lies in the coordinates of a series: turned, shifted and bent since the reference.

Points are LPS mm, shape (n, 3); those at rest count from the middle of limb and tumour. The way from a series
back to the limb at rest is a formula; the way there is its inverse, to 1e-6 mm.
"""

import dataclasses
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.phantom.grid import Vector
from sarcoma_core.phantom.randomness import stream

Points = NDArray[np.float64]

SHIFT_MM = (8.0, 25.0)
ROTATION_DEGREES = (3.0, 10.0)
BEND_MM = (4.0, 10.0)

_WAVES = 6
_WAVELENGTHS = (160.0, 320.0)  # mm
_STEEPEST = 0.5  # mm per mm: below 1 the bend can be undone, and no tissue is turned inside out
_REACH = (90.0, 90.0, 110.0)  # mm to each side: what of the limb a field of view shows
_CLOSE_ENOUGH = 1e-7  # mm
_MOST_ROUNDS = 200
_LPS_TO_RAS = np.array([-1.0, -1.0, 1.0])


class Wave(NamedTuple):
    """A smooth displacement: amplitude * sin(frequency . point + phase).

    Args:
        amplitude: mm.
        frequency: radians per mm.
        phase: radians.
    """

    amplitude: Vector
    frequency: Vector
    phase: float


class Bend(NamedTuple):
    """A few long waves, less the rotation and the shift that are in them.

    Args:
        waves: whose sum it is.
        shift: what the waves shift the limb by as a whole, mm; it is taken away.
        turn: what they turn it by, as a vector along the axis, radians; likewise.
    """

    waves: tuple[Wave, ...] = ()
    shift: Vector = (0.0, 0.0, 0.0)
    turn: Vector = (0.0, 0.0, 0.0)

    @property
    def steepest(self) -> float:
        """What the displacement of two points differs by, at most, per mm between them."""
        size = np.linalg.norm
        slopes = [float(size(a) * size(frequency)) for a, frequency, _ in self.waves]
        return sum(slopes) + float(size(self.turn))

    def displacement(self, points: Points) -> Points:
        """From each point to where its tissue is at rest, mm; single precision for single precision."""
        kind: type[np.floating] = points.dtype.type
        x, y, z = self.turn
        moved = points @ np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]], kind) - np.array(self.shift, kind)
        for amplitude, frequency, phase in self.waves:
            wave = np.sin(points @ np.array(frequency, kind) + kind(phase))
            for axis, size in enumerate(amplitude):
                moved[:, axis] += kind(size) * wave
        return np.asarray(moved, kind)

    def gradient(self, points: Points) -> NDArray[np.float64]:
        """Of the displacement, shape (n, 3, 3): derivative of component a along axis b at [:, a, b]."""
        x, y, z = self.turn
        slope = np.zeros((len(points), 3, 3)) - np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
        for amplitude, frequency, phase in self.waves:
            steep = np.cos(points @ np.array(frequency) + phase)
            slope += steep[:, None, None] * np.outer(amplitude, frequency)
        return np.asarray(slope)


_STRAIGHT = Bend()


@dataclass(frozen=True, slots=True)
class Motion:
    """Where the tissue of a limb at rest lies in the coordinates of a series: none, unless told otherwise.

    Args:
        rotation: about the middle of the limb, as a vector along the axis, degrees, LPS.
        shift: mm.
        bend: of the limb, before it is turned.
        origin: where the middle of a limb that did not move lies, mm; it tells the place in the patient and
            how far the table was moved.
    """

    rotation: Vector = (0.0, 0.0, 0.0)
    shift: Vector = (0.0, 0.0, 0.0)
    bend: Bend = _STRAIGHT
    origin: Vector = (0.0, 0.0, 0.0)

    @property
    def rotation_degrees(self) -> float:
        """By how much the limb is turned."""
        return float(np.linalg.norm(self.rotation))

    @property
    def shift_mm(self) -> float:
        """By how much its middle is shifted."""
        return float(np.linalg.norm(self.shift))

    @property
    def bend_mm(self) -> float:
        """The largest displacement on top, over what of the limb a field of view shows."""
        return float(np.linalg.norm(self.bend.displacement(_limb_points()), axis=1).max())

    def inverse(self, points: Points) -> Points:
        """Where the tissue at each point of the series lies at rest."""
        kind: type[np.floating] = points.dtype.type
        turned = (points - np.add(self.origin, self.shift).astype(kind)) @ self._matrix().astype(kind)
        return np.asarray(turned + self.bend.displacement(turned) if self.bend.waves else turned)

    def apply(self, points: Points) -> Points:
        """Where tissue that lies at each point at rest lies in the series."""
        bent = np.array(points, np.float64)
        for _ in range(_MOST_ROUNDS if self.bend.waves and len(bent) else 0):
            closer = points - self.bend.displacement(bent)
            step = np.abs(closer - bent).max()
            bent = closer
            if step < _CLOSE_ENOUGH:
                break
        return np.asarray(bent @ self._matrix().T + np.add(self.origin, self.shift))

    def jacobian(self, points: Points) -> NDArray[np.float64]:
        """By how much a small volume at each point of the series is larger at rest; above 0 everywhere."""
        turned = (points - np.add(self.origin, self.shift)) @ self._matrix()
        return np.asarray(np.linalg.det(np.eye(3) + self.bend.gradient(turned)))

    def _matrix(self) -> NDArray[np.float64]:
        angle = np.deg2rad(self.rotation_degrees)
        if angle == 0:
            return np.eye(3)
        x, y, z = np.array(self.rotation) / self.rotation_degrees
        cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
        return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


def corresponding(points_ras: Points, *, of: Motion, to: Motion) -> Points:
    """Where the tissue at points of one series lies in another: RAS mm, shape (n, 3), in both."""
    return np.asarray(to.apply(of.inverse(points_ras * _LPS_TO_RAS)) * _LPS_TO_RAS)


def draw_motion(seed: int, purpose: str, *, deformable: bool = False) -> Motion:
    """A movement of 8 to 25 mm and 3 to 10 degrees in any direction, with a bend of 4 to 10 mm if asked.

    Args:
        seed: of the patient.
        purpose: which movement of this patient.
        deformable: whether the limb is bent on top.
    """
    rng = stream(seed, f"motion {purpose}")
    shift = _direction(rng) * rng.uniform(*SHIFT_MM)
    rotation = _direction(rng) * rng.uniform(*ROTATION_DEGREES)
    bend = draw_bend(stream(seed, f"bend {purpose}")) if deformable else _STRAIGHT
    return Motion(rotation=_vector(rotation), shift=_vector(shift), bend=bend)


def draw_bend(rng: np.random.Generator) -> Bend:
    """Waves of a given size that turn nothing inside out; drawn again until they are gentle enough."""
    size = rng.uniform(*BEND_MM)
    while True:
        bend = _of_size(_without_rigid(_draw_waves(rng)), size)
        if bend.steepest < _STEEPEST:
            return bend


def _draw_waves(rng: np.random.Generator) -> tuple[Wave, ...]:
    return tuple(
        Wave(
            amplitude=_vector(rng.normal(size=3)),
            frequency=_vector(_direction(rng) * 2 * np.pi / rng.uniform(*_WAVELENGTHS)),
            phase=float(rng.uniform(0, 2 * np.pi)),
        )
        for _ in range(_WAVES)
    )


def _without_rigid(waves: tuple[Wave, ...]) -> Bend:
    """The waves less their best rigid fit over the limb, to first order in the angle."""
    points = _limb_points()
    moved = Bend(waves).displacement(points)
    x, y, z = points.T
    zero, one = np.zeros_like(x), np.ones_like(x)
    # rows of (shift, turn) -> shift + turn x point, for each component
    rows = np.concatenate(
        [
            np.stack([one, zero, zero, zero, z, -y], axis=1),
            np.stack([zero, one, zero, -z, zero, x], axis=1),
            np.stack([zero, zero, one, y, -x, zero], axis=1),
        ]
    )
    fit = np.linalg.lstsq(rows, moved.T.ravel(), rcond=None)[0]
    return Bend(waves, shift=_vector(fit[:3]), turn=_vector(fit[3:]))


def _of_size(bend: Bend, size: float) -> Bend:
    factor = size / Motion(bend=bend).bend_mm
    scaled = [wave._replace(amplitude=_vector(np.multiply(wave.amplitude, factor))) for wave in bend.waves]
    return Bend(
        tuple(scaled), _vector(np.multiply(bend.shift, factor)), _vector(np.multiply(bend.turn, factor))
    )


def _limb_points() -> Points:
    axes = [np.linspace(-reach, reach, 13) for reach in _REACH]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    return np.asarray(points[np.hypot(points[:, 0], points[:, 1]) <= max(_REACH[:2])])


def _direction(rng: np.random.Generator) -> NDArray[np.float64]:
    vector = rng.normal(size=3)
    return np.asarray(vector / np.linalg.norm(vector))


def _vector(array: NDArray[np.float64]) -> Vector:
    x, y, z = (float(value) for value in array)
    return x, y, z


def placed(motion: Motion, origin: Vector) -> Motion:
    """The same movement of a limb that lies elsewhere."""
    return dataclasses.replace(motion, origin=origin)
