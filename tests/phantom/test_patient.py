import numpy as np
import pytest

from sarcoma_core.errors import UsageError
from sarcoma_core.phantom.patient import VOLUME_RANGE_ML, draw_patient

PATIENTS = [draw_patient(seed) for seed in range(2000)]


def test_volumes_are_those_of_the_tcia_cohort() -> None:
    volumes = np.array([patient.target_volume for patient in PATIENTS])
    lower, median, upper = np.percentile(volumes, (25, 50, 75))
    # 51 patients of TCIA Soft-tissue-Sarcoma: quartiles 143, 353 and 624 mL
    assert median == pytest.approx(340, rel=0.1)
    assert lower == pytest.approx(143, rel=0.3)
    assert upper == pytest.approx(624, rel=0.3)
    assert np.log(volumes).std() == pytest.approx(0.95, abs=0.1)
    assert VOLUME_RANGE_ML[0] <= volumes.min()
    assert volumes.max() <= VOLUME_RANGE_ML[1]
    assert (volumes == VOLUME_RANGE_ML[1]).mean() < 0.12


def test_latents_are_standard_normal_and_independent() -> None:
    latents = np.array([patient.latents for patient in PATIENTS])
    error = 4 / np.sqrt(len(PATIENTS))
    assert np.abs(latents.mean(axis=0)).max() < error
    assert np.abs(np.cov(latents.T) - np.eye(6)).max() < 1.5 * error


def test_patients_are_adults_of_both_sexes_and_sides() -> None:
    assert all(18 <= patient.age <= 89 for patient in PATIENTS)
    assert {patient.sex for patient in PATIENTS} == {"F", "M"}
    assert {patient.laterality for patient in PATIENTS} == {"L", "R"}


def test_more_of_a_latent_is_more_of_what_it_drives() -> None:
    by_necrosis = sorted(PATIENTS, key=lambda patient: patient.latents.necrosis)
    fractions = [patient.necrosis_fraction for patient in by_necrosis]
    assert fractions == sorted(fractions)
    assert 0.02 <= fractions[0] < fractions[-1] <= 0.45
    by_oedema = sorted(PATIENTS, key=lambda patient: patient.latents.oedema)
    widths = [patient.oedema_width for patient in by_oedema]
    assert widths == sorted(widths)


def test_superficial_tumours_are_the_smaller_ones() -> None:
    superficial = [patient.target_volume for patient in PATIENTS if patient.superficial]
    assert superficial
    assert max(superficial) < 150


def test_the_patient_id_tells_the_seed() -> None:
    assert draw_patient(7).patient_id == "STS-PHANTOM-0007"
    assert len({patient.patient_id for patient in PATIENTS}) == len(PATIENTS)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(UsageError, match="seed: must be 0 or more; found -1"):
        draw_patient(-1)
