"""The partial likelihood: its slope and curvature are its derivatives, ties and strata are as defined."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sarcoma_core.errors import InputError
from sarcoma_core.survival.cox import fit_cox
from sarcoma_core.survival.cox_likelihood import TIES, Ties, partial_likelihood, risk_sets
from sarcoma_core.survival.follow_up import FollowUp
from tests.survival.cohorts import Cohort, cohort, cohorts, shuffled


def by_definition(follow_up: FollowUp, x: np.ndarray, beta: np.ndarray, ties: Ties) -> float:
    """A loop over times and events, as the papers write it."""
    risk, total = np.exp(x @ beta), 0.0
    for moment in np.unique(follow_up.time[follow_up.event]):
        tied = (follow_up.time == moment) & follow_up.event
        whole = risk[follow_up.time >= moment].sum()
        for place in range(int(tied.sum())):
            out = place / tied.sum() * risk[tied].sum() if ties == "efron" else 0.0
            total -= math.log(whole - out)
        total += float((x[tied] @ beta).sum())
    return total


@pytest.mark.parametrize("ties", TIES)
@given(made=cohorts(), seed=st.integers(0, 99))
def test_the_value_is_that_of_the_definition(ties: Ties, made: Cohort, seed: int) -> None:
    follow_up, x = made
    beta = np.random.default_rng(seed).normal(size=x.shape[1])
    found = partial_likelihood(risk_sets(x, follow_up), beta, ties)
    assert found.value == pytest.approx(by_definition(follow_up, x, beta, ties), abs=1e-8)


@pytest.mark.parametrize("ties", TIES)
@given(made=cohorts(), seed=st.integers(0, 99))
@settings(max_examples=30)
def test_slope_and_curvature_are_derivatives(ties: Ties, made: Cohort, seed: int) -> None:
    follow_up, x = made
    sets, step = risk_sets(x, follow_up), 1e-5
    beta = np.random.default_rng(seed).normal(size=x.shape[1])
    found = partial_likelihood(sets, beta, ties)
    for axis in range(x.shape[1]):
        move = np.eye(x.shape[1])[axis] * step
        up, down = (partial_likelihood(sets, beta + sign * move, ties) for sign in (1, -1))
        assert (up.value - down.value) / (2 * step) == pytest.approx(found.gradient[axis], abs=1e-4)
        np.testing.assert_allclose(
            -(up.gradient - down.gradient) / (2 * step), found.information[axis], atol=1e-4
        )


@given(cohorts(), st.integers(0, 99))
def test_the_order_of_rows_and_of_ties_changes_nothing(made: Cohort, seed: int) -> None:
    follow_up, x = made
    order = shuffled(seed, len(follow_up))
    beta = np.full(x.shape[1], 0.7)
    one = partial_likelihood(risk_sets(x, follow_up), beta)
    other = partial_likelihood(risk_sets(x[order], follow_up.chosen(order)), beta)
    assert one.value == pytest.approx(other.value, abs=1e-9)
    np.testing.assert_allclose(one.gradient, other.gradient, atol=1e-9)


def test_without_ties_efron_is_breslow_and_with_ties_it_is_not() -> None:
    x = np.array([[1.0], [0.0], [2.0], [1.0]])
    beta = np.array([0.5])
    for time, same in (([1, 2, 3, 4], True), ([1, 1, 3, 4], False)):
        sets = risk_sets(x, FollowUp.of(time, [1, 1, 1, 0]))
        values = {round(partial_likelihood(sets, beta, ties).value, 9) for ties in TIES}
        assert (len(values) == 1) is same


def test_strata_are_cohorts_of_their_own() -> None:
    (one, x), (other, y) = cohort(1), cohort(2, patients=40)
    beta = np.array([0.3, -0.2, 0.5])
    both = FollowUp(np.concatenate([one.time, other.time]), np.concatenate([one.event, other.event]))
    strata = np.repeat([7, 3], [len(one), len(other)])
    found = partial_likelihood(risk_sets(np.concatenate([x, y]), both, strata), beta)
    apart = [partial_likelihood(risk_sets(*each), beta) for each in ((x, one), (y, other))]
    assert found.value == pytest.approx(sum(each.value for each in apart))
    np.testing.assert_allclose(found.gradient, sum(each.gradient for each in apart))
    np.testing.assert_allclose(found.information, sum(each.information for each in apart))


def test_a_set_without_an_event_is_0() -> None:
    follow_up, x = cohort(3)
    found = partial_likelihood(risk_sets(x, FollowUp.of(follow_up.time, np.zeros(60))), np.ones(3))
    assert (found.value, found.gradient.any(), found.information.any()) == (0.0, False, False)


def test_large_risks_do_not_overflow() -> None:
    follow_up, x = cohort(4)
    found = partial_likelihood(risk_sets(x * 300, follow_up), np.ones(3))
    assert np.isfinite(found.value)


def test_at_the_fit_the_slope_is_0() -> None:
    follow_up, x = cohort(5, patients=200)
    model = fit_cox(x, follow_up)
    found = partial_likelihood(risk_sets(x, follow_up), model.coefficients)
    np.testing.assert_allclose(found.gradient, 0, atol=1e-6)
    np.testing.assert_allclose(model.covariance @ found.information, np.eye(3), atol=1e-6)
    assert model.log_likelihood == pytest.approx(found.value)


@pytest.mark.parametrize(("scale", "shift"), [(1000.0, 0.0), (1e-3, 0.0), (1.0, 5000.0)])
def test_units_change_coefficients_as_units_do(scale: float, shift: float) -> None:
    follow_up, x = cohort(6, patients=150)
    one, other = fit_cox(x, follow_up), fit_cox(x * scale + shift, follow_up)
    np.testing.assert_allclose(one.coefficients, other.coefficients * scale, rtol=1e-6)
    np.testing.assert_allclose(one.risk(x), other.risk(x * scale + shift), atol=1e-6)
    np.testing.assert_allclose(one.cumulative_hazard, other.cumulative_hazard, rtol=1e-6)


def test_the_true_coefficients_are_found_again() -> None:
    """Exponential times with hazard exp(beta x): within 4 standard errors, which are small."""
    rng, beta = np.random.default_rng(7), np.array([0.8, -0.5])
    x = rng.normal(size=(4000, 2))
    time, last = rng.exponential(np.exp(-x @ beta)), rng.exponential(2.0, 4000)
    model = fit_cox(x, FollowUp.of(np.minimum(time, last), time <= last))
    assert (np.abs(model.coefficients - beta) < 4 * model.standard_errors).all()
    assert (model.standard_errors < 0.03).all()
    lower, upper = model.limits()
    np.testing.assert_allclose((upper - lower) / 2, 1.959964 * model.standard_errors, rtol=1e-6)
    at = model.survival(np.zeros((1, 2)), np.array([0.0, 0.5, 1.0]))[0]
    np.testing.assert_allclose(at, np.exp([0, -0.5, -1.0]), atol=0.03)


def test_who_has_the_higher_risk_has_the_event_earlier() -> None:
    rng = np.random.default_rng(8)
    x = rng.normal(size=(300, 1))
    model = fit_cox(x, FollowUp.of(rng.exponential(np.exp(-2 * x[:, 0])), np.ones(300)))
    assert model.coefficients[0] > 0
    assert model.risk(np.array([[1.0]]))[0] > model.risk(np.array([[0.0]]))[0]


X = np.array([[0.0, 1], [1, 0], [2, 5], [3, 2], [4, 4], [5, 3]])


@pytest.mark.parametrize(
    ("x", "event", "words"),
    [
        (X, [0] * 6, "must hold one at least"),
        (X[:5], [1] * 6, "must be a row for each of 6"),
        (X[:, :0], [1] * 6, "must be a row for each of 6"),
        (X[:, 0], [1] * 6, "must be a row for each of 6"),
        (np.where(X == 5, np.nan, X), [1] * 6, "must be finite; 2 are not"),
        (np.c_[X, np.ones(6)], [1] * 6, "number 3 does not"),
        (np.c_[X[:, 0], -X[:, 0]], [1, 0, 1, 1, 0, 1], "must not follow from one another|no end"),
        (np.array([[1.0], [1], [1], [0], [0], [0]]), [1, 1, 1, 0, 0, 0], "its coefficient has no end"),
    ],
)
def test_what_cannot_be_fitted_is_refused(x: np.ndarray, event: list[int], words: str) -> None:
    with pytest.raises(InputError, match=words):
        fit_cox(x, FollowUp.of([1, 2, 3, 4, 5, 6], event))


def test_exact_likelihood_of_two_ties_lies_between() -> None:
    """Of two events at one time either came first: the mean over both orders is what Efron comes near to."""
    x, beta = np.array([[1.0], [0.0], [0.5]]), np.array([0.4])
    follow_up = FollowUp.of([1, 1, 2], [1, 1, 0])
    orders = [
        math.exp(by_definition(FollowUp.of([1 + a * 1e-3, 1 + b * 1e-3, 2], [1, 1, 0]), x, beta, "efron"))
        for a, b in itertools.permutations((0, 1))
    ]
    exact = math.log(sum(orders) / len(orders))
    values = {ties: partial_likelihood(risk_sets(x, follow_up), beta, ties).value for ties in TIES}
    assert abs(values["efron"] - exact) < abs(values["breslow"] - exact) / 5
