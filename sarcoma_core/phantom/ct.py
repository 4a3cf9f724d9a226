"""From tissue to CT: Hounsfield units and noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.phantom.anatomy import Anatomy
from sarcoma_core.phantom.motion import Motion
from sarcoma_core.phantom.randomness import stream
from sarcoma_core.phantom.reception import Image
from sarcoma_core.phantom.resting import Samples, sampled, voxel_means
from sarcoma_core.phantom.slices import Slices
from sarcoma_core.phantom.tissue import Tissue

HU: dict[Tissue, float] = {
    Tissue.BACKGROUND: -1000,
    Tissue.SKIN: 20,
    Tissue.FAT: -100,
    Tissue.MUSCLE: 55,
    Tissue.SEPTUM: -40,
    Tissue.CORTICAL_BONE: 900,
    Tissue.MARROW: -30,
    Tissue.VESSEL: 45,
    Tissue.TUMOUR: 32,
    Tissue.NECROSIS: 12,
    Tissue.OEDEMA: 30,
}
NOISE_HU = 18.0
RANGE_HU = (-1024, 3071)  # what 12 bits hold


@dataclass(frozen=True, slots=True)
class CtAcquisition:
    """One CT series and what is known about it.

    Args:
        slices: where.
        image: Hounsfield units, whole, shape (i, j, k).
        noise_free: the same without noise and rounding.
        noise_sd: standard deviation of the noise, HU.
    """

    slices: Slices
    image: NDArray[np.int16]
    noise_free: Image
    noise_sd: float


def acquire_ct(anatomy: Anatomy, slices: Slices, motion: Motion, *, noise: float = 1.0) -> CtAcquisition:
    """Scan a limb: voxels, noise and rounding, in this order.

    Args:
        anatomy: the limb at rest.
        slices: where.
        motion: of the limb in the series.
        noise: standard deviation, as a factor.
    """
    level = np.array([HU[tissue] for tissue in Tissue], np.float32)
    samples = Samples(k=2)
    fine = sampled(level[anatomy.labels], anatomy, slices, motion, samples)
    noise_free = voxel_means(fine, samples)
    noise_sd = NOISE_HU * noise
    rng = stream(anatomy.patient.seed, "noise CT")
    error = rng.standard_normal(slices.shape, dtype=np.float32) * np.float32(noise_sd)
    image = np.clip(np.rint(noise_free + error), *RANGE_HU).astype(np.int16)
    return CtAcquisition(slices, image, noise_free, noise_sd)
