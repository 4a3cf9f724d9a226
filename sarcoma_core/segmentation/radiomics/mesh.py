"""The surface of a region: marching cubes half-way between voxel centres, as in `segmentation.elements`.

Source: IBSI reference manual, arXiv:1612.07003, section 3.1 (mesh-based representation).
"""

import math
from dataclasses import dataclass

import numpy as np

from sarcoma_core.imaging.volume import Mask, Spacing
from sarcoma_core.segmentation.elements import areas, codes, shares
from sarcoma_core.segmentation.radiomics.voxels import Floats, Indices

_CODES = 256


@dataclass(frozen=True, slots=True, eq=False)
class SurfaceMesh:
    """What is measured of a triangle mesh.

    Args:
        volume_mm3: what it holds.
        area_mm2: of its triangles.
        vertices: mm, from any origin; shape (n, 3), each one once.
    """

    volume_mm3: float
    area_mm2: float
    vertices: Floats


def surface_mesh(indices: Indices, spacing: Spacing) -> SurfaceMesh:
    """The mesh around voxels; those on the edge of the image have their surface there.

    Args:
        indices: of one voxel or more along the three axes, shape (n, 3).
        spacing: of the voxels, mm.
    """
    mask = _padded(indices)
    counts = np.bincount(codes(mask).ravel(), minlength=_CODES)
    return SurfaceMesh(
        volume_mm3=float(counts @ np.array(shares())) * math.prod(spacing),
        area_mm2=float(counts @ areas(spacing)),
        vertices=_vertices(mask) * spacing,
    )


def _padded(indices: Indices) -> Mask:
    """The smallest box with a rim of background."""
    places = indices - indices.min(axis=0) + 1
    mask = np.zeros(places.max(axis=0) + 2, bool)
    mask[tuple(places.T)] = True
    return mask


def _vertices(mask: Mask) -> Floats:
    """The middles of all edges between a voxel inside and a neighbour outside, in voxels."""
    found = []
    for axis in range(mask.ndim):
        along = np.moveaxis(mask, axis, 0)
        cut = np.argwhere(along[1:] != along[:-1]).astype(np.float64)
        cut[:, 0] += 0.5
        found.append(np.insert(cut[:, 1:], axis, cut[:, 0], axis=1))
    return np.concatenate(found)
