"""A 3D DenseNet: an image to features, each layer reading all that the layers of its block before it gave.

Normalised in groups, so that a patient's features do not depend on who else is in the batch, and batches may
be of one; in batches where asked for, as published. No operation is in place: gradients of single patients
can be taken, and Grad-CAM reads the maps after the last ReLU as they were.

Source: Huang et al., Densely connected convolutional networks, CVPR 2017 (bottleneck and compression of a
half, DenseNet-BC); He et al., ICCV 2015 (the weights at the start).
"""

from collections.abc import Sequence
from math import gcd
from typing import Final

import torch
from torch import nn

MOST_WIDTH: Final = 1024
MOST_BLOCKS, MOST_LAYERS, MOST_BOTTLENECK, MOST_KERNEL, MOST_DROPOUT_PERCENT = 8, 64, 16, 7, 90
BLOCKS_121: Final = (6, 12, 24, 16)
BLOCKS_TINY: Final = (6, 12, 4)
STEM_PUBLISHED: Final = (7, 2, 1)
"""Convolutions of 7 x 7 x 7 with a stride of 2, then pooling: a voxel of the first block is four wide."""
STEM_SMALL: Final = (3, 1, 0)
"""Nothing is halved before the first transition: for images of 16 or 32 voxels along each axis."""


class DenseNet3d(nn.Module):
    """Volumes to features of the whole image.

    Each block is followed by a transition that halves channels and axes, but for the last; the stem halves
    the axes once for a stride of 2 and once for its pooling. With four blocks and the published stem an axis
    must have 29 voxels at least. In 32 x 32 x 32 the last block then sees one voxel, with the small stem 64.

    Args:
        channels: of the input.
        width: channels that the stem gives.
        growth: channels that each layer adds.
        blocks: layers of each block: `BLOCKS_121`, `BLOCKS_TINY`, or others.
        bottleneck: channels between the two convolutions of a layer, as a multiple of `growth`.
        groups: of a normalisation; where they do not divide the channels of a layer, their greatest common
            divisor. Channels of a group times voxels of the last grid should be many: of two numbers only
            which is larger is left. 0 normalises in batches.
        dropout_percent: of what each layer adds, number by number, in training.
        stem: edge of the first convolution (odd), its stride (1 or 2), and whether max-pooling of
            3 x 3 x 3 with a stride of 2 follows (1 or 0): `STEM_PUBLISHED` or `STEM_SMALL`.

    Attributes:
        features: how many the network gives.
        level_features: maps of the stem and of each block, as `levels` gives them; the last number is
            `features`.
        level_places: of the same, where the middle of the first voxel lies among those of the image, and how
            many of these it is to the next, along each axis.

    Raises:
        ValueError: an argument breaks its rule.
    """

    def __init__(
        self,
        *,
        channels: int,
        width: int = 64,
        growth: int = 32,
        blocks: Sequence[int] = BLOCKS_121,
        bottleneck: int = 4,
        groups: int = 8,
        dropout_percent: int = 0,
        stem: Sequence[int] = STEM_PUBLISHED,
    ) -> None:
        _check_sizes(channels, width, growth, groups)
        _check_depths(blocks, bottleneck, dropout_percent, stem)
        super().__init__()
        kernel, stride, pooled = stem
        self.stem = nn.Conv3d(channels, width, kernel, stride=stride, padding=kernel // 2, bias=False)
        self.stem_norm = _norm(groups, width)
        self.pool = nn.MaxPool3d(kernel_size=3, stride=2, padding=1) if pooled else nn.Identity()
        stages: list[nn.Module] = []
        level_features = [width]
        level_places = [(0.0, stride)]  # an odd edge with its half as padding lies about its own voxel
        start, step = 0.0, stride * (1 + bool(pooled))
        for number, layers in enumerate(blocks):
            if number:
                stages.append(_Halving(width))
                width //= 2
                start, step = start + step / 2, 2 * step
            inners = [width + growth * before for before in range(layers)]
            dense = (_Dense(inner, growth, bottleneck, groups, dropout_percent / 100) for inner in inners)
            width += growth * layers
            stages += [nn.Sequential(*dense), _Activated(width, groups)]
            level_features.append(width)
            level_places.append((start, step))
        self.level_features, self.level_places = tuple(level_features), tuple(level_places)
        self.stages = nn.ModuleList(stages)
        self.features = width
        for layer in self.modules():
            if isinstance(layer, nn.Conv3d):
                nn.init.kaiming_normal_(layer.weight)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Features of each image; batch x channels x three axes to batch x features, none below 0."""
        return pooled_features(self.maps(image))

    def maps(self, image: torch.Tensor) -> torch.Tensor:
        """Maps after the last ReLU, of which `forward` gives the means: what Grad-CAM looks at.

        Returns:
            Batch x features x three axes.
        """
        maps = self.pool(torch.relu(self.stem_norm(self.stem(image))))
        for stage in self.stages:  # as in `levels`, of which all but the last would be held to the end
            maps = stage(maps)
        return maps

    def levels(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Maps after the stem and after each block, normalised and cut at 0; the last are `maps`.

        Returns:
            Of each, batch x maps x three axes, on ever coarser grids.
        """
        found = [torch.relu(self.stem_norm(self.stem(image)))]
        grid = self.pool(found[0])
        for stage in self.stages:
            grid = stage(grid)
            if isinstance(stage, _Activated):
                found.append(grid)
        return tuple(found)


def pooled_features(maps: torch.Tensor) -> torch.Tensor:
    """Mean of each map; batch x features x three axes to batch x features."""
    return maps.mean(dim=(2, 3, 4))


class _Dense(nn.Module):
    """What came in, and beside it what two convolutions make of it."""

    def __init__(self, inner: int, growth: int, bottleneck: int, groups: int, dropout: float) -> None:
        super().__init__()
        between = bottleneck * growth
        self.first_norm = _norm(groups, inner)
        self.first = nn.Conv3d(inner, between, kernel_size=1, bias=False)
        self.second_norm = _norm(groups, between)
        self.second = nn.Conv3d(between, growth, kernel_size=3, padding=1, bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        narrow = self.first(torch.relu(self.first_norm(maps)))
        added = self.dropout(self.second(torch.relu(self.second_norm(narrow))))
        return torch.cat([maps, added], dim=1)


class _Activated(nn.Module):
    """Maps of a block, normalised and cut at 0."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.norm = _norm(groups, channels)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.norm(maps))


class _Halving(nn.Module):
    """Half of the channels, on half of the grid: with `_Activated` before it, a transition."""

    def __init__(self, inner: int) -> None:
        super().__init__()
        self.narrow = nn.Conv3d(inner, inner // 2, kernel_size=1, bias=False)
        self.halve = nn.AvgPool3d(kernel_size=2)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        halved: torch.Tensor = self.halve(self.narrow(maps))
        return halved


def _norm(groups: int, channels: int) -> nn.Module:
    return nn.GroupNorm(gcd(groups, channels), channels) if groups else nn.BatchNorm3d(channels)


def _check_sizes(channels: int, width: int, growth: int, groups: int) -> None:
    sizes = [channels, width, growth]
    if not all(1 <= size <= MOST_WIDTH for size in sizes):
        raise ValueError(f"channels, width and growth must be 1 to {MOST_WIDTH}; found {sizes}")
    if not 0 <= groups <= MOST_WIDTH:
        raise ValueError(f"groups must be 1 to {MOST_WIDTH}, or 0 for batches; found {groups}")


def _check_depths(blocks: Sequence[int], bottleneck: int, dropout_percent: int, stem: Sequence[int]) -> None:
    if not 1 <= len(blocks) <= MOST_BLOCKS or not all(1 <= layers <= MOST_LAYERS for layers in blocks):
        raise ValueError(
            f"blocks must be 1 to {MOST_BLOCKS}, each of 1 to {MOST_LAYERS} layers; found {list(blocks)}"
        )
    if not 1 <= bottleneck <= MOST_BOTTLENECK:
        raise ValueError(f"bottleneck must be 1 to {MOST_BOTTLENECK}; found {bottleneck}")
    if not 0 <= dropout_percent <= MOST_DROPOUT_PERCENT:
        raise ValueError(f"dropout_percent must be 0 to {MOST_DROPOUT_PERCENT}; found {dropout_percent}")
    kernels = range(1, MOST_KERNEL + 1, 2)
    if len(stem) != 3 or stem[0] not in kernels or stem[1] not in (1, 2) or stem[2] not in (0, 1):  # noqa: PLR2004
        raise ValueError(
            f"stem must be an odd edge up to {MOST_KERNEL}, a stride of 1 or 2, and 1 where pooling follows, "
            f"else 0; found {list(stem)}"
        )
