"""A network that learns: weights, optimiser, the best weights so far, and all of it as a checkpoint."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

import torch
from torch import nn

from sarcoma_core.training.checkpoint import EpochRow, Standing

DECAY: Final = 1e-2
CLIP: Final = 1.0
_WARM: Final = 0.03
"""Of the epochs, in which the learning rate rises."""
_MOMENTS: Final = ("exp_avg", "exp_avg_sq")

Network = TypeVar("Network", bound=nn.Module)


@dataclass
class Learner(Generic[Network]):
    """A training as it stands.

    Args:
        key: SHA-256 over all that decides its result.
        network: that learns.
        optimiser: of its parameters.
        best: the best weights so far.
        epoch: epochs that are done.
        best_epoch: that the best weights are of; 0 for none.
        history: a row for each epoch.
        kept: what else it goes on with, as JSON.
    """

    key: str
    network: Network
    optimiser: torch.optim.AdamW
    best: dict[str, torch.Tensor] = field(default_factory=dict)
    epoch: int = 0
    best_epoch: int = 0
    history: list[EpochRow] = field(default_factory=list)
    kept: Mapping[str, Any] = field(default_factory=dict)

    def standing(self, *, ended: bool = False) -> Standing:
        """Where it stands."""
        return Standing(self.key, self.epoch, self.best_epoch, tuple(self.history), ended, self.kept)

    def tensors(self, *, ended: bool = False) -> dict[str, torch.Tensor]:
        """All numbers that it goes on with; of one that has ended the best weights alone."""
        best = {f"best.{name}": value for name, value in self.best.items()}
        if ended:
            return best
        weights = self.network.state_dict().items()
        tensors = {f"weights.{name}": value.detach().cpu() for name, value in weights}
        for name, parameter in self.network.named_parameters():
            for key, value in self.optimiser.state.get(parameter, {}).items():
                tensors[f"{key}.{name}"] = value.detach().cpu()
        return tensors | best

    def go_on(self, standing: Standing, tensors: Mapping[str, torch.Tensor]) -> None:
        """Take up a checkpoint.

        Args:
            standing: where it stood.
            tensors: its numbers then.
        """
        self.epoch, self.best_epoch = standing.epoch, standing.best_epoch
        self.history, self.kept = list(standing.history), standing.kept
        self.best = _with_start("best.", tensors)
        if standing.ended:
            return
        self.network.load_state_dict(_with_start("weights.", tensors))
        for name, parameter in self.network.named_parameters():
            if f"step.{name}" not in tensors:  # what no loss has reached has no moments
                continue
            moments = {key: tensors[f"{key}.{name}"].to(parameter.device) for key in _MOMENTS}
            self.optimiser.state[parameter] = {
                "step": tensors[f"step.{name}"].clone(),
                **{key: torch.empty_like(parameter).copy_(value) for key, value in moments.items()},
            }

    def keep_best(self) -> None:
        """The weights are the best so far."""
        self.best_epoch, self.best = self.epoch, weights_of(self.network)

    def step(self) -> None:
        """Move the weights by their gradients, which are clipped."""
        nn.utils.clip_grad_norm_(self.network.parameters(), CLIP, foreach=False)
        self.optimiser.step()

    def set_rate(self, rate: float) -> None:
        """The learning rate from now on."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate


def optimiser_of(network: nn.Module, rate: float) -> torch.optim.AdamW:
    """What moves the weights of a network.

    Args:
        network: all of its parameters.
        rate: the learning rate.
    """
    return torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=DECAY, foreach=False)


def weights_of(network: nn.Module) -> dict[str, torch.Tensor]:
    """A copy of the weights of a network, which does not change with it."""
    return {name: value.detach().cpu().clone().contiguous() for name, value in network.state_dict().items()}


def rate_at(epoch: int, epochs: int, peak: float) -> float:
    """The learning rate of an epoch: it rises over the first ones, then falls to 0 as a cosine does.

    Args:
        epoch: from 0.
        epochs: of the training.
        peak: the highest rate.
    """
    warm = max(1, round(_WARM * epochs))
    if epoch < warm:
        return peak * (epoch + 1) / (warm + 1)
    return peak * (1 + math.cos(math.pi * (epoch - warm) / max(1, epochs - warm))) / 2


def _with_start(start: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)}
