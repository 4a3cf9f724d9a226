"""Sentences of a comparison: by rule from its numbers, each threshold just inside and just outside."""

from dataclasses import replace

import pytest

from sarcoma_core.report.measures import WithLimits
from sarcoma_core.report.model_comparison_facts import ComparedLine, EndpointComparison
from sarcoma_core.report.model_comparison_verdict import (
    compared_sentences,
    compared_verdict,
    flat_sentences,
)
from tests.report.compared import LAST, LIKE, OVERALL, WORSE

MINUS = "\u2212"


def of(*lines: ComparedLine) -> EndpointComparison:
    return replace(OVERALL, lines=lines)


@pytest.mark.parametrize(
    ("lower", "words"),
    [
        (0.5006, "ranks patients better than chance"),
        (0.5004, "cannot be told from chance"),
        (0.45, "cannot be told from chance"),
    ],
)
def test_networks_are_better_than_chance_where_their_lower_limit_is_above_a_half(
    lower: float, words: str
) -> None:
    told = compared_verdict(of(replace(LAST, harrell=WithLimits(0.6, lower, 0.7))))
    assert told == f"{LAST.model} {words} (C 0.600 ({lower:.3f} to 0.700)); 150 patients, 61 events."


def test_networks_that_were_not_run_or_not_estimated_are_told_so() -> None:
    absent = ComparedLine(model="Networks", absent="they have no joint head.")
    assert compared_verdict(of(LIKE, absent)) == (
        "Networks was not run (they have no joint head), so nothing is compared with it; "
        "150 patients, 61 events."
    )
    assert compared_verdict(of(replace(LAST, harrell=None))).startswith("C of Multimodal network")


@pytest.mark.parametrize(
    ("adjusted", "words"),
    [
        (0.0499, "It ranks patients better than"),
        (0.05, "It cannot be told apart from"),
        (0.0501, "It cannot be told apart from"),
    ],
)
def test_a_row_is_told_apart_where_p_after_holm_is_below_a_twentieth(adjusted: float, words: str) -> None:
    [told] = compared_sentences(of(replace(WORSE, adjusted=adjusted), LAST))
    assert told.startswith(f"{words} Radiomics, elastic-net Cox (")


def test_the_direction_is_that_of_the_difference() -> None:
    better = replace(WORSE, model="A rival", difference=WithLimits(0.1, 0.02, 0.18))
    told = compared_sentences(of(WORSE, better, LIKE, LAST))
    better_than, worse_than, like = told
    numbers = f"C\u00a0{MINUS}0.160 against it, {MINUS}0.250 to {MINUS}0.070"
    assert better_than == f"It ranks patients better than Radiomics, elastic-net Cox ({numbers})."
    assert worse_than == "It ranks patients worse than A rival (C\u00a0+0.100 against it, +0.020 to +0.180)."
    assert like == (
        "It cannot be told apart from Sarculator's variables, refitted (Cox) (p after Holm 0.05 or above, "
        "or none)."
    )


def test_rows_without_a_difference_are_not_spoken_of() -> None:
    assert compared_sentences(of(LAST)) == ()
    untested = replace(LIKE, p=None, adjusted=None)
    [told] = compared_sentences(of(untested, LAST))
    assert told.startswith("It cannot be told apart")


def test_only_rows_that_tell_the_same_of_everybody_are_a_caution() -> None:
    assert flat_sentences(of(LIKE, LAST), 5) == ()
    [told] = flat_sentences(of(replace(LIKE, flat=1), LAST), 5)
    assert told == (
        "Sarculator's variables, refitted (Cox): in 1 of 5 folds it tells the same of everybody, which is "
        "a C of 0.5 there."
    )
