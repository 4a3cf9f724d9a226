"""Windows over an image that is larger than a network's patch, and how their results become one.

Windows overlap, and a voxel is the mean of all that saw it, weighted by a Gaussian: near its edge a window
has seen too little. Positions and weights are those of MONAI's `sliding_window_inference`, so that results
are equal (benchmarks/inference.py).

Source: Isensee et al., Nature Methods 2021 (half a patch of overlap, Gaussian weights of an eighth of it).
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Final

import torch

OVERLAP: Final = 0.5
"""Of a window with its neighbour."""
_SIGMA = 0.125
"""Of the weights, as a part of the window."""
_LEAST_WEIGHT = 1e-3
"""So that no voxel is divided by nothing."""

Window = tuple[slice, slice, slice]


def window_places(shape: Sequence[int], patch: Sequence[int], overlap: float = OVERLAP) -> Iterator[Window]:
    """Where the windows lie: on a lattice, the last of each axis moved back into the image.

    Args:
        shape: voxels of the image, no fewer than those of the patch.
        patch: voxels of a window.
        overlap: 0 to below 1.
    """
    starts = []
    for have, want in zip(shape, patch, strict=True):
        step = want if have == want else max(1, int(want * (1 - overlap)))
        count = -(-(have - want) // step) + 1
        starts.append([min(number * step, have - want) for number in range(count)])
    for place in product(*starts):
        x, y, z = (slice(start, start + want) for start, want in zip(place, patch, strict=True))
        yield x, y, z


def gaussian_weights(patch: Sequence[int], device: torch.device) -> torch.Tensor:
    """What each voxel of a window counts, shape of the patch; the most in its middle."""
    weights = torch.ones(1, device=device)
    for axis, size in enumerate(patch):
        places = torch.arange(-(size - 1) / 2, (size - 1) / 2 + 1, dtype=torch.float32, device=device)
        bell = torch.exp(places**2 / (-2 * (_SIGMA * size) ** 2))
        weights = bell if axis == 0 else weights.unsqueeze(-1) * bell
    return weights.clamp(min=max(float(weights.min()), _LEAST_WEIGHT))


def slide(
    image: torch.Tensor,
    patch: Sequence[int],
    network: Callable[[torch.Tensor], torch.Tensor],
    *,
    overlap: float = OVERLAP,
    batch: int = 1,
    is_worth: Callable[[torch.Tensor], bool] | None = None,
) -> torch.Tensor:
    """What a network gives for an image, window by window; memory holds one batch of windows and the sums.

    Args:
        image: channels x three axes, no smaller than the patch.
        patch: voxels of a window.
        network: of a batch of windows, batch x channels x three axes, on their own grid.
        overlap: of neighbours.
        batch: windows at once.
        is_worth: whether the network has to look at a window; one of air alone it need not. None: at all.

    Returns:
        Outputs x three axes; 0 where no window was worth a look.

    Raises:
        ValueError: the image is smaller than the patch.
    """
    shape = image.shape[1:]
    if any(have < want for have, want in zip(shape, patch, strict=True)):
        raise ValueError(f"image must be no smaller than the patch; found {tuple(shape)} and {tuple(patch)}")
    found = _Mean(shape, gaussian_weights(patch, image.device))
    for places in _batches(window_places(shape, patch, overlap), batch):
        windows = [(slice(None), *place) for place in places]
        worth = [window for window in windows if is_worth is None or is_worth(image[window])]
        if worth:
            found.add(worth, network(torch.stack([image[window] for window in worth])).float())
    return found.mean()


class _Mean:
    """What windows said of each voxel, summed up, so that none of their results is kept."""

    def __init__(self, shape: Sequence[int], weights: torch.Tensor) -> None:
        self.weights = weights
        self.seen = torch.zeros(tuple(shape), device=weights.device)
        self.sums: torch.Tensor | None = None

    def add(self, windows: Sequence[tuple[slice, ...]], results: torch.Tensor) -> None:
        if self.sums is None:
            self.sums = self.seen.new_zeros((results.shape[1], *self.seen.shape))
        for window, result in zip(windows, results, strict=True):
            self.sums[window].addcmul_(result, self.weights)
            self.seen[window[1:]] += self.weights

    def mean(self) -> torch.Tensor:
        if self.sums is None:
            return self.seen.new_zeros((1, *self.seen.shape))
        return self.sums.div_(self.seen.clamp_(min=_LEAST_WEIGHT**3))


def _batches(places: Iterator[Window], size: int) -> Iterator[list[Window]]:
    batch: list[Window] = []
    for place in places:
        batch.append(place)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
