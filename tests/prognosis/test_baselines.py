"""The three baselines: what each takes, what is planted is found, and what cannot be fitted is told."""

import numpy as np
import pytest

from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.prognosis.baselines import (
    BASELINES,
    RADIOMICS,
    Baseline,
    FittedBaseline,
    baseline_named,
    fit_baseline,
)
from sarcoma_core.prognosis.clinical.variables import known_by
from sarcoma_core.survival.concordance import harrell
from sarcoma_core.survival.cox import CoxModel, fit_cox
from sarcoma_core.survival.follow_up import FollowUp
from tests.prognosis.made_patients import MadePatients, made

SARCULATOR, CLINICAL, BOTH = BASELINES


def fitted(baseline: Baseline, cohort: MadePatients, **changes: object) -> FittedBaseline:
    given = {"values": cohort.values, "features": (), "seed": 1, **changes}
    values, features, seed = (given[name] for name in ("values", "features", "seed"))
    return fit_baseline(baseline, values, cohort.subjects, cohort.follow_up, features=features, seed=seed)  # type: ignore[arg-type]


def test_the_first_is_cox_with_efron_on_the_variables_of_sarculator() -> None:
    cohort = made(1)
    found = fitted(SARCULATOR, cohort)
    size = np.log([float(one["size_cm"]) for one in cohort.values])
    age = np.array([float(one["age_years"]) for one in cohort.values])
    grade = np.array([float(one["grade"]) for one in cohort.values])
    levels = found.design.parts[3].columns
    names = [column.removeprefix("diagnosis: ") for column in levels]
    histology = np.array([[one["diagnosis"] == name for name in names] for one in cohort.values], float)
    by_hand = fit_cox(np.column_stack([age, size, grade, histology]), cohort.follow_up, ties="efron")
    assert found.design.columns == ("age_years", "size_cm", "grade", *levels)
    np.testing.assert_allclose(found.hazards.coefficients, by_hand.coefficients, rtol=1e-6)
    assert isinstance(found.hazards, CoxModel)
    assert found.penalty is None
    assert "not the published nomogram" in SARCULATOR.what


def test_the_second_takes_all_variables_that_are_known_before_surgery_and_no_later_one() -> None:
    rules = CLINICAL.rules((), "before surgery")
    assert rules.variables == tuple(one.name for one in known_by("before surgery"))
    assert "radiotherapy" not in rules.variables
    assert "radiotherapy" in CLINICAL.rules((), "after surgery").variables


def test_radiotherapy_is_refused_before_surgery_whoever_asks() -> None:
    late = Baseline("clinical", "", "", variables=("age_years", "radiotherapy"))
    with pytest.raises(UsageError, match="radiotherapy is known after surgery"):
        fitted(late, made(1))


def test_what_is_planted_is_found_and_keeps_its_sign() -> None:
    cohort = made(2, 300)
    for baseline in (SARCULATOR, CLINICAL):
        found = fitted(baseline, cohort)
        told = dict(zip(found.design.columns, found.hazards.coefficients, strict=True))
        assert told["age_years"] > 0
        assert told["size_cm"] > 0
        assert told["grade"] > 0
        assert harrell(cohort.follow_up, found.risk(cohort.values)).index > 0.65


def test_a_higher_risk_is_a_lower_survival_at_every_time() -> None:
    cohort = made(3)
    found = fitted(CLINICAL, cohort)
    order = np.argsort(found.risk(cohort.values))
    survival = found.survival(cohort.values, np.array([365.0, 1000.0]))[order]
    assert (np.diff(survival, axis=0) <= 0).all()


def test_features_of_the_image_are_taken_by_the_third_alone() -> None:
    cohort = made(4)
    noise = np.random.default_rng(0).normal(size=200)
    values = [
        {**one, "stat_mean": float(eta + chance)}
        for one, eta, chance in zip(cohort.values, cohort.eta, noise, strict=True)
    ]
    found = {
        one.name: fitted(one, cohort, values=values, features=("stat_mean",)) for one in (CLINICAL, BOTH)
    }
    assert "stat_mean" not in found["clinical"].design.columns
    told = found["radiomics-clinical"]
    assert dict(zip(told.design.columns, told.hazards.coefficients, strict=True))["stat_mean"] > 0


def test_of_noise_the_penalty_leaves_little() -> None:
    """In a null cohort the coefficients of the chosen penalty are smaller than those without one."""
    cohort = made(5, strength=0)
    shrunken = fitted(CLINICAL, cohort).hazards.coefficients
    free = fit_cox(fitted(CLINICAL, cohort).design.matrix(cohort.values), cohort.follow_up).coefficients
    assert np.abs(shrunken).sum() < 0.5 * np.abs(free).sum()


def test_a_level_that_parts_events_from_the_rest_is_told() -> None:
    cohort = made(6)
    event = cohort.follow_up.event & np.array(
        [one["diagnosis"] != "synovial sarcoma" for one in cohort.values]
    )
    parted = MadePatients(cohort.subjects, cohort.values, FollowUp(cohort.follow_up.time, event), cohort.eta)
    with pytest.raises(InputError, match="must not part events from the rest"):
        fitted(SARCULATOR, parted)
    assert np.isfinite(fitted(CLINICAL, parted).hazards.coefficients).all()


def test_the_seed_and_not_the_order_of_patients_decides() -> None:
    cohort = made(7)
    order = np.random.default_rng(1).permutation(200)
    turned = MadePatients(
        [cohort.subjects[i] for i in order],
        [cohort.values[i] for i in order],
        cohort.follow_up.chosen(order),
        cohort.eta[order],
    )
    one, other = fitted(CLINICAL, cohort), fitted(CLINICAL, turned)
    assert one.penalty is not None
    assert other.penalty is not None
    assert one.penalty.penalty == pytest.approx(other.penalty.penalty)
    np.testing.assert_allclose(one.risk(cohort.values), other.risk(cohort.values), atol=1e-6)


@pytest.mark.parametrize(("events", "warned"), [(50, False), (49, True)])
def test_ten_events_for_each_column_are_enough_and_fewer_are_a_warning(events: int, *, warned: bool) -> None:
    found = fitted(SARCULATOR, made(1))
    assert len(found.design.columns) == 5
    changed = FittedBaseline(found.baseline, found.design, found.hazards, None, 200, events)
    assert bool(changed.warnings) is warned
    assert all("fewer than 10" in one for one in changed.warnings)


@pytest.mark.parametrize("events", [0, 1, 2])
def test_a_penalty_is_chosen_by_two_events_or_more(events: int) -> None:
    cohort = made(7)
    time = cohort.follow_up.time
    few = FollowUp(time, np.isin(np.arange(len(time)), np.argsort(time)[10 : 10 + events]))
    changed = MadePatients(cohort.subjects, cohort.values, few, cohort.eta)
    if events >= 2:
        assert fitted(CLINICAL, changed).events == events
        return
    with pytest.raises(InputError, match=rf"^events: must be 2 or more .*; found {events}\. So few"):
        fitted(CLINICAL, changed)


def test_a_kind_that_there_is_none_of_is_refused() -> None:
    assert baseline_named("clinical") is CLINICAL
    with pytest.raises(InputError, match="must be one of sarculator, clinical, radiomics-clinical"):
        baseline_named("deep")


def test_radiomics_alone_takes_features_and_no_variable_and_is_no_model_that_is_trained() -> None:
    rules = RADIOMICS.rules(("stat_mean", "morph_volume"), "before surgery")
    assert rules.variables == ()
    assert rules.features == ("stat_mean", "morph_volume")
    assert RADIOMICS not in BASELINES
    cohort = made(2, 300)
    values = [{**one, "stat_mean": float(eta)} for one, eta in zip(cohort.values, cohort.eta, strict=True)]
    found = fitted(RADIOMICS, cohort, values=values, features=("stat_mean",))
    assert found.design.columns == ("stat_mean",)
    assert harrell(cohort.follow_up, found.risk(values)).index == pytest.approx(
        harrell(cohort.follow_up, cohort.eta).index
    )
