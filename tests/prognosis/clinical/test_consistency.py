"""What fits together: events and times, days and dates, sizes and volumes; each limit inside and outside."""

from pathlib import Path

import pytest

from tests.prognosis.clinical.written import check, kinds, of_kind, table

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
        ("0,500,1,0.5", ["early metastasis"]),
        ("0,500,0,16.43", ["days against months"]),
        ("0,500,0,16.2", ["days against months"]),
        ("0,500,0,16.1", []),
        ("0,500,0,1.369", ["days against months"]),
        ("0,500,0,1.42", []),
        ("0,14,0,.46", []),  # a ratio of so short a time is chance
        ("1,500,1,16.43", ["early metastasis"]),  # and no month for a day
        ("0,-5,0,", ["negative"]),
    ],
)
def test_events_and_times(tmp_path: Path, line: str, expected: list[str]) -> None:
    found = check(tmp_path, table(OUTCOMES, line))
    told = [kind for _, _, kind in kinds(found, "error", "warning", "note") if kind != "not in the table"]
    assert sorted(kind for kind in told if kind != "time zero") == sorted(expected)


@pytest.mark.parametrize(
    ("days", "presented", "told"),
    [("0.5", "", True), ("30", "", True), ("31", "", False), ("0.5", "no", False), ("30", "yes", False)],
)
def test_an_early_metastasis_may_have_been_there_before(
    tmp_path: Path, days: str, presented: str, *, told: bool
) -> None:
    found = check(tmp_path, table(f"metastasis_at_presentation,{OUTCOMES}", f"{presented},1,500,1,{days}"))
    assert bool(of_kind(found, "early metastasis")) is told


def test_that_nobody_is_said_to_present_with_a_metastasis_is_told(tmp_path: Path) -> None:
    assert of_kind(check(tmp_path, table(OUTCOMES, "1,500,1,200")), "counts as none")
    with_it = table(f"metastasis_at_presentation,{OUTCOMES}", "M0,1,500,1,200", "cM1,1,500,1,200")
    found = check(tmp_path, with_it)
    assert not of_kind(found, "counts as none")
    told = [row.values["metastasis_at_presentation"] for row in found.patients.rows]
    assert told == ["no", "yes"]


def test_a_table_without_endpoints_is_told_loudly_with_the_columns_that_may_be_meant(tmp_path: Path) -> None:
    found = check(tmp_path, table("State,FU interval", "dead,500", "alive,700"))
    assert [one.severity for one in of_kind(found, "no endpoint")] == ["warning"]
    unread = {one.column: one for one in of_kind(found, "column not read")}
    assert unread["FU interval"].severity == "warning"
    assert "--column overall_survival_days='FU interval'" in unread["FU interval"].message


def test_what_is_nothing_of_ours_is_a_note(tmp_path: Path) -> None:
    found = check(tmp_path, table("Referring ward,status", "7,dead"))
    assert [one.severity for one in of_kind(found, "column not read")] == ["note"]


@pytest.mark.parametrize(("whole", "told"), [(8, True), (7, True), (6, False)])
def test_a_part_of_a_millimetre_among_whole_ones_may_be_a_centimetre(
    tmp_path: Path, whole: int, *, told: bool
) -> None:
    """One of 9 or of 8, and one of 7, which are too few to tell."""
    lines = [*(f"{60 + n}" for n in range(whole)), "11.4"]
    found = check(tmp_path, table("Tumour size [mm]", *lines))
    assert [one.line for one in of_kind(found, "size against unit")] == ([whole + 2] if told else [])


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


@pytest.mark.parametrize(
    ("headings", "line", "event", "expected"),
    [
        ("Date of death", ",", None, []),
        ("Date of death", "unknown,", None, ["placeholder"]),
        ("Date of death,status", "2019-01-01,alive", "death", ["event against date"]),
        ("Date of death,status", ",dead", "death", ["no date of death"]),
        ("Date of distant mets,dm", "2015-01-01,0", "distant_metastasis", ["event against date"]),
        ("Date of distant mets,dm", "2015-01-01,1", "distant_metastasis", []),
    ],
)
def test_events_and_their_dates_have_to_agree(
    tmp_path: Path, headings: str, line: str, event: str | None, expected: list[str]
) -> None:
    line = line if event else line.rstrip(",")
    found = check(
        tmp_path, table(f"Date of surgery,Last contact,{headings}", f"2014-01-01,2018-01-01,{line}")
    )
    told = [kind for _, _, kind in kinds(found) if kind != "early metastasis"]
    assert told == expected
    if event is None:
        (row,) = found.patients.rows
        assert row.events.get("death") == (None if expected else False), "an unknown date is no answer"


def test_nobody_is_seen_after_death(tmp_path: Path) -> None:
    text = table("Date of surgery,Last contact,Date of death", "2014-01-01,2018-01-01,2016-01-01")
    assert [kind for _, _, kind in kinds(check(tmp_path, text), "error")] == ["after death"]


def test_a_point_among_decimal_commas_may_be_of_thousands(tmp_path: Path) -> None:
    text = "subject;Volume (ml);sex;grade\nP1;1.234;F;2\nP2;570,8;F;2\nP3;58,3;F;2\nP4;58.3;F;2\n"
    assert kinds(check(tmp_path, text), "error") == [(2, "Volume (ml)", "ambiguous number")]
    alone = text.replace("570,8", "570.8").replace("58,3", "58.3")
    assert kinds(check(tmp_path, alone), "error") == []


@pytest.mark.parametrize(("others", "told"), [(2, True), (1, False)])
def test_three_decimals_among_whole_days_are_told(tmp_path: Path, others: int, *, told: bool) -> None:
    lines = ["0,1.500", *(f"0,{700 + n}" for n in range(others)), *["0,800"] * (3 if told else 0)]
    found = check(tmp_path, table("death,overall_survival_days", *lines))
    assert bool(of_kind(found, "three decimals")) is told


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
