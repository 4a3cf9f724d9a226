"""Surfaces of two masks, and how far each part of one is from the other.

A surface is either the voxels that have a neighbour outside across a face (as MONAI and MedPy have it), or
the elements that run between voxel centres (as surface-distance has it), weighted by their area.

Source: Maurer, Qi and Raghavan, IEEE TPAMI 2003 (exact distances on anisotropic grids), as ITK has it.
"""

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from sarcoma_core.imaging.volume import Mask, Spacing
from sarcoma_core.segmentation.elements import WHOLE, areas, codes

Lengths = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SurfaceDistances:
    """How far two surfaces are apart, part by part.

    Args:
        from_reference: mm from each part of its surface to the nearest of the other's; shape (n,).
        from_other: mm from each part of the other's surface to the nearest of the reference's; shape (m,).
        reference_weights: what each part counts: 1, or its area in mm²; shape (n,).
        other_weights: as above; shape (m,).
    """

    from_reference: Lengths
    from_other: Lengths
    reference_weights: Lengths
    other_weights: Lengths


def crop(reference: Mask, other: Mask) -> tuple[Mask, Mask]:
    """Both masks on the box that holds all voxels of either, with a rim of one voxel of background.

    What a mask holds on the edge of the image has its surface there.

    Args:
        reference: shape (x, y, z).
        other: of the same shape.

    Returns:
        Both copied; of the shape (2, 2, 2) where both are empty.
    """
    boxes = [found for mask in (reference, other) if (found := _box(mask)) is not None]
    if not boxes:
        nothing = np.zeros((2,) * reference.ndim, bool)
        return nothing, nothing.copy()
    box = tuple(
        slice(min(side.start for side in sides), max(side.stop for side in sides))
        for sides in zip(*boxes, strict=True)
    )
    return np.pad(reference[box], 1), np.pad(other[box], 1)


def voxel_distances(reference: Mask, other: Mask, spacing: Spacing) -> SurfaceDistances:
    """Distances between the surface voxels of two masks, centre to centre; each counts 1.

    Args:
        reference: with a rim of background and not empty, shape (x, y, z); see `crop`.
        other: in the same way, of the same shape.
        spacing: of the voxels, mm.
    """
    one, two = _surface_voxels(reference), _surface_voxels(other)
    there, back = _distances(one, two, spacing), _distances(two, one, spacing)
    return SurfaceDistances(there, back, np.ones_like(there), np.ones_like(back))


def element_distances(reference: Mask, other: Mask, spacing: Spacing) -> SurfaceDistances:
    """Distances between the surface elements of two masks; each counts its area.

    An element lies in a cube of eight voxel centres; distances are those of the middles of cubes.

    Args:
        reference: with a rim of background and not empty, shape (x, y, z); see `crop`.
        other: in the same way, of the same shape.
        spacing: of the voxels, mm.
    """
    area = areas(spacing)
    first, second = codes(reference), codes(other)
    one, two = ((found != 0) & (found != WHOLE) for found in (first, second))
    return SurfaceDistances(
        _distances(one, two, spacing),
        _distances(two, one, spacing),
        area[first[one]],
        area[second[two]],
    )


def _box(mask: Mask) -> tuple[slice, ...] | None:
    """The smallest box that holds the voxels of a mask; axes far apart in memory first, to read it once."""
    found = [slice(None)] * mask.ndim
    for axis in sorted(range(mask.ndim), key=lambda axis: -abs(mask.strides[axis])):
        others = tuple(other for other in range(mask.ndim) if other != axis)
        held = np.flatnonzero(mask[tuple(found)].any(axis=others))
        if not held.size:
            return None
        found[axis] = slice(int(held[0]), int(held[-1]) + 1)
    return tuple(found)


def _surface_voxels(mask: Mask) -> Mask:
    whole = mask.copy()
    for axis in range(mask.ndim):
        along, inner = (np.moveaxis(array, axis, 0) for array in (mask, whole))
        inner[1:] &= along[:-1]
        inner[:-1] &= along[1:]
    return mask & ~whole


def _distances(surface: Mask, to: Mask, spacing: Spacing) -> Lengths:
    """Mm from each part of a surface to the nearest of another; SimpleITK names axes the other way round."""
    image = sitk.GetImageFromArray(np.ascontiguousarray(to).view(np.uint8))
    image.SetSpacing([float(step) for step in reversed(spacing)])
    signed = sitk.SignedMaurerDistanceMap(
        image, insideIsPositive=False, squaredDistance=False, useImageSpacing=True
    )
    found: Lengths = sitk.GetArrayViewFromImage(signed)[surface].astype(np.float64)
    return np.maximum(found, 0.0)
