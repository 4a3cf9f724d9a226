"""Windows: the ends are black and white, the order of values is kept, and what is shared is stated."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.report.windows import Window, between_percentiles, window_for

values = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=50).map(np.array)


@given(values)
def test_a_brighter_value_is_never_drawn_darker(drawn: np.ndarray) -> None:
    grey = Window(-100.0, 250.0).grey(np.sort(drawn)).astype(int)
    assert (np.diff(grey) >= 0).all()


@given(values)
def test_inverted_is_the_negative(drawn: np.ndarray) -> None:
    plain, inverted = Window(-100.0, 250.0), Window(-100.0, 250.0, inverted=True)
    assert (plain.grey(drawn) == 255 - inverted.grey(drawn)).all()


def test_the_ends_are_black_and_white_and_what_is_no_number_is_black() -> None:
    grey = Window(10.0, 20.0).grey(np.array([-np.inf, 10, 20, np.inf, np.nan]))
    assert grey.tolist() == [0, 0, 255, 255, 0]


def test_ct_is_shown_as_soft_tissue_whatever_it_holds() -> None:
    window = window_for("CT", "HU", np.array([-1000.0, 3000.0]))
    assert (window.low, window.high, window.unit) == (-160, 240, "HU")


def test_ct_in_other_units_has_no_soft_tissue_window() -> None:
    window = window_for("CT", "OD", np.arange(1001.0))
    assert (window.low, window.high) == pytest.approx((5, 995))


@pytest.mark.parametrize("uptake", [0.5, 3.0, 30.0])
def test_pet_in_suv_has_one_window_for_all_patients_with_high_uptake_dark(uptake: float) -> None:
    window = window_for("PT", "SUV", np.array([0.0, uptake, uptake]))
    assert (window.low, window.high, window.unit, window.inverted) == (0, 10, "SUV", True)


@given(values)
def test_the_share_of_a_window_is_not_inverted(drawn: np.ndarray) -> None:
    plain, inverted = Window(-100.0, 250.0), Window(-100.0, 250.0, inverted=True)
    assert (plain.share(drawn) == inverted.share(drawn)).all()
    assert plain.grey(drawn) == pytest.approx(255 * plain.share(drawn), abs=0.5)


def test_pet_in_other_units_starts_at_zero() -> None:
    window = window_for("PT", "BQML", np.linspace(-5, 1000, 1001))
    assert window.low == 0
    assert window.unit == "BQML"
    assert window.inverted


def test_mr_is_shown_between_percentiles() -> None:
    window = window_for("MR", "", np.arange(1001.0))
    assert (window.low, window.high) == pytest.approx((5, 995))


@pytest.mark.parametrize("flat", [np.zeros(5), np.full(5, 7.0), np.array([np.nan]), np.array([])])
def test_a_volume_without_contrast_still_has_a_window(flat: np.ndarray) -> None:
    low, high = between_percentiles(flat, (0.5, 99.5))
    assert high > low
