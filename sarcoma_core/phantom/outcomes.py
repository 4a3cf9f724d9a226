"""When synthetic patients die, from their latents: hazards, times and follow-up with a known truth.

A latent moves the hazard by its beta alone (proportional hazards over a Weibull baseline), and the latents
are independent of one another. So the best score of any choice of latents is their sum, weighed by beta.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoma_core.errors import UsageError
from sarcoma_core.phantom.patient import Latents, draw_patient
from sarcoma_core.phantom.randomness import stream

DAYS_PER_MONTH = 365.25 / 12
LATENTS = Latents._fields
"""The latents in the order in which a row of them holds them."""
BETAS = Latents(volume=0.6, necrosis=0.5, uptake=0.5, oedema=0.35, atypia=0.6, age=0.5)
"""Of death: the log hazard ratio of one unit of each latent."""

Numbers = NDArray[np.float64]
"""One number for each patient, or for each time."""
LatentRows = NDArray[np.float64]
"""One row for each patient, shape (n, 6), in the order of `LATENTS`."""


@dataclass(frozen=True, slots=True)
class WeibullHazard:
    """The hazard of one kind of event: cumulative (t / scale)^shape exp(eta), with eta = betas . latents.

    Args:
        betas: log hazard ratio of one unit of each latent.
        shape: of the baseline; above 1 the hazard rises with time.
        scale: of the baseline, in months: by then a patient of eta 0 has had the event with 1 - 1/e.

    Raises:
        UsageError: shape or scale is not above 0.
    """

    betas: Latents = BETAS
    shape: float = 1.2
    scale: float = 60.0

    def __post_init__(self) -> None:
        if not (self.shape > 0 and self.scale > 0):
            raise UsageError(f"shape and scale: must be above 0; found {self.shape:g} and {self.scale:g}.")

    def null(self) -> Self:
        """The same baseline where nothing that anybody can see tells anything: all betas 0."""
        return replace(self, betas=Latents(*[0.0] * len(LATENTS)))

    def score(self, latents: LatentRows, seen: Iterable[str] = LATENTS) -> Numbers:
        """The part of eta that some latents tell, shape (n,): no score of these alone is better.

        Args:
            latents: of each patient.
            seen: names of latents; without, all of them: eta itself.
        """
        # Column by column: a matrix product rounds one row alone in another way than one of many
        told = np.zeros(len(latents))
        for name in seen:
            told = told + latents[:, LATENTS.index(name)] * getattr(self.betas, name)
        return told

    def cumulative(self, days: ArrayLike, eta: ArrayLike) -> Numbers:
        """The cumulative hazard at times in days; of times and eta as numpy broadcasts them."""
        months = np.asarray(days, np.float64) / DAYS_PER_MONTH
        return np.asarray((months / self.scale) ** self.shape * np.exp(eta))

    def days(self, exponentials: Numbers, eta: Numbers) -> Numbers:
        """The times in days at which the cumulative hazard reaches draws of Exp(1), shape (n,)."""
        return np.asarray((exponentials * np.exp(-eta)) ** (1 / self.shape) * self.scale * DAYS_PER_MONTH)


DEATH = WeibullHazard()
"""Of death, whatever came before it."""


@dataclass(frozen=True, slots=True)
class EndOfFollowUp:
    """When follow-up ends, whatever the latents: the earlier of Exp(mean) and U(earliest, latest), months.

    Raises:
        UsageError: the mean is not above 0, or not 0 <= earliest < latest.
    """

    mean: float = 150.0
    earliest: float = 24.0
    latest: float = 180.0

    def __post_init__(self) -> None:
        if not (self.mean > 0 and 0 <= self.earliest < self.latest):
            raise UsageError(
                f"mean, earliest and latest: must be above 0, and 0 or more and rising; found {self.mean:g}, "
                f"{self.earliest:g} and {self.latest:g}."
            )

    def days(self, exponentials: Numbers, uniforms: Numbers) -> Numbers:
        """The ends in days, from draws of Exp(1) and U(0, 1), shape (n,)."""
        closing = self.earliest + (self.latest - self.earliest) * uniforms
        return np.asarray(np.minimum(self.mean * exponentials, closing) * DAYS_PER_MONTH)

    def followed(self, days: ArrayLike) -> Numbers:
        """The part of patients whose follow-up has not ended by each time in days."""
        months = np.asarray(days, np.float64) / DAYS_PER_MONTH
        open_ = np.clip((self.latest - months) / (self.latest - self.earliest), 0, 1)
        return np.asarray(np.exp(-months / self.mean) * open_)


FOLLOW_UP = EndOfFollowUp()


@dataclass(frozen=True, slots=True, eq=False)
class DrawnTimes:
    """What is seen of one kind of event.

    Args:
        time: days from surgery to the event or to what ended the watch for it, shape (n,).
        event: whether it was the event, shape (n,).
    """

    time: Numbers
    event: NDArray[np.bool_]


def draw_outcomes(
    seeds: Sequence[int], *, hazard: WeibullHazard = DEATH, follow_up: EndOfFollowUp = FOLLOW_UP
) -> DrawnTimes:
    """Death of each patient, or the end of follow-up.

    What happens to a patient depends on the seed alone: one of many is the same as that one drawn alone.

    Args:
        seeds: of the patients; each is the patient of `draw_patient`.
        hazard: of death; `DEATH.null()` gives the null cohort.
        follow_up: when it ends.

    Raises:
        UsageError: a seed is negative.
    """
    died = draw_event_days(seeds, "death", hazard, draw_latents(seeds))
    ended = draw_follow_up_days(seeds, follow_up)
    return DrawnTimes(np.minimum(died, ended), died <= ended)


def draw_latents(seeds: Sequence[int]) -> LatentRows:
    """The latents of the patients, shape (n, 6).

    Raises:
        UsageError: a seed is negative.
    """
    return np.array([draw_patient(seed).latents for seed in seeds], np.float64).reshape(-1, len(LATENTS))


def draw_event_days(
    seeds: Sequence[int], purpose: str, hazard: WeibullHazard, latents: LatentRows
) -> Numbers:
    """When each patient would have an event if nothing came before it, in days, shape (n,).

    Args:
        seeds: of the patients.
        purpose: a name for the kind of event: each has randomness of its own.
        hazard: of the event.
        latents: of the same patients.
    """
    exponentials = np.array([stream(seed, purpose).exponential() for seed in seeds], np.float64)
    return hazard.days(exponentials, hazard.score(latents))


def draw_follow_up_days(seeds: Sequence[int], follow_up: EndOfFollowUp = FOLLOW_UP) -> Numbers:
    """When each patient's follow-up ends, in days, shape (n,)."""
    streams = [stream(seed, "follow-up") for seed in seeds]
    draws = np.array([(rng.exponential(), rng.random()) for rng in streams], np.float64).reshape(-1, 2)
    return follow_up.days(draws[:, 0], draws[:, 1])
