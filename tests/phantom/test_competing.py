"""Stories are told in one order, and their cumulative incidence is the integral of their hazards."""

from pathlib import Path

import numpy as np
import pytest

from sarcoma_core.errors import UsageError
from sarcoma_core.phantom.competing import (
    CENSORED,
    COURSE,
    DIED,
    METASTASIS,
    METASTASISED,
    METASTATIC_AT_PRESENTATION,
    RECURRENCE,
    draw_stories,
    true_incidence,
)
from sarcoma_core.phantom.outcomes import DEATH, LATENTS, WeibullHazard, draw_latents, draw_outcomes
from sarcoma_core.phantom.patient import Latents
from sarcoma_core.survival.aalen_johansen import aalen_johansen
from sarcoma_core.survival.cox import fit_cox
from sarcoma_core.survival.follow_up import FollowUp
from sarcoma_core.survival.kaplan_meier import kaplan_meier

SEEDS = range(8000)
STORIES = draw_stories(SEEDS)
DAYS = [365.25 * years for years in (1, 2, 3, 5, 8, 12)]
BATCHES = 20


def in_batches(values: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Mean over batches of patients, and its standard error."""
    assert len(values) == BATCHES
    return np.mean(values, axis=0), np.std(values, axis=0, ddof=1) / np.sqrt(BATCHES)


def batches(chosen: np.ndarray) -> list[np.ndarray]:
    return np.array_split(np.flatnonzero(chosen), BATCHES)


def test_deaths_are_those_of_overall_survival() -> None:
    died = draw_outcomes(SEEDS[:500])
    assert STORIES.death.time[:500].tolist() == died.time.tolist()
    assert STORIES.death.event[:500].tolist() == died.event.tolist()


def test_a_story_is_that_of_its_seed_alone() -> None:
    alone = draw_stories([77])
    for one, all_ in (
        (alone.death, STORIES.death),
        (alone.metastasis, STORIES.metastasis),
        (alone.recurrence, STORIES.recurrence),
    ):
        assert (one.time[0], one.event[0]) == (all_.time[77], all_.event[77])
    assert alone.at_presentation[0] == STORIES.at_presentation[77]


def test_nothing_happens_after_death_or_the_end_of_follow_up() -> None:
    for drawn in (STORIES.metastasis, STORIES.recurrence):
        assert (drawn.time <= STORIES.death.time).all()
        assert (drawn.time[~drawn.event] == STORIES.death.time[~drawn.event]).all()
        assert (drawn.time[drawn.event] < STORIES.death.time[drawn.event]).all()
        assert 0.05 < drawn.event.mean() < 0.5


def test_a_metastasis_at_presentation_is_an_event_at_0_days_and_there_are_a_few() -> None:
    came = STORIES.at_presentation
    assert STORIES.metastasis.event[came].all()
    assert ((STORIES.metastasis.time == 0) == came).all()
    error = np.sqrt(0.05 * 0.95 / len(SEEDS))
    assert METASTATIC_AT_PRESENTATION == 0.05
    assert abs(came.mean() - 0.05) < 3 * error


def test_who_comes_with_a_metastasis_is_like_the_others() -> None:
    latents, came = draw_latents(SEEDS), STORIES.at_presentation
    apart = latents[came].mean(axis=0) - latents[~came].mean(axis=0)
    assert np.abs(apart).max() < 3 * np.sqrt(1 / came.sum() + 1 / (~came).sum())
    assert abs(STORIES.death.event[came].mean() - STORIES.death.event.mean()) < 3 * 0.5 / np.sqrt(came.sum())


def test_what_came_first_is_told_with_its_time() -> None:
    time, kind = STORIES.metastasis_or_death()
    assert set(kind.tolist()) == {CENSORED, METASTASISED, DIED} == {0, 1, 2}
    assert (time[kind == METASTASISED] == STORIES.metastasis.time[STORIES.metastasis.event]).all()
    without = STORIES.death.event & ~STORIES.metastasis.event
    assert ((kind == DIED) == without).all()
    assert (time[kind != METASTASISED] == STORIES.death.time[kind != METASTASISED]).all()


@pytest.mark.parametrize(
    ("hazard", "betas"),
    [(METASTASIS, (0.6, 0.4, 0.7, 0.2, 0.6, 0.0)), (RECURRENCE, (0.2, 0.1, 0.2, 0.5, 0.4, 0.2))],
    ids=["metastasis", "recurrence"],
)
def test_coxs_model_finds_the_betas_of_each_cause(hazard: WeibullHazard, betas: tuple[float, ...]) -> None:
    drawn = STORIES.metastasis if hazard is METASTASIS else STORIES.recurrence
    chosen = ~STORIES.at_presentation
    model = fit_cox(draw_latents(SEEDS)[chosen], FollowUp(drawn.time, drawn.event).chosen(chosen))
    assert tuple(hazard.betas) == betas
    assert np.abs((model.coefficients - betas) / model.standard_errors).max() < 3


def test_aalen_johansen_finds_the_incidence_of_metastasis_and_of_death_without_it() -> None:
    time, kind = STORIES.metastasis_or_death()
    estimates = []
    for rows in batches(~STORIES.at_presentation):
        found = aalen_johansen(time[rows], kind[rows])
        estimates.append(np.array([found.at(METASTASISED, DAYS), found.at(DIED, DAYS)]))
    mean, error = in_batches(estimates)
    assert np.abs((mean - true_incidence([METASTASIS, DEATH], DAYS)) / error).max() < 3
    assert error.max() < 0.01


def test_aalen_johansen_finds_the_incidence_of_recurrence() -> None:
    kind = np.where(STORIES.recurrence.event, 1, np.where(STORIES.death.event, 2, 0))
    estimates = [
        aalen_johansen(STORIES.recurrence.time[rows], kind[rows]).at(1, DAYS)
        for rows in batches(np.ones(len(SEEDS), bool))
    ]
    mean, error = in_batches(estimates)
    assert np.abs((mean - true_incidence([RECURRENCE, DEATH], DAYS)[0]) / error).max() < 3


def test_the_tables_of_the_documentation_hold_these_numbers() -> None:
    page = (Path(__file__).parents[2] / "docs" / "concepts" / "phantom-outcomes.md").read_text("utf-8")
    rows = {line.split("|")[1].strip(): line.split("|")[2:-1] for line in page.splitlines() if "|" in line}
    days = [365.25 * years for years in (1, 2, 5, 10)]
    metastasis, death = true_incidence([METASTASIS, DEATH], days)
    recurrence = true_incidence([RECURRENCE, DEATH], days)[0]
    for name, expected in (
        ("metastasis before death", metastasis),
        ("death without metastasis", death),
        ("recurrence before death", recurrence),
    ):
        assert [float(cell) for cell in rows[name]] == pytest.approx(expected.tolist(), abs=6e-4)
    for name in LATENTS:
        told = [float(cell) for cell in rows[name][1:]]
        assert told == [getattr(hazard.betas, name) for hazard in (DEATH, METASTASIS, RECURRENCE)]


def test_one_minus_kaplan_meier_is_too_high() -> None:
    drawn = FollowUp(STORIES.metastasis.time, STORIES.metastasis.event)
    estimates = [1 - kaplan_meier(drawn.chosen(rows)).at(DAYS) for rows in batches(~STORIES.at_presentation)]
    mean, error = in_batches(estimates)
    above = mean - true_incidence([METASTASIS, DEATH], DAYS)[0]
    assert (above[3:] > 5 * error[3:]).all()
    assert above[3] > 0.04


def test_of_one_event_the_incidence_is_one_minus_survival() -> None:
    z = np.linspace(-9, 9, 2001)
    weights = np.exp(-(z**2) / 2)
    survive = np.exp(-(60**1.2 / 60**1.2) * np.exp(z * np.sqrt(1.5925)))
    expected = 1 - survive @ weights / weights.sum()
    assert true_incidence([DEATH], [60 * 30.4375])[0, 0] == pytest.approx(expected, abs=4e-6)


def test_of_equal_shapes_without_latents_the_incidence_has_a_closed_form() -> None:
    one = WeibullHazard(shape=0.8, scale=40).null()
    other = WeibullHazard(shape=0.8, scale=90).null()
    rates = np.array([40**-0.8, 90**-0.8])
    months = np.array([1.0, 36, 240])
    expected = np.outer(rates / rates.sum(), 1 - np.exp(-rates.sum() * months**0.8))
    np.testing.assert_allclose(true_incidence([one, other], list(months * 30.4375)), expected, atol=1e-8)


def test_what_has_come_and_what_has_not_are_everybody() -> None:
    hazards = [RECURRENCE, METASTASIS, DEATH]
    latents = np.random.default_rng(0).normal(size=(200_000, 6))
    reached = sum(hazard.cumulative(DAYS[3], hazard.score(latents)) for hazard in hazards)
    free = np.exp(-reached)
    error = free.std() / np.sqrt(free.size)
    assert abs(true_incidence(hazards, [DAYS[3]]).sum() + free.mean() - 1) < 3 * error


def test_in_the_null_cohort_no_latent_tells_anything_of_any_event() -> None:
    null = COURSE.null()
    none = Latents(0, 0, 0, 0, 0, 0)
    assert null.death.betas == null.metastasis.betas == null.recurrence.betas == none
    assert (null.metastasis.shape, null.metastasis.scale) == (METASTASIS.shape, METASTASIS.scale)
    stories, latents = draw_stories(SEEDS[:2000], course=null), draw_latents(SEEDS[:2000])
    for drawn in (stories.death, stories.metastasis, stories.recurrence):
        model = fit_cox(latents, FollowUp(drawn.time, drawn.event))
        assert model.likelihood_ratio[1] > 0.01


@pytest.mark.parametrize("days", [[], [0.0], [-1.0], [365.0, 0.0]])
def test_incidence_at_no_time_or_before_surgery_is_refused(days: list[float]) -> None:
    with pytest.raises(UsageError, match="hazards and days: must be one at least"):
        true_incidence([DEATH], days)
    assert true_incidence([DEATH], [1e-3])[0, 0] < 1e-6


def test_incidence_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="hazards and days: must be one at least"):
        true_incidence([], [365])
