"""The tissues of a limb, and the masks that are read off a tissue volume."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


class Tissue(IntEnum):
    """The values of a tissue volume."""

    BACKGROUND = 0
    SKIN = 1
    FAT = 2
    MUSCLE = 3
    SEPTUM = 4
    CORTICAL_BONE = 5
    MARROW = 6
    VESSEL = 7
    TUMOUR = 8
    NECROSIS = 9
    OEDEMA = 10


def body_mask(labels: Labels) -> Mask:
    """Everything that is not air."""
    return np.asarray(labels != Tissue.BACKGROUND)


def tumour_mask(labels: Labels) -> Mask:
    """The gross tumour: viable and necrotic, without oedema (the contour "GTV_Mass" of the TCIA cohort)."""
    return np.asarray((labels == Tissue.TUMOUR) | (labels == Tissue.NECROSIS))
