"""Morphological features (IBSI HCUG): how large a region is, and of what form.

Volume, area and diameter are those of the surface mesh; axes and centres of mass are those of voxel centres.

Source: IBSI reference manual, arXiv:1612.07003, section 3.1.
"""

import math
from dataclasses import dataclass

import numpy as np

from sarcoma_core.errors import InputError
from sarcoma_core.segmentation.radiomics.diameter import diameter
from sarcoma_core.segmentation.radiomics.mesh import surface_mesh
from sarcoma_core.segmentation.radiomics.voxels import Floats, MaskedVoxels

_FEWEST = 2


@dataclass(frozen=True, slots=True)
class Morphology:
    """19 of the 29 features of IBSI, under its names. Ratios have no unit.

    Args:
        morph_volume: of the mesh, mm³.
        morph_vol_approx: voxels times the volume of one, mm³.
        morph_area_mesh: surface of the mesh, mm².
        morph_av: surface / volume, 1/mm.
        morph_comp_1: compactness 1; 0.053 for a ball.
        morph_comp_2: compactness 2; 1 for a ball.
        morph_sph_dispr: spherical disproportion; 1 for a ball, and more for others.
        morph_sphericity: the surface of a ball of that volume / surface; 1 for a ball.
        morph_asphericity: spherical disproportion less 1.
        morph_com: from the mean voxel centre to that weighted by intensity, mm; nan where these add up to 0.
        morph_diam: largest distance between two vertices of the mesh, mm.
        morph_pca_maj_axis: 4 standard deviations of voxel centres along their first principal axis, mm.
        morph_pca_min_axis: the same along the second, mm.
        morph_pca_least_axis: the same along the third, mm.
        morph_pca_elongation: second axis / first.
        morph_pca_flatness: third axis / first.
        morph_vol_dens_aabb: volume / that of the box around the mesh along the axes of the image.
        morph_area_dens_aabb: surface / that of this box.
        morph_integ_int: volume times mean intensity, mm³ times the unit of the image.
    """

    morph_volume: float
    morph_vol_approx: float
    morph_area_mesh: float
    morph_av: float
    morph_comp_1: float
    morph_comp_2: float
    morph_sph_dispr: float
    morph_sphericity: float
    morph_asphericity: float
    morph_com: float
    morph_diam: float
    morph_pca_maj_axis: float
    morph_pca_min_axis: float
    morph_pca_least_axis: float
    morph_pca_elongation: float
    morph_pca_flatness: float
    morph_vol_dens_aabb: float
    morph_area_dens_aabb: float
    morph_integ_int: float


def morphology(voxels: MaskedVoxels) -> Morphology:
    """All features of the shape.

    Raises:
        InputError: one voxel alone, which has no principal axes.
    """
    if len(voxels) < _FEWEST:
        raise InputError("mask: must hold at least 2 voxels, as one has no principal axes; found 1.")
    mesh = surface_mesh(voxels.indices, voxels.spacing)
    centres = voxels.indices * np.array(voxels.spacing)
    volume, area = mesh.volume_mm3, mesh.area_mm2
    compactness = 36 * math.pi * volume**2 / area**3
    disproportion = compactness ** (-1 / 3)
    least, minor, major = _axes(centres)
    a, b, c = (float(length) for length in np.ptp(mesh.vertices, axis=0))
    return Morphology(
        morph_volume=volume,
        morph_vol_approx=len(voxels) * math.prod(voxels.spacing),
        morph_area_mesh=area,
        morph_av=area / volume,
        morph_comp_1=volume / math.sqrt(math.pi * area**3),
        morph_comp_2=compactness,
        morph_sph_dispr=disproportion,
        morph_sphericity=1 / disproportion,
        morph_asphericity=disproportion - 1,
        morph_com=_shift(centres, voxels.intensities),
        morph_diam=diameter(mesh.vertices),
        morph_pca_maj_axis=major,
        morph_pca_min_axis=minor,
        morph_pca_least_axis=least,
        morph_pca_elongation=minor / major,
        morph_pca_flatness=least / major,
        morph_vol_dens_aabb=volume / (a * b * c),
        morph_area_dens_aabb=area / (2 * (a * b + b * c + a * c)),
        morph_integ_int=volume * float(voxels.intensities.mean()),
    )


def _axes(centres: Floats) -> tuple[float, float, float]:
    """Lengths of the principal axes, the least first; by n - 1, with which IBSI's phantom comes out."""
    variances = np.linalg.eigvalsh(np.cov(centres, rowvar=False))
    least, minor, major = 4 * np.sqrt(np.maximum(variances, 0.0))  # 0 may come out a little below
    return float(least), float(minor), float(major)


def _shift(centres: Floats, intensities: Floats) -> float:
    """How far the centre of mass lies from the centre of the shape."""
    total = float(intensities.sum())
    if not total:
        return math.nan
    weighted = intensities @ (centres - centres.mean(axis=0)) / total
    return math.hypot(*weighted)
