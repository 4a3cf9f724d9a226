"""Intensity statistics of a region: by hand, against ITK, and what a shift or a scale may move."""

import math
from dataclasses import asdict

import numpy as np
import pytest
import SimpleITK as sitk

from sarcoma_core.errors import InputError
from sarcoma_core.segmentation.radiomics.first_order import IntensityStatistics, intensity_statistics
from sarcoma_core.segmentation.radiomics.voxels import masked_voxels
from tests.segmentation.shapes import blobs

SPACING = (0.7, 1.3, 2.9)
LEVELS = {"stat_mean", "stat_median", "stat_min", "stat_p10", "stat_p90", "stat_max"}
SPREADS = {"stat_iqr", "stat_range", "stat_mad", "stat_rmad", "stat_medad"}
"""As large as the unit is, wherever its zero lies."""
FORMS = {"stat_skew", "stat_kurt"}
"""Without a unit, and without a zero."""


def of(*values: float) -> IntensityStatistics:
    """Of a region with these intensities; the voxel beside it belongs to no region."""
    image = np.array([*values, np.nan]).reshape(-1, 1, 1)
    return intensity_statistics(masked_voxels(image, np.isfinite(image), (1.0, 1.0, 1.0)))


def noise(shift: float = 0.0, scale: float = 1.0) -> dict[str, float]:
    mask = blobs(3)
    image = np.random.default_rng(7).gamma(2, 3, mask.shape) * scale + shift
    return asdict(intensity_statistics(masked_voxels(image, mask, SPACING)))


def test_five_intensities_by_hand() -> None:
    found = of(8.0, 1.0, 2.0, 4.0, 0.0)  # mean 3, deviations 5, -2, -1, 1, -3
    assert found.stat_mean == 3
    assert found.stat_var == pytest.approx((25 + 4 + 1 + 1 + 9) / 5)
    assert found.stat_skew == pytest.approx((125 - 8 - 1 + 1 - 27) / 5 / 8**1.5)
    assert found.stat_kurt == pytest.approx((625 + 16 + 1 + 1 + 81) / 5 / 8**2 - 3)
    assert (found.stat_median, found.stat_min, found.stat_max, found.stat_range) == (2, 0, 8, 8)
    assert (found.stat_p10, found.stat_p90) == pytest.approx((0.4, 6.4))  # at 0.4 and 3.6 of 0, 1, 2, 4, 8
    assert found.stat_iqr == 4 - 1
    assert found.stat_qcod == pytest.approx((4 - 1) / (4 + 1))
    assert found.stat_mad == pytest.approx((5 + 2 + 1 + 1 + 3) / 5)
    assert found.stat_medad == pytest.approx((6 + 1 + 0 + 2 + 2) / 5)
    assert found.stat_rmad == pytest.approx((4 / 3 + 1 / 3 + 5 / 3) / 3)  # 1, 2, 4 around 7 / 3
    assert found.stat_cov == pytest.approx(math.sqrt(8) / 3)
    assert found.stat_energy == 64 + 1 + 4 + 16
    assert found.stat_rms == pytest.approx(math.sqrt(85 / 5))


def test_the_robust_deviation_counts_what_lies_on_the_percentiles() -> None:
    found = of(*range(11))  # the 10th percentile is the 1, the 90th the 9
    assert (found.stat_p10, found.stat_p90) == (1, 9)
    assert found.stat_rmad == pytest.approx((4 + 3 + 2 + 1) * 2 / 9)


def test_the_robust_deviation_of_two_that_differ_has_no_value_and_that_of_three_has() -> None:
    assert math.isnan(of(1.0, 2.0).stat_rmad)  # percentiles 1.1 and 1.9
    assert of(1.0, 1.0).stat_rmad == 0
    assert of(1.0, 2.0, 5.0).stat_rmad == 0  # the 2 alone, from 1.2 to 4.4


@pytest.mark.parametrize("value", [0.1, -1000.0, 1 / 3, 1e9])
@pytest.mark.parametrize("count", [1, 7, 1001])
def test_equal_intensities_have_no_dispersion_not_even_by_rounding(value: float, count: int) -> None:
    found = asdict(of(*[value] * count))
    for name in LEVELS:
        assert found[name] == value
    for name in {*SPREADS, *FORMS, "stat_var", "stat_cov", "stat_qcod"}:
        assert found[name] == 0
    assert found["stat_energy"] == pytest.approx(count * value**2)
    assert found["stat_rms"] == pytest.approx(abs(value))


def test_a_ratio_has_no_value_where_it_divides_by_zero() -> None:
    found = of(-1.0, -1.0, 1.0, 1.0)
    assert math.isnan(found.stat_cov)
    assert math.isnan(found.stat_qcod)
    assert (found.stat_var, found.stat_skew, found.stat_kurt) == (1, 0, -2)
    assert of(-1.0, -1.0, 1.0, 2.0).stat_cov > 0


def test_a_shift_moves_levels_and_neither_spreads_nor_forms() -> None:
    before, after = noise(), noise(shift=50.0)
    for name in LEVELS:
        assert after[name] == pytest.approx(before[name] + 50)
    for name in {*SPREADS, *FORMS, "stat_var"}:
        assert after[name] == pytest.approx(before[name])
    assert after["stat_cov"] == pytest.approx(math.sqrt(before["stat_var"]) / (before["stat_mean"] + 50))
    assert after["stat_rms"] ** 2 == pytest.approx(after["stat_mean"] ** 2 + before["stat_var"])
    count = int(blobs(3).sum())
    added = count * (2 * 50 * before["stat_mean"] + 50**2)
    assert after["stat_energy"] == pytest.approx(before["stat_energy"] + added)


def test_a_scale_scales_by_the_power_of_the_unit() -> None:
    powers = dict.fromkeys({*LEVELS, *SPREADS, "stat_rms"}, 1) | dict.fromkeys(("stat_var", "stat_energy"), 2)
    before, after = noise(), noise(scale=3.0)
    for name, value in before.items():
        assert after[name] == pytest.approx(value * 3.0 ** powers.get(name, 0)), name


def test_a_mirror_of_intensities_mirrors_the_skewness_alone_of_the_forms() -> None:
    before, after = noise(), noise(scale=-1.0)
    assert after["stat_skew"] == pytest.approx(-before["stat_skew"])
    assert before["stat_skew"] > 0.5
    assert after["stat_kurt"] == pytest.approx(before["stat_kurt"])
    assert after["stat_min"] == -before["stat_max"]
    assert after["stat_p10"] == pytest.approx(-before["stat_p90"])


def test_moments_are_those_of_itk_which_takes_the_standard_deviation_by_n_minus_1() -> None:
    mask = blobs(5)
    image = np.random.default_rng(1).gamma(2, 3, mask.shape)
    found = intensity_statistics(masked_voxels(image, mask, SPACING))
    theirs = sitk.LabelIntensityStatisticsImageFilter()
    theirs.Execute(sitk.GetImageFromArray(mask.astype(np.uint8)), sitk.GetImageFromArray(image))
    less = 1 - 1 / int(mask.sum())
    assert found.stat_mean == pytest.approx(theirs.GetMean(1))
    assert found.stat_var == pytest.approx(theirs.GetVariance(1) * less)
    assert found.stat_skew == pytest.approx(theirs.GetSkewness(1) / less**1.5)
    assert found.stat_kurt + 3 == pytest.approx((theirs.GetKurtosis(1) + 3) / less**2)


def test_whole_numbers_and_single_precision_are_summed_in_double() -> None:
    mask = np.ones((40, 40, 40), bool)
    large = intensity_statistics(masked_voxels(np.full(mask.shape, 30000, np.int16), mask, SPACING))
    assert large.stat_energy == 64000 * 30000.0**2
    offset = np.float32(4096) + np.indices(mask.shape, np.float32)[0] % 2
    assert intensity_statistics(masked_voxels(offset, mask, SPACING)).stat_var == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("image", "mask", "spacing", "told"),
    [
        (np.zeros((2, 2)), np.ones((2, 2), bool), SPACING, "along 3 axes; found float64 of the shape (2, 2)"),
        (np.zeros((2, 2, 2), complex), np.ones((2, 2, 2), bool), SPACING, "found complex128"),
        (np.zeros((2, 2, 2), bool), np.ones((2, 2, 2), bool), SPACING, "found bool"),
        (np.zeros((2, 2, 2)), np.ones((2, 2, 2), np.uint8), SPACING, "must be booleans; found uint8"),
        (np.zeros((2, 2, 2)), np.ones((2, 2, 3), bool), SPACING, "(2, 2, 2); found (2, 2, 3)"),
        (np.zeros((2, 2, 2)), np.zeros((2, 2, 2), bool), SPACING, "it is empty"),
        (np.zeros((2, 2, 2)), np.ones((2, 2, 2), bool), (1.0, 0.0, 1.0), "over 0 mm; found (1.0, 0.0, 1.0)"),
        (np.zeros((2, 2, 2)), np.ones((2, 2, 2), bool), (1.0, math.inf, 1.0), "over 0 mm"),
        (np.zeros((2, 2, 2)), np.ones((2, 2, 2), bool), (1.0, 1.0), "must be 3 lengths"),
        (np.array([[[0.0, np.nan, np.inf, 1.0]]]), np.ones((1, 1, 4), bool), SPACING, "found 2 of 4 voxels"),
    ],
)
def test_what_is_no_region_of_an_image_is_refused_in_words(
    image: np.ndarray, mask: np.ndarray, spacing: tuple[float, float, float], told: str
) -> None:
    with pytest.raises(InputError) as refused:
        masked_voxels(image, mask, spacing)
    assert told in refused.value.message
