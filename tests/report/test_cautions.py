"""A series whose facts call for care says so."""

import numpy as np
import pytest

from sarcoma_core.provenance import Outcome
from sarcoma_core.report.cautions import cautions, voxel_unit
from sarcoma_core.report.planes import Upright
from sarcoma_core.report.stages import Condition, Stage, State
from tests.report.sessions import STAGES

NONE = (
    State(STAGES[0], "done"),
    State(STAGES[1], "not applicable"),
    State(STAGES[2], "not applicable"),
)


def told(convert: dict[str, object], normalise: dict[str, object] | None = None) -> tuple[State, ...]:
    first = State(STAGES[0], "done", outcome=Outcome("2", "MR", "done", facts=convert))
    last = State(STAGES[2], "done", outcome=Outcome("2", "MR", "done", facts=normalise or {}))
    return first, NONE[1], last


def grid(*spacing: float, obliquity: float = 0.0) -> Upright:
    return Upright(np.zeros((4, 4, 4)), (spacing[0], spacing[1], spacing[2]), obliquity)


@pytest.mark.parametrize(
    ("facts", "unit"),
    [
        ({"units": "HU"}, "HU"),
        ({"units": "arbitrary"}, ""),
        ({"units": "NONE"}, ""),
        ({"units": "unknown"}, ""),
        ({}, ""),
        ({"units": "BQML"}, "BQML"),
        ({"units": "GML"}, "SUV"),
        ({"units": "GML", "suv_type": "BW"}, "SUV"),
        ({"units": "CM2ML"}, "SUV"),
    ],
)
def test_the_unit_is_that_of_the_standard(facts: dict[str, object], unit: str) -> None:
    assert voxel_unit(facts) == unit


def test_a_plain_series_has_none() -> None:
    assert cautions("MR", told({}, {"source": "N4"}), grid(1, 1, 2)) == ()


def test_a_series_without_manifest_entries_has_none() -> None:
    assert cautions("MR", NONE, None) == ()


def test_the_converters_warnings_are_told() -> None:
    (only,) = cautions("MR", told({"warnings": ["InstanceNumber starts at 3"]}), None)
    assert "InstanceNumber starts at 3" in only


@pytest.mark.parametrize(("modality", "units", "usual"), [("PT", "BQML", "SUV"), ("CT", "OD", "HU")])
def test_values_that_do_not_compare_between_patients_are_told(modality: str, units: str, usual: str) -> None:
    (only,) = cautions(modality, told({"units": units}), None)
    assert f"{units}, not {usual}" in only


@pytest.mark.parametrize(("modality", "usual"), [("PT", "SUV"), ("CT", "HU")])
def test_values_in_an_unknown_unit_are_told(modality: str, usual: str) -> None:
    (only,) = cautions(modality, told({"units": "unknown"}), None)
    assert only == f"The values are in an unknown unit, not {usual}: patients do not compare."


@pytest.mark.parametrize(("modality", "units"), [("PT", "GML"), ("CT", "HU"), ("MR", "arbitrary")])
def test_the_usual_units_need_no_caution(modality: str, units: str) -> None:
    assert cautions(modality, told({"units": units}), None) == ()


def test_the_warnings_of_every_step_are_told_each_once() -> None:
    corrected = Outcome("2", "MR", "done", facts={"warnings": ["no air was found", "of N4 alone"]})
    first, _, last = told({"warnings": ["of convert"]}, {"warnings": ["no air was found."]})
    found = cautions("MR", (first, State(STAGES[1], "done", outcome=corrected), last), None)
    assert found == ("Of note: of convert.", "Of note: no air was found.", "Of note: of N4 alone.")


def test_what_a_step_said_of_voxels_that_are_out_of_date_is_not_told() -> None:
    first, _, last = told({})
    old = Outcome("2", "MR", "done", facts={"warnings": ["of before"]})
    assert cautions("MR", (first, State(STAGES[1], "out of date", outcome=old), last), None) == ()


def test_a_z_score_of_an_uncorrected_volume_is_told() -> None:
    (only,) = cautions("MR", told({}, {"source": "NIFTI"}), None)
    assert "without bias correction" in only


def test_coarse_slices_and_oblique_axes_are_told() -> None:
    coarse, oblique = cautions("MR", told({}), grid(1, 1, 6, obliquity=12.4))
    assert "6 times" in coarse
    assert "12°" in oblique


def test_a_pet_whose_units_are_unknown_is_not_in_suv_whatever_its_suvtype_says() -> None:
    assert voxel_unit({"units": "unknown", "suv_type": "BW"}) == ""
    assert voxel_unit({"units": "BQML", "suv_type": "BW"}) == "SUV"


def with_suv(condition: Condition, **facts: object) -> tuple[State, ...]:
    """A PET in BQML, and what the step suv made of it."""
    first, *others = told({"units": "BQML"})
    outcome = Outcome("2", "PT", "done", facts=facts) if condition == "done" else None
    return (first, State(Stage("SUV", "suv", "SUV", "In SUV"), condition, outcome=outcome), *others)


def test_a_pet_that_was_brought_to_suv_compares() -> None:
    assert cautions("PT", with_suv("done"), None) == ()


def test_a_pet_that_could_not_be_brought_to_suv_does_not_compare() -> None:
    (only,) = cautions("PT", with_suv("refused"), None)
    assert only == "The values are in BQML, not SUV: patients do not compare."


def test_a_pet_of_a_session_without_the_step_is_told_which_step_to_run() -> None:
    (only,) = cautions("PT", told({"units": "BQML"}), None)
    assert only.endswith("The step suv brings it to SUV.")


def test_what_suv_warned_of_is_told() -> None:
    assert cautions("PT", with_suv("done", warnings=["two doses"]), None) == ("Of note: two doses.",)
