import numpy as np
import pytest

from sarcoma_core.phantom.anatomy import Anatomy
from sarcoma_core.phantom.signal import (
    PROPERTIES,
    T1CE,
    T2FS,
    Acquisition,
    Sequence,
    acquire,
    spin_echo,
)
from sarcoma_core.phantom.tissue import Tissue, body_mask

Scans = list[tuple[Anatomy, Acquisition, Acquisition]]


@pytest.fixture(scope="module")
def scans(anatomies: list[Anatomy]) -> Scans:
    return [(anatomy, acquire(anatomy, T1CE), acquire(anatomy, T2FS)) for anatomy in anatomies]


def level(anatomy: Anatomy, acquisition: Acquisition, tissue: Tissue) -> float:
    return float(np.median(acquisition.noise_free[anatomy.labels == tissue]))


def test_contrasts_are_those_of_the_tcia_cohort(scans: Scans) -> None:
    t1, t2, t1_necrosis = [], [], []
    for anatomy, t1ce, t2fs in scans:
        t1.append(level(anatomy, t1ce, Tissue.TUMOUR) / level(anatomy, t1ce, Tissue.MUSCLE))
        t2.append(level(anatomy, t2fs, Tissue.TUMOUR) / level(anatomy, t2fs, Tissue.MUSCLE))
        t1_necrosis.append(level(anatomy, t1ce, Tissue.NECROSIS) / level(anatomy, t1ce, Tissue.TUMOUR))
    assert np.median(t1) == pytest.approx(1.9, abs=0.1)
    assert np.median(t2) == pytest.approx(2.3, abs=0.15)
    assert np.median(t1_necrosis) == pytest.approx(0.38, abs=0.05)


def test_oedema_is_brighter_than_muscle_and_darker_than_tumour(scans: Scans) -> None:
    for anatomy, *acquisitions in scans:
        for acquisition in acquisitions:
            muscle, oedema, tumour = (
                level(anatomy, acquisition, tissue)
                for tissue in (Tissue.MUSCLE, Tissue.OEDEMA, Tissue.TUMOUR)
            )
            assert muscle < oedema < tumour


def test_fat_and_bone_are_dark(scans: Scans) -> None:
    for anatomy, *acquisitions in scans:
        for acquisition in acquisitions:
            fat, marrow, muscle = (
                level(anatomy, acquisition, tissue) for tissue in (Tissue.FAT, Tissue.MARROW, Tissue.MUSCLE)
            )
            assert max(fat, marrow) < 0.6 * muscle
            assert spin_echo(PROPERTIES[Tissue.CORTICAL_BONE], acquisition.sequence) < 0.1 * spin_echo(
                PROPERTIES[Tissue.FAT], acquisition.sequence
            )


def test_the_spin_echo_signal_has_its_limits() -> None:
    water = PROPERTIES[Tissue.NECROSIS]._replace(fat_fraction=0.0)
    at_once = Sequence("PD", 1e9, 0.0, fat_residual=0.0, contrast=False, muscle_snr=1)
    assert spin_echo(water, at_once) == pytest.approx(water.proton_density)
    one_t1 = at_once._replace(repetition_time=water.t1)
    assert spin_echo(water, one_t1) == pytest.approx(water.proton_density * (1 - np.exp(-1)))
    one_t2 = at_once._replace(echo_time=water.t2)
    assert spin_echo(water, one_t2) == pytest.approx(water.proton_density / np.e)
    assert spin_echo(water._replace(fat_fraction=1.0), at_once) == 0


def test_contrast_agent_shortens_t1_by_its_relaxivity() -> None:
    agent = PROPERTIES[Tissue.NECROSIS]._replace(t1=1000.0, t2=1e12, contrast_agent=1.0)
    sequence = Sequence("T1", 1000 / 5.5, 0.0, fat_residual=0.0, contrast=True, muscle_snr=1)
    # 1 per second and 4.5 per second of the agent
    assert spin_echo(agent, sequence) == pytest.approx(agent.proton_density * (1 - np.exp(-1)))
    without = sequence._replace(contrast=False)
    assert spin_echo(agent, without) < spin_echo(agent, sequence)


def test_the_bias_has_mean_0_and_stays_within_25_per_cent(scans: Scans) -> None:
    for anatomy, *acquisitions in scans:
        body = body_mask(anatomy.labels)
        for acquisition in acquisitions:
            bias = acquisition.log_bias[body]
            assert abs(bias.mean(dtype=np.float64)) < 1e-4
            assert np.abs(bias).max() == pytest.approx(np.log(1.25), rel=1e-4)
            assert bias.std() > 0.05


def test_the_bias_is_a_polynomial_of_third_order(anatomies: list[Anatomy]) -> None:
    bias = acquire(anatomies[0], T1CE).log_bias
    for axis in range(3):
        fourth = np.diff(bias.astype(np.float64), n=4, axis=axis)
        assert np.abs(fourth).max() < 1e-5


def test_the_sequences_of_a_patient_have_different_bias(anatomies: list[Anatomy]) -> None:
    t1ce, t2fs = (acquire(anatomies[0], sequence).log_bias for sequence in (T1CE, T2FS))
    assert np.abs(t1ce - t2fs).max() > 0.05


def test_image_is_the_biased_signal_with_rician_noise(scans: Scans) -> None:
    for anatomy, *acquisitions in scans:
        for acquisition in acquisitions:
            signal = (acquisition.noise_free * np.exp(acquisition.log_bias)).astype(np.float64)
            excess = (acquisition.image.astype(np.float64) ** 2 - signal**2) / (2 * acquisition.noise_sd**2)
            # E[m^2] = s^2 + 2 sd^2, for any signal
            assert excess.mean() == pytest.approx(1, abs=4 * excess.std() / np.sqrt(excess.size))
            muscle = anatomy.labels == Tissue.MUSCLE
            error = acquisition.image[muscle] / signal[muscle] - 1
            assert abs(error.mean()) < 0.002
            recovered = acquisition.image / np.exp(acquisition.log_bias)
            assert recovered[muscle].std() < acquisition.image[muscle].std()


@pytest.mark.parametrize("bits", [12, 16])
def test_stored_values_use_their_bits_without_saturation(anatomies: list[Anatomy], bits: int) -> None:
    image = acquire(anatomies[1], T2FS, bits_stored=bits).image
    assert 2 ** (bits - 2) < image.max() < 2**bits - 1
