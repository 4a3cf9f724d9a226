"""Medians over patients: who counts once, what a failed case counts, and how often limits hold."""

from dataclasses import replace

import numpy as np
import pytest

from sarcoma_core.segmentation.evaluation.medians import (
    LEAST_PATIENTS,
    MedianWithLimits,
    Sampling,
    by_group,
    median_with_limits,
    patients_of,
    summarise_group,
)
from tests.segmentation.evaluation.planted import SHAPE, SPACING, T1CE, case

NOTHING = np.zeros(SHAPE, bool)
DIAGONAL = float(np.hypot.reduce(np.multiply(SHAPE, SPACING)))


def block(width: int) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[4 : 4 + width, 4:8, 4:8] = True
    return mask


def test_median_and_quartiles_are_those_of_numpy_and_limits_lie_around() -> None:
    values = np.random.default_rng(1).normal(0.8, 0.1, 41).tolist()
    found = median_with_limits(values, Sampling())
    expected = np.percentile(values, (25, 50, 75))
    assert (found.q1, found.median, found.q3) == pytest.approx(tuple(expected))
    assert found.n == 41
    assert found.lower is not None
    assert found.upper is not None
    assert found.q1 < found.lower < found.median < found.upper < found.q3


def test_limits_hold_the_true_median_in_about_95_of_100_cohorts() -> None:
    rng = np.random.default_rng(5)
    held = 0
    for seed in range(300):
        found = median_with_limits(rng.exponential(1, 40).tolist(), Sampling(seed=seed))
        assert found.lower is not None
        assert found.upper is not None
        held += found.lower <= np.log(2) <= found.upper
    assert 0.91 <= held / 300 <= 0.985


def test_limits_are_those_of_the_seed_and_of_no_other_order_of_calls() -> None:
    values = [0.1 * n for n in range(20)]
    assert median_with_limits(values, Sampling(seed=3)) == median_with_limits(values, Sampling(seed=3))
    assert median_with_limits(values, Sampling(seed=3)) != median_with_limits(values, Sampling(seed=4))


@pytest.mark.parametrize(("n", "has_limits"), [(LEAST_PATIENTS - 1, False), (LEAST_PATIENTS, True)])
def test_fewer_than_five_have_a_median_and_no_limits(n: int, has_limits: bool) -> None:  # noqa: FBT001
    found = median_with_limits([0.5] * n, Sampling())
    assert (found.n, found.median) == (n, 0.5)
    assert (found.lower is not None) == has_limits
    assert median_with_limits([], Sampling()) == MedianWithLimits(0)


def test_a_patient_with_three_sessions_counts_once_with_the_median_of_them() -> None:
    cases = [case("A", block(4), block(n), session=f"A_{n}") for n in (1, 2, 4)]
    [patient] = patients_of([*cases])
    assert patient.values["dice"] == cases[1].scores.dice == pytest.approx(2 / 3)
    told = summarise_group(T1CE, [*cases, case("B", block(4), block(4))], Sampling())
    assert (told.n, told.n_cases) == (2, 4)
    assert told.all["dice"].median == pytest.approx((2 / 3 + 1) / 2)


def test_a_failed_case_counts_zero_and_the_diagonal_and_is_left_out_of_the_other_half_alone() -> None:
    cases = [case("A", block(4), NOTHING), case("B", NOTHING, block(4)), case("C", block(4), block(4))]
    told = summarise_group(T1CE, cases, Sampling())
    assert (told.n, told.n_failed) == (3, 2)
    assert told.all["dice"].median == told.all["f2"].median == 0.0
    assert told.all["hd95_mm"].median == told.all["assd_mm"].median == pytest.approx(DIAGONAL)
    assert (told.not_failed["dice"].n, told.not_failed["dice"].median) == (1, 1.0)
    assert told.all["volume_error"].n == 2  # of an empty reference there is no part
    assert [one.failure for one in cases] == [
        "found nothing",
        "found something where the reference is empty",
        "",
    ]


def test_both_empty_is_no_failure() -> None:
    told = summarise_group(T1CE, [case("A", NOTHING, NOTHING)], Sampling())
    assert (told.n_failed, told.all["dice"].median, told.all["hd95_mm"].median) == (0, 1.0, 0.0)


def test_a_patient_whose_sessions_differ_in_a_level_has_none() -> None:
    cases = [
        case("A", block(4), block(4), strata={"scanner": maker, "site": "trunk"}, session=maker)
        for maker in ("M", "N")
    ]
    [patient] = patients_of(cases)
    assert patient.strata == {"site": "trunk"}


def test_lines_are_ordered_by_region_then_sequence_plane_and_model() -> None:
    groups = [
        replace(T1CE, region="oedema"),
        replace(T1CE, sequence="T2FS"),
        replace(T1CE, plane="sagittal"),
        replace(T1CE, model="A"),
        T1CE,
    ]
    told = by_group([case("A", block(4), block(4), group) for group in groups])
    assert list(told) == [groups[3], groups[4], groups[2], groups[1], groups[0]]
