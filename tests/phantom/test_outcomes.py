"""Times against their hazards: the formula by hand, integrals in plain sums, and a fitted Cox model."""

import numpy as np
import pytest

from sarcoma_core.errors import UsageError
from sarcoma_core.phantom.outcomes import (
    DEATH,
    FOLLOW_UP,
    LATENTS,
    EndOfFollowUp,
    WeibullHazard,
    draw_event_days,
    draw_follow_up_days,
    draw_latents,
    draw_outcomes,
)
from sarcoma_core.phantom.patient import draw_patient
from sarcoma_core.survival.cox import fit_cox
from sarcoma_core.survival.follow_up import FollowUp

SEEDS = range(4000)
LATENT_ROWS = draw_latents(SEEDS)
DRAWN = draw_outcomes(SEEDS)


def test_a_time_is_what_the_formula_gives_by_hand() -> None:
    # E = 1 and eta = 0: 60 months of 30.4375 days
    # E = 2 and eta = 0.7: exp((0.693147 - 0.7) / 1.2) = 0.994306 times that
    days = DEATH.days(np.array([1.0, 2.0]), np.array([0.0, 0.7]))
    assert days.tolist() == pytest.approx([1826.25, 0.994306 * 1826.25], rel=1e-6)
    assert DEATH.cumulative(days, [0.0, 0.7]).tolist() == pytest.approx([1.0, 2.0])


def test_eta_is_the_sum_of_the_latents_each_with_its_beta() -> None:
    row = np.array([[1.0, 10.0, 100.0, 1e3, 1e4, 1e5]])
    assert DEATH.score(row)[0] == pytest.approx(0.6 + 5 + 50 + 350 + 6e3 + 5e4)
    assert DEATH.score(row, ("oedema", "age"))[0] == pytest.approx(350 + 5e4)
    assert DEATH.score(row, ())[0] == 0


def test_the_latents_are_those_of_the_patients() -> None:
    assert LATENT_ROWS.shape == (4000, 6)
    assert tuple(LATENT_ROWS[7]) == draw_patient(7).latents


def test_a_patient_drawn_alone_is_the_one_of_the_cohort() -> None:
    alone = draw_outcomes([1234])
    assert (alone.time[0], alone.event[0]) == (DRAWN.time[1234], DRAWN.event[1234])
    turned = draw_outcomes([9, 3, 7])
    assert turned.time.tolist() == DRAWN.time[[9, 3, 7]].tolist()


def test_no_two_patients_and_no_two_kinds_of_event_share_their_randomness() -> None:
    baseline = WeibullHazard(shape=1).null()
    death, other = (draw_event_days(SEEDS, purpose, baseline, LATENT_ROWS) for purpose in ("death", "other"))
    assert np.unique(death).size == np.unique(other).size == len(SEEDS)
    ended = draw_follow_up_days(SEEDS)
    for one, two in ((death, other), (death, ended), (other, ended)):
        assert abs(np.corrcoef(one, two)[0, 1]) < 3 / np.sqrt(len(SEEDS))


def test_cumulative_hazards_at_the_times_of_death_are_exponential() -> None:
    died = draw_event_days(SEEDS, "death", DEATH, LATENT_ROWS)
    reached = np.sort(DEATH.cumulative(died, DEATH.score(LATENT_ROWS)))
    steps = np.arange(len(SEEDS) + 1) / len(SEEDS)
    expected = 1 - np.exp(-reached)
    furthest = max(np.abs(expected - steps[1:]).max(), np.abs(expected - steps[:-1]).max())
    assert furthest < 1.63 / np.sqrt(len(SEEDS))  # Kolmogorov and Smirnov at 1 %


def test_coxs_model_finds_the_betas() -> None:
    model = fit_cox(LATENT_ROWS, FollowUp(DRAWN.time, DRAWN.event))
    away = (model.coefficients - np.array([0.6, 0.5, 0.5, 0.35, 0.6, 0.5])) / model.standard_errors
    assert np.abs(away).max() < 3


def test_as_many_die_as_the_integral_of_hazard_survival_and_follow_up_says() -> None:
    months = (np.arange(18_000) + 0.5) / 100
    followed = np.exp(-months / 150) * np.clip((180 - months) / 156, 0, 1)
    etas = np.linspace(-8, 8, 161) * np.sqrt(0.36 + 0.25 + 0.25 + 0.1225 + 0.36 + 0.25)
    weights = np.exp(-(np.linspace(-8, 8, 161) ** 2) / 2)
    hazard = 1.2 / 60 * (months / 60) ** 0.2
    survive = np.exp(-((months / 60) ** 1.2)[:, None] * np.exp(etas))
    dying = (hazard * followed * 0.01) @ (survive * np.exp(etas))
    expected = float(dying @ weights / weights.sum())
    assert expected == pytest.approx(0.59, abs=0.02)
    error = np.sqrt(expected * (1 - expected) / len(SEEDS))
    assert abs(DRAWN.event.mean() - expected) < 3 * error


@pytest.mark.parametrize("months", [6, 23.9, 60, 120, 170])
def test_follow_up_goes_on_as_long_as_it_says(months: float) -> None:
    expected = np.exp(-months / 150) * min((180 - months) / 156, 1)
    days = 30.4375 * months
    assert FOLLOW_UP.followed(days) == pytest.approx(expected)
    part = (draw_follow_up_days(SEEDS) > days).mean()
    assert abs(part - expected) < 3 * np.sqrt(expected * (1 - expected) / len(SEEDS))


def test_nobody_is_followed_beyond_the_latest_end() -> None:
    assert FOLLOW_UP.followed([0, 180 * 30.4375, 1e6]).tolist() == [1, 0, 0]
    assert draw_follow_up_days(SEEDS).max() < 180 * 30.4375
    assert DRAWN.time.max() < 180 * 30.4375
    assert DRAWN.time.min() > 0


def test_in_the_null_cohort_no_latent_tells_anything() -> None:
    null = DEATH.null()
    assert null == WeibullHazard(betas=type(DEATH.betas)(*[0.0] * 6), shape=1.2, scale=60)
    died = draw_outcomes(SEEDS, hazard=null)
    model = fit_cox(LATENT_ROWS, FollowUp(died.time, died.event))
    assert np.abs(model.coefficients / model.standard_errors).max() < 3
    assert model.likelihood_ratio[1] > 0.01


def test_a_higher_beta_brings_death_of_those_who_have_more_of_it_forward() -> None:
    stronger = WeibullHazard(betas=DEATH.betas._replace(age=2.0))
    age = LATENT_ROWS[:, LATENTS.index("age")]
    sooner = draw_event_days(SEEDS, "death", stronger, LATENT_ROWS) < draw_event_days(
        SEEDS, "death", DEATH, LATENT_ROWS
    )
    assert (sooner == (age > 0)).all()


@pytest.mark.parametrize(("shape", "scale"), [(0, 60), (-1, 60), (1.2, 0), (1.2, float("nan"))])
def test_a_hazard_without_a_shape_or_a_scale_is_refused(shape: float, scale: float) -> None:
    with pytest.raises(UsageError, match="shape and scale: must be above 0"):
        WeibullHazard(shape=shape, scale=scale)


@pytest.mark.parametrize(("mean", "earliest", "latest"), [(0, 24, 180), (150, -1, 180), (150, 24, 24)])
def test_a_follow_up_that_ends_before_it_begins_is_refused(
    mean: float, earliest: float, latest: float
) -> None:
    with pytest.raises(UsageError, match="mean, earliest and latest: must be above 0"):
        EndOfFollowUp(mean=mean, earliest=earliest, latest=latest)


def test_the_least_that_is_taken() -> None:
    assert WeibullHazard(shape=0.01, scale=0.01).scale == 0.01
    assert EndOfFollowUp(mean=0.01, earliest=0, latest=0.01).latest == 0.01


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(UsageError, match="seed: must be 0 or more; found -1"):
        draw_outcomes([-1])
