"""Distant metastasis and local recurrence of synthetic patients, which death may forestall.

Given the latents, each kind of event has a clock of its own, and death stops the others. So the hazard of
each clock is the cause-specific hazard of its event, and the true cumulative incidence is an integral.
Metastasis does not hasten death: the two go together only by the latents that drive both. That is less than
in patients, and it leaves overall survival with the hazard, and so the ceilings, of `outcomes`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import UsageError
from sarcoma_core.phantom.outcomes import (
    DEATH,
    FOLLOW_UP,
    DrawnTimes,
    EndOfFollowUp,
    Numbers,
    WeibullHazard,
    draw_event_days,
    draw_follow_up_days,
    draw_latents,
)
from sarcoma_core.phantom.patient import Latents
from sarcoma_core.phantom.randomness import stream

METASTASIS = WeibullHazard(
    Latents(volume=0.6, necrosis=0.4, uptake=0.7, oedema=0.2, atypia=0.6, age=0.0), shape=0.9, scale=80.0
)
"""Of distant metastasis: early, and not driven by age."""
RECURRENCE = WeibullHazard(
    Latents(volume=0.2, necrosis=0.1, uptake=0.2, oedema=0.5, atypia=0.4, age=0.2), shape=1.0, scale=250.0
)
"""Of local recurrence: rarer, and driven most by what reaches beyond the tumour's border."""
METASTATIC_AT_PRESENTATION = 0.05
"""The part of patients who come with one; by chance alone, so that leaving them out shifts nothing."""

CENSORED, METASTASISED, DIED = 0, 1, 2
"""The kinds of `Stories.metastasis_or_death`."""

# Twice as many of both change no incidence by more than 5e-6
_QUADRATURE_POINTS = 24
_TIME_POINTS = 48


@dataclass(frozen=True, slots=True)
class CourseOfDisease:
    """The hazards of the three kinds of events, each given that the patient lives."""

    death: WeibullHazard = DEATH
    metastasis: WeibullHazard = METASTASIS
    recurrence: WeibullHazard = RECURRENCE

    def null(self) -> Self:
        """The same where no latent tells anything of any event."""
        return replace(
            self,
            death=self.death.null(),
            metastasis=self.metastasis.null(),
            recurrence=self.recurrence.null(),
        )


COURSE = CourseOfDisease()


@dataclass(frozen=True, slots=True, eq=False)
class Stories:
    """What happened to each patient, days from surgery.

    A metastasis or recurrence comes at or before the death of the patient, and nothing after the end of
    follow-up. One found at presentation is an event at 0 days.

    Args:
        death: or the end of follow-up.
        metastasis: or death, or the end of follow-up.
        recurrence: or death, or the end of follow-up.
        at_presentation: who came with a metastasis, shape (n,).
    """

    death: DrawnTimes
    metastasis: DrawnTimes
    recurrence: DrawnTimes
    at_presentation: NDArray[np.bool_]

    def metastasis_or_death(self) -> tuple[Numbers, NDArray[np.int64]]:
        """What came first of the two, for competing risks: days and kinds, each of shape (n,).

        Those with a metastasis at presentation were never at risk of one: leave them out.
        """
        kinds = np.where(self.metastasis.event, METASTASISED, np.where(self.death.event, DIED, CENSORED))
        return self.metastasis.time, kinds.astype(np.int64)


def draw_stories(
    seeds: Sequence[int], *, course: CourseOfDisease = COURSE, follow_up: EndOfFollowUp = FOLLOW_UP
) -> Stories:
    """What happens to each patient; deaths are those of `draw_outcomes`.

    Args:
        seeds: of the patients.
        course: the hazards; `COURSE.null()` gives the null cohort.
        follow_up: when it ends.

    Raises:
        UsageError: a seed is negative.
    """
    latents = draw_latents(seeds)
    ended = draw_follow_up_days(seeds, follow_up)
    died = draw_event_days(seeds, "death", course.death, latents)
    watched = np.minimum(died, ended)
    spread = draw_event_days(seeds, "metastasis", course.metastasis, latents)
    came = np.array([stream(seed, "presentation").random() for seed in seeds]) < METASTATIC_AT_PRESENTATION
    spread = np.where(came, 0.0, spread)
    returned = draw_event_days(seeds, "recurrence", course.recurrence, latents)
    return Stories(
        death=DrawnTimes(watched, died <= ended),
        metastasis=DrawnTimes(np.minimum(spread, watched), spread <= watched),
        recurrence=DrawnTimes(np.minimum(returned, watched), returned <= watched),
        at_presentation=came,
    )


def true_incidence(hazards: Sequence[WeibullHazard], days: Sequence[float]) -> NDArray[np.float64]:
    """The cumulative incidence of competing events in the population of all latents, shape (kinds, times).

    The cause-specific hazard of each, times the chance that none has come, is integrated over time (Gauss
    and Legendre) and averaged over the latents (Gauss and Hermite), which are independent and N(0, 1).

    Args:
        hazards: of the events of which the first counts.
        days: from surgery, above 0.

    Raises:
        UsageError: there is no hazard, or a time is not above 0.
    """
    if not hazards or min(days, default=0) <= 0:
        raise UsageError("hazards and days: must be one at least of each, and times above 0; they are not.")
    etas, weights = _population(hazards)
    # Times crowd near 0, where the hazard of a shape below 1 has no end
    crowding = 2 / min(1.0, *(hazard.shape for hazard in hazards))
    nodes, steps = np.polynomial.legendre.leggauss(_TIME_POINTS)
    part = ((nodes + 1) / 2)[:, None]
    found = []
    for end in days:
        at = end * part**crowding
        reached = [hazard.cumulative(at, eta) for hazard, eta in zip(hazards, etas, strict=True)]
        free = np.exp(-np.sum(reached, axis=0))
        # d/d(part) of a cumulative hazard that is a power of part
        growth = [hazard.shape * crowding * one / part for hazard, one in zip(hazards, reached, strict=True)]
        found.append([steps / 2 @ (one * free) @ weights for one in growth])
    return np.array(found, np.float64).T


def _population(hazards: Sequence[WeibullHazard]) -> tuple[Numbers, Numbers]:
    """Points of the etas of all hazards, shape (hazards, points), and their weights: together normal."""
    betas = np.array([hazard.betas for hazard in hazards])
    values, vectors = np.linalg.eigh(betas @ betas.T)
    root = vectors * np.sqrt(np.clip(values, 0, None))
    nodes, weights = np.polynomial.hermite_e.hermegauss(_QUADRATURE_POINTS)
    points = np.stack(np.meshgrid(*[nodes] * len(hazards), indexing="ij")).reshape(len(hazards), -1)
    each = np.stack(np.meshgrid(*[weights] * len(hazards), indexing="ij")).reshape(len(hazards), -1)
    product = each.prod(axis=0)
    return root @ points, product / product.sum()
