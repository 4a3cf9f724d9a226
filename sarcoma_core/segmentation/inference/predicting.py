"""Probabilities of regions on the native grid, with how much the views of one image disagree.

An image is looked at as it is and mirrored, by each network of an ensemble; the mean is the probability and
the variance its uncertainty. Only there, on the native grid, is a threshold applied.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Final

import numpy as np
import torch
from torch import nn

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.grid import ModelGrid, model_grid, padded, to_model, to_native
from sarcoma_core.imaging.volume import Floats, Volume
from sarcoma_core.models.segmentation_task import SegmentationTask
from sarcoma_core.segmentation.inference.on_cpu import OnCpu
from sarcoma_core.segmentation.inference.windows import slide

MOST_VOXELS: Final = 2**27
"""Of an image on the grid of a model: 512 along each axis."""
_AXES = (1, 2, 3)
_LEAST_BODY = 1e-3
"""Of a window, mean height above air in standard deviations: below there is nothing to look at."""
MIRRORS: Final[tuple[tuple[int, ...], ...]] = tuple(
    tuple(axis for axis, turned in zip(_AXES, each, strict=True) if turned)
    for each in product((False, True), repeat=3)
)
"""Every way to mirror three axes, the first of which is not to."""


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What networks say of an image, on its native grid.

    Args:
        probability: of each region, 0 to 1, shape (x, y, z).
        variance: of each region, over networks and mirrors, 0 to 0.25.
        grid: of the networks.
    """

    probability: Mapping[str, Floats]
    variance: Mapping[str, Floats]
    grid: ModelGrid


@dataclass(frozen=True, slots=True)
class Segmenter:
    """Networks of one task, ready to look.

    Args:
        task: what they take and give.
        networks: of an ensemble, on their device.
        device: where they are.
        mirror: whether an image is looked at mirrored as well, along each axis.
        batch: windows at once.
    """

    task: SegmentationTask
    networks: Sequence[nn.Module]
    device: torch.device
    mirror: bool = True
    batch: int = 1

    def predict(self, images: Sequence[Volume]) -> Prediction:
        """Probabilities of an image.

        Args:
            images: of each sequence, all on one grid, as the resource of the task holds them.

        Raises:
            InputError: they are larger than anybody's body on the grid of the model.
        """
        task = self.task
        grid = model_grid(images[0], task.spacing, slices_last=task.slices_last)
        if prod(grid.shape) > MOST_VOXELS:
            raise InputError(
                f"image: must have at most {MOST_VOXELS} voxels on the grid of the model; found "
                f"{' x '.join(map(str, grid.shape))}.",
                hint="Is its affine in millimetres?",
            )
        fills = [float(image.array.min()) for image in images]
        channels = [
            padded(to_model(image.array, grid, fill=fill), task.patch, fill=fill)
            for image, fill in zip(images, fills, strict=True)
        ]
        inside = channels[0][1]
        stacked = torch.from_numpy(np.stack([channel for channel, _ in channels])).to(self.device)
        mean, variance = self._views(stacked, torch.tensor(fills, device=self.device))
        return Prediction(
            {name: to_native(mean[n][inside], grid) for n, name in enumerate(task.regions)},
            {name: to_native(variance[n][inside], grid) for n, name in enumerate(task.regions)},
            grid,
        )

    def _views(self, image: torch.Tensor, fills: torch.Tensor) -> tuple[Floats, Floats]:
        """Mean and variance of the probabilities over all networks and mirrors."""
        total: torch.Tensor | None = None
        squares: torch.Tensor | None = None
        count = 0
        with torch.inference_mode():
            for found in self._each_view(image, fills):
                count += 1
                squares = found.square() if squares is None else squares.addcmul_(found, found)
                total = found if total is None else total.add_(found)
            assert total is not None  # noqa: S101  there is a network
            assert squares is not None  # noqa: S101  as above
            mean = total.div_(count)
            variance = squares.div_(count).addcmul_(mean, mean, value=-1).clamp_(min=0)
        return mean.cpu().numpy(), variance.cpu().numpy()

    def _each_view(self, image: torch.Tensor, fills: torch.Tensor) -> Iterator[torch.Tensor]:
        regions = len(self.task.regions)

        def is_worth(window: torch.Tensor) -> bool:
            return bool((window.mean(dim=_AXES) - fills > _LEAST_BODY).any())

        for network in self.networks:
            look = looking(network, self.device)
            for axes in MIRRORS if self.mirror else MIRRORS[:1]:
                mirrored = image.flip(axes) if axes else image
                found = slide(mirrored, self.task.patch, look, batch=self.batch, is_worth=is_worth)
                found = found if found.shape[0] == regions else found.repeat(regions, 1, 1, 1)
                yield found.flip(axes) if axes else found


def looking(network: nn.Module, device: torch.device) -> Callable[[torch.Tensor], torch.Tensor]:
    """How a network looks at windows: what `slide` takes, giving a probability for each output.

    Args:
        network: on its device; its weights are laid out with channels last, which changes none of them.
        device: where it is; on CUDA it computes in half precision.
    """
    network = network.to(memory_format=torch.channels_last_3d)

    def look(windows: torch.Tensor) -> torch.Tensor:
        with _computing(device):
            logits = network(windows.contiguous(memory_format=torch.channels_last_3d))
        return torch.sigmoid(logits.float())

    return look


def _computing(device: torch.device) -> AbstractContextManager[object]:
    found: AbstractContextManager[object] = nullcontext()
    if device.type == "cuda":
        found = torch.autocast(device.type)
    elif device.type == "cpu":
        found = OnCpu()
    return found
