"""Bias and limits of agreement, by hand."""

import pytest

from sarcoma_core.segmentation.readers.bland_altman import bland_altman


def test_the_numbers_of_four_pairs_worked_out_on_paper() -> None:
    """Differences 1, -1, 2, 2: mean 1; squared deviations 0, 4, 1, 1, so sd = sqrt(6 / 3)."""
    found = bland_altman([11, 9, 22, 32], [10, 10, 20, 30])
    assert (found.n, found.bias) == (4, 1)
    assert found.sd == pytest.approx(2**0.5)
    assert found.low == pytest.approx(1 - 1.96 * 2**0.5)
    assert found.high == pytest.approx(1 + 1.96 * 2**0.5)
    assert found.points == ((10.5, 1), (9.5, -1), (21, 2), (31, 2))


@pytest.mark.parametrize(("first", "bias"), [([3], -2), ([3, 4], -1.5)])
def test_below_three_pairs_there_is_a_bias_and_no_limits(first: list[float], bias: float) -> None:
    found = bland_altman(first, [5] * len(first))
    assert (found.n, found.bias) == (len(first), bias)
    assert (found.sd, found.low, found.high) == (None, None, None)


def test_three_pairs_have_limits() -> None:
    """Differences -2, -1, 0: mean -1, squared deviations 1, 0, 1, so sd = sqrt(2 / 2)."""
    found = bland_altman([3, 4, 5], [5, 5, 5])
    assert (found.sd, found.low, found.high) == (1, pytest.approx(-2.96), pytest.approx(0.96))


def test_the_other_way_round_turns_the_sign() -> None:
    one, other = bland_altman([1, 4, 9], [2, 2, 2]), bland_altman([2, 2, 2], [1, 4, 9])
    assert other.bias == -one.bias
    assert other.sd == one.sd
    assert one.low is not None
    assert other.high == pytest.approx(-one.low)


def test_series_of_two_lengths_are_no_pairs() -> None:
    with pytest.raises(ValueError, match="shorter"):
        bland_altman([1, 2], [1])
