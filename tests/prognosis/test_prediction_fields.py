"""Custom fields of a prediction: the same names each time, so that none of an earlier one is left over."""

from dataclasses import replace

import pytest

from sarcoma_core.archive.predicted import PatientPrediction, SurvivalBound
from sarcoma_core.prognosis.clinical.endpoints import DAYS_OF_MONTH, ENDPOINTS
from sarcoma_core.prognosis.prediction_fields import PREFIX, prediction_fields
from tests.archive.test_predicted import TOLD

ABSTAINS = replace(TOLD, prediction=PatientPrediction(("unlike",), (), ()))


def test_numbers_are_those_of_the_prediction_and_what_is_not_told_is_emptied() -> None:
    found = prediction_fields(TOLD)
    assert found[f"{PREFIX}os_1y"] == pytest.approx(0.2)
    assert found[f"{PREFIX}os_2y"] == pytest.approx(0.4)
    assert found[f"{PREFIX}os_group"] == "high"
    assert found[f"{PREFIX}survives_months_80"] == pytest.approx(400 / DAYS_OF_MONTH, abs=1e-4)
    assert found[f"{PREFIX}model"] == "MODEL_PROG_X 000000000000"
    emptied = {"os_3y", "os_5y", "dm_1y", "dm_group", "survives_months_95"}
    assert {name for name, value in found.items() if value is None} > {PREFIX + name for name in emptied}


def test_the_names_are_the_same_whatever_is_told() -> None:
    assert prediction_fields(TOLD).keys() == prediction_fields(ABSTAINS).keys()
    shorts = {one.short.lower() for one in ENDPOINTS}
    names = {name.removeprefix(PREFIX).split("_")[0] for name in prediction_fields(TOLD)}
    assert shorts < names


def test_of_who_is_not_judged_no_number_is_told() -> None:
    told = {name: value for name, value in prediction_fields(ABSTAINS).items() if value is not None}
    assert told == {
        f"{PREFIX}model": "MODEL_PROG_X 000000000000",
        f"{PREFIX}abstains": True,
        f"{PREFIX}synthetic": False,
    }


def test_a_bound_of_another_coverage_has_no_field() -> None:
    other = replace(TOLD, prediction=replace(TOLD.prediction, bounds=(SurvivalBound(0.9, 100.0),)))
    assert prediction_fields(other)[f"{PREFIX}survives_months_80"] is None
