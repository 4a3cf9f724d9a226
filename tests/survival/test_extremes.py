"""Strata and risks far apart: no weight vanishes because those of others are large."""

import numpy as np
import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.survival.cox import fit_cox
from sarcoma_core.survival.cox_likelihood import TIES, Ties, log_likelihood, partial_likelihood, risk_sets
from sarcoma_core.survival.cox_likelihood import residuals as slope_by_risk
from sarcoma_core.survival.follow_up import FollowUp
from sarcoma_core.survival.proportional_hazards import breslow_baseline
from tests.survival.cohorts import cohort


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("apart", [30.0, 2000.0, -2000.0])
def test_a_stratum_far_from_the_other_counts_as_if_it_were_near(apart: float, ties: Ties) -> None:
    """A shift of a whole stratum is of no matter to its likelihood: neither value nor slope may change."""
    follow_up, x = cohort(1, patients=80)
    strata, beta = np.arange(80) % 2, np.array([1.0, 0.5, -0.5])
    shifted = x + apart * (strata == 1)[:, None] * np.array([1, 0, 0])
    one, other = (partial_likelihood(risk_sets(y, follow_up, strata), beta, ties) for y in (x, shifted))
    assert other.value == pytest.approx(one.value, rel=1e-9)
    np.testing.assert_allclose(other.gradient, one.gradient, atol=1e-7)
    near, far = (risk_sets(y, follow_up, strata) for y in (x, shifted))
    np.testing.assert_allclose(
        slope_by_risk(far, far.covariates @ beta, ties),
        slope_by_risk(near, near.covariates @ beta, ties),
        atol=1e-9,
    )


@pytest.mark.parametrize("ties", TIES)
def test_a_risk_beyond_all_others_makes_a_likelihood_that_is_low_and_a_number(ties: Ties) -> None:
    follow_up = FollowUp.of([1, 2, 3, 4], [1, 1, 1, 0])
    sets = risk_sets(np.array([[1.0], [0.0], [0.0], [0.5]]), follow_up)
    found = partial_likelihood(sets, np.array([5000.0]), ties)
    assert found.value < -1000
    assert np.isfinite([found.value, *found.gradient, *found.information.ravel()]).all()
    assert log_likelihood(sets, sets.covariates[:, 0] * 5000, ties) == found.value


@pytest.mark.parametrize(
    ("strata", "words"),
    [
        (np.arange(59), "strata: must be one for each of 60"),
        (np.full(60, np.nan), "strata: must be known of each patient; 60 of 60"),
        (np.zeros((60, 1)), "strata: must be one for each of 60"),
    ],
)
def test_what_is_no_stratum_is_refused(strata: np.ndarray, words: str) -> None:
    follow_up, x = cohort(2)
    with pytest.raises(InputError, match=words):
        fit_cox(x, follow_up, strata=strata)
    named = fit_cox(x, follow_up, strata=np.where(np.arange(60) % 2, "one", "two"))  # type: ignore[arg-type]
    np.testing.assert_allclose(
        named.coefficients, fit_cox(x, follow_up, strata=np.arange(60) % 2).coefficients
    )


def test_what_a_model_is_asked_is_one_that_it_knows() -> None:
    follow_up, x = cohort(3)
    with pytest.raises(InputError, match="ties: must be one of efron, breslow; found 'exact'"):
        fit_cox(x, follow_up, ties="exact")  # type: ignore[arg-type]
    model = fit_cox(x, follow_up)
    for level in (0, 1, 2, np.nan):
        with pytest.raises(InputError, match="level: must be above 0 and below 1"):
            model.limits(level)
    with pytest.raises(InputError, match="must be a row for each of 60 patients"):
        risk_sets(x[:59], follow_up)


@pytest.mark.parametrize(("lowest", "known"), [(-699.0, True), (-701.0, False)])
def test_a_baseline_is_a_number_or_refused(lowest: float, known: object) -> None:
    follow_up = FollowUp.of([1, 2, 3], [1, 1, 1])
    risk = np.array([800.0, 0.0, lowest])
    if known:
        _, hazard = breslow_baseline(risk, follow_up)
        np.testing.assert_allclose(hazard, [0, 1, 1 + np.exp(699)], atol=1e-300)
    else:
        with pytest.raises(InputError, match="it is too large for a number"):
            breslow_baseline(risk, follow_up)
