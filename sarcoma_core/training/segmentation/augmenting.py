"""Another view of a case for each epoch: a function of (seed, epoch, case), so no generator has a state.

A training that is resumed sees what it would have seen. Turned, scaled, shifted and mirrored as another
patient on another table would lie; brighter, darker, uneven and noisier as another scanner would make it.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from monai.transforms import (
    Compose,
    RandAdjustContrastd,
    RandAffined,
    RandBiasFieldd,
    RandFlipd,
    RandGaussianNoised,
    RandGaussianSmoothd,
    RandScaleIntensityd,
    RandShiftIntensityd,
)

from sarcoma_core.training.drawing import number_of
from sarcoma_core.training.plain_tensors import without_meta
from sarcoma_core.training.segmentation.cases import PreparedCase

METHODS = (
    "mirrored along each axis, turned by up to 12 degrees, scaled by up to 12 %, shifted, with another "
    "contrast, gain, offset, bias and noise (MONAI)"
)
_ON_TUMOUR = 1 / 3
"""Of the patches that are smaller than the image, so many lie on a drawn region at least."""
_BOTH = ("image", "soft")
_ANGLE, _SCALE, _SHIFT = 0.21, 0.12, 0.08  # radians; part; part of the patch


class ShownCase(NamedTuple):
    """What a network is shown.

    Attributes:
        image: sequences x three axes.
        soft: regions x three axes.
        drawn: of each region, whether it counts.
    """

    image: torch.Tensor
    soft: torch.Tensor
    drawn: torch.Tensor


class Augmenter:
    """Draws the view of a case.

    Args:
        patch: voxels along each axis.
        slices_last: whether the third axis goes across thick slices: about it alone is turned by much.
        seed: of the training.
    """

    def __init__(self, patch: Sequence[int], *, slices_last: bool, seed: int) -> None:
        self._patch, self._seed = tuple(patch), seed
        self._views = views(self._patch, slices_last=slices_last)

    def draw(self, case: PreparedCase, epoch: int) -> ShownCase:
        """The view of a case in an epoch."""
        number = number_of(self._seed, epoch, case.name)
        place = _place(case, self._patch, np.random.default_rng(number))
        image, soft = (
            torch.from_numpy(np.ascontiguousarray(a[(slice(None), *place)], np.float32))
            for a in (case.image, case.soft)
        )
        air = torch.tensor(case.fills).reshape(-1, 1, 1, 1)
        self._views.set_random_state(seed=number % 2**32)
        with without_meta():
            seen: Any = self._views({"image": image - air, "soft": soft})
        return ShownCase(
            (seen["image"] + air).to(torch.float32),
            seen["soft"].to(torch.float32).clamp(0, 1),
            torch.from_numpy(case.drawn),
        )


def views(patch: tuple[int, ...], *, slices_last: bool) -> Compose:
    """What is done to a case by chance: MONAI's transforms of `image` and `soft`.

    Args:
        patch: voxels along each axis.
        slices_last: whether the third axis goes across thick slices.
    """
    turn = (_ANGLE / 4, _ANGLE / 4, _ANGLE) if slices_last else (_ANGLE,) * 3
    return Compose(
        [
            *(RandFlipd(_BOTH, prob=0.5, spatial_axis=axis) for axis in range(3)),
            RandAffined(
                _BOTH,
                prob=0.5,
                rotate_range=turn,
                scale_range=(_SCALE,) * 3,
                translate_range=tuple(_SHIFT * size for size in patch),
                mode="bilinear",
                padding_mode="zeros",
            ),
            RandAdjustContrastd("image", prob=0.2, gamma=(0.8, 1.25)),
            RandScaleIntensityd("image", prob=0.5, factors=0.2, channel_wise=True),
            RandShiftIntensityd("image", prob=0.5, offsets=0.1, channel_wise=True),
            RandBiasFieldd("image", prob=0.3, degree=2, coeff_range=(0.0, 0.25)),
            RandGaussianSmoothd(
                "image", prob=0.15, sigma_x=(0.3, 0.7), sigma_y=(0.3, 0.7), sigma_z=(0.3, 0.7)
            ),
            RandGaussianNoised("image", prob=0.4, std=0.12),
        ]
    )


def _place(case: PreparedCase, patch: tuple[int, ...], rng: np.random.Generator) -> tuple[slice, ...]:
    """Where the patch lies: anywhere, or on a voxel of a region."""
    shape = case.image.shape[1:]
    room = [have - want for have, want in zip(shape, patch, strict=True)]
    starts = [int(rng.integers(0, max(left, 0) + 1)) for left in room]
    if rng.random() < _ON_TUMOUR and any(left > 0 for left in room):
        inside = np.argwhere(case.soft.max(axis=0) > 0)
        if len(inside):
            middle = inside[rng.integers(len(inside))]
            starts = [
                int(np.clip(at - want // 2, 0, max(left, 0)))
                for at, want, left in zip(middle, patch, room, strict=True)
            ]
    return tuple(slice(start, start + want) for start, want in zip(starts, patch, strict=True))
