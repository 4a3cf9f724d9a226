"""N4: the field of a synthetic patient is found, a shading that is not there is not, and runs are equal."""

import numpy as np
import pytest
import SimpleITK as sitk

from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.imaging.bias_field import BiasField, correct, estimate_bias_field
from sarcoma_core.imaging.body_mask import body_mask
from sarcoma_core.imaging.volume import Floats, Mask
from sarcoma_core.phantom.anatomy import limb
from sarcoma_core.phantom.grid import DEMO
from sarcoma_core.phantom.signal import T1CE, T2FS, Sequence, acquire, rician
from sarcoma_core.phantom.tissue import Tissue

SPACING = DEMO.spacing


def interior(mask: Mask) -> Mask:
    inner = mask.copy()
    for axis in (0, 1):
        for shift in (-2, -1, 1, 2):
            inner &= np.roll(mask, shift, axis)
    return inner


def cv(values: Floats) -> float:
    return float(values.std() / values.mean())


def estimate(volume: Floats) -> BiasField:
    return estimate_bias_field(volume, SPACING, body_mask(volume, SPACING))


@pytest.fixture(scope="module")
def patient() -> tuple[Floats, Mask]:
    """T1 after contrast of the patient of seed 8, and where the body truly is."""
    anatomy = limb(8, DEMO)
    return acquire(anatomy, T1CE).image.astype(np.float32), anatomy.labels != Tissue.BACKGROUND


@pytest.mark.parametrize("sequence", [T1CE, T2FS], ids=["T1CE", "T2FS"])
@pytest.mark.parametrize("seed", [6, 8, 10], ids=["oedema", "usual", "1.2-litre-tumour"])
def test_the_known_field_is_found_and_muscle_becomes_even(seed: int, sequence: Sequence) -> None:
    """The specification's bar: correlation over 0.95 over the body, muscle's variation at least halved."""
    anatomy = limb(seed, DEMO)
    acquired = acquire(anatomy, sequence)
    volume = acquired.image.astype(np.float32)
    field = estimate(volume)
    body = anatomy.labels != Tissue.BACKGROUND
    assert np.corrcoef(field.log_bias[body], acquired.log_bias[body])[0, 1] > 0.95
    muscle = interior(anatomy.labels == Tissue.MUSCLE)
    assert cv(correct(volume, field)[muscle]) <= cv(volume[muscle]) / 2


@pytest.mark.parametrize("seed", [6, 10])
def test_a_strong_field_of_a_surface_coil_is_found_too(seed: int) -> None:
    """Three times the log-bias: gains from a half to two, as real series have."""
    anatomy = limb(seed, DEMO)
    acquired = acquire(anatomy, T1CE)
    strong = acquired.noise_free * np.exp(3 * acquired.log_bias)
    volume = rician(strong, acquired.noise_sd, np.random.default_rng(seed))
    body = anatomy.labels != Tissue.BACKGROUND
    found = estimate(volume).log_bias[body]
    assert np.corrcoef(found, acquired.log_bias[body])[0, 1] > 0.95
    assert np.polyfit(3 * acquired.log_bias[body], found, 1)[0] == pytest.approx(1, abs=0.1)


def test_the_scale_of_the_field_is_right_not_only_its_shape(patient: tuple[Floats, Mask]) -> None:
    anatomy = limb(8, DEMO)
    acquired = acquire(anatomy, T1CE)
    body = patient[1]
    slope = np.polyfit(acquired.log_bias[body], estimate(patient[0]).log_bias[body], 1)[0]
    assert slope == pytest.approx(1, abs=0.1)


def test_a_volume_without_bias_keeps_nearly_flat(patient: tuple[Floats, Mask]) -> None:
    anatomy = limb(8, DEMO)
    acquired = acquire(anatomy, T1CE)
    flat = (acquired.image / np.exp(acquired.log_bias)).astype(np.float32)
    field = estimate(flat).log_bias[patient[1]]
    assert field.std() < acquired.log_bias[patient[1]].std() / 4


def test_the_field_is_the_same_whatever_the_scanners_gain(patient: tuple[Floats, Mask]) -> None:
    volume, body = patient
    one, other = estimate(volume).log_bias[body], estimate(volume * 8).log_bias[body]
    np.testing.assert_allclose(other, one, atol=2e-3)


def test_the_geometric_mean_over_the_body_is_kept(patient: tuple[Floats, Mask]) -> None:
    volume, _ = patient
    mask = body_mask(volume, SPACING)
    field = estimate_bias_field(volume, SPACING, mask)
    assert field.log_bias[mask].mean(dtype=np.float64) == pytest.approx(0, abs=1e-5)


def test_two_runs_are_equal_byte_for_byte_and_leave_itks_threads_alone(patient: tuple[Floats, Mask]) -> None:
    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    first, second = estimate(patient[0]), estimate(patient[0])
    assert first.log_bias.tobytes() == second.log_bias.tobytes()
    assert first.facts == second.facts
    assert sitk.ProcessObject.GetGlobalDefaultNumberOfThreads() == before


def test_the_field_is_the_same_on_a_machine_of_other_cores(patient: tuple[Floats, Mask]) -> None:
    """ITK takes its global thread number from the machine; N4 gives another field for another number."""
    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    fields = []
    try:
        for cores in (1, 3):
            sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(cores)
            fields.append(estimate(patient[0]).log_bias.tobytes())
    finally:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)
    assert fields[0] == fields[1]


def test_the_facts_tell_how_it_was_fitted(patient: tuple[Floats, Mask]) -> None:
    field = estimate(patient[0])
    assert field.facts.shrink == (4, 4, 2)
    assert 0 < field.facts.fitted_blocks < np.prod(field.facts.blocks)
    inside = np.exp(field.log_bias[body_mask(patient[0], SPACING)])
    assert field.facts.smallest_gain == pytest.approx(inside.min(), rel=1e-4)
    assert field.facts.largest_gain == pytest.approx(inside.max(), rel=1e-4)


def test_what_cannot_be_fitted_is_refused_with_its_rule(patient: tuple[Floats, Mask]) -> None:
    volume, body = patient
    with pytest.raises(UsageError, match="shrink: must be 1 or more; found 0"):
        estimate_bias_field(volume, SPACING, body, shrink=0)
    with pytest.raises(InputError, match="mask: must hold at least one voxel"):
        estimate_bias_field(volume, SPACING, np.zeros_like(body))
    with pytest.raises(InputError, match="mask: must have the shape of the volume"):
        estimate_bias_field(volume, SPACING, body[1:])
    spoiled = volume.copy()
    spoiled[0, 0, 0] = np.nan
    with pytest.raises(InputError, match="values must be finite; found 1 voxel"):
        estimate_bias_field(spoiled, SPACING, body)
    with pytest.raises(InputError, match="must have 3 dimensions; found 4"):
        estimate_bias_field(volume[..., None], SPACING, body)
    few = np.zeros_like(body)
    few[10:13, 10:13, 10:13] = True
    with pytest.raises(InputError, match="at least 100 positive voxels; found"):
        estimate_bias_field(volume, SPACING, few)


def test_a_few_thick_slices_are_enough(patient: tuple[Floats, Mask]) -> None:
    thin = np.ascontiguousarray(patient[0][:, :, 14:18])
    field = estimate_bias_field(thin, SPACING, body_mask(thin, SPACING))
    assert np.isfinite(field.log_bias).all()
    assert field.log_bias.shape == thin.shape
