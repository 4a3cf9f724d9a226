"""What the page of a training of networks shows: who was in which part, how heads do, how they learned."""

from collections.abc import Mapping
from dataclasses import dataclass

from sarcoma_core.models.card import CardOpening
from sarcoma_core.report.facts import Fact
from sarcoma_core.report.flow_diagram import PatientFlow
from sarcoma_core.report.measures import WithLimits


@dataclass(frozen=True)
class PartFacts:
    """A part of the patients.

    Args:
        name: of the part.
        patients: how many.
        events: of these, by endpoint's title.
        role: what they are for, in words.
    """

    name: str
    patients: int
    events: Mapping[str, int]
    role: str


@dataclass(frozen=True, kw_only=True)
class HeadMeasures:
    """How well one head, or the baseline, foretells an endpoint; None where the data do not tell.

    Args:
        harrell: Harrell's C.
        difference: of that from the first head's, on the same samples; None of the first.
        uno: Uno's C.
        auc: at the main horizon.
        brier: integrated Brier score.
        slope: of calibration.
        ici: integrated calibration index at the main horizon.
    """

    harrell: WithLimits | None
    difference: WithLimits | None
    uno: WithLimits | None
    auc: WithLimits | None
    brier: WithLimits | None
    slope: WithLimits | None
    ici: float | None


@dataclass(frozen=True, kw_only=True)
class HeadsFacts:
    """One endpoint out of fold.

    Args:
        title: of the endpoint.
        patients: who were followed for it.
        events: of these.
        horizon: the main one in words, such as `3 years`; empty where there is none.
        tau: to which Uno's C looks, days.
        null_brier: integrated Brier score of Kaplan-Meier, which knows nothing of a patient.
        models: of each head, the first of which counts, and of the baseline, by name.
        baseline: name of the baseline among them.
        seeds: Harrell's C of the first head of each seed alone.
        absent: why there is no baseline; empty where there is one.
    """

    title: str
    patients: int
    events: int
    horizon: str
    tau: float
    null_brier: float | None
    models: Mapping[str, HeadMeasures]
    baseline: str
    seeds: tuple[float, ...]
    absent: str = ""


@dataclass(frozen=True)
class OutcomeEpoch:
    """One epoch of a network.

    Args:
        epoch: from 1.
        loss: of all heads, weighted, mean over the patients that it learns from.
        judged: loss of the first head on those who choose; None where it was not asked.
        weights: of each head, by name.
    """

    epoch: int
    loss: float
    judged: float | None
    weights: Mapping[str, float]


@dataclass(frozen=True)
class NetworkLearning:
    """How one network learned.

    Args:
        number: from 1.
        fold: that judges it, from 1.
        seed: its number among those of the fold, from 1.
        best_epoch: whose weights are kept.
        history: an entry for each epoch.
    """

    number: int
    fold: int
    seed: int
    best_epoch: int
    history: tuple[OutcomeEpoch, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class NetworkStudyFacts:
    """All that the page shows.

    Args:
        flow: from the whole table to the patients of each endpoint.
        parts: of these patients.
        endpoints: those that come with time.
        graded: whether the grade is foretold as well.
        epochs: that were planned for each network.
        networks: all of them.
        openings: of the test set, the first one first.
        left_out: reason and number of patients who had no image that can be used.
        settings: what was asked for, line by line.
        hashes: what they are of, and SHA-256.
        limits: a sentence for each.
        methods: how it was done, a sentence or two for a paper.
    """

    flow: PatientFlow
    parts: tuple[PartFacts, ...]
    endpoints: tuple[HeadsFacts, ...]
    graded: bool
    epochs: int
    networks: tuple[NetworkLearning, ...]
    openings: tuple[CardOpening, ...] = ()
    left_out: tuple[tuple[str, int], ...] = ()
    settings: tuple[Fact, ...] = ()
    hashes: tuple[Fact, ...] = ()
    limits: tuple[str, ...] = ()
    methods: str = ""
