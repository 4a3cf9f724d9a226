"""Tests on ranks: against scipy, against every choice of signs, and by hand."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from sarcoma_core.errors import InputError
from sarcoma_core.segmentation.evaluation.ranks import RankTest, holm, kruskal_wallis, midranks, signed_rank


@pytest.mark.parametrize("n", [1, 2, 6, 23, 49, 120])
def test_signed_ranks_without_ties_are_those_of_scipy_exactly(n: int) -> None:
    differences = np.random.default_rng(n).normal(0.2, 1, n)
    found = signed_rank(differences.tolist())
    assert found.p == pytest.approx(stats.wilcoxon(differences, method="exact").pvalue, rel=1e-9)
    assert (found.n, found.statistic) == (
        n,
        pytest.approx(stats.rankdata(abs(differences))[differences > 0].sum()),
    )


@pytest.mark.parametrize("seed", range(5))
def test_with_ties_p_is_the_share_of_all_choices_of_signs_that_are_as_far(seed: int) -> None:
    rng = np.random.default_rng(seed)
    differences = rng.integers(-3, 5, 11) / 2
    kept = differences[differences != 0]
    ranks = stats.rankdata(abs(kept))
    sums = np.array([ranks[list(signs)].sum() for signs in product((False, True), repeat=kept.size)])
    seen = ranks[kept > 0].sum()
    expected = min(1.0, 2 * min((sums <= seen).mean(), (sums >= seen).mean()))
    assert signed_rank(differences.tolist()).p == pytest.approx(expected, rel=1e-12)


def test_beyond_two_hundred_pairs_the_normal_distribution_serves() -> None:
    differences = np.random.default_rng(1).normal(0.1, 1, 201)
    normal = stats.wilcoxon(differences, method="approx").pvalue
    exact = stats.wilcoxon(differences, method="exact").pvalue
    assert signed_rank(differences.tolist()).p == pytest.approx(normal, rel=1e-9)
    assert signed_rank(differences[1:].tolist()).p != pytest.approx(
        stats.wilcoxon(differences[1:], method="approx").pvalue, rel=1e-9
    )
    assert normal == pytest.approx(exact, rel=0.02)


def test_where_nothing_differs_p_is_one_and_nothing_fails() -> None:
    assert signed_rank([0.0] * 9) == RankTest(9, 0.0, 1.0)
    assert signed_rank([1e-12, -1e-13, 0.0]).p == 1.0
    assert kruskal_wallis([[0.9] * 5, [0.9] * 7]) == RankTest(12, 0.0, 1.0)


def test_pairs_without_a_difference_are_left_out_of_the_ranks_and_counted() -> None:
    told = signed_rank([0.0, 0.3, 0.0, -0.1, 0.2, 0.5, 0.4, 0.6])
    assert told.n == 8
    assert told.p == signed_rank([0.3, -0.1, 0.2, 0.5, 0.4, 0.6]).p


@pytest.mark.parametrize("decimals", [9, 1, 0])
def test_kruskal_wallis_is_that_of_scipy_with_ties_and_without(decimals: int) -> None:
    rng = np.random.default_rng(decimals)
    groups = [np.round(rng.normal(mean, 1, n), decimals).tolist() for mean, n in ((0, 5), (0.6, 9), (0, 14))]
    statistic, p = stats.kruskal(*groups)
    assert kruskal_wallis(groups) == RankTest(28, pytest.approx(statistic), pytest.approx(p))


def test_midranks_are_those_of_scipy() -> None:
    values = np.array([3.0, 1.0, 3.0, 2.0, 1.0, 1.0, 9.0])
    assert midranks(values).tolist() == stats.rankdata(values).tolist()


def test_holm_by_hand() -> None:
    """Of four: .01 x 4, .02 x 3, .03 x 2; .2 x 1 stands; and none is below the one before it."""
    assert holm([0.03, 0.01, 0.2, 0.02]) == pytest.approx((0.06, 0.04, 0.2, 0.06))
    assert holm([0.04, 0.03]) == pytest.approx((0.06, 0.06))
    assert holm([0.9, 0.8]) == (1.0, 1.0)
    assert holm([]) == ()


def test_of_true_hypotheses_holm_rejects_any_in_one_family_of_twenty() -> None:
    """600 families of six, of which all are true: within three standard errors of .05 (Holm on uniform p)."""
    rng = np.random.default_rng(7)
    wrong = sum(min(holm(rng.random(6).tolist())) < 0.05 for _ in range(600)) / 600
    assert abs(wrong - 0.05) < 3 * (0.05 * 0.95 / 600) ** 0.5


@pytest.mark.parametrize("values", [[], [float("nan")], [1.0, float("inf")]])
def test_what_is_no_number_is_refused(values: list[float]) -> None:
    with pytest.raises(InputError, match="finite numbers"):
        signed_rank(values)
    with pytest.raises(InputError, match="must be"):
        kruskal_wallis([values, [1.0]])


def test_one_group_is_no_comparison() -> None:
    with pytest.raises(InputError, match="two or more"):
        kruskal_wallis([[1.0, 2.0]])
