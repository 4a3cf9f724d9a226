import datetime as dt
import math

import numpy as np
import pytest

from sarcoma_core.phantom.anatomy import Anatomy
from sarcoma_core.phantom.patient import draw_patient
from sarcoma_core.phantom.pet import (
    HALF_LIFE_S,
    Injection,
    PetAcquisition,
    acquire_pet,
    draw_injection,
    gaussian,
    tumour_suv,
    uptake,
)
from sarcoma_core.phantom.study import Study
from sarcoma_core.phantom.tissue import Tissue
from tests.phantom.conftest import inside

NOON = dt.datetime(2020, 2, 29, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def pet(study: Study) -> PetAcquisition:
    acquisition = study["PET"].acquisition
    assert isinstance(acquisition, PetAcquisition)
    return acquisition


def test_each_tissue_takes_up_what_the_table_of_the_science_says(anatomies: list[Anatomy]) -> None:
    """Section 4 of the science: SUV of muscle, fat, marrow, vessel, oedema and necrosis."""
    told = {
        "MUSCLE": 0.7,
        "FAT": 0.3,
        "MARROW": 1,
        "VESSEL": 1.6,
        "OEDEMA": 1,
        "NECROSIS": 1,
        "BACKGROUND": 0,
    }
    suv = uptake(anatomies[0])
    for name, level in told.items():
        np.testing.assert_allclose(suv[anatomies[0].labels == Tissue[name]], level, rtol=1e-6)


def test_the_tumour_takes_up_what_its_latent_says_on_average(anatomies: list[Anatomy]) -> None:
    for anatomy in anatomies:
        suv = uptake(anatomy)[anatomy.labels == Tissue.TUMOUR]
        assert suv.mean() == pytest.approx(tumour_suv(anatomy.patient), rel=0.03)
        assert suv.std() / suv.mean() == pytest.approx(0.12, abs=0.03)


def test_tumours_are_lognormal_about_3_4_and_driven_by_the_latent() -> None:
    patients = [draw_patient(seed) for seed in range(400)]
    logs = np.log([tumour_suv(patient) for patient in patients])
    assert logs.mean() == pytest.approx(math.log(3.4), abs=3 * 0.55 / 20)
    assert logs.std() == pytest.approx(0.55, rel=0.1)
    assert np.corrcoef(logs, [patient.latents.uptake for patient in patients])[0, 1] == pytest.approx(1)


def test_a_large_region_keeps_its_uptake(study: Study, pet: PetAcquisition) -> None:
    muscle = inside(study["PET"].labels, Tissue.MUSCLE, voxels=(2, 2, 3))
    assert muscle.sum() > 300
    assert pet.noise_free[muscle].mean() == pytest.approx(0.7, rel=0.02)
    assert pet.suv[muscle].mean() == pytest.approx(0.7, rel=0.02)


def test_a_point_spread_of_6_mm_has_that_width_at_half_of_its_height() -> None:
    point = np.zeros((41, 41, 41), np.float32)
    point[20, 20, 20] = 1
    spread = gaussian(point, (6 / 2.3548, 3 / 2.3548, 1.5 / 2.3548))
    assert spread.sum() == pytest.approx(1, abs=1e-5)
    peak = spread[20, 20, 20]
    # a sample 3 mm away, in voxels of 1, 2 and 1 mm
    assert spread[23, 20, 20] / peak == pytest.approx(0.5, rel=1e-3)
    assert spread[20, 23, 20] / peak == pytest.approx(1 / 16, rel=1e-3)


@pytest.mark.parametrize("radius", [4.0, 7.0, 12.0])
def test_the_peak_of_a_hot_ball_is_lost_as_theory_says(radius: float) -> None:
    """Recovery in the middle of a ball blurred by a Gaussian: erf(x) - 2 x exp(-x^2) / sqrt(pi)."""
    axis = np.arange(-30, 31).astype(np.float32)
    distance = np.sqrt(axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2)
    ball = np.clip(radius + 0.5 - distance, 0, 1).astype(np.float32)
    sd = 6 / math.sqrt(8 * math.log(2))
    x = radius / (math.sqrt(2) * sd)
    recovery = math.erf(x) - 2 * x * math.exp(-(x**2)) / math.sqrt(math.pi)
    assert gaussian(ball, (sd, sd, sd))[30, 30, 30] == pytest.approx(recovery, abs=0.01)


def test_an_edge_is_not_mixed_with_the_other_side_of_the_image() -> None:
    half = np.zeros((20, 8, 8), np.float32)
    half[:10] = 1
    spread = gaussian(half, (2.0, 2.0, 2.0))
    np.testing.assert_allclose(spread[0], 1, atol=1e-5)
    np.testing.assert_allclose(spread[-1], 0, atol=1e-5)


def test_the_scanner_lowers_the_peak_of_a_thin_rim(study: Study, pet: PetAcquisition) -> None:
    suv, labels = uptake(study.anatomy), study["PET"].labels
    true = np.percentile(suv[study.anatomy.labels == Tissue.TUMOUR], 99)
    seen = np.percentile(pet.noise_free[labels == Tissue.TUMOUR], 99)
    assert 0.7 * true < seen < true
    assert pet.noise_free[labels == Tissue.BACKGROUND].mean() < 0.02


def test_noise_grows_with_the_root_of_the_signal(study: Study, pet: PetAcquisition) -> None:
    noise = pet.suv - pet.noise_free
    for tissue in (Tissue.MUSCLE, Tissue.TUMOUR, Tissue.OEDEMA):
        there = study["PET"].labels == tissue
        relative = noise[there] / np.sqrt(pet.noise_free[there])
        assert relative.std() == pytest.approx(pet.noise_sd, rel=0.05)
        assert abs(relative.mean()) < 4 * pet.noise_sd / np.sqrt(there.sum())
    assert pet.suv.min() >= 0


def test_noise_has_the_factor_of_its_site(study: Study, pet: PetAcquisition) -> None:
    series = study["PET"].protocol
    louder = acquire_pet(study.anatomy, series.slices, series.motion, pet.injection, noise=2)
    np.testing.assert_array_equal(louder.noise_free, pet.noise_free)
    seen = (pet.suv > 0) & (louder.suv > 0)
    np.testing.assert_allclose(
        (louder.suv - louder.noise_free)[seen], 2 * (pet.suv - pet.noise_free)[seen], atol=1e-5
    )


def test_the_factor_is_weight_over_the_dose_that_is_left() -> None:
    """70 kg, 350 MBq: 70 000 g / 350e6 Bq at once, twice that after a half-life (the day is a leap day)."""
    half_life = dt.timedelta(seconds=HALF_LIFE_S)
    at_once = Injection(70.0, 1.7, 350_000_000, NOON, NOON)
    assert at_once.suv_factor == pytest.approx(2e-4, rel=1e-12)
    later = Injection(70.0, 1.7, 350_000_000, NOON, NOON + half_life)
    assert later.suv_factor == pytest.approx(4e-4, rel=1e-12)
    assert pytest.approx(109.77 * 60) == HALF_LIFE_S


def test_injections_are_those_of_a_hospital() -> None:
    for seed in range(60):
        injection = draw_injection(draw_patient(seed), NOON)
        assert 55 * 60 <= (NOON - injection.injected).total_seconds() < 75 * 60
        assert 15 < injection.weight_kg / injection.size_m**2 < 46
        assert 3 < injection.dose_bq / injection.weight_kg / 1e6 < 6
        assert injection.dose_bq == int(injection.dose_bq)
        # whole enough for a decimal string
        assert injection.weight_kg == float(f"{injection.weight_kg:.1f}")
