"""Made follow-ups: small ones that are worked out by hand, and random ones with ties."""

import numpy as np
from hypothesis import strategies as st

from sarcoma_core.survival.follow_up import FollowUp

Cohort = tuple[FollowUp, np.ndarray]


def cohort(seed: int, patients: int = 60, covariates: int = 3, moments: int = 12) -> Cohort:
    """A follow-up of few distinct times, so that most are tied, and covariates that tell something of it."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(patients, covariates))
    time = np.ceil(rng.exponential(np.exp(-x[:, 0] / 2)) * moments / 2).clip(1, moments)
    return FollowUp.of(time, rng.random(patients) < 0.7), x


def cohorts() -> st.SearchStrategy[Cohort]:
    return st.builds(
        cohort, st.integers(0, 10_000), st.integers(8, 40), st.integers(1, 3), st.integers(2, 20)
    )


def shuffled(seed: int, size: int) -> np.ndarray:
    return np.random.default_rng(seed).permutation(size)
