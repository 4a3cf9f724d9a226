"""What fits together: events and times, days and dates, sizes and volumes; each limit inside and outside."""

from pathlib import Path

import pytest

from tests.prognosis.clinical.written import check, kinds, table

OUTCOMES = "death,overall_survival_days,distant_metastasis,distant_metastasis_days"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("0,500,0,500", []),
        ("0,500,0,", []),
        ("1,500,1,200", []),
        ("1,500,1,500", []),
        ("1,500,1,505.9", []),  # rounded from months or years
        ("1,500,1,506", ["after last follow-up"]),
        ("1,500,1,507", ["after last follow-up"]),
        ("1,500,1,", ["event without time"]),
        ("1,,0,", ["event without time"]),
        ("0,,0,", ["no follow-up"]),
        ("0,0,0,", ["no follow-up"]),
        ("0,.1,0,", []),
        (",500,0,500", ["blank", "time without event", "time without event"]),
        ("0,500,,200", ["blank", "time without event", "time without event"]),
        ("0,500,1,0", ["metastasis at zero"]),
        ("0,500,1,0.5", []),
        ("0,500,0,16.43", ["days against months"]),
        ("0,500,0,16.2", ["days against months"]),
        ("0,500,0,16.1", []),
        ("0,500,0,1.369", ["days against months"]),
        ("0,500,0,1.42", []),
        ("0,14,0,.46", []),  # a ratio of so short a time is chance
        ("1,500,1,16.43", []),  # an early metastasis
        ("0,-5,0,", ["negative"]),
    ],
)
def test_events_and_times(tmp_path: Path, line: str, expected: list[str]) -> None:
    found = check(tmp_path, table(OUTCOMES, line))
    told = [kind for _, _, kind in kinds(found, "error", "warning", "note") if kind != "not in the table"]
    assert sorted(kind for kind in told if kind != "time zero") == sorted(expected)


def test_a_metastasis_at_presentation_may_be_at_time_zero(tmp_path: Path) -> None:
    found = check(tmp_path, table(f"metastasis_at_presentation,{OUTCOMES}", "yes,0,500,1,0"))
    assert kinds(found) == []
    (row,) = found.patients.rows
    assert row.followed("distant_metastasis") is None
    assert row.followed("overall_survival") is not None


@pytest.mark.parametrize(
    ("size", "volume", "told"),
    [
        (10, 523, False),  # a ball of 10 cm has 523.6 ml
        (10, 1570, False),
        (10, 1572, True),
        (10, 5.3, False),
        (10, 5.2, True),
    ],
)
def test_a_volume_fits_its_size(tmp_path: Path, size: float, volume: float, *, told: bool) -> None:
    found = check(tmp_path, table("size_cm,volume_cm3", f"{size},{volume}"))
    assert kinds(found) == ([(2, "volume_cm3", "size against volume")] if told else [])


DATES = "surgery_date,last_follow_up_date,Date of death,Date of distant mets"


def test_times_are_counted_from_dates(tmp_path: Path) -> None:
    text = table(
        f"Vital status,{DATES}",
        "dead,2014-01-01,2014-06-01,2015-01-01,2014-02-01",
        "alive,2014-01-01,2014-12-31,,",
    )
    dead, alive = check(tmp_path, text).patients.rows
    assert dead.days == {"overall_survival_days": 365.0, "distant_metastasis_days": 31.0}
    assert (dead.events["death"], dead.events["distant_metastasis"]) == (True, True)
    assert alive.days == {"overall_survival_days": 364.0}
    assert (alive.events["death"], alive.events["distant_metastasis"]) == (False, False)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("0,365,2014-01-01,2015-01-01,,", []),
        ("0,375.2,2014-01-01,2015-01-01,,", []),  # 3 days and 2 %
        ("0,375.4,2014-01-01,2015-01-01,,", ["days against dates"]),
        ("0,12,2014-01-01,2015-01-01,,", ["days against dates"]),
        ("0,365,2014-01-01,2013-12-31,,", ["before time zero"]),
        ("0,365,,2015-01-01,,", ["no time zero"]),
        ("0,365,2014-01-01,2014-13-01,,", ["no such date"]),
    ],
)
def test_days_and_dates_have_to_agree(tmp_path: Path, line: str, expected: list[str]) -> None:
    found = check(tmp_path, table(f"death,overall_survival_days,{DATES}", line))
    assert [kind for _, _, kind in kinds(found)] == expected


@pytest.mark.parametrize(("longest", "n", "told"), [(150, 8, True), (151, 8, False), (150, 7, False)])
def test_a_study_in_which_nobody_is_followed_for_long_may_be_in_months(
    tmp_path: Path, longest: int, n: int, *, told: bool
) -> None:
    lines = [f"0,{longest - number}" for number in range(n)]
    found = check(tmp_path, table("death,overall_survival_days", *lines))
    assert [kind for _, _, kind in kinds(found)] == (["days against months"] if told else [])


def test_two_patients_with_all_values_alike_are_told(tmp_path: Path) -> None:
    text = table(f"age_years,size_cm,{OUTCOMES}", "59,7,0,500,0,500", "59,7,0,500,0,500", "59,8,0,500,0,500")
    assert kinds(check(tmp_path, text)) == [(3, "", "same values")]


def test_few_values_alike_are_chance(tmp_path: Path) -> None:
    assert (
        kinds(check(tmp_path, table("age_years,death,overall_survival_days", "59,0,500", "59,0,500"))) == []
    )


FIRST = "Status,Last follow-up (days),Outcome,Time to outcome (days)"


@pytest.mark.parametrize(
    ("line", "metastasis", "recurrence"),
    [
        ("D,845,Mets \N{EN DASH} arms,266", (266.0, True), (266.0, False)),
        ("AWD,377,Recurrence \N{EN DASH} regional,66", (66.0, False), (66.0, True)),
        ("NED,501,--,--", (501.0, False), (501.0, False)),
        ("NED,501,,", (501.0, False), (501.0, False)),
    ],
)
def test_a_column_of_the_first_event_censors_the_other_there(
    tmp_path: Path, line: str, metastasis: tuple[float, bool], recurrence: tuple[float, bool]
) -> None:
    found = check(tmp_path, table(FIRST, line))
    assert kinds(found, "error") == []
    (row,) = found.patients.rows
    for name, expected in (("distant_metastasis", metastasis), ("local_recurrence", recurrence)):
        followed = row.followed(name)
        assert followed is not None
        assert (followed.days, followed.event) == expected


@pytest.mark.parametrize("outcome", ["Mets and recurrence", "second tumour"])
def test_a_first_event_that_names_none_or_both_is_refused(tmp_path: Path, outcome: str) -> None:
    found = check(tmp_path, table(FIRST, f"NED,501,{outcome},30"))
    assert kinds(found, "error") == [(2, "Outcome", "unknown word")]
