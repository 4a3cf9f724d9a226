"""Where the slices of a series lie: pure functions over positions and orientations.

Coordinates are the patient's, in millimetres, x to the left, y to the back, z to the head (LPS: PS3.3,
C.7.6.2.1.1); only `affine` leaves them for NIfTI's RAS. A position is the centre of the first voxel stored.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

PLACE_TOLERANCE_MM = 0.06
"""How far a slice may lie from its place. Scanners round positions, some to one decimal, which moves a slice
by up to 0.05 mm; the thinnest clinical slice is ten times thicker, so no fault hides below this."""

PLACE_TOLERANCE_FRACTION = 0.01
"""As above, of the spacing: for thick slices a hundredth of the spacing is harmless as well."""

SIDEWAYS_TOLERANCE_PIXELS = 0.1
"""How far origins may leave the straight line along the normal: a tenth of a pixel moves no contour."""

ANGLE_TOLERANCE = 5e-4
"""Greatest difference of direction cosines within one orientation. Scanners print at least four decimals, so
rounding stays below 1e-4; 5e-4 rad is 0.03 degrees, 0.1 mm at 250 mm from the origin."""

_SEARCH_STEPS = 60
"""Each step keeps two thirds of the interval: 60 leave 1e-10 of it."""

UNIT_TOLERANCE = 1e-3
"""How far ImageOrientationPatient may be from two orthogonal unit vectors and still be one."""


def is_orientation(cosines: Floats) -> bool:
    """Whether six numbers are two orthogonal unit vectors (PS3.3, C.7.6.2.1.1)."""
    row, column = cosines[:3], cosines[3:]
    products = np.array([row @ row - 1, column @ column - 1, row @ column])
    return bool(np.all(np.abs(products) < UNIT_TOLERANCE))


def slice_normal(cosines: Floats) -> Floats:
    """The unit normal of a slice, rows x columns, from the six cosines of ImageOrientationPatient."""
    normal = np.cross(cosines[:3], cosines[3:])
    unit: Floats = normal / np.linalg.norm(normal)
    return unit


def orientation_groups(cosines: Floats) -> Integers:
    """Number the distinct orientations in order of appearance.

    Args:
        cosines: ImageOrientationPatient of each slice, shape (n, 6).

    Returns:
        The group of each slice, shape (n,).
    """
    leaders: list[Floats] = []
    groups = np.empty(len(cosines), dtype=np.intp)
    for i, row in enumerate(cosines):
        for group, leader in enumerate(leaders):
            if np.abs(row - leader).max() <= ANGLE_TOLERANCE:
                groups[i] = group
                break
        else:
            groups[i] = len(leaders)
            leaders.append(row)
    return groups


@dataclass(frozen=True)
class SliceStack:
    """Slices of one orientation, put in order along their normal.

    Args:
        place: which place each slice takes, 0 at the low end of the normal, shape (n,). Slices at one place
            lie within the tolerance of each other.
        distances: of each place along the normal from the first, mm, shape (places,).
        start: position of the first place, shape (3,).
        normal: shape (3,).
        sideways: greatest distance of a slice from the straight line along the normal, mm.
        tilt: angle between the normal and the line through the origins, degrees.
    """

    place: Integers
    distances: Floats
    start: Floats
    normal: Floats
    sideways: float
    tilt: float

    @cached_property
    def occurrences(self) -> Integers:
        """How many slices lie at each place, shape (places,)."""
        often: Integers = np.bincount(self.place, minlength=len(self.distances))
        return often

    @cached_property
    def gaps(self) -> Floats:
        """From place to place, mm, shape (places - 1,)."""
        gaps: Floats = np.diff(self.distances)
        return gaps

    @cached_property
    def _line(self) -> Floats:
        """Slope and start of the straight line through the distances (least squares): the even grid."""
        line: Floats = np.polyfit(np.arange(len(self.distances)), self.distances, 1)
        return line

    @property
    def spacing(self) -> float:
        """Of the even grid, mm."""
        return float(self._line[0])

    @property
    def origin(self) -> Floats:
        """Position of the first slice on the even grid, shape (3,)."""
        origin: Floats = self.start + self._line[1] * self.normal
        return origin

    @property
    def deviation(self) -> float:
        """How far slices would have to move, at the least, to be even: half the width of the narrowest band.

        Not the distance from the line of least squares: rounding by e makes a band of half width e, but can
        put a slice 2 e from that line.
        """
        index = np.arange(len(self.distances))

        def half_width(spacing: float) -> float:
            return float(np.ptp(self.distances - spacing * index)) / 2

        low, high = float(self.gaps.min()), float(self.gaps.max())
        for _ in range(_SEARCH_STEPS):  # the width is convex in the spacing: ternary search
            third = (high - low) / 3
            if half_width(low + third) < half_width(high - third):
                high -= third
            else:
                low += third
        return half_width((low + high) / 2)


def stack_slices(positions: Floats, cosines: Floats) -> SliceStack:
    """Order slices along their normal, whatever the order in which they come.

    Args:
        positions: ImagePositionPatient of each slice, mm, shape (n, 3), n >= 1.
        cosines: the one ImageOrientationPatient that they share, shape (6,).
    """
    normal = slice_normal(cosines)
    along = positions @ normal
    order = np.argsort(along, kind="stable")
    starts = np.concatenate([[True], np.diff(along[order]) > PLACE_TOLERANCE_MM])
    place = np.empty(len(positions), dtype=np.intp)
    place[order] = np.cumsum(starts) - 1
    members = np.bincount(place)
    distances = np.bincount(place, weights=along) / members
    # In the plane the median, so that one sideways slice does not move the whole stack.
    start = np.median(positions - np.outer(along, normal), axis=0) + distances[0] * normal
    sideways, tilt = _shear(positions, along, normal)
    return SliceStack(place, distances - distances[0], start, normal, sideways, tilt)


def _shear(positions: Floats, along: Floats, normal: Floats) -> tuple[float, float]:
    """How far origins run away from the normal (mm, from the first slice), and at which angle (degrees)."""
    first = np.argmin(along)
    distance = along - along[first]
    lateral = positions - positions[first] - np.outer(distance, normal)
    drift = np.linalg.norm(distance @ lateral) / max(float(distance @ distance), np.finfo(float).tiny)
    return float(np.linalg.norm(lateral, axis=1).max()), float(np.degrees(np.arctan(drift)))


def place_tolerance(spacing: float) -> float:
    """How far a slice may lie from its place on a grid of this spacing, mm."""
    return max(PLACE_TOLERANCE_MM, PLACE_TOLERANCE_FRACTION * abs(spacing))


def missing_slices(gaps: Floats) -> Integers:
    """How many slices are missing in each gap.

    Assumes that the true spacing is among the gaps. A single gap says nothing (it is its own spacing).

    Args:
        gaps: from place to place, mm, shape (g,).

    Returns:
        The number missing in each gap, shape (g,); all zero when the gaps are even, and also when they are
        not multiples of one spacing or most are not that spacing: such a stack varies, it has no hole.
    """
    none = np.zeros(len(gaps), dtype=np.intp)
    if len(gaps) < 2:  # noqa: PLR2004  two gaps are the fewest that can differ
        return none
    single = np.median(gaps[np.rint(gaps / gaps.min()) == 1])
    steps = np.rint(gaps / single)
    # Each end of a gap may be off by the tolerance of a place.
    fits = np.abs(gaps - steps * single) <= 2 * place_tolerance(float(single)) * steps
    if not fits.all() or 2 * np.count_nonzero(steps == 1) < len(gaps):
        return none
    missing: Integers = (steps - 1).astype(np.intp)
    return missing


def affine(origin: Floats, cosines: Floats, spacing: tuple[float, float, float]) -> Floats:
    """The matrix from voxel (column, row, slice) to NIfTI world coordinates (RAS, mm); shape (4, 4).

    Args:
        origin: position of voxel (0, 0, 0), LPS, shape (3,).
        cosines: ImageOrientationPatient, shape (6,).
        spacing: mm from column to column, from row to row, from slice to slice (along rows x columns).
    """
    matrix = np.eye(4)
    matrix[:3, 0] = cosines[:3] * spacing[0]
    matrix[:3, 1] = cosines[3:] * spacing[1]
    matrix[:3, 2] = slice_normal(cosines) * spacing[2]
    matrix[:3, 3] = origin
    lps_to_ras: Floats = np.diag([-1.0, -1.0, 1.0, 1.0])
    return lps_to_ras @ matrix
