"""Ceilings by integration, by Monte Carlo, and by a model that was fitted: three ways to one number."""

import functools
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from sarcoma_core.errors import UsageError
from sarcoma_core.phantom.ceilings import ceiling, seen, simulated_ceiling
from sarcoma_core.phantom.outcomes import (
    DEATH,
    FOLLOW_UP,
    LATENTS,
    DrawnTimes,
    WeibullHazard,
    draw_latents,
    draw_outcomes,
)
from sarcoma_core.phantom.patient import Latents
from sarcoma_core.survival.concordance import harrell
from sarcoma_core.survival.cox import fit_cox
from sarcoma_core.survival.follow_up import FollowUp

CHOICES = (
    ("clinical",),
    ("slides",),
    ("MRI",),
    ("MRI", "PET"),
    ("clinical", "MRI"),
    ("clinical", "MRI", "PET"),
    ("clinical", "slides", "MRI", "PET"),
)
PAGE = (Path(__file__).parents[2] / "docs" / "concepts" / "phantom-outcomes.md").read_text("utf-8")
TRAIN, TEST = range(2000), range(2000, 4000)
LATENT_ROWS = {part: draw_latents(part) for part in (TRAIN, TEST)}
DRAWN = {part: draw_outcomes(part) for part in (TRAIN, TEST)}


censored = functools.cache(ceiling)


def harrells(time: np.ndarray, event: np.ndarray, risk: np.ndarray) -> float:
    return harrell(FollowUp(time, event), risk).index


def fitted(drawn: dict[range, DrawnTimes], latents: tuple[str, ...]) -> float:
    """C in the test split of Cox's model of the training split."""
    columns = [LATENTS.index(name) for name in latents]
    train, test = (rows[:, columns] for rows in LATENT_ROWS.values())
    model = fit_cox(train, FollowUp(drawn[TRAIN].time, drawn[TRAIN].event))
    return harrells(drawn[TEST].time, drawn[TEST].event, model.risk(test))


@pytest.mark.parametrize(
    ("spread", "expected"),
    # Bayes' C of a log hazard ratio of N(0, spread^2) without censoring, simulated elsewhere
    [(0.25, 0.5691), (0.5, 0.6311), (0.75, 0.6830), (1, 0.7250), (1.25, 0.7591), (1.5, 0.7870), (2, 0.8278)],
)
def test_without_censoring_the_ceiling_is_bayes_c(spread: float, expected: float) -> None:
    hazard = WeibullHazard(Latents(0, 0, 0, 0, 0, spread))
    assert ceiling("age", hazard=hazard, follow_up=None) == pytest.approx(expected, abs=3e-4)


def test_without_censoring_what_is_unseen_is_a_difference_that_nobody_knows() -> None:
    # P(one dies first) = logistic(difference of eta), of which a score sees a half-normal part
    seen_variance, variance = 0.36 + 0.25 + 0.1225, 1.5925
    z = np.linspace(-8, 8, 1601)
    weights = np.exp(-(z**2) / 2)
    known = np.abs(z) * np.sqrt(2 * seen_variance)
    unknown = z * np.sqrt(2 * (variance - seen_variance))
    first = 1 / (1 + np.exp(-(known[:, None] + unknown)))
    expected = weights @ first @ weights / weights.sum() ** 2
    assert ceiling("MRI", follow_up=None) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize("names", CHOICES, ids="+".join)
def test_integration_monte_carlo_and_a_fitted_model_agree(names: tuple[str, ...]) -> None:
    exact = censored(*names)
    simulated = simulated_ceiling(*names, measure=harrells, patients=len(TEST))
    assert abs(simulated.value - exact) < 3 * simulated.standard_error
    # The spread of one such cohort is the standard error of the test split
    assert abs(fitted(DRAWN, seen(*names)) - simulated.value) < 3 * np.hypot(
        simulated.spread, simulated.standard_error
    )


@pytest.mark.parametrize("names", CHOICES, ids="+".join)
def test_integration_and_monte_carlo_agree_without_censoring(names: tuple[str, ...]) -> None:
    simulated = simulated_ceiling(*names, measure=harrells, follow_up=None, cohorts=10)
    assert abs(simulated.value - ceiling(*names, follow_up=None)) < 3 * simulated.standard_error


def test_the_table_of_the_documentation_holds_these_numbers() -> None:
    rows = re.findall(
        r"^\|[^|]+\| (0\.\d{4}) \| (0\.\d{4}) \((0\.\d{4})\) \| (0\.\d{4}) \|$", PAGE, re.MULTILINE
    )
    assert len(rows) == len(CHOICES)
    for names, row in zip(CHOICES, rows, strict=True):
        with_censoring, simulated, error, without = map(float, row)
        assert with_censoring == pytest.approx(censored(*names), abs=6e-5)
        assert without == pytest.approx(ceiling(*names, follow_up=None), abs=6e-5)
        assert abs(simulated - with_censoring) < 3 * error


def test_no_other_weights_of_what_is_seen_reach_the_ceiling() -> None:
    latents, drawn = LATENT_ROWS[TEST], DRAWN[TEST]
    best = DEATH.score(latents, seen("MRI"))
    top = harrells(drawn.time, drawn.event, best)
    for name in seen("MRI"):
        lopsided = best + 1.5 * latents[:, LATENTS.index(name)]
        assert harrells(drawn.time, drawn.event, lopsided) < top


def test_every_modality_more_raises_the_ceiling() -> None:
    ladder = [censored(*names) for names in (("clinical",), *CHOICES[4:])]
    assert all(lower + 0.02 < higher for lower, higher in pairwise(ladder))
    assert ladder[0] > 0.5
    assert ladder[-1] < 1


def test_censoring_shifts_harrells_c_upwards() -> None:
    for names in (CHOICES[0], CHOICES[-1]):
        assert censored(*names) > ceiling(*names, follow_up=None) + 0.005


def test_in_the_null_cohort_nothing_is_better_than_chance() -> None:
    null = DEATH.null()
    assert ceiling(*LATENTS, hazard=null) == pytest.approx(0.5, abs=1e-6)
    assert ceiling(hazard=DEATH) == pytest.approx(0.5, abs=1e-6)
    drawn = {part: draw_outcomes(part, hazard=null) for part in (TRAIN, TEST)}
    rng = np.random.default_rng(0)
    by_chance = simulated_ceiling(
        measure=lambda time, event, _: harrells(time, event, rng.normal(size=time.size)),
        hazard=null,
        patients=len(TEST),
    )
    assert abs(by_chance.value - 0.5) < 3 * by_chance.standard_error
    assert abs(fitted(drawn, LATENTS) - 0.5) < 2 * by_chance.spread
    for names in CHOICES:  # of seven one may well be further away than 2
        assert abs(fitted(drawn, seen(*names)) - 0.5) < 3 * by_chance.spread
        old = DEATH.score(LATENT_ROWS[TEST], seen(*names))
        assert abs(harrells(drawn[TEST].time, drawn[TEST].event, old) - 0.5) < 3 * by_chance.spread


def test_a_simulation_is_the_same_for_one_seed_and_another_for_another() -> None:
    once, again, other = (
        simulated_ceiling("MRI", measure=harrells, patients=200, cohorts=3, seed=seed) for seed in (1, 1, 2)
    )
    assert once == again
    assert once.value != other.value
    assert once.standard_error == pytest.approx(once.spread / np.sqrt(3))


def test_the_measure_is_given_follow_up_as_it_was_drawn() -> None:
    rates: list[float] = []

    def rate(time: np.ndarray, event: np.ndarray, risk: np.ndarray) -> float:
        assert time.shape == event.shape == risk.shape == (500,)
        rates.append(float(event.mean()))
        return rates[-1]

    simulated_ceiling("age", measure=rate, patients=500, cohorts=8, follow_up=FOLLOW_UP)
    assert np.mean(rates) == pytest.approx(0.58, abs=3 * np.sqrt(0.25 / 4000))
    assert simulated_ceiling("age", measure=rate, patients=500, follow_up=None).value == 1


def test_modalities_are_made_from_latents_and_no_latent_from_two() -> None:
    assert seen("clinical", "slides", "MRI", "PET") == LATENTS
    assert seen("PET", "MRI") == ("volume", "necrosis", "uptake", "oedema")
    assert seen("MRI", "volume", "age") == ("volume", "necrosis", "oedema", "age")
    assert seen() == ()


def test_a_modality_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UsageError, match=r"must be of modalities or latents \(clinical, .*found 'CT'"):
        ceiling("CT")


@pytest.mark.parametrize(("patients", "cohorts"), [(1, 2), (2, 1)])
def test_one_cohort_or_one_patient_is_too_few(patients: int, cohorts: int) -> None:
    with pytest.raises(UsageError, match="patients and cohorts: must be 2 or more"):
        simulated_ceiling("age", measure=lambda *_: 0.5, patients=patients, cohorts=cohorts)
    assert simulated_ceiling("age", measure=lambda *_: 0.5, patients=2, cohorts=2).value == 0.5
