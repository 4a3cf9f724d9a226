"""What the page of a study is filled with: every number is the one that was measured."""

from dataclasses import replace

import numpy as np
import pytest

from sarcoma_core.prognosis.baselines import BASELINES
from sarcoma_core.prognosis.clinical.endpoints import ENDPOINTS, endpoint
from sarcoma_core.prognosis.clinical.table import ClinicalRow
from sarcoma_core.prognosis.covariates import column_titles
from sarcoma_core.prognosis.endpoint_study import EndpointStudy, StudyRules, patients_of, study_endpoint
from sarcoma_core.prognosis.flow import flow
from sarcoma_core.prognosis.frozen import CohortMember, FrozenCohort
from sarcoma_core.prognosis.join import JoinedRow
from sarcoma_core.prognosis.study_facts import StudyHead, study_facts
from sarcoma_core.report.prognosis import render_prognosis
from sarcoma_core.report.prognosis_facts import PrognosisFacts
from sarcoma_core.survival.aalen_johansen import aalen_johansen
from sarcoma_core.survival.cox import CoxModel
from tests.prognosis.made_patients import made

RULES = StudyRules(repeats=2, folds=3, no_features="features were not asked for")
OS, DM = endpoint("overall_survival"), endpoint("distant_metastasis")


def cohort_rows() -> tuple[ClinicalRow, ...]:
    """Of those who die half had a metastasis before."""
    return tuple(
        ClinicalRow(
            row.subject,
            row.session,
            "AB"[number % 2],
            None,
            row.values,
            {**row.events, "distant_metastasis": row.events["death"] and bool(number % 2)},
            {
                name: days
                for name, days in row.days.items()
                if name != "distant_metastasis_days" or (row.events["death"] and number % 2)
            },
        )
        for number, row in enumerate(made(1, 120).rows())
    )


@pytest.fixture(scope="module")
def head() -> StudyHead:
    rows = cohort_rows()
    members = tuple(CohortMember(row.subject, row.session, {}, (), row) for row in rows)
    told = flow([JoinedRow(row, row.session, "joined", "", "") for row in rows])
    cohort = FrozenCohort("P", "c" * 64, "surgery", members, told)
    return StudyHead(cohort, RULES, {"Local recurrence": "too few."}, ("Look at this.",))


@pytest.fixture(scope="module")
def studies(head: StudyHead) -> tuple[EndpointStudy, ...]:
    rows = [member.row for member in head.cohort.members]
    return tuple(study_endpoint(one, patients_of(one, rows, {}), RULES) for one in (OS, DM))


@pytest.fixture(scope="module")
def facts(studies: tuple[EndpointStudy, ...], head: StudyHead) -> PrognosisFacts:
    return study_facts(studies, head)


def test_the_flow_is_that_of_the_cohort_and_ends_in_the_patients_that_were_judged(
    facts: PrognosisFacts, studies: tuple[EndpointStudy, ...]
) -> None:
    ends = {step.name: (step.n, step.events) for step in facts.flow.endpoints}
    assert set(ends) == {one.title for one in ENDPOINTS}
    for study, shown in zip(studies, facts.endpoints, strict=True):
        assert (shown.n, shown.events) == ends[shown.name]
        assert shown.n == len(study.patients.follow_up)


def test_performance_is_what_was_judged(facts: PrognosisFacts, studies: tuple[EndpointStudy, ...]) -> None:
    shown, study = facts.endpoints[0], studies[0]
    assert [one.model for one in shown.models] == [one.title for one in BASELINES[:2]]
    for one, judged in zip(shown.models, study.judgement.models.values(), strict=True):
        assert one.harrell == judged.harrell
        assert one.uno == judged.uno
        assert study.plan.main is not None
        assert one.auc == judged.auc[study.plan.main]
        assert judged.brier is not None
        assert one.brier == judged.brier.value
        assert one.slope == judged.calibration.slope
        assert one.n == 120
    assert shown.models[0].difference is None
    assert shown.models[1].difference is not None
    assert (shown.tau, shown.null_brier) == (study.plan.tau, study.judgement.null_brier)


def test_groups_are_parted_at_the_median_of_the_training_of_each_fold(
    facts: PrognosisFacts, studies: tuple[EndpointStudy, ...]
) -> None:
    shown, study = facts.endpoints[0], studies[0]
    assert shown.groups is not None
    low, high = shown.groups.groups
    assert (low.name, high.name) == ("Low risk", "High risk")
    assert "above the median risk of the training" in shown.groups.rule
    assert "a risk equal to the median counts as low" in shown.groups.rule
    assert "it was chosen before any result" in shown.groups.rule
    chosen = study.predicted["clinical"].high[0]
    np.testing.assert_array_equal(high.follow_up.time, study.patients.follow_up.time[chosen])
    assert len(low.follow_up) + len(high.follow_up) == 120


def test_death_competes_with_a_metastasis_and_with_nothing_else(
    facts: PrognosisFacts, studies: tuple[EndpointStudy, ...]
) -> None:
    assert facts.endpoints[0].competing is None
    found = facts.endpoints[1].competing
    assert found is not None
    patients = studies[1].patients
    assert found.names == ("Distant metastasis", "Death without it")
    assert np.count_nonzero(found.kind == 1) == patients.follow_up.events
    assert np.count_nonzero(found.kind == 2) == np.count_nonzero(patients.died) > 0


def test_hazard_ratios_have_limits_and_p_without_a_penalty_and_none_with_one(
    facts: PrognosisFacts, studies: tuple[EndpointStudy, ...]
) -> None:
    cox, net = facts.endpoints[0].coefficients
    model = studies[0].fitted["sarculator"].hazards
    assert isinstance(model, CoxModel)
    steps = np.where([row.name.endswith("(per doubling)") for row in cox.rows], np.log(2), 1.0)
    assert np.count_nonzero(steps != 1) == 1
    np.testing.assert_allclose(
        [one.hazard_ratio.value for one in cox.rows], np.exp(model.coefficients * steps)
    )
    for row, low in zip(cox.rows, np.exp(model.limits()[0] * steps), strict=True):
        assert row.hazard_ratio.lower == pytest.approx(low)
        assert row.p is not None
        assert 0 <= row.p <= 1
        assert row.hazard_ratio.upper is not None
        assert (row.p < 0.05) == (not low <= 1 <= row.hazard_ratio.upper)
        assert row.proportional_p is not None
    assert net.penalised
    assert 0 < len(net.rows) <= net.candidates
    assert all(one.p is None and one.hazard_ratio.lower is None for one in net.rows)


def test_columns_are_told_with_their_unit_and_their_scale(studies: tuple[EndpointStudy, ...]) -> None:
    cox, net = (column_titles(studies[0].fitted[name]) for name in ("sarculator", "clinical"))
    assert cox[:3] == ("Age (per year)", "Tumour size (per doubling)", "Grade (FNCLCC) (per level)")
    assert cox[3].startswith("Diagnosis: ")
    assert " (against " in cox[3]
    assert "Age (per standard deviation)" in net
    assert "Tumour depth: deep (per standard deviation)" in net
    assert "Tumour size (per standard deviation of the logarithm)" in net
    assert any(title.startswith("Sex: ") and " (against " in title for title in net)


def test_what_is_not_there_is_told(facts: PrognosisFacts) -> None:
    assert facts.cautions == ("Look at this.", "Local recurrence was not studied: too few.")
    cautions = facts.endpoints[0].all_cautions
    assert any("not the published nomogram" in one for one in cautions)
    assert any("is not there: features were not asked for" in one for one in cautions)


def test_an_endpoint_of_the_flow_that_is_not_studied_is_told(facts: PrognosisFacts) -> None:
    """Of the four one failed, and of one nothing was studied."""
    [note] = facts.flow_notes
    assert note.startswith("Recurrence-free survival")
    assert note.endswith("has no section: no baselines are trained for it.")


def flat(study: EndpointStudy, folds: int) -> EndpointStudy:
    """The study with equal risks in so many folds of each repeat, and none equal in the others."""
    told = study.predicted["clinical"]
    risk, high = told.risk.copy(), told.high.copy()
    for fold in study.plan.folds:
        order = np.arange(fold.test.size) * (fold.number >= folds)
        risk[fold.repeat, fold.test], high[fold.repeat, fold.test] = order, order > fold.test.size / 2
    return replace(study, predicted={**study.predicted, "clinical": replace(told, risk=risk, high=high)})


@pytest.mark.parametrize(("folds", "told"), [(0, False), (1, True)])
def test_folds_in_which_all_are_predicted_alike_are_told_with_the_groups_and_the_model(
    studies: tuple[EndpointStudy, ...], head: StudyHead, folds: int, *, told: bool
) -> None:
    shown = study_facts((flat(studies[0], folds),), head).endpoints[0]
    assert shown.groups is not None
    assert (f". In {folds} of 3 folds it predicts the same for everybody" in shown.groups.rule) is told
    cox, net = shown.coefficients
    assert cox.chosen_in is None
    assert net.chosen_in == (6 - 2 * folds, 6)


def test_where_all_are_predicted_alike_in_every_fold_nobody_is_parted_and_that_is_told(
    studies: tuple[EndpointStudy, ...], head: StudyHead
) -> None:
    shown = study_facts((flat(studies[0], 3),), head).endpoints[0]
    assert shown.groups is not None
    assert [one.name for one in shown.groups.groups] == ["All patients"]
    assert shown.groups.rule.endswith("in every fold it predicts one risk for all")


def test_deaths_do_not_shorten_the_follow_up_of_another_endpoint(
    studies: tuple[EndpointStudy, ...], facts: PrognosisFacts
) -> None:
    """Kaplan-Meier of the last look, by hand: only who was neither dead nor ill is an event of it."""
    shown = facts.endpoints[1]
    assert shown.competing is not None
    assert shown.groups is not None
    patients = studies[1].patients
    seen = ~(patients.follow_up.event | patients.died)
    assert shown.competing.median_follow_up() == km_median(patients.follow_up.time, seen)
    assert shown.competing.median_follow_up() > shown.groups.median_follow_up()


def km_median(times: np.ndarray, seen: np.ndarray) -> float:
    left = 1.0
    for time in np.unique(times):
        left *= 1 - np.count_nonzero(seen & (times == time)) / np.count_nonzero(times >= time)
        if left <= 0.5:
            return float(time)
    return float("inf")


def test_a_decision_curve_takes_death_as_an_event_of_its_own_where_it_competes(
    studies: tuple[EndpointStudy, ...], facts: PrognosisFacts
) -> None:
    """Of acting on everybody the benefit is the cumulative incidence less the rest by the odds."""
    shown, study = facts.endpoints[1], studies[1]
    assert shown.competing is not None
    assert study.plan.main is not None
    decision = next(one.decision for one in shown.at_horizon if one.decision is not None)
    share = float(aalen_johansen(shown.competing.time, shown.competing.kind).at(1, study.plan.main))
    cut = decision.thresholds
    np.testing.assert_allclose(decision.all, share - (1 - share) * cut / (1 - cut))


def test_times_from_diagnosis_are_a_caution(studies: tuple[EndpointStudy, ...], head: StudyHead) -> None:
    """Variables are known up to surgery, which comes after diagnosis."""
    told = replace(head, cohort=replace(head.cohort, time_zero="diagnosis"))
    assert any("immortal time" in one for one in study_facts(studies, told).cautions)
    assert not any("immortal time" in one for one in study_facts(studies, head).cautions)


def test_table_1_has_a_column_for_each_centre(facts: PrognosisFacts) -> None:
    assert facts.characteristics is not None
    columns = [column.replace("\N{NO-BREAK SPACE}", " ") for column in facts.characteristics.columns]
    assert columns == ["All (n = 120)", "A (n = 60)", "B (n = 60)"]
    assert "Age, years" in [part.name for part in facts.characteristics.parts]


def test_the_design_tells_seed_folds_and_hashes(
    facts: PrognosisFacts, studies: tuple[EndpointStudy, ...]
) -> None:
    design = facts.design
    assert (design.folds, design.seeds, design.bootstrap_samples) == (3, (0,), 1000)
    assert design.prediction_time == "before surgery"
    assert [fact.value for fact in design.hashes] == ["c" * 64, *(one.splits.sha256 for one in studies)]


def test_the_page_is_written_with_all_of_it(facts: PrognosisFacts) -> None:
    page = render_prognosis("a study", facts)
    assert page == render_prognosis("a study", facts)
    assert "High risk" in page
    assert "Calibration" in page
    harrell = facts.endpoints[0].models[0].harrell
    assert harrell is not None
    assert f"{harrell.value:.3f}" in page
    for row in cohort_rows():
        assert row.subject not in page
