"""What was learned of columns, as JSON and back: the same columns, and as models of the baselines have it."""

import json
from typing import Any

import numpy as np
import pytest

from sarcoma_core.errors import InputError, SarcomaError
from sarcoma_core.prognosis.baseline_model import kept_model
from sarcoma_core.prognosis.baselines import BASELINES, Baseline, fit_baseline
from sarcoma_core.prognosis.clinical.endpoints import endpoint
from sarcoma_core.prognosis.clinical.variables import VARIABLES
from sarcoma_core.prognosis.design import Design, DesignRules, fit_design
from sarcoma_core.prognosis.design_document import design_of, design_tree
from tests.prognosis.made_patients import made

COHORT = made(3)
NAMES = tuple(one.name for one in VARIABLES if one.known == "before surgery")
RULES = (
    DesignRules(NAMES, logs=("size_cm", "volume_cm3"), scale=True),
    DesignRules(("age_years",)),
    DesignRules(("diagnosis", "radiotherapy", "sex"), when="after surgery"),
)


def design(rules: DesignRules = RULES[0]) -> Design:
    """Every third patient has no size, so that a column tells it; every 20th has a rare diagnosis."""
    values = [
        {
            **{name: value for name, value in one.items() if number % 3 or name != "size_cm"},
            **({"diagnosis": "myxoid liposarcoma"} if number % 50 == 0 else {}),
            "radiotherapy": "none" if number % 2 else "preoperative",
        }
        for number, one in enumerate(COHORT.values)
    ]
    return fit_design(values, rules)


def written(one: Design) -> Any:
    return json.loads(json.dumps(design_tree(one)))


@pytest.mark.parametrize("rules", RULES, ids=lambda rules: f"{len(rules.variables)} {rules.when}")
def test_what_was_written_is_read_back(rules: DesignRules) -> None:
    one = design(rules)
    again = design_of(written(one))
    assert again == one
    assert again.columns == one.columns == tuple(written(one)["columns"])
    others = made(4).values
    np.testing.assert_array_equal(again.matrix(others), one.matrix(others))


def test_fields_of_others_beside_it_are_not_looked_at() -> None:
    one = design()
    assert design_of({**written(one), "weights": [1, 2]}) == one


@pytest.mark.parametrize("baseline", BASELINES[:2], ids=lambda one: one.name)
def test_it_is_the_part_of_a_baselines_model_that_tells_of_columns(baseline: Baseline) -> None:
    """A model.json that was written before this module was cut out of it is read with it."""
    fitted = fit_baseline(baseline, COHORT.values, COHORT.subjects, COHORT.follow_up, seed=1)
    model = kept_model(fitted, COHORT.follow_up, endpoint=endpoint("overall_survival"), time_zero="surgery")
    tree = json.loads(model.document())
    told = {name: tree[name] for name in ("prediction_time", "parts", "left_out", "columns")}
    assert written(model.design) == told
    assert design_of(tree) == model.design


def test_a_model_of_the_first_kind_is_read() -> None:
    """Written by hand: files of this form are out there, and what they say is worked out by hand too."""
    tree = {
        "prediction_time": "before surgery",
        "parts": [
            {
                "kind": "number",
                "name": "age_years",
                "log": False,
                "fill": 55.0,
                "centre": 54.0,
                "spread": 10.0,
                "tells_missing": True,
            },
            {
                "kind": "levels",
                "name": "sex",
                "reference": "F",
                "levels": ["M"],
                "other": False,
                "means": [0.4],
            },
        ],
        "left_out": {"depth": "known of fewer than 5 patients"},
        "columns": ["age_years", "age_years: missing", "sex: M"],
    }
    found = design_of(tree)
    assert found.columns == tuple(tree["columns"])
    patients = [{"age_years": 64.0, "sex": "M"}, {"sex": "F"}, {"age_years": 54.0}]
    np.testing.assert_allclose(found.matrix(patients), [[1, 0, 1], [0.1, 1, 0], [0, 0, 0.4]])
    assert written(found) == tree


def changed(path: tuple[str | int, ...], value: object) -> Any:
    tree = written(design())
    place = tree
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return tree


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("prediction_time",), "tomorrow", "its prediction time"),
        (("parts", 0, "spread"), 0.0, "what it tells of age_years cannot be"),
        (("parts", 0, "centre"), float("nan"), "what it tells of age_years cannot be"),
        (("parts", 0, "fill"), float("inf"), "what it tells of age_years cannot be"),
        (("parts", 1, "levels", 0), "X", "what it tells of sex cannot be"),
        (("parts", 1, "reference"), "X", "what it tells of sex cannot be"),
        (("parts", 1, "means", 0), 1.01, "what it tells of sex cannot be"),
        (("parts", 1, "means", 0), -0.01, "what it tells of sex cannot be"),
        (("parts", 1, "means"), [], "what it tells of sex cannot be"),
        (("parts", 0, "name"), "radiotherapy", "radiotherapy is known after surgery"),
        (("parts", 0, "name"), "shoe_size", "shoe_size"),
    ],
)
def test_what_cannot_be_is_refused(path: tuple[str | int, ...], value: object, words: str) -> None:
    with pytest.raises(SarcomaError, match=words):
        design_of(changed(path, value))


def test_a_level_of_its_reference_is_refused() -> None:
    tree = written(design())
    tree["parts"][1]["levels"] = [tree["parts"][1]["reference"]]
    with pytest.raises(InputError, match="what it tells of sex cannot be"):
        design_of(tree)


@pytest.mark.parametrize(
    ("path", "value", "kind"),
    [
        (("parts", 0, "kind"), "code", KeyError),
        (("parts", 0, "more"), 1, KeyError),
        (("parts", 0, "fill"), "55", TypeError),
        (("left_out",), [], TypeError),
    ],
)
def test_a_field_of_another_form_is_told_to_who_reads_it(
    path: tuple[str | int, ...], value: object, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        design_of(changed(path, value))


@pytest.mark.parametrize("name", ["prediction_time", "parts", "left_out"])
def test_a_field_that_is_missing_is_told_to_who_reads_it(name: str) -> None:
    tree = written(design())
    del tree[name]
    with pytest.raises(KeyError):
        design_of(tree)
