"""Another view of a patient for each epoch: a function of (seed, epoch, patient), without a state.

Mirrored, turned and shifted as another patient on another table would lie; brighter and noisier as another
scanner would make it. Nothing is scaled: how large a tumour is tells how it will go. Now and then a sequence
is taken away, so that one that is missing is a known case.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch
from monai.transforms import (
    Compose,
    RandAffined,
    RandFlipd,
    RandGaussianNoised,
    RandScaleIntensityd,
    RandShiftIntensityd,
)

from sarcoma_core.training.drawing import number_of
from sarcoma_core.training.outcomes.patients import PatientBatch, PatientInputs, as_they_are
from sarcoma_core.training.plain_tensors import without_meta

METHODS: Final = (
    "mirrored along each axis, turned by up to 12 degrees, shifted, with another gain, offset and "
    "noise (MONAI)"
)
DROPPED: Final = 0.2
"""How often a sequence is taken away from a patient who has several. Ours."""
_ANGLE, _SHIFT = 0.21, 0.05
"""Radians, as MONAI has them; part of the image."""
_BOTH = ("image", "mask")


class OutcomeAugmenter:
    """Draws views of patients.

    Args:
        edge: voxels along each axis of the images.
        seed: of the training.
        dropped: how often a sequence is taken away, 0 to 1.
    """

    def __init__(self, edge: int, *, seed: int, dropped: float = DROPPED) -> None:
        self._seed, self._dropped = seed, dropped
        self._views = outcome_views(edge)
        # One generator for all transforms: MONAI would seed one of each anew, which takes as long as the rest
        self._random = np.random.RandomState()
        for view in self._views.transforms:
            view.set_random_state(state=self._random)

    def draw(self, inputs: PatientInputs, rows: Sequence[int], epoch: int) -> PatientBatch:
        """The views of some patients in an epoch.

        Args:
            inputs: of all patients.
            rows: which.
            epoch: from 0.
        """
        plain = as_they_are(inputs, rows)
        if plain.image is None or plain.present is None:
            return plain
        image, present = plain.image.clone(), plain.present.clone()
        for place, row in enumerate(rows):
            number = number_of(self._seed, epoch, inputs.names[row])
            image[place] = self._seen(image[place], number)
            present[place] = self._left(present[place], number)
        return PatientBatch(image, present, plain.clinical)

    def _seen(self, image: torch.Tensor, number: int) -> torch.Tensor:
        air = image[:-1].amin(dim=(1, 2, 3), keepdim=True)  # so that what is shifted in is air
        self._random.seed(number % 2**32)
        with without_meta():
            seen: Any = self._views({"image": image[:-1] - air, "mask": image[-1:]})
        return torch.cat([seen["image"] + air, seen["mask"].clamp(0, 1)]).to(torch.float32)

    def _left(self, present: torch.Tensor, number: int) -> torch.Tensor:
        rng = np.random.default_rng([number, 1])
        there = torch.nonzero(present)[:, 0].tolist()
        if len(there) < 2 or rng.random() >= self._dropped:  # noqa: PLR2004  the last one is never taken
            return present
        left = present.clone()
        left[int(rng.choice(there))] = False
        return left


def outcome_views(edge: int) -> Compose:
    """What is done to an image by chance: MONAI's transforms of `image` and `mask`.

    Args:
        edge: voxels along each axis.
    """
    return Compose(
        [
            *(RandFlipd(_BOTH, prob=0.5, spatial_axis=axis) for axis in range(3)),
            RandAffined(
                _BOTH,
                prob=0.3,
                rotate_range=(_ANGLE,) * 3,
                translate_range=(_SHIFT * edge,) * 3,
                mode="bilinear",
                padding_mode="zeros",
            ),
            RandScaleIntensityd("image", prob=0.5, factors=0.1, channel_wise=True),
            RandShiftIntensityd("image", prob=0.5, offsets=0.1, channel_wise=True),
            RandGaussianNoised("image", prob=0.3, std=0.1),
        ]
    )
