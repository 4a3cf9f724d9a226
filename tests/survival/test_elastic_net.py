"""The penalised Cox model: its conditions of the least cost, its limits, and the choice of the penalty."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sarcoma_core.errors import InputError
from sarcoma_core.survival.cox import fit_cox
from sarcoma_core.survival.cox_likelihood import TIES, Ties, partial_likelihood, risk_sets
from sarcoma_core.survival.elastic_net import fit_elastic_net
from sarcoma_core.survival.follow_up import FollowUp
from sarcoma_core.survival.penalty_choice import choose_penalty
from tests.survival.cohorts import Cohort, cohort, cohorts, shuffled
from tests.survival.test_cox import by_definition

RATIOS = st.sampled_from([0.0, 0.01, 0.3, 0.9, 1.0])


def wide(seed: int, patients: int = 40, covariates: int = 60) -> Cohort:
    """More covariates than patients, all alike; the first two tell something."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(patients, covariates)) + rng.normal(size=(patients, 1))
    time = rng.exponential(np.exp(x[:, 1] - x[:, 0]))
    return FollowUp.of(time, rng.random(patients) < 0.7), x


def holds_an_event(made: Cohort) -> bool:
    return bool(made[0].events) and bool((np.ptp(made[1], axis=0) > 0).all())


def violations(made: Cohort, l1_ratio: float, ties: Ties) -> np.ndarray:
    """Of each penalty and covariate, by how much the condition of Karush, Kuhn and Tucker is broken."""
    follow_up, x = made
    path = fit_elastic_net(x, follow_up, l1_ratio=l1_ratio, count=12, ties=ties)
    sets = risk_sets((x - path.means) / path.spreads, follow_up)
    found = []
    for penalty, told in zip(path.penalties, path.coefficients, strict=True):
        each = told * path.spreads
        slope = (
            -partial_likelihood(sets, each, ties).gradient / len(follow_up) + penalty * (1 - l1_ratio) * each
        )
        lasso = penalty * l1_ratio
        at_0 = np.maximum(np.abs(slope) - lasso, 0)
        found.append(np.where(each == 0, at_0, np.abs(slope + lasso * np.sign(each))))
    return np.array(found)


@pytest.mark.parametrize("ties", TIES)
@given(made=cohorts().filter(holds_an_event), l1_ratio=RATIOS)
@settings(max_examples=25)
def test_every_coefficient_meets_the_condition_of_the_least_cost(
    ties: Ties, made: Cohort, l1_ratio: float
) -> None:
    assert violations(made, l1_ratio, ties).max() < 1e-8


@pytest.mark.parametrize("l1_ratio", [0.1, 1.0])
def test_with_more_covariates_than_patients_too(l1_ratio: float) -> None:
    assert violations(wide(1), l1_ratio, "breslow").max() < 1e-8


@given(made=cohorts().filter(holds_an_event), l1_ratio=RATIOS, seed=st.integers(0, 99))
@settings(max_examples=25)
def test_no_other_coefficients_cost_less(made: Cohort, l1_ratio: float, seed: int) -> None:
    """The cost by a loop over times and events, as the papers write it."""
    follow_up, x = made
    scaled = (x - x.mean(axis=0)) / x.std(axis=0)
    found = fit_elastic_net(x, follow_up, l1_ratio=l1_ratio, penalties=[0.05]).coefficients[0] * x.std(axis=0)

    def cost(b: np.ndarray) -> float:
        paid = 0.05 * (l1_ratio * np.abs(b).sum() + (1 - l1_ratio) / 2 * (b**2).sum())
        return paid - by_definition(follow_up, scaled, b, "efron") / len(follow_up)

    rng = np.random.default_rng(seed)
    least = cost(found)
    for size in (1e-3, 0.03, 1.0):
        assert cost(found + size * rng.normal(size=found.size)) >= least - 1e-12


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_without_much_of_a_penalty_it_is_the_cox_model(l1_ratio: float, ties: Ties) -> None:
    follow_up, x = cohort(21, patients=150)
    path = fit_elastic_net(x, follow_up, l1_ratio=l1_ratio, penalties=[0.1, 1e-9], ties=ties)
    plain = fit_cox(x, follow_up, ties=ties)
    np.testing.assert_allclose(path.coefficients[-1], plain.coefficients, atol=1e-6)
    assert np.abs(path.coefficients[0]).max() < np.abs(plain.coefficients).max()
    model, times = path.model(1, x, follow_up), np.array([0.0, 2, 5, 20])
    np.testing.assert_allclose(model.risk(x), plain.risk(x), atol=1e-6)
    np.testing.assert_allclose(model.survival(x, times), plain.survival(x, times), atol=1e-6)


@pytest.mark.parametrize("l1_ratio", [0.2, 1.0])
def test_the_path_begins_where_the_first_covariate_comes_in(l1_ratio: float) -> None:
    follow_up, x = cohort(22, patients=100)
    largest = fit_elastic_net(x, follow_up, l1_ratio=l1_ratio, count=1).penalties[0]
    for part, left in ((1.001, 0), (0.999, 1)):
        found = fit_elastic_net(x, follow_up, l1_ratio=l1_ratio, penalties=[part * largest]).coefficients
        assert np.count_nonzero(found) == left


def test_a_path_goes_down_to_a_ten_thousandth_or_a_hundredth() -> None:
    for made, part in ((cohort(23), 1e-4), (wide(2), 1e-2)):
        path = fit_elastic_net(made[1], made[0], l1_ratio=0.8, count=7)
        assert path.penalties.size == 7
        assert path.penalties[-1] / path.penalties[0] == pytest.approx(part)
        np.testing.assert_allclose(np.diff(np.log(path.penalties), 2), 0, atol=1e-9)


def test_ridge_leaves_none_at_0_and_gives_equal_covariates_equal_shares() -> None:
    follow_up, x = cohort(24, patients=100)
    twice = np.c_[x, x[:, 0]]
    found = fit_elastic_net(twice, follow_up, l1_ratio=0, penalties=[10.0, 0.1]).coefficients
    assert (found != 0).all()
    np.testing.assert_allclose(found[:, 0], found[:, 3], rtol=1e-9)
    assert (np.abs(found[0]) < np.abs(found[1])).all()


def test_units_change_coefficients_as_units_do_and_rows_may_be_in_any_order() -> None:
    follow_up, x = cohort(25, patients=90)
    path = fit_elastic_net(x, follow_up, l1_ratio=0.7, count=5)
    other = fit_elastic_net(x * [1000, 1e-3, 1] + [5, 0, -700], follow_up, l1_ratio=0.7, count=5)
    np.testing.assert_allclose(other.penalties, path.penalties)
    np.testing.assert_allclose(other.coefficients * [1000, 1e-3, 1], path.coefficients, atol=1e-8)
    order = shuffled(1, 90)
    again = fit_elastic_net(x[order], follow_up.chosen(order), l1_ratio=0.7, count=5)
    np.testing.assert_allclose(again.coefficients, path.coefficients, atol=1e-8)


def test_who_is_not_penalised_stands_as_in_a_model_without_the_others() -> None:
    follow_up, x = cohort(26, patients=120)
    path = fit_elastic_net(x, follow_up, l1_ratio=0.5, count=3, factors=[1, 0, 2])
    np.testing.assert_allclose(path.factors, [1, 0, 2])
    alone = fit_cox(x[:, [1]], follow_up).coefficients[0]
    np.testing.assert_allclose(path.coefficients[0], [0, alone, 0], atol=1e-8)
    assert (path.coefficients[-1] != 0).all()
    doubled = fit_elastic_net(x, follow_up, l1_ratio=0.5, count=3, factors=[2, 0, 4])
    np.testing.assert_allclose(doubled.coefficients, path.coefficients)


def test_a_covariate_that_parts_the_events_needs_a_penalty() -> None:
    x = np.array([[1.0, 0.3], [1, -0.2], [1, 0.9], [0, 0.5], [0, 0.1], [0, -0.7]])
    follow_up = FollowUp.of([1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 0, 0])
    found = fit_elastic_net(x, follow_up, l1_ratio=0.5, count=10)
    assert np.isfinite(found.coefficients).all()
    assert found.coefficients[-1, 0] > 1
    with pytest.raises(InputError, match="its coefficient has no end"):
        fit_elastic_net(x, follow_up, l1_ratio=0.5, count=10, factors=[0, 1])


def test_covariates_that_follow_from_one_another_have_the_risk_of_one_of_them() -> None:
    """With the lasso they share what one has. One alone may be free of it, and takes all; two may not."""
    follow_up, x = cohort(31, patients=80)
    twice = np.c_[x, -2 * x[:, 0]]
    for first in (1.0, 0.0):
        one = fit_elastic_net(x, follow_up, l1_ratio=1, penalties=[0.02], factors=[first, 1, 1])
        more = np.array([first, 1, 1, 1])
        same = [0.02 * one.factors[1] / (more * 4 / more.sum())[1]]
        found = fit_elastic_net(twice, follow_up, l1_ratio=1, penalties=same, factors=more).coefficients[0]
        np.testing.assert_allclose([found[0] - 2 * found[3], *found[1:3]], one.coefficients[0], atol=1e-7)
    with pytest.raises(InputError, match="must not follow from one another; number 4 does"):
        fit_elastic_net(twice, follow_up, l1_ratio=1, penalties=[0.02], factors=[0, 1, 1, 0])


def test_a_rare_level_without_an_event_needs_a_penalty() -> None:
    rng = np.random.default_rng(32)
    level = np.arange(200) < 10
    follow_up = FollowUp.of(rng.exponential(500, 200), (rng.random(200) < 0.5) & ~level)
    x = np.c_[rng.normal(size=(200, 2)), level]
    assert fit_elastic_net(x, follow_up, l1_ratio=0.5, count=5).coefficients[-1, 2] < 0
    with pytest.raises(InputError, match="number 3 does, and its coefficient has no end"):
        fit_elastic_net(x, follow_up, l1_ratio=0.5, count=5, factors=[1, 1, 0])
    folds = rng.permutation(200) % 4
    with pytest.raises(InputError, match="number 3 does, and its coefficient has no end"):
        choose_penalty(x, follow_up, l1_ratio=0.5, folds=folds, count=5, factors=[1, 1, 0])


def test_where_no_covariate_tells_anything_there_is_no_largest_penalty() -> None:
    """All have the event at one time: whoever they are, the likelihood does not change at 0."""
    x = np.random.default_rng(33).normal(size=(20, 2))
    at_once = FollowUp.of(np.full(20, 5.0), np.ones(20))
    with pytest.raises(InputError, match="covariates: must tell something"):
        fit_elastic_net(x, at_once, l1_ratio=0.5)
    assert not fit_elastic_net(x, at_once, l1_ratio=0.5, penalties=[0.1]).coefficients.any()


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_a_penalty_next_to_none_is_one(l1_ratio: float) -> None:
    """Covariates that part the events from the rest, and some at one time: steps that end at 0 exactly."""
    rng = np.random.default_rng(34)
    event = np.arange(10) % 2
    x = np.c_[rng.normal(size=(10, 2)), event]
    found = fit_elastic_net(
        x, FollowUp.of(np.full(10, 5.0), event), l1_ratio=l1_ratio, penalties=[1e-3, 1e-9]
    )
    assert np.isfinite(found.coefficients).all()


X = np.array([[0.0, 1], [1, 0], [2, 5], [3, 2], [4, 4], [5, 3]])
ALL = [1] * 6


@pytest.mark.parametrize(
    ("x", "event", "told", "words"),
    [
        (X, [0] * 6, {}, "event: must hold one at least"),
        (X[:5], ALL, {}, "must be a row for each of 6"),
        (np.where(X == 5, np.nan, X), ALL, {}, "must be finite; 2 are not"),
        (np.c_[X, np.full(6, 0.1)], ALL, {}, "number 3 does not"),
        (X, ALL, {"l1_ratio": 1.01}, "l1_ratio: must be 0 to 1; found 1.01"),
        (X, ALL, {"l1_ratio": -0.01}, "l1_ratio: must be 0 to 1"),
        (X, ALL, {"count": 0}, "count: must be 1 or more; found 0"),
        (X, ALL, {"penalties": []}, "penalties: must be 1e-09 or more"),
        (X, ALL, {"penalties": [0.1, 0.0]}, "penalties: must be 1e-09 or more"),
        (X, ALL, {"penalties": [0.1, 0.9e-9]}, "penalties: must be 1e-09 or more"),
        (X, ALL, {"penalties": [[0.1, 0.05]]}, "penalties: must be 1e-09 or more"),
        (X, ALL, {"ties": "exact"}, "ties: must be one of efron, breslow; found 'exact'"),
        (X, ALL, {"penalties": [0.1, 0.1]}, "each smaller than the one before"),
        (X, ALL, {"factors": [1]}, "factors: must be 0 or more for each of 2"),
        (X, ALL, {"factors": [1, -1]}, "factors: must be 0 or more"),
        (X, ALL, {"factors": [0, 0]}, "and one above 0"),
        (X, ALL, {"factors": [1, np.nan]}, "factors: must be 0 or more"),
    ],
)
def test_what_cannot_be_fitted_is_refused(
    x: np.ndarray, event: list[int], told: dict[str, object], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        fit_elastic_net(x, FollowUp.of([1, 2, 3, 4, 5, 6], event), **({"l1_ratio": 0.5} | told))  # type: ignore[arg-type]


def test_the_deviance_is_what_the_patients_left_out_add_to_the_likelihood() -> None:
    """Of all patients less that of the fitted ones, both at the latter's coefficients, by the definition."""
    follow_up, x = cohort(27, patients=45)
    folds = np.arange(45) % 3
    found = choose_penalty(x, follow_up, l1_ratio=0.6, folds=folds, penalties=[0.1, 0.02])
    for place, penalty in enumerate((0.1, 0.02)):
        lost, events = [], []
        for fold in range(3):
            kept = folds != fold
            some = follow_up.chosen(kept)
            b = fit_elastic_net(x[kept], some, l1_ratio=0.6, penalties=[penalty]).coefficients[0]
            added = by_definition(follow_up, x, b, "efron") - by_definition(some, x[kept], b, "efron")
            lost.append(-2 * added)
            events.append(follow_up.chosen(~kept).events)
        mean = sum(lost) / sum(events)
        spread = sum(d * (one / d - mean) ** 2 for one, d in zip(lost, events, strict=True)) / sum(events)
        assert found.deviances[place] == pytest.approx(mean, abs=1e-7)
        assert found.standard_errors[place] == pytest.approx(np.sqrt(spread / 2), abs=1e-7)


def test_what_tells_something_is_chosen_and_noise_is_not() -> None:
    rng = np.random.default_rng(28)
    x = rng.normal(size=(200, 20))
    folds = rng.permutation(200) % 5
    for size in (1.0, 0.0):
        follow_up = FollowUp.of(rng.exponential(np.exp(-size * (x[:, 0] - x[:, 1]))), np.ones(200))
        found = choose_penalty(x, follow_up, l1_ratio=1, folds=folds, count=30)
        assert found.simplest <= found.best == np.argmin(found.deviances)
        limit = found.deviances[found.best] + found.standard_errors[found.best]
        assert found.deviances[found.simplest] <= limit
        assert (found.deviances[: found.simplest] > limit).all()
        chosen = np.flatnonzero(found.path.coefficients[found.simplest])
        gained = found.deviances[0] - found.deviances[found.best]
        if size:
            assert set(chosen) == {0, 1}
            assert gained > 0.5
        else:
            assert chosen.size <= 2
            assert gained < 0.05


def test_a_category_that_one_fold_alone_holds_has_no_coefficient_without_it() -> None:
    follow_up, x = cohort(29, patients=60, covariates=2)
    folds = np.arange(60) % 4
    rare = np.where(folds == 2, np.arange(60) % 8 < 4, 0.0)
    found = choose_penalty(np.c_[x, rare], follow_up, l1_ratio=0.5, folds=folds, count=5)
    assert np.isfinite(found.deviances).all()


@pytest.mark.parametrize(
    ("folds", "words"),
    [
        (np.zeros(60), "two or more, each with an event; found 1, 0 without"),
        (np.zeros(59), "folds: must be one for each of 60 patients"),
        (np.where(np.arange(60) < 30, np.nan, 1), "30 of 60 are None or NaN"),
        (np.arange(60) // 59, "each with an event; found 2, 1 without"),
    ],
)
def test_folds_that_tell_nothing_are_refused(folds: np.ndarray, words: str) -> None:
    made, x = cohort(30)
    follow_up = FollowUp.of(made.time, np.arange(60) < 50)
    with pytest.raises(InputError, match=words):
        choose_penalty(x, follow_up, l1_ratio=0.5, folds=folds)
