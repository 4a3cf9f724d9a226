"""What came of a training in sentences: no better is said than the limits allow."""

from dataclasses import replace

import pytest

from sarcoma_core.report.network_study_verdict import again_told, heads_verdict, seeds_told, study_cautions
from tests.report.networks import BASELINE, EPOCHS, FACTS, FIRST, OS, SECOND, measures, network


@pytest.mark.parametrize(
    ("lower", "upper", "said"),
    [
        (-0.05, -0.001, "the networks do better"),
        (-0.05, 0.001, "which is better is not shown"),
        (-0.001, 0.05, "which is better is not shown"),
        (0.001, 0.05, "the baseline does better"),
    ],
)
def test_one_is_better_only_where_the_limits_of_the_difference_leave_out_0(
    lower: float, upper: float, said: str
) -> None:
    """The difference is the baseline's C less that of the networks."""
    apart = (lower + upper) / 2
    models = {**OS.models, BASELINE: measures(0.7, (apart, lower, upper))}
    told = heads_verdict(replace(OS, models=models))
    assert told.startswith("joint head, Harrell's C 0.712 (0.652 to 0.772) out of fold; clinical baseline")
    assert told.endswith(f": {said}.")


def test_without_limits_without_a_baseline_or_without_events_less_is_said() -> None:
    unsure = {**OS.models, BASELINE: measures(0.7)}
    assert heads_verdict(replace(OS, models=unsure)).endswith("which is better cannot be said.")
    alone = {"joint": OS.models["joint"]}
    assert "no clinical baseline to compare with" in heads_verdict(replace(OS, models=alone))
    assert heads_verdict(replace(OS, models={}, events=1)).endswith("cannot be said (1 event).")


def test_the_spread_over_seeds_is_that_of_the_farthest_two() -> None:
    assert seeds_told(OS).endswith("0.701, 0.715 and 0.708; 0.014 apart. None was picked.")
    assert "is not known" in seeds_told(replace(OS, seeds=(0.7,)))
    assert "is not known" in seeds_told(replace(OS, seeds=()))


@pytest.mark.parametrize(("best", "said"), [(EPOCHS - 1, False), (EPOCHS, True)])
def test_where_the_last_epoch_was_the_best_more_may_help(best: int, *, said: bool) -> None:
    facts = replace(FACTS, networks=(network(1, best=best), network(2)))
    told = [one for one in study_cautions(facts) if "more epochs" in one]
    assert told == ["Of 1 of 2 networks the last epoch was the best: more epochs may do better."] * said


def test_a_missing_baseline_and_a_grade_that_nobody_judged_are_told() -> None:
    facts = replace(FACTS, endpoints=(replace(OS, absent="Too few events."),), networks=())
    assert study_cautions(facts) == (
        "Overall survival: there is no clinical baseline. Too few events.",
        "The grade is foretold as well; how well is not judged here.",
    )
    assert study_cautions(replace(facts, endpoints=(OS,), graded=False)) == ()


def test_only_a_second_opening_of_the_same_patients_is_a_reason() -> None:
    assert again_told(()) == again_told((FIRST,)) == ""
    assert again_told((FIRST, replace(SECOND, test_sha256="9" * 64))) == ""
    assert again_told((FIRST, SECOND)).startswith("1 opening of the test set came after another: the same")
    assert again_told((FIRST, SECOND, FIRST)).startswith("2 openings of the test set")
