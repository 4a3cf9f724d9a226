"""All features of a region as one mapping, and those of them that a model takes."""

from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.volume import Mask, Spacing
from sarcoma_core.segmentation.radiomics.first_order import intensity_statistics
from sarcoma_core.segmentation.radiomics.shape import morphology
from sarcoma_core.segmentation.radiomics.voxels import masked_voxels

FEATURES: Final = (
    "morph_volume",
    "morph_sphericity",
    "morph_pca_elongation",
    "morph_pca_flatness",
    "stat_mean",
    "stat_var",
    "stat_skew",
    "stat_kurt",
)
"""Those of a model, in its order: none follows from the others, and each is finite for every region."""
FEATURE_TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "morph_volume": "Volume of the mask",
        "morph_sphericity": "Sphericity of the mask",
        "morph_pca_elongation": "Elongation of the mask, 1 is round",
        "morph_pca_flatness": "Flatness of the mask, 1 is not flat",
        "stat_mean": "Mean of intensity",
        "stat_var": "Variance of intensity",
        "stat_skew": "Skewness of intensity",
        "stat_kurt": "Excess kurtosis of intensity",
    }
)
"""What a reader calls each; IBSI's elongation and flatness are ratios of axes, the shorter on top."""


def radiomic_features(intensities: NDArray[np.generic], mask: Mask, spacing: Spacing) -> dict[str, float]:
    """All features of a region, by IBSI's names: those of the shape first, then those of intensities.

    Four of them have no value where what they divide by is 0, and are nan then: `morph_com`, `stat_cov`,
    `stat_qcod` and `stat_rmad`.

    Args:
        intensities: shape (x, y, z).
        mask: booleans, of the same shape.
        spacing: of the voxels, mm; axes at right angles.

    Raises:
        InputError: as `masked_voxels` and `morphology`.
    """
    voxels = masked_voxels(intensities, mask, spacing)
    return asdict(morphology(voxels)) | asdict(intensity_statistics(voxels))


def model_features(found: Mapping[str, float]) -> tuple[float, ...]:
    """The values that a model takes, in the order of `FEATURES`.

    Args:
        found: features by name, as `radiomic_features` gives them.

    Raises:
        InputError: one is missing.
    """
    missing = [name for name in FEATURES if name not in found]
    if missing:
        raise InputError(f"features: must hold those of the model; {', '.join(missing)} missing.")
    return tuple(found[name] for name in FEATURES)
