"""Maps of an image to features: their means in the tumour, around it, and over the whole image.

A mean over the whole image mixes what a tumour is made of with how large it is. So each map is also averaged
over the drawn tumour alone, and over a shell about it, where oedema lies. The mask is the soft one that the
network is given, averaged to the grid of the maps.

Source: ours; masked pooling as in the SarcomaNet thesis, where the mask is the predicted one.
"""

import torch
from torch import nn
from torch.nn import functional

REGIONS = 3
"""The tumour, the shell around it, the whole image."""
_SHELL_PARTS = 8
"""The shell is an eighth of the image wide, one voxel at least."""
_LEAST = 1e-3
"""Of a region, in voxels: of less the mean is 0."""


class RegionPooling(nn.Module):
    """Maps and a mask to means of each map in each region; it has no weights."""

    def forward(self, maps: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Means of the maps; batch x maps x three axes to batch x (3 x maps).

        Args:
            maps: on any grid.
            mask: of the tumour, 0 to 1, batch x 1 x three axes, on the same grid or one that is finer.

        Returns:
            Those of the tumour first, then of the shell, then of the whole; 0 where a region is empty.
        """
        inside = functional.adaptive_avg_pool3d(mask, maps.shape[2:])
        reach = max(1, min(maps.shape[2:]) // _SHELL_PARTS)
        near = functional.max_pool3d(inside, kernel_size=2 * reach + 1, stride=1, padding=reach)
        regions = (inside, near - inside, torch.ones_like(inside))
        return torch.cat([_mean(maps, region) for region in regions], dim=1)


def log_volume(mask: torch.Tensor) -> torch.Tensor:
    """The logarithm of the voxels of a soft mask, about 0 for an eighth of the image; batch x 1.

    Args:
        mask: of the tumour, batch x 1 x three axes.
    """
    voxels = mask[0].numel()
    return torch.log((mask.sum(dim=(1, 2, 3, 4)) + 1) * 8 / voxels)[:, None]


def _mean(maps: torch.Tensor, region: torch.Tensor) -> torch.Tensor:
    total = (maps * region).sum(dim=(2, 3, 4))
    return total / (region.sum(dim=(2, 3, 4)) + _LEAST)
