"""A training, epoch by epoch: it goes on from its checkpoint, and ends with one."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import torch
from torch import nn

from sarcoma_core.training import checkpoint
from sarcoma_core.training.checkpoint import Standing
from sarcoma_core.training.learner import Learner
from sarcoma_core.training.running import Deadline, EpochPace, Told, deterministic

Network = TypeVar("Network", bound=nn.Module)


class EpochWork(NamedTuple):
    """What a training does in an epoch, and when it is over.

    Attributes:
        epoch: one epoch of the learner, its row and its best weights included.
        is_over: whether all of them are done, or more are of no use.
        epochs: at most.
        device: where to compute.
    """

    epoch: Callable[[], None]
    is_over: Callable[[], bool]
    epochs: int
    device: torch.device


def train_in_epochs(
    learner: Learner[Network],
    folder: Path,
    work: EpochWork,
    *,
    deadline: Deadline | None,
    told: Told | None,
) -> Standing:
    """Train, or go on with it; each launch does an epoch at least, so that each one goes on.

    Args:
        learner: at its beginning.
        folder: of the checkpoint, which is written after every epoch.
        work: of an epoch.
        deadline: when to stop; the checkpoint is then not `ended`.
        told: is told of every epoch.

    Returns:
        Where it stands in the end; the best weights are in the checkpoint.

    Raises:
        InputError: the checkpoint is damaged, or an epoch fails.
        OSError: the disk is full or read-only.
    """
    if held := checkpoint.read(folder, learner.key):
        learner.go_on(*held)
        if held[0].ended:
            return held[0]
    told, deadline, pace = told or Told(), deadline or Deadline(), EpochPace()
    while not work.is_over():
        if pace.slowest and deadline.is_near(pace.slowest):
            return learner.standing()
        with pace.epoch():
            with deterministic(work.device):
                work.epoch()
            told.epoch(learner.history[-1], work.epochs)
            checkpoint.save(folder, learner.standing(), learner.tensors())
    standing = learner.standing(ended=True)
    checkpoint.save(folder, standing, learner.tensors(ended=True))
    return standing
