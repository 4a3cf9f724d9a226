"""The tumour: where it sits, how far it reaches, and how it pushes the limb aside."""

from dataclasses import dataclass

import numpy as np

from sarcoma_core.phantom.patient import Patient
from sarcoma_core.phantom.randomness import Axes, random_field, stream
from sarcoma_core.phantom.thigh import Coordinate, Point, Thigh

# The part of the tumour's volume that displaces tissue; the rest has replaced it
_PUSH = 0.85
_LOBULATION = 0.14
_LONGEST_SEMI_AXIS = 58.0  # mm along the limb: the tumour ends inside a scan of 160 mm


@dataclass(frozen=True, slots=True)
class Lesion:
    """A lobulated ellipsoid, elongated along the muscle fibres; lengths in mm.

    Args:
        seed: of the patient, for the lobulation.
        centre: from the axis of the limb at mid-height.
        direction: unit vector from the axis to the tumour, across the limb.
        semi_axes: along that direction, across it, and along the limb.
        surface: the lobulated radius, in units of the semi-axes, that encloses the target volume.
    """

    seed: int
    centre: tuple[float, float, float]
    direction: Point
    semi_axes: tuple[float, float, float]
    surface: float = 1.0

    def radius(self, axes: Axes, *, margin: tuple[float, float, float] = (0, 0, 0)) -> Coordinate:
        """Radius in units of the tumour's own, shape (i, j, k): 0 in its centre, 1 on its surface.

        Args:
            axes: coordinates in mm from the limb's axis.
            margin: what to add to each semi-axis, mm.
        """
        x, y, z = (axis - np.float32(c) for axis, c in zip(axes, self.centre, strict=True))
        ux, uy = self.direction
        a, b, c = (np.float32(1 / (s + m)) for s, m in zip(self.semi_axes, margin, strict=True))
        ellipsoid = np.sqrt(((ux * x + uy * y) * a) ** 2 + ((ux * y - uy * x) * b) ** 2 + (z * c) ** 2)
        lobes = random_field(
            stream(self.seed, "lobulation"), axes, length=0.7 * min(self.semi_axes), features=48
        )
        # bounded, so that a rare high peak of the field cannot reach through the skin
        bulge = np.exp(np.float32(-_LOBULATION) * 1.5 * np.tanh(lobes / 1.5))
        return np.asarray(ellipsoid * bulge / self.surface, np.float32)

    def before_growth(self, axes: Axes, radius: Coordinate) -> tuple[Coordinate, Coordinate, Coordinate]:
        """Where the tissue at each point was before the tumour grew.

        Tissue is incompressible: what lay at radius r (in units of the tumour's) is now at
        (r^3 + push)^(1/3), so the growing tumour bends muscles, vessels and skin around itself.
        """
        shrink = np.cbrt(np.maximum(1 - _PUSH / np.maximum(radius, np.float32(1e-3)) ** 3, 0))
        x, y, z = (
            c + (axis - np.float32(c)) * shrink.astype(np.float32)
            for axis, c in zip(axes, self.centre, strict=True)
        )
        return x, y, z

    def pushed(self, point: Point) -> Point:
        """Where a point at mid-height lies after the growth, lobulation apart."""
        offset = np.subtract(point, self.centre[:2])
        ux, uy = self.direction
        along, across = offset @ (ux, uy), offset @ (-uy, ux)
        radius = float(np.hypot(along / self.semi_axes[0], across / self.semi_axes[1]))
        moved = np.array(self.centre[:2]) + offset * _stretch(radius)
        return float(moved[0]), float(moved[1])


def draw_lesion(patient: Patient, thigh: Thigh) -> Lesion:
    """The tumour of a patient in its thigh, its surface not yet set."""
    rng = stream(patient.seed, "lesion")
    volume = patient.target_volume * 1000
    elongation, roundness = rng.uniform(1.2, 1.9), rng.uniform(0.9, 1.1)
    ball = volume * 3 / (4 * np.pi)
    along = min(np.cbrt(ball * elongation**2), _LONGEST_SEMI_AXIS)
    radial, across = np.sqrt(ball / along) * np.array([roundness, 1 / roundness])

    angle = rng.uniform(0, 2 * np.pi)
    fascia = thigh.radius - thigh.fat
    if patient.superficial:
        distance = thigh.radius - 0.5 * thigh.fat
    else:
        # deep enough for the fascia to end up outside the tumour, and off the femur where there is room
        deepest = fascia - 0.75 * radial
        distance = max(8.0, min(rng.uniform(0.45, 0.75) * fascia, deepest))
    return Lesion(
        seed=patient.seed,
        centre=(float(distance * np.cos(angle)), float(distance * np.sin(angle)), rng.uniform(-5, 5)),
        direction=(float(np.cos(angle)), float(np.sin(angle))),
        semi_axes=(float(radial), float(across), float(along)),
    )


def extent(thigh: Thigh, lesion: Lesion) -> tuple[float, float]:
    """How far the skin reaches from the limb's axis, away from the tumour and towards it, mm."""
    distance = float(np.hypot(*lesion.centre[:2]))
    towards, away = ((thigh.radius + sign * distance) / lesion.semi_axes[0] for sign in (-1, 1))
    reach = [lesion.semi_axes[0] * radius * _stretch(radius) for radius in (away, towards)]
    return reach[0] - distance, reach[1] + distance


def _stretch(radius: float) -> float:
    return float(np.cbrt(1 + _PUSH / max(radius, 1e-3) ** 3))
