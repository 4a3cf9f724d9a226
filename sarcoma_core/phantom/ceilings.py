"""How good a score can be that sees some of the latents: the ceiling of each choice of modalities.

A result above its ceiling by more than chance has seen what it should not have: a leak.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import UsageError
from sarcoma_core.phantom.outcomes import (
    DEATH,
    FOLLOW_UP,
    LATENTS,
    EndOfFollowUp,
    Numbers,
    WeibullHazard,
)
from sarcoma_core.phantom.randomness import stream

SEEN_BY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "clinical": ("age",),
        "slides": ("atypia",),
        "MRI": ("volume", "necrosis", "oedema"),
        "PET": ("uptake",),
    }
)
"""The latents that each modality is made from."""

Measure = Callable[[Numbers, NDArray[np.bool_], Numbers], float]
"""A concordance of times, events and a risk that is higher where the event is expected earlier."""

# The grid of scores sets the error, 1e-5; the other two could be twice as fine and change no 6th digit
_SCORES = np.linspace(-7, 7, 561)
_LOG_HAZARDS = np.linspace(-22, 10, 401)
_UNSEEN_POINTS = 21


@dataclass(frozen=True, slots=True)
class SimulatedCeiling:
    """A ceiling from simulated cohorts.

    Args:
        value: mean over cohorts.
        standard_error: of that mean.
        spread: standard deviation of one cohort, and so the standard error of a result in as many patients.
    """

    value: float
    standard_error: float
    spread: float


def seen(*names: str) -> tuple[str, ...]:
    """The latents that modalities show together, in the order of `LATENTS`.

    Args:
        names: of modalities, or of latents.

    Raises:
        UsageError: a name is of neither.
    """
    chosen: set[str] = set()
    for name in names:
        if name not in SEEN_BY and name not in LATENTS:
            known = ", ".join((*SEEN_BY, *LATENTS))
            raise UsageError(f"names: must be of modalities or latents ({known}); found {name!r}.")
        chosen.update(SEEN_BY.get(name, (name,)))
    return tuple(latent for latent in LATENTS if latent in chosen)


def ceiling(*names: str, hazard: WeibullHazard = DEATH, follow_up: EndOfFollowUp | None = FOLLOW_UP) -> float:
    """What Harrell's C of the best score tends to in ever more patients, by integration.

    Assumes latents of N(0, 1), independent of one another and of the follow-up. Of two patients whose scores
    differ, the integral takes the chance that the one dies at t while the other lives and both are followed.

    Args:
        names: of what the score may see, as `seen` takes them.
        hazard: of the event.
        follow_up: when it ends; None where it never does.

    Raises:
        UsageError: see `seen`.
    """
    betas = np.array(hazard.betas)
    known = np.isin(LATENTS, seen(*names))
    scores = _SCORES * np.sqrt(np.sum(betas[known] ** 2))
    likely = np.exp(-(_SCORES**2) / 2)[:, None]
    nodes, weights = np.polynomial.hermite_e.hermegauss(_UNSEEN_POINTS)
    unseen = nodes * np.sqrt(np.sum(betas[~known] ** 2))

    # By the logarithm of the baseline's cumulative hazard instead of time
    reached = np.exp(_LOG_HAZARDS + scores[:, None] + unseen[:, None, None])
    survive = np.exp(-reached)
    die, live = (np.tensordot(weights, part, 1) * likely for part in (reached * survive, survive))
    lower = np.cumsum(live, axis=0) - live / 2
    days = hazard.days(np.exp(_LOG_HAZARDS), np.zeros(_LOG_HAZARDS.size))
    both = np.ones(days.size) if follow_up is None else follow_up.followed(days) ** 2
    return float(((die * lower).sum(axis=0) @ both) / ((die.sum(axis=0) * live.sum(axis=0)) @ both))


def simulated_ceiling(
    *names: str,
    measure: Measure,
    hazard: WeibullHazard = DEATH,
    follow_up: EndOfFollowUp | None = FOLLOW_UP,
    patients: int = 2000,
    cohorts: int = 20,
    seed: int = 0,
) -> SimulatedCeiling:
    """The ceiling of any measure, by Monte Carlo.

    Args:
        names: of what the score may see, as `seen` takes them.
        measure: of times, events and risks.
        hazard: of the event.
        follow_up: when it ends; None where it never does.
        patients: in each cohort.
        cohorts: how many; two at least.
        seed: of the simulation; the cohorts are the same for all choices of `names`.

    Raises:
        UsageError: there are fewer than two cohorts or patients, or see `seen`.
    """
    if min(patients, cohorts) < 2:  # noqa: PLR2004  of one there is no spread, and no pair
        raise UsageError(f"patients and cohorts: must be 2 or more; found {patients} and {cohorts}.")
    latents_seen, found = seen(*names), []
    for cohort in range(cohorts):
        rng = stream(seed, f"ceiling {cohort}")
        latents = rng.normal(size=(patients, len(LATENTS)))
        died = hazard.days(rng.exponential(size=patients), hazard.score(latents))
        ended = np.full(patients, np.inf)
        if follow_up is not None:
            ended = follow_up.days(rng.exponential(size=patients), rng.random(patients))
        risk = hazard.score(latents, latents_seen)
        found.append(measure(np.minimum(died, ended), died <= ended, risk))
    spread = float(np.std(found, ddof=1))
    return SimulatedCeiling(float(np.mean(found)), spread / float(np.sqrt(cohorts)), spread)
