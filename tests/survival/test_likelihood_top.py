"""Where the partial likelihood has no top, or no single one, the fit is refused; a large effect is not."""

import numpy as np
import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.survival.cox import fit_cox
from sarcoma_core.survival.cox_likelihood import TIES, Ties
from sarcoma_core.survival.follow_up import FollowUp
from sarcoma_core.survival.likelihood_top import ALONE

SIZES = [(60, 0.05), (245, 0.05), (245, 0.2), (2000, 0.005), (2000, 0.5)]


def with_level(seed: int, patients: int, part: float, events: int) -> tuple[FollowUp, np.ndarray]:
    """Noise, and a level of which so many have the event, in the middle of the follow-up."""
    rng = np.random.default_rng(seed)
    level = np.arange(patients) < max(2, part * patients)
    time, event = rng.exponential(500, patients) + 1, (rng.random(patients) < 0.5) & ~level
    time[:events], event[:events] = 300 + np.arange(events), True
    time[level & ~event] += 400
    return FollowUp.of(time, event), np.c_[rng.normal(size=patients), level]


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize(("patients", "part"), SIZES)
def test_a_level_without_an_event_is_refused_and_with_one_it_is_fitted(
    patients: int, part: float, ties: Ties
) -> None:
    for seed in range(4):
        follow_up, x = with_level(seed, patients, part, 0)
        strata = np.arange(patients) % 2
        for groups in (None, strata):
            with pytest.raises(InputError, match="rest; number 2 does, and its coefficient has no end"):
                fit_cox(x, follow_up, ties=ties, strata=groups)
        with pytest.raises(InputError, match="number 1 does, and its coefficient has no end"):
            fit_cox(1 - x[:, [1]], follow_up, ties=ties)
        one, x = with_level(seed, patients, part, 1)
        found = fit_cox(x, one, ties=ties)
        assert found.coefficients[1] < 0
        assert found.standard_errors[1] == pytest.approx(1, abs=0.3)  # of one event about one over its root


@pytest.mark.parametrize("ties", TIES)
def test_covariates_that_part_the_events_together_are_refused_and_all_named(ties: Ties) -> None:
    """Their sum is 1 for all with an event and 0 for some without; neither tells it alone."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(150, 3))
    whole = np.arange(150) < 120
    x[:, 2] = whole - x[:, 0]
    time, event = rng.exponential(500, 150) + 1, (rng.random(150) < 0.6) & whole
    with pytest.raises(InputError, match="numbers 1, 3 do, and their coefficients have no end"):
        fit_cox(x, FollowUp.of(time, event), ties=ties)
    event[149], time[149] = True, 200.0
    assert (fit_cox(x, FollowUp.of(time, event), ties=ties).standard_errors < 2).all()


def test_two_levels_that_each_part_the_events_are_both_named() -> None:
    rng = np.random.default_rng(2)
    group = np.arange(300) % 10
    follow_up = FollowUp.of(rng.exponential(500, 300), (rng.random(300) < 0.5) & (group > 1))
    x = np.c_[rng.normal(size=300), group == 0, group == 5, group == 1]
    with pytest.raises(InputError, match="numbers 2, 4 do, and their coefficients have no end"):
        fit_cox(x, follow_up)


def test_the_earliest_is_always_the_highest_and_that_is_no_estimate() -> None:
    order = np.arange(1.0, 41)
    with pytest.raises(InputError, match="number 1 does, and its coefficient has no end"):
        fit_cox(-order[:, None], FollowUp.of(order, np.ones(40)))
    swapped = order.copy()
    swapped[[10, 11, 25, 26]] = order[[11, 10, 26, 25]]
    found = fit_cox(-swapped[:, None], FollowUp.of(order, np.ones(40)))
    assert found.coefficients[0] / found.standard_errors[0] > 2


@pytest.mark.parametrize("ratio", [50.0, 1 / 50, 1000.0])
def test_a_large_effect_with_plenty_of_events_is_fitted(ratio: float) -> None:
    rng = np.random.default_rng(3)
    for part in (0.05, 0.5):
        level = np.arange(2000) < part * 2000
        follow_up = FollowUp.of(rng.exponential(np.where(level, 1 / ratio, 1)), np.ones(2000))
        found = fit_cox(level[:, None].astype(float), follow_up)
        assert abs(found.coefficients[0] - np.log(ratio)) < 4 * found.standard_errors[0]
        assert found.standard_errors[0] < 0.4


def test_a_value_far_from_all_others_does_not_hide_an_effect() -> None:
    """In units of its spread, which the one value makes, the coefficient is near 60: that is no end."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=300)
    follow_up = FollowUp.of(rng.exponential(np.exp(-x)), np.ones(300))
    far = FollowUp(np.r_[follow_up.time, 1e3], np.r_[follow_up.event, False])
    one, other = fit_cox(x[:, None], follow_up), fit_cox(np.r_[x, -1e3][:, None], far)
    assert other.coefficients[0] == pytest.approx(one.coefficients[0], abs=1e-6)


def collinear(kind: str, rng: np.random.Generator, n: int) -> tuple[np.ndarray, int]:
    """Covariates, and the number of the first that follows from those before it."""
    a, group = rng.normal(size=(n, 2)), rng.permutation(n) % 4
    dummies = (group[:, None] == np.arange(4)) * 1.0
    made = {
        "copy": (np.c_[a, a[:, 0]], 3),
        "other unit": (np.c_[a, a[:, 1] * 2.54 + 1], 3),
        "tiny unit": (np.c_[a[:, 0], a[:, 0] * 1e-30, a[:, 1]], 2),
        "huge unit": (np.c_[a[:, 0], -1e30 * a[:, 0]], 2),
        "single precision": (np.c_[a, a[:, 0].astype(np.float32)], 3),
        "sum": (np.c_[a, a[:, 0] + a[:, 1]], 3),
        "all levels": (np.c_[a, dummies], 6),
        "a sum of levels": (np.c_[dummies[:, 1:], group >= 1, a], 4),
        "more than patients": (rng.normal(size=(n, n + 3)), n),
    }
    return made[kind]


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize(
    "kind",
    [
        *("copy", "other unit", "tiny unit", "huge unit", "single precision", "sum", "all levels"),
        *("a sum of levels", "more than patients"),
    ],
)
def test_what_follows_from_others_is_refused_by_its_number(kind: str, ties: Ties) -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(20, 120))
        follow_up = FollowUp.of(rng.exponential(500, n).round() + 1, rng.random(n) < 0.8)
        follow_up.event[np.argmin(follow_up.time)] = True  # so that all are at risk
        x, number = collinear(kind, rng, n)
        with pytest.raises(InputError, match=f"must not follow from one another; number {number} does"):
            fit_cox(x, follow_up, ties=ties)


@pytest.mark.parametrize(("correlation", "fitted"), [(0.999, True), (0.999999, True), (1.0, False)])
def test_what_is_nearly_the_same_is_fitted_and_unsure(correlation: float, fitted: object) -> None:
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=(2, 400))
    x = np.c_[a, correlation * a + np.sqrt(1 - correlation**2) * b]
    follow_up = FollowUp.of(rng.exponential(np.exp(-a)), np.ones(400))
    if fitted:
        found, alone = fit_cox(x, follow_up), fit_cox(x[:, :1], follow_up)
        assert found.coefficients.sum() == pytest.approx(alone.coefficients[0], abs=0.2)
        told = found.standard_errors[1] * np.sqrt((1 - correlation**2) * 400)
        assert told == pytest.approx(1, abs=0.15)  # of its own part, which has no effect
    else:
        with pytest.raises(InputError, match="number 2 does"):
            fit_cox(x, follow_up)


@pytest.mark.parametrize(("times", "fitted"), [(1.5, True), (0.7, False)])
def test_the_part_that_is_its_own_decides(times: float, fitted: object) -> None:
    rng = np.random.default_rng(6)
    a, b = rng.normal(size=(2, 400))
    follow_up = FollowUp.of(rng.exponential(np.exp(-a)), np.ones(400))
    x = np.c_[a, a + times * ALONE * b]
    if fitted:
        assert np.isfinite(fit_cox(x, follow_up).standard_errors).all()
    else:
        with pytest.raises(InputError, match="must not follow from one another; number 2 does"):
            fit_cox(x, follow_up)


def test_a_covariate_varies_among_those_at_risk() -> None:
    """Who was lost before the first event tells nothing; nor does what is the same within each stratum."""
    rng = np.random.default_rng(7)
    time, event = np.arange(1.0, 41), np.arange(40) >= 5
    lost = np.c_[rng.normal(size=40), np.arange(40) < 5]
    with pytest.raises(InputError, match="among those at risk of an event; number 2 does not"):
        fit_cox(lost, FollowUp.of(time, event))
    strata = np.arange(40) % 2
    with pytest.raises(InputError, match="among those at risk of an event; number 1 does not"):
        fit_cox(np.c_[strata, lost[:, 0]], FollowUp.of(time, event), strata=strata)
    assert np.isfinite(fit_cox(np.c_[strata, lost[:, 0]], FollowUp.of(time, event)).standard_errors).all()


@pytest.mark.parametrize(("unit", "words"), [(1e100, "be 1e"), (1e-101, "have a spread of 1e-100 or more")])
def test_units_beyond_any_use_are_refused(unit: float, words: str) -> None:
    rng = np.random.default_rng(8)
    x, follow_up = 2 * rng.normal(size=(40, 1)), FollowUp.of(rng.exponential(size=40), np.ones(40))
    inside = fit_cox(x * unit**0.97, follow_up)
    assert inside.coefficients[0] * unit**0.97 == pytest.approx(fit_cox(x, follow_up).coefficients[0])
    assert np.isfinite(inside.standard_errors).all()
    for worse in (unit, unit**3):
        with pytest.raises(InputError, match=f"covariates: must each {words}.*number 1 does not"):
            fit_cox(x * worse, follow_up)


def test_a_patient_beyond_any_number_dies_at_once_or_never() -> None:
    rng = np.random.default_rng(9)
    x = rng.normal(size=(100, 1))
    model = fit_cox(x, FollowUp.of(rng.exponential(np.exp(-x[:, 0])) + 1, np.ones(100)))
    found = model.survival(np.array([[-1e300], [1e300]]), np.array([0.5, 3.0]))
    np.testing.assert_array_equal(found, [[1, 1], [1, 0]])
    for value in (np.nan, np.inf):
        with pytest.raises(InputError, match="covariates: must be finite, and so must their risk; 1 are not"):
            model.risk(np.array([[value], [0]]))
