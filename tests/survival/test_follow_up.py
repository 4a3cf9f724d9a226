"""Follow-up is checked once, at the door; counts at each time are those of the definition."""

import numpy as np
import pytest
from hypothesis import given

from sarcoma_core.errors import InputError
from sarcoma_core.survival.follow_up import FollowUp, life_table, steps_at
from tests.survival.cohorts import Cohort, cohorts


@pytest.mark.parametrize(
    ("time", "event", "words"),
    [
        ([], [], "one at least"),
        ([1, 2], [1], "one of each for every patient"),
        ([[1, 2]], [[0, 1]], "one of each for every patient"),
        ([1, -0.1], [1, 0], "1 of 2 are not"),
        ([1, np.nan], [1, 0], "1 of 2 are not"),
        ([np.inf, 2], [1, 0], "1 of 2 are not"),
        ([1, 2], [1, 2], "must be 0 or 1"),
        ([1, 2], [1, None], "must be 0 or 1"),
        (["a", 2], [1, 0], "time: must be a number for each patient"),
        ([[1], [2, 3]], [1, 0], "time: must be a number for each patient"),
        ([1, 2], [0.5, 1], "must be 0 or 1"),
    ],
)
def test_what_is_no_follow_up_is_refused(time: object, event: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        FollowUp.of(time, event)  # type: ignore[arg-type]


def test_a_time_of_0_is_one() -> None:
    assert len(FollowUp.of([0, 1], [True, False])) == 2


@given(cohorts())
def test_each_time_counts_who_is_there(made: Cohort) -> None:
    follow_up, _ = made
    table = life_table(follow_up)
    for place, moment in enumerate(table.times):
        assert table.at_risk[place] == sum(follow_up.time >= moment)
        assert table.events[place] == sum((follow_up.time == moment) & follow_up.event)
        assert table.censored[place] == sum((follow_up.time == moment) & ~follow_up.event)


def test_a_step_is_taken_at_its_time_and_not_before() -> None:
    times, values = np.array([1.0, 3.0]), np.array([0.5, 0.2])
    np.testing.assert_array_equal(
        steps_at(times, values, [0, 0.999, 1, 2.9, 3, 99], 1.0), [1, 1, 0.5, 0.5, 0.2, 0.2]
    )
