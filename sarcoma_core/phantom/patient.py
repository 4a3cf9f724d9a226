"""Who a synthetic patient is, apart from any image: the facts that all modalities share."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from sarcoma_core.errors import UsageError
from sarcoma_core.phantom.randomness import stream

# The real cohort's median and spread (TCIA Soft-tissue-Sarcoma, 51 patients), clipped to what a limb holds.
# The clip takes 9 % at the upper end, where real volumes reach 2.3 L.
MEDIAN_VOLUME_ML, SD_LOG_VOLUME = 340.0, 0.95
VOLUME_RANGE_ML = (12.0, 1200.0)
_LARGEST_SUPERFICIAL_ML = 150.0
_SUPERFICIAL_FRACTION = 0.25  # of those that are small enough to lie above the fascia
_EVEN_ODDS = 0.5
_LEFT_THIGH = (92.5, 14.0, -415.0)  # its middle, LPS mm


class Latents(NamedTuple):
    """What drives a patient's disease, each from N(0, 1) and independent of the others.

    Volume, necrosis, uptake and oedema are seen in images, atypia on slides only, age in the clinical table
    only: so the best score that any choice of modalities can reach is known exactly.
    """

    volume: float
    necrosis: float
    uptake: float
    oedema: float
    atypia: float
    age: float


@dataclass(frozen=True, slots=True)
class Patient:
    """One synthetic patient; volumes in mL, age in years."""

    seed: int
    latents: Latents
    sex: Literal["F", "M"]
    laterality: Literal["L", "R"]
    superficial: bool
    study_start: dt.datetime

    @property
    def patient_id(self) -> str:
        """The PatientID, from which the patient can be made again."""
        return f"STS-PHANTOM-{self.seed:04d}"

    @property
    def age(self) -> int:
        """Age at the study: 60 +- 14 years among adults."""
        return int(np.clip(round(60 + 14 * self.latents.age), 18, 89))

    @property
    def target_volume(self) -> float:
        """The tumour volume that the anatomy is built for, before it is cut into voxels."""
        return _volume(self.latents)

    @property
    def necrosis_fraction(self) -> float:
        """The part of the tumour that is necrotic: 2 to 45 %, 16 % where the latent is 0."""
        return 0.02 + 0.43 / (1 + float(np.exp(0.7 - 1.1 * self.latents.necrosis)))

    @property
    def oedema_width(self) -> float:
        """How far the oedema reaches beside the tumour, mm; above and below it reaches further."""
        return float(np.clip(9 * np.exp(0.5 * self.latents.oedema), 3, 25))


def draw_patient(seed: int) -> Patient:
    """The patient of a seed.

    Raises:
        UsageError: the seed is negative.
    """
    if seed < 0:
        raise UsageError(f"seed: must be 0 or more; found {seed}.")
    rng = stream(seed, "patient")
    latents = Latents(*(float(z) for z in rng.normal(size=len(Latents._fields))))
    sex, side, depth, day, minute = rng.random(5)
    return Patient(
        seed=seed,
        latents=latents,
        sex="F" if sex < _EVEN_ODDS else "M",
        laterality="L" if side < _EVEN_ODDS else "R",
        superficial=bool(depth < _SUPERFICIAL_FRACTION and _volume(latents) < _LARGEST_SUPERFICIAL_ML),
        study_start=dt.datetime(2012, 1, 2, 8, tzinfo=dt.UTC)
        + dt.timedelta(days=int(3000 * day), minutes=int(480 * minute)),
    )


def limb_centre(patient: Patient) -> tuple[float, float, float]:
    """Where the middle of the limb lies, LPS mm."""
    x, y, z = _LEFT_THIGH
    return (x if patient.laterality == "L" else -x), y, z


def start_of_series(patient: Patient, minutes: int) -> dt.datetime:
    """When a series starts that begins so many minutes after the study."""
    return patient.study_start + dt.timedelta(minutes=minutes)


def _volume(latents: Latents) -> float:
    return float(np.clip(MEDIAN_VOLUME_ML * np.exp(SD_LOG_VOLUME * latents.volume), *VOLUME_RANGE_ML))
