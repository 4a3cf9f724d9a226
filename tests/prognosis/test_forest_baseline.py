"""Forests beside the library that grows them; without it the reason is told and nothing is loaded."""

import sys

import numpy as np
import pytest

pytestmark = pytest.mark.torch

from sarcoma_core.prognosis.baselines import BASELINES  # noqa: E402
from sarcoma_core.prognosis.clinical.endpoints import endpoint  # noqa: E402
from sarcoma_core.prognosis.design import fit_design  # noqa: E402
from sarcoma_core.prognosis.endpoint_study import StudyRules, patients_of  # noqa: E402
from sarcoma_core.prognosis.forest_baseline import (  # noqa: E402
    LEAST_OF_LEAF,
    TREES,
    ForestFitting,
    why_no_forest,
)
from sarcoma_core.survival.concordance import harrell  # noqa: E402
from tests.prognosis.made_patients import made  # noqa: E402

CLINICAL = BASELINES[1]
PATIENTS = patients_of(endpoint("overall_survival"), made(1, 150, strength=2.0).rows(), {})
TRAIN, TEST = np.arange(100), np.arange(100, 150)


def test_without_its_library_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "sksurv"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sksurv", None)
    assert why_no_forest() == (
        "scikit-survival is not installed: it is under the GPL, and in none of our images"
    )


def test_a_forest_is_that_of_its_library_on_the_columns_of_the_training() -> None:
    ensemble = pytest.importorskip("sksurv.ensemble", reason="the extra oracle: make extras to run it")
    assert why_no_forest() == ""
    grown = ForestFitting(CLINICAL, PATIENTS, StudyRules(seed=3)).on(TRAIN)
    values = [PATIENTS.values[row] for row in TRAIN]
    design = fit_design(values, CLINICAL.rules((), "before surgery"))
    some = PATIENTS.follow_up.chosen(TRAIN)
    outcome = np.array([*zip(some.event, some.time, strict=True)], dtype=[("event", bool), ("time", float)])
    by_hand = ensemble.RandomSurvivalForest(
        n_estimators=TREES, min_samples_leaf=LEAST_OF_LEAF, random_state=3
    ).fit(design.matrix(values), outcome)
    unseen = design.matrix([PATIENTS.values[row] for row in TEST])
    np.testing.assert_array_equal(grown.risk(TEST), by_hand.predict(unseen))
    days = np.array([400.0, 1000.0])
    curves = by_hand.predict_survival_function(unseen)
    expected = [[curve(one) for one in days] for curve in curves]
    np.testing.assert_allclose(grown.survival(TEST, days), expected)
    assert harrell(PATIENTS.follow_up.chosen(TEST), grown.risk(TEST)).index > 0.6


def test_everybody_lives_before_the_first_event_and_survival_never_rises() -> None:
    pytest.importorskip("sksurv", reason="the extra oracle: make extras to run it")
    grown = ForestFitting(CLINICAL, PATIENTS, StudyRules()).on(TRAIN)
    found = grown.survival(TEST, np.linspace(0, 5000, 30))
    assert (found[:, 0] == 1).all()
    assert (np.diff(found, axis=1) <= 1e-12).all()
    assert ((found >= 0) & (found <= 1)).all()
