"""SUV by each measure of the body: by the papers' formulas, by QIBA's uniform object, and what is refused."""

import math

import numpy as np
import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.suv import (
    NEEDED,
    PatientBody,
    SuvType,
    activity_factor,
    body_measure,
    factor_between,
    to_suv,
)

MAN, WOMAN = PatientBody(70.0, 1.75, "M"), PatientBody(70.0, 1.75, "F")
BY_HAND: dict[SuvType, tuple[float, float]] = {
    "BW": (70_000.0, 70_000.0),
    "LBM": ((77.0 - 120 * 0.4**2) * 1000, (74.9 - 148 * 0.4**2) * 1000),  # (70 kg / 175 cm) ^ 2 = 0.4 ^ 2
    "LBMJAMES128": (56_520.0, 51_220.0),
    "LBMJANMA": (9270 * 70 / (6680 + 216 * 160 / 7) * 1000, 9270 * 70 / (8780 + 244 * 160 / 7) * 1000),
    "BSA": (71.84 * math.exp(0.425 * math.log(70) + 0.725 * math.log(175)),) * 2,
    "IBW": (72_380.0, 66_430.0),
}


@pytest.mark.parametrize("suv_type", BY_HAND)
def test_each_measure_is_its_papers_formula(suv_type: SuvType) -> None:
    man, woman = BY_HAND[suv_type]
    assert body_measure(suv_type, MAN) == pytest.approx(man, rel=2e-5)
    assert body_measure(suv_type, WOMAN) == pytest.approx(woman, rel=2e-5)


def test_a_body_of_70_kg_and_175_cm_has_the_surface_of_dubois_chart() -> None:
    assert body_measure("BSA", MAN) == pytest.approx(1.85e4, rel=2e-3)


@pytest.mark.parametrize("dose", [5e6, 370e6, 2e9])
def test_a_dose_spread_evenly_over_the_body_has_the_suv_1_everywhere(dose: float) -> None:
    """QIBA's digital reference object: tissue of 1 g/ml."""
    concentration = dose / 70_000
    assert concentration * activity_factor("BW", MAN, dose) == pytest.approx(1)


@pytest.mark.parametrize("target", BY_HAND)
@pytest.mark.parametrize("source", BY_HAND)
def test_from_one_kind_to_another_is_the_way_over_the_activity(source: SuvType, target: SuvType) -> None:
    activity = 5000.0
    there = activity * activity_factor(source, WOMAN, 1e8) * factor_between(source, target, WOMAN)
    assert there == pytest.approx(activity * activity_factor(target, WOMAN, 1e8))


@pytest.mark.parametrize("suv_type", BY_HAND)
def test_the_same_kind_needs_nothing_and_changes_nothing(suv_type: SuvType) -> None:
    assert factor_between(suv_type, suv_type, PatientBody()) == 1


@pytest.mark.parametrize("suv_type", BY_HAND)
def test_what_a_measure_needs_is_missed_by_its_keyword_and_nothing_else_is(suv_type: SuvType) -> None:
    whole = {"PatientWeight": 70.0, "PatientSize": 1.75, "PatientSex": "F"}
    for keyword in whole:
        rest = {name: value for name, value in whole.items() if name != keyword}
        patient = PatientBody(
            weight=rest.get("PatientWeight"),
            size=rest.get("PatientSize"),
            sex=rest.get("PatientSex", ""),
        )  # type: ignore[arg-type]
        if keyword in NEEDED[suv_type]:
            with pytest.raises(InputError, match=rf"^{keyword}: must .*found none") as refused:
                body_measure(suv_type, patient)
            assert refused.value.hint
        else:
            assert body_measure(suv_type, patient) == body_measure(suv_type, WOMAN)


@pytest.mark.parametrize(
    ("keyword", "bounds"),
    [("PatientWeight", (1.0, 400.0)), ("PatientSize", (0.3, 2.6)), ("RadionuclideTotalDose", (1e6, 1e11))],
)
def test_just_outside_of_its_bounds_a_value_is_refused_and_just_inside_it_is_taken(
    keyword: str, bounds: tuple[float, float]
) -> None:
    low, high = bounds

    def made(value: float) -> float:
        weight, size, dose = (
            value if keyword == name else usual
            for name, usual in (("PatientWeight", 70), ("PatientSize", 1.75), ("RadionuclideTotalDose", 1e8))
        )
        return activity_factor("BSA", PatientBody(weight, size), dose)

    for value in (low, low * 1.05, high * 0.95, high):
        assert made(value) > 0
    for value, found in ((low * 0.95, "less"), (high * 1.001, "more"), (0.0, "less"), (-70.0, "less")):
        with pytest.raises(InputError, match=rf"^{keyword}: .*found {found}") as refused:
            made(value)
        assert not value or f"{value:g}" not in str(refused.value)


@pytest.mark.parametrize("dose", [37.0, 370.0, 1100.0, 370e3])
def test_a_dose_in_mbq_or_kbq_is_refused(dose: float) -> None:
    with pytest.raises(InputError, match="RadionuclideTotalDose: must be 1e"):
        activity_factor("BW", MAN, dose)


@pytest.mark.parametrize("centimetres", [50.0, 120.0, 175.0])
def test_a_height_in_cm_is_refused(centimetres: float) -> None:
    with pytest.raises(InputError, match=r"PatientSize: must be .* m; found more"):
        body_measure("BSA", PatientBody(70, centimetres))


@pytest.mark.parametrize("sex", ["O", "U", "m", "male", "F\\M"])
def test_a_sex_that_the_formula_does_not_know_is_refused_for_lean_mass_and_does_not_matter_for_weight(
    sex: str,
) -> None:
    with pytest.raises(InputError, match="PatientSex: must be M or F") as refused:
        body_measure("LBMJANMA", PatientBody(70, 1.75, sex))
    assert "kind=bw" in refused.value.hint
    assert body_measure("BW", PatientBody(70, 1.75, sex)) == 70_000


def test_james_turns_negative_in_the_obese_and_is_refused_where_janmahasatian_is_not() -> None:
    heavy = PatientBody(250.0, 1.5, "F")
    with pytest.raises(InputError, match="James"):
        body_measure("LBMJAMES128", heavy)
    assert 0 < body_measure("LBMJANMA", heavy) < 250_000


def test_values_times_1_are_the_same_bits() -> None:
    values = np.array([[[1e-30, -3.3, 7.1]]], np.float32)
    assert to_suv(values, (1.0,)) is values


def test_each_slice_has_its_factor() -> None:
    values = np.ones((2, 3, 3), np.float32)
    made = to_suv(values, (1.0, 2.0, 0.5))
    np.testing.assert_array_equal(made, np.broadcast_to([1.0, 2.0, 0.5], (2, 3, 3)))
    np.testing.assert_array_equal(values, 1)
    np.testing.assert_array_equal(to_suv(values, (3.0,)), 3)
    np.testing.assert_array_equal(to_suv(values[..., :2], (1.0, 2.0))[0], [[1, 2]] * 3)


def test_products_that_no_float32_holds_are_refused() -> None:
    with pytest.raises(InputError, match="finite"):
        to_suv(np.full((1, 1, 1), 1e38, np.float32), (1e3,))
