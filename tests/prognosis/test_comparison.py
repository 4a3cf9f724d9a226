"""The rows of the paper's table: fitted within folds, on the same patients, and what cannot be is told."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.prognosis.baselines import BASELINES, fit_baseline  # noqa: E402
from sarcoma_core.prognosis.clinical.table import ClinicalRow  # noqa: E402
from sarcoma_core.prognosis.comparison import (  # noqa: E402
    TABLE,
    ComparedEndpoint,
    ComparisonRules,
    compare_endpoint,
)
from sarcoma_core.prognosis.endpoint_study import StudyRules  # noqa: E402
from sarcoma_core.prognosis.pairs import harrell_pairs  # noqa: E402
from tests.prognosis.made_patients import MadePatients, made  # noqa: E402
from tests.prognosis.made_trained_study import OS, developed, training  # noqa: E402

COHORT = made(1, 120, strength=2.0)
QUICK = ComparisonRules(StudyRules(no_features="nobody was drawn"), forests=False)
NETWORKS = ("unimodal", "multimodal")


def noise(seed: int, patients: int = 120) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=patients)


def compared(cohort: MadePatients = COHORT, **changes: Any) -> ComparedEndpoint:
    told = {"joint": cohort.eta, "image": noise(1, len(cohort.subjects)), **changes.pop("heads", {})}
    heads = {name: column for name, column in told.items() if column is not None}
    kept = training(cohort, heads)
    patients = developed(cohort, kept, changes.pop("features", None), changes.pop("rows", None))
    return compare_endpoint(OS, patients, kept, replace(QUICK, **changes))


def value(found: ComparedEndpoint, name: str) -> float:
    measure = found.rows[name].harrell
    assert measure is not None
    return measure.value


def test_the_rows_are_the_six_of_the_paper_in_its_order_and_two_of_ours_beside_its_forests() -> None:
    published = [model for model in TABLE if model.published]
    assert [model.name for model in published] == [
        "sarculator",
        "clinical-forest",
        "radiomics-forest",
        "radiomics-clinical",
        "unimodal",
        "multimodal",
    ]
    assert [model.published["OS"].value for model in published] == [0.614, 0.655, 0.532, 0.707, 0.553, 0.769]
    assert [model.published["DM"].value for model in published] == [0.631, 0.639, 0.541, 0.658, 0.562, 0.699]
    ours = [model.name for model in TABLE if not model.published]
    assert ours == ["clinical", "radiomics"]
    titles = {model.name: model.title for model in TABLE}
    assert titles["unimodal"] == "Unimodal network (image head of the same training)"


def test_a_row_is_fitted_in_each_fold_on_those_whom_it_does_not_judge() -> None:
    found = compared()
    patients, folds = found.patients, found.plan.folds
    risk = np.empty(len(patients.subjects))
    for fold in folds:
        learned = [patients.values[row] for row in fold.train]
        fitted = fit_baseline(
            BASELINES[0],
            learned,
            [patients.subjects[row] for row in fold.train],
            patients.follow_up.chosen(fold.train),
            seed=0,
        )
        risk[fold.test] = fitted.risk([patients.values[row] for row in fold.test])
    sums = harrell_pairs(patients.follow_up, risk[None], found.plan.judged)
    assert value(found, "sarculator") == pytest.approx(sums.of(np.arange(risk.size)), abs=1e-12)


def test_a_planted_signal_is_ranked_above_chance_and_noise_is_not() -> None:
    found = compared()
    for name in ("sarculator", "clinical", "multimodal"):
        measure = found.rows[name].harrell
        assert measure is not None
        assert measure.lower is not None
        assert measure.lower > 0.5
    image = found.rows["unimodal"].harrell
    assert image is not None
    assert (image.lower or 1) < 0.5 < (image.upper or 0)


def test_no_model_is_better_than_what_made_the_signal_beyond_chance() -> None:
    for name in ("sarculator", "clinical", "unimodal"):
        apart = compared().rows[name].difference
        assert apart is not None
        assert apart.c.lower is not None
        assert apart.c.lower < 0


def test_turned_risks_of_networks_turn_their_row_and_no_other() -> None:
    one, turned = compared(), compared(heads={"joint": -COHORT.eta})
    assert value(turned, "multimodal") == pytest.approx(1 - value(one, "multimodal"), abs=1e-12)
    for name in ("sarculator", "clinical", "unimodal"):
        assert value(turned, name) == value(one, name)


def test_heads_that_foretell_the_same_differ_by_exactly_nothing() -> None:
    apart = compared(heads={"image": COHORT.eta}).rows["unimodal"].difference
    assert apart is not None
    assert (apart.c.value, apart.c.lower, apart.c.upper, apart.p) == (0, 0, 0, 1)


def test_the_order_of_patients_changes_no_row() -> None:
    kept = training(COHORT, {"joint": COHORT.eta, "image": noise(1)})
    patients = developed(COHORT, kept)
    turned = np.random.default_rng(0).permutation(len(patients.rows))
    other = replace(
        patients,
        rows=tuple(patients.rows[row] for row in turned),
        values=tuple(patients.values[row] for row in turned),
        follow_up=patients.follow_up.chosen(turned),
        died=patients.died[turned],
    )
    one, two = (compare_endpoint(OS, each, kept, QUICK) for each in (patients, other))
    for name in one.rows:
        assert value(two, name) == pytest.approx(value(one, name), abs=1e-9)


def test_the_radiomics_row_takes_features_alone_and_both_take_both() -> None:
    """The image tells the signal and the table none of it."""
    features = {
        subject: {"stat_mean": float(eta), "stat_var": float(other)}
        for subject, eta, other in zip(COHORT.subjects, COHORT.eta, noise(2), strict=True)
    }
    silent = [
        ClinicalRow(row.subject, values={"age_years": float(age)}, events=row.events, days=row.days)
        for row, age in zip(COHORT.rows(), 60 + noise(3), strict=True)
    ]
    study = StudyRules(features=("stat_mean", "stat_var"))
    found = compared(features=features, rows=silent, study=study)
    assert value(found, "radiomics") > 0.7
    assert value(found, "radiomics-clinical") > 0.7
    assert value(found, "clinical") < 0.6
    without = compared()
    assert without.absent["radiomics"] == without.absent["radiomics-clinical"] == "nobody was drawn"


def test_a_row_that_cannot_be_fitted_is_told_with_its_reason_and_the_others_go_on() -> None:
    """Nobody with one histology dies, so that Cox's model without a penalty has no maximum."""
    rows = []
    for row in COHORT.rows():
        spared = row.values["diagnosis"] == "synovial sarcoma"
        events = {**row.events, "death": row.events["death"] and not spared}
        rows.append(ClinicalRow(row.subject, values=row.values, events=events, days=row.days))
    found = compared(rows=rows)
    assert "sarculator" not in found.rows
    assert "it cannot be fitted" in found.absent["sarculator"]
    assert {"clinical", *NETWORKS} <= set(found.rows)


def test_folds_in_which_nothing_is_chosen_are_counted() -> None:
    null = made(7, 60, strength=0.0)
    found = compared(null, heads={"joint": np.zeros(60), "image": noise(1, 60)})
    assert found.flat["multimodal"] == 3
    assert found.flat["unimodal"] == 0
    assert value(found, "multimodal") == 0.5


def test_a_head_that_the_networks_have_not_is_told() -> None:
    found = compared(heads={"image": None})
    assert found.absent["unimodal"] == "the networks of this model have no image head"
    assert "multimodal" in found.rows
    assert all(one.difference is None for one in compared(heads={"joint": None}).rows.values())


def test_without_a_refit_and_without_forests_the_reason_is_what_was_not_asked_for() -> None:
    found = compared(refit=False)
    assert set(found.rows) == set(NETWORKS)
    assert set(found.absent.values()) == {"--compare was not asked for"}
    assert compared().absent["clinical-forest"] == "--forests was not asked for"


def test_risks_of_other_patients_are_refused() -> None:
    kept = training(COHORT, {"joint": COHORT.eta})
    patients = developed(COHORT, kept)
    told = dict(kept.risks[OS.name, "joint"])
    told.pop(patients.subjects[0])
    fewer = replace(kept, risks={(OS.name, "joint"): told})
    with pytest.raises(
        InputError, match="followed for Overall survival, and of no others; found 1 patient of"
    ):
        compare_endpoint(OS, patients, fewer, replace(QUICK, refit=False))
    more = replace(kept, risks={(OS.name, "joint"): {**kept.risks[OS.name, "joint"], "stranger": 1.0}})
    with pytest.raises(InputError, match="found 1 patient of one alone"):
        compare_endpoint(OS, patients, more, replace(QUICK, refit=False))
