"""A test set that is opened: means of all networks, and the baseline, on patients nobody has learned from."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.prognosis.clinical_beside import ClinicalBaselines  # noqa: E402
from sarcoma_core.prognosis.clinical_fitting import fit_baselines  # noqa: E402
from sarcoma_core.prognosis.network_judging import BASELINE  # noqa: E402
from sarcoma_core.prognosis.network_training import foretell  # noqa: E402
from sarcoma_core.prognosis.opened_test import (  # noqa: E402
    IN_THE_LARGE,
    OpenedEndpoint,
    open_test_set,
    opened_numbers,
    require_test_set,
)
from sarcoma_core.prognosis.out_of_fold import plan_judging_others  # noqa: E402
from sarcoma_core.survival.concordance import harrell  # noqa: E402
from sarcoma_core.survival.follow_up import FollowUp  # noqa: E402
from sarcoma_core.survival.kaplan_meier import kaplan_meier  # noqa: E402
from tests.prognosis.made_networks import DM, OS  # noqa: E402
from tests.prognosis.made_training import CPU, small_training  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks of a few numbers wait for threads longer than they compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def baselines() -> ClinicalBaselines:
    return fit_baselines(small_training().planned, "surgery")


@pytest.fixture(scope="module")
def opened(baselines: ClinicalBaselines) -> tuple[OpenedEndpoint, ...]:
    return open_test_set(small_training(), baselines, CPU)


def test_each_endpoint_is_judged_on_all_of_the_test_set_and_on_nobody_else(
    opened: tuple[OpenedEndpoint, ...],
) -> None:
    parts = small_training().planned.parts
    assert [one.name for one in opened] == [OS, DM]
    for one in opened:
        assert set(one.patients.subjects) == set(parts.test)
        assert list(one.judgement.models) == ["clinical", BASELINE]
        assert one.absent == ""
        assert one.years in (1, 2, 3)


def test_c_is_that_of_the_mean_risk_of_all_networks(opened: tuple[OpenedEndpoint, ...]) -> None:
    training = small_training()
    patients = training.planned.patients.of(training.planned.parts.test)
    told = [foretell(training.planned, one, patients, CPU) for one in training.networks]
    assert len(told) == 6
    for one in opened:
        risk = np.mean([each.timed["clinical"][one.name].risk for each in told], axis=0)
        followed = [patient.row.followed(one.name) for patient in patients.patients]
        follow_up = FollowUp.of([f.days for f in followed if f], [f.event for f in followed if f])
        found = one.judgement.models["clinical"].harrell
        assert found is not None
        assert found.value == pytest.approx(harrell(follow_up, risk).index, abs=1e-12)
        assert found.lower is not None
        assert found.lower <= found.value <= (found.upper or 0)


def test_the_baseline_is_the_one_that_travels_with_the_model(
    opened: tuple[OpenedEndpoint, ...], baselines: ClinicalBaselines
) -> None:
    """Fitted on the development: C of what is kept beside the networks is the C that is told."""
    for one, beside in zip(opened, baselines.endpoints, strict=True):
        found = one.judgement.models[BASELINE].harrell
        assert found is not None
        risk = beside.models[0].risk(one.patients.values)
        assert found.value == pytest.approx(harrell(one.patients.follow_up, risk).index, abs=1e-12)


def test_in_the_large_is_observed_less_mean_foretold_incidence(
    opened: tuple[OpenedEndpoint, ...], baselines: ClinicalBaselines
) -> None:
    """Where nothing competes what was observed is one less Kaplan-Meier; where death does, it is less."""
    survival, metastasis = opened
    for one, beside in zip(opened, baselines.endpoints, strict=True):
        days = np.array([one.years * 365.25])
        observed = one.large[BASELINE] + beside.incidence(one.patients.values, days)[:, 0].mean()
        alone = 1 - float(kaplan_meier(one.patients.follow_up).at(days[0]))
        if one is survival:
            assert observed == pytest.approx(alone, abs=1e-12)
        else:
            assert metastasis.patients.died.any()
            assert 0 < observed < alone


def test_numbers_tell_each_head_the_baseline_and_kaplan_meier(opened: tuple[OpenedEndpoint, ...]) -> None:
    numbers = opened_numbers(opened)
    found = {(one.setting, one.measure) for one in numbers}
    for name in ("clinical", BASELINE):
        for measure in ("Harrell's C", "Brier score, integrated"):
            assert (f"Overall survival, test set, {name}", measure) in found
        assert any(measure.startswith(IN_THE_LARGE) for setting, measure in found if name in setting)
    null = "Overall survival, test set, Kaplan-Meier of the development"
    assert (null, "Brier score, integrated") in found
    ranked = {measure for setting, measure in found if setting.startswith("Distant metastasis")}
    assert not any("Brier" in measure for measure in ranked), "death competes: no such score is right"
    assert "Harrell's C" in ranked
    assert {one.n for one in numbers} == {len(small_training().planned.parts.test)}


def test_what_happened_to_the_test_set_changes_no_prediction(baselines: ClinicalBaselines) -> None:
    """With all of them dead after 33 days nothing can be told apart; the fits stay what they were."""
    training = small_training()
    plan = training.planned
    patients = tuple(
        replace(
            one,
            row=replace(
                one.row,
                events=dict.fromkeys(one.row.events, True),
                days=dict.fromkeys(one.row.days, 33.0),
            ),
        )
        if one.row.subject in plan.parts.test
        else one
        for one in plan.patients.patients
    )
    other = replace(plan, patients=replace(plan.patients, patients=patients))
    assert fit_baselines(other, "surgery").document() == baselines.document()
    opened = open_test_set(replace(training, planned=other), baselines, CPU)
    assert all(one.judgement.models["clinical"].harrell is None for one in opened)
    assert all((one.years, one.large) == (0, {}) for one in opened)
    assert opened_numbers(opened) == ()


def test_without_a_test_set_nothing_is_opened(baselines: ClinicalBaselines) -> None:
    training = small_training()
    planned = replace(training.planned, parts=replace(training.planned.parts, test=()))
    require_test_set(training.planned)
    with pytest.raises(InputError, match="--open-test: must find patients who were set aside") as caught:
        open_test_set(replace(training, planned=planned), baselines, CPU)
    assert "--test 15" in caught.value.hint


@pytest.mark.parametrize(("events", "horizons"), [(5, (365.0,)), (4, ())])
def test_a_horizon_needs_five_on_each_side_of_those_who_are_judged(
    events: int, horizons: tuple[float, ...]
) -> None:
    """The training has hundreds; the time to which Uno's C looks is the training's."""
    time = np.where(np.arange(20) < events, 100.0, 900.0)
    judged = FollowUp.of(time, time < 365)
    training = FollowUp.of(np.linspace(10, 2000, 300), np.arange(300) % 2 == 0)
    plan = plan_judging_others(judged, training, horizons=[365.0], main=365.0)
    assert plan.horizons == horizons
    assert plan.main == (365.0 if horizons else None)
    assert plan.tau > 900
    assert len(plan.folds) == 1
    assert (plan.folds[0].train.size, plan.folds[0].test.size) == (0, 20)
