"""Survival curves of the leukaemia trial of Freireich et al. (Blood 1963), and incidence worked out by hand.

The trial counts weeks; here a week is called a month, so that the numbers are those that are published.
"""

import numpy as np
import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.report.curves import (
    CompetingEvents,
    CurveGroup,
    SurvivalGroups,
    curve_told,
    incidence_plot,
    survival_plot,
)
from sarcoma_core.report.step_lines import DAYS, Timeline
from sarcoma_core.survival.follow_up import FollowUp
from sarcoma_core.survival.kaplan_meier import kaplan_meier

MONTH = DAYS["months"]
TIME = Timeline("randomisation", "months", 10 * MONTH)


def months(times: list[float], events: list[int]) -> FollowUp:
    return FollowUp.of([MONTH * one for one in times], events)


MERCAPTOPURINE = months(
    [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35], 9 * [1] + 12 * [0]
)
PLACEBO = months([1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23], 21 * [1])
TRIAL = SurvivalGroups((CurveGroup("6-MP", MERCAPTOPURINE), CurveGroup("Placebo", PLACEBO)), "By treatment")


def test_a_curve_is_told_with_the_median_and_the_survival_that_are_published() -> None:
    """R's survfit with log-log limits: median 23 (13 to none); at 10 weeks 0.753 (0.503 to 0.889)."""
    told = curve_told(kaplan_meier(MERCAPTOPURINE), "in remission", TIME)
    assert told == (
        "21 patients, 9 events, median 23.0 (13.0 to not reached) months, "
        "in remission at 10 months 75.3\u00a0% (50.3 to 88.9)"
    )
    assert "21 patients, 21 events, median 8.0 (4.0 to 11.0) months" in curve_told(
        kaplan_meier(PLACEBO), "in remission", TIME
    )


def test_a_median_beyond_all_follow_up_is_not_reached() -> None:
    told = curve_told(kaplan_meier(months([5, 20, 20], [1, 0, 0])), "alive", TIME)
    assert "median not reached (" in told


@pytest.mark.parametrize(("last", "there"), [(10.0, True), (9.9, False)])
def test_survival_at_the_horizon_is_told_where_somebody_was_followed_so_far(
    last: float, *, there: bool
) -> None:
    told = curve_told(kaplan_meier(months([5, last], [1, 0])), "alive", TIME)
    assert ("alive at 10 months" in told) is there


def test_the_plot_tells_the_log_rank_test_that_is_published() -> None:
    """Chi-square 16.8 with one degree of freedom, p 0.00004."""
    assert (test := TRIAL.compared())
    assert test.statistic == pytest.approx(16.79, abs=0.005)
    plot = survival_plot(TRIAL, "Remission", "in remission", TIME)
    assert plot.told == "42 patients, 30 events; log-rank p < 0.001"
    assert plot.alt.startswith(f"Kaplan-Meier curves, Remission: {plot.told}. 6-MP: 21 patients, 9 events")
    assert (plot.upwards_label, plot.across_label) == ("In remission, %", "Months from randomisation")


def test_numbers_at_risk_are_those_followed_up_to_each_tick() -> None:
    """Published for 6-MP: 21 at 6 weeks, 15 at 10, 12 at 13, 11 at 16."""
    plot = survival_plot(TRIAL, "Remission", "in remission", TIME)
    assert [tick.text for tick in plot.across] == ["0", "6", "12", "18", "24", "30"]
    drug, placebo = plot.at_risk
    assert drug.counts == ("21", "21", "12", "9", "5", "4")
    assert placebo.counts == ("21", "12", "6", "2", "0", "0")
    assert [row.kind for row in plot.at_risk] == [line.kind for line in plot.lines] == [1, 2]


def test_one_group_is_compared_with_nobody() -> None:
    plot = survival_plot(SurvivalGroups((CurveGroup("All", PLACEBO),)), "Remission", "in remission", TIME)
    assert plot.told == "21 patients, 21 events"


def test_without_events_nothing_is_compared() -> None:
    nobody = months([1, 2], [0, 0])
    assert SurvivalGroups((CurveGroup("a", nobody), CurveGroup("b", nobody))).compared() is None


def test_median_follow_up_takes_the_end_of_looking_for_the_event() -> None:
    """Of 6, 8 and 10 months, with an event at 8: two thirds are left after 6, none after 10."""
    shown = SurvivalGroups((CurveGroup("All", months([6, 8, 10], [0, 1, 0])),))
    assert shown.median_follow_up() == pytest.approx(10 * MONTH)


def test_median_follow_up_beside_a_competing_event_counts_the_last_look_alone() -> None:
    """Last looks at 4 and 9 months, a death at 2 and the event at 6: 2/3 are left after 4, none after 9.

    With the death as an end of looking it were a half after 4 months.
    """
    time, kind = MONTH * np.array([2.0, 4.0, 6.0, 9.0]), np.array([2, 0, 1, 0])
    assert CompetingEvents(time, kind, ("event", "death")).median_follow_up() == pytest.approx(9 * MONTH)
    shown = SurvivalGroups((CurveGroup("All", FollowUp(time, kind == 1)),))
    assert shown.median_follow_up() == pytest.approx(4 * MONTH)


@pytest.mark.parametrize(("number", "bands"), [(3, 3), (4, 0)])
def test_limits_of_many_groups_are_left_out_and_that_is_told(number: int, bands: int) -> None:
    shown = SurvivalGroups(tuple(CurveGroup(str(n), MERCAPTOPURINE) for n in range(number)))
    plot = survival_plot(shown, "Remission", "in remission", TIME)
    assert sum(bool(line.band) for line in plot.lines) == bands
    assert ("limits are not drawn" in plot.told) is (bands == 0)


@pytest.mark.parametrize("number", [0, 6])
def test_as_many_groups_as_lines_can_be_told_apart(number: int) -> None:
    with pytest.raises(InputError, match="groups: must be 1 to 5"):
        SurvivalGroups(number * (CurveGroup("a", PLACEBO),))


def test_cumulative_incidence_is_that_of_aalen_and_johansen() -> None:
    """Kinds 1, 2, none, 1 at 1 to 4 months: 1/4 and 3/4 * 1/3 by 2 months, then 1/2 more of the first."""
    shown = CompetingEvents(MONTH * np.arange(1.0, 5.0), np.array([1, 2, 0, 1]), ("metastasis", "death"))
    early, late = (
        incidence_plot(shown, "DM", Timeline("surgery", "months", horizon * MONTH)) for horizon in (2, 9)
    )
    assert [line.told for line in early.lines] == [
        "2 events, 25.0\u00a0% by 2 months",
        "1 event, 25.0\u00a0% by 2 months",
    ]
    assert late.lines[0].told == "2 events, 75.0\u00a0% by 4 months"
    assert early.told == "4 patients, 3 events of all kinds"
    assert [tick.text for tick in early.across][:3] == ["0", "0.5", "1"]
    assert early.at_risk[0].counts == ("4", "4", "4", "3", "3", "2", "2", "1", "1")


def test_a_kind_that_never_happened_has_no_line() -> None:
    shown = CompetingEvents(np.array([30.0, 60.0]), np.array([2, 0]), ("metastasis", "death"))
    [line] = incidence_plot(shown, "DM", TIME).lines
    assert (line.kind, line.name) == (2, "death")


@pytest.mark.parametrize("names", [(), ("metastasis",), tuple("abcdef")])
def test_every_kind_has_a_name_and_there_are_not_too_many(names: tuple[str, ...]) -> None:
    with pytest.raises(InputError):
        CompetingEvents(np.array([1.0, 2.0]), np.array([1, 2]), names)
