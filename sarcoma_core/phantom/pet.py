"""From tissue to PET: standardized uptake, point spread, noise, and the injection of the tracer."""

import datetime as dt
from dataclasses import dataclass

import numpy as np

from sarcoma_core.phantom.anatomy import Anatomy
from sarcoma_core.phantom.motion import Motion
from sarcoma_core.phantom.patient import Patient
from sarcoma_core.phantom.randomness import stream
from sarcoma_core.phantom.reception import Image
from sarcoma_core.phantom.resting import Samples, sampled, voxel_means
from sarcoma_core.phantom.slices import Slices
from sarcoma_core.phantom.tissue import Tissue

HALF_LIFE_S = 6586.2  # of fluorine-18
FWHM_MM = 6.0

# FDG; tumour from the patient's latent: 3.4 is the median of the TCIA cohort's means
SUV: dict[Tissue, float] = {
    Tissue.BACKGROUND: 0.0,
    Tissue.SKIN: 0.5,
    Tissue.FAT: 0.3,
    Tissue.MUSCLE: 0.7,
    Tissue.SEPTUM: 0.4,
    Tissue.CORTICAL_BONE: 0.3,
    Tissue.MARROW: 1.0,
    Tissue.VESSEL: 1.6,
    Tissue.NECROSIS: 1.0,
    Tissue.OEDEMA: 1.0,
}
_MEDIAN_SUV, _SD_LOG_SUV = 3.4, 0.55
_UNEVEN = 0.12  # relative standard deviation of the uptake within the viable tumour
_NOISE = 0.09
_FINE_MM = 2.1  # samples at least this close, so that the point spread is more than 1.2 of them wide
_SD_OF_FWHM = 1 / np.sqrt(8 * np.log(2))


@dataclass(frozen=True, slots=True)
class Injection:
    """What the conversion of activity into SUV needs, as it stands in the headers: whole units.

    Args:
        weight_kg: of the patient.
        size_m: of the patient.
        dose_bq: injected, at the time of injection.
        injected: when.
        scanned: when the series starts, the time that its decay correction refers to.
    """

    weight_kg: float
    size_m: float
    dose_bq: int
    injected: dt.datetime
    scanned: dt.datetime

    @property
    def suv_factor(self) -> float:
        """SUVbw in g/ml for 1 Bq/ml: weight over what is left of the dose when the series starts.

        Source: QIBA, FDG-PET/CT SUV technical validation: decay correction START.
        """
        elapsed = (self.scanned - self.injected).total_seconds()
        left = self.dose_bq * float(2.0 ** (-elapsed / HALF_LIFE_S))
        return self.weight_kg * 1000 / left


@dataclass(frozen=True, slots=True)
class PetAcquisition:
    """One PET series and what is known about it.

    Args:
        slices: where.
        suv: SUVbw in g/ml, not yet quantised, shape (i, j, k).
        noise_free: the same without noise.
        injection: when and how much.
        noise_sd: standard deviation of the noise where the SUV is 1; it grows with the root of the signal.
    """

    slices: Slices
    suv: Image
    noise_free: Image
    injection: Injection
    noise_sd: float


def tumour_suv(patient: Patient) -> float:
    """Mean SUV of the viable tumour: lognormal, by the latent that drives the outcome."""
    return float(_MEDIAN_SUV * np.exp(_SD_LOG_SUV * patient.latents.uptake))


def draw_injection(patient: Patient, scanned: dt.datetime) -> Injection:
    """Weight, size and dose of a patient, who is scanned about an hour after the injection.

    Args:
        patient: who is scanned.
        scanned: when the series starts.
    """
    rng = stream(patient.seed, "injection")
    size = rng.normal(1.66 if patient.sex == "F" else 1.78, 0.07)
    weight = float(np.clip(rng.normal(26, 4), 17, 45) * size**2)
    return Injection(
        weight_kg=round(weight, 1),
        size_m=round(float(size), 2),
        dose_bq=round(weight * rng.uniform(3.5, 5.5)) * 1_000_000,
        injected=scanned - dt.timedelta(seconds=int(rng.integers(3300, 4500))),
        scanned=scanned,
    )


def uptake(anatomy: Anatomy) -> Image:
    """SUV of each voxel before anything is lost to the scanner, shape (i, j, k)."""
    level = np.array([SUV.get(tissue, tumour_suv(anatomy.patient)) for tissue in Tissue], np.float32)
    suv = level[anatomy.labels]
    viable = anatomy.labels == Tissue.TUMOUR
    suv[viable] *= np.maximum(1 + np.float32(_UNEVEN) * anatomy.texture[viable], 0)
    return suv


def acquire_pet(
    anatomy: Anatomy, slices: Slices, motion: Motion, injection: Injection, *, noise: float = 1.0
) -> PetAcquisition:
    """Scan a limb: point spread, voxels, noise, in this order.

    Args:
        anatomy: the limb at rest.
        slices: where; they lie side by side, without gaps.
        motion: of the limb in the series.
        injection: when and how much.
        noise: standard deviation, as a factor.
    """
    often = [int(np.ceil(step / _FINE_MM)) for step in slices.spacing]
    samples = Samples(*often)
    fine = sampled(uptake(anatomy), anatomy, slices, motion, samples)
    sd = [FWHM_MM * _SD_OF_FWHM * n / step for n, step in zip(often, slices.spacing, strict=True)]
    noise_free = voxel_means(gaussian(fine, (sd[0], sd[1], sd[2])), samples)
    noise_sd = _NOISE * noise
    rng = stream(anatomy.patient.seed, "noise PET")
    error = rng.standard_normal(slices.shape, dtype=np.float32) * np.float32(noise_sd)
    suv = np.maximum(noise_free + error * np.sqrt(noise_free), 0)
    return PetAcquisition(slices, np.asarray(suv, np.float32), noise_free, injection, noise_sd)


def gaussian(image: Image, sd: tuple[float, float, float]) -> Image:
    """The image with a Gaussian point spread; beyond an edge it goes on as at the edge.

    Args:
        image: shape (i, j, k).
        sd: standard deviation along each axis, voxels.
    """
    for axis, width in enumerate(sd):
        reach = int(np.ceil(4 * width))
        kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
        pad = [(0, 0)] * 3
        pad[axis] = (reach, reach)
        padded = np.pad(image, pad, mode="edge")
        blurred = np.zeros_like(image)
        part = [slice(None)] * 3
        for start, weight in enumerate(kernel / kernel.sum()):
            part[axis] = slice(start, start + image.shape[axis])
            blurred += np.float32(weight) * padded[tuple(part)]
        image = blurred
    return image
