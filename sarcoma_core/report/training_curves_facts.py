"""What the page of a training shows: how each model was planned, what it saw, and how it was judged."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sarcoma_core.errors import InputError
from sarcoma_core.report.facts import Fact
from sarcoma_core.segmentation.evaluation.medians import MEASURES, ScoredPatient
from sarcoma_core.segmentation.metrics import MaskScores


@dataclass(frozen=True, slots=True)
class EpochFacts:
    """One epoch of a network.

    Args:
        epoch: from 1.
        loss: mean over the patients.
        dice: of the fold that judges, on the native grid, mean; None where it was not asked.
    """

    epoch: int
    loss: float
    dice: float | None = None


@dataclass(frozen=True)
class NetworkFacts:
    """How one network learned.

    Args:
        fold: that judged it, from 1.
        trained_on: patients of the other folds.
        judged_on: patients of that fold.
        history: an entry for each epoch that is done.
        best_epoch: whose weights are kept; 0 where none is known yet.
        ended: whether it has ended.

    Raises:
        InputError: the epochs are not in order.
    """

    fold: int
    trained_on: int
    judged_on: int
    history: tuple[EpochFacts, ...]
    best_epoch: int
    ended: bool

    def __post_init__(self) -> None:
        epochs = [one.epoch for one in self.history]
        if epochs != sorted(set(epochs)):
            raise InputError("history: must tell each epoch once, in order; it does not.")

    @property
    def epochs(self) -> int:
        """Those that are done."""
        return self.history[-1].epoch if self.history else 0

    @property
    def best(self) -> EpochFacts | None:
        """The epoch whose weights are kept; None where none is known yet."""
        return next((one for one in self.history if one.epoch == self.best_epoch), None)


@dataclass(frozen=True)
class PlanFacts:
    """How a model was planned; fields as those of the plan of a training.

    Args:
        spacing: of the model grid, mm.
        slices_last: whether its third axis goes across the slices.
        patch: voxels along each axis.
        widths: channels of each level of the network, the finest first.
        strides: of each level but the finest.
        epochs: at most; each shows every patient once.
        batch: patients at once.
        learning_rate: of the first epoch.
        why: how each of these was decided, in sentences.
    """

    spacing: tuple[float, float, float]
    slices_last: bool
    patch: tuple[int, int, int]
    widths: tuple[int, ...]
    strides: tuple[tuple[int, int, int], ...]
    epochs: int
    batch: int
    learning_rate: float
    why: tuple[str, ...]


@dataclass(frozen=True)
class OutOfFoldCase:
    """A session, judged by a network that has not seen its patient.

    Args:
        subject: label of the patient.
        session: label of the session.
        network: that judged it, from 1.
        scores: of each region that was drawn, on the native grid.
    """

    subject: str
    session: str
    network: int
    scores: Mapping[str, MaskScores]


@dataclass(frozen=True)
class TrainedMemberFacts:
    """A model of the set, as far as its training went.

    Args:
        name: such as `T1CE_T2FS`.
        regions: key of the region of each output, the one that counts first.
        plan: how it was planned.
        patients: that can be used.
        sessions: of these.
        left_out: why sessions cannot be used, and how many for each reason.
        folds: patients of each.
        of_networks: how many are trained.
        networks: those that have begun.
        judged: out of fold; none until all networks have ended.
        next_command: with which an unfinished training goes on; empty where it has ended.
    """

    name: str
    regions: tuple[str, ...]
    plan: PlanFacts
    patients: int
    sessions: int
    left_out: tuple[tuple[str, int], ...]
    folds: tuple[int, ...]
    of_networks: int
    networks: tuple[NetworkFacts, ...]
    judged: tuple[OutOfFoldCase, ...] = ()
    next_command: str = ""

    @property
    def has_ended(self) -> bool:
        """Whether all its networks are trained."""
        return len(self.networks) == self.of_networks and all(one.ended for one in self.networks)

    def patients_judged(self, region: str) -> tuple[ScoredPatient, ...]:
        """The patients of a region out of fold; one with several sessions counts once, by their median."""
        held: dict[str, list[MaskScores]] = {}
        for one in self.judged:
            if region in one.scores:
                held.setdefault(one.subject, []).append(one.scores[region])
        return tuple(_patient(subject, held[subject]) for subject in sorted(held))


@dataclass(frozen=True)
class TrainingPageFacts:
    """All that the page shows.

    Args:
        members: models of the set.
        synthetic: whether the patients are synthetic.
        refused: models that could not be trained, by name, and why.
        limits: of the models, a sentence for each.
        methods: how they were trained, a sentence for a paper.
        hashes: of cohort and splits.
        software: that did the work.
    """

    members: tuple[TrainedMemberFacts, ...]
    synthetic: bool = False
    refused: tuple[tuple[str, str], ...] = ()
    limits: tuple[str, ...] = ()
    methods: str = ""
    hashes: tuple[Fact, ...] = ()
    software: tuple[Fact, ...] = ()


def reasons_counted(messages: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """Why sessions were left out, the most frequent first: the rule of each message, without what was found.

    Args:
        messages: one of each session, as an error says it: *argument, rule; found*.
    """
    rules = (message.split("; ", 1)[0].split("\n", 1)[0].strip().rstrip(".") for message in messages)
    counts = Counter(rule or "for no reason that was told" for rule in rules)
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _patient(subject: str, scores: Sequence[MaskScores]) -> ScoredPatient:
    values = {}
    for measure in MEASURES:
        known = [value for one in scores if (value := getattr(one, measure)) is not None]
        if known:
            values[measure] = float(np.median(known))
    return ScoredPatient(subject, values, any(one.failed for one in scores), {})
