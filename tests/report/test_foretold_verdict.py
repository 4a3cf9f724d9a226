"""The first sentences: a chance, its spread, a group; bounds that are never told longer than they are."""

from dataclasses import replace

import pytest

from sarcoma_core.archive.predicted import SurvivalBound
from sarcoma_core.report.foretold_verdict import (
    HEADLINE_YEARS,
    bounds_told,
    chances,
    finding,
    grade_finding,
    headline,
    in_order,
    of_patients,
    spread,
    unit_of,
)
from sarcoma_core.report.step_lines import DAYS
from tests.report.foretold_made import PREDICTED, YEAR, baseline, foretold_endpoint

MONTH = DAYS["months"]


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_the_first_sentence_tells_chance_spread_and_group() -> None:
    one = foretold_endpoint()
    two = one.years[1]
    at_two = replace(two, incidence=0.31, least=0.22, most=0.44)
    told = finding(replace(one, years=(one.years[0], at_two, *one.years[2:])), None, "surgery")
    assert plain(told.chance) == "Death within 2 years of surgery: 31 % (spread between 3 models 22 to 44 %)"
    assert told.group == "high-risk group"


def test_the_clinical_baseline_stands_beside_it_where_it_tells_of_the_same_horizon() -> None:
    one = foretold_endpoint("local_recurrence", dying=0.25)
    told = plain(finding(one, replace(baseline(), years={"2": 0.39}), "surgery").chance)
    assert "35 to 52 %; clinical baseline 39 %; death before it 10 %)" in told
    for silent in (None, replace(baseline(), years={"3": 0.39}), replace(baseline(), absent="so")):
        assert "baseline" not in finding(one, silent, "surgery").chance


def test_death_before_it_is_told_where_it_competes() -> None:
    one = foretold_endpoint("local_recurrence", dying=0.25)
    assert "; death before it 10 %)" in plain(finding(one, None, "diagnosis").chance)
    assert "death before" not in finding(foretold_endpoint(), None, "surgery").chance


@pytest.mark.parametrize(
    ("years", "told"), [((1, 2, 3, 5), "2 years"), ((1,), "1 year"), ((3, 5), "3 years"), ((1, 3), "1 year")]
)
def test_it_tells_of_two_years_or_of_the_nearest_before(years: tuple[int, ...], told: str) -> None:
    one = foretold_endpoint()
    kept = tuple(year for year in reversed(one.years) if year.years in years)
    assert plain(headline(replace(one, years=kept)).by) == told
    assert HEADLINE_YEARS == 2


def test_a_model_of_less_than_a_year_tells_of_its_end() -> None:
    one = foretold_endpoint()
    short = replace(
        one, years=(), days=one.days[:4], curve=one.curve[:4], each=tuple(each[:4] for each in one.each)
    )
    (told,) = chances(short)
    assert (plain(told.by), unit_of(short)) == ("9 months", "months")
    assert told.incidence == one.curve[3]
    assert (told.least, told.most) == (min(e[3] for e in one.each), max(e[3] for e in one.each))


@pytest.mark.parametrize(("factor", "unit"), [(0.9, "months"), (1.0, "years"), (1.1, "years")])
def test_times_are_told_in_years_from_a_year_on(factor: float, unit: str) -> None:
    assert unit_of(replace(foretold_endpoint(), days=(0.0, factor * YEAR))) == unit


def test_one_network_has_no_spread() -> None:
    one = foretold_endpoint(ends=(0.4,))
    assert "one model, so no spread" in finding(one, None, "surgery").chance
    assert plain(spread(headline(one), 2)).startswith("spread between 2 models")


def test_survival_comes_first_and_the_others_stay_as_they_are() -> None:
    names = ("local_recurrence", "overall_survival", "distant_metastasis")
    ordered = in_order([foretold_endpoint(name) for name in names])
    assert [one.endpoint for one in ordered] == [
        "overall_survival",
        "local_recurrence",
        "distant_metastasis",
    ]


@pytest.mark.parametrize(
    ("coverage", "words"),
    [
        (0.8, "4 of 5 patients"),
        (0.95, "19 of 20 patients"),
        (0.9, "9 of 10 patients"),
        (0.85, "17 of 20 patients"),
        (0.93, "93 % of patients"),
        (2 / 3, "2 of 3 patients"),
        (21 / 22, "95 % of patients"),
    ],
)
def test_a_coverage_is_told_as_so_many_of_so_many(coverage: float, words: str) -> None:
    assert plain(of_patients(coverage)) == words


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (14 * MONTH, "14 months"),
        (13.99 * MONTH, "13 months"),
        (14.99 * MONTH, "14 months"),
        (1.1 * MONTH, "1 month"),
        (0.9 * MONTH, "less than a month"),
        (0.0, "less than a month"),
    ],
)
def test_a_bound_is_rounded_down_and_never_up(days: float, words: str) -> None:
    told = bounds_told(replace(PREDICTED, bounds=(SurvivalBound(0.8, days),)), "surgery")
    assert (
        plain(told) == f"Lower bound of survival time from surgery: {words} (4 of 5 patients outlive theirs)."
    )


def test_the_weaker_claim_is_told_first_and_none_where_there_is_none() -> None:
    told = plain(bounds_told(PREDICTED, "diagnosis"))
    assert told.index("4 of 5") < told.index("19 of 20")
    assert "from diagnosis" in told
    assert bounds_told(replace(PREDICTED, bounds=()), "surgery") == ""


def test_the_likeliest_grade_is_told() -> None:
    (told,) = grade_finding(replace(PREDICTED, graded={"grade G1": 0.3, "grade G2": 0.5, "grade G3": 0.2}))
    assert (plain(told.chance), told.group) == ("Likeliest grade of the tumour: grade G2 (50 %)", "")
    assert grade_finding(PREDICTED) == ()
