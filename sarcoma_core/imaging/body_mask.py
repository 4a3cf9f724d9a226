"""Where the body is in an MR volume: everything that is not air, from the intensities alone."""

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from sarcoma_core.errors import SeriesRefused

_SMOOTHING = 2.0  # mm, sd: noise in air is averaged, a limb's edge moves by less than a voxel
_CLOSING = 3.0  # mm, radius: gaps of fat-saturated skin and fat
_SMALLEST_PART = 0.1  # of the largest component: both thighs are kept, specks and vials are not
_AIR_AT_THE_EDGE = 0.05  # of the slices' edges: a crop inside the body has less, and then all of it is body

Mask = NDArray[np.bool_]


def body_mask(array: NDArray[np.floating], spacing: tuple[float, float, float]) -> Mask:
    """Where the body is.

    Otsu's threshold on the logarithm of the smoothed volume, so that dark, fat-saturated tissue counts as body;
    then the large components, and what they enclose in each slice (bone, necrosis). A volume that is cropped
    inside the body shows hardly any air at its edges: then all of it is body.

    Args:
        array: intensities, shape (x, y, slices).
        spacing: mm.

    Returns:
        The mask, shape (x, y, slices); never empty.

    Raises:
        SeriesRefused: the volume is constant, not 3D, or holds values that are no numbers.
    """
    check_volume(array)
    rough = _not_air(array, spacing)
    edges = (rough[0], rough[-1], rough[:, 0], rough[:, -1])
    air = 1 - np.mean(np.concatenate([edge.ravel() for edge in edges]))
    if air < _AIR_AT_THE_EDGE:
        return np.ones(array.shape, dtype=np.bool_)
    return _fill_slices(_large_parts(rough))


def check_volume(array: NDArray[np.floating]) -> None:
    """Refuse what no intensity step can work on.

    Raises:
        SeriesRefused: the volume is constant, not 3D, or holds values that are no numbers.
    """
    if array.ndim != 3:  # noqa: PLR2004  three axes
        raise SeriesRefused(f"the volume must have 3 dimensions; found {array.ndim}")
    if not np.isfinite(array).all():
        raise SeriesRefused("the volume must hold numbers only; found NaN or infinity")
    if array.min() == array.max():
        raise SeriesRefused("the volume must not be constant; all its voxels are equal")


def _image(array: NDArray[np.generic], spacing: tuple[float, float, float]) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(array.T))
    image.SetSpacing(spacing)
    return image


def _array(image: SimpleITK.Image) -> NDArray[np.generic]:
    return np.asarray(SimpleITK.GetArrayFromImage(image)).T


def _not_air(array: NDArray[np.floating], spacing: tuple[float, float, float]) -> Mask:
    in_plane = min(spacing[:2])
    smooth = array.astype(np.float32)
    for axis in (0, 1):
        gauss = SimpleITK.RecursiveGaussianImageFilter()
        gauss.SetSigma(_SMOOTHING)
        gauss.SetDirection(axis)
        if smooth.shape[axis] > 3:  # noqa: PLR2004  the filter's own lower bound
            smooth = np.asarray(_array(gauss.Execute(_image(smooth, spacing))), dtype=np.float32)
    logarithm = np.log1p(np.clip(smooth - smooth.min(), 0, None))
    bright = SimpleITK.OtsuThreshold(_image(logarithm, spacing), 0, 1, 128)
    radius = max(1, round(_CLOSING / in_plane))
    return np.asarray(_array(SimpleITK.BinaryMorphologicalClosing(bright, [radius, radius, 0])), dtype=np.bool_)


def _large_parts(mask: Mask) -> Mask:
    parts = _array(SimpleITK.ConnectedComponent(_image(mask.astype(np.uint8), (1.0, 1.0, 1.0))))
    sizes = np.bincount(np.asarray(parts, dtype=np.int64).ravel())
    sizes[0] = 0
    return np.asarray(sizes >= _SMALLEST_PART * sizes.max())[parts] & mask


def _fill_slices(mask: Mask) -> Mask:
    """Fill in each slice: a limb is open at both ends, so in 3D its bones are not enclosed."""
    filled = mask.copy()
    for k in range(mask.shape[2]):
        plane = SimpleITK.GetImageFromArray(mask[:, :, k].astype(np.uint8))
        filled[:, :, k] = SimpleITK.GetArrayFromImage(SimpleITK.BinaryFillhole(plane)) > 0
    return filled
