"""The evaluation finds what was planted, and nothing else: over twenty cohorts of each kind."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import stats

from sarcoma_core.segmentation.evaluation.cases import Strata
from sarcoma_core.segmentation.evaluation.evaluation import SegmentationEvaluation, evaluate
from sarcoma_core.segmentation.evaluation.medians import Sampling
from sarcoma_core.segmentation.evaluation.testing import ALPHA
from tests.segmentation.evaluation.planted import T1CE, PlantedCohort

SEEDS = range(20)
MOST_WRONG = 3
"""Families with a false finding: of 20 true ones at 5 % each, more than three have a chance of 1.6 %."""
OTHER = replace(T1CE, model="MODEL_SEG_X T2FS 0123456789ab")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Of small masks threads cost more than they save."""
    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    yield
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)


def nothing(strata: Strata) -> float:
    del strata
    return 2.0


def of_site(strata: Strata) -> float:
    return 5.5 if strata["site"] == "retroperitoneum" else 2.0


def of_histology(strata: Strata) -> float:
    return 5.5 if strata["histology"] == "leiomyosarcoma" else 2.0


def failing_scanner(strata: Strata) -> float:
    """On one of two scanners the model finds nothing."""
    return np.inf if strata["scanner"] == "Maker B" else 2.0


def found_of(found: SegmentationEvaluation) -> set[str]:
    """The variables that make a difference by the adjusted p values."""
    return {test.variable for test in found.strata_tests if test.adjusted < ALPHA}


def test_the_bound_of_false_findings_is_that_of_the_binomial_distribution() -> None:
    assert stats.binom.sf(MOST_WRONG, len(SEEDS), ALPHA) == pytest.approx(0.016, abs=0.001)


@pytest.mark.parametrize(
    ("error", "planted"),
    [
        (nothing, set()),
        (of_site, {"site"}),
        (of_histology, {"histology"}),
        (failing_scanner, {"scanner"}),
    ],
)
def test_what_is_planted_is_found_and_nothing_else(error: object, planted: set[str]) -> None:
    found = [
        found_of(evaluate(PlantedCohort(seed, 30).cases(error), (), Sampling(seed=seed)))  # type: ignore[arg-type]
        for seed in SEEDS
    ]
    assert all(planted <= one for one in found)
    assert sum(one != planted for one in found) <= MOST_WRONG


def test_two_effects_at_once_are_both_found_and_a_small_part_is_hidden() -> None:
    cohort = PlantedCohort(1, 60, rare=3)
    found = evaluate(
        cohort.cases(lambda told: of_site(told) + (np.inf if told["scanner"] == "Maker B" else 0)),
        (),
        Sampling(),
    )
    assert found_of(found) == {
        "scanner"
    }  # every patient of that scanner failed: site tells little of the rest
    assert found.table[0].n_failed == sum(one.strata["scanner"] == "Maker B" for one in cohort.members)
    [histology] = [one for one in found.strata if one.variable == "histology"]
    assert [one.hidden for one in histology.strata if one.level == cohort.histology] == ["few"]
    assert sum(bool(one.hidden) for one in histology.strata) == 2
    tested = next(one for one in found.strata_tests if one.variable == "histology")
    assert cohort.histology not in tested.levels
    assert len(tested.levels) == 2


def test_a_better_model_is_found_on_the_patients_that_both_have_and_an_equal_one_is_not() -> None:
    wrong = 0
    for seed in SEEDS:
        cohort = PlantedCohort(seed, 18)
        first = cohort.cases(nothing)
        equal = cohort.cases(nothing, OTHER, model_seed=1)[3:]
        worse = cohort.cases(lambda _: 4.0, replace(T1CE, model="worse"), model_seed=2)
        cases = [replace(one, strata={}) for one in (*first, *equal, *worse)]
        told = evaluate(cases, (), Sampling(seed=seed)).models_tests
        assert {test.difference.n for test in told} == {15, 18}
        by_pair = {}
        for test in told:
            by_pair.setdefault((test.first.model, test.second.model), []).append(test)
        assert len(by_pair) == 3
        for (one, two), tests in by_pair.items():
            dice = next(test for test in tests if test.measure == "dice")
            if "worse" in (one, two):
                assert dice.adjusted < ALPHA
                assert dice.difference.median is not None
                assert dice.difference.median > 0  # `worse` stands last, as models are in the order of names
            else:
                wrong += any(test.adjusted < ALPHA for test in tests)
    assert wrong <= MOST_WRONG


def test_between_two_identical_models_there_is_no_difference() -> None:
    cohort = PlantedCohort(2, 20)
    first = cohort.cases(nothing)
    twin = [replace(one, group=replace(T1CE, model="twin")) for one in first]
    found = evaluate([*first, *twin], (), Sampling())
    assert len(found.models_tests) == 2
    for test in found.models_tests:
        assert (test.p, test.adjusted, test.difference.median) == (1.0, 1.0, 0.0)
        assert (test.difference.lower, test.difference.upper) == (0.0, 0.0)


@pytest.mark.parametrize(("shared", "pairs"), [(4, 0), (5, 2)])
def test_models_that_share_fewer_than_five_patients_are_not_compared(shared: int, pairs: int) -> None:
    cohort = PlantedCohort(3, 15)
    first = cohort.cases(nothing)[: 5 + shared]
    second = cohort.cases(nothing, OTHER)[5:]
    assert len(evaluate([*first, *second], (), Sampling()).models_tests) == pairs


def test_regions_are_never_compared_with_one_another_and_one_family_holds_both() -> None:
    cohort = PlantedCohort(4, 12)
    groups = [replace(T1CE, region=region, model=model) for region in ("tumour", "oedema") for model in "ab"]
    cases = [one for number, group in enumerate(groups) for one in cohort.cases(nothing, group, number)]  # type: ignore[arg-type]
    told = evaluate(cases, (), Sampling()).models_tests
    assert len(told) == 4
    assert {(test.first.region, test.second.region) for test in told} == {
        ("tumour", "tumour"),
        ("oedema", "oedema"),
    }
    least = min(told, key=lambda test: test.p)
    assert least.adjusted == pytest.approx(min(1.0, 4 * least.p))
