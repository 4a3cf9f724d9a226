"""From patients to numbers: learned on the training alone, told, and of five patients or more."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.prognosis.design import (
    DesignRules,
    LevelColumns,
    NumberColumn,
    Values,
    blurred_median,
    fit_design,
)
from tests.prognosis.made_patients import made

AGE = DesignRules(("age_years",))
DIAGNOSIS = DesignRules(("diagnosis",))


def ages(*values: float | None) -> list[Values]:
    return [{} if value is None else {"age_years": value} for value in values]


def diagnoses(**counts: int) -> list[Values]:
    names = {"lms": "leiomyosarcoma", "mfs": "myxofibrosarcoma", "ss": "synovial sarcoma"}
    return [
        {} if name == "none" else {"diagnosis": names[name]}
        for name, count in counts.items()
        for _ in range(count)
    ]


def test_a_number_is_centred_and_a_missing_one_is_the_median_of_the_training() -> None:
    design = fit_design(ages(10, 20, 30, 40, 50, 60, 70, None), AGE)
    assert design.columns == ("age_years",)
    # the five around the median: 20 to 60, mean 40; the mean of 10, ..., 70 and 40 is 40
    np.testing.assert_allclose(design.matrix(ages(50, None))[:, 0], [10, 0])


def test_a_number_is_scaled_where_the_model_wants_it() -> None:
    design = fit_design(ages(*range(20, 80)), DesignRules(("age_years",), scale=True))
    column = design.matrix(ages(*range(20, 80)))[:, 0]
    np.testing.assert_allclose([column.mean(), column.std()], [0, 1], atol=0.05)  # of two digits


def test_five_missing_values_have_a_column_and_four_have_none() -> None:
    for missing, columns in ((4, ("age_years",)), (5, ("age_years", "age_years: missing"))):
        design = fit_design(ages(*range(20, 40), *[None] * missing), AGE)
        assert design.columns == columns
    np.testing.assert_array_equal(design.matrix(ages(30, None))[:, 1], [0, 1])


@given(st.lists(st.floats(0, 1), min_size=5, max_size=12, unique=True))
def test_the_blurred_median_lies_between_the_five_in_the_middle_and_is_symmetric(values: list[float]) -> None:
    found = np.array(values)
    ordered = np.sort(found)
    assert ordered[0] <= blurred_median(found) <= ordered[-1]
    np.testing.assert_allclose(blurred_median(-found), -blurred_median(found))


def test_of_an_even_number_six_make_the_median() -> None:
    assert blurred_median(np.array([0, 1, 2, 3, 4, 60.0, 7, 8])) == pytest.approx((1 + 2 + 3 + 4 + 7 + 8) / 6)
    assert blurred_median(np.array([1, 2, 3, 4, 90.0])) == pytest.approx(20)


def test_the_logarithm_counts_where_it_is_asked_for_and_the_value_is_above_0() -> None:
    rules = DesignRules(("volume_cm3",), logs=("volume_cm3",))
    patients: list[Values] = [{"volume_cm3": float(np.exp(n))} for n in range(9)]
    design = fit_design(patients, rules)
    np.testing.assert_allclose(design.matrix(patients)[:, 0], np.arange(9) - 4, atol=1e-12)
    with pytest.raises(InputError, match="volume_cm3: must be above 0 and finite"):
        design.matrix([{"volume_cm3": 0.0}])


def test_levels_are_columns_beside_the_most_frequent_one() -> None:
    design = fit_design(diagnoses(mfs=6, lms=9, ss=5), DIAGNOSIS)
    assert design.columns == ("diagnosis: myxofibrosarcoma", "diagnosis: synovial sarcoma")
    rows = design.matrix(diagnoses(lms=1, mfs=1, ss=1))
    np.testing.assert_array_equal(rows, [[0, 0], [1, 0], [0, 1]])


def test_five_patients_make_a_level_and_four_do_not() -> None:
    for count, told in ((5, True), (4, False)):
        design = fit_design(diagnoses(lms=20, mfs=10, ss=count), DIAGNOSIS)
        assert ("diagnosis: synovial sarcoma" in design.columns) is told
        assert "diagnosis: other or unknown" not in design.columns


def test_rare_levels_missing_ones_and_unseen_ones_share_a_column_where_they_are_five() -> None:
    patients = diagnoses(lms=20, mfs=10, ss=3, none=2)
    design = fit_design(patients, DIAGNOSIS)
    assert design.columns == ("diagnosis: myxofibrosarcoma", "diagnosis: other or unknown")
    strange = design.matrix([{}, {"diagnosis": "synovial sarcoma"}, {"diagnosis": "angiosarcoma"}])
    np.testing.assert_array_equal(strange, [[0, 1]] * 3)


def test_who_has_no_level_of_the_training_and_no_column_is_the_mean_patient() -> None:
    design = fit_design(diagnoses(lms=30, mfs=10, ss=4), DIAGNOSIS)
    np.testing.assert_allclose(design.matrix([{"diagnosis": "angiosarcoma"}, {}]), [[0.25], [0.25]])


def test_ordered_levels_are_numbers() -> None:
    patients: list[Values] = [{"grade": str(1 + n % 3)} for n in range(18)]
    design = fit_design(patients, DesignRules(("grade",)))
    np.testing.assert_allclose(design.matrix(patients[:3])[:, 0], [-1, 0, 1])


@pytest.mark.parametrize(
    ("patients", "reason"),
    [
        (ages(1, 2, 3, 4, *[None] * 20), "known of fewer than 5 patients"),
        (ages(*[60] * 20, 1, 2, 3, 4), "fewer than 5 patients differ in it from the others"),
    ],
)
def test_what_tells_of_fewer_than_five_is_left_out_and_told(patients: list[Values], reason: str) -> None:
    everybody = [
        {**one, "diagnosis": level}
        for one, level in zip(patients, ["angiosarcoma", "leiomyosarcoma"] * 12, strict=True)
    ]
    design = fit_design(everybody, DesignRules(("age_years", "diagnosis")))
    assert design.columns == ("diagnosis: leiomyosarcoma",)
    assert design.left_out == {"age_years": reason}


def test_five_who_differ_are_enough() -> None:
    assert fit_design(ages(*[60] * 20, 1, 2, 3, 4, 5), AGE).columns == ("age_years",)


def test_of_columns_that_are_the_same_one_stays() -> None:
    patients: list[Values] = [
        {"age_years": 50.0 + n, "size_cm": 1.0 + n * n} if n < 20 else {} for n in range(26)
    ]
    design = fit_design(patients, DesignRules(("age_years", "size_cm")))
    assert design.columns == ("age_years", "age_years: missing", "size_cm")
    assert design.left_out == {"size_cm: missing": "the same as age_years: missing"}


def test_where_nothing_varies_there_is_no_design() -> None:
    with pytest.raises(InputError, match="none does"):
        fit_design(ages(*[60] * 20), AGE)


def test_what_is_known_later_is_refused_before_surgery_and_taken_after() -> None:
    with pytest.raises(UsageError, match="radiotherapy is known after surgery"):
        DesignRules(("radiotherapy",))
    assert DesignRules(("radiotherapy",), when="after surgery").variables == ("radiotherapy",)


def test_fewer_than_five_patients_make_no_level() -> None:
    with pytest.raises(InputError, match="rare: must be 5 or more; found 4"):
        DesignRules(("diagnosis",), rare=4)
    assert DesignRules(("diagnosis",), rare=5).rare == 5


def test_patients_of_the_test_change_nothing_that_was_learned() -> None:
    """A design has no state: the same columns before and after others were seen."""
    cohort = made(1)
    rules = DesignRules(("age_years", "diagnosis", "grade", "size_cm"), logs=("size_cm",), scale=True)
    design = fit_design(cohort.values[:100], rules)
    before = design.matrix(cohort.values[:100])
    design.matrix([{"age_years": 1e6, "diagnosis": "angiosarcoma"}] * 50)
    np.testing.assert_array_equal(design.matrix(cohort.values[:100]), before)
    assert fit_design(cohort.values[:100], rules) == design


def test_means_and_fractions_are_of_the_training() -> None:
    cohort = made(2)
    design = fit_design(cohort.values[:120], DesignRules(("age_years", "location")))
    number, levels = design.parts
    assert isinstance(number, NumberColumn)
    assert isinstance(levels, LevelColumns)
    assert number.centre == pytest.approx(np.mean([one["age_years"] for one in cohort.values[:120]]), abs=0.5)  # type: ignore[arg-type]
    for level, mean in zip(levels.levels, levels.means, strict=True):
        assert mean == pytest.approx(
            np.mean([one["location"] == level for one in cohort.values[:120]]), abs=0.025 + 1e-9
        )


def test_two_cohorts_that_differ_in_one_patient_tell_nothing_of_that_patient() -> None:
    """Of exact means, n times one less n - 1 times the other is the patient; here it is off by over 5."""
    cohort, apart = made(2).values[:120], 0
    rules = DesignRules(("age_years", "size_cm", "location"), logs=("size_cm",), scale=True)
    whole = fit_design(cohort, rules)
    for patient in range(20):
        others = [*cohort[:patient], *cohort[patient + 1 :]]
        both = [fit_design(one, rules).parts[0] for one in (cohort, others)]
        assert all(isinstance(one, NumberColumn) for one in both)
        ages = 120 * both[0].centre - 119 * both[1].centre  # type: ignore[union-attr]
        apart += abs(ages - float(cohort[patient]["age_years"])) > 5
    assert apart >= 15
    told = [
        number
        for part in whole.parts
        if isinstance(part, NumberColumn)
        for number in (part.fill, part.centre)
    ]
    assert all(float(f"{number:.2g}") == number for number in told)
