"""Where the body is in an MR volume."""

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from sarcoma_core.errors import InputError


def body_mask(volume: NDArray[np.float32], spacing: tuple[float, float, float]) -> NDArray[np.bool_]:
    """Otsu's threshold, the big components, their holes filled.

    Args:
        volume: shape (x, y, z).
        spacing: mm.

    Raises:
        InputError: the volume is constant.
    """
    del spacing
    if volume.min() == volume.max():
        raise InputError("volume: must not be constant; it is.")
    image = sitk.GetImageFromArray(np.log1p(np.clip(volume, 0, None)))
    mask = sitk.OtsuThreshold(image, 0, 1, 128)
    mask = sitk.BinaryMorphologicalClosing(mask, [2, 2, 1])
    labels = sitk.RelabelComponent(sitk.ConnectedComponent(mask))
    array = sitk.GetArrayFromImage(labels)
    counts = np.bincount(array.ravel())
    keep = np.flatnonzero(counts > 0.1 * counts[1:].max())
    body = np.isin(array, keep[keep > 0]).astype(np.uint8)
    return sitk.GetArrayFromImage(sitk.BinaryFillhole(sitk.GetImageFromArray(body))).astype(bool)
