"""The thigh as it was before the tumour grew: skin, fat, fascia, muscles, femur, femoral vessels.

Coordinates are mm from the axis of the limb at mid-height, in the directions of the grid (left, posterior,
head). Cross-sections scale along the limb with its taper.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.phantom.patient import Patient
from sarcoma_core.phantom.randomness import stream
from sarcoma_core.phantom.tissue import Labels, Mask, Tissue

Coordinate = NDArray[np.float32]
Point = tuple[float, float]

_SKIN = 2.0  # mm
_FASCIA = 1.5  # mm

# Where the muscles of a left thigh lie, as parts of its radius to (left, posterior)
_MUSCLES: dict[str, Point] = {
    "rectus femoris": (-0.05, -0.68),
    "vastus lateralis": (0.55, -0.28),
    "vastus intermedius": (0.12, -0.30),
    "vastus medialis": (-0.40, -0.36),
    "sartorius": (-0.68, -0.08),
    "adductor magnus": (-0.30, 0.28),
    "gracilis": (-0.72, 0.32),
    "semimembranosus": (-0.32, 0.66),
    "semitendinosus": (0.08, 0.74),
    "biceps femoris": (0.44, 0.48),
}
# Centre and radius in mm at a limb radius of 1; each lies in a sheath of fat
_VESSELS: tuple[tuple[Point, float], ...] = (
    ((-0.36, -0.06), 3.6),  # femoral artery
    ((-0.31, 0.03), 4.6),  # femoral vein
    ((-0.86, 0.28), 1.9),  # great saphenous vein, in the subcutaneous fat
)
_SHEATH = 4.0  # mm


@dataclass(frozen=True, slots=True)
class Thigh:
    """The numbers that one thigh is drawn from; lengths in mm, angles in radians.

    Args:
        radius: from the axis to the skin, mean over the circumference at mid-height.
        taper: growth of the radius per mm towards the head.
        wobble: amplitude (part of the radius) and phase of the outline's 2nd, 3rd and 4th harmonic.
        fat: mean depth of the subcutaneous fat.
        fat_angle: the side where the fat is thickest.
        femur: its axis.
        femur_radius: outer radius of the cortex.
        cortex: thickness of the cortex.
        muscles: where the compartments' seeds lie at mid-height.
        muscle_drift: how far each seed moves per mm towards the head.
        septum: thickness of the septa between compartments.
        side: 1 for a left thigh, -1 for its mirror image.
    """

    radius: float
    taper: float
    wobble: tuple[Point, ...]
    fat: float
    fat_angle: float
    femur: Point
    femur_radius: float
    cortex: float
    muscles: tuple[Point, ...]
    muscle_drift: tuple[Point, ...]
    septum: float
    side: int

    def outline(self, angle: Coordinate) -> Coordinate:
        """Distance from axis to skin at mid-height."""
        wave = np.zeros_like(angle)
        for n, (size, phase) in enumerate(self.wobble, start=2):
            wave += np.float32(size) * np.cos(n * angle + np.float32(phase))
        return np.asarray(self.radius * (1 + wave), np.float32)

    def fat_depth(self, angle: Coordinate) -> Coordinate:
        """Depth of the fascia under the skin's surface."""
        return np.asarray(self.fat * (1 + 0.35 * np.cos(angle - self.fat_angle)), np.float32)


def draw_thigh(patient: Patient) -> Thigh:
    """The thigh of a patient."""
    rng = stream(patient.seed, "thigh")
    side = 1 if patient.laterality == "L" else -1
    radius = rng.uniform(68, 76)
    seeds = np.array(list(_MUSCLES.values())) + rng.normal(0, 0.03, (len(_MUSCLES), 2))
    drift = rng.normal(0, 0.06 / 80, seeds.shape)
    fat = rng.uniform(9, 15) if patient.sex == "F" else rng.uniform(5, 11)
    return Thigh(
        radius=radius,
        taper=rng.uniform(0.03, 0.09),
        wobble=tuple((rng.uniform(0.005, 0.03), rng.uniform(0, 2 * np.pi)) for _ in range(3)),
        fat=fat,
        fat_angle=rng.uniform(0, 2 * np.pi),
        femur=(side * radius * rng.uniform(0.04, 0.12), radius * rng.uniform(-0.08, 0.0)),
        femur_radius=rng.uniform(13, 15.5),
        cortex=rng.uniform(4, 5.5),
        muscles=_points(seeds * radius * (side, 1)),
        muscle_drift=_points(drift * radius),
        septum=rng.uniform(1.6, 2.8),
        side=side,
    )


def paint_soft_tissue(
    thigh: Thigh, x: Coordinate, y: Coordinate, z: Coordinate, waviness: Coordinate
) -> Labels:
    """Skin, fat, fascia, muscle, septa and vessels at the given points.

    Args:
        thigh: what to paint.
        x: coordinate to the left, of shape (i, j, k) like the others.
        y: coordinate to posterior.
        z: coordinate to the head.
        waviness: a field of variance 1 that bends the septa.
    """
    scale = 1 + np.float32(thigh.taper / thigh.radius) * z
    x, y = x / scale, y / scale
    angle = np.arctan2(y, x)
    depth = thigh.outline(angle) - np.hypot(x, y)
    fascia = thigh.fat_depth(angle)

    labels = np.full(depth.shape, Tissue.MUSCLE, np.uint8)
    labels[_between_muscles(thigh, x, y, z, waviness)] = Tissue.SEPTUM
    labels[depth < fascia + _FASCIA] = Tissue.SEPTUM
    labels[depth < fascia] = Tissue.FAT
    vessels = [
        (np.hypot(x - thigh.side * thigh.radius * px, y - thigh.radius * py), radius)
        for (px, py), radius in _VESSELS
    ]
    for distance, radius in vessels:
        labels[distance < radius + _SHEATH] = Tissue.FAT
    for distance, radius in vessels:
        labels[distance < radius] = Tissue.VESSEL
    labels[depth < _SKIN] = Tissue.SKIN
    labels[depth < 0] = Tissue.BACKGROUND
    return labels


def _between_muscles(thigh: Thigh, x: Coordinate, y: Coordinate, z: Coordinate, waviness: Coordinate) -> Mask:
    """Where two compartments are about as near: the border of their Voronoi cells, slightly bent."""
    nearest = np.full(x.shape, np.inf, np.float32)
    second = nearest.copy()
    for (px, py), (dx, dy) in zip(thigh.muscles, thigh.muscle_drift, strict=True):
        distance = np.hypot(x - np.float32(px) - np.float32(dx) * z, y - np.float32(py) - np.float32(dy) * z)
        np.minimum(second, np.maximum(nearest, distance), out=second)
        np.minimum(nearest, distance, out=nearest)
    # thin septa are mostly fat planes of changing thickness
    return second - nearest < np.float32(thigh.septum) * (1 + np.float32(0.5) * waviness)


def _points(array: NDArray[np.float64]) -> tuple[Point, ...]:
    return tuple((float(a), float(b)) for a, b in array)
