"""Rows on the same patients: equal ones differ by nothing, turned ones are turned, and Holm is over all."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.prognosis.out_of_fold import JudgingPlan, plan_judging
from sarcoma_core.prognosis.pairs import harrell_pairs, uno_pairs
from sarcoma_core.prognosis.row_judging import judge_rows, two_sided_p
from sarcoma_core.survival.follow_up import FollowUp
from sarcoma_core.training.splits import repeated_folds
from tests.prognosis.made_patients import MadePatients, made

YEAR = 365.25
COHORT = made(3, 60)


def planned(cohort: MadePatients = COHORT, folds: int = 3) -> JudgingPlan:
    dealt = repeated_folds(cohort.subjects, cohort.follow_up, seed=1, folds=folds)
    return plan_judging(
        cohort.follow_up, list(dealt.rows(cohort.subjects)), horizons=[YEAR, 3 * YEAR], main=3 * YEAR
    )


def noise(seed: int, patients: int = 60) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=patients)


def test_c_is_that_of_the_pairs_of_one_fold() -> None:
    plan, risk = planned(), noise(1)
    row = judge_rows(plan, {"one": risk}, against="one", samples=1000, seed=0)["one"]
    everybody = np.arange(60)
    assert row.harrell is not None
    assert row.uno is not None
    assert row.harrell.value == harrell_pairs(plan.follow_up, risk[None], plan.judged).of(everybody)
    uno = uno_pairs(plan.follow_up, risk[None], plan.judged, tau=plan.tau)
    assert row.uno.value == uno.of(everybody)
    assert row.difference is None


def test_a_row_of_turned_risks_has_what_is_left_to_1() -> None:
    risk = noise(2)
    rows = judge_rows(planned(), {"one": risk, "turned": -risk}, against="one", samples=1000, seed=0)
    one, turned = rows["one"].harrell, rows["turned"].harrell
    assert one is not None
    assert turned is not None
    assert turned.value == pytest.approx(1 - one.value, abs=1e-12)
    assert (turned.lower, turned.upper) == pytest.approx((1 - (one.upper or 0), 1 - (one.lower or 0)))
    apart = rows["turned"].difference
    assert apart is not None
    assert apart.c.value == pytest.approx(1 - 2 * one.value, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_equal_rows_differ_by_exactly_nothing_whatever_their_scale(seed: int) -> None:
    risk = noise(seed)
    told = {"one": risk, "same": risk.copy(), "scaled": np.exp(3 * risk)}
    rows = judge_rows(planned(), told, against="one", samples=1000, seed=seed)
    for name in ("same", "scaled"):
        apart = rows[name].difference
        assert apart is not None
        assert (apart.c.value, apart.c.lower, apart.c.upper) == (0, 0, 0)
        assert (apart.p, apart.adjusted) == (1, 1)


def test_who_knows_what_made_the_signal_is_told_apart_from_noise_and_noise_is_not_from_noise() -> None:
    cohort = made(4, 120)
    told = {"noise": noise(1, 120), "other": noise(2, 120), "known": cohort.eta}
    rows = judge_rows(planned(cohort), told, against="known", samples=1000, seed=0)
    for name in ("noise", "other"):
        apart = rows[name].difference
        assert apart is not None
        assert apart.c.upper is not None
        assert apart.c.upper < 0
        assert (apart.adjusted or 1) < 0.05
    rows = judge_rows(
        planned(cohort), {**told, "known": noise(3, 120)}, against="known", samples=1000, seed=0
    )
    assert all(
        one.difference is None or (one.difference.adjusted or 0) > 0.05
        for name, one in rows.items()
        if name != "known"
    )


def test_holm_is_over_the_rows_that_were_tested() -> None:
    """The smallest p times three, the next times two, and never below an earlier one."""
    cohort = made(5, 80)
    rng = np.random.default_rng(1)
    told = {f"{part}": cohort.eta + part * rng.normal(size=80) for part in (0.5, 1.0, 4.0)}
    rows = judge_rows(planned(cohort), {**told, "known": cohort.eta}, against="known", samples=1000, seed=0)
    found = sorted(
        (one.difference.p or 0, one.difference.adjusted) for one in rows.values() if one.difference
    )
    expected = []
    for number, (p, _) in enumerate(found):
        expected.append(min(1.0, max([(3 - number) * p, *expected[-1:]])))
    assert [adjusted for _, adjusted in found] == pytest.approx(expected)
    assert all(a <= b for a, b in pairwise(expected))


def test_without_the_row_that_all_are_compared_with_nothing_is_compared() -> None:
    rows = judge_rows(planned(), {"one": noise(1), "two": noise(2)}, against="gone", samples=1000, seed=0)
    assert all(one.difference is None and one.harrell for one in rows.values())


def test_where_nobody_can_be_compared_there_is_no_number() -> None:
    follow_up = FollowUp.of([100.0, 200.0, 300.0, 400.0], [True, True, False, False])
    subjects = ["A", "B", "C", "D"]
    dealt = repeated_folds(subjects, follow_up, seed=0, folds=2)
    plan = plan_judging(follow_up, list(dealt.rows(subjects)), horizons=[50.0], main=50.0)
    alone = plan_judging(
        FollowUp.of([100.0] * 4, [False] * 4), list(dealt.rows(subjects)), horizons=[50.0], main=50.0
    )
    risks = {"one": np.array([1.0, 2, 3, 4]), "two": np.array([4.0, 3, 2, 1])}
    rows = judge_rows(alone, risks, against="one", samples=1000, seed=0)
    assert all(one.harrell is None and one.uno is None and one.difference is None for one in rows.values())
    few = judge_rows(plan, risks, against="one", samples=1000, seed=0)["two"]
    assert few.harrell is not None
    assert few.harrell.lower is None  # too many samples of four patients tell nothing
    assert few.difference is not None
    assert (few.difference.p, few.difference.adjusted) == (None, None)


def test_p_counts_the_rarer_side_twice_and_is_never_0() -> None:
    assert two_sided_p(np.full(999, 0.1)) == pytest.approx(0.002)
    assert two_sided_p(np.full(999, -0.1)) == pytest.approx(0.002)
    assert two_sided_p(np.zeros(999)) == 1
    assert two_sided_p(np.concatenate([np.full(24, -1.0), np.full(975, 1.0)])) == pytest.approx(0.05)
    assert two_sided_p(np.concatenate([np.full(500, -1.0), np.full(499, 1.0)])) == pytest.approx(1.0)


@given(st.integers(0, 999), st.floats(-4, 4))
def test_p_is_below_a_twentieth_where_nothing_lies_outside_the_limits(seed: int, shift: float) -> None:
    samples = np.random.default_rng(seed).normal(size=1000) + shift
    wide, narrow = (np.quantile(samples, [tail, 1 - tail]) for tail in (0.022, 0.028))
    p = two_sided_p(samples)
    if wide[0] > 0 or wide[1] < 0:
        assert p < 0.05
    if narrow[0] < 0 < narrow[1]:
        assert p > 0.05
