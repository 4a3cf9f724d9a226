"""A 3D residual U-Net: the network of segmentation, whose encoder later heads read as well.

Normalised in groups, so that a patient's result does not depend on who else is in the batch, and batches may
be of one. No operation is in place: gradients of single patients can be taken. Strides are told for each
axis, as thick slices must not be halved as often as the plane.

Source: Zhang et al., Road extraction by deep residual U-Net, IEEE GRSL 2018; Isensee et al., Nature Methods
2021 (strides by spacing, deep supervision).
"""

from collections.abc import Sequence
from math import gcd, prod
from typing import Final

import torch
from torch import nn
from torch.nn.functional import leaky_relu

MOST_CHANNELS: Final = 1024
MOST_LEVELS: Final = 8
HEADS_OF_TRAINING: Final = "coarse_heads."
"""How the names of weights begin that only deep supervision needs."""
_SLOPE = 0.01


class ResidualUNet(nn.Module):
    """Volumes to a logit for each class, on the same grid.

    Args:
        channels: of the input.
        classes: of the output.
        widths: channels of each level, the finest first; 2 to 8 levels.
        strides: of each level but the finest, along the three axes: 1 or 2.
        groups: of a normalisation; fewer where a width is not divisible by them.
        deep_supervision: whether the coarser levels of the decoder have outputs of their own, for training.

    Raises:
        ValueError: an argument breaks its rule.
    """

    def __init__(
        self,
        *,
        channels: int,
        classes: int,
        widths: Sequence[int],
        strides: Sequence[Sequence[int]],
        groups: int = 8,
        deep_supervision: bool = False,
    ) -> None:
        _check(channels, classes, widths, strides, groups)
        super().__init__()
        self.encoder = Encoder(channels=channels, widths=widths, strides=strides, groups=groups)
        levels = list(zip(reversed(widths[1:]), reversed(widths[:-1]), reversed(strides), strict=True))
        self.ups = nn.ModuleList(_Up(deep, fine, stride, groups) for deep, fine, stride in levels)
        self.head = nn.Conv3d(widths[0], classes, kernel_size=1)
        coarse = [fine for _, fine, _ in levels[:-1]] if deep_supervision else []
        self.coarse_heads = nn.ModuleList(nn.Conv3d(width, classes, kernel_size=1) for width in coarse)

    def forward(self, volume: torch.Tensor) -> torch.Tensor:
        """Logits of the finest level; batch x channels x three axes to batch x classes x three axes.

        Each axis must be divisible by the product of its strides: `least_shape`.
        """
        return self.all_levels(volume)[0]

    def all_levels(self, volume: torch.Tensor) -> list[torch.Tensor]:
        """Logits of the finest level, then of the coarser ones where they are supervised."""
        *skips, deep = self.encoder(volume)
        decoded = []
        for up, skip in zip(self.ups, reversed(skips), strict=True):
            deep = up(deep, skip)
            decoded.append(deep)
        finest: torch.Tensor = self.head(decoded.pop())
        coarse = [head(level) for head, level in zip(self.coarse_heads, decoded, strict=False)]
        return [finest, *reversed(coarse)]


class Encoder(nn.Module):
    """The way down: features of every level, the finest first.

    Args:
        channels: of the input.
        widths: channels of each level, the finest first.
        strides: of each level but the finest, along the three axes.
        groups: of a normalisation.
    """

    def __init__(
        self, *, channels: int, widths: Sequence[int], strides: Sequence[Sequence[int]], groups: int
    ) -> None:
        super().__init__()
        before, steps = [channels, *widths[:-1]], [(1, 1, 1), *map(tuple, strides)]
        self.levels = nn.ModuleList(
            _Residual(inner, outer, stride, groups)
            for inner, outer, stride in zip(before, widths, steps, strict=True)
        )

    def forward(self, volume: torch.Tensor) -> list[torch.Tensor]:
        """Features of each level; batch x width x three axes."""
        features = []
        for level in self.levels:
            volume = level(volume)
            features.append(volume)
        return features


def least_shape(strides: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """What the voxels along each axis must be a multiple of."""
    return tuple(prod(axis) for axis in zip(*strides, strict=True))


class _Residual(nn.Module):
    """Two convolutions with their normalisations, and the input added to them."""

    def __init__(self, inner: int, outer: int, stride: Sequence[int], groups: int) -> None:
        super().__init__()
        step = tuple(stride)
        self.first = nn.Conv3d(inner, outer, kernel_size=3, stride=step, padding=1, bias=False)
        self.first_norm = nn.GroupNorm(gcd(groups, outer), outer)
        self.second = nn.Conv3d(outer, outer, kernel_size=3, padding=1, bias=False)
        self.second_norm = nn.GroupNorm(gcd(groups, outer), outer)
        same = inner == outer and step == (1, 1, 1)
        self.aside = nn.Identity() if same else nn.Conv3d(inner, outer, kernel_size=1, stride=step)

    def forward(self, volume: torch.Tensor) -> torch.Tensor:
        # In one expression, as a name would hold a volume to the end; of the finest level each one counts.
        return leaky_relu(
            self.second_norm(self.second(leaky_relu(self.first_norm(self.first(volume)), _SLOPE)))
            + self.aside(volume),
            _SLOPE,
        )


class _Up(nn.Module):
    """One level up: the coarser features spread, beside those of the way down."""

    def __init__(self, deep: int, fine: int, stride: Sequence[int], groups: int) -> None:
        super().__init__()
        step = tuple(stride)
        self.spread = nn.ConvTranspose3d(deep, fine, kernel_size=step, stride=step)
        self.merge = _Residual(2 * fine, fine, (1, 1, 1), groups)

    def forward(self, deep: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        merged: torch.Tensor = self.merge(torch.cat([self.spread(deep), skip], dim=1))
        return merged


def _check(
    channels: int, classes: int, widths: Sequence[int], strides: Sequence[Sequence[int]], groups: int
) -> None:
    sizes = [channels, classes, groups, *widths]
    if not all(1 <= size <= MOST_CHANNELS for size in sizes):
        raise ValueError(f"channels, classes, groups and widths must be 1 to {MOST_CHANNELS}; found {sizes}")
    if not 2 <= len(widths) <= MOST_LEVELS or len(strides) != len(widths) - 1:  # noqa: PLR2004
        raise ValueError(
            f"widths must be of 2 to {MOST_LEVELS} levels, with one stride fewer; found {len(widths)} and "
            f"{len(strides)}"
        )
    if not all(len(stride) == 3 and set(stride) <= {1, 2} for stride in strides):  # noqa: PLR2004
        raise ValueError("strides must be 1 or 2 along each of three axes; one is not")
