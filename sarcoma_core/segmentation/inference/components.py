"""From probability to mask: the threshold, and which pieces are kept."""

from typing import NamedTuple

import numpy as np
import SimpleITK as sitk

from sarcoma_core.imaging.volume import Floats, Mask

LEAST_PART = 0.05
"""Of the largest piece: a smaller one is dropped."""


class KeptMask(NamedTuple):
    """A mask and what became of its pieces.

    Attributes:
        mask: shape (x, y, z).
        pieces: that are kept, ml, the largest first.
        dropped: pieces that were too small.
        dropped_ml: of these together.
    """

    mask: Mask
    pieces: tuple[float, ...]
    dropped: int
    dropped_ml: float


def keep_pieces(probability: Floats, voxel_ml: float, *, threshold: float, least_ml: float) -> KeptMask:
    """The mask of a probability, without its small pieces; voxels that share a face are of one piece.

    Args:
        probability: shape (x, y, z), on the native grid.
        voxel_ml: volume of a voxel.
        threshold: from which a voxel belongs to the region.
        least_ml: a smaller piece is dropped, as is one of less than a twentieth of the largest.
    """
    mask = probability >= threshold
    image = sitk.GetImageFromArray(np.ascontiguousarray(mask.T).astype(np.uint8))
    labels = np.asarray(sitk.GetArrayFromImage(sitk.ConnectedComponent(image)).T)
    volumes = np.bincount(labels.ravel())[1:] * voxel_ml
    if not volumes.size:
        return KeptMask(mask, (), 0, 0.0)
    kept = (volumes >= least_ml) & (volumes >= LEAST_PART * volumes.max())
    chosen = np.concatenate([[False], kept])[labels]
    return KeptMask(
        np.asarray(chosen, np.bool_),
        tuple(sorted(volumes[kept].tolist(), reverse=True)),
        int((~kept).sum()),
        float(volumes[~kept].sum()),
    )
