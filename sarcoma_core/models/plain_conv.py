"""A plain 3D convolutional network: the smallest that a model folder can hold."""

from itertools import pairwise

import torch
from torch import nn

MIN_DEPTH, MAX_DEPTH = 2, 64


class PlainConv(nn.Module):
    """Convolutions of 3 x 3 x 3 with a leaky ReLU between them, on one grid; no normalisation, no pooling.

    Args:
        channels: of the input.
        outputs: of the output.
        width: channels between.
        depth: convolutions, 2 to 64.

    Raises:
        ValueError: the depth is another.
    """

    def __init__(self, *, channels: int, outputs: int, width: int = 8, depth: int = 2) -> None:
        if not MIN_DEPTH <= depth <= MAX_DEPTH:
            raise ValueError(f"depth must be {MIN_DEPTH} to {MAX_DEPTH}; found {depth}")
        super().__init__()
        sizes = [channels, *[width] * (depth - 1), outputs]
        self.convolutions = nn.ModuleList(
            nn.Conv3d(before, after, kernel_size=3, padding=1) for before, after in pairwise(sizes)
        )

    def forward(self, volume: torch.Tensor) -> torch.Tensor:
        """A batch of volumes, batch x channels x three axes, to one of outputs on the same grid."""
        *before, last = self.convolutions
        for convolution in before:
            volume = nn.functional.leaky_relu(convolution(volume))
        result: torch.Tensor = last(volume)
        return result
