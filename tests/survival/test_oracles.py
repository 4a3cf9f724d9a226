"""The numbers of other packages, on the data that they ship with, to the last digit that is given.

lifelines: rossi and waltons; scikit-survival: gbsg2 and bmt. Where a number stands here, several independent
programs gave it; beside it the package itself is asked in the same run.
"""

import numpy as np
import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("lifelines", reason="oracle test: make extras to run it")
pytest.importorskip("sksurv", reason="oracle test: make extras to run it")

from lifelines import CoxPHFitter, KaplanMeierFitter  # noqa: E402
from lifelines.datasets import load_rossi, load_waltons  # noqa: E402
from lifelines.statistics import proportional_hazard_test  # noqa: E402
from sksurv import metrics  # noqa: E402
from sksurv.datasets import load_bmt, load_gbsg2  # noqa: E402

from sarcoma_core.survival.aalen_johansen import aalen_johansen  # noqa: E402
from sarcoma_core.survival.brier import brier_scores, integrated_brier  # noqa: E402
from sarcoma_core.survival.censoring import observation  # noqa: E402
from sarcoma_core.survival.concordance import harrell, uno  # noqa: E402
from sarcoma_core.survival.cox import CoxModel, fit_cox  # noqa: E402
from sarcoma_core.survival.cox_likelihood import Ties  # noqa: E402
from sarcoma_core.survival.dynamic_auc import dynamic_auc  # noqa: E402
from sarcoma_core.survival.follow_up import FollowUp  # noqa: E402
from sarcoma_core.survival.kaplan_meier import kaplan_meier  # noqa: E402
from sarcoma_core.survival.log_rank import log_rank  # noqa: E402
from sarcoma_core.survival.proportionality import TimeScale, proportionality  # noqa: E402

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
