"""The files and the facts of a comparison: the form of the paper, numbers in it once, and who was in it."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.prognosis.comparison import TABLE, ComparedEndpoint, ComparisonRules, compare_endpoint  # noqa: E402
from sarcoma_core.prognosis.comparison_facts import LIMITS, ComparisonHead, comparison_facts  # noqa: E402
from sarcoma_core.prognosis.comparison_files import compared_bytes, form_bytes  # noqa: E402
from sarcoma_core.prognosis.endpoint_study import StudyRules  # noqa: E402
from sarcoma_core.prognosis.features import CohortFeatures, TumourFeatures  # noqa: E402
from sarcoma_core.report.measures import WithLimits  # noqa: E402
from tests.prognosis.made_patients import made  # noqa: E402
from tests.prognosis.made_trained_study import OS, developed, training  # noqa: E402

COHORT = made(1, 60, strength=2.0)
KEPT = training(COHORT, {"joint": COHORT.eta, "image": np.arange(60.0)})
RULES = ComparisonRules(StudyRules(no_features="nobody was drawn"), forests=False)
NOBODY = CohortFeatures({}, {})
HEAD = ComparisonHead("P", "MODEL_PROG_STS", "0.1", KEPT, RULES, NOBODY, {"cohort": "c" * 64})
OTHER = replace(OS, name="local_recurrence", short="LR", title="Local recurrence")


@pytest.fixture(scope="module")
def one() -> ComparedEndpoint:
    return compare_endpoint(OS, developed(COHORT, KEPT), KEPT, RULES)


def test_the_form_has_a_column_for_each_endpoint_and_the_papers_beside_those_that_it_has(
    one: ComparedEndpoint,
) -> None:
    head, *rows = csv.reader(form_bytes((one, replace(one, endpoint=OTHER))).decode().splitlines())
    assert head == [
        "Model",
        "C OS (95 % limits)",
        "C LR (95 % limits)",
        "C OS (SD), Bozzo et al. 2024, of other patients",
    ]
    cells = {row[0]: row[1:] for row in rows}
    assert list(cells) == [model.title for model in TABLE]
    assert cells["Multimodal network (joint head)"][2] == "0.769 (0.126)"
    assert cells["Clinical, random survival forest"] == ["not run", "not run", "0.655 (0.111)"]
    assert cells["Clinical, elastic-net Cox"][2] == ""


def test_the_numbers_tell_who_was_in_it_and_that_the_test_set_was_not_looked_at(
    one: ComparedEndpoint,
) -> None:
    found = json.loads(compared_bytes((one,), HEAD))
    assert found["patients"] == {"development": 48, "calibration": 6, "test": 6}
    assert found["test_set"] == "not looked at"
    told = found["endpoints"]["overall_survival"]
    assert (told["patients"], told["events"]) == (48, one.patients.follow_up.events)
    assert told["tau_years"] == pytest.approx(one.plan.tau / 365.25, abs=0.05)
    assert str(one.plan.tau) not in compared_bytes((one,), HEAD).decode()
    rows = {row["name"]: row for row in told["rows"]}
    assert list(rows) == [model.name for model in TABLE]
    assert rows["multimodal"]["harrell"]["value"] == pytest.approx(
        one.rows["multimodal"].harrell.value, abs=1e-6
    )
    assert rows["sarculator"]["difference"]["value"] == pytest.approx(
        rows["sarculator"]["harrell"]["value"] - rows["multimodal"]["harrell"]["value"], abs=2e-6
    )
    assert rows["radiomics"] == {
        "name": "radiomics",
        "title": "Radiomics, elastic-net Cox",
        "published": None,
        "not_run": "nobody was drawn",
    }


def test_facts_of_the_page_are_those_numbers(
    one: ComparedEndpoint,
) -> None:
    facts = comparison_facts((one,), HEAD)
    assert (facts.development, facts.calibration, facts.test, facts.folds) == (48, 6, 6, 3)
    assert facts.limits == LIMITS
    [endpoint] = facts.endpoints
    lines = dict(zip([model.name for model in TABLE], endpoint.lines, strict=True))
    assert lines["multimodal"].harrell == one.rows["multimodal"].harrell
    assert lines["multimodal"].difference is None
    assert isinstance(lines["sarculator"].difference, WithLimits)
    assert lines["sarculator"].p == one.rows["sarculator"].difference.p
    assert lines["radiomics"].absent == "nobody was drawn"
    assert lines["clinical-forest"].published == (0.655, 0.111)


def test_a_reader_is_told_of_the_test_set_the_grade_and_who_has_no_features() -> None:
    assert HEAD.cautions == (
        "The test set (6 patients) was not looked at here: train-prognosis --open-test opens it.",
    )
    none = replace(HEAD, kept=replace(KEPT, parts=replace(KEPT.parts, test=())))
    assert none.cautions == ("This training has set no test set aside: all its numbers are out of fold.",)
    order = replace(KEPT.order, endpoints=("overall_survival", "grade"))
    graded = replace(HEAD, kept=replace(KEPT, order=order))
    assert graded.cautions[1].startswith("The networks foretell the grade and so are not given it")
    assert replace(graded, rules=replace(RULES, refit=False)).cautions == HEAD.cautions
    some = TumourFeatures("T1CE", "4", "m", locked=True, values={})
    measured = CohortFeatures({"S001": some, "S002": replace(some, locked=False)}, {"S003": "no mask"})
    study = StudyRules(features=("stat_mean", "morph_volume"))
    drawn = replace(HEAD, features=measured, rules=replace(RULES, study=study))
    assert drawn.cautions[1] == (
        "1 of 48 patients of the development have no features of the image: medians stand in for these."
    )
    assert drawn.features_told == (
        "2 first-order and shape features of radiomics, of 2 patients, on T1CE; 1 of the masks are locked."
    )
    assert HEAD.features_told == "none: nobody was drawn."
