"""The loss of a network that segments: soft Dice and cross-entropy against soft masks.

A soft mask says which part of a voxel is tumour. Thresholded before, it would teach the network the steps of
the grid; so it is thresholded once, on the native grid, at the end.

Source: Milletari et al., V-Net, 3DV 2016; Isensee et al., Nature Methods 2021 (the sum of both, unweighted).
"""

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, interpolate

_SMOOTH = 1.0
"""Voxels: keeps the Dice of an empty mask defined, and its gradient alive."""


def dice_cross_entropy(logits: torch.Tensor, soft: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
    """The loss, averaged over patients and regions that were drawn; 0 where none was.

    Args:
        logits: batch x regions x three axes.
        soft: 0 to 1, of the same shape.
        drawn: whether a region was looked for, batch x regions; what was not does not count.
    """
    axes = (2, 3, 4)
    probability, weight = torch.sigmoid(logits), drawn.to(logits.dtype)
    both = (probability * soft).sum(axes)
    either = (probability * probability).sum(axes) + (soft * soft).sum(axes)
    dice = 1 - (2 * both + _SMOOTH) / (either + _SMOOTH)
    entropy = binary_cross_entropy_with_logits(logits, soft, reduction="none").mean(axes)
    counted = torch.clamp(weight.sum(), min=1)
    result: torch.Tensor = ((dice + entropy) * weight).sum() / counted
    return result


def supervised(levels: list[torch.Tensor], soft: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
    """The loss of all levels, each coarser one with half the weight (deep supervision).

    Args:
        levels: logits, the finest first.
        soft: on the finest grid.
        drawn: as above.
    """
    weights = [0.5**level for level in range(len(levels))]
    losses = [
        weight * dice_cross_entropy(logits, _at(soft, logits), drawn)
        for weight, logits in zip(weights, levels, strict=True)
    ]
    return torch.stack(losses).sum() / sum(weights)


def _at(soft: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """A soft mask on a coarser grid: the mean of what a voxel covers, so that its volume stays."""
    size = logits.shape[2:]
    return soft if soft.shape[2:] == size else interpolate(soft, size=size, mode="area")
