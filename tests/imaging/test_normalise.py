"""z-score: the laws of the formula."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.imaging.normalise import z_score

RNG = np.random.default_rng(3)
VOLUME = np.abs(RNG.normal(300, 80, (24, 24, 12))).astype(np.float32)
MASK = np.zeros(VOLUME.shape, dtype=bool)
MASK[4:20, 4:20, 2:10] = True
VOLUME[~MASK] = np.abs(RNG.normal(0, 5, int((~MASK).sum())))

distinct = arrays(np.float32, (4, 4, 4), elements=st.floats(0, 4096, width=32), unique=True)


@pytest.mark.parametrize("region", ["body", "whole"])
def test_mean_is_0_and_standard_deviation_1_over_the_region(region: str) -> None:
    scored = z_score(VOLUME, MASK, percentiles=(0, 100), region=region)  # type: ignore[arg-type]
    inside = scored.values[MASK] if region == "body" else scored.values
    assert inside.mean(dtype=np.float64) == pytest.approx(0, abs=1e-6)
    assert inside.std(dtype=np.float64) == pytest.approx(1, abs=1e-6)


def test_the_whole_region_is_the_plain_formula_of_the_playbook() -> None:
    scored = z_score(VOLUME, MASK, percentiles=(0, 100), region="whole")
    exact = VOLUME.astype(np.float64)
    np.testing.assert_allclose(scored.values, (exact - exact.mean()) / exact.std(), atol=1e-5)


@given(distinct, st.floats(0.1, 50), st.floats(-500, 500))
def test_the_score_is_the_same_whatever_the_scanners_gain_and_offset(
    volume: np.ndarray, gain: float, offset: float
) -> None:
    mask = np.ones(volume.shape, dtype=bool)
    one = z_score(volume, mask).values
    other = z_score((volume.astype(np.float64) * gain + offset).astype(np.float64), mask).values
    np.testing.assert_allclose(other, one, atol=1e-4)


@given(distinct)
def test_the_order_of_intensities_is_kept(volume: np.ndarray) -> None:
    scored = z_score(volume, np.ones(volume.shape, dtype=bool)).values
    order = np.argsort(volume, axis=None)
    assert (np.diff(scored.ravel()[order]) >= 0).all()


def test_clipping_is_at_the_percentiles_of_the_region_and_recorded() -> None:
    spiked = VOLUME.copy()
    spiked[10, 10, 5] = 1e6
    scored = z_score(spiked, MASK)
    low, high = np.percentile(spiked[MASK].astype(np.float64), (0.5, 99.5))
    assert (scored.facts.clip_low, scored.facts.clip_high) == pytest.approx((low, high))
    assert scored.values.max() == pytest.approx((high - scored.facts.mean) / scored.facts.sd, rel=1e-5)
    assert scored.facts.mask_voxels == MASK.sum()


def test_the_recorded_facts_turn_scores_back_into_intensities() -> None:
    scored = z_score(VOLUME, MASK)
    facts = scored.facts
    back = scored.values.astype(np.float64) * facts.sd + facts.mean
    np.testing.assert_allclose(back, np.clip(VOLUME, facts.clip_low, facts.clip_high), atol=1e-2)


def test_what_has_no_spread_is_refused() -> None:
    with pytest.raises(InputError, match="must not be constant"):
        z_score(np.full((4, 4, 4), 3, np.float32), np.ones((4, 4, 4), dtype=bool))
    flat = VOLUME.copy()
    flat[MASK] = 7
    with pytest.raises(InputError, match="must not be constant over its body"):
        z_score(flat, MASK)
    with pytest.raises(InputError, match="it is empty"):
        z_score(VOLUME, np.zeros_like(MASK))


@pytest.mark.parametrize("percentiles", [(-1, 99), (50, 50), (60, 40), (0, 101)])
def test_percentiles_out_of_order_or_range_are_refused(percentiles: tuple[float, float]) -> None:
    with pytest.raises(UsageError, match="percentiles: must be in order, within 0 to 100"):
        z_score(VOLUME, MASK, percentiles=percentiles)


def test_the_whole_volume_needs_no_mask_and_the_body_does() -> None:
    whole = z_score(VOLUME, None, region="whole")
    assert (whole.values == z_score(VOLUME, MASK, region="whole").values).all()
    assert whole.facts.mask_voxels == VOLUME.size
    with pytest.raises(UsageError, match="mask: must be given for the region body"):
        z_score(VOLUME, None)


def test_percentiles_may_be_the_extremes_and_as_near_as_can_be() -> None:
    ends = z_score(VOLUME, MASK, percentiles=(0, 100)).facts
    assert (ends.clip_low, ends.clip_high) == (VOLUME[MASK].min(), VOLUME[MASK].max())
    near = z_score(VOLUME, MASK, percentiles=(50, 51)).facts
    assert ends.clip_low < near.clip_low < near.clip_high < ends.clip_high


def test_half_a_per_cent_is_clipped_at_either_end_if_nothing_else_is_asked_for() -> None:
    """Of a ramp of 2001 values, percentile p is 20 p."""
    ramp = np.arange(2001, dtype=np.float32).reshape(3, 23, 29)
    facts = z_score(ramp, np.ones(ramp.shape, dtype=bool)).facts
    assert (facts.clip_low, facts.clip_high) == pytest.approx((10, 1990))
