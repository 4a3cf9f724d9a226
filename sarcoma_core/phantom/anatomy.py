"""A limb with a tumour: the tissue at every point of a grid.

The limb is a function of position, so the same patient can be sampled on any grid: coarse or fine, and
for any modality. Nothing is random after the patient's numbers have been drawn from the seed.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np

from sarcoma_core.errors import UsageError
from sarcoma_core.phantom.grid import Grid
from sarcoma_core.phantom.lesion import Lesion, draw_lesion, extent
from sarcoma_core.phantom.patient import Patient, draw_patient
from sarcoma_core.phantom.randomness import Axes, random_field, stream
from sarcoma_core.phantom.thigh import Coordinate, Point, Thigh, draw_thigh, paint_soft_tissue
from sarcoma_core.phantom.tissue import Labels, Tissue, tumour_mask

_COVER = 4.5  # mm of skin that a tumour stretches but does not break
_NECROSIS_REACH = 0.88  # viable tumour lies outside of this radius
_APART = 200.0  # mm between the axes of two thighs: 105 to the skin over a tumour, 90 to that of the other
_WIDTH_OF_TWO = 400.0  # mm
_BOW = 4.0  # mm that the femur bends forward at mid-height


@dataclass(frozen=True, slots=True)
class Anatomy:
    """The truth about one patient on one grid.

    Args:
        patient: whose limb it is.
        grid: where it is sampled.
        labels: values of `Tissue`, shape (i, j, k).
        tumour_radius: 0 in the tumour's centre, 1 on its surface, larger outside.
        texture: how each tissue varies in itself, mean 0 and variance 1.
    """

    patient: Patient
    grid: Grid
    labels: Labels
    tumour_radius: Coordinate
    texture: Coordinate

    @property
    def tumour_voxels(self) -> int:
        """Number of voxels of the gross tumour."""
        return int(tumour_mask(self.labels).sum())

    @property
    def tumour_volume(self) -> float:
        """Volume of the gross tumour in mL, as its voxels have it."""
        return self.tumour_voxels * self.grid.voxel_volume / 1000


def limb(seed: int, grid: Grid, *, both: bool = False) -> Anatomy:
    """The limb of the patient of a seed, sampled at the voxel centres of a grid.

    Args:
        seed: of the patient.
        grid: where to sample; its tilt and centre do not matter, the limb is fixed to it.
        both: whether the patient's other thigh, which is healthy, lies beside it.

    Raises:
        UsageError: the seed is negative, or the grid is too narrow for both thighs.
    """
    width = grid.shape[0] * grid.spacing[0]
    if both and width < _WIDTH_OF_TWO:
        raise UsageError(f"grid: must be {_WIDTH_OF_TWO:g} mm wide along i for both thighs; found {width:g}.")
    patient = draw_patient(seed)
    thigh = draw_thigh(patient)
    lesion = _with_volume(draw_lesion(patient, thigh), thigh, patient.target_volume)

    x, y, z = grid.axes()
    aside = np.float32(thigh.side * _APART / 2 if both else 0)
    axes = _centred((x - aside, y, z), thigh, lesion)
    radius = lesion.radius(axes)
    waviness = random_field(stream(seed, "septa"), axes, length=15)
    labels = paint_soft_tissue(thigh, *lesion.before_growth(axes, radius), waviness)

    _paint_femur(labels, thigh, axes, lesion.pushed(thigh.femur))
    _paint_lesion(labels, patient=patient, lesion=lesion, axes=axes, radius=radius)
    if both:
        _paint_other_thigh(labels, thigh, (-(x + aside), y, z))
    return Anatomy(patient, grid, labels, radius, _texture(seed, axes))


def other_limb(seed: int, grid: Grid) -> Anatomy:
    """The patient's other thigh, which is healthy, sampled at the voxel centres of a grid.

    Args:
        seed: of the patient.
        grid: where to sample; the thigh lies in its middle.

    Raises:
        UsageError: the seed is negative.
    """
    patient = draw_patient(seed)
    x, y, z = grid.axes()
    labels = np.full(grid.shape, Tissue.BACKGROUND, np.uint8)
    _paint_other_thigh(labels, draw_thigh(patient), (-x, y, z))
    radius = np.full(grid.shape, np.inf, np.float32)
    return Anatomy(patient, grid, labels, radius, _texture(seed, (x, y, z)))


def _texture(seed: int, axes: Axes) -> Coordinate:
    return 0.8 * random_field(stream(seed, "texture"), axes, length=5) + 0.6 * random_field(
        stream(seed, "fine texture"), axes, length=2.5
    )


def _paint_femur(labels: Labels, thigh: Thigh, axes: Axes, femur: Point) -> None:
    distance = _distance_from_femur(femur, axes)
    labels[distance < thigh.femur_radius] = Tissue.CORTICAL_BONE
    labels[distance < thigh.femur_radius - thigh.cortex] = Tissue.MARROW


def _paint_other_thigh(labels: Labels, thigh: Thigh, axes: Axes) -> None:
    """The thigh as it was before the tumour grew, where there is air; its mirror image on mirrored axes."""
    x, y, z = np.broadcast_arrays(*axes)
    other = paint_soft_tissue(thigh, x, y, z, np.zeros(labels.shape, np.float32))
    _paint_femur(other, thigh, axes, thigh.femur)
    air = labels == Tissue.BACKGROUND
    labels[air] = other[air]


def _paint_lesion(
    labels: Labels, *, patient: Patient, lesion: Lesion, axes: Axes, radius: Coordinate
) -> None:
    bone = (labels == Tissue.CORTICAL_BONE) | (labels == Tissue.MARROW)
    width = patient.oedema_width
    halo = lesion.radius(axes, margin=(width, width, 2.2 * width))
    feathers = random_field(stream(patient.seed, "oedema"), axes, length=10)
    labels[(labels == Tissue.MUSCLE) & (halo < np.exp(0.15 * feathers - 0.1))] = Tissue.OEDEMA

    skin = (labels == Tissue.BACKGROUND) & ((radius - 1) * min(lesion.semi_axes) < _COVER)
    labels[skin] = Tissue.SKIN
    tumour = (radius < 1) & ~bone
    labels[tumour] = Tissue.TUMOUR

    # the necrosis is the part of the tumour that is deepest, by an uneven measure of depth
    uneven = random_field(stream(patient.seed, "necrosis"), axes, length=0.4 * min(lesion.semi_axes))
    depth = np.where(tumour & (radius < _NECROSIS_REACH), radius * np.exp(0.3 * uneven), np.inf)
    rank = int(patient.necrosis_fraction * tumour.sum())
    labels[depth < np.partition(depth, rank, axis=None)[rank]] = Tissue.NECROSIS


def _with_volume(lesion: Lesion, thigh: Thigh, volume_ml: float) -> Lesion:
    """The lesion with the surface that encloses the volume, bone apart."""
    half = 1.9 * np.array(lesion.semi_axes)
    samples = 48
    x, y, z = (
        (c + h * np.linspace(-1, 1, samples, endpoint=False) + h / samples).astype(np.float32)
        for c, h in zip(lesion.centre, half, strict=True)
    )
    axes = (x[:, None, None], y[None, :, None], z[None, None, :])
    bone = _distance_from_femur(lesion.pushed(thigh.femur), axes) < thigh.femur_radius
    rank = round(volume_ml * 1000 / float(np.prod(2 * half / samples)))
    radius = np.sort(lesion.radius(axes)[~bone])
    return dataclasses.replace(lesion, surface=float(radius[rank]))


def _distance_from_femur(femur: Point, axes: Axes) -> Coordinate:
    """Distance from the axis of the femur, which a tumour pushes aside as a whole."""
    x, y, z = axes
    px, py = femur
    bow = _BOW * (1 - (z / 80) ** 2)
    return np.asarray(np.hypot(x - np.float32(px), y - np.float32(py) + bow), np.float32)


def _centred(axes: Axes, thigh: Thigh, lesion: Lesion) -> Axes:
    """Coordinates from the limb's axis when limb and tumour lie in the middle of the field of view."""
    away, towards = extent(thigh, lesion)
    x, y, z = axes
    ux, uy = (np.float32(u * (towards - away) / 2) for u in lesion.direction)
    return x + ux, y + uy, z
