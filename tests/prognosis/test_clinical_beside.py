"""The clinical baseline beside the networks: hazards of causes, an incidence of them, nothing of one patient."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.prognosis.baseline_model import BaselineModel  # noqa: E402
from sarcoma_core.prognosis.clinical.endpoints import DAYS_OF_MONTH  # noqa: E402
from sarcoma_core.prognosis.clinical_beside import (  # noqa: E402
    BASELINES_FILE,
    ClinicalBaselines,
    ClinicalBeside,
    beside,
    fit_baselines,
    read_baselines,
    without_baselines,
)
from sarcoma_core.prognosis.network_plan import PlannedPrognosis, plan_prognosis  # noqa: E402
from tests.prognosis.made_networks import DM, LR, OS, order, patients_of, rows_of  # noqa: E402
from tests.prognosis.test_baseline_model import numbers  # noqa: E402

ROWS = rows_of(5, 160)
ORDER = order(endpoints=(OS, DM), test_percent=10, calibration_percent=10)


@pytest.fixture(scope="module")
def planned() -> PlannedPrognosis:
    return plan_prognosis(patients_of(ROWS, ORDER), ORDER)


@pytest.fixture(scope="module")
def kept(planned: PlannedPrognosis) -> ClinicalBaselines:
    return fit_baselines(planned, "surgery")


def test_each_cause_has_a_model_and_each_patient_is_told_at_bins_and_years(kept: ClinicalBaselines) -> None:
    survival, metastasis = kept.endpoints
    assert [len(survival.models), len(metastasis.models)] == [1, 2]
    for one, told in zip(kept.endpoints, beside(kept, ROWS[0].values), strict=True):
        assert (told.endpoint, told.absent) == (one.endpoint, "")
        assert told.days[0] == told.curve[0] == 0
        assert (np.diff(told.days) > 0).all()
        assert (np.diff(told.curve) > 0).all()
        ends = {month for each in one.models for month in each.hazard.months}
        assert {round(day / DAYS_OF_MONTH) for day in told.days[1:]} <= ends
        assert told.days[-1] == min(each.hazard.last for each in one.models)
        assert list(told.years) == [str(year) for year in (1, 2, 3, 5) if year * 365.25 <= told.days[-1]]
        assert list(told.years.values()) == sorted(told.years.values())


def test_of_one_cause_the_incidence_is_one_less_survival(kept: ClinicalBaselines) -> None:
    (model,) = kept.endpoints[0].models
    days = np.linspace(0, model.hazard.last, 77)
    values = [row.values for row in ROWS[:20]]
    found = kept.endpoints[0].incidence(values, days)
    np.testing.assert_allclose(found[:, 0], 1 - model.survival(values, days), rtol=0, atol=1e-12)


def test_incidences_of_both_causes_and_being_free_add_up_to_one(kept: ClinicalBaselines) -> None:
    one, values = kept.endpoints[1], [row.values for row in ROWS]
    days = np.random.default_rng(0).uniform(0, one.days[-1], 40)
    free = np.prod([each.survival(values, days) for each in one.models], axis=0)
    np.testing.assert_allclose(one.incidence(values, days).sum(axis=1) + free, 1, rtol=0, atol=1e-12)


def test_with_death_competing_it_is_what_fine_steps_of_time_add_up_to(kept: ClinicalBaselines) -> None:
    """Hazard times being free, of two hundred thousand steps; one less survival alone is told too large."""
    one, values = kept.endpoints[1], ROWS[3].values
    told = beside(kept, values)[1]
    steps = np.linspace(0, told.days[-1], 200_001)
    hazards = [np.exp(each.risk([values])[0]) * each.hazard.at(steps) for each in one.models]
    free = np.exp(-np.sum(hazards, axis=0))
    grown = np.concatenate([[0.0], np.cumsum(np.diff(hazards[0]) * (free[1:] + free[:-1]) / 2)])
    np.testing.assert_allclose(told.curve, np.interp(told.days, steps, grown), rtol=0, atol=5e-6)
    for year, incidence in told.years.items():
        assert incidence == pytest.approx(np.interp(float(year) * 365.25, steps, grown), abs=5e-6)
    alone = 1 - one.models[0].survival([values], np.array(told.days))[0]
    assert (alone[1:] > np.array(told.curve)[1:]).all()


def test_whoever_is_set_aside_is_not_learned_from(planned: PlannedPrognosis, kept: ClinicalBaselines) -> None:
    """Whatever is known of them, and whatever happened to them; one of the development changes it."""

    def changed(who: set[str]) -> bytes:
        rows = [
            replace(one, row=replace(one.row, values={**one.row.values, "age_years": 20.0}))
            if one.row.subject in who
            else one
            for one in planned.patients.patients
        ]
        other = replace(planned, patients=replace(planned.patients, patients=tuple(rows)))
        return fit_baselines(other, "surgery").document()

    parts = planned.parts
    assert parts.test
    assert parts.calibration
    assert changed({*parts.test, *parts.calibration}) == kept.document()
    assert changed(set(parts.development[:20])) != kept.document()
    assert {one.models[0].patients for one in kept.endpoints} == {len(parts.development)}


def test_what_was_kept_is_read_and_tells_the_same(kept: ClinicalBaselines) -> None:
    again = read_baselines(kept.document())
    assert {one.endpoint: one for one in again.endpoints} == {one.endpoint: one for one in kept.endpoints}
    assert sorted(beside(again, ROWS[1].values), key=lambda one: one.endpoint) == sorted(
        beside(kept, ROWS[1].values), key=lambda one: one.endpoint
    )


def test_nothing_of_one_patient_can_be_read_from_the_file(kept: ClinicalBaselines) -> None:
    told = np.array([*numbers(json.loads(kept.document()))])
    own = [value for row in ROWS for value in row.values.values() if isinstance(value, float)]
    own += [float(np.log(value)) for value in own if value > 0]
    times = np.array([day for row in ROWS for day in row.days.values()])
    own += [*times, *(times / DAYS_OF_MONTH), *(times / 365.25)]
    assert not np.isclose(told[:, None], np.array(own)[None, :], rtol=1e-9, atol=0).any()


def test_where_a_cause_cannot_be_fitted_the_endpoint_says_why_and_the_others_are_there() -> None:
    """Nobody of these had a local recurrence; death before it would make half a baseline."""
    told = order(endpoints=(OS, LR), test_percent=0, calibration_percent=0)
    rows = [replace(row, events={**row.events, "local_recurrence": n < 4}) for n, row in enumerate(ROWS)]
    patients = patients_of(ROWS, replace(told, endpoints=(OS,)))
    few = replace(
        patients,
        endpoints=told.endpoints,
        patients=tuple(
            replace(one, row=next(row for row in rows if row.subject == one.row.subject))
            for one in patients.patients
        ),
    )
    plan = replace(plan_prognosis(patients, replace(told, endpoints=(OS,))), order=told, patients=few)
    kept = fit_baselines(plan, "surgery")
    assert [bool(one.models) for one in kept.endpoints] == [True, False]
    assert kept.endpoints[1].absent.startswith("of the hazard of local recurrence: ")
    there, absent = beside(read_baselines(kept.document()), ROWS[0].values)[::-1]
    assert (there.absent, bool(there.curve)) == ("", True)
    assert (absent.days, absent.curve, absent.years) == ((), (), {})
    assert absent.absent == kept.endpoints[1].absent


def test_a_model_without_baselines_tells_why_of_each_endpoint() -> None:
    told = beside(without_baselines((OS, DM), "it is old"), ROWS[0].values)
    assert [(one.endpoint, one.absent) for one in told] == [(OS, "it is old"), (DM, "it is old")]


def test_beyond_what_all_causes_are_told_to_nothing_is_said(kept: ClinicalBaselines) -> None:
    one = kept.endpoints[1]
    last = one.days[-1]
    assert one.incidence([ROWS[0].values], np.array([last])).shape == (1, 2, 1)
    beyond = max(each.hazard.last for each in one.models) * 1.001
    with pytest.raises(InputError, match="days: must be 0 to"):
        one.incidence([ROWS[0].values], np.array([beyond]))


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("schema",), 2, "its schema is another"),
        (("endpoints", DM, "absent"), "no reason", "has not a model of each of its causes"),
        (("endpoints", DM, "causes", "death"), None, "AttributeError|TypeError|model: must be a model"),
        (("endpoints", OS, "causes", OS, "endpoint"), DM, "is of another endpoint"),
        (("endpoints", OS, "causes", OS, "coefficients"), [0.1], "not one coefficient"),
        (("endpoints", OS, "note"), "more", "something else besides"),
        (("endpoints", "relapse"), {"absent": "", "causes": {}}, "endpoint: must be one of"),
    ],
)
def test_a_file_that_was_changed_is_refused(
    kept: ClinicalBaselines, path: tuple[str, ...], value: object, words: str
) -> None:
    tree = json.loads(kept.document())
    place: Any = tree
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    content = (json.dumps(tree, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
    with pytest.raises(InputError, match=BASELINES_FILE) as caught:
        read_baselines(content)
    assert any(word in caught.value.message for word in words.split("|"))


def test_hazards_that_differ_in_their_bins_are_told_at_the_ends_of_both(kept: ClinicalBaselines) -> None:
    model: BaselineModel = kept.endpoints[0].models[0]
    assert len(model.hazard.months) > 2
    other = replace(
        model,
        hazard=replace(model.hazard, months=model.hazard.months[1:], cumulative=model.hazard.cumulative[1:]),
    )
    months = ClinicalBeside(DM, (other, model)).days / DAYS_OF_MONTH
    assert [round(month) for month in months] == [0, *model.hazard.months]
