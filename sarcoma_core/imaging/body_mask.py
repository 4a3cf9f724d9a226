"""Where the body is in an MR volume.

Otsu's threshold on intensities cuts off what is dark in the body: fat under fat suppression, cortical bone,
the far side of a surface coil. Air is what is really different, and alike everywhere, so it is looked for
instead: the darkest plateau of the volume. If nothing is dark enough for air (a volume cropped inside the
body, or with its background set to 0), the body is everything positive.
"""

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.blocks import block_statistics
from sarcoma_core.imaging.volume import Floats, Mask, Spacing, check_values

_BLOCK = 3.0  # mm: noise is averaged in blocks of about this size
_DARKEST = 0.02  # air is at least this part of the volume, or is not seen
_AIR_IS_DARKER = 8.0  # times, than the middle of the body; fat under suppression is 3 to 6 times darker
_FROM_AIR_TO_BODY = 0.4  # where the threshold lies between the two, in log intensity
_FACES_OF_AIR = 3  # air reaches round an edge of the volume; the marrow of a bone leaves by two faces
_PART_OF_LARGEST = 0.1  # smaller components are not limbs


def body_mask(volume: Floats, spacing: Spacing) -> Mask:
    """Find the body, its bones and cysts included; all limbs in view count.

    The threshold lies between air and body, 40 % of the way in log intensity, which multiplies the room for
    bias, ghosts and noise on either side. Decided by majority among neighbours, then by components: those of
    a tenth of the largest or more are body, and what is dark is air only where it is seen to go round the
    body, touching three faces of the volume.

    Args:
        volume: intensities, shape (x, y, z); what is not positive is never body before holes are filled.
        spacing: mm along x, y, z.

    Raises:
        InputError: the volume is not 3D, not finite, constant, or nowhere positive.
    """
    check_values(volume)
    bright = _majority(volume > _threshold(volume, spacing), spacing)
    return _without_holes(_big_components(bright))


def _threshold(volume: Floats, spacing: Spacing) -> float:
    """What separates air from body; 0 where there is no air."""
    x, y, z = (max(1, round(_BLOCK / step)) for step in spacing)
    blocks = block_statistics(volume, volume > 0, (x, y, z))
    means = blocks.mean[blocks.coverage > 0]
    if not means.size:
        raise InputError("volume: must hold positive intensities; found none.")
    air = np.median(means[means <= 2.5 * np.quantile(means, _DARKEST)])
    body = means[means > 4 * air]
    if not body.size or (contrast := float(np.median(body) / air)) < _AIR_IS_DARKER:
        return 0.0
    return float(air * contrast**_FROM_AIR_TO_BODY)


def _majority(bright: Mask, spacing: Spacing) -> Mask:
    """What most voxels within about a millimetre say."""
    votes = bright.astype(np.uint16)
    voters = 1
    for axis, step in enumerate(spacing):
        reach = round(1 / step)
        if reach:
            ends = [(reach, reach) if other == axis else (0, 0) for other in range(votes.ndim)]
            padded = np.pad(votes, ends, mode="edge")
            size = votes.shape[axis]
            votes = np.add.reduce([_part(padded, axis, start, size) for start in range(2 * reach + 1)])
            voters *= 2 * reach + 1
    return np.asarray(2 * votes > voters)


def _part(array: NDArray[np.uint16], axis: int, start: int, size: int) -> NDArray[np.uint16]:
    return array[(slice(None),) * axis + (slice(start, start + size),)]


def _big_components(bright: Mask) -> Mask:
    labels = _components(bright)
    sizes = np.bincount(labels.ravel(order="K"))
    sizes[0] = 0
    return np.asarray((sizes >= max(_PART_OF_LARGEST * sizes.max(), 1))[labels])


def _without_holes(body: Mask) -> Mask:
    labels = _components(~body)
    faces = [face for axis in range(labels.ndim) for face in (labels.take(0, axis), labels.take(-1, axis))]
    touched = np.concatenate([np.unique(face) for face in faces])
    air = np.bincount(touched, minlength=int(labels.max()) + 1) >= _FACES_OF_AIR
    air[0] = False
    return np.asarray(~air[labels])


def _components(mask: Mask) -> NDArray[np.uint32]:
    """Face-connected components, numbered from 1; shape (x, y, z)."""
    image = sitk.GetImageFromArray(mask.T.astype(np.uint8))
    return np.asarray(sitk.GetArrayFromImage(sitk.ConnectedComponent(image)).T)
