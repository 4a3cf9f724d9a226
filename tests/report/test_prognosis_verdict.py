"""Verdicts: chance is told as chance, just inside and just outside of its limits."""

from dataclasses import replace

import pytest

from sarcoma_core.report.measures import WithLimits
from sarcoma_core.report.prognosis_facts import EndpointFacts, ModelPerformance
from sarcoma_core.report.prognosis_verdict import at_chance, comparisons, verdict
from tests.report.test_prognosis import ENDPOINT, MODELS

PLAIN, FULL = MODELS


def judged(*found: WithLimits | None) -> EndpointFacts:
    """An endpoint with a model for each concordance."""
    models = tuple(replace(PLAIN, model=f"m{n}", harrell=one) for n, one in enumerate(found, 1))
    return replace(ENDPOINT, models=models)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u2212", "-")


@pytest.mark.parametrize(
    ("found", "chance"),
    [
        (None, True),
        (WithLimits(0.7), True),
        (WithLimits(0.7, float("nan"), 0.8), True),
        (WithLimits(0.7, 0.4, 0.8), True),
        (WithLimits(0.6, 0.5, 0.7), True),
        (WithLimits(0.6, 0.5004, 0.7), True),
        (WithLimits(0.6, 0.5006, 0.7), False),
        (WithLimits(0.3, 0.2, 0.4), True),
    ],
)
def test_a_lower_limit_that_reads_a_half_is_chance(found: WithLimits | None, *, chance: bool) -> None:
    assert at_chance(found) is chance


def test_where_all_limits_include_a_half_that_is_said() -> None:
    told = verdict(judged(WithLimits(0.6, 0.5, 0.7), WithLimits(0.45, 0.4, 0.5)))
    assert told == "No model predicts better than chance here: the limits of every C include 0.5."


@pytest.mark.parametrize("other", [None, WithLimits(0.6), WithLimits(0.45, 0.4, 0.499)])
def test_where_a_model_has_no_limits_or_is_worse_than_chance_no_more_is_said(
    other: WithLimits | None,
) -> None:
    told = verdict(judged(WithLimits(0.6, 0.5, 0.7), other))
    assert told == "No model predicts better than chance here: no C has a lower limit above 0.5."


def test_the_best_is_the_highest_of_those_that_are_better_than_chance() -> None:
    found = WithLimits(0.8, 0.5, 0.9), WithLimits(0.65, 0.55, 0.75), WithLimits(0.69, 0.65, 0.736)
    assert plain(verdict(judged(*found))) == (
        "The best of 3 models, m3, ranks patients better than chance (C 0.690, 0.650 to 0.736), and its "
        "Brier score is below that of Kaplan-Meier (0.171 against 0.190)."
    )
    assert verdict(judged(found[1])).startswith("The model, m1, ranks")


@pytest.mark.parametrize(
    ("brier", "told"),
    [
        (0.1894, "and its Brier score is below that"),
        (0.1896, "but its Brier score is not below that"),
        (0.19, "but its Brier score is not below that"),
        (0.2, "but its Brier score is not below that"),
        (None, "and its Brier score could not be estimated"),
        (float("nan"), "and its Brier score could not be estimated"),
    ],
)
def test_a_brier_score_is_below_that_of_kaplan_meier_where_it_reads_so(
    brier: float | None, told: str
) -> None:
    """That of Kaplan-Meier is 0.190."""
    assert told in verdict(replace(ENDPOINT, models=(replace(PLAIN, brier=brier),)))
    assert "could not" in verdict(replace(ENDPOINT, models=(PLAIN,), null_brier=None))


def test_without_events_or_models_there_is_no_verdict_on_models() -> None:
    assert verdict(replace(ENDPOINT, events=0)) == "No patient had the event."
    assert verdict(replace(ENDPOINT, models=())) == "No model was judged."


@pytest.mark.parametrize(
    ("lower", "upper", "told"),
    [
        (-0.012, 0.201, "adds nothing to the first model that can be told from chance"),
        (0.0, 0.2, "adds nothing"),
        (0.0004, 0.2, "adds nothing"),
        (0.0006, 0.2, "ranks patients better than the first model"),
        (-0.2, 0.0, "adds nothing"),
        (-0.2, -0.0004, "adds nothing"),
        (-0.2, -0.0006, "ranks patients worse than the first model"),
    ],
)
def test_a_difference_that_includes_nothing_is_chance(lower: float, upper: float, told: str) -> None:
    one = replace(FULL, difference=WithLimits((lower + upper) / 2, lower, upper))
    [found] = comparisons(replace(ENDPOINT, models=(PLAIN, one)))
    assert found.startswith(f"{FULL.model} {told}")


def test_a_difference_is_told_with_its_limits() -> None:
    [found] = comparisons(ENDPOINT)
    assert plain(found).endswith("(difference in C +0.093, -0.012 to +0.201, which includes 0).")


def test_models_at_chance_or_without_limits_are_not_compared() -> None:
    chance: tuple[ModelPerformance, ...] = tuple(
        replace(one, harrell=WithLimits(0.6, 0.5, 0.7)) for one in MODELS
    )
    assert comparisons(replace(ENDPOINT, models=chance)) == ()
    alone = replace(FULL, difference=WithLimits(0.1))
    assert comparisons(replace(ENDPOINT, models=(PLAIN, alone))) == ()
