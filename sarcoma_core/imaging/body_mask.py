"""Where the body is in an MR volume.

Otsu's threshold on intensities cuts off what is dark in the body: fat under fat suppression, cortical bone,
the far side of a surface coil. So the threshold is taken from the air (`air.py`). If there is none (a volume
cropped inside the body, or with its background set to 0), the body is everything positive.
"""

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.air import threshold
from sarcoma_core.imaging.volume import Floats, Mask, Spacing, check_values

_FACES_OF_AIR = 3  # air reaches round an edge of the volume; the marrow of a bone leaves by two faces
_PART_OF_LARGEST = 0.1  # smaller components are not limbs
_MAJORITY_WITHIN = 1.0  # mm
_THREAD_WITHIN = 2.0  # mm: half the width of what is too thin to hold a component together
_FARTHEST = 2  # voxels: keeps a box of votes small
_NEARLY_ALL = 0.95  # of the image


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """The body in a volume.

    Args:
        mask: shape (x, y, z) of the volume.
        air: whether air was found around the body; if not, all that is positive is body.
        part: how much of the image is body, 0 to 1; padding, which is not positive, is no part of the image.
    """

    mask: Mask
    air: bool
    part: float

    def warnings(self) -> tuple[str, ...]:
        """What a reader has to check, in sentences without a full stop."""
        warnings = []
        if self.part > _NEARLY_ALL:
            warnings.append(f"the body mask covers {100 * self.part:.1f} % of the image")
        if not self.air:
            warnings.append("no air was found around the body: all that is positive counts as body")
        return tuple(warnings)


def find_body(volume: Floats, spacing: Spacing) -> Body:
    """Find the body, its bones and cysts included; all limbs in view count.

    Decided by majority among neighbours, then by components: what is dark is air only where it is seen to go
    round the body, touching three faces of the volume, and of the rest the components of a tenth of the
    largest or more are body.

    Args:
        volume: intensities, shape (x, y, z); what is not positive is never body before holes are filled.
        spacing: mm along x, y, z.

    Raises:
        InputError: the volume is not 3D, not finite, constant, or nowhere positive; the body cannot be told
            from the air.
    """
    check_values(volume)
    level = threshold(volume, spacing)
    votes, voters = _around((volume > (level or 0)).view(np.uint8), spacing, _MAJORITY_WITHIN, np.add)
    bright = 2 * votes > voters
    if not bright.any():
        raise InputError("volume: must show a body in one piece; found single bright voxels only.")
    box = _box_with_rim(bright)
    filled = _without_holes(bright[box])
    mask = np.zeros_like(bright)
    mask[box] = _limbs(filled, spacing)
    if not mask.any():
        raise InputError(
            f"volume: must show a body over {2 * _THREAD_WITHIN:g} mm thick; found threads only."
        )
    image = volume > 0
    part = np.count_nonzero(mask & image) / np.count_nonzero(image)
    return Body(mask, level is not None and not (filled.all() and filled.shape == mask.shape), part)


def _box_with_rim(mask: Mask) -> tuple[slice, ...]:
    """The box around the mask and one voxel more: around it there is air, in one piece as in the volume."""
    box = []
    for axis, size in enumerate(mask.shape):
        others = tuple(other for other in range(mask.ndim) if other != axis)
        inside = np.flatnonzero(mask.any(axis=others))
        box.append(slice(max(int(inside[0]) - 1, 0), min(int(inside[-1]) + 2, size)))
    return tuple(box)


def _without_holes(bright: Mask) -> Mask:
    labels = _components(~bright)
    sides = [np.moveaxis(labels, axis, 0) for axis in range(labels.ndim)]
    touched = np.concatenate([np.unique(side[end]) for side in sides for end in (0, -1)])
    air = np.bincount(touched, minlength=int(labels.max()) + 1) >= _FACES_OF_AIR
    air[0] = False
    return np.asarray(~air[labels])


def _limbs(body: Mask, spacing: Spacing) -> Mask:
    """The components that are limbs, cut off from what hangs on by a thread: ghosts and flow in the air.

    Holes are filled before: skin over a shin is thinner than a thread, and holds the bone in.
    """
    core, _ = _around(body.view(np.uint8), spacing, _THREAD_WITHIN, np.minimum)
    labels = _components(core.view(np.bool_))
    sizes = np.bincount(labels.ravel(order="K"))
    sizes[0] = 0
    limbs = (sizes >= max(_PART_OF_LARGEST * sizes.max(), 1))[labels]
    near, _ = _around(limbs.view(np.uint8), spacing, _THREAD_WITHIN, np.maximum)
    return np.asarray(body & near.view(np.bool_))


def _around(
    votes: NDArray[np.uint8], spacing: Spacing, within: float, combine: np.ufunc
) -> tuple[NDArray[np.uint8], int]:
    """Combine the box of this half width (mm) around each voxel; and the box's voxels.

    Outside of the volume lies what lies at its edge.
    """
    voxels = 1
    for axis, step in enumerate(spacing):
        reach = min(round(within / step), _FARTHEST)
        if not reach:
            continue
        before, votes = np.moveaxis(votes, axis, 0), votes.copy(order="K")
        after = np.moveaxis(votes, axis, 0)
        for shift in range(1, reach + 1):
            combine(after[shift:], before[:-shift], out=after[shift:])
            combine(after[:shift], before[:1], out=after[:shift])
            combine(after[:-shift], before[shift:], out=after[:-shift])
            combine(after[-shift:], before[-1:], out=after[-shift:])
        voxels *= 2 * reach + 1
    return votes, voxels


def _components(mask: Mask) -> NDArray[np.uint32]:
    """Face-connected components, numbered from 1; shape (x, y, z)."""
    image = sitk.GetImageFromArray(mask.T.astype(np.uint8))
    return np.asarray(sitk.GetArrayFromImage(sitk.ConnectedComponent(image)).T)
