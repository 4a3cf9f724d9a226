"""One endpoint: nothing leaks, whatever the order of patients, and what cannot be studied is told."""

from collections.abc import Sequence

import numpy as np
import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.phantom.ceilings import ceiling
from sarcoma_core.phantom.outcomes import DEATH, LATENTS, WeibullHazard, draw_latents, draw_outcomes
from sarcoma_core.prognosis.baselines import BASELINES
from sarcoma_core.prognosis.clinical.endpoints import endpoint
from sarcoma_core.prognosis.clinical.table import ClinicalRow
from sarcoma_core.prognosis.endpoint_study import (
    EndpointStudy,
    StudyPatients,
    StudyRules,
    patients_of,
    study_endpoint,
)
from sarcoma_core.prognosis.pairs import harrell_pairs
from sarcoma_core.survival.bootstrap import resamples
from sarcoma_core.survival.follow_up import FollowUp
from tests.prognosis.made_patients import made

OS, DM = endpoint("overall_survival"), endpoint("distant_metastasis")
QUICK = StudyRules(repeats=2, folds=3)


def phantoms(seeds: Sequence[int], hazard: WeibullHazard = DEATH) -> StudyPatients:
    """Patients of the phantom, of whom the table tells two latents: age and volume."""
    latents, times = draw_latents(seeds), draw_outcomes(seeds, hazard=hazard)
    age, volume = (latents[:, LATENTS.index(name)] for name in ("age", "volume"))
    rows = tuple(ClinicalRow(f"P{seed:04}") for seed in seeds)
    values = tuple(
        {"age_years": float(60 + 10 * a), "volume_cm3": float(np.exp(5 + v))}
        for a, v in zip(age, volume, strict=True)
    )
    return StudyPatients(rows, values, FollowUp(times.time, times.event), np.zeros(len(rows), bool))


def concordance(study: EndpointStudy, name: str) -> tuple[float, float]:
    """Harrell's C out of fold, and its standard error."""
    patients = len(study.patients.follow_up)
    sums = harrell_pairs(study.patients.follow_up, study.predicted[name].risk, study.plan.judged)
    samples = resamples(patients, samples=300, seed=5)
    return sums.of(np.arange(patients)), float(np.std([sums.of(rows) for rows in samples]))


def test_the_model_of_the_phantom_is_better_than_chance_and_not_than_its_ceiling() -> None:
    best = ceiling("age", "volume")
    for first in (0, 1000):
        study = study_endpoint(OS, phantoms(range(first, first + 200)), StudyRules(repeats=1, folds=3))
        found, error = concordance(study, "clinical")
        assert 0.5 + error < found <= best + 2 * error


def test_in_the_null_cohort_of_the_phantom_it_gets_a_half() -> None:
    found = []
    for first in (0, 1000, 2000):
        study = study_endpoint(
            OS, phantoms(range(first, first + 120), DEATH.null()), StudyRules(repeats=1, folds=3)
        )
        found.append(concordance(study, "clinical"))
    values, errors = np.array(found).T
    assert (np.abs(values - 0.5) <= 3 * errors).all()
    assert abs(values.mean() - 0.5) <= 2 * errors.mean() / np.sqrt(len(found))


def test_the_order_of_patients_changes_no_fold_and_no_measure() -> None:
    cohort = made(1, 120)
    rows = cohort.rows()
    turned = [rows[i] for i in np.random.default_rng(0).permutation(120)]
    one, other = (study_endpoint(OS, patients_of(OS, each, {}), QUICK) for each in (rows, turned))
    assert one.splits.document == other.splits.document
    for name in one.fitted:
        assert concordance(one, name)[0] == pytest.approx(concordance(other, name)[0], abs=1e-9)


def test_as_many_events_as_are_asked_for_are_enough_and_one_less_is_not() -> None:
    cohort = made(2, 80)
    events = cohort.follow_up.events
    patients = patients_of(OS, cohort.rows(), {})
    assert study_endpoint(OS, patients, StudyRules(repeats=1, folds=2, least_events=events)).fitted
    with pytest.raises(InputError, match=f"must have {events + 1} events or more; found {events} in 80"):
        study_endpoint(OS, patients, StudyRules(repeats=1, folds=2, least_events=events + 1))


def test_who_was_not_followed_is_in_no_fold() -> None:
    rows = list(made(3, 60).rows())
    rows[0] = ClinicalRow("LOST", values=rows[0].values)
    patients = patients_of(OS, rows, {})
    assert "LOST" not in patients.subjects
    assert len(patients.follow_up) == 59
    with pytest.raises(InputError, match="it is told of none"):
        patients_of(OS, rows[:1], {})


def test_death_without_the_event_is_censoring_and_is_told() -> None:
    values = {"age_years": 60.0}
    events = {"death": True, "distant_metastasis": False}
    rows = [
        ClinicalRow("A", values=values, events=events, days={"overall_survival_days": 100}),
        ClinicalRow(
            "B",
            values=values,
            events=events,
            days={"overall_survival_days": 100, "distant_metastasis_days": 50},
        ),
    ]
    found = patients_of(DM, rows, {})
    assert found.follow_up.event.tolist() == [False, False]
    assert found.died.tolist() == [True, False]


def test_features_of_the_image_stand_beside_the_table() -> None:
    rows = made(4, 10).rows()
    found = patients_of(OS, rows, {rows[0].subject: {"stat_mean": 1.5}})
    assert found.values[0]["stat_mean"] == 1.5
    assert found.values[0]["age_years"] == rows[0].values["age_years"]
    assert "stat_mean" not in found.values[1]


def test_a_model_that_cannot_be_fitted_is_absent_with_its_reason_and_the_others_go_on() -> None:
    """Nobody with one histology dies."""
    rows = []
    for row in made(5, 120).rows():
        spared = row.values["diagnosis"] == "synovial sarcoma"
        events = {**row.events, "death": row.events["death"] and not spared}
        rows.append(ClinicalRow(row.subject, values=row.values, events=events, days=row.days))
    study = study_endpoint(
        OS, patients_of(OS, rows, {}), StudyRules(repeats=1, folds=3, no_features="no masks")
    )
    assert list(study.fitted) == ["clinical"]
    assert "in fold 1 of repeat 1" in study.absent["sarculator"]
    assert "must not part events from the rest" in study.absent["sarculator"]
    assert study.absent["radiomics-clinical"] == "no masks"
    assert set(study.fitted) | set(study.absent) == {one.name for one in BASELINES}
    assert study.judgement.models["clinical"].difference is None


def test_where_none_can_be_fitted_the_endpoint_is_refused_with_every_reason() -> None:
    rows = [
        ClinicalRow(row.subject, values={"age_years": 60.0}, events=row.events, days=row.days)
        for row in made(6, 60).rows()
    ]
    with pytest.raises(InputError, match=r"no model can be fitted.*none does.*no features"):
        study_endpoint(OS, patients_of(OS, rows, {}), QUICK)


def test_centres_are_spread_over_the_folds() -> None:
    rows = [
        ClinicalRow(row.subject, "", "AB"[number % 2], None, row.values, row.events, row.days)
        for number, row in enumerate(made(7, 90).rows())
    ]
    study = study_endpoint(OS, patients_of(OS, rows, {}), StudyRules(repeats=1, folds=3))
    centre = np.array([row.centre for row in rows])
    died = study.patients.follow_up.event
    for chosen in (died & (centre == "A"), died & (centre == "B")):
        sizes = [int(chosen[fold.test].sum()) for fold in study.plan.folds]
        assert max(sizes) - min(sizes) <= 1
