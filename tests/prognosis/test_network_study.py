"""What the page of a training is filled with: counts that are those of the parts, and what was measured."""

from dataclasses import replace

import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.prognosis.flow import WHOLE_TABLE  # noqa: E402
from sarcoma_core.prognosis.frozen import FrozenCohort  # noqa: E402
from sarcoma_core.prognosis.network_study import (  # noqa: E402
    StudySource,
    network_study,
    reasons_of,
    study_flow,
)
from sarcoma_core.report.flow_diagram import FlowStep, PatientFlow  # noqa: E402
from sarcoma_core.report.network_study_facts import NetworkStudyFacts  # noqa: E402
from tests.models.test_card import FIRST  # noqa: E402
from tests.prognosis.made_training import (  # noqa: E402
    ORDER,
    ROWS,
    small_cohort,
    small_judged,
    small_training,
)

MISSING = {"X1": "not drawn", "X2": "no image", "X3": "not drawn"}


def source(cohort: FrozenCohort) -> StudySource:
    return StudySource(cohort, MISSING, {"weights.safetensors": "7" * 64}, (FIRST,), "How.")


@pytest.fixture(scope="module")
def facts() -> NetworkStudyFacts:
    return network_study(small_training(), small_judged(), source(small_cohort(*MISSING)))


def test_the_flow_goes_from_the_table_to_each_endpoint_and_adds_up(facts: NetworkStudyFacts) -> None:
    steps = facts.flow.steps
    assert (steps[0].name, steps[0].n) == (WHOLE_TABLE, len(ROWS) + 3)
    assert [step.n for step in steps[-2:]] == [len(ROWS), len(ROWS)]
    assert steps[-2].left_out == (("without one", 3),)
    assert [one.name for one in facts.flow.endpoints] == ["Overall survival", "Distant metastasis"]
    deaths = sum(row.events["death"] for row in ROWS)
    assert facts.flow.endpoints[0].events == deaths
    assert facts.left_out == (("not drawn", 2), ("no image", 1)) == reasons_of(MISSING)


def test_who_has_no_known_endpoint_is_told_and_a_flow_of_other_numbers_is_begun_anew() -> None:
    planned = small_training().planned
    cohort = small_cohort("X1", "X2")
    steps = study_flow(planned, cohort, {"X1": "not drawn"}).steps
    assert steps[-1].left_out == (("none of the endpoints is known", 1),)
    odd = replace(cohort, flow=PatientFlow((FlowStep(WHOLE_TABLE, 9),), ()))
    assert [(step.name, step.n) for step in study_flow(planned, odd, {}).steps] == [
        ("Patients of the cohort", len(ROWS) + 2),
        ("In this training", len(ROWS)),
    ]


def test_parts_are_those_of_the_splits_with_their_events(facts: NetworkStudyFacts) -> None:
    parts = small_training().planned.parts
    counts = {one.name: one.patients for one in facts.parts}
    assert counts["Development"] == len(parts.development) == sum(counts[f"Fold {n}"] for n in (1, 2, 3))
    assert (counts["Calibration set"], counts["Test set"]) == (len(parts.calibration), len(parts.test))
    died = {row.subject for row in ROWS if row.events["death"]}
    events = {one.name: one.events["Overall survival"] for one in facts.parts}
    assert events["Test set"] == len(died & set(parts.test))
    assert events["Fold 2"] == len(died & set(parts.roles(1).judge))


def test_a_part_without_anybody_has_no_event() -> None:
    training = small_training()
    parts = replace(training.planned.parts, test=())
    bare = replace(training, planned=replace(training.planned, parts=parts))
    (test,) = [
        one for one in network_study(bare, (), source(small_cohort(*MISSING))).parts if one.name == "Test set"
    ]
    assert (test.patients, set(test.events.values())) == (0, {0})


def test_measures_are_those_that_were_judged(facts: NetworkStudyFacts) -> None:
    for one, judged in zip(facts.endpoints, small_judged(), strict=True):
        assert list(one.models) == list(judged.judgement.models)
        for name, found in one.models.items():
            was = judged.judgement.models[name]
            assert (found.harrell, found.difference, found.uno) == (was.harrell, was.difference, was.uno)
            assert found.auc == was.auc[judged.plan.main or 0]
            assert found.ici == (was.calibration.curve.ici if was.calibration.curve else None)
        assert one.seeds == judged.seeds
        assert len(one.seeds) == 2
        assert one.horizon.endswith(" years")
    assert facts.graded


def test_each_network_tells_its_fold_its_seed_and_its_epochs(facts: NetworkStudyFacts) -> None:
    assert [(one.fold, one.seed) for one in facts.networks] == [(f, s) for s in (1, 2) for f in (1, 2, 3)]
    for one, standing in zip(facts.networks, small_training().standings, strict=True):
        assert one.best_epoch == standing.best_epoch
        assert [row.epoch for row in one.history] == [1, 2] == [row.epoch for row in standing.history]
        assert all(row.weights == {"clinical": 1.0} for row in one.history)


def test_hashes_tell_cohort_parts_and_weights(facts: NetworkStudyFacts) -> None:
    parts, told = small_training().planned.parts, {one.label: one.value for one in facts.hashes}
    assert told["Cohort"] == ORDER.cohort
    assert told["Splits"] == parts.sha256
    assert told["Subjects of the test set"] == parts.part_sha256("test")
    assert told["weights.safetensors"] == "7" * 64
    assert facts.openings == (FIRST,)
