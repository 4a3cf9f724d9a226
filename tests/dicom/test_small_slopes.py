import numpy as np
import pytest

from sarcoma_core.dicom.small_slopes import CONVERTERS_EPSILON, lift


def slopes(*values: float) -> list[tuple[float, float]]:
    return [(value, 0.0) for value in values]


@pytest.mark.parametrize(("difference", "hidden"), [(0.9, True), (1.0, True), (1.1, False)])
def test_slopes_that_differ_by_less_than_the_epsilon_are_lifted(difference: float, *, hidden: bool) -> None:
    found = lift(slopes(0.5, 0.5 + difference * CONVERTERS_EPSILON))

    assert (found != 0) == hidden


@pytest.mark.parametrize("values", [(1e-9,), (1e-9, 1e-9), (1.0, 2.0), (0.0001, 0.0002)])
def test_slopes_that_are_alike_or_told_apart_stay(values: tuple[float, ...]) -> None:
    assert lift(slopes(*values)) == 0


@pytest.mark.parametrize("largest", [1e-12, 3e-9, 1e-7])
def test_lifted_slopes_are_told_apart_by_their_last_float32_digit(largest: float) -> None:
    power = lift(slopes(0.9 * largest, largest))

    assert np.spacing(np.float32(largest * 2.0**power)) > 100 * CONVERTERS_EPSILON
    assert np.float32(2.0**-power) > np.finfo(np.float32).tiny


def test_slopes_of_one_or_more_need_no_lift_for_their_differences_are_roundings() -> None:
    assert lift(slopes(1.0, 1.0 + CONVERTERS_EPSILON / 2)) == 0
