"""One member of a model set, trained: its cases surveyed, planned and dealt, its networks trained and judged.

Each network is trained on all folds but one, and judged on that one; together they are an ensemble. What is
told of the member is out of fold: each patient judged by a network that has not seen the patient.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import torch

from sarcoma_core.errors import InputError
from sarcoma_core.models.resunet import HEADS_OF_TRAINING
from sarcoma_core.models.segmentation_task import ON_ONE_GRID, ONE_SEQUENCE, SeenInTraining, SegmentationTask
from sarcoma_core.segmentation.inference.finding import find
from sarcoma_core.segmentation.inference.predicting import Segmenter
from sarcoma_core.segmentation.metrics import MaskScores, compare
from sarcoma_core.training.checkpoint import Standing, network_folder
from sarcoma_core.training.drawing import number_of
from sarcoma_core.training.running import Deadline, Told
from sarcoma_core.training.segmentation.cases import (
    CaseFacts,
    CaseSource,
    PreparedCase,
    check_case,
    prepare,
    survey,
)
from sarcoma_core.training.segmentation.loop import TrainingOrder, best_weights, new_network, train
from sarcoma_core.training.segmentation.plan import PlanSettings, SegmentationPlan, plan_training, seen_in
from sarcoma_core.training.splits import RepeatedFolds, folds_by_size

REVISION: Final = 1
"""Goes up when the same order gives other weights, so that no older checkpoint is gone on with."""
LEAST_PATIENTS: Final = 4
"""Of a training: two to learn from and two to judge."""
THRESHOLD: Final = 0.5
"""Of the probability, on the native grid: that of a soft mask which hides no bias."""
_LEAST_OF_SMALLEST = 0.2
"""Of the smallest drawn tumour: a smaller piece is dropped."""


@dataclass(frozen=True)
class MemberOrder:
    """What a member is trained with.

    Args:
        sequences: role of each channel.
        regions: key of the region of each output; the first is the one that counts.
        cohort: SHA-256 of the cohort.
        seed: of folds, weights and views.
        folds: parts of the cohort, by patients.
        networks: how many are trained, one for each fold in turn.
        settings: of the plan.
        deep_supervision: whether coarser levels have a loss of their own.
    """

    sequences: tuple[str, ...]
    regions: tuple[str, ...]
    cohort: str
    seed: int = 0
    folds: int = 5
    networks: int = 1
    settings: PlanSettings = PlanSettings()  # noqa: RUF009  frozen
    deep_supervision: bool = False


@dataclass(frozen=True)
class SurveyedCohort:
    """The cases of a member, those that can be used.

    Args:
        sources: that can be used.
        facts: of each, in the same order.
        refused: why a case cannot be used, by its name.
    """

    sources: tuple[CaseSource, ...]
    facts: tuple[CaseFacts, ...]
    refused: Mapping[str, str]

    @property
    def patients(self) -> int:
        """How many patients they are of."""
        return len({source.subject for source in self.sources})


@dataclass(frozen=True)
class JudgedCase:
    """A case, judged by a network that has not seen its patient.

    Args:
        subject: label of the patient.
        session: label of the session.
        network: number of the network, from 0.
        fold: that the patient is in, from 0.
        scores: of each region that was drawn, on the native grid.
    """

    subject: str
    session: str
    network: int
    fold: int
    scores: Mapping[str, MaskScores]


@dataclass(frozen=True)
class PlannedMember:
    """A training of a member before its first epoch.

    Args:
        order: what with.
        plan: how.
        cohort: on what.
        folds: who is judged when.
    """

    order: MemberOrder
    plan: SegmentationPlan
    cohort: SurveyedCohort
    folds: RepeatedFolds

    @property
    def keys(self) -> tuple[str, ...]:
        """Of each network, SHA-256 over all that decides its weights."""
        return tuple(self._key(number) for number in range(self.order.networks))

    @property
    def task(self) -> SegmentationTask:
        """What the member takes and gives."""
        seen: SeenInTraining = seen_in(self.cohort.facts, self.plan)
        plan, smallest = self.plan, seen.volume_ml[self.plan.regions[0]][0]
        return SegmentationTask(
            sequences=plan.sequences,
            label=ONE_SEQUENCE if len(plan.sequences) == 1 else ON_ONE_GRID,
            regions=plan.regions,
            spacing=plan.spacing,
            slices_last=plan.slices_last,
            patch=plan.patch,
            threshold=THRESHOLD,
            least_ml=round(_LEAST_OF_SMALLEST * smallest, 3),
            seen=seen,
        )

    def fold(self, number: int) -> int:
        """The fold that judges a network."""
        return number % self.folds.folds

    def judges(self, number: int) -> list[bool]:
        """Of each case, whether it judges a network; the others train it."""
        dealt, fold = self.folds.repeats[0], self.fold(number)
        return [dealt[source.subject] == fold for source in self.cohort.sources]

    def seed(self, number: int) -> int:
        """Of the weights and views of a network."""
        return number_of(self.order.seed, number, "network") % 2**31

    def training(self, number: int, cases: Sequence[PreparedCase], device: torch.device) -> TrainingOrder:
        """What one network is trained with: all folds but one.

        Args:
            number: of the network, from 0.
            cases: of the cohort on the model grid, in its order.
            device: where to compute.
        """
        pairs = list(zip(cases, self.judges(number), strict=True))
        return TrainingOrder(
            plan=self.plan,
            train=[case for case, judges in pairs if not judges],
            judge=[case for case, judges in pairs if judges],
            seed=self.seed(number),
            key=self._key(number),
            device=device,
            deep_supervision=self.order.deep_supervision,
        )

    def _key(self, number: int) -> str:
        decides: dict[str, Any] = {
            "revision": REVISION,
            "cohort": self.order.cohort,
            "cases": sorted(source.name for source in self.cohort.sources),
            "plan": self.plan.tree,
            "folds": self.folds.sha256,
            "fold": self.fold(number),
            "seed": self.seed(number),
            "deep_supervision": self.order.deep_supervision,
        }
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class MemberTraining:
    """A training of a member, as far as it went.

    Args:
        planned: how it was planned.
        standings: of each network that has begun.
        judged: out of fold; empty until all networks have ended.
    """

    planned: PlannedMember
    standings: tuple[Standing, ...]
    judged: tuple[JudgedCase, ...] = ()

    @property
    def has_ended(self) -> bool:
        """Whether all its networks are trained."""
        return len(self.standings) == self.planned.order.networks and all(one.ended for one in self.standings)


def survey_cohort(sources: Sequence[CaseSource], order: MemberOrder) -> SurveyedCohort:
    """Read every case once, before the first epoch: one that cannot be used stops no other.

    Args:
        sources: of the cases.
        order: of the training.

    Raises:
        InputError: too few can be used.
    """
    held: list[tuple[CaseSource, CaseFacts]] = []
    refused: dict[str, str] = {}
    for source in sources:
        try:
            case = source.read()
            check_case(case, order.sequences, order.regions[0])
            held.append((source, survey(case)))
        except InputError as error:
            refused[source.name] = error.message
        except OSError as error:
            refused[source.name] = f"a file cannot be read: {error.strerror or type(error).__name__}"
    found = SurveyedCohort(tuple(one for one, _ in held), tuple(facts for _, facts in held), refused)
    if found.patients < LEAST_PATIENTS:
        first = next(iter(refused.values()), "")
        raise InputError(
            f"cohort: must have {LEAST_PATIENTS} patients or more with {' and '.join(order.sequences)} and a "
            f"locked mask of {order.regions[0]}; found {found.patients} of {len(sources)} sessions."
            + (f" The first of the others: {first}" if first else ""),
            hint="Lock masks (sarcoma masks lock), then freeze the cohort again.",
        )
    if not any(facts.volume_ml.get(order.regions[0], 0) for facts in found.facts):
        raise InputError(f"cohort: must have a patient with {order.regions[0]}; every mask of it is empty.")
    return found


def plan_member(sources: Sequence[CaseSource], order: MemberOrder) -> PlannedMember:
    """Read every case once, and plan the training of a member; a region that no case has drawn is left out.

    Args:
        sources: of the cases.
        order: of the training.

    Raises:
        InputError: too few cases can be used.
    """
    cohort = survey_cohort(sources, order)
    first, *more = order.regions
    drawn = [region for region in more if any(facts.volume_ml.get(region, 0) for facts in cohort.facts)]
    plan = plan_training(cohort.facts, order.sequences, (first, *drawn), order.settings)
    return PlannedMember(order, plan, cohort, _folds(cohort, order))


def train_member(
    planned: PlannedMember,
    folder: Path,
    *,
    device: torch.device,
    deadline: Deadline | None = None,
    told: Callable[[int], Told] | None = None,
    half: bool = False,
) -> MemberTraining:
    """Train a member, or go on with it.

    Args:
        planned: by `plan_member`.
        folder: of the checkpoints, a folder for each network.
        device: where to compute.
        deadline: when to stop, done or not.
        told: gives for each network whom to tell of its epochs.
        half: whether the weights are rounded to 16 bits before they are judged, as they are kept then.

    Raises:
        InputError: a case was changed meanwhile, a checkpoint is damaged, or a loss is not finite.
        OSError: the disk is full or read-only.
    """
    cases = _prepared(planned)
    standings: list[Standing] = []
    for number in range(planned.order.networks):
        order = planned.training(number, cases, device)
        to_tell = told(number) if told else None
        standing = train(order, network_folder(folder, number), deadline=deadline, told=to_tell)
        if standing.epoch:
            standings.append(standing)
        if not standing.ended:
            break
    found = MemberTraining(planned, tuple(standings))
    if not found.has_ended:
        return found
    return replace(found, judged=_judge(found, folder, device, half=half))


def member_weights(training: MemberTraining, folder: Path, *, half: bool) -> list[Mapping[str, torch.Tensor]]:
    """The weights of each network of an ended training; heads of coarser levels are for training alone.

    Args:
        training: that has ended.
        folder: of the checkpoints.
        half: whether they are rounded to 16 bits.

    Raises:
        InputError: a checkpoint is damaged.
    """
    kinds = torch.float16 if half else torch.float32
    return [
        {
            name: value.to(kinds)
            for name, value in best_weights(network_folder(folder, n), one.key).items()
            if not name.startswith(HEADS_OF_TRAINING)
        }
        for n, one in enumerate(training.standings)
    ]


def _folds(cohort: SurveyedCohort, order: MemberOrder) -> RepeatedFolds:
    sizes: dict[str, float] = {}
    for source, facts in zip(cohort.sources, cohort.facts, strict=True):
        size = facts.volume_ml.get(order.regions[0], 0.0)
        sizes[source.subject] = max(size, sizes.get(source.subject, 0.0))
    return folds_by_size(sizes, seed=order.seed, folds=min(order.folds, len(sizes)))


def _prepared(planned: PlannedMember) -> list[PreparedCase]:
    plan = planned.plan
    return [
        prepare(
            source.name,
            source.read(),
            plan.regions,
            plan.spacing,
            slices_last=plan.slices_last,
            least=plan.patch,
        )
        for source in planned.cohort.sources
    ]


def _judge(
    training: MemberTraining, folder: Path, device: torch.device, *, half: bool
) -> tuple[JudgedCase, ...]:
    """Each case by the first network that has not seen its patient; exactly as the step `segment` works."""
    planned = training.planned
    judged: list[JudgedCase] = []
    for number, weights in enumerate(member_weights(training, folder, half=half)[: planned.folds.folds]):
        network = new_network(planned.plan, 0).to(device)
        network.load_state_dict({name: value.float() for name, value in weights.items()})
        segmenter = Segmenter(planned.task, [network.eval()], device)
        judged += [
            JudgedCase(one.subject, one.session, number, planned.fold(number), scores_of(one, segmenter))
            for one, judges in zip(planned.cohort.sources, planned.judges(number), strict=True)
            if judges
        ]
    return tuple(judged)


def scores_of(source: CaseSource, segmenter: Segmenter) -> Mapping[str, MaskScores]:
    """How well each drawn region of a case is found, on the native grid.

    Args:
        source: of the case.
        segmenter: that has not seen its patient.
    """
    case = source.read()
    volume = case.volume
    found = find([volume.with_array(image) for image in case.images], segmenter)
    return {
        region: compare(case.masks[region], kept.mask, volume.spacing)
        for region, kept in found.kept.items()
        if region in case.masks
    }
