"""What images say against a row: sex, age and volume, each just inside and just outside of its tolerance."""

import pytest

from sarcoma_core.prognosis.witness import ImageFacts, age_of_text, check_against_images, sex_of_text
from tests.prognosis.made_sessions import row

SEX = "sex of the row is another than that of the images: rows swapped?"
AGE = "age of the row is another than that of the images: rows swapped?"
VOLUME = "tumour volume of the row is another than that of the images: rows swapped?"


@pytest.mark.parametrize(
    ("told", "seen", "reason"),
    [("F", "F", ""), ("M", "M", ""), ("F", "M", SEX), ("M", "F", SEX), ("M", "", ""), ("", "F", "")],
)
def test_another_sex_contradicts_and_none_says_nothing(told: str, seen: str, reason: str) -> None:
    values = {"sex": told} if told else {}
    report = check_against_images(row(**values), ImageFacts(sex=seen))  # type: ignore[arg-type]
    assert report.reason == reason
    assert report.agreeing == (("sex",) if told == seen else ())


@pytest.mark.parametrize(
    ("told", "seen", "reason"),
    [
        (60.0, 62.0, ""),
        (60.0, 62.1, AGE),
        (60.0, 58.0, ""),
        (60.0, 57.9, AGE),
        (95.0, 90.0, ""),  # 90 may mean older
        (91.0, 88.0, ""),  # as may 91: both are as 90
        (95.0, 87.9, AGE),
    ],
)
def test_ages_may_differ_by_two_years(told: float, seen: float, reason: str) -> None:
    assert check_against_images(row(age_years=told), ImageFacts(age_years=seen)).reason == reason


def test_the_age_of_the_images_is_counted_on_to_the_day_of_surgery() -> None:
    seen = ImageFacts(age_years=57.6)
    assert check_against_images(row(age_years=60.0), seen).reason == AGE
    assert check_against_images(row(age_years=60.0), seen, days_before=150).reason == ""  # 57.6 + 0.41
    assert check_against_images(row(age_years=60.0), seen, days_before=140).reason == AGE  # 57.6 + 0.38


@pytest.mark.parametrize(
    ("told", "seen", "reason"),
    [
        (300.0, (100.0,), ""),
        (301.0, (100.0,), VOLUME),
        (100.0, (300.0,), ""),
        (100.0, (301.0,), VOLUME),
        (100.0, (10.0, 90.0), ""),  # one of the two is near
        (100.0, (0.0,), ""),  # an empty mask says nothing
        (100.0, (), ""),
    ],
)
def test_volumes_may_differ_by_a_factor_of_three(told: float, seen: tuple[float, ...], reason: str) -> None:
    assert check_against_images(row(volume_cm3=told), ImageFacts(volumes_ml=seen)).reason == reason


def test_all_that_contradicts_and_all_that_agrees_is_told_without_a_value() -> None:
    told = row(sex="F", age_years=41.0, volume_cm3=77.0)
    against = check_against_images(told, ImageFacts("M", 68.0, (770.0,)))
    assert against.reason == (
        "sex, age and tumour volume of the row are others than those of the images: rows swapped?"
    )
    assert check_against_images(told, ImageFacts("F", 41.5, (80.0,))).note == (
        "sex, age and tumour volume agree with the images"
    )
    assert check_against_images(told, ImageFacts("F")).note == "sex agrees with the images"
    assert check_against_images(told, ImageFacts()).note == "nothing in the images to check it by"


@pytest.mark.parametrize(
    ("text", "years"),
    [("061Y", 61.0), ("018M", 1.5), ("061y", 61.0), ("000D", 0.0), ("7Y", 7.0)],
)
def test_an_age_is_read_as_the_standard_writes_it(text: str, years: float) -> None:
    assert age_of_text(text) == years


@pytest.mark.parametrize("text", ["", "Y", "061", "61 years", "0061Y", "-61Y", "\u0661Y", "6.1Y", "061X"])
def test_what_is_no_age_says_nothing(text: str) -> None:
    assert age_of_text(text) is None


def test_weeks_and_days_are_years() -> None:
    assert age_of_text("052W") == pytest.approx(52 * 7 / 365.25)
    assert age_of_text("365D") == pytest.approx(365 / 365.25)


@pytest.mark.parametrize(
    ("text", "sex"),
    [("F", "F"), ("M ", "M"), ("female", "F"), ("Male", "M"), ("O", ""), ("", ""), ("other", "")],
)
def test_a_sex_is_read_as_headers_and_servers_write_it(text: str, sex: str) -> None:
    assert sex_of_text(text) == sex
