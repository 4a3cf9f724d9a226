"""The numbers of other packages, on the data that they ship with, to the last digit that is given.

lifelines: rossi and waltons; scikit-survival: gbsg2, bmt, veterans, whas500 and flchain. Where a number
stands here, independent programs gave it; beside it the package itself is asked in the same run.
"""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("lifelines", reason="oracle test: make extras to run it")
pytest.importorskip("sksurv", reason="oracle test: make extras to run it")

import autograd.numpy as anp  # noqa: E402
import pandas as pd  # noqa: E402
from lifelines import CoxPHFitter, CRCSplineFitter, KaplanMeierFitter, WeibullAFTFitter  # noqa: E402
from lifelines.datasets import load_rossi, load_waltons  # noqa: E402
from lifelines.fitters import ParametricRegressionFitter  # noqa: E402
from lifelines.fitters.mixins import SplineFitterMixin  # noqa: E402
from lifelines.statistics import proportional_hazard_test  # noqa: E402
from scipy.optimize import linprog  # noqa: E402
from sklearn.impute import SimpleImputer  # noqa: E402
from sklearn.model_selection import train_test_split  # noqa: E402
from sksurv import metrics  # noqa: E402
from sksurv.column import encode_categorical  # noqa: E402
from sksurv.datasets import (  # noqa: E402
    load_bmt,
    load_flchain,
    load_gbsg2,
    load_veterans_lung_cancer,
    load_whas500,
)
from sksurv.linear_model import CoxnetSurvivalAnalysis  # noqa: E402

from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.survival.aalen_johansen import aalen_johansen  # noqa: E402
from sarcoma_core.survival.brier import brier_scores, integrated_brier  # noqa: E402
from sarcoma_core.survival.calibration import calibration_curve  # noqa: E402
from sarcoma_core.survival.censoring import observation  # noqa: E402
from sarcoma_core.survival.concordance import harrell, uno  # noqa: E402
from sarcoma_core.survival.cox import CoxModel, fit_cox  # noqa: E402
from sarcoma_core.survival.cox_likelihood import TIES, Ties  # noqa: E402
from sarcoma_core.survival.dynamic_auc import dynamic_auc  # noqa: E402
from sarcoma_core.survival.elastic_net import fit_elastic_net  # noqa: E402
from sarcoma_core.survival.follow_up import FollowUp  # noqa: E402
from sarcoma_core.survival.kaplan_meier import kaplan_meier  # noqa: E402
from sarcoma_core.survival.log_rank import log_rank  # noqa: E402
from sarcoma_core.survival.proportionality import TimeScale, proportionality  # noqa: E402
from sarcoma_core.survival.spline_hazard import fit_spline_hazard  # noqa: E402

YEARS = np.arange(1, 6) * 365.0
HALF = 0.5


def digits(value: object, expected: object, places: int) -> None:
    """Equal to half a unit of the last digit."""
    np.testing.assert_allclose(value, expected, rtol=0, atol=HALF * 10.0**-places + 1e-12)


@pytest.mark.parametrize(
    ("ties", "coefficients", "log_likelihood"),
    [
        ("efron", [-0.3794, -0.0574, 0.3139, -0.1498, -0.4337, -0.0849, 0.0915], -658.7477),
        ("breslow", [-0.3790, -0.0572, 0.3141, -0.1511, -0.4328, -0.0850, 0.0911], -659.1206),
    ],
)
def test_cox_on_rossi(ties: Ties, coefficients: list[float], log_likelihood: float) -> None:
    table = load_rossi()
    x = table.drop(columns=["week", "arrest"]).to_numpy(float)
    follow_up = FollowUp.of(table["week"], table["arrest"])
    model = fit_cox(x, follow_up, ties=ties)
    digits(model.coefficients, coefficients, 4)
    digits(model.log_likelihood, log_likelihood, 4)
    if ties == "efron":
        digits(harrell(follow_up, model.risk(x)).index, 0.6403, 4)
        digits(model.likelihood_ratio[0], 33.27, 2)


def test_curves_on_waltons() -> None:
    table = load_waltons()
    follow_up = FollowUp.of(table["T"], table["E"])
    found, oracle = kaplan_meier(follow_up), KaplanMeierFitter().fit(table["T"], table["E"])
    assert found.quantile() == 56
    assert found.at([50])[0] == pytest.approx(0.616816845603272, abs=1e-15)
    limits = oracle.confidence_interval_.to_numpy()[1:-1]
    np.testing.assert_allclose(np.stack([found.lower, found.upper], axis=1)[:-1], limits, atol=1e-12)
    digits(log_rank(follow_up, table["group"]).statistic, 122.2491, 4)


@pytest.fixture(scope="module")
def gbsg2() -> tuple[np.ndarray, FollowUp, np.ndarray, CoxModel]:
    x, y = load_gbsg2()
    columns = [
        *(x["age"], x["horTh"] == "yes", x["menostat"] == "Post", x["pnodes"], x["progrec"]),
        *(x["tgrade"].map({"I": 1, "II": 2, "III": 3}).astype(float), x["tsize"], x["estrec"]),
    ]
    table = np.stack([np.asarray(column, float) for column in columns], axis=1)
    follow_up = FollowUp.of(y["time"], y["cens"])
    return table, follow_up, y, fit_cox(table, follow_up)


def test_cox_and_concordance_on_gbsg2(gbsg2: tuple[np.ndarray, FollowUp, np.ndarray, CoxModel]) -> None:
    x, follow_up, y, model = gbsg2
    digits(model.coefficients, [-0.0094, -0.3372, 0.2673, 0.0499, -0.0022, 0.2803, 0.0077, 0.0002], 4)
    risk = model.risk(x)
    found = harrell(follow_up, risk)
    digits(found.index, 0.68793, 5)
    assert (found.concordant, found.discordant, found.tied) == (91544, 41528, 0)
    weighed = uno(follow_up, risk, observation(follow_up), tau=1825).index
    digits(weighed, 0.67653, 5)
    assert weighed == pytest.approx(metrics.concordance_index_ipcw(y, y, risk, tau=1825)[0], abs=1e-12)


def test_auc_and_brier_on_gbsg2(gbsg2: tuple[np.ndarray, FollowUp, np.ndarray, CoxModel]) -> None:
    x, follow_up, y, model = gbsg2
    censoring, risk = observation(follow_up), model.risk(x)
    areas = dynamic_auc(follow_up, risk, YEARS, censoring)
    digits(areas.auc, [0.75992, 0.73500, 0.73833, 0.73646, 0.74399], 5)
    digits(areas.mean, 0.74125, 5)
    np.testing.assert_allclose(areas.auc, metrics.cumulative_dynamic_auc(y, y, risk, YEARS)[0], atol=1e-12)
    survival = model.survival(x, YEARS)
    scores = brier_scores(follow_up, survival, YEARS, censoring)
    digits(scores, [0.07438, 0.16799, 0.19541, 0.20728, 0.20882], 5)
    digits(integrated_brier(YEARS, scores), 0.17807, 5)
    np.testing.assert_allclose(scores, metrics.brier_score(y, y, survival, YEARS)[1], atol=1e-12)


def test_competing_risks_on_bmt() -> None:
    _, outcome = load_bmt()
    found = aalen_johansen(outcome["ftime"], outcome["status"])
    digits(found.incidence[:, -1], [0.27284, 0.48127], 5)
    digits([found.at(1, [10])[0], found.at(2, [10])[0]], [0.23771, 0.34076], 5)


@pytest.mark.parametrize("scale", ["km", "log", "identity"])
def test_proportional_hazards_on_rossi(scale: TimeScale) -> None:
    """Not on ranks: lifelines counts tied events in the order of rows, and we by their mean rank."""
    table = load_rossi()
    x = table.drop(columns=["week", "arrest"]).to_numpy(float)
    follow_up = FollowUp.of(table["week"], table["arrest"])
    found = proportionality(fit_cox(x, follow_up), x, follow_up, scale=scale).statistic
    oracle = proportional_hazard_test(CoxPHFitter().fit(table, "week", "arrest"), table, time_transform=scale)
    np.testing.assert_allclose(found, np.asarray(oracle.test_statistic), atol=1e-4)


@pytest.mark.parametrize("l1_ratio", [0.05, 0.5, 1.0])
@pytest.mark.parametrize("factors", [None, [1, 1, 0, 2, 1, 1, 1, 0.5]])
def test_the_path_of_the_elastic_net_on_gbsg2(
    gbsg2: tuple[np.ndarray, FollowUp, np.ndarray, CoxModel], l1_ratio: float, factors: list[float] | None
) -> None:
    """At the penalties of scikit-survival, which ends its path where little is gained."""
    x, follow_up, y, _ = gbsg2
    scaled = (x - x.mean(axis=0)) / x.std(axis=0)
    oracle = CoxnetSurvivalAnalysis(
        l1_ratio=l1_ratio, penalty_factor=factors, tol=1e-12, max_iter=10**7, fit_baseline_model=False
    ).fit(scaled, y)
    path = fit_elastic_net(x, follow_up, l1_ratio=l1_ratio, factors=factors, ties="breslow")
    some = oracle.alphas_.size
    assert some > 30
    np.testing.assert_allclose(path.penalties[:some], oracle.alphas_, rtol=1e-6)
    np.testing.assert_allclose(path.coefficients[:some] * path.spreads, oracle.coef_.T, atol=1e-4)


def test_ridge_on_rossi() -> None:
    """In lifelines the standard deviation is that of n - 1, so its penalty is larger by n / (n - 1)."""
    table = load_rossi()
    x = table.drop(columns=["week", "arrest"]).to_numpy(float)
    path = fit_elastic_net(
        x, FollowUp.of(table["week"], table["arrest"]), l1_ratio=0, penalties=[0.1 * 432 / 431]
    )
    oracle = CoxPHFitter(penalizer=0.1, l1_ratio=0).fit(table, "week", "arrest")
    np.testing.assert_allclose(path.coefficients[0], oracle.params_, atol=2e-5)


@pytest.mark.parametrize(
    ("load", "columns", "ties", "index"),
    [
        (load_veterans_lung_cancer, ("Survival_in_days", "Status"), "breslow", 0.73626),
        (load_whas500, ("lenfol", "fstat"), "efron", 0.78422),
    ],
)
def test_the_concordance_of_a_cox_model_fitted_to_all(
    load: Callable[[], tuple[pd.DataFrame, np.ndarray]], columns: tuple[str, str], ties: Ties, index: float
) -> None:
    table, y = load()
    x = encode_categorical(table).to_numpy(float)
    follow_up = FollowUp.of(*(y[column] for column in columns))
    digits(harrell(follow_up, fit_cox(x, follow_up, ties=ties).risk(x)).index, index, 5)


def test_auc_and_concordance_on_flchain() -> None:
    """A fifth is the test; what is missing is the mean of the training; times up to the 81st percentile."""
    table, y = load_flchain()
    names = ["age", "creatinine", "kappa", "lambda"]
    train, test, y_train, y_test = train_test_split(table[names], y, test_size=0.2, random_state=0)
    filled = SimpleImputer().fit(train)
    x, x_test = filled.transform(train), filled.transform(test)
    follow_up, follow_up_test = (FollowUp.of(each["futime"], each["death"]) for each in (y_train, y_test))
    times = np.percentile(y["futime"], np.linspace(5, 81, 15))
    censoring = observation(follow_up)
    means = [dynamic_auc(follow_up_test, x_test[:, n], times, censoring).mean for n in range(4)]
    digits(means, [0.8126, 0.6217, 0.7292, 0.7280], 4)
    risk = fit_cox(x, follow_up, ties="breslow").risk(x_test)
    digits(harrell(follow_up_test, risk).index, 0.80401, 5)
    weighed = uno(follow_up_test, risk, censoring, tau=times[-1]).index
    digits(weighed, 0.80473, 5)
    assert weighed == pytest.approx(
        metrics.concordance_index_ipcw(y_train, y_test, risk, times[-1])[0], abs=1e-12
    )
    areas = dynamic_auc(follow_up_test, risk, times, censoring)
    digits(areas.mean, 0.83013, 5)
    expected, mean = metrics.cumulative_dynamic_auc(y_train, y_test, risk, times)
    np.testing.assert_allclose([*areas.auc, areas.mean], [*expected, mean], atol=1e-12)


@pytest.fixture(scope="module")
def rossi_at_25() -> tuple[FollowUp, np.ndarray, pd.DataFrame]:
    """The follow-up, the risk by week 25 as lifelines predicts it, and a table of its log-log."""
    table = load_rossi()
    model = CoxPHFitter().fit(table, "week", "arrest")
    predicted = 1 - model.predict_survival_function(table, times=[25.0]).to_numpy()[0]
    told = pd.DataFrame(
        {"c": np.log(-np.log1p(-predicted)), "week": table["week"], "arrest": table["arrest"]}
    )
    return FollowUp.of(table["week"], table["arrest"]), predicted, told


def test_calibration_on_rossi(rossi_at_25: tuple[FollowUp, np.ndarray, pd.DataFrame]) -> None:
    """At 25 weeks lifelines tells .01025 and .00963.

    An intercept moves its splines to where there are no patients, so that Weibull's model is left, without
    knots; and its search ends early. Searched to the end its model gives what ours does, to six digits.
    """
    follow_up, predicted, told = rossi_at_25
    found = calibration_curve(follow_up, predicted, 25.0, time_knots=(), covariate_knots=())
    np.testing.assert_allclose([found.ici, found.e50], [0.01025, 0.00963], atol=2e-5)
    oracle = CRCSplineFitter(n_baseline_knots=3)
    terms = {"beta_": ["c"], "gamma0_": "1", "gamma1_": "1", "gamma2_": "1"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle.fit_right_censoring(
            told, "week", "arrest", regressors=terms, fit_options={"ftol": 1e-14, "maxiter": 2000}
        )
    apart = np.abs(1 - oracle.predict_survival_function(told, times=[25.0]).to_numpy()[0] - predicted)
    np.testing.assert_allclose([found.ici, found.e50], [apart.mean(), np.median(apart)], atol=1e-6)


def test_without_knots_it_is_weibulls_model_of_lifelines(
    rossi_at_25: tuple[FollowUp, np.ndarray, pd.DataFrame],
) -> None:
    follow_up, _, told = rossi_at_25
    found = fit_spline_hazard(told["c"].to_numpy(), follow_up, time_knots=(), covariate_knots=())
    oracle = WeibullAFTFitter().fit(told, "week", "arrest")
    assert found.log_likelihood == pytest.approx(oracle.log_likelihood_, abs=1e-6)
    np.testing.assert_allclose(
        found.survival(told["c"], 25.0),
        oracle.predict_survival_function(told, times=[25.0]).to_numpy()[0],
        atol=1e-5,
    )


class RoystonParmar(SplineFitterMixin, ParametricRegressionFitter):
    """Proportional hazards on splines of log time and of a covariate, searched for by lifelines itself."""

    _fitted_parameter_names = ("beta_", "slope_", "bend_")  # type: ignore[assignment]
    knots: np.ndarray

    def _create_initial_point(self, *told: Any) -> Mapping[str, np.ndarray]:
        return {
            "beta_": np.zeros(len(told[-1]["beta_"].columns)),
            "slope_": np.ones(1),
            "bend_": np.zeros(1),
        }

    def _cumulative_hazard(self, params: Mapping[str, Any], T: Any, Xs: Any) -> Any:  # noqa: N803
        log_time = anp.log(T)
        bend = self.basis(log_time, self.knots[1], self.knots[0], self.knots[2])
        return anp.exp(Xs["beta_"] @ params["beta_"] + params["slope_"] * log_time + params["bend_"] * bend)


def test_the_splines_are_those_of_royston_and_parmar(
    rossi_at_25: tuple[FollowUp, np.ndarray, pd.DataFrame],
) -> None:
    """Knots at percentiles of log times of events, and of the covariate, whose spline is worked out here."""
    follow_up, _, told = rossi_at_25
    found = fit_spline_hazard(told["c"].to_numpy(), follow_up)
    low, middle, high = np.percentile(told["c"], [10, 50, 90])
    part = (high - middle) / (high - low)
    cubes = [np.maximum(told["c"] - knot, 0) ** 3 for knot in (low, middle, high)]
    bent = told.assign(d=cubes[1] - part * cubes[0] - (1 - part) * cubes[2])
    oracle = RoystonParmar()
    oracle.knots = np.percentile(np.log(told["week"][told["arrest"] == 1]), [5, 50, 95])
    oracle.fit_right_censoring(
        bent, "week", "arrest", regressors={"beta_": "c + d", "slope_": "1", "bend_": "1"}
    )
    assert found.log_likelihood == pytest.approx(oracle.log_likelihood_, abs=1e-5)
    theirs = oracle.predict_survival_function(bent, times=[25.0]).to_numpy()[0]
    np.testing.assert_allclose(found.survival(told["c"], 25.0), theirs, atol=1e-4)


def parts_events(x: np.ndarray, follow_up: FollowUp) -> bool:
    """Whether some direction ranks nobody at risk above who has the event, and somebody below."""
    apart = [
        x[i] - x[j]
        for i in np.flatnonzero(follow_up.event)
        for j in np.flatnonzero(follow_up.time >= follow_up.time[i])
    ]
    rows = np.unique(np.array(apart), axis=0)
    found = linprog(-rows.sum(axis=0), A_ub=-rows, b_ub=np.zeros(len(rows)), bounds=[(-1, 1)] * x.shape[1])
    return bool(-found.fun > 1e-9)


@pytest.mark.parametrize("ties", TIES)
def test_just_those_are_refused_that_part_the_events_by_linear_programming(ties: Ties) -> None:
    refused = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        n, p = int(rng.integers(12, 50)), int(rng.integers(1, 4))
        x = rng.integers(0, 3, (n, p)) + rng.normal(size=(n, p)) * (rng.random(p) < 0.3)
        time = np.ceil(20 * rng.exponential(np.exp(-2 * x[:, 0])))
        follow_up = FollowUp.of(time, rng.random(n) < rng.choice([0.2, 0.6]))
        if not follow_up.events:
            continue
        try:
            assert (fit_cox(x, follow_up, ties=ties).standard_errors < 100).all()
        except InputError as error:
            if "must not part events" in str(error):
                assert parts_events(x, follow_up)
                refused += 1
        else:
            assert not parts_events(x, follow_up)
    assert refused > 10
