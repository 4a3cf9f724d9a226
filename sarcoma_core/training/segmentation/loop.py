"""One network, trained: epoch by epoch, resumable, judged on the native grid.

Every random choice is a function of the seed, the epoch and the case (`augmenting`), and the weights at the
start one of the seed. So a training that was stopped and goes on gives the weights of one that was not, on
one machine with as many threads.
"""

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.grid import middle, to_native
from sarcoma_core.models.resunet import ResidualUNet
from sarcoma_core.segmentation.inference.predicting import looking
from sarcoma_core.segmentation.inference.windows import slide
from sarcoma_core.segmentation.metrics import dice
from sarcoma_core.training import checkpoint
from sarcoma_core.training.checkpoint import EpochRow, Standing
from sarcoma_core.training.drawing import order_of
from sarcoma_core.training.epochs import EpochWork, train_in_epochs
from sarcoma_core.training.learner import Learner, optimiser_of, rate_at
from sarcoma_core.training.running import Deadline, Told
from sarcoma_core.training.segmentation.augmenting import Augmenter, ShownCase
from sarcoma_core.training.segmentation.cases import PreparedCase
from sarcoma_core.training.segmentation.loss import supervised
from sarcoma_core.training.segmentation.plan import SegmentationPlan

JUDGED_TIMES: Final = 20
"""How often in a training the patients that judge are asked, at most."""
PATIENCE: Final = 8
"""So often they may be asked without a better answer before the training ends."""
_PRIOR = -3.0
"""Logit of a voxel before anything is learned: few voxels are tumour."""


@dataclass(frozen=True)
class TrainingOrder:
    """What one network is trained with.

    Args:
        plan: of the training.
        train: cases that it sees.
        judge: cases that judge it, and choose its epoch; none of their patients is among the others.
        seed: of all that is random.
        key: SHA-256 over all that decides the result.
        device: where to compute.
        deep_supervision: whether coarser levels have a loss of their own.
    """

    plan: SegmentationPlan
    train: Sequence[PreparedCase]
    judge: Sequence[PreparedCase]
    seed: int
    key: str
    device: torch.device
    deep_supervision: bool = False


class _MaskRun(NamedTuple):
    """A network that learns, and what it learns from."""

    order: TrainingOrder
    learner: Learner[ResidualUNet]


def train(
    order: TrainingOrder,
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
        killed: asked before each batch, with epoch and batch; a test raises there.

    Returns:
        Where it stands in the end; the best weights are in the checkpoint.

    Raises:
        InputError: the checkpoint is damaged, or a loss is not finite.
        OSError: the disk is full or read-only.
    """
    run = _begin(order)
    augmenter = Augmenter(order.plan.patch, slices_last=order.plan.slices_last, seed=order.seed)
    work = EpochWork(
        lambda: _epoch(run, augmenter, killed), lambda: _is_over(run), order.plan.epochs, order.device
    )
    return train_in_epochs(run.learner, folder, work, deadline=deadline, told=told)


def best_weights(folder: Path, key: str) -> Mapping[str, torch.Tensor]:
    """The weights of the best epoch of a training.

    Raises:
        InputError: the checkpoint is damaged, or of another training.
    """
    held = checkpoint.read(folder, key)
    if held is None:
        raise InputError("checkpoint: must be of this training; it is of another, or not there.")
    return {name.removeprefix("best."): v for name, v in held[1].items() if name.startswith("best.")}


def judged(
    network: torch.nn.Module, cases: Sequence[PreparedCase], plan: SegmentationPlan, device: torch.device
) -> list[float]:
    """Dice of the first region of each case, on the native grid."""
    look, scores = looking(copy.deepcopy(network).eval(), device), []  # which lays out its weights anew
    with torch.inference_mode():
        for case in cases:
            image = torch.from_numpy(case.image).to(device, torch.float32)
            found = slide(image, plan.patch, look)[0].cpu().numpy()
            region = plan.regions[0]
            inside = found[middle(found.shape, case.grid.shape)]
            scores.append(dice(case.mask(region), to_native(inside, case.grid) >= 0.5))  # noqa: PLR2004
    return scores


def new_network(plan: SegmentationPlan, seed: int, *, deep_supervision: bool = False) -> ResidualUNet:
    """A network whose weights are a function of the seed; no generator of the process is moved."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = ResidualUNet(**plan.arguments, deep_supervision=deep_supervision)
    for head in (network.head, *network.coarse_heads):
        torch.nn.init.constant_(head.bias, _PRIOR)
    return network


def _begin(order: TrainingOrder) -> _MaskRun:
    network = new_network(order.plan, order.seed, deep_supervision=order.deep_supervision)
    network = network.to(order.device, memory_format=_layout(order.device))
    return _MaskRun(order, Learner(order.key, network, optimiser_of(network, order.plan.learning_rate)))


def _layout(device: torch.device) -> torch.memory_format:
    """Of weights and images: on a CPU, gradients of channels last take a third longer, norms lose digits."""
    return torch.contiguous_format if device.type == "cpu" else torch.channels_last_3d


def _is_over(run: _MaskRun) -> bool:
    """Whether all epochs are done, or the patients that judge have long seen nothing better."""
    best, learner = run.learner.best_epoch, run.learner
    asked = [row.epoch for row in learner.history if row.judged is not None and row.epoch > best]
    return learner.epoch >= run.order.plan.epochs or (best > 0 and len(asked) >= PATIENCE)


def _epoch(run: _MaskRun, augmenter: Augmenter, killed: Callable[[int, int], None] | None) -> None:
    order, plan, learner = run.order, run.order.plan, run.learner
    rate = rate_at(learner.epoch, plan.epochs, plan.learning_rate)
    learner.set_rate(rate)
    names = [case.name for case in order.train]
    losses: list[float] = []
    places = order_of(names, order.seed, learner.epoch)
    for number, start in enumerate(range(0, len(places), plan.batch)):
        if killed:
            killed(learner.epoch, number)
        chosen = places[start : start + plan.batch]
        samples = [augmenter.draw(order.train[place], learner.epoch) for place in chosen]
        losses.append(_step(run, samples) * len(chosen))
    learner.epoch += 1
    loss = sum(losses) / len(places)
    if not math.isfinite(loss):
        raise InputError(
            f"training: the loss must be finite; in epoch {learner.epoch} it is not.",
            hint="Train with a lower learning rate: --learning-rate 0.0003",
        )
    learner.history.append(EpochRow(learner.epoch, loss, rate, _ask(run)))


def _step(run: _MaskRun, samples: Sequence[ShownCase]) -> float:
    device = run.order.device
    image, soft, drawn = (
        torch.stack([getattr(s, name) for s in samples]).to(device) for name in ShownCase._fields
    )
    run.learner.optimiser.zero_grad()
    fast = device.type == "cuda"
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=fast):
        levels = run.learner.network.all_levels(image.contiguous(memory_format=_layout(device)))
    loss = supervised([level.float() for level in levels], soft, drawn)
    loss.backward()
    run.learner.step()
    return float(loss.detach())


def _ask(run: _MaskRun) -> float | None:
    """Ask the patients that judge, now and then and in the end; keep the weights if they are the best."""
    order, learner = run.order, run.learner
    every = math.ceil(order.plan.epochs / JUDGED_TIMES)
    if learner.epoch % every and learner.epoch != order.plan.epochs:
        return None
    if not order.judge:  # nobody judges: the last epoch is the network's
        learner.keep_best()
        return None
    found = float(np.mean(judged(learner.network, order.judge, order.plan, order.device)))
    before = next((row.judged for row in learner.history if row.epoch == learner.best_epoch), None)
    if before is None or found >= before:
        learner.keep_best()
    return found
