"""One network of outcomes, trained: epoch by epoch, resumable, its heads' losses blended.

The epoch is chosen by the loss of the joint head on all patients that judge, who are in no batch. Risk sets
are those of a whole step, however few patients fit in memory at once: outputs are reckoned first, then the
slope of their loss is led back through the network part by part, which gives the very same gradient
(gradient accumulation over smaller batches does not: each would be a risk set of its own).

Every random choice is a function of seed, epoch and patient, so a training that was stopped and goes on ends
with the weights of one that was not, on one machine with as many threads.
"""

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import torch

from sarcoma_core.errors import InputError
from sarcoma_core.models.multimodal import MultimodalNetwork
from sarcoma_core.models.prognosis_task import PrognosisTask
from sarcoma_core.training.blend_schedule import JOINT, Blending, BlendSchedule, read_blend_schedule
from sarcoma_core.training.checkpoint import EpochRow, Standing
from sarcoma_core.training.drawing import number_of, order_of
from sarcoma_core.training.epochs import EpochWork, train_in_epochs
from sarcoma_core.training.gradient_blending import BlendRules, HeadLosses, LossPair
from sarcoma_core.training.learner import Learner, optimiser_of, rate_at
from sarcoma_core.training.outcomes.augmenting import OutcomeAugmenter
from sarcoma_core.training.outcomes.forward import forward, outputs_of, parts_of
from sarcoma_core.training.outcomes.objective import head_losses
from sarcoma_core.training.outcomes.patients import PatientBatch, TrainingPatients
from sarcoma_core.training.running import Deadline, Told

BLEND: Final = "blend"
"""Of `Standing.kept`: the weights of the heads since the beginning."""


@dataclass(frozen=True)
class OutcomeSettings:
    """How a network of outcomes is trained. Defaults are ours; the papers' are in docs/concepts/mmnn.md.

    Args:
        epochs: each shows every patient once.
        learning_rate: the highest.
        batch: patients of a step: those that a risk set can hold.
        at_once: of these, in memory; of no matter to the gradient, unless batches are normalised.
        blending: how the weights of heads are found.
        every: epochs of a super-epoch, for which they hold.
        alone: epochs for which each head is trained alone to estimate them.
        rules: guards of the estimate.
        patience: epochs without a better answer before the training ends.
        dropped: how often a sequence is taken away from a patient who has several.
    """

    epochs: int = 60
    learning_rate: float = 3e-3
    batch: int = 32
    at_once: int = 32
    blending: Blending = "online"
    every: int = 5
    alone: int = 1
    rules: BlendRules = field(default_factory=BlendRules)
    patience: int = 20
    dropped: float = 0.2


@dataclass(frozen=True, eq=False)
class OutcomeOrder:
    """What one network is trained with.

    Args:
        task: what it takes and gives.
        arguments: of `MultimodalNetwork`.
        settings: how it is trained.
        train: patients that it sees.
        judge: patients that choose its epoch and its blend; none of them is among the others.
        seed: of all that is random.
        key: SHA-256 over all that decides the result.
        device: where to compute.
    """

    task: PrognosisTask
    arguments: Mapping[str, Any]
    settings: OutcomeSettings
    train: TrainingPatients
    judge: TrainingPatients
    seed: int
    key: str
    device: torch.device


class _OutcomeRun(NamedTuple):
    """A network that learns, what from, and how it sees them."""

    order: OutcomeOrder
    learner: Learner[MultimodalNetwork]
    augmenter: OutcomeAugmenter


def train_outcomes(
    order: OutcomeOrder,
    folder: Path,
    *,
    deadline: Deadline | None = None,
    told: Told | None = None,
    killed: Callable[[int, int], None] | None = None,
) -> Standing:
    """Train a network, or go on with it.

    Args:
        order: what with.
        folder: of the checkpoint, which is written after every epoch.
        deadline: when to stop; the checkpoint is then not `ended`.
        told: is told of every epoch.
        killed: asked before each step, with epoch and step; a test raises there.

    Returns:
        Where it stands in the end; the best weights are in the checkpoint.

    Raises:
        InputError: the checkpoint is damaged, or a loss is not finite.
        OSError: the disk is full or read-only.
    """
    run = _begin(order)
    work = EpochWork(lambda: _epoch(run, killed), lambda: _is_over(run), order.settings.epochs, order.device)
    return train_in_epochs(run.learner, folder, work, deadline=deadline, told=told)


def new_outcome_network(arguments: Mapping[str, Any], seed: int) -> MultimodalNetwork:
    """A network whose weights are a function of the seed; no generator of the process is moved."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return MultimodalNetwork(**arguments)


def _begin(order: OutcomeOrder) -> _OutcomeRun:
    network = new_outcome_network(order.arguments, order.seed).to(order.device).train()
    blend = BlendSchedule(network.heads, order.settings.blending, order.settings.every, order.settings.rules)
    learner = Learner(order.key, network, optimiser_of(network, order.settings.learning_rate))
    learner.kept = {BLEND: blend.tree}
    augmenter = OutcomeAugmenter(order.task.edge, seed=order.seed, dropped=order.settings.dropped)
    return _OutcomeRun(order, learner, augmenter)


def _is_over(run: _OutcomeRun) -> bool:
    """Whether all epochs are done, or the patients that judge have long seen nothing better."""
    learner, settings = run.learner, run.order.settings
    waited = learner.epoch - learner.best_epoch
    return learner.epoch >= settings.epochs or (learner.best_epoch > 0 and waited >= settings.patience)


def _epoch(run: _OutcomeRun, killed: Callable[[int, int], None] | None) -> None:
    order, learner, settings = run.order, run.learner, run.order.settings
    rate = rate_at(learner.epoch, settings.epochs, settings.learning_rate)
    blend = _blend(run, rate)
    learner.set_rate(rate)
    weights = _weights_of(blend, learner.network)
    loss = _pass(run, learner, weights, f"{learner.epoch}", killed)
    learner.epoch += 1
    judged = _losses(run, learner.network, order.judge)
    if not (math.isfinite(loss) and all(map(math.isfinite, judged.values()))):
        raise InputError(
            f"training: the loss must be finite; in epoch {learner.epoch} it is not.",
            hint="Train with a lower learning rate: --learning-rate 0.0003",
        )
    main = judged.get(JOINT, next(iter(judged.values())))
    told = {f"judged {head}": value for head, value in judged.items()}
    told |= {f"weight {head}": value for head, value in blend.weights.items()}
    learner.kept = {BLEND: blend.tree}
    before = next((row.judged for row in learner.history if row.epoch == learner.best_epoch), None)
    learner.history.append(EpochRow(learner.epoch, loss, rate, main, told))
    if before is None or main < before:
        learner.keep_best()


def _blend(run: _OutcomeRun, rate: float) -> BlendSchedule:
    """The weights of the heads for the next epoch, estimated anew where that is due."""
    learner, order = run.learner, run.order
    schedule = read_blend_schedule(learner.kept[BLEND])
    epoch = learner.epoch + 1
    if not schedule.is_due(epoch):
        return schedule
    if schedule.blending == "in-place":
        train, judge = (_losses(run, learner.network, some) for some in (order.train, order.judge))
        return schedule.measured(epoch, HeadLosses(train, judge))
    before = [_losses(run, learner.network, some) for some in (order.train, order.judge)]

    def estimate(head: str) -> tuple[LossPair, LossPair]:
        alone = _alone(run, head, rate)
        after = [_losses(run, alone, some)[head] for some in (order.train, order.judge)]
        return LossPair(before[0][head], before[1][head]), LossPair(*after)

    return schedule.estimated(epoch, estimate)


def _alone(run: _OutcomeRun, head: str, rate: float) -> MultimodalNetwork:
    """The network after some epochs in which one head alone was trained; the run itself is left as it is."""
    network = copy.deepcopy(run.learner.network)
    learner = Learner(run.learner.key, network, optimiser_of(network, rate))
    weights = torch.tensor([float(name == head) for name in network.heads])
    for number in range(run.order.settings.alone):
        _pass(run, learner, weights, f"{run.learner.epoch} {head} alone {number}", None)
    return network


def _pass(
    run: _OutcomeRun,
    learner: Learner[MultimodalNetwork],
    weights: torch.Tensor,
    name: str,
    killed: Callable[[int, int], None] | None,
) -> float:
    """Show every patient once; the mean loss.

    Args:
        run: with the patients.
        learner: that learns.
        weights: of the heads.
        name: of the pass: what is drawn in it is a function of it.
        killed: see `train_outcomes`.
    """
    order = run.order
    number = number_of(order.seed, 0, name) % 2**31
    places = order_of(order.train.inputs.names, number, 0)
    losses = 0.0
    for step, rows in enumerate(parts_of(places, order.settings.batch)):
        if killed:
            killed(run.learner.epoch, step)
        parts = [
            run.augmenter.draw(order.train.inputs, some, number).to(order.device)
            for some in parts_of(rows, order.settings.at_once)
        ]
        losses += _step(run, learner, weights, _Step(rows, parts, number + step)) * len(rows)
    return losses / len(places)


class _Step(NamedTuple):
    """The patients of a step, the views of those that are in memory at once, and its seed."""

    rows: Sequence[int]
    parts: Sequence[PatientBatch]
    seed: int


def _step(run: _OutcomeRun, learner: Learner[MultimodalNetwork], weights: torch.Tensor, step: _Step) -> float:
    order, network = run.order, learner.network
    learner.optimiser.zero_grad(set_to_none=True)
    found = order.train.targets.of(torch.tensor(step.rows))
    if len(step.parts) == 1:
        with _seeded(step.seed):
            outputs = forward(network, step.parts[0], order.device)
        loss = weights @ head_losses(outputs, found, order.task, seed=step.seed)
        loss.backward()
    else:
        outputs = _all_outputs(network, step, order.device).requires_grad_()
        loss = weights @ head_losses(outputs, found, order.task, seed=step.seed)
        (slope,) = torch.autograd.grad(loss, outputs)
        for place, (part, given) in enumerate(zip(step.parts, slope.split(_sizes(step)), strict=True)):
            with _seeded(step.seed + place):  # the same features are dropped as before
                forward(network, part, order.device).backward(given)
    _leave_unread(network, weights)
    learner.step()
    return float(loss.detach())


def _leave_unread(network: MultimodalNetwork, weights: torch.Tensor) -> None:
    """What no head with a weight reads is left as it is: with a gradient of 0 it would decay."""
    heads = [head for head, weight in zip(network.heads, weights.tolist(), strict=True) if weight]
    read = {id(value) for head in heads for value in network.parameters_of(head)}
    for value in network.parameters():
        if id(value) not in read:
            value.grad = None


def _all_outputs(network: MultimodalNetwork, step: _Step, device: torch.device) -> torch.Tensor:
    found = []
    with torch.no_grad():
        for place, part in enumerate(step.parts):
            with _seeded(step.seed + place):
                found.append(forward(network, part, device))
    return torch.cat(found)


def _sizes(step: _Step) -> list[int]:
    whole = [part.image if part.image is not None else part.clinical for part in step.parts]
    return [len(one) for one in whole if one is not None]


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """What dropout draws is a function of the seed; the process's generator is left as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


def _losses(run: _OutcomeRun, network: MultimodalNetwork, patients: TrainingPatients) -> dict[str, float]:
    """The loss of each head on all of some patients at once, as they are: without dropout or another view.

    In the order of their names, so that sums, and controls that are drawn, are a function of who they are.
    """
    order, names = run.order, patients.inputs.names
    rows = sorted(range(len(names)), key=names.__getitem__)
    at_once = order.settings.at_once
    outputs = outputs_of(network, patients.inputs, order.device, at_once=at_once, rows=rows).double()
    losses = head_losses(outputs, patients.targets.of(torch.tensor(rows)), order.task, seed=order.seed)
    return dict(zip(network.heads, losses.tolist(), strict=True))


def _weights_of(blend: BlendSchedule, network: MultimodalNetwork) -> torch.Tensor:
    return torch.tensor([blend.weights[head] for head in network.heads])
