"""The limits of a registration, tried just inside and just outside; reasons are words with numbers."""

import pytest

from sarcoma_core.errors import SeriesRefused
from sarcoma_core.imaging.registration import quality


@pytest.mark.parametrize("part", [0.22, 1.0])
def test_fields_of_view_that_share_enough_pass(part: float) -> None:
    quality.require_overlap(part)


def test_fields_of_view_that_share_too_little_are_refused() -> None:
    with pytest.raises(SeriesRefused, match=r"share 20 % of the smaller body; found 18 %"):
        quality.require_overlap(0.18)


def test_a_copy_that_fits_as_well_passes_and_one_that_fits_better_is_refused() -> None:
    quality.require_unmirrored(0.9, is_turned=False)
    quality.require_unmirrored(1.0, is_turned=False)
    with pytest.raises(SeriesRefused, match=r"a mirrored copy fits better: left against right, or flipped"):
        quality.require_unmirrored(1.1, is_turned=False)
    with pytest.raises(SeriesRefused, match=r"turned by 180 degrees fits better: upside down. It fits 1.10"):
        quality.require_unmirrored(1.1, is_turned=True)


@pytest.mark.parametrize(("degrees", "millimetres"), [(18, 36), (0, 36), (18, 0)])
def test_in_one_frame_of_reference_20_degrees_and_40_mm_pass(degrees: float, millimetres: float) -> None:
    quality.require_likely(degrees, millimetres, same_frame=True)


@pytest.mark.parametrize(("degrees", "millimetres"), [(22, 0), (0, 44)])
def test_in_one_frame_of_reference_more_is_refused(degrees: float, millimetres: float) -> None:
    with pytest.raises(
        SeriesRefused, match="within 20 degrees and 40 mm in the same frame of reference; found"
    ):
        quality.require_likely(degrees, millimetres, same_frame=True)


def test_in_another_frame_any_shift_passes_and_45_degrees() -> None:
    quality.require_likely(40.5, 900, same_frame=False)
    with pytest.raises(SeriesRefused, match="within 45 degrees in another frame of reference; found 50"):
        quality.require_likely(49.5, 0, same_frame=False)


def test_a_pair_that_tells_too_little_is_refused() -> None:
    quality.require_information(0.165)
    with pytest.raises(SeriesRefused, match=r"0.15 nats or more after registration; found 0.13"):
        quality.require_information(0.134)


def test_a_bend_that_folds_or_gains_nothing_is_left_away_with_its_reason() -> None:
    assert quality.reason_not_to_bend(0.05, 0.022) == ""
    assert "folds tissue (Jacobian -0.05)" in quality.reason_not_to_bend(-0.05, 0.5)
    assert "folds" in quality.reason_not_to_bend(0.0, 0.5)
    assert "gains 0.018 nats" in quality.reason_not_to_bend(0.5, 0.018)


@pytest.mark.parametrize(("pet", "limit"), [(False, 0.02), (True, 0.22)])
def test_what_its_frame_of_reference_has_moves_only_for_information(*, pet: bool, limit: float) -> None:
    assert not quality.is_worth_moving(0.9 * limit, pet=pet)
    assert not quality.is_worth_moving(limit, pet=pet)
    assert quality.is_worth_moving(1.1 * limit, pet=pet)


def test_a_copy_that_fits_nearly_as_well_is_warned_of() -> None:
    assert quality.mirror_warning(0.94) == quality.mirror_warning(0.95) == ""
    assert quality.mirror_warning(0.96) == "a mirrored or turned copy fits nearly as well (0.96 times)"


def test_bodies_that_do_not_cover_each_other_are_warned_of() -> None:
    assert quality.body_warning(0.76) == quality.body_warning(0.75) == quality.body_warning(None) == ""
    assert quality.body_warning(0.74) == "the two bodies overlap by 74 % only: look at the overlays"
