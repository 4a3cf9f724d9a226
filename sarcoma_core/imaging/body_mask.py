"""Where the body is in an MR volume.

Otsu's threshold on intensities cuts off what is dark in the body: fat under fat suppression, cortical bone,
the far side of a surface coil. Air is what is really different, and alike everywhere, so it is looked for
instead: the darkest plateau of the volume. If nothing is dark enough for air, nor noisy like it (a volume
cropped inside the body, or with its background set to 0), the body is everything positive.
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
# Standard deviation over mean of one channel's noise is 0.52 (Rayleigh; Gudbjartsson and Patz 1995); channels
# that are summed have less, and a signal high enough for the rule above. Tissue has 0.2 at most.
_AIR_IS_NOISY = 0.4
_FROM_AIR_TO_BODY = 0.4  # where the threshold lies between the two, in log intensity
_FACES_OF_AIR = 3  # air reaches round an edge of the volume; the marrow of a bone leaves by two faces
_PART_OF_LARGEST = 0.1  # smaller components are not limbs
_MAJORITY_WITHIN = 1.0  # mm
_THREAD_WITHIN = 2.0  # mm: half the width of what is too thin to hold a component together


def body_mask(volume: Floats, spacing: Spacing) -> Mask:
    """Find the body, its bones and cysts included; all limbs in view count.

    The threshold lies between air and body, 40 % of the way in log intensity, which multiplies the room for
    bias, ghosts and noise on either side. Decided by majority among neighbours, then by components: what is
    dark is air only where it is seen to go round the body, touching three faces of the volume, and of the
    rest the components of a tenth of the largest or more are body.

    Args:
        volume: intensities, shape (x, y, z); what is not positive is never body before holes are filled.
        spacing: mm along x, y, z.

    Raises:
        InputError: the volume is not 3D, not finite, constant, or nowhere positive.
    """
    check_values(volume)
    votes, voters = _around(volume > _threshold(volume, spacing), spacing, _MAJORITY_WITHIN, np.add)
    return _limbs(_without_holes(2 * votes > voters), spacing)


def _threshold(volume: Floats, spacing: Spacing) -> float:
    """What separates air from body; 0 where there is no air."""
    x, y, z = (max(1, round(_BLOCK / step)) for step in spacing)
    blocks = block_statistics(volume, volume > 0, (x, y, z))
    seen = blocks.coverage > 0
    if not seen.any():
        raise InputError("volume: must hold positive intensities; found none.")
    dark = seen & (blocks.mean <= 2.5 * np.quantile(blocks.mean[seen], _DARKEST))
    air = float(np.median(blocks.mean[dark]))
    body = blocks.mean[blocks.mean > 3 * air]
    contrast = float(np.median(body)) / air if body.size else 1.0
    if contrast < _AIR_IS_DARKER and np.median(blocks.spread[dark]) < _AIR_IS_NOISY:
        return 0.0
    return float(air * contrast**_FROM_AIR_TO_BODY)


def _without_holes(bright: Mask) -> Mask:
    labels = _components(~bright)
    faces = [face for axis in range(labels.ndim) for face in (labels.take(0, axis), labels.take(-1, axis))]
    touched = np.concatenate([np.unique(face) for face in faces])
    air = np.bincount(touched, minlength=int(labels.max()) + 1) >= _FACES_OF_AIR
    air[0] = False
    return np.asarray(~air[labels])


def _limbs(body: Mask, spacing: Spacing) -> Mask:
    """The components that are limbs, cut off from what hangs on by a thread: ghosts and flow in the air.

    Holes are filled before: skin over a shin is thinner than a thread, and holds the bone in.
    """
    core, _ = _around(body, spacing, _THREAD_WITHIN, np.minimum)
    labels = _components(core > 0)
    sizes = np.bincount(labels.ravel(order="K"))
    sizes[0] = 0
    limbs = (sizes >= max(_PART_OF_LARGEST * sizes.max(), 1))[labels]
    near, _ = _around(limbs, spacing, _THREAD_WITHIN, np.maximum)
    return np.asarray(body & (near > 0))


def _around(mask: Mask, spacing: Spacing, within: float, combine: np.ufunc) -> tuple[NDArray[np.uint8], int]:
    """Combine the mask over the box of this half width (mm) around each voxel; and the box's voxels."""
    found = mask.astype(np.uint8)
    voxels = 1
    for axis, step in enumerate(spacing):
        reach = min(round(within / step), 2)
        if not reach:
            continue
        padded = np.pad(
            found, [(reach, reach) if other == axis else (0, 0) for other in range(found.ndim)], "edge"
        )
        for shift in range(2 * reach + 1):
            if shift != reach:
                place = (slice(None),) * axis + (slice(shift, shift + found.shape[axis]),)
                combine(found, padded[place], out=found)
        voxels *= 2 * reach + 1
    return found, voxels


def _components(mask: Mask) -> NDArray[np.uint32]:
    """Face-connected components, numbered from 1; shape (x, y, z)."""
    image = sitk.GetImageFromArray(mask.T.astype(np.uint8))
    return np.asarray(sitk.GetArrayFromImage(sitk.ConnectedComponent(image)).T)
